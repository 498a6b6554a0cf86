"""What is known of a contract's way to its signatures, as the evidence page states it. Everything is read from facts and effects."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta

from sqlmodel import Session, col, select

from models import contract_state, contract_texts, facts
from models.answers import ContractWord
from models.cash_answers import CodeAsked, ContractSigned, Countersigned
from models.cash_tables import SignCode
from models.company import Company
from models.contract import Evidence, Signature
from models.delivery_answers import ActCodeAsked
from models.effects import EffectState
from models.errors import Missing
from models.tables import Deal, Document, Effect, Fact, Upload

Step = tuple[datetime, str]
A_MOMENT = timedelta(microseconds=1)
"""What the tries of a code stand before its use."""


def evidence(session: Session, company: Company, document: Document) -> Evidence:
    """The evidence of a signed version: who signed, when, from where, over which hashes, and how it came to that.

    The same facts give the same record. A contract signed on paper states no hash of a PDF: paper was signed, not bytes.
    Raises Missing as long as nobody has signed it.
    """
    signed = contract_state.signature(session, document)
    if signed is None:
        raise Missing(f"Contract {document.body['number']} is not signed.")
    fact, answer = signed
    by_code = isinstance(answer, ContractSigned)
    steps = sorted(_steps(session, document, fact, answer))
    return Evidence(
        number=document.body["number"], version=document.version, title=document.body["title"], body_hash=document.body_hash,
        template_hash=answer.template_hash if by_code else "", pdf_hash=answer.pdf_hash if by_code else "",
        proposal_hash=document.body["proposal_hash"], signatures=[*_clients(fact, answer), *_studios(session, company, document)],
        steps=[(iso(at), words) for at, words in steps], made_at=iso(steps[-1][0]),
    )  # fmt: skip


def _clients(fact: Fact, answer: ContractSigned | ContractWord) -> Iterator[Signature]:
    if isinstance(answer, ContractWord):
        yield Signature(side="client", name=answer.name, role=answer.role, email="", at=iso(midnight(answer.on)), how="paper")
        return
    yield Signature(
        side="client", name=answer.name, role=answer.role, email=answer.email, at=iso(fact.happened_at), how="mailed code",
        address=answer.address, agent=answer.agent, consent=answer.consent,
    )  # fmt: skip


def _studios(session: Session, company: Company, document: Document) -> Iterator[Signature]:
    told = contract_state.countersignature(session, document)
    if told is None or told[1].decision != "sign":
        return
    fact, answer = told
    service = session.get_one(Deal, document.deal_id).service
    named, person = contract_texts.signatory(company, service), company.studio.person(fact.actor.removeprefix("staff:"))
    role = company.role_title(person.role) if person else named.role if answer.name == named.name else ""
    how = {"system": "standing rule", "staff": "director's link"}.get(fact.source, "operator's form")
    yield Signature(side="studio", name=answer.name, role=role, email=person.email if person else "", at=iso(fact.happened_at), how=how)


def _steps(session: Session, document: Document, fact: Fact, answer: ContractSigned | ContractWord) -> Iterator[Step]:
    yield document.made_at, f"Version {document.version} was made by {who(document.made_by)} and frozen."
    sent = session.get(Effect, contract_state.letter(document.deal_id, document.version))
    if sent and sent.state == EffectState.DONE and sent.settled_at:
        yield sent.settled_at, f"The link to it was mailed to {sent.result.get('to', 'the client')}."
    yield from codes(session, document, CodeAsked, fact.known_at)
    if isinstance(answer, ContractWord):
        yield fact.known_at, f"{who(fact.actor)} recorded that {answer.name} signed it on paper on {answer.on}.{_scan(session, answer)}"
    else:
        told = f"{answer.name} ({answer.role}) gave code {answer.code} and signed, from {answer.address or 'an unknown address'}."
        yield fact.happened_at, told
    studios = contract_state.countersignature(session, document)
    if studios and studios[1].decision == "sign":
        yield studios[0].happened_at, _countersigned(*studios)


def codes(session: Session, document: Document, asked_by: type[CodeAsked | ActCodeAsked], until: datetime) -> Iterator[Step]:
    """The codes that were asked for to sign a version, up to its signature: to whom they went, and how often they were typed wrongly."""
    same = (SignCode.deal_id == document.deal_id, SignCode.kind == document.kind, SignCode.version == document.version)
    asked = [
        asked_by.model_validate(fact.payload) for fact in facts.of_deal(session, document.deal_id, asked_by.kind)
        if fact.payload["version"] == document.version
    ]  # fmt: skip
    for place, code in enumerate(session.exec(select(SignCode).where(*same).order_by(col(SignCode.number)))):
        if code.made_at > until:
            continue
        name = asked[place].name if place < len(asked) else ""
        yield code.made_at, f"{name or 'The reader'} asked for code {code.number} to be mailed to {code.email}."
        letter = session.get(Effect, f"deal/{document.deal_id}/{document.kind}/v{document.version}/code/{code.number}")
        if letter and letter.state == EffectState.DONE and letter.settled_at:
            yield letter.settled_at, f"Code {code.number} was handed over to {code.email}'s mail server."
        if code.tries:
            over = code.used_at - A_MOMENT if code.used_at else code.expires_at
            yield over, f"Code {code.number}: {code.tries} wrong {'try' if code.tries == 1 else 'tries'} in all."


def _scan(session: Session, answer: ContractWord) -> str:
    upload = session.get(Upload, answer.scan) if answer.scan else None
    return f" The scan is “{upload.name}”, SHA-256 {upload.sha256}." if upload else " There is no scan."


def _countersigned(fact: Fact, answer: Countersigned) -> str:
    if fact.source == "system":
        return f"{answer.name} signed for the studio, by its standing rule: at once after the client."
    return f"{answer.name} signed for the studio."


def who(actor: str) -> str:
    """Who an actor is, in words."""
    return "the system" if actor == "system" else actor.partition(":")[2] or actor


def midnight(day: date | None) -> datetime:
    """The beginning of a day, for what is known by its day alone."""
    return datetime.combine(day or date.min, time(), UTC)


def iso(moment: datetime) -> str:
    """A moment as evidence states it: ISO 8601 in UTC."""
    return moment.astimezone(UTC).isoformat()
