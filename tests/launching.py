"""Deals at their launch, as far as a test wants them: the act out, signed, answered by faults or by silence."""

from datetime import datetime, timedelta
from typing import Any

from sqlmodel import Session, select

from models import act_signature, act_state, acts, effects, signing
from models.delivery_answers import ActCodeAsked, ActDeemed, ActFaults, ActSigned, LaunchChecked
from models.effects import EffectState
from models.signature import Signer
from models.stages import Stage
from models.tables import Client, Deal, Document
from models.tracks import Work
from tests.factories import a_wait, rungs, told
from tests.fakes import MONDAY
from tests.projecting import a_project
from tests.remembered import remembered
from tests.studio import the_company

EVERY = 20
TUESDAY = MONDAY + timedelta(days=1)
"""When acts are signed: the code of the contract went out on Monday."""
MANAGER = "staff:tomasz@northlight.example"


@remembered
def a_launch(session: Session, *, at: datetime = MONDAY, url: str = "https://acme.example", note: str = "Both languages.", **values: Any) -> Deal:
    """A deal whose stages are accepted and whose checklist is done: its act is to be made."""
    deal = a_project(session, work=Work.LAUNCH, accepted=EVERY, at=at, **values)
    told(session, deal, LaunchChecked(url=url, note=note), at=at, actor=MANAGER)
    return deal


def an_act(session: Session, deal: Deal | None = None, *, at: datetime = MONDAY, showing: int = 1, **values: Any) -> Document:
    """An act that is out."""
    deal = deal or a_launch(session, at=at, **values)
    return acts.publish(session, the_company(), deal, showing, now=at)


def an_act_code(session: Session, document: Document, *, email: str = "", secret: str = "a test's secret", at: datetime = TUESDAY) -> str:
    """The digits of a code that was asked for to sign an act, for the client unless another address is named."""
    deal = session.get_one(Deal, document.deal_id)
    to = email or session.get_one(Client, deal.client_id).email
    told(session, deal, ActCodeAsked(version=document.version, email=to, name="Orla Byrne", role="Owner"), at=at)
    code = signing.newest(session, document.deal_id, document.version, kind=act_state.NOUN)
    assert code is not None
    return signing.digits(secret, code.deal_id, code.version, code.number, kind=act_state.NOUN)


def a_signed_act(session: Session, document: Document, *, email: str = "", secret: str = "a test's secret", at: datetime = TUESDAY) -> Document:
    """An act that the client has signed by code."""
    code = an_act_code(session, document, email=email, secret=secret, at=at)
    client = session.get_one(Client, session.get_one(Deal, document.deal_id).client_id)
    signer = Signer(version=document.version, name="Orla Byrne", role="Owner", email=email or client.email, address="198.51.100.7", agent="A browser")
    said = act_signature.sign(session, secret, document.deal_id, signer, code, now=at + timedelta(minutes=4))
    assert not said, said
    return document


def an_act_on_paper(session: Session, document: Document, *, at: datetime = MONDAY, **values: Any) -> Document:
    """An act that was signed on paper, by the manager's word."""
    deal = session.get_one(Deal, document.deal_id)
    told(session, deal, ActSigned(**{"version": document.version, "name": "Fergus Daly", "role": "Director"} | values), at=at, actor=MANAGER)
    return document


def some_faults(session: Session, document: Document, text: str = "The form does not send.", *, at: datetime = MONDAY) -> None:
    """Faults that the client names in place of signing."""
    told(session, session.get_one(Deal, document.deal_id), ActFaults(version=document.version, text=text, name="Orla Byrne"), at=at)


def warned(session: Session, document: Document, times: int = 2, *, at: datetime = MONDAY, state: EffectState = EffectState.DONE) -> None:
    """The act's question put to the client, and so many warnings of what silence means, in any state of the ledger."""
    deal = session.get_one(Deal, document.deal_id)
    wait = a_wait(session, deal, ActSigned, stage=Stage.LAUNCH, key="act#1", ladder="act", rungs=rungs(*["act-warning"] * times), at=at)
    for place in range(times):
        key, when = f"deal/{deal.id}/r{deal.round}/launch/wait-{wait.id}/rung-{place + 1}", at + timedelta(days=7 * (place + 1))
        effect = effects.plan(session, key, "letter", deal_id=deal.id, what="act-warning", now=when)
        if state == EffectState.SKIPPED:
            effects.skip(session, effect, "The client asked for no more reminders.", now=when)
        elif state != EffectState.PLANNED:
            effects.claim(session, effect, "a worker", now=when)
            effects.settle(session, effect, state, said="250 taken", result={"to": "orla@acme.example"}, now=when)
    session.flush()


def a_deemed_act(session: Session, document: Document, *, at: datetime = MONDAY + timedelta(days=28)) -> Document:
    """An act that counts as accepted after two warnings."""
    warned(session, document)
    told(session, session.get_one(Deal, document.deal_id), ActDeemed(version=document.version), at=at, actor="system")
    return document


def with_terms(session: Session, deal: Deal, **terms: bool) -> None:
    """The deal's contract with other terms in it: silence_accepts, silence_pauses."""
    contract = session.exec(select(Document).where(Document.kind == "contract", Document.deal_id == deal.id)).one()
    contract.body = {**contract.body, "terms": {**contract.body["terms"], **terms}}
    session.add(contract)
    session.flush()
