"""The verdict after any number of deaths: what is wrong, in sentences; none is how it should be.

letters   each exactly once, or unknown and shown        money    books balanced, equal to the provider's and the bank's
invoices  numbered without a gap, one for each payment   deals    each open one has a next step; no run runs for ever
forms     each run ended, what it told counts once
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from sqlmodel import Session, col, select

from models import issued, leases, ledger, proof
from models.cash_tables import Invoice, Series
from models.clock import real_now
from models.effects import SETTLED, EffectState
from models.message import message_id
from models.proof import Moved
from models.stages import LIVE, RunState
from models.tables import Effect, StageRun
from models.troubles import stranded
from tests.faults import forms
from tests.faults.forms import Ended
from tests.faults.plan import owed

LETTERS = frozenset({"letter", "errand", "ticket"})
PROVIDER = "sandbox"
ENDS = {RunState.DONE: {"COMPLETED"}, RunState.WAITING: {"PAUSED"}, RunState.FAILED: {"FAILED"}}
"""What Prefect says of a run where we say this. Others may be at any end."""


@dataclass(frozen=True)
class Seen:
    """What others have seen: letters by Message-ID (which our domain and secret make), the provider's movements, Prefect's runs and their types of state.

    `bank` is what our account holds by the bank's own count, in cents; None where the bank has said nothing yet.
    `left` are runs without a row, operations' and chores', that are under way for longer than any takes, by name; `forms`
    what operators have filled in.
    """

    domain: str
    secret: str
    delivered: Sequence[str] = ()
    moved: Sequence[Moved] = ()
    bank: int | None = None
    runs: Mapping[str, str] = field(default_factory=dict)
    left: Sequence[str] = ()
    forms: Sequence[Ended] = ()


def verdict(session: Session, seen: Seen) -> list[str]:
    """Everything that is wrong."""
    return [
        *_letters(session, seen), *_plan(session), *_invoices(session), *ledger.check(session), *proof.bank(session), *_bank(session, seen),
        *proof.provider(session, PROVIDER, seen.moved), *_deals(session), *_runs(session, seen), *forms.judge(session, seen.forms),
    ]  # fmt: skip


def _letters(session: Session, seen: Seen) -> Iterator[str]:
    came = Counter(seen.delivered)
    ours = {message_id(effect.key, seen.domain, seen.secret): effect for effect in session.exec(select(Effect).order_by(Effect.key)).all()}
    for mark in sorted(came.keys() - ours.keys()):
        yield f"A letter went out that the ledger does not know: {mark}."
    for mark, effect in ours.items():
        if effect.kind in LETTERS and effect.state == EffectState.DONE and came[mark] != 1:
            yield f"{effect.key} is done, and was delivered {came[mark]} times."
        elif effect.state == EffectState.UNKNOWN and came[mark] > 1:
            yield f"{effect.key} is unknown, and was delivered {came[mark]} times."
        elif effect.state not in {EffectState.DONE, EffectState.UNKNOWN} and came[mark]:
            yield f"{effect.key} is {effect.state}, and was delivered {came[mark]} times."
        if effect.state not in SETTLED:
            yield f"{effect.key} is {effect.state} for ever: {effect.said or 'without a word'}"


def _plan(session: Session) -> Iterator[str]:
    there = {effect.key for effect in session.exec(select(Effect)).all()}
    for one in owed(session):
        if one.key not in there:
            yield f"{one.why}, and {one.key} never was."


def _invoices(session: Session) -> Iterator[str]:
    for series in session.exec(select(Series)).all():
        mine = select(Invoice.seq).where(Invoice.series == series.name, Invoice.year == series.year)
        numbers = sorted(number or 0 for number in session.exec(mine).all())
        if numbers != list(range(1, series.last + 1)):
            yield f"Series {series.name} {series.year} goes up to {series.last}, and its numbers are {numbers}."
    asking: defaultdict[tuple[int, int, int], list[Invoice]] = defaultdict(list)
    for one in session.exec(select(Invoice).where(Invoice.kind == "invoice").order_by(col(Invoice.id))).all():
        if one.part:
            asking[one.deal_id, one.round, one.part].append(one)
        back = issued.credited(session, one)
        if back.amount > one.gross:
            yield f"Invoice {one.number} was credited by {back.format()}, which is more than it asked for."
    for (deal, round_, part), each in asking.items():
        count = len(each) - sum(_has_taken_over(session, was, one) for was, one in pairwise(each))
        if count > 1:
            yield f"Payment {part} of deal {deal}, round {round_}, was invoiced {count} times."


def _has_taken_over(session: Session, was: Invoice, one: Invoice) -> bool:
    """Whether an invoice was issued for one that had been taken back whole by then."""
    before = [note.gross for note in issued.notes_on(session, was) if (note.id or 0) < (one.id or 0)]
    return sum(before) >= was.gross


def _bank(session: Session, seen: Seen) -> Iterator[str]:
    """Our own proof is by the statements that were taken in; the bank knows of those as well that were not."""
    account = proof.bank_account(session)
    if seen.bank is not None and (account is None or account.ours.amount != seen.bank):
        yield f"The bank holds {seen.bank} cents for us; our books have {account.ours.amount if account else 'no statement of it'}."


def _deals(session: Session) -> Iterator[str]:
    for deal in stranded(session):
        yield f"Deal {deal.id} is {deal.sales}, {deal.work}, {deal.money}, and has no next step."
    live = session.exec(select(StageRun).where(col(StageRun.state).in_(LIVE))).all()
    twice = Counter((row.deal_id, row.stage, row.round, row.part) for row in live if row.deal_id)
    yield from (
        f"Deal {deal} has {count} live runs of {stage} {part or ''}".strip() + "." for (deal, stage, _, part), count in twice.items() if count > 1
    )


def _runs(session: Session, seen: Seen) -> Iterator[str]:
    now = real_now()
    for name in seen.left:
        yield f"{name} is under way for ever, and nobody has it in hands."
    for row in session.exec(select(StageRun).order_by(col(StageRun.id))).all():
        if row.state in {RunState.WANTED, RunState.CREATED, RunState.RUNNING, RunState.WITHDRAWN}:
            alive = row.owner and leases.is_held(session, f"worker/{row.owner}", now=now)
            yield f"{row.key} is {row.state} for ever{', and its worker is dead' if row.owner and not alive else ''}."
        if not seen.runs or row.flow_run_id is None:
            continue
        state = seen.runs.get(row.flow_run_id)
        if row.state in ENDS and state not in ENDS[RunState(row.state)]:
            yield f"{row.key} is {row.state}, and Prefect says {state or 'nothing'}."
        elif state in {"RUNNING", "PENDING"}:
            yield f"{row.key} is {row.state}, and runs for ever in Prefect."
