"""What must hold before an answer to a proposal is kept, and what follows from it at once. Read by `models.inbox`."""

from collections.abc import Callable
from datetime import datetime, timedelta

from sqlmodel import Session

from models import documents
from models.answer import Answer
from models.answers import ProposalAnswer, ProposalRevised
from models.errors import Missing, Refused
from models.proposal import Snapshot
from models.tables import Deal, Document, Fact
from models.totals import selected, totals
from models.tracks import CLOSED

LAST_PLACE_ON_EARTH = timedelta(hours=12)
"""A day is over when it is over everywhere: nobody is told at eight in the evening that today has passed."""


def _live_proposal(session: Session, deal: Deal) -> Document:
    document = documents.latest(session, deal.id or 0, "proposal")
    if document is None:
        raise Missing(f"Deal {deal.id} has no proposal yet.")
    return document


def _check_proposal_answer(session: Session, deal: Deal, answer: ProposalAnswer, now: datetime) -> None:
    document = _live_proposal(session, deal)
    if document.state == "frozen" and document.round == deal.round:
        raise Refused("This proposal has been accepted; it cannot be answered again.")
    if document.state != "live" or document.round != deal.round or deal.sales in CLOSED:
        raise Refused("This proposal is no longer open.")
    if answer.version != document.version:
        raise Refused("This changed while you were reading: please look again.")
    if answer.decision != "accept":
        return
    snapshot = Snapshot.model_validate(document.body)
    if (now - LAST_PLACE_ON_EARTH).date() > snapshot.valid_until:
        raise Refused("This proposal has expired; ask for a fresh one with the change form.")
    if totals(snapshot, answer.selection).gross.amount != answer.total:
        raise Refused("This changed while you were reading: please look at the total again.")


def _answer_proposal(session: Session, deal: Deal, answer: ProposalAnswer, fact: Fact, now: datetime) -> None:
    document = _live_proposal(session, deal)
    if answer.decision == "accept":
        snapshot = Snapshot.model_validate(document.body)
        document.selection = selected(snapshot, answer.selection)
        document.totals = totals(snapshot, answer.selection).model_dump(mode="json")
        document.state, document.frozen_at, document.frozen_by = "frozen", now, fact.id
    elif answer.decision == "decline":
        document.state = "declined"
    session.add(document)


def _check_revised(session: Session, deal: Deal, answer: ProposalRevised, now: datetime) -> None:  # noqa: ARG001
    document = _live_proposal(session, deal)
    if document.state == "frozen":
        raise Refused("This proposal has been accepted; a change now is a new agreement.")
    if answer.version != document.version:
        raise Refused(f"The newest version is {document.version}.")


CHECKS: dict[type[Answer], Callable] = {ProposalAnswer: _check_proposal_answer, ProposalRevised: _check_revised}
FOLLOWS: dict[type[Answer], Callable] = {ProposalAnswer: _answer_proposal}
