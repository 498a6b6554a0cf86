"""Steps of the hand-over: training and accesses, the ticket once, the client handed over for good."""

import re
from datetime import timedelta
from itertools import product

import pytest
from icalendar import Calendar
from sqlmodel import select

from models import cash, completion, facts, links, tracks
from models.after_answers import Access, AccessListed, HandedOver, TrainingAnswered
from models.errors import Invalid, Refused, Unavailable, Uncertain
from models.facts import subject
from models.letters import LetterOrder
from models.stages import RunState, Stage
from models.tables import Client, Deal, Effect, Move, StageRun, Wait
from models.tracks import Cash
from tasks import handovers as steps
from tasks import letters, trainings, waits
from tasks.effects import decide
from tasks.waits import Ask
from tasks.waker import Round
from tasks.waker import _send_errands as send_errands
from tasks.world import World
from tests.aftermath import ACCESSES, a_completed_project
from tests.factories import told
from tests.fakes import MONDAY, Killed
from tests.tasks.stages import inside

SLOT = MONDAY + timedelta(days=2)
BOOKED = TrainingAnswered(decision="book", slot=SLOT, name="Orla Byrne")


def completed(here: World) -> Deal:
    with here.db.writing() as session:
        return a_completed_project(session)


@pytest.fixture
def deal(here_sqlite: World) -> Deal:
    return completed(here_sqlite)


def tell(here: World, deal: Deal, *answers) -> None:
    with here.db.writing() as session:
        for answer in answers:
            told(session, session.get_one(Deal, deal.id), answer)


def key(deal: Deal, what: str) -> str:
    return f"deal/{deal.id}/r1/handover/{what}"


def effect(here: World, deal: Deal, what: str = "ticket") -> Effect:
    with here.db.reading() as session:
        return session.get_one(Effect, key(deal, what))


def hear(run, deal: Deal, heard: int = 0) -> list[tuple[str, str]]:
    """What has come on the questions that are open now."""
    asked = [Ask([steps.ANSWERS[one["key"]]], **one) for one in steps.look.fn(deal.id, heard)["asks"]]
    return [(one.ask.key, one.said.kind if one.said else "silence") for one in waits._hear(run, asked)]


# Training and accesses


def test_the_training_is_offered_by_support_and_the_manager_is_asked_once(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    for _ in range(2):
        assert (trainings.offer_training.fn(deal.id), steps.ask_for_accesses.fn(deal.id)) == ("done", "done")
    offer, ask = here.mail.sent
    with here.db.reading() as session:
        assert offer.to.address == session.get_one(Client, session.get_one(Deal, deal.id).client_id).email
    assert (offer.reply_to.address, offer.sender.name) == ("support@northlight.example", "Grace Adeyemi, Northlight Studio")
    assert "Wednesday 4 March 2026, 10:00 (Dublin time)" in offer.text
    assert ask.to.address == "tomasz@northlight.example"
    assert here.mail.letters() == [key(deal, "training"), key(deal, "access")]


@pytest.mark.parametrize(("trained", "listed"), list(product(["", "book", "decline", "silence", "silence, then book"], [False, True])))
def test_it_goes_on_with_the_accesses_and_the_clients_word_or_silence(here_sqlite: World, trained: str, listed: bool) -> None:
    here, deal = here_sqlite, completed(here_sqlite)
    with inside(here, Stage.HANDOVER, deal) as run:
        assert hear(run, deal) == []
        if trained.startswith("silence"):
            here.now.pass_(days=30)
            assert hear(run, deal) == [("training", "silence")]
            assert hear(run, deal) == []
        if "book" in trained or trained == "decline":
            later = BOOKED.model_copy(update={"slot": here.now() + timedelta(days=3)})
            tell(here, deal, later if "book" in trained else TrainingAnswered(decision="decline"))
        if listed:
            tell(here, deal, ACCESSES)
        hear(run, deal)
        stands = steps.look.fn(deal.id, 1)["asks"]
    expected = [] if trained and listed else [*([] if trained and trained != "silence" else ["training"]), *([] if listed else ["access"])]
    assert [one["key"] for one in stands] == expected
    if trained == "silence" and not listed:
        assert [one["ladder"] for one in stands] == ["", "access"], "nobody is reminded any more, but may still book"


def test_both_questions_are_open_at_once_and_each_is_heard_by_itself(here: World) -> None:
    deal = completed(here)
    with inside(here, Stage.HANDOVER, deal) as run:
        assert hear(run, deal) == []
        with here.db.reading() as session:
            rows = session.exec(select(Wait).where(Wait.deal_id == deal.id, Wait.stage == "handover")).all()
        assert {(row.key, row.whose, row.ladder) for row in rows} == {("training#1", "client", "training"), ("access#1", "studio", "access")}
        tell(here, deal, ACCESSES)
        assert hear(run, deal) == [("access", "access.listed")]
        assert hear(run, deal) == []
        tell(here, deal, BOOKED)
        assert hear(run, deal) == [("training", "training.answered")]
        assert steps.look.fn(deal.id, 3) == {"asks": []}


def test_a_booked_slot_is_in_both_calendars_once_and_never_anew(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    assert trainings.confirm_training.fn(deal.id, 0) == []
    tell(here, deal, BOOKED)
    for heard in range(3):
        here.now.pass_(hours=1)
        assert trainings.confirm_training.fn(deal.id, heard) == ["done", "done"]
    client, staff = here.mail.sent
    assert (client.reply_to.address, staff.to.address) == ("support@northlight.example", "grace@northlight.example")
    files = [message.attachments for message in (client, staff)]
    assert [(one.name, one.media_type) for [one] in files] == [("training.ics", "text/calendar")] * 2
    assert files[0] == files[1]
    [event] = Calendar.from_ical(files[0][0].content.decode()).walk("VEVENT")
    assert event.decoded("dtstart") == SLOT
    assert event.decoded("dtstamp") == MONDAY, "the entry says when it was booked, not when it was written"
    assert "10:00 (Dublin time)" in client.text


def test_who_wants_no_training_gets_no_entry(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    tell(here, deal, TrainingAnswered(decision="decline"))
    assert trainings.confirm_training.fn(deal.id, 1) == []
    assert here.mail.sent == []


# The ticket


def test_the_ticket_holds_the_case_file_and_is_opened_once(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    tell(here, deal, ACCESSES)
    assert [steps.open_ticket.fn(deal.id) for _ in range(3)] == ["1", "1", "1"]
    [ticket] = here.desk.opened
    assert (ticket.key, ticket.subject) == (key(deal, "ticket"), f"Acme: taken over from deal {deal.id}")
    assert ticket.client_email.endswith("@acme.example")
    assert "Domain: registrar.example" in ticket.body
    with here.db.writing() as session:
        for kind in ("contract-staff", "project-staff"):
            assert f"https://office.example{links.given(session, here.secret, kind, deal.id)}" in ticket.body
        theirs = [links.hand_out(session, here.secret, kind, deal.id, now=MONDAY) for kind in links.PATHS if kind not in links.STAFF]
    assert not [path for path in theirs if path in ticket.body]
    assert not re.search("secret|password", ticket.body, re.IGNORECASE)
    assert effect(here, deal).result == {"id": "1", "url": "https://desk.example/1"}


def test_a_desk_that_is_away_for_a_day_gets_one_ticket(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    here.desk.away = True
    for _ in range(5):
        with pytest.raises(Unavailable, match="away"):
            steps.open_ticket.fn(deal.id)
    assert effect(here, deal).state == "planned"
    here.desk.away = False
    assert steps.open_ticket.fn(deal.id) == steps.open_ticket.fn(deal.id) == "1"
    assert len(here.desk.opened) == 1


def test_a_ticket_whose_worker_died_is_found_by_its_key(here: World) -> None:
    deal = completed(here)
    here.desk.dies_after.append(Killed())
    with pytest.raises(Killed):
        steps.open_ticket.fn(deal.id)
    assert (effect(here, deal).state, len(here.desk.opened)) == ("claimed", 1)
    assert steps.open_ticket.fn(deal.id) == "1"
    assert len(here.desk.opened) == 1


@pytest.mark.parametrize("went_out", [True, False])
def test_a_ticket_that_nobody_can_be_asked_about_is_a_persons_word(here_sqlite: World, deal: Deal, went_out: bool) -> None:
    here = here_sqlite
    here.desk.can_ask = False
    here.desk.troubles.append(Uncertain("The line went dead."))
    for _ in range(2):
        with pytest.raises(Refused, match=r"Nobody knows whether it was opened\. The line went dead\. .*settle-effect"):
            steps.open_ticket.fn(deal.id)
    decide(key(deal, "ticket"), went_out=went_out, who="Conor", run="run/1")
    send_errands(here, Round())
    assert steps.open_ticket.fn(deal.id) == ("" if went_out else "1")
    assert len(here.desk.opened) == (0 if went_out else 1)


def test_a_desk_that_says_no_fails_the_stage_until_it_is_mended(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    here.desk.troubles.append(Refused("Redmine has no project “support”."))
    for _ in range(2):
        with pytest.raises(Refused, match="The desk said no. Redmine has no project “support”"):
            steps.open_ticket.fn(deal.id)
    assert here.desk.opened == []
    decide(key(deal, "ticket"), went_out=False, who="Conor", run="run/1")
    assert steps.open_ticket.fn(deal.id) == "1"


# Handed over


def test_the_client_is_handed_over_in_one_transaction_with_what_follows(here: World) -> None:
    deal = completed(here)
    tell(here, deal, ACCESSES, BOOKED)
    with inside(here, Stage.HANDOVER, deal) as run:
        for _ in range(2):
            assert steps.hand_over.fn(deal.id, "17") == "handed_over"
    with here.db.reading() as session:
        [fact] = facts.of_deal(session, deal.id, HandedOver.kind)
        assert (fact.actor, fact.payload, fact.subject) == ("system", {"ticket": "17"}, subject(deal.id, 1, "handover"))
        moves = session.exec(select(Move).where(Move.deal_id == deal.id, Move.to == "handed_over")).all()
        assert [(one.was, one.fact_id) for one in moves] == [("completed", fact.id)]
        assert session.get_one(StageRun, run.row_id).state == RunState.DONE
    send_errands(here, Round())
    done, staff = (next(one for one in here.mail.sent if one.key == key(deal, what)) for what in ("done", "staff"))
    assert (done.sender.name, done.reply_to.address) == ("Grace Adeyemi, Northlight Studio", "support@northlight.example")
    for word in ("Domain", "registrar.example", "Wednesday 4 March 2026, 10:00"):
        assert word in done.text
    assert staff.to.address == "tomasz@northlight.example", "the manager who is off learns that they are"
    assert "17" in staff.text
    assert [one.attachments != () for one in here.mail.sent if "/training/booked" in one.key] == [True, True], "who booked a moment ago is confirmed"


@pytest.mark.parametrize("money", Cash)
def test_what_is_due_follows_from_the_hand_over(here_sqlite: World, money: Cash) -> None:
    here = here_sqlite
    with here.db.writing() as session:
        deal = a_completed_project(session)
        deal.money = money.value
        session.add(deal)
    steps.hand_over.fn(deal.id, "17")
    with here.db.reading() as session:
        stages = {row.stage for row in session.exec(select(StageRun).where(StageRun.deal_id == deal.id))}
    assert {"review", "closing"} & stages == ({"review", "closing"} if money == Cash.PAID else set())


def test_the_money_that_comes_after_the_hand_over_wants_the_rest(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    steps.hand_over.fn(deal.id, "17")
    with here.db.writing() as session:
        fresh = session.get_one(Deal, deal.id)
        for place in cash.path(Cash(fresh.money), Cash.PAID):
            tracks.move(session, fresh, place, why="the money is in", fact=None, now=MONDAY)
        assert completion.follow(session, fresh, fact=None, now=MONDAY) == [Stage.REVIEW, Stage.CLOSING]


def test_from_then_on_the_manager_is_support_wherever_they_are_written_to(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    steps.hand_over.fn(deal.id, "17")
    send_errands(here, Round())
    here.mail.sent.clear()
    for to in ("project_manager", "project_lead"):
        letters.send(f"deal/{deal.id}/x/{to.replace('_', '-')}", LetterOrder(name="mail-came", deal_id=deal.id, to=to))
    assert [one.to.address for one in here.mail.sent] == ["grace@northlight.example", "tomasz@northlight.example"]


@pytest.mark.parametrize("where", ["registrar.example, password: hunter2", "https://orla:hunter2@cms.example", "Kf7#pQ2x!zLm"])
def test_an_inventory_with_a_password_in_it_is_not_kept(here_sqlite: World, deal: Deal, where: str) -> None:
    listed = AccessListed(items=[Access(what="CMS", where=where, held_by="Orla Byrne")])
    with pytest.raises(Invalid, match="looks like a password"):
        tell(here_sqlite, deal, listed)
    assert [one["key"] for one in steps.look.fn(deal.id, 0)["asks"]] == ["training", "access"]


def test_the_newest_inventory_counts(here_sqlite: World, deal: Deal) -> None:
    tell(here_sqlite, deal, ACCESSES, AccessListed(items=[Access(what="Domain", where="another-registrar.example")]))
    steps.open_ticket.fn(deal.id)
    assert "another-registrar.example" in here_sqlite.desk.opened[0].body
    assert "AC_17" not in here_sqlite.desk.opened[0].body
