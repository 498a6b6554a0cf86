"""The door for facts: kept once, with what follows from it at once, in the transaction that earns the answer.

What follows at once is what may not be told twice or too late: freezing an accepted proposal, closing a lost deal, wanting a run.
Everything else is a stage's business, which the fact wakes.
"""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session, col, select

from models import (
    act_facts,
    after_answers,
    after_facts,
    briefs,
    cash,
    contract_facts,
    delivery_answers,
    documents,
    effects,
    facts,
    issued,
    letters,
    link_facts,
    payment_facts,
    pricing,
    project_facts,
    proposal_facts,
    waiting,
    wanted,
)
from models.answers import (
    Answer,
    BriefSent,
    ClosedAsLost,
    ContractWord,
    EstimateReview,
    Held,
    ProposalAnswer,
    ProposalRevised,
    QualifyAnswer,
    Released,
    RemindersStopped,
    Reopened,
)  # fmt: skip
from models.cash_answers import (
    CodeAsked,
    ContractChangeAsked,
    ContractDetails,
    ContractRevised,
    ContractSigned,
    Countersigned,
    InvoiceCorrected,
    MoneyCame,
    PaymentPromised,
    PaymentRecorded,
)
from models.errors import Missing, Refused
from models.estimates import Estimate
from models.facts import News
from models.letters import LetterOrder
from models.stages import Stage
from models.tables import Client, Deal, Document, Fact
from models.tracks import CLOSED, Cash, Sales, Work, move

NOUNS: dict[type[Answer], str] = {
    **delivery_answers.NOUNS, **after_answers.NOUNS,
    QualifyAnswer: "qualification", BriefSent: "brief", EstimateReview: "estimate", ProposalAnswer: "proposal",
    ProposalRevised: "proposal", ContractWord: "contract", ContractDetails: "contract", CodeAsked: "contract", ContractSigned: "contract",
    ContractChangeAsked: "contract", ContractRevised: "contract", Countersigned: "contract", PaymentRecorded: "payment",
    MoneyCame: "payment", PaymentPromised: "payment", InvoiceCorrected: "payment",
}  # fmt: skip
"""What a fact is about; of payments each part of the plan is a subject of its own."""
FINAL: dict[type[Answer], Sales] = {
    QualifyAnswer: Sales.RECEIVED, EstimateReview: Sales.ESTIMATING, ContractWord: Sales.CONTRACTING,
}  # fmt: skip
"""Answers that are given once, and where the deal must stand: an early one would wait for a question nobody has asked."""


def apply(session: Session, payload: dict, *, source: str, external_id: str, actor: str, now: datetime, suspect: str = "") -> tuple[Fact, bool]:
    """Keep a raw application and want its intake; the application of a suspected robot is kept, and nothing follows."""
    kind = "application.suspected" if suspect else "application"
    body = {**payload, "suspect": suspect} if suspect else payload
    fact, new = facts.keep(session, News(kind=kind, source=source, external_id=external_id, actor=actor, payload=body), now=now)
    if new and not suspect:
        wanted.want(session, Stage.INTAKE, application=fact, fact=fact, now=now)
    return fact, new


def tell(
    session: Session, deal_id: int, answer: Answer, *, source: str, external_id: str, actor: str, now: datetime, happened_at: datetime | None = None
) -> tuple[Fact, bool]:
    """Keep a typed fact about a deal, with what follows from it, and wake the wait that it answers.

    Telling the same (source, external id) again changes nothing and gives the first fact back.
    Raises Missing for an unknown deal, Refused when the fact makes no sense now; then nothing is kept.
    """
    if session.get(Deal, deal_id) is None:
        raise Missing(f"There is no deal {deal_id}.")
    deal = waiting.lock(session, deal_id)
    known = facts.find(session, source, external_id)
    if known:
        return known, False
    if type(answer) in FINAL:
        _refuse_if_told(session, deal, answer)
    check = _CHECKS.get(type(answer))
    if check:
        check(session, deal, answer, now)
    if isinstance(answer, BriefSent):
        answer = briefs.publish(session, deal, actor=actor, now=now)
    about = subject_of(deal, type(answer), payment_facts.part_of(session, deal, answer), delivery_answers.item_of(answer))
    payload = answer.model_dump(mode="json")
    news = News(
        kind=answer.kind, source=source, external_id=external_id, actor=actor, deal_id=deal_id, subject=about, payload=payload,
        happened_at=happened_at,
    )  # fmt: skip
    fact, new = facts.keep(session, news, now=now)
    if new:
        follow = _FOLLOWS.get(type(answer))
        if follow:
            follow(session, deal, answer, fact, now)
        waiting.wake(session, fact, now=now)
    return fact, new


def subject_of(deal: Deal, model: type[Answer], part: int = 0, item: str = "") -> str:
    """What a fact of this kind is about: `deal/42/r1/proposal`, `deal/42/r1/payment/2`, `deal/42/r1/stage/design`."""
    about = facts.subject(deal.id or 0, deal.round, NOUNS.get(model, "deal"))
    return f"{about}/{item or part}" if item or part else about


def _refuse_if_told(session: Session, deal: Deal, answer: Answer) -> None:
    about = facts.subject(deal.id or 0, deal.round, NOUNS[type(answer)])
    if facts.unconsumed(session, deal.id or 0, about, [answer.kind]):
        raise Refused("This has been answered already.")
    is_asked = any(answer.kind in wait.kinds and wait.subject == about for wait in waiting.open_waits(session, deal.id or 0))
    if not is_asked and any(fact.subject == about for fact in facts.of_deal(session, deal.id or 0, answer.kind)):
        raise Refused("This has been answered already.")
    if deal.sales != FINAL[type(answer)]:
        raise Refused(f"Nobody asks that now: deal {deal.id} is {deal.sales}.")


def _check_brief(session: Session, deal: Deal, answer: BriefSent, now: datetime) -> None:  # noqa: ARG001
    briefs.check_open(session, deal)


def _late_brief(session: Session, deal: Deal, answer: BriefSent, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    document = documents.latest(session, deal.id or 0, "proposal")
    if document is None or document.state != "live":
        return
    mark_stale(session, document, answer.version, now=now)


def mark_stale(session: Session, document: Document, brief: int, *, now: datetime) -> None:
    """Write on a live proposal that the brief was sent again after it was counted, and order a letter to the salesperson, once."""
    document.stale_since = document.stale_since or now
    session.add(document)
    order = LetterOrder(name="brief-edited-late", deal_id=document.deal_id, to="salesperson")
    letters.plan(session, f"deal/{document.deal_id}/brief/v{brief}/edited-late", order, now=now)


def _check_open(session: Session, deal: Deal, answer: Answer, now: datetime) -> None:  # noqa: ARG001
    if deal.sales in CLOSED or deal.sales == Sales.WON:
        raise Refused(f"Deal {deal.id} is {deal.sales} already.")


def _check_lost(session: Session, deal: Deal, answer: ClosedAsLost, now: datetime) -> None:
    _check_open(session, deal, answer, now)
    asks = next((one for one in issued.of_deal(session, deal) if not issued.is_credited(session, one)), None)
    if asks:
        raise Refused(f"Invoice {asks.number} of deal {deal.id} is out. Run cancel-work: it credits what is not paid, and closes the deal.")


def _lose(session: Session, deal: Deal, answer: ClosedAsLost, fact: Fact, now: datetime) -> None:
    close(session, deal, Sales.LOST, why=answer.reason, fact=fact, now=now)


def close(session: Session, deal: Deal, to: Sales, *, why: str, fact: Fact | None, now: datetime, but_run: str = "") -> None:
    """End a deal: moved, nothing waited for, no run wanted (`but_run` is the one that is ending it)."""
    move(session, deal, to, why=why, fact=fact, now=now)
    deal.held_since = deal.held_until = None
    waiting.drop_all(session, deal.id or 0, now=now)
    wanted.withdraw_all(session, deal.id or 0, why=why, now=now, but=but_run)
    effects.drop_planned(session, deal.id or 0, f"The deal is {to}.", now=now)
    document = documents.latest(session, deal.id or 0, "proposal")
    if document and document.state == "live":
        document.state = "void"
        session.add(document)


def _check_held(session: Session, deal: Deal, answer: Held, now: datetime) -> None:
    if deal.sales == Sales.WON:
        raise Refused(f"Deal {deal.id} is won, so its work goes by its project: move-date names a later day, cancel-work ends it.")
    _check_open(session, deal, answer, now)
    if answer.until and answer.until <= now:
        raise Refused("This moment is past: until when does the deal rest? Leave it empty to end the rest by release.")
    if deal.held_since and deal.held_until == answer.until:
        day = f"until {answer.until:%Y-%m-%d %H:%M} UTC" if answer.until else "until somebody runs release"
        raise Refused(f"Deal {deal.id} is on hold already, {day}.")


def _hold(session: Session, deal: Deal, answer: Held, fact: Fact, now: datetime) -> None:
    deal.held_since, deal.held_until = deal.held_since or now, answer.until
    session.add(deal)
    letters.plan(session, f"deal/{deal.id}/held/{fact.id}", LetterOrder(name="deal-on-hold", deal_id=deal.id or 0, to="client"), now=now)


def _check_released(session: Session, deal: Deal, answer: Released, now: datetime) -> None:  # noqa: ARG001
    if deal.held_since is None:
        raise Refused(f"Deal {deal.id} is not on hold.")


def _release(session: Session, deal: Deal, answer: Released, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    since = deal.held_since or now
    deal.held_since = deal.held_until = None
    session.add(deal)
    waiting.shift_all(session, deal.id or 0, since=since, now=now)
    order = LetterOrder(name="deal-resumed", deal_id=deal.id or 0, to="client", links={"link": link_facts.page_of(session, deal)})
    letters.plan(session, f"deal/{deal.id}/released/{fact.id}", order, now=now)


def _check_reopened(session: Session, deal: Deal, answer: Reopened, now: datetime) -> None:  # noqa: ARG001
    if deal.sales not in CLOSED:
        raise Refused(f"Deal {deal.id} is open: it is {deal.sales}.")


def _reopen(session: Session, deal: Deal, answer: Reopened, fact: Fact, now: datetime) -> None:
    deal.round += 1
    why = answer.reason or "opened again"
    move(session, deal, Sales.BRIEFING, why=why, fact=fact, now=now)
    if deal.work == Work.CANCELLED:
        move(session, deal, Work.NONE, why=why, fact=fact, now=now)
    for place in cash.path(Cash(deal.money), Cash.NONE):  # nothing is issued in this round
        move(session, deal, place, why=why, fact=fact, now=now)
    wanted.want(session, Stage.BRIEF, deal=deal, fact=fact, now=now)


def _check_review(session: Session, deal: Deal, answer: EstimateReview, now: datetime) -> None:
    _check_open(session, deal, answer, now)
    document = documents.latest(session, deal.id or 0, "estimate")
    if document is None:
        raise Missing(f"Deal {deal.id} has no estimate yet.")
    if answer.hours:
        pricing.change_hours(Estimate.model_validate(document.body), answer.hours, answer.reason, "")


def _stop_reminders(session: Session, deal: Deal, answer: RemindersStopped, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    client = session.get_one(Client, deal.client_id)
    client.reminders_off_at = client.reminders_off_at or now
    session.add(client)


def deals_by_mail(session: Session, email: str) -> list[Deal]:
    """The open and closed deals of a client's address, newest first."""
    mine = select(Deal).join(Client, col(Client.id) == Deal.client_id).where(Client.email == email)
    return list(session.exec(mine.order_by(col(Deal.id).desc())))


_CHECKS: dict[type[Answer], Callable] = {
    BriefSent: _check_brief, ClosedAsLost: _check_lost,
    Held: _check_held, Released: _check_released, Reopened: _check_reopened, QualifyAnswer: _check_open,
    EstimateReview: _check_review, **link_facts.CHECKS, **contract_facts.CHECKS, **payment_facts.CHECKS,
    **proposal_facts.CHECKS, **project_facts.CHECKS, **act_facts.CHECKS, **after_facts.CHECKS,
}  # fmt: skip
_FOLLOWS: dict[type[Answer], Callable] = {
    BriefSent: _late_brief, ClosedAsLost: _lose, Held: _hold, Released: _release, Reopened: _reopen,
    RemindersStopped: _stop_reminders, **link_facts.FOLLOWS, **contract_facts.FOLLOWS, **payment_facts.FOLLOWS,
    **proposal_facts.FOLLOWS, **project_facts.FOLLOWS, **act_facts.FOLLOWS, **after_facts.FOLLOWS,
}  # fmt: skip
