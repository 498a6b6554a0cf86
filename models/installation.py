r"""Which installation this is: an id in our database, and the same in Prefect's, so that neither acts on the other's runs.

    ours \ Prefect's    the same     none, no runs     none, runs              another
    an id               go on        claim it          of ours: claim; else no  refused
"""

from datetime import datetime
from typing import Any

from sqlmodel import Session, col, select

from models.tables import Fact, StageRun

SOURCE = "studio"
INSTALLED, RESTORED = "studio.installed", "studio.restored"
REFUSED = (
    "Prefect's database belongs to another installation than ours: its runs are of deals that our database does not know, so nothing is started. "
    "If ours is the wrong one, give STUDIO_HOME or STUDIO_DATABASE_URL of the right one, or restore its backup. If ours is right, let "
    "Prefect forget those runs: ./studio reconcile --forget"
)


def identity(session: Session, fresh: str, *, now: datetime) -> str:
    """This installation's id; `fresh` becomes it when there is none yet. A restored database is another installation than it was."""
    known = session.exec(select(Fact).where(col(Fact.kind).in_([INSTALLED, RESTORED])).order_by(col(Fact.id).desc())).first()
    if known:
        return str(known.payload["id"])
    note(session, INSTALLED, INSTALLED, {"id": fresh}, now=now)
    return fresh


def note(session: Session, kind: str, external_id: str, payload: dict[str, Any], *, now: datetime) -> Fact:
    """Keep a fact about the installation itself."""
    fact = Fact(kind=kind, source=SOURCE, external_id=external_id, actor="system", payload=payload, happened_at=now, known_at=now)
    session.add(fact)
    session.flush()
    return fact


def knows_any(session: Session, flow_run_ids: list[str]) -> bool:
    """Whether any of these runs is one of ours."""
    return session.exec(select(StageRun.id).where(col(StageRun.flow_run_id).in_(flow_run_ids)).limit(1)).first() is not None


def refusal(ours: str, theirs: str, *, has_runs: bool, knows_one: bool) -> str:
    """Why we must not act on what this Prefect holds; "" when we may. `theirs` is "" where Prefect was never claimed."""
    if theirs == ours or (not theirs and (not has_runs or knows_one)):
        return ""
    return REFUSED
