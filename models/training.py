"""The training: when it may be given, who has taken which hour, and its entry for a calendar."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

from babel.dates import format_date, format_time
from icalendar import Alarm, Calendar, Event, vCalAddress, vText
from sqlmodel import Session, col, select

from models import facts
from models.after_answers import TrainingAnswered
from models.company import Company
from models.message import one_line
from models.tables import Client, Deal, Fact
from models.worktime import add_working_days, at

FARTHEST = 260
"""Working days that are looked through for a free slot: about a year."""
MAKER = "-//Studioflow//Training//EN"
ALARM = timedelta(hours=-1)


@dataclass(frozen=True)
class Slot:
    """When a training may be given: aware moments in UTC."""

    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True)
class Booking:
    """A slot that a client took. `at` is when they took it: the calendar entry says so, whenever it is written."""

    deal_id: int
    round: int
    starts_at: datetime
    at: datetime
    name: str = ""


def slots(company: Company, taken: set[datetime], now: datetime) -> list[Slot]:
    """The slots that are offered now, the next first: on the studio's working days, by its clock, none that runs into a taken one."""
    training, studio = company.delivery.training, company.studio
    length = timedelta(minutes=training.minutes)
    day = add_working_days(company.studio.today(now), training.days_ahead, studio.holidays, studio.office)
    found: list[Slot] = []
    for _ in range(FARTHEST):
        free = (start for start in _of_day(company, day) if all(abs(start - other) >= length for other in taken))
        found += [Slot(start, start + length) for start in free]
        if len(found) >= training.slots:
            break
        day = add_working_days(day, 1, studio.holidays, studio.office)
    return found[: training.slots]


def _of_day(company: Company, day: date) -> list[datetime]:
    """Two starts that the clock change makes one are one."""
    return sorted({at(day, start, company.studio.zone) for start in company.delivery.training.starts})


def is_offered(company: Company, taken: set[datetime], slot: datetime, now: datetime) -> bool:
    """Whether a slot is among those offered now; a page that was open for long may name one that no longer is."""
    return slot in {one.starts_at for one in slots(company, taken, now)}


def taken(session: Session, *, but: Deal) -> set[datetime]:
    """When trainings of other deals begin, in UTC; of each deal the newest word counts."""
    told = select(Fact).where(Fact.kind == TrainingAnswered.kind, Fact.deal_id != but.id).order_by(col(Fact.id))
    newest = {fact.subject: TrainingAnswered.model_validate(fact.payload).slot for fact in session.exec(told)}
    return {slot.astimezone(UTC) for slot in newest.values() if slot}


def answered(session: Session, deal: Deal) -> Fact | None:
    """The client's newest word on the training of a deal's round."""
    about = facts.subject(deal.id or 0, deal.round, "training")
    told = [fact for fact in facts.of_deal(session, deal.id or 0, TrainingAnswered.kind) if fact.subject == about]
    return told[-1] if told else None


def booking(session: Session, deal: Deal) -> Booking | None:
    """The slot that the client of a deal's round has; None when they took none."""
    fact = answered(session, deal)
    said = TrainingAnswered.model_validate(fact.payload) if fact else None
    if fact is None or said is None or said.slot is None:
        return None
    return Booking(deal.id or 0, deal.round, said.slot.astimezone(UTC), fact.known_at, said.name)


def in_words(moment: datetime, zone: str, locale: str) -> str:
    """A slot as people read it: "Thursday 5 March 2026, 10:00 (Dublin time)"."""
    local = moment.astimezone(ZoneInfo(zone))
    place = zone.rpartition("/")[2].replace("_", " ")
    return f"{format_date(local, 'full', locale=locale)}, {format_time(local, 'HH:mm', locale=locale)} ({place} time)"


def entry(company: Company, client: Client, booked: Booking) -> str:
    """The calendar entry of a training (RFC 5545), by support for the client; the same booking gives the same text.

    The client has said yes by taking the slot, so no calendar asks them again. Without an address nobody is invited.
    """
    training, support = company.delivery.training, company.studio.mail.support_address
    event = Event()
    event.add("uid", f"deal-{booked.deal_id}-r{booked.round}-training@{support.rpartition('@')[2]}")
    event.add("dtstamp", booked.at.astimezone(UTC))
    event.add("dtstart", booked.starts_at)
    event.add("dtend", booked.starts_at + timedelta(minutes=training.minutes))
    event.add("summary", f"{training.title} ({company.studio.name})")
    event.add("description", f"{training.place}\n\nQuestions, or another day? {support}, {company.studio.phone}.")
    event.add("location", training.place)
    event.add("status", "CONFIRMED")
    event.add("sequence", 0)
    event["organizer"] = _person(support, f"Support, {company.studio.name}")
    if client.email:
        guest = _person(client.email, client.name)
        guest.params |= {"ROLE": "REQ-PARTICIPANT", "PARTSTAT": "ACCEPTED", "RSVP": "FALSE"}
        event.add("attendee", guest)
    event.add_component(_alarm(training.title))
    return _calendar(event, "REQUEST" if client.email else "PUBLISH")


def _person(address: str, name: str) -> vCalAddress:
    person = vCalAddress(f"mailto:{one_line(address)}")
    if one_line(name):
        person.params["CN"] = vText(one_line(name).replace('"', "'"))
    return person


def _alarm(title: str) -> Alarm:
    alarm = Alarm()
    alarm.add("action", "DISPLAY")
    alarm.add("description", title)
    alarm.add("trigger", ALARM)
    return alarm


def _calendar(event: Event, method: str) -> str:
    whole = Calendar()
    whole.add("prodid", MAKER)
    whole.add("version", "2.0")
    whole.add("method", method)
    whole.add_component(event)
    return whole.to_ical().decode()
