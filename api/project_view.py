"""A project as its client sees it: whose move it is, the promised day, what is done, now and to come."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlmodel import Session

from api import project_parts
from api.brief_view import KINDS
from api.door import Door
from api.links import Opened
from models import changes, clocks, links, project_clock, project_history, project_line, projects, uploads, waiting, whose_move
from models.errors import Missing
from models.facts import subject
from models.money import Money
from models.pages import Form
from models.project_pages import ChangeView, ProjectPage, PromiseView, StageLine, StageView, State, TurnView
from models.projects import Stand
from models.reading import FILES_MAX
from models.stage_state import StageStand
from models.tables import Client, Deal
from models.tracks import Work
from models.whose_move import Turn

THANKS = timedelta(minutes=10)
"""How long the page thanks for what was said last."""
STATES: dict[Work, State] = {
    Work.PAUSED: "paused", Work.COMPLETED: "completed", Work.HANDED_OVER: "handed_over", Work.CANCELLED: "cancelled",
}  # fmt: skip


@dataclass(frozen=True)
class Asked:
    """What a request brought along: a form with problems, what was typed about something that had changed, a sentence that says no."""

    about: str = ""
    form: Form = field(default_factory=Form)
    is_late: bool = False
    lost: str = ""
    refused: str = ""


@dataclass(frozen=True)
class Seen:
    """A project with all that both of its pages count from: where it stands, whose move it is, its stages and its promised day now."""

    stand: Stand
    turn: Turn
    lines: list[StageLine]
    promise: PromiseView
    state: State

    @property
    def is_over(self) -> bool:
        """Whether the page is an archive: the client is support's, or nobody's."""
        return self.state in {"handed_over", "cancelled"}


def there(session: Session, deal_id: int) -> Stand:
    """Where the project of a deal stands. Raises Missing before work has begun."""
    deal = session.get_one(Deal, deal_id)
    if projects.find(session, deal) is None:
        raise Missing("The work has not begun yet. You get a letter as soon as there is something to see here.")
    return projects.stand(session, deal)


def see(session: Session, here: Door, stand: Stand) -> Seen:
    """A project as it stands now; what is finished is counted as of the day on which it was."""
    deal, calendar = stand.deal, project_clock.calendar(here.company)
    now = min(here.now(), project_line.finished_at(stand) or here.now())
    waits = project_clock.spans(session, deal, now)
    promised = project_clock.promise(session, here.company, deal, now)
    return Seen(
        stand, whose_move.move_of(stand), project_line.stages(stand, waits, calendar, now), project_line.promise(stand, promised, calendar),
        STATES.get(Work(deal.work), "open"),
    )  # fmt: skip


def page(session: Session, here: Door, link: Opened, asked: Asked) -> ProjectPage:
    """The page as things stand."""
    seen = see(session, here, there(session, link.deal_id))
    stand, deal = seen.stand, seen.stand.deal
    client, files = session.get_one(Client, deal.client_id), uploads.of_deal(session, link.deal_id)
    return ProjectPage(
        chrome=here.chrome, token=link.token, title=stand.plan.title, service_name=stand.plan.service_name, client_name=client.name,
        client_company=client.company, state=seen.state, on_hold=deal.held_since is not None, paused_for=project_line.paused_for(stand.facts),
        turn=turn_view(here, seen), promise=seen.promise, stages=seen.lines, stage=stage_view(session, here, seen),
        change=change_view(session, here, seen), act_link=project_parts.act_link(session, here, link),
        materials=project_parts.materials(seen.stand, seen.turn, seen.lines, files), training=project_parts.training_view(session, here, deal),
        course=project_parts.course_view(session, here, stand), documents=project_parts.documents(session, here, link),
        invoices=project_parts.invoices(session, here, link),
        review_link="" if link.is_staff else links.given(session, here.secret, "review", link.deal_id),
        people=project_parts.people(here, stand), history=project_history.newest(stand, is_staff=False, most=6),
        notice="" if asked.about or asked.is_late or asked.refused else project_history.just_said(stand, here.now() - THANKS),
        changed=asked.is_late, refused=asked.refused, lost=asked.lost, about=asked.about, form=asked.form, read_only=link.is_staff,
        file_mb=here.settings.upload_mb, files_max=FILES_MAX, file_kinds=KINDS,
    )  # fmt: skip


def turn_view(here: Door, seen: Seen) -> TurnView:
    """Whose move it is, in names: of the materials or the stage, of whom of the studio has it, and until when they have."""
    turn, stand = seen.turn, seen.stand
    titles = [stand.material(slug).plan.title for slug in turn.items]
    plan = stand.plan.stage(turn.stage) if turn.stage else None
    manager = here.company.studio.person(stand.project.manager)
    ends = next((line.ends for line in seen.lines if line.slug == turn.stage), None)
    is_ours = turn.whose == "studio"
    return TurnView(
        whose=turn.whose, kind=turn.what, titles=titles or ([plan.title] if plan else []), since=turn.since,
        who=manager.name if manager and is_ours else "", until=ends if is_ours and turn.what in {"working", "changes", "launch"} else None,
    )  # fmt: skip


def stage_view(session: Session, here: Door, seen: Seen) -> StageView | None:
    """The current stage, once it was shown, and as long as the work is under way."""
    stage = seen.stand.current
    if stage is None or not stage.version or stage.place not in {"shown", "changes", "beyond"} or seen.state not in {"open", "paused"}:
        return None
    terms = seen.stand.plan.terms
    closes = closes_at(session, seen.stand.deal, stage, "stage-approval") if stage.place == "shown" else None
    return StageView(
        slug=stage.slug, title=stage.plan.title, place=stage.place, version=stage.version, shown_at=stage.changed_at or here.now(),
        told=stage.plan.told, url=stage.url, note=stage.note, comments=stage.comments, rounds=stage.plan.rounds, rounds_left=stage.rounds_left,
        closes_on=here.company.studio.today(closes) if closes else None,
        silence="accepts" if terms.silence_accepts else "pauses" if terms.silence_pauses else "",
    )  # fmt: skip


def change_view(session: Session, here: Door, seen: Seen) -> ChangeView | None:
    """The change that has its price and no answer."""
    stand, stage = seen.stand, seen.stand.current
    if stage is None or stage.place != "priced" or stage.offer is None or seen.state not in {"open", "paused"}:
        return None
    offer, deal = stage.offer, stand.deal
    gross = changes.gross(session, deal, offer)
    net = Money.of_major(offer.offered.price, gross.currency)
    waits, calendar = project_clock.spans(session, deal, here.now()), project_clock.calendar(here.company)
    closes = closes_at(session, deal, stage, "change-offer")
    return ChangeView(
        stage=stage.slug, title=stage.plan.title, offer=offer.number, text=offer.offered.text,
        hours=f"{offer.offered.hours:g}" if offer.offered.hours else "",
        net=net, vat=gross - net, gross=gross, days=offer.offered.days, asked=stage.comments,
        day=clocks.promised(stand.plan.begins_on, stand.days + offer.offered.days, waits, calendar, here.now()),
        closes_on=here.company.studio.today(closes) if closes else None,
    )  # fmt: skip


def closes_at(session: Session, deal: Deal, stage: StageStand, ladder: str) -> datetime | None:
    """When the open question about a stage ends; None before it was put, and while nothing ends it."""
    about = subject(deal.id or 0, deal.round, f"stage/{stage.slug}")
    return next((wait.deadline for wait in waiting.open_waits(session, deal.id or 0) if (wait.subject, wait.ladder) == (about, ladder)), None)
