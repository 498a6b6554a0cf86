"""Links that are passed on or asked for anew: what must hold, and the letters that follow. Read by `models.inbox`."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from models import documents, facts, issued, letters, projects, waiting
from models.answer import Answer
from models.answers import LinkAsked, ProposalForwarded, QualifyAnswer
from models.errors import Missing, Refused
from models.letters import LetterOrder
from models.tables import Deal, Fact
from models.tracks import CLOSED, Sales

FORWARDS_A_DAY = 5


def page_of(session: Session, deal: Deal) -> str:
    """The kind of the page that is a client's to look at now: the way back, the brief, the proposal, the contract, the invoice, the project."""
    if deal.sales in CLOSED:
        return "comeback"
    if any(QualifyAnswer.kind in wait.kinds for wait in waiting.open_waits(session, deal.id or 0)):
        return "qualify"
    if deal.sales == Sales.WON and projects.find(session, deal):
        return "project"
    if deal.sales in {Sales.SIGNED, Sales.WON}:
        mine = issued.of_deal(session, deal)
        return f"invoice:{mine[-1].id}" if mine else "contract"
    if deal.sales == Sales.CONTRACTING:
        return "contract"
    return "brief" if deal.sales in {Sales.RECEIVED, Sales.BRIEFING, Sales.ESTIMATING} else "proposal"


def _check_forward(session: Session, deal: Deal, answer: ProposalForwarded, now: datetime) -> None:  # noqa: ARG001
    if documents.latest(session, deal.id or 0, "proposal") is None:
        raise Missing(f"Deal {deal.id} has no proposal yet.")
    told = facts.of_deal(session, deal.id or 0, ProposalForwarded.kind)
    if sum(fact.known_at > now - timedelta(days=1) for fact in told) >= FORWARDS_A_DAY:
        raise Refused(f"This proposal was sent on {FORWARDS_A_DAY} times today. Please pass the link on yourself.")


def _forward(session: Session, deal: Deal, answer: ProposalForwarded, fact: Fact, now: datetime) -> None:
    order = LetterOrder(
        name="proposal-forwarded", deal_id=deal.id or 0, to="colleague", address=answer.email, links={"link": "proposal"},
        facts={"note": answer.note},
    )  # fmt: skip
    letters.plan(session, f"deal/{deal.id}/proposal/forwarded/{fact.id}", order, now=now)


def _renew(session: Session, deal: Deal, answer: LinkAsked, fact: Fact, now: datetime) -> None:
    page = answer.page if answer.page in {"qualify", "brief", "proposal", "contract", "comeback"} else page_of(session, deal)
    order = LetterOrder(name="link-renewed", deal_id=deal.id or 0, to="client", links={"link": page})
    letters.plan(session, f"deal/{deal.id}/link/{fact.id}", order, now=now)


CHECKS: dict[type[Answer], Callable] = {ProposalForwarded: _check_forward}
FOLLOWS: dict[type[Answer], Callable] = {ProposalForwarded: _forward, LinkAsked: _renew}
