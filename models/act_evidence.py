"""What is known of an act's way to its acceptance, as the evidence page states it. Everything is read from facts and effects."""

from collections.abc import Iterator

from sqlmodel import Session

from models import act_state, facts
from models.contract import Evidence, Signature
from models.contract_evidence import Step, codes, iso, midnight, who
from models.delivery_answers import ActCodeAsked, ActFaults, ActSigned, FaultsMended
from models.effects import EffectState
from models.errors import Missing
from models.sealed import original
from models.tables import Deal, Document, Effect, Fact


def evidence(session: Session, document: Document) -> Evidence:
    """The evidence of an accepted version: who signed, when, from where, over which hashes, or by what silence; and how it came to that.

    The same facts give the same record. An act signed on paper states no hash of a PDF: paper was signed, not bytes. One that silence
    accepted states that of the pages that were sent. Raises Missing as long as nobody has accepted it.
    """
    fact = session.get(Fact, document.frozen_by) if document.state in act_state.ACCEPTED and document.frozen_by else None
    if fact is None:
        raise Missing(f"Act {document.body['number']} is not accepted.")
    signed = act_state.signature(session, document)
    answer = signed[1] if signed else None
    steps = sorted(_steps(session, document, fact, answer))
    return Evidence(
        kind="act", number=document.body["number"], version=document.version, title=document.body["title"], body_hash=document.body_hash,
        template_hash=answer.template_hash if answer else "", pdf_hash=answer.pdf_hash if answer else original(document)[0],
        proposal_hash="", contract_hash=document.body["contract_hash"], signatures=[_client(fact, answer)] if answer else [],
        deemed_at="" if answer else iso(fact.happened_at), steps=[(iso(at), words) for at, words in steps], made_at=iso(steps[-1][0]),
    )  # fmt: skip


def _client(fact: Fact, answer: ActSigned) -> Signature:
    if answer.code == 0:
        on = midnight(answer.on or fact.happened_at.date())
        return Signature(side="client", name=answer.name, role=answer.role, email="", at=iso(on), how="paper")
    return Signature(
        side="client", name=answer.name, role=answer.role, email=answer.email, at=iso(fact.happened_at), how="mailed code",
        address=answer.address, agent=answer.agent, consent=answer.consent,
    )  # fmt: skip


def _steps(session: Session, document: Document, fact: Fact, answer: ActSigned | None) -> Iterator[Step]:
    yield document.made_at, f"Version {document.version} was made by {who(document.made_by)} and frozen."
    sent = session.get(Effect, act_state.letter(document.deal_id, document.version))
    if sent and sent.state == EffectState.DONE and sent.settled_at:
        yield sent.settled_at, f"The link to it was mailed to {sent.result.get('to', 'the client')}."
    yield from _before(session, document, fact)
    yield from codes(session, document, ActCodeAsked, fact.known_at)
    if answer is None:
        yield from _silence(session, document, fact)
    elif answer.code == 0:
        day = answer.on or fact.happened_at.date()
        yield fact.known_at, f"{who(fact.actor)} recorded that {answer.name} signed it on paper on {day}. There is no scan."
    else:
        told = f"{answer.name} ({answer.role}) gave code {answer.code} and signed, from {answer.address or 'an unknown address'}."
        yield fact.happened_at, told


def _before(session: Session, document: Document, fact: Fact) -> Iterator[Step]:
    """What was named in place of a signature, of this version and of those before it, and put right."""
    for one in facts.of_deal(session, document.deal_id, ActFaults.kind, FaultsMended.kind):
        if one.subject != fact.subject or one.known_at > fact.known_at:
            continue
        if one.kind == ActFaults.kind:
            said = ActFaults.model_validate(one.payload)
            yield one.happened_at, f"{said.name or 'The client'} named faults in version {said.version}."
        else:
            yield one.happened_at, f"{who(one.actor)} recorded that the faults were put right."


def _silence(session: Session, document: Document, fact: Fact) -> Iterator[Step]:
    for warning in act_state.warned(session, session.get_one(Deal, document.deal_id)):
        if warning.settled_at:
            yield warning.settled_at, f"{warning.result.get('to', 'The client')} was warned that silence accepts."
    yield fact.happened_at, "Nobody had answered: the work counts as accepted, as the contract says."
