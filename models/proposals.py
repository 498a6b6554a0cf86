"""Versions of a proposal: made from estimate and brief, revised by hand, shown."""

import base64
import mimetypes
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from sqlmodel import Session

from models import compose, documents, inbox, next_deal, pricing
from models.answers import ProposalAnswer
from models.company import Company
from models.errors import Missing, Refused
from models.estimates import Estimate
from models.pages import Accepted, ProposalDocument
from models.proposal import Snapshot
from models.tables import Client, Deal, Document, Effect, Fact
from models.totals import selected, totals


@dataclass(frozen=True)
class Revision:
    """What an operator changes: likely hours by line, percent of discount (None: as it was), texts by section, and why."""

    hours: dict[str, float] = field(default_factory=dict)
    discount: float | None = None
    texts: dict[str, str] = field(default_factory=dict)
    reason: str = ""


def publish(session: Session, company: Company, deal: Deal, *, now: datetime, made_by: str, changes: list[str] | None = None) -> Document:
    """The proposal of the newest estimate: the version there is, or the next one. One estimate gives one version."""
    estimate_document = documents.latest(session, deal.id or 0, "estimate")
    if estimate_document is None:
        raise Missing(f"Deal {deal.id} has no estimate yet.")
    known, estimate = documents.latest(session, deal.id or 0, "proposal"), Estimate.model_validate(estimate_document.body)
    texts = known.made_from.get("texts", {}) if known else next_deal.texts(session, company, deal, estimate.inputs.answers)
    made_from = {"estimate": estimate_document.version, "texts": texts}
    if known and known.made_from == made_from and known.round == deal.round and known.state in {"live", "frozen"}:
        return known
    snapshot = _compose(session, company, deal, estimate, texts, now)
    told = changes
    if told is None:
        told = compose.differences(Snapshot.model_validate(known.body), snapshot) if known else []
    made = documents.add_version(
        session, deal, "proposal", snapshot.model_dump(mode="json"), made_by=made_by, now=now, changes=told, made_from=made_from
    )
    brief = newer_brief(session, estimate_document)
    if brief:
        inbox.mark_stale(session, made, brief.version, now=now)
    return made


def letter(deal_id: int, version: int) -> str:
    """The key of the letter with which a version goes out."""
    return f"deal/{deal_id}/proposal/v{version}/mail"


def first_mailed(session: Session, deal: Deal) -> Document | None:
    """The first version of the deal's round whose letter was ordered; None before."""
    mine = (one for one in documents.all_of(session, deal.id or 0) if one.kind == "proposal" and one.round == deal.round)
    return next((one for one in mine if session.get(Effect, letter(deal.id or 0, one.version))), None)


def newer_brief(session: Session, estimate: Document) -> Document | None:
    """The brief that was sent after the one this estimate was counted from, if there is one."""
    brief = documents.latest(session, estimate.deal_id, "brief")
    return brief if brief and brief.version > estimate.made_from.get("brief", 0) else None


def revise(
    session: Session, company: Company, deal: Deal, revision: Revision, *, who: str, now: datetime, keep: bool
) -> tuple[Snapshot, list[str]]:
    """The proposal as `revision` makes it, and what differs in sentences; kept as the next version if `keep`.

    A brief sent since the last estimate is counted anew first. Raises Refused once the proposal has been accepted, Invalid for hours,
    discounts or texts that cannot be.
    """
    before = documents.latest(session, deal.id or 0, "proposal")
    if before is None:
        raise Missing(f"Deal {deal.id} has no proposal to revise.")
    if before.state != "live":
        raise Refused(f"The proposal of deal {deal.id} is {before.state}; it cannot be revised.")
    estimate = _revised(session, company, deal, revision, who)
    texts = {**before.made_from.get("texts", {}), **{key: text for key, text in revision.texts.items() if text.strip()}}
    snapshot = _compose(session, company, deal, estimate, texts, now)
    changes = compose.differences(Snapshot.model_validate(before.body), snapshot)
    if keep:
        brief = documents.latest(session, deal.id or 0, "brief")
        made = documents.add_version(
            session, deal, "estimate", estimate.model_dump(mode="json"), made_by=who, why=revision.reason or "revised", now=now,
            made_from={"brief": brief.version if brief else 0},
        )  # fmt: skip
        documents.add_version(
            session, deal, "proposal", snapshot.model_dump(mode="json"), made_by=who, now=now, why=revision.reason, changes=changes,
            made_from={"estimate": made.version, "texts": texts},
        )  # fmt: skip
    return snapshot, changes


def _revised(session: Session, company: Company, deal: Deal, revision: Revision, who: str) -> Estimate:
    document = documents.latest(session, deal.id or 0, "estimate")
    if document is None:
        raise Missing(f"Deal {deal.id} has no estimate yet.")
    estimate, brief = Estimate.model_validate(document.body), newer_brief(session, document)
    if brief:
        anew = pricing.estimate(company.rates, deal.service, brief.body["answers"], company.briefs[deal.service])
        kept = {"changes": estimate.inputs.changes, "discount_percent": estimate.inputs.discount_percent}
        known = {line.slug for line in (*anew.lines, *anew.options)}
        kept["changes"] = [change for change in kept["changes"] if change.slug in known]
        inputs = anew.inputs.model_copy(update={**kept, "discount_reason": estimate.inputs.discount_reason})
        estimate = pricing.compute(anew.rules, inputs)
    if revision.hours:
        estimate = pricing.change_hours(estimate, revision.hours, revision.reason, who)
    if revision.discount is not None:
        estimate = pricing.discount(estimate, revision.discount, revision.reason)
    return estimate


def _compose(session: Session, company: Company, deal: Deal, estimate: Estimate, texts: dict[str, str], now: datetime) -> Snapshot:
    client = session.get_one(Client, deal.client_id)
    version = documents.next_version(session, deal.id or 0, "proposal")
    return compose.compose(
        company, estimate, estimate.inputs.answers, deal_id=deal.id or 0, version=version, number=f"P-{deal.id or 0:04d}-{version}",
        client_name=client.name, client_company=client.company, salesperson_email=deal.salesperson,
        today=company.studio.today(now), locale=deal.locale or company.studio.locale, texts=texts,
    )  # fmt: skip


def shown(session: Session, company: Company, document: Document, *, selection: list[str], link: str) -> ProposalDocument:
    """A version as page and PDF show it, with these options ticked; a frozen one with those it was accepted with."""
    snapshot = Snapshot.model_validate(document.body)
    ticked = document.selection if document.state == "frozen" else selection
    return ProposalDocument(
        snapshot=snapshot, totals=totals(snapshot, ticked), plain_totals=totals(snapshot, []), selected=selected(snapshot, ticked),
        zone=company.studio.zone, logo=logo(company), link=link, accepted=_accepted(session, document),
    )  # fmt: skip


def _accepted(session: Session, document: Document) -> Accepted | None:
    if document.frozen_at is None or document.frozen_by is None:
        return None
    answer = ProposalAnswer.model_validate(session.get_one(Fact, document.frozen_by).payload)
    return Accepted(name=answer.name, at=document.frozen_at, digest=document.body_hash)


def logo(company: Company) -> str:
    """The studio's logo as a data: address; "" without one."""
    name = company.studio.brand.logo
    path = (company.folder / name).resolve()
    if not name or not path.is_relative_to(Path(company.folder).resolve()) or not path.is_file():
        return ""
    kind = mimetypes.guess_type(path.name)[0] or "image/png"
    return f"data:{kind};base64,{base64.b64encode(path.read_bytes()).decode()}"
