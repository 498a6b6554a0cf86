"""The words a letter is given about its deal: each name counted out when a letter asks for it, as its reader's locale writes it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from babel.dates import format_date, format_timedelta
from sqlmodel import Session

from models import documents, facts, links, questionnaire, waiting
from models.answers import ProposalAnswer
from models.company import Company
from models.delivery_letters import DELIVERY_NEEDS
from models.estimates import Estimate
from models.letters import LetterOrder
from models.money import Money
from models.proposal import Snapshot
from models.tables import Brief, Client, Deal
from models.totals import totals
from tasks.cash_words import CASH, PLAN
from tasks.contract_words import CONTRACT
from tasks.project_words import PROJECT


@dataclass(frozen=True)
class About:
    """The deal a letter is about, as its writer sees it."""

    session: Session
    company: Company
    deal: Deal
    client: Client
    locale: str
    now: datetime
    order: LetterOrder

    @property
    def deal_id(self) -> int:
        """The deal's number."""
        return self.deal.id or 0

    @property
    def today(self) -> date:
        """Today, where the studio is."""
        return self.company.studio.today(self.now)

    def day(self, moment: datetime) -> str:
        """A moment's day, where the studio is: "Monday, 4 May 2026"."""
        return format_date(self.company.studio.today(moment), "full", locale=self.locale)


def word(name: str, about: About) -> str:
    """One word of a letter; one about an invoice, a contract or a project has its own for some names.

    Raises KeyError for a name that no letter may use.
    """
    return (_own(about.order).get(name) or WORDS[name])(about)


def _own(order: LetterOrder) -> Mapping[str, Callable[[About], str]]:
    if order.invoice:
        return CASH
    if order.name in DELIVERY_NEEDS:
        return PROJECT
    return CONTRACT if order.name.startswith(("contract-", "work-")) else {}


def _minimum(about: About) -> str:
    studio = about.company.studio
    return Money.of_major(studio.minimum_budget, studio.currency).format(about.locale)


def _advice(about: About) -> str:
    small = about.company.studio.small_budgets
    where = f"{small.cheaper_name} ({small.cheaper_url})" if small.cheaper_url else small.cheaper_name
    return "\n\n".join(line.replace("{cheaper}", where) for line in small.advice)


def _budget(about: About) -> str:
    deal = about.deal
    return Money(amount=deal.budget, currency=deal.currency).format(about.locale) if deal.budget is not None else "not named"


def _source(about: About) -> str:
    return ", ".join(f"{key}: {value}" for key, value in about.deal.source.items() if value) or "direct"


def _asked(about: About) -> list[questionnaire.Question]:
    brief = about.session.get(Brief, about.deal_id)
    return questionnaire.visible(about.company.briefs[about.deal.service], brief.answers if brief else {})


def _minutes(about: About) -> str:
    return str(max(10, round(len(_asked(about)) * 0.6 / 5) * 5))


def _progress(about: About) -> str:
    brief, asked = about.session.get(Brief, about.deal_id), _asked(about)
    answered = sum(1 for question in asked if brief and brief.answers.get(question.slug) not in (None, "", []))
    return f"{answered} of {len(asked)} questions"


def _closes_on(about: About) -> str:
    deadlines = [wait.deadline for wait in waiting.open_waits(about.session, about.deal_id) if wait.deadline and wait.kinds]
    return about.day(min(deadlines)) if deadlines else ""


def _waiting(about: About) -> str:
    opened = [wait.opened_at for wait in waiting.open_waits(about.session, about.deal_id) if wait.kinds]
    return format_timedelta(about.now - min(opened), locale=about.locale) if opened else ""


def _what(about: About) -> str:
    asked = [wait.what for wait in waiting.open_waits(about.session, about.deal_id) if wait.kinds]
    return asked[0] if asked else ""


def _estimate(about: About) -> Estimate:
    document = documents.latest(about.session, about.deal_id, "estimate")
    if document is None:
        raise LookupError(f"Deal {about.deal_id} has no estimate yet.")
    return Estimate.model_validate(document.body)


def _hours(about: About) -> str:
    return f"{sum(line.hours.likely for line in _estimate(about).lines):g}"


def _reasons(about: About) -> str:
    return "\n".join(_estimate(about).flags)


def _snapshot(about: About) -> Snapshot | None:
    document = documents.latest(about.session, about.deal_id, "proposal")
    return Snapshot.model_validate(document.body) if document else None


def _total(about: About) -> str:
    document = documents.latest(about.session, about.deal_id, "proposal")
    if document is None:
        return _estimate(about).total.format(about.locale)
    if document.totals:
        return Money.model_validate(document.totals["gross"]).format(about.locale)
    return totals(Snapshot.model_validate(document.body), []).gross.format(about.locale)


def _valid_until(about: About) -> str:
    snapshot = _snapshot(about)
    return format_date(snapshot.valid_until, "long", locale=about.locale) if snapshot else ""


def _changes(about: About) -> str:
    document = documents.latest(about.session, about.deal_id, "proposal")
    return "\n".join(document.changes) if document else ""


def _final(about: About) -> ProposalAnswer | None:
    told = facts.of_deal(about.session, about.deal_id, ProposalAnswer.kind)
    return ProposalAnswer.model_validate(told[-1].payload) if told else None


def _accepted_by(about: About) -> str:
    answer = _final(about)
    return (answer.name if answer else "") or about.client.name


def _accepted_on(about: About) -> str:
    document = documents.latest(about.session, about.deal_id, "proposal")
    return about.day(document.frozen_at) if document and document.frozen_at else ""


def _options(about: About) -> str:
    document, snapshot = documents.latest(about.session, about.deal_id, "proposal"), _snapshot(about)
    taken = document.selection if document else []
    return "\n".join(option.title for option in snapshot.options if option.slug in taken) if snapshot else ""


def _reason(about: About) -> str:
    answer = _final(about)
    return answer.reason if answer else ""


def _message(about: About) -> str:
    answer = _final(about)
    return answer.text if answer else about.deal.message


def _until(about: About) -> str:
    return about.day(about.deal.held_until) if about.deal.held_until else ""


WORDS: dict[str, Callable[[About], str]] = {
    "minimum": _minimum, "advice": _advice, "budget": _budget, "source": _source, "minutes": _minutes, "progress": _progress,
    "closes_on": _closes_on, "waiting": _waiting, "what": _what, "hours": _hours, "reasons": _reasons, "total": _total, "valid_until": _valid_until,
    "changes": _changes, "accepted_by": _accepted_by, "accepted_on": _accepted_on, "options": _options, "reason": _reason,
    "message": _message, "until": _until, "stage": lambda about: about.deal.sales, "from_name": lambda about: about.client.name,
    "note": lambda _about: "",
    **PLAN, "signed_on": CONTRACT["signed_on"],
    "address": lambda about: about.client.email, "document": lambda about: links.called(about.order.links), "who": lambda _about: "",
}  # fmt: skip
