"""Steps behind the operators' forms: each records a fact, with who and why; what follows is the rules' business."""

from typing import Any

from prefect.artifacts import create_markdown_artifact
from sqlmodel import Session, col, select

from models import attempts, facts, inbox, letters, links, proposals, waiting
from models.answers import BY_KIND, Answer, Noted, ProposalRevised
from models.cash_tables import Invoice
from models.errors import Missing, Refused
from models.letters import LetterOrder
from models.proposal import Snapshot
from models.proposals import Revision
from models.tables import Deal
from models.totals import totals
from tasks import effects
from tasks.step import step
from tasks.world import world


@step
def record(deal_id: int, answer: dict[str, Any], kind: str, who: str, key: str) -> str:
    """Record an operator's fact once per run of the form; return where the deal stands. Raises Refused where it makes no sense."""
    here = world()
    typed: Answer = BY_KIND[kind].model_validate(answer)
    refused = attempts.written_down(here.db, deal_id, attempts.what_of(typed), f"staff:{who}", here.now())
    with refused, here.db.writing() as session:
        inbox.tell(session, deal_id, typed, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
        return session.get_one(Deal, deal_id).sales


@step
def register(application: dict[str, Any], who: str, key: str) -> int:
    """Keep a lead that somebody typed in; return the application's number. Raises Refused for a service we do not sell."""
    here = world()
    if application["service"] not in here.company.rates.services:
        raise Refused(f'We do not offer "{application["service"]}"; services are {", ".join(here.company.rates.services)}.')
    with here.db.writing() as session:
        fact, _ = inbox.apply(session, application, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
        return fact.id or 0


@step
def revise(deal_id: int, revision: dict[str, Any], who: str, key: str, *, keep: bool) -> dict[str, Any]:
    """What a revision changes: {changes, shown: the whole in Markdown}; with `keep` it is the next version, and the stage is told."""
    here = world()
    with here.db.writing() as session:
        if session.get(Deal, deal_id) is None:
            raise Missing(f"There is no deal {deal_id}.")
        deal = waiting.lock(session, deal_id)  # nobody accepts what is being replaced
        if facts.find(session, "operator", key):
            return {"changes": [], "shown": ""}
        typed = Revision(**revision)
        snapshot, changes = proposals.revise(session, here.company, deal, typed, who=who, now=here.now(), keep=keep)
        if keep:
            answer = ProposalRevised(version=snapshot.version)
            inbox.tell(session, deal_id, answer, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
    return {"changes": changes, "shown": _shown(snapshot, changes, keep=keep)}


@step
def show_revision(deal_id: int, shown: str) -> None:
    """Keep a revision's Markdown as an artifact, where operators look."""
    if shown:
        create_markdown_artifact(shown, key=f"revision-deal-{deal_id}", description=f"Proposal of deal {deal_id}")


def _shown(snapshot: Snapshot, changes: list[str], *, keep: bool) -> str:
    worth = totals(snapshot, [])
    said = "Published." if keep else "Not published yet: run it again with *publish* ticked."
    head = f"# {snapshot.title}, version {snapshot.version}\n\n{said}"
    lines = "\n".join(f"| {line.title} | {line.net.format(snapshot.locale)} |" for line in snapshot.lines)
    told = "\n".join(f"- {change}" for change in changes) or "Nothing changes."
    net, gross = worth.net.format(snapshot.locale), worth.gross.format(snapshot.locale)
    table = f"| line | net |\n| --- | ---: |\n{lines}\n| **total** | **{net}** (with VAT {gross}) |\n"
    return f"{head}\n\n## What changes\n\n{told}\n\n## Lines\n\n{table}"


@step
def settle_effect(effect: str, who: str, key: str, *, went_out: bool, reason: str = "") -> str:
    """Write a person's word on an unknown effect, once per run of the form (`key`); return the effect's state by now."""
    return effects.decide(effect, went_out=went_out, who=who, run=key, reason=reason).state


OWNERS = {
    "approve": "project_manager", "countersign": "director", "work": "project_manager", "project-staff": "project_manager",
    "act-staff": "project_manager",
}  # fmt: skip
"""Whose page a link of the studio's own opens, where that is not the salesperson: it goes where the first one went."""


@step
def renew_link(deal_id: int, kind: str, who: str, key: str, *, reason: str = "") -> str:
    """Revoke a deal's link of a kind and order a letter with the new one; return the order's key. The link itself is shown to nobody.

    A page of the client's goes to the client, one of the studio's to the colleague whose page it is. Raises Missing for a deal that is not there,
    and for a page that nobody has a link to: it would be the first one, and there may be nothing to see.
    """
    here = world()
    with here.db.writing() as session:
        if session.get(Deal, deal_id) is None:
            raise Missing(f"There is no deal {deal_id}.")
        pages, is_staffs = _pages(session, deal_id, kind), kind in links.STAFF
        if not any(links.was_given(session, page, deal_id) for page in pages):
            raise Missing(f"Nobody has a link to the {kind} page of deal {deal_id} yet.")
        text = Noted(text=f"The link to the {kind} page was revoked and a new one sent. {reason}".strip())
        fact, new = inbox.tell(session, deal_id, text, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
        for page in pages if new else []:
            links.revoke(session, page, deal_id, now=here.now())
        name, to = ("link-replaced-staff", OWNERS.get(kind, "salesperson")) if is_staffs else ("link-replaced", "client")
        order = LetterOrder(name=name, deal_id=deal_id, to=to, links={"link": pages[-1]})
        return letters.plan(session, f"deal/{deal_id}/link/{fact.id}", order, now=here.now()).key


def _pages(session: Session, deal_id: int, kind: str) -> list[str]:
    """The kinds of links that are meant; of invoices each has its own, the newest comes last. Raises Missing before there is one."""
    if kind not in {"invoice", "invoice-staff"}:
        return [kind]
    numbers = session.exec(select(Invoice.id).where(Invoice.deal_id == deal_id).order_by(col(Invoice.id))).all()
    if not numbers:
        raise Missing(f"Deal {deal_id} has no invoice yet.")
    return [f"{kind}:{number}" for number in numbers]
