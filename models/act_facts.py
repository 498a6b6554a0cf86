"""What must hold before a fact about an act of acceptance is kept, and what follows from it at once. Read by `models.inbox`."""

from collections.abc import Callable
from datetime import datetime

from sqlmodel import Session

from models import act_state, contract_facts, letters, projects, signing, silence
from models.answer import Answer
from models.contract_facts import FIRST_PLACE_ON_EARTH
from models.delivery_answers import ActCodeAsked, ActDeemed, ActFaults, ActSigned, FaultsMended
from models.errors import Invalid, Missing, Refused
from models.field_types import normal_email
from models.letters import LetterOrder
from models.project_facts import check_under_way, come_back
from models.tables import Client, Deal, Document, Fact
from models.tracks import Work, move


def unsigned(session: Session, deal: Deal, version: int, now: datetime) -> Document:
    """The act that is out, if it is the version somebody read. Raises Missing before there is one, Refused otherwise."""
    document = act_state.newest(session, deal)
    if document is None:
        raise Missing("There is no act of acceptance yet; we write to you when the work is launched.")
    if document.state == "signed" and deal.work != Work.HANDED_OVER:
        raise Refused("This act has been signed already; there is nothing left to do.")
    if document.state == "deemed" and deal.work != Work.HANDED_OVER:
        raise Refused("The work counts as accepted already. Should something not be as agreed, write to us: the warranty covers it.")
    check_under_way(session, deal, ActSigned.model_construct(), now)
    if version != document.version:
        raise Refused("This changed while you were reading: please look at the act again.")
    if document.state != "frozen":
        raise Refused("What you named is put right. The new version of the act comes in a moment.")
    return document


def _check_code(session: Session, deal: Deal, answer: ActCodeAsked, now: datetime) -> None:
    document = unsigned(session, deal, answer.version, now)
    client, email = session.get_one(Client, deal.client_id), normal_email(answer.email)
    if not email:
        raise Invalid("This does not look like an e-mail address.")
    if not contract_facts.may_sign(client, document, email):
        raise Refused("We send the code to the client's own address, or to a colleague's there. Does somebody else sign? Tell us who.")
    signing.check_may_ask(session, deal.id or 0, answer.version, now=now, kind=act_state.NOUN)


def _mail_code(session: Session, deal: Deal, answer: ActCodeAsked, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    code = signing.ask(session, deal.id or 0, answer.version, normal_email(answer.email), now=now, kind=act_state.NOUN)
    client = session.get_one(Client, deal.client_id)
    to = "client" if code.email == client.email else "colleague"
    order = LetterOrder(
        name="act-code", deal_id=deal.id or 0, to=to, address=code.email if to == "colleague" else "",
        facts={"code_number": str(code.number), "version": str(answer.version)},
    )  # fmt: skip
    letters.plan(session, f"deal/{deal.id}/{act_state.NOUN}/v{answer.version}/code/{code.number}", order, now=now)


def _check_signed(session: Session, deal: Deal, answer: ActSigned, now: datetime) -> None:
    document = unsigned(session, deal, answer.version, now)
    if answer.code == 0:  # on paper, by the word of one of us
        if answer.on and answer.on > (now + FIRST_PLACE_ON_EARTH).date():
            raise Invalid("That day is still to come.")
        return
    if answer.body_hash != document.body_hash:
        raise Refused("This changed while you were reading: please look at the act again.")
    code = signing.used(session, deal.id or 0, answer.version, answer.code, kind=act_state.NOUN)
    if code is None or code.email != normal_email(answer.email):
        raise Refused("A signature needs the code that was mailed to the signer.")


def _check_faults(session: Session, deal: Deal, answer: ActFaults, now: datetime) -> None:
    unsigned(session, deal, answer.version, now)


def _check_deemed(session: Session, deal: Deal, answer: ActDeemed, now: datetime) -> None:
    document = unsigned(session, deal, answer.version, now)
    if not projects.contract_of(session, deal).terms.silence_accepts:
        raise Refused("The contract does not say that silence accepts.")
    if act_state.faults(session, document):
        raise Refused("The client has named faults: that is no silence.")
    if len(act_state.warned(session, deal)) < silence.WARNINGS:
        raise Refused("Silence accepts after two warnings, and fewer have reached the client.")


def _check_mended(session: Session, deal: Deal, answer: FaultsMended, now: datetime) -> None:  # noqa: ARG001
    document = act_state.newest(session, deal)
    version = document.version if document else 0
    if not act_state.faults(session, unsigned(session, deal, version, now)):
        raise Refused("The client has named no faults that could be mended.")


def _accept(session: Session, deal: Deal, answer: ActSigned | ActDeemed, fact: Fact, now: datetime) -> None:
    """The work is accepted; a pause over the client's silence ends without a letter, since nothing more is asked of them."""
    act_state.accept(session, unsigned(session, deal, answer.version, now), fact)
    move(session, deal, Work.LAUNCH, why="the client is back", fact=fact, now=now)


def _make_void(session: Session, deal: Deal, answer: FaultsMended, fact: Fact, now: datetime) -> None:  # noqa: ARG001
    """The version with the faults is nobody's to sign any more: the next one follows."""
    document = act_state.newest(session, deal)
    if document:
        document.state = "void"
        session.add(document)


CHECKS: dict[type[Answer], Callable] = {
    ActCodeAsked: _check_code, ActSigned: _check_signed, ActFaults: _check_faults, ActDeemed: _check_deemed, FaultsMended: _check_mended,
}  # fmt: skip
FOLLOWS: dict[type[Answer], Callable] = {
    ActCodeAsked: _mail_code, ActSigned: _accept, ActFaults: come_back, ActDeemed: _accept, FaultsMended: _make_void,
}  # fmt: skip
