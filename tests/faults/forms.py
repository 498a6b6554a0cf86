"""Operations' forms as an operator has filled them in: each has its run, which ends; what it told is there once, and nobody else told it.

A run that is carried out has left its word. One that a rule refused has left none; one that failed halfway stands there with its sentence.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from sqlmodel import Session, col, func, select

from models import errors
from models.cash_tables import Invoice, Payment, Statement
from models.delivery_tables import TimeEntry
from models.tables import Effect, Fact

DONE, FAILED = "COMPLETED", "FAILED"
WITHOUT_A_WORD = frozenset({"reconcile", "money-proof", "sync-hours", "close-month", "read-tracker", "read-mail"})
"""Chores: they tell nothing of their own."""
SHOWN_ONLY = "publish"
"""The field of forms that only show what they would do while it is not ticked."""
SENTENCES = tuple(f"{name}: " for name, one in vars(errors).items() if isinstance(one, type) and issubclass(one, errors.StudioError))
"""How the words of a failure begin that was meant for a reader; anything else is an error of ours."""


@dataclass(frozen=True)
class Form:
    """A form and its run in Prefect; one that `is_refused` must fail, one that `is_insisted_on` must not."""

    name: str
    run: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    is_insisted_on: bool = False
    is_refused: bool = False


@dataclass(frozen=True)
class Ended:
    """A form, the type of state that its run is in, and what that says."""

    form: Form
    state: str
    said: str


def is_for_a_reader(said: str) -> bool:
    """Whether a failure says why in a sentence of ours."""
    return any(word in said for word in SENTENCES)


def judge(session: Session, ended: Iterable[Ended]) -> Iterator[str]:
    """Everything that is wrong with them."""
    known = set()
    for one in ended:
        known.add(one.form.run)
        yield from _ended(one)
        if one.state == DONE or one.form.is_refused:
            yield from _counted(session, one)
    for fact in session.exec(select(Fact).where(Fact.source == "operator", col(Fact.external_id).startswith("run/")).order_by(col(Fact.id))).all():
        if fact.external_id.split("/")[1] not in known:
            yield f"{fact.kind} {fact.id} was told by {fact.external_id}, a form that nobody filled in."


def _ended(one: Ended) -> Iterator[str]:
    name = f"{one.form.name} ({one.form.run})"
    if one.state not in {DONE, FAILED}:
        yield f"{name} has not ended: Prefect says {one.state or 'nothing'}."
    elif one.state == FAILED and one.form.is_insisted_on:
        yield f"{name} failed: {one.said}"
    elif one.state == FAILED and not is_for_a_reader(one.said):
        yield f"{name} failed without a sentence: {one.said}"
    elif one.state == DONE and one.form.is_refused:
        yield f"{name} was to be refused, and is carried out."


def _counted(session: Session, one: Ended) -> Iterator[str]:
    form = one.form
    if form.name in WITHOUT_A_WORD or not form.parameters.get(SHOWN_ONLY, True):
        return
    count, due = COUNTS.get(form.name, _facts)(session, form), int(not form.is_refused)
    if count != due:
        yield f"{form.name} ({form.run}) counts {count} times; it was filled in once{'' if due else ', and refused'}."
    for letter in _letters(session, form) if due else ():
        if session.get(Effect, letter) is None:
            yield f"{form.name} ({form.run}) orders {letter}, and that never was."


def _letters(session: Session, form: Form) -> list[str]:
    """The letters that a form orders under the number of its fact."""
    names = {"resend": "resent", "renew-link": "link"}
    numbers = session.exec(select(Fact.id).where(Fact.external_id == f"run/{form.run}")).all() if form.name in names else ()
    return [f"deal/{form.parameters['deal_id']}/{names[form.name]}/{number}" for number in numbers]


def _facts(session: Session, form: Form) -> int:
    return session.exec(select(func.count()).where(Fact.source == "operator", Fact.external_id == f"run/{form.run}")).one()


def _payments(session: Session, form: Form) -> int:
    of_fact = select(func.count()).select_from(Payment).join(Fact, col(Fact.id) == Payment.fact_id)
    return session.exec(of_fact.where(Payment.source == "operator", Fact.external_id == f"run/{form.run}")).one()


def _notes(session: Session, form: Form) -> int:
    return session.exec(select(func.count()).where(col(Invoice.key).startswith(f"run/{form.run}/credit/"))).one()


def _statements(session: Session, form: Form) -> int:
    name = str(form.parameters["file"]).removesuffix(".part")
    return session.exec(select(func.count()).where(col(Statement.name).startswith(name))).one()


def _entries(session: Session, form: Form) -> int:
    mine = TimeEntry.external_id == f"form/run/{form.run}"
    return min(session.exec(select(func.count()).where(mine)).one(), _facts(session, form))


COUNTS: dict[str, Callable[[Session, Form], int]] = {
    "record-payment": _payments, "correct-invoice": _notes, "import-statement": _statements, "record-hours": _entries,
}  # fmt: skip
"""What is counted of a form, where that is not its fact."""
