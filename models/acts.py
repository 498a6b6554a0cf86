"""Versions of an act of acceptance: made when the work is launched, frozen when sent, made anew when faults are mended, shown."""

from collections.abc import Iterator
from datetime import datetime

from sqlmodel import Session

from models import act_body, contract_state, documents, facts, projects
from models.act import ActBody, FaultMended
from models.act_body import Launched
from models.act_pages import ActDocument
from models.act_state import ACCEPTED, NOUN, newest, of_round, signature, told
from models.company import Company
from models.delivery_answers import ActFaults, FaultsMended, LaunchChecked
from models.errors import Missing, Refused
from models.proposals import logo
from models.stages import Stage
from models.tables import Deal, Document, Fact

__all__ = ["NOUN", "newest", "publish", "shown", "signature"]


def publish(session: Session, company: Company, deal: Deal, showing: int, *, now: datetime) -> Document:
    """The `showing`-th version of the act in the deal's round, from 1: the one there is, or the next, frozen; the one before is void.

    Raises Missing before the launch's checklist is done, Refused once the work is accepted.
    """
    known = of_round(session, deal)
    if showing <= len(known):
        return known[showing - 1]
    if known and known[-1].state in ACCEPTED:
        raise Refused(f"Act {known[-1].body['number']} is accepted; there is nothing to make anew.")
    launched = _launched(session, company, deal)
    contract = launched.contract
    version = documents.next_version(session, deal.id or 0, NOUN)
    body = act_body.compose(session, company, launched, version=version, now=now)
    made_from = {"contract": contract.version, "fact": launched.done.id, "signer": contract.made_from.get("signer", "")}
    for document in known:
        document.state = "void"
        session.add(document)
    made = documents.add_version(session, deal, NOUN, body.model_dump(mode="json"), made_by="system", now=now, made_from=made_from)
    made.state, made.frozen_at = "frozen", now
    session.add(made)
    return made


def _launched(session: Session, company: Company, deal: Deal) -> Launched:
    contract, about = contract_state.of_round(session, deal), facts.subject(deal.id or 0, deal.round, Stage.LAUNCH)
    launch = [fact for fact in facts.of_deal(session, deal.id or 0, LaunchChecked.kind) if fact.subject == about]
    if contract is None or not launch:
        raise Missing(f"The launch of deal {deal.id} is not done yet.")
    mended = told(session, deal, FaultsMended.kind)
    done = mended[-1] if mended else launch[-1]
    faults = tuple(_mended(company, told(session, deal, ActFaults.kind, FaultsMended.kind)))
    return Launched(
        contract=contract, stand=projects.stand(session, deal), launch=launch[-1], done=done, note=str(done.payload["note"]), faults=faults
    )  # fmt: skip


def _mended(company: Company, told: list[Fact]) -> Iterator[FaultMended]:
    """Each list of faults with the word that ended it."""
    named: list[Fact] = []
    for fact in told:
        if fact.kind == ActFaults.kind:
            named.append(fact)
            continue
        note, today = FaultsMended.model_validate(fact.payload).note, company.studio.today(fact.happened_at)
        for one in named:
            said, on = ActFaults.model_validate(one.payload), company.studio.today(one.happened_at)
            yield FaultMended(version=said.version, text=said.text, by=said.name, named_on=on, mended_on=today, note=note)
        named = []


def shown(company: Company, document: Document, *, link: str) -> ActDocument:
    """A version as page and PDF show it."""
    body = ActBody.model_validate(document.body)
    return ActDocument(body=body, zone=company.studio.zone, logo=logo(company), link=link, digest=document.body_hash)
