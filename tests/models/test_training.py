"""The training: slots on working days by the studio's clock, taken once, written into a calendar that every program reads."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from icalendar import Calendar

from models import training
from models.after_answers import TrainingAnswered
from models.company import Company
from models.delivery_setup import Training
from models.errors import Refused
from models.tables import Client
from models.tracks import Sales, Work
from models.training import Booking, Slot
from models.worktime import NINE_TO_SIX, OfficeHours, is_working_day, working_days_between
from tests.factories import a_deal, told
from tests.fakes import MONDAY
from tests.studio import the_company

ZONES = ("Europe/Dublin", "America/New_York", "Asia/Kathmandu", "Pacific/Auckland", "Africa/Casablanca", "Pacific/Apia")
HOUR = timedelta(hours=1)


def a_company(*, zone: str = "Europe/Dublin", country: str = "IE", office: OfficeHours = NINE_TO_SIX, **values) -> Company:
    """The example studio elsewhere, with another training."""
    company = the_company()
    usual = {"title": "Your site", "minutes": 90, "place": "By video.", "starts": [time(10), time(14)], "days_ahead": 2, "slots": 6}
    studio = company.studio.model_copy(update={"zone": zone, "country": country, "region": "", "office": office})
    delivery = company.delivery.model_copy(update={"training": Training.model_validate(usual | values)})
    return company.model_copy(update={"studio": studio, "delivery": delivery})


def local(company: Company, found: list[Slot]) -> list[str]:
    return [f"{slot.starts_at.astimezone(ZoneInfo(company.studio.zone)):%m-%d %H:%M}" for slot in found]


def test_slots_begin_some_working_days_ahead_and_run_on() -> None:
    company = a_company()
    assert local(company, training.slots(company, set(), MONDAY)) == [
        "03-04 10:00", "03-04 14:00", "03-05 10:00", "03-05 14:00", "03-06 10:00", "03-06 14:00"
    ]  # fmt: skip


def test_weekends_and_holidays_are_left_out_and_the_clock_change_moves_nothing() -> None:
    company = a_company(slots=4)
    thursday = datetime(2026, 3, 12, 16, 0, tzinfo=UTC)  # Saint Patrick's Day is the Tuesday
    assert local(company, training.slots(company, set(), thursday)) == ["03-16 10:00", "03-16 14:00", "03-18 10:00", "03-18 14:00"]
    before = datetime(2026, 3, 26, 9, 0, tzinfo=UTC)  # the clocks change on the Sunday
    found = training.slots(company, set(), before)
    assert local(company, found) == ["03-30 10:00", "03-30 14:00", "03-31 10:00", "03-31 14:00"]
    assert found[0].starts_at == datetime(2026, 3, 30, 9, 0, tzinfo=UTC)


def test_the_day_is_the_studios_own() -> None:
    company = a_company(zone="Pacific/Auckland", slots=1)
    late = datetime(2026, 3, 2, 12, 0, tzinfo=UTC)  # Tuesday there already
    assert local(company, training.slots(company, set(), late)) == ["03-05 10:00"]


def test_a_taken_slot_and_what_it_runs_into_are_left_out() -> None:
    company = a_company(starts=[time(10), time(11), time(12)], minutes=90, slots=3)
    first, second, third = training.slots(company, set(), MONDAY)
    assert training.slots(company, {first.starts_at}, MONDAY)[0].starts_at == third.starts_at
    free = training.slots(company, {second.starts_at}, MONDAY)
    assert {first.starts_at, second.starts_at, third.starts_at}.isdisjoint(slot.starts_at for slot in free)


def test_two_starts_that_the_clock_change_makes_one_are_one() -> None:
    sunday = NINE_TO_SIX.model_copy(update={"worked": [date(2026, 3, 29)]})
    company = a_company(starts=[time(1, 30), time(2, 30)], minutes=30, slots=2, office=sunday)
    found = training.slots(company, set(), datetime(2026, 3, 26, 9, 0, tzinfo=UTC))
    assert local(company, found) == ["03-29 02:30", "03-30 01:30"]


def test_slots_are_found_however_long_the_studio_is_closed_or_full() -> None:
    shut = NINE_TO_SIX.model_copy(update={"closed": [date(2026, 3, 2) + timedelta(days=n) for n in range(500)]})
    assert training.slots(a_company(office=shut), set(), MONDAY)[0].starts_at > MONDAY + timedelta(days=490)
    assert training.slots(a_company(), {slot.starts_at for slot in training.slots(a_company(slots=30), set(), MONDAY)}, MONDAY)


MOMENTS = st.integers(0, 6 * 365 * 24 * 60).map(lambda minutes: datetime(2024, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes))
TRAININGS = st.fixed_dictionaries(
    {
        "minutes": st.integers(15, 480), "starts": st.lists(st.times().map(lambda one: one.replace(second=0, microsecond=0)), min_size=1, max_size=5),
        "days_ahead": st.integers(1, 10), "slots": st.integers(1, 12),
    }
)  # fmt: skip


@settings(max_examples=80, deadline=None)
@given(now=MOMENTS, zone=st.sampled_from(ZONES), country=st.sampled_from(["IE", "US", "CN", "HU"]), values=TRAININGS, data=st.data())
def test_whatever_the_zone_the_country_and_the_day(now: datetime, zone: str, country: str, values: dict, data: st.DataObject) -> None:
    company = a_company(zone=zone, country=country, **values)
    every = training.slots(company, set(), now)
    taken = data.draw(st.sets(st.sampled_from([slot.starts_at for slot in every])))
    length, today = timedelta(minutes=values["minutes"]), company.studio.today(now)
    for found, free in ((every, set()), (training.slots(company, taken, now), taken)):
        assert 0 < len(found) <= values["slots"]
        assert [slot.starts_at for slot in found] == sorted({slot.starts_at for slot in found})
        for slot in found:
            here = slot.starts_at.astimezone(ZoneInfo(zone))
            assert slot.starts_at.utcoffset() == timedelta()
            assert slot.ends_at - slot.starts_at == length
            assert is_working_day(here.date(), country) or here.time() not in values["starts"]
            assert working_days_between(today, here.date(), country) >= values["days_ahead"] or here.time() not in values["starts"]
            assert all(abs(slot.starts_at - other) >= length for other in free)
            assert training.is_offered(company, free, slot.starts_at, now)
    for slot in taken:
        assert not training.is_offered(company, taken, slot, now)


def test_a_slot_of_yesterdays_page_is_offered_as_long_as_it_lies_far_enough_ahead() -> None:
    company = a_company()
    shown = training.slots(company, set(), MONDAY)
    later = MONDAY + timedelta(days=1)
    assert [training.is_offered(company, set(), slot.starts_at, later) for slot in shown] == [False, False, True, True, True, True]
    assert not training.is_offered(company, set(), shown[3].starts_at + timedelta(minutes=1), MONDAY)


@pytest.mark.parametrize(
    ("moment", "zone", "said"),
    [
        (datetime(2026, 3, 5, 10, 0, tzinfo=UTC), "Europe/Dublin", "Thursday 5 March 2026, 10:00 (Dublin time)"),
        (datetime(2026, 7, 2, 9, 0, tzinfo=UTC), "Europe/Dublin", "Thursday 2 July 2026, 10:00 (Dublin time)"),
        (datetime(2026, 3, 5, 20, 30, tzinfo=UTC), "America/New_York", "Thursday 5 March 2026, 15:30 (New York time)"),
    ],
)
def test_a_slot_is_said_by_the_studios_clock(moment: datetime, zone: str, said: str) -> None:
    assert training.in_words(moment, zone, "en_IE") == said


# Facts


def a_completed_deal(session, **values):
    return a_deal(session, **{"sales": Sales.WON, "work": Work.COMPLETED.value} | values)


def a_slot(*, hours: int = 48, zone=UTC) -> datetime:
    return (MONDAY + timedelta(hours=hours)).astimezone(zone)


def test_a_slot_is_taken_by_the_first_whatever_the_zone_it_is_written_in(here) -> None:
    with here.db.writing() as session:
        first, second = a_completed_deal(session), a_completed_deal(session)
        told(session, first, TrainingAnswered(decision="book", slot=a_slot(zone=ZoneInfo("America/New_York")), name="Orla"))
        assert training.taken(session, but=second) == {a_slot()}
        assert training.taken(session, but=first) == set()
        with pytest.raises(Refused, match="Somebody was quicker"):
            told(session, second, TrainingAnswered(decision="book", slot=a_slot(zone=ZoneInfo("Asia/Kathmandu"))))
        told(session, second, TrainingAnswered(decision="book", slot=a_slot(hours=50)))
        assert training.booking(session, first) == Booking(first.id, 1, a_slot(), MONDAY, "Orla")


def test_the_training_is_answered_once(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_completed_deal(session)
        assert training.answered(session, deal) is None
        told(session, deal, TrainingAnswered(decision="decline"))
        assert training.answered(session, deal) is not None
        assert training.booking(session, deal) is None
        with pytest.raises(Refused, match="write to support"):
            told(session, deal, TrainingAnswered(decision="book", slot=a_slot()))


@pytest.mark.parametrize(
    ("work", "said"),
    [(work, "when the work is completed") for work in Work if work not in {Work.COMPLETED, Work.HANDED_OVER}]
    + [(Work.HANDED_OVER, "Support looks after you now"), (Work.COMPLETED, "is past")],
)
def test_a_slot_is_booked_between_completion_and_handover_and_never_in_the_past(here_sqlite, work: Work, said: str) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Refused, match=said):
        told(session, a_completed_deal(session, work=work.value), TrainingAnswered(decision="book", slot=MONDAY))


# The calendar


def an_entry(booked: Booking | None = None, *, name: str = "Órla Byrne", email: str = "orla@acme.example") -> str:
    slot = datetime(2026, 7, 2, 9, 0, tzinfo=UTC)
    return training.entry(the_company(), Client(name=name, email=email, opened_at=MONDAY), booked or Booking(42, 1, slot, MONDAY))


def test_a_calendar_program_reads_the_entry() -> None:
    whole = Calendar.from_ical(an_entry())
    [event] = whole.walk("VEVENT")
    assert (str(whole["version"]), str(whole["method"])) == ("2.0", "REQUEST")
    assert str(event["uid"]) == "deal-42-r1-training@northlight.example"
    assert event.decoded("dtstart") == datetime(2026, 7, 2, 9, 0, tzinfo=UTC)
    assert event.decoded("dtend") - event.decoded("dtstart") == timedelta(minutes=90)
    assert event.decoded("dtstamp") == MONDAY
    assert str(event["organizer"]) == "mailto:support@northlight.example"
    assert (str(event["attendee"]), event["attendee"].params["CN"]) == ("mailto:orla@acme.example", "Órla Byrne")
    assert (event["attendee"].params["PARTSTAT"], event["attendee"].params["RSVP"]) == ("ACCEPTED", "FALSE")
    assert str(event["location"]) == the_company().delivery.training.place
    [alarm] = event.walk("VALARM")
    assert alarm.decoded("trigger") == -HOUR


def test_the_same_booking_gives_the_same_bytes_and_another_one_another_id() -> None:
    assert an_entry() == an_entry()
    other = an_entry(Booking(42, 2, datetime(2026, 7, 2, 9, 0, tzinfo=UTC), MONDAY))
    assert "UID:deal-42-r2-training@" in other
    zone = Booking(42, 1, datetime(2026, 7, 2, 9, 0, tzinfo=UTC), MONDAY.astimezone(ZoneInfo("Asia/Kathmandu")))
    assert an_entry(zone) == an_entry()


def test_lines_end_as_the_standard_wants_and_are_short() -> None:
    lines = an_entry(name="Ó" * 180).split("\r\n")
    assert lines[-1] == ""
    assert "\n" not in "".join(lines)
    assert max(len(line.encode()) for line in lines) <= 75


def test_a_client_without_an_address_is_not_invited() -> None:
    whole = Calendar.from_ical(an_entry(email=""))
    assert str(whole["method"]) == "PUBLISH"
    assert "attendee" not in whole.walk("VEVENT")[0]


@settings(max_examples=60, deadline=None)
@given(name=st.text(max_size=80))
def test_no_name_writes_into_the_calendar(name: str) -> None:
    whole = Calendar.from_ical(an_entry(name=name))
    [event] = whole.walk("VEVENT")
    assert str(event["attendee"]) == "mailto:orla@acme.example"
    assert [part.name for part in whole.walk()] == ["VCALENDAR", "VEVENT", "VALARM"]
    assert len(event["attendee"].params) <= 4
