"""A project as its manager sees it: where it stands, and what is theirs to say now."""

from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, select

from api import project_parts, project_view
from api.door import Door
from api.links import Opened
from api.project_view import Asked, Seen
from models import links, project_history, project_line, uploads
from models.after_answers import AccessListed
from models.delivery_answers import ActFaults, DateMoved
from models.delivery_tables import TimeEntry
from models.pages import Form
from models.project_pages import StageView
from models.projects import Stand
from models.tables import Client
from models.whose_move import Duties, duties, launch_of
from models.work_pages import AccessLine, StageHours, WorkPage

SPARE_ROWS = 2
"""Empty rows at the end of the inventory, for what the list does not name."""


def page(session: Session, here: Door, link: Opened, asked: Asked) -> WorkPage:
    """The page as things stand."""
    seen = project_view.see(session, here, project_view.there(session, link.deal_id))
    stand, deal = seen.stand, seen.stand.deal
    may, client = duties(stand), session.get_one(Client, deal.client_id)
    files = uploads.of_deal(session, link.deal_id)
    manager = here.company.studio.person(stand.project.manager)
    return WorkPage(
        chrome=here.chrome, token=link.token, deal_id=link.deal_id, title=stand.plan.title, service_name=stand.plan.service_name,
        client_name=client.name, client_company=client.company, client_email=client.email, client_phone=client.phone,
        manager=manager.name if manager else "", state=seen.state, on_hold=deal.held_since is not None,
        paused_for=project_line.paused_for(stand.facts), turn=project_view.turn_view(here, seen), promise=seen.promise, stages=seen.lines,
        materials=project_parts.materials(stand, seen.turn, seen.lines, files, f"/w/{link.token}/files"), may_check=list(may.check),
        may_waive=list(may.waive), may_move=may.date, moves=sum(fact.kind == DateMoved.kind for fact in stand.facts),
        **_stage(session, here, seen, may), **_launch(stand, may), **_access(stand, may, asked.form), **_hours(session, stand),
        client_link=links.given(session, here.secret, "project-staff", link.deal_id), tracker_link=stand.project.tracker_url,
        history=project_history.newest(stand, is_staff=True, most=10), people=[person.name for person in here.office],
        changed=asked.is_late, refused=asked.refused, lost=asked.lost, about=asked.about, form=asked.form,
    )  # fmt: skip


def has_faults(stand: Stand) -> bool:
    """Whether the client has named faults that nobody has mended."""
    return launch_of(stand.facts) == "faults"


def _stage(session: Session, here: Door, seen: Seen, may: Duties) -> dict[str, Any]:
    """The current stage: to be shown, to be priced, or being looked at by the client."""
    stage = seen.stand.current
    if stage is None or not (may.show or stage.version):
        return {}
    shown: StageView | None = project_view.stage_view(session, here, seen)
    line = next(line for line in seen.lines if line.slug == stage.slug)
    return {
        "stage": line, "shown": shown, "versions": stage.version, "url": stage.url, "may_show": bool(may.show), "may_price": bool(may.price),
        "asks_approval": stage.plan.approval, "offers": len(stage.offers), "change": project_view.change_view(session, here, seen),
        "currency": here.company.studio.currency,
    }  # fmt: skip


def _launch(stand: Stand, may: Duties) -> dict[str, Any]:
    """The launch checklist, or what the client named in place of signing the act."""
    told = [fact for fact in stand.facts if fact.kind == ActFaults.kind]
    faults = str(told[-1].payload["text"]) if told and may.mend else ""
    return {"may_launch": may.launch, "checklist": stand.plan.checklist if may.launch else [], "faults": faults, "faults_number": len(told)}


def _access(stand: Stand, may: Duties, typed: Form) -> dict[str, Any]:
    """The inventory: as it was listed last, else what the plan names; with what is being typed there are as many rows as were."""
    told = [fact for fact in stand.facts if fact.kind == AccessListed.kind]
    if told:
        rows = [AccessLine.model_validate(item.model_dump()) for item in AccessListed.model_validate(told[-1].payload).items]
    else:
        rows = [AccessLine(what=what) for what in stand.plan.access]
    posted = sum(name.startswith("what_") for name in typed.given)
    spare = max(SPARE_ROWS if may.access else 0, posted - len(rows))
    return {"may_list": may.access, "is_listed": bool(told), "access": [*rows, *[AccessLine(what="")] * spare] if may.access or told else []}


def _hours(session: Session, stand: Stand) -> dict[str, Any]:
    """Hours so far, of each stage and in all; nothing as long as nobody has told any."""
    mine = select(TimeEntry).where(
        TimeEntry.deal_id == stand.deal.id, TimeEntry.round == stand.deal.round, col(TimeEntry.deleted_at).is_(None)
    )
    minutes: dict[str, int] = {}
    for entry in session.exec(mine):
        minutes[entry.stage] = minutes.get(entry.stage, 0) + entry.minutes
    if not minutes:
        return {}
    plans = stand.plan.stages
    rows = [StageHours(title=plan.title, worked=_plain(minutes.pop(plan.slug, 0)), planned=f"{plan.hours.normalize():f}") for plan in plans]
    other = sum(minutes.values())
    whole = sum(Decimal(row.worked) for row in rows) + Decimal(_plain(other))
    planned = sum((plan.hours for plan in plans), Decimal(0))
    rows += [StageHours(title="Besides", worked=_plain(other), planned="")] if other else []
    return {"hours": rows, "worked": f"{whole.normalize():f}", "planned": f"{planned.normalize():f}"}


def _plain(minutes: int) -> str:
    return f"{(Decimal(minutes) / 60).quantize(Decimal('0.1')).normalize():f}"
