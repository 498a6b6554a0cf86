"""Every question that this code asks, by stage: a deal that waits at another one would wait for ever, so the system does not start over it.

A new release may ask anew, in new places, under new keys. To take a key away, first let no deal wait there: end the waits with the release
before, or rename them in a migration. What comes from a project's own plan (its stages, its materials) is held against that plan, which was
frozen when the project began: `delivery.toml` may change at any time.
"""

from collections.abc import Iterable

from sqlmodel import Session, col, select

from models.answers import BY_KIND
from models.delivery_tables import Project
from models.stages import Stage
from models.tables import Client, Deal, Wait

KEYS: dict[Stage, frozenset[str]] = {
    Stage.INTAKE: frozenset({"minimum"}),
    Stage.BRIEF: frozenset({"brief"}),
    Stage.ESTIMATE: frozenset({"review"}),
    Stage.PROPOSAL: frozenset({"answer"}),
    Stage.CONTRACT: frozenset({"details", "word", "countersign"}),
    Stage.INVOICE: frozenset(),
    Stage.PAYMENT: frozenset({"money"}),
    Stage.KICKOFF: frozenset(),
    Stage.MATERIALS: frozenset({"materials"}),
    Stage.PRODUCTION: frozenset(),
    Stage.LAUNCH: frozenset({"launch", "act", "mended"}),
    Stage.NEXT_STEPS: frozenset({"look"}),
    Stage.HANDOVER: frozenset({"handover", "training", "access"}),
    Stage.REVIEW: frozenset({"review"}),
    Stage.CLOSING: frozenset(),
}
OUTAGE = "outage/"
"""Pauses while a vendor is away, named after the step that waits. They are over when the stage gets any further."""
WHAT_TO_DO = (
    "Start the release before and let these deals be answered, or closed, there; or bring a migration that renames these waits. Nothing was started."
)


def known(stage: str, key: str) -> str:
    """The key, if it is declared here. A stage that asks under another one is a mistake of the code's."""
    if stage not in {Stage.MATERIALS, Stage.PRODUCTION} and key not in KEYS[Stage(stage)]:
        raise RuntimeError(f"The stage {stage} asks under the key {key!r}, which models.wait_keys does not list.")
    return key


def unknown(session: Session) -> list[str]:
    """Open waits that no line of this code comes back to, a sentence each: which deal, whose, where it waits and for what."""
    rows = session.exec(
        select(Wait, Client).join(Deal, col(Deal.id) == Wait.deal_id).join(Client, col(Client.id) == Deal.client_id)
        .where(col(Wait.closed_at).is_(None)).order_by(col(Wait.id))
    ).all()  # fmt: skip
    plans = _planned(session, {wait.deal_id for wait, _ in rows if wait.stage in {Stage.MATERIALS, Stage.PRODUCTION}})
    told = []
    for wait, client in rows:
        if why := _strange(wait, plans.get((wait.deal_id, wait.round), frozenset())):
            told.append(f"Deal {wait.deal_id} ({client.company or client.name}) waits in {wait.stage} for {wait.what}: {why}.")
    return told


def _strange(wait: Wait, planned: frozenset[str]) -> str:
    """Why nobody comes back to a wait; "" when somebody does."""
    name = wait.key.partition("#")[0]
    if wait.stage not in set(Stage):
        return f"this release has no stage {wait.stage}"
    if not name.startswith(OUTAGE) and name not in KEYS[Stage(wait.stage)] and f"{wait.stage}/{name}" not in planned:
        return f"this release has no wait {name!r} there"
    strange = [kind for kind in wait.kinds if kind not in BY_KIND]
    return f"this release knows no answer {', '.join(strange)}" if strange else ""


def _planned(session: Session, deals: Iterable[int]) -> dict[tuple[int, int], frozenset[str]]:
    """The keys that projects' own plans ask under, by deal and round."""
    found = {}
    for project in session.exec(select(Project).where(col(Project.deal_id).in_(list(deals)))):
        stages = {f"{Stage.PRODUCTION}/{one['slug']}" for one in project.plan.get("stages", [])}
        materials = {f"{Stage.MATERIALS}/material-{one['slug']}" for one in project.plan.get("materials", [])}
        found[project.deal_id, project.round] = frozenset(stages | materials)
    return found
