"""Versions of a contract: made from the accepted proposal, frozen when sent, made anew by hand, shown.

    frozen ──▶ signed ──▶ (countersigned)
       │          └──▶ void   the studio refused
       └──▶ void              a newer version is out
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlmodel import Session

from models import contract_body, contract_parties, documents
from models.answers import ProposalAnswer
from models.cash_answers import ContractDetails
from models.cash_pages import ContractDocument
from models.company import Company
from models.contract import ContractBody
from models.contract_body import Agreed
from models.contract_changes import differences
from models.contract_evidence import evidence
from models.contract_state import NOUN, of_round
from models.errors import Missing, Refused
from models.proposal import Snapshot, Totals
from models.proposals import logo
from models.tables import Client, Deal, Document, Fact

__all__ = ["Agreed", "Revision", "details_known", "differences", "evidence", "publish", "revise", "shown"]

STANDARD = "="
"""A text that takes the studio's own words again."""


@dataclass(frozen=True)
class Revision:
    """What an operator changes after sending: texts by key (as `contract_body.compose` takes them), details of the client, who signs, why."""

    texts: dict[str, str] = field(default_factory=dict)
    details: dict[str, str] = field(default_factory=dict)
    signer: str = ""
    reason: str = ""


def details_known(client: Client) -> bool:
    """Whether the client has said who the contracting party is, here or for an earlier deal."""
    return contract_parties.details_of(client) is not None


def publish(
    session: Session,
    company: Company,
    deal: Deal,
    *,
    now: datetime,
    made_by: str,
    changes: list[str] | None = None,
    texts: Mapping[str, str] | None = None,
    signer: str | None = None,
    reason: str = "",
) -> Document:
    """The contract of the accepted proposal and the client's details, frozen: the version there is, or the next one; the one before is void.

    Same details, proposal, texts and round give the same version. `texts` and `signer` are those of the version before unless given.
    Raises Missing without an accepted proposal or details, Refused once a version is signed.
    """
    before = of_round(session, deal)
    own = dict(before.made_from["texts"] if before and texts is None else texts or {})
    named = (before.made_from["signer"] if before else "") if signer is None else signer
    agreed, proposal = _agreed(session, company, deal, own)
    made_from = {"proposal": proposal.version, "details": agreed.details.model_dump(), "texts": own, "signer": named}
    if before and before.made_from == made_from and before.state in {"frozen", "signed"}:
        return before
    if before and before.state == "signed":
        raise Refused(f"Contract {before.body['number']} is signed; a change now is a new agreement.")
    version = documents.next_version(session, deal.id or 0, NOUN)
    body = _compose(company, deal, agreed, version, now)
    told = changes
    if told is None:
        told = differences(ContractBody.model_validate(before.body), body) if before else body.changes
    if before:
        before.state = "void"
        session.add(before)
    made = documents.add_version(
        session, deal, NOUN, body.model_dump(mode="json"), made_by=made_by, now=now, why=reason, changes=told, made_from=made_from
    )
    made.state, made.frozen_at = "frozen", now
    session.add(made)
    return made


def revise(
    session: Session, company: Company, deal: Deal, revision: Revision, *, who: str, now: datetime, keep: bool
) -> tuple[ContractBody, list[str]]:
    """The contract as `revision` makes it, and what differs in sentences; with `keep` it is the next version and the one before is void.

    Raises Missing before there is one, Refused once it is signed or when nothing would change, Invalid for what cannot be filled in.
    """
    before = of_round(session, deal)
    if before is None:
        raise Missing(f"Deal {deal.id} has no contract to revise.")
    if before.state == "signed":
        raise Refused(f"Contract {before.body['number']} is signed; a change now is a new agreement.")
    client = session.get_one(Client, deal.client_id)
    details = contract_parties.changed(client, revision.details)
    given = before.made_from["texts"] | {key: text.strip() for key, text in revision.texts.items() if text.strip()}
    texts = {key: text for key, text in given.items() if text != STANDARD}
    signer = contract_parties.signer(revision.signer) or before.made_from["signer"]
    agreed, _ = _agreed(session, company, deal, texts, details)
    body = _compose(company, deal, agreed, documents.next_version(session, deal.id or 0, NOUN), now)
    changes = differences(ContractBody.model_validate(before.body), body)
    if signer != before.made_from["signer"]:
        changes.append(f"{signer} may sign it too.")
    if keep:
        if not changes and before.state == "frozen":
            raise Refused("This would change nothing that the client sees; the version that is out stays.")
        client.details = details
        session.add(client)
        publish(session, company, deal, now=now, made_by=who, changes=changes, texts=texts, signer=signer, reason=revision.reason)
    return body, changes


def shown(session: Session, company: Company, document: Document, *, link: str) -> ContractDocument:  # noqa: ARG001 (as proposals.shown)
    """A version as page and PDF show it."""
    body = ContractBody.model_validate(document.body)
    return ContractDocument(body=body, zone=company.studio.zone, logo=logo(company), link=link, digest=document.body_hash)


def _agreed(
    session: Session, company: Company, deal: Deal, texts: Mapping[str, str], details: Mapping[str, object] | None = None
) -> tuple[Agreed, Document]:
    proposal = documents.latest(session, deal.id or 0, "proposal")
    if proposal is None or proposal.state != "frozen" or proposal.round != deal.round or proposal.frozen_by is None or proposal.frozen_at is None:
        raise Missing(f"Deal {deal.id} has no accepted proposal yet.")
    client = session.get_one(Client, deal.client_id)
    known = ContractDetails.model_validate(details) if details else contract_parties.details_of(client)
    if known is None:
        raise Missing(f"The client of deal {deal.id} has not said yet who the contracting party is.")
    answer = ProposalAnswer.model_validate(session.get_one(Fact, proposal.frozen_by).payload)
    agreed = Agreed(
        snapshot=Snapshot.model_validate(proposal.body), digest=proposal.body_hash, selection=proposal.selection,
        totals=Totals.model_validate(proposal.totals), accepted_by=answer.name or client.name, client=client, details=known, texts=texts,
        accepted_on=company.studio.today(proposal.frozen_at),
    )  # fmt: skip
    return agreed, proposal


def _compose(company: Company, deal: Deal, agreed: Agreed, version: int, now: datetime) -> ContractBody:
    today = company.studio.today(now)
    return contract_body.compose(company, agreed, number=f"C-{deal.id or 0:04d}-{version}", version=version, today=today)
