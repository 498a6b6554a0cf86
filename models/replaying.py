"""An application that was kept and started nothing, started after all by somebody's word: a suspected robot's, or one that got stuck."""

from datetime import datetime

from sqlmodel import Session, col, select

from models import facts, wanted
from models.answers import Application
from models.errors import Missing, Refused
from models.facts import News
from models.stages import LIVE, RunState, Stage
from models.tables import Fact, StageRun

SUSPECTED = "application.suspected"
REPLAYED = "application.replayed"


def replay(session: Session, application_id: int, reason: str, *, key: str, actor: str, now: datetime) -> Fact:
    """Start the intake of an application; return the application that is carried on. The same `key` again changes nothing.

    A suspected robot's becomes an application of its own, with the same words; the suspected one stays as it came. Raises Missing for what is
    no application, Refused for one that has a deal or whose intake is under way.
    """
    fact = session.get(Fact, application_id)
    if fact is None or fact.kind not in {Application.kind, SUSPECTED}:
        raise Missing(f"There is no application {application_id}.")
    known = facts.find(session, "operator", key)
    if known:
        return session.get_one(Fact, known.payload["carried"])
    carried = _cleared(session, fact, actor, now) if fact.kind == SUSPECTED else fact
    row = _row(session, carried)
    session.refresh(carried)  # under the row's lock: a Retry in Prefect may have begun the run, or carried it to its deal
    if carried.deal_id:
        raise Refused(f"Application {application_id} is deal {carried.deal_id}: there is nothing to start.")
    if row and row.state in LIVE and row.state != RunState.FAILED:
        raise Refused(f"The intake of application {application_id} is under way: it is {row.state}.")
    payload = {"application": application_id, "carried": carried.id, "reason": reason}
    told, _ = facts.keep(session, News(kind=REPLAYED, source="operator", external_id=key, actor=actor, payload=payload), now=now)
    if row and row.state == RunState.FAILED:
        wanted.succeed(session, row, now=now, why=reason)
    else:
        wanted.want(session, Stage.INTAKE, application=carried, fact=told, now=now)
    return carried


def _cleared(session: Session, suspected: Fact, actor: str, now: datetime) -> Fact:
    """The application that a suspected one becomes, once."""
    payload = {name: told for name, told in suspected.payload.items() if name != "suspect"}
    news = News(
        kind=Application.kind, source="operator", external_id=f"application/{suspected.id}/cleared", actor=actor, payload=payload,
        happened_at=suspected.happened_at,
    )  # fmt: skip
    return facts.keep(session, news, now=now)[0]


def _row(session: Session, application: Fact) -> StageRun | None:
    """The newest row of an application's intake, which nobody else changes until this transaction ends."""
    mine = select(StageRun).where(StageRun.application_id == application.id).with_for_update()
    return session.exec(mine.order_by(col(StageRun.id).desc()).execution_options(populate_existing=True)).first()
