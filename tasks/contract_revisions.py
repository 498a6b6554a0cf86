"""The steps behind the operators' form that revises a contract: shown as a difference first, then published."""

from typing import Any

from prefect.artifacts import create_markdown_artifact

from models import contracts, facts, inbox
from models.cash_answers import ContractRevised
from models.contract import ContractBody
from models.contracts import Revision
from models.errors import Missing
from models.markdown import plain
from models.tables import Deal
from tasks.step import step
from tasks.world import world

LONG = 20_000


@step
def revise_contract(deal_id: int, revision: dict[str, Any], who: str, key: str, *, keep: bool) -> dict[str, Any]:
    """What a revision changes: {changes, shown: the whole in Markdown}; with `keep` it is the next version, and the stage is told."""
    here = world()
    with here.db.writing() as session:
        deal = session.get(Deal, deal_id, with_for_update=True)
        if deal is None:
            raise Missing(f"There is no deal {deal_id}.")
        if facts.find(session, "operator", key):
            return {"changes": [], "shown": ""}
        body, changes = contracts.revise(session, here.company, deal, Revision(**revision), who=f"staff:{who}", now=here.now(), keep=keep)
        if keep:
            answer = ContractRevised(version=body.version)
            inbox.tell(session, deal_id, answer, source="operator", external_id=key, actor=f"staff:{who}", now=here.now())
    return {"changes": changes, "shown": _shown(body, changes, keep=keep)}


@step
def show_contract(deal_id: int, shown: str) -> None:
    """Keep a revision's Markdown as an artifact, where operators look."""
    if shown:
        create_markdown_artifact(shown, key=f"contract-deal-{deal_id}", description=f"Contract of deal {deal_id}")


def _shown(body: ContractBody, changes: list[str], *, keep: bool) -> str:
    said = "Published." if keep else "Not published yet: run it again with *publish* ticked."
    told = "\n".join(f"- {plain(change)}" for change in changes) or "Nothing changes that the client sees."
    plan = "\n".join(f"| {one.part} | {plain(one.title)} | {plain(one.when)} | {one.gross.format(body.locale)} |" for one in body.schedule)
    scope = "\n".join(f"- {plain(item.title)}: {item.quantity} × {plain(item.unit)}. {plain(item.description, LONG)}" for item in body.scope)
    clauses = "\n\n".join(f"### {plain(clause.title)}\n\n" + "\n\n".join(plain(one, LONG) for one in clause.paragraphs) for clause in body.clauses)
    return (
        f"# {plain(body.title)}, {body.number}\n\n{said}\n\n## What changes\n\n{told}\n\n## Payments\n\n"
        f"| part | title | when | with VAT |\n| ---: | --- | --- | ---: |\n{plan}\n\n## Scope\n\n{scope}\n\n## Clauses\n\n{clauses}\n"
    )
