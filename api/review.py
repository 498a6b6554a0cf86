"""The estimate for a manager: counted again with other hours, approved, refused. The rest of the staff only reads it."""

from dataclasses import dataclass, field
from decimal import Decimal, InvalidOperation
from typing import Literal

from fastapi import APIRouter
from fastapi.responses import RedirectResponse, Response
from pydantic import ValidationError
from sqlmodel import Session

from api.door import Door, Here
from api.links import Opened, ReadOnly, ReviewLink
from api.posted import Form, Posted
from api.proposal import mark
from api.staff import actor_of, name_of
from models import documents, facts, inbox, links, pricing
from models.answers import EstimateReview
from models.errors import Invalid, Missing, Refused
from models.estimates import Estimate, Line, OptionLine
from models.pages import ApprovePage, EstimateLine
from models.pages import Form as FormView
from models.tables import Client, Deal
from models.tracks import CLOSED

pages = APIRouter(include_in_schema=False)
HOURS_LONGEST = 12


@pages.get("/a/{token}")
def show(link: ReviewLink, here: Here) -> Response:
    """The estimate, line by line."""
    return page(here, link)


@pages.post("/a/{token}")
def post(link: ReviewLink, here: Here, posted: Form) -> Response:
    """Count again, or record the manager's word; a second word is refused (409). ReadOnly behind the staff's own link."""
    if link.kind != "approve":
        raise ReadOnly("This is the studio's own view of the estimate. The project manager decides on it, by the link in their letter.")
    action, reason = posted.one("action"), posted.one("reason")
    version, estimate = newest(here, link)
    hours, problems = read_hours(posted, estimate)
    actor, unnamed = actor_of(here, link, posted)
    if action == "recount" or problems:
        return page(here, link, 422 if problems else 200, Typed(posted, problems, hours))
    if action not in {"approve", "refuse"}:
        raise Invalid("Please press one of the buttons.")
    if (hours or action == "refuse") and not reason:
        problems["reason"] = "Please give a reason: it is kept with the estimate."
    if problems | unnamed:
        return page(here, link, 422, Typed(posted, problems | unnamed, hours))
    try:
        said = EstimateReview(decision=action, hours={slug: float(value) for slug, value in hours.items()}, reason=reason)
        record(here, link, said, actor, f"v{version}/{action}/{mark(str(sorted(hours.items())), reason)}")
    except ValidationError:
        return page(here, link, 422, Typed(posted, {"reason": "Please keep this under 5,000 characters."}, hours))
    except Refused:
        return page(here, link, 409)
    return RedirectResponse(f"/a/{link.token}", 303)


def record(here: Door, link: Opened, said: EstimateReview, actor: str, what: str) -> None:
    """Record the manager's word on the estimate."""
    with here.db.writing() as session:
        key = f"deal/{link.deal_id}/r{session.get_one(Deal, link.deal_id).round}/estimate/{what}"
        inbox.tell(session, link.deal_id, said, source="staff", external_id=key, actor=actor, now=here.now())
    here.nudge()


def newest(here: Door, link: Opened) -> tuple[int, Estimate]:
    """The newest estimate and its version. Raises Missing before there is one."""
    with here.db.reading() as session:
        document = documents.latest(session, link.deal_id, "estimate")
    if document is None:
        raise Missing("There is no estimate yet.")
    return document.version, Estimate.model_validate(document.body)


def read_hours(posted: Posted, estimate: Estimate) -> tuple[dict[str, Decimal], dict[str, str]]:
    """The hours that somebody typed over what they were shown, and what cannot be read."""
    hours: dict[str, Decimal] = {}
    problems: dict[str, str] = {}
    for line in (*estimate.lines, *estimate.options):
        text, shown = posted.one(f"hours_{line.slug}").replace(",", "."), plain(line.hours.likely)
        was = posted.one(f"was_{line.slug}") or shown
        if not text or text == was:
            continue
        try:
            value = Decimal(text) if len(text) <= HOURS_LONGEST else Decimal("NaN")
        except InvalidOperation:
            value = Decimal("NaN")
        if not value.is_finite() or not 0 <= value <= pricing.HOURS_MAX:
            problems[f"hours_{line.slug}"] = "Hours are a number between 0 and 10,000, such as 24.5."
        elif line.slug == pricing.MINIMUM:
            problems[f"hours_{line.slug}"] = "This line fills up to our smallest project; it has no hours of its own."
        elif value != line.hours.likely or was != shown:
            hours[line.slug] = value
    return hours, problems


@dataclass(frozen=True)
class Typed:
    """A form that comes back: as it was posted, what is wrong with it, the hours that differ."""

    posted: Posted = field(default_factory=Posted)
    problems: dict[str, str] = field(default_factory=dict)
    hours: dict[str, Decimal] = field(default_factory=dict)


def page(here: Door, link: Opened, status: int = 200, typed: Typed | None = None) -> Response:
    """The page as things stand, or counted with other hours."""
    typed = typed or Typed()
    _, estimate = newest(here, link)
    changed = {change.slug: f"{change.reason}, {name_of(here, change.who)}." for change in estimate.inputs.changes}
    counted = pricing.change_hours(estimate, typed.hours, "counted", "") if typed.hours else estimate
    kept = {f"hours_{slug}" for slug in typed.hours} | typed.problems.keys()
    given = {name: value for name, value in typed.posted.given().items() if not name.startswith("hours_") or name in kept}
    form = FormView(given=given, problems=typed.problems)
    base = {line.slug: plain(line.hours.likely) for line in (*estimate.lines, *estimate.options) if line.slug in typed.hours}
    with here.db.reading() as session:
        deal = session.get_one(Deal, link.deal_id)
        client, (state, decided_by) = session.get_one(Client, deal.client_id), decision(session, here, deal)
        brief = links.given(session, here.secret, "brief-staff" if link.kind == "approve" else "brief-read", link.deal_id)
    record = ApprovePage(
        chrome=here.chrome, token=link.token, deal_id=link.deal_id, client_name=client.name, client_company=client.company,
        service_name=here.service(deal.service), reasons=estimate.flags, low=counted.low, likely=counted.likely, high=counted.high,
        lines=[line_view(here, line, changed, base) for line in (*counted.lines, *counted.options)], days=counted.days, brief_link=brief,
        people=[person.name for person in here.office], state=state if link.kind == "approve" or state != "open" else "read", decided_by=decided_by,
        form=form,
    )  # fmt: skip
    return here.page("pages/approve.html", record, status)


def line_view(here: Door, line: Line, changed: dict[str, str], base: dict[str, str]) -> EstimateLine:
    """A line as the manager reads it; `base` holds the hours before those that were typed."""
    hours = plain(line.hours.likely)
    return EstimateLine(
        slug=line.slug, title=line.title, explanation=line.why, role=here.company.role_title(line.role), low=plain(line.hours.low),
        hours=hours, high=plain(line.hours.high), amount=line.net, changed=changed.get(line.slug, ""),
        was=base.get(line.slug, hours), optional=isinstance(line, OptionLine),
    )  # fmt: skip


def plain(hours: Decimal) -> str:
    """Hours as they are typed: "12.5", at most two decimals."""
    return f"{hours.quantize(Decimal('0.01')).normalize():f}"


def decision(session: Session, here: Door, deal: Deal) -> tuple[Literal["open", "approved", "refused"], str]:
    """What was said about this round's estimate, and by whom."""
    about = facts.subject(deal.id or 0, deal.round, inbox.NOUNS[EstimateReview])
    told = [fact for fact in facts.of_deal(session, deal.id or 0, EstimateReview.kind) if fact.subject == about]
    if told:
        return ("approved" if told[-1].payload["decision"] == "approve" else "refused"), name_of(here, told[-1].actor)
    return ("refused" if deal.sales in CLOSED else "open"), ""
