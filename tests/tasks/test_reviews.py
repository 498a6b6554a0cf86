"""Steps of the review: asked for in the director's name, once, whatever anybody thinks; nobody answers in the client's place."""

import pytest
from sqlmodel import col, select

from models import completion, waiting
from models.after_answers import AddressChanged, ReviewGiven, ReviewReplied
from models.answers import BY_RULE, Held
from models.errors import Refused
from models.letters import LetterOrder
from models.stages import RunState, Stage
from models.tables import Client, Deal, Effect, StageRun
from models.tracks import Cash
from models.waiting import Spot
from tasks import forms, operations, waits
from tasks import letters as mail
from tasks import reviews as steps
from tasks.waits import Ask
from tasks.waker import Round
from tasks.waker import _send_errands as send_errands
from tasks.world import World
from tests.aftermath import a_completed_project, a_review, handed_over
from tests.fakes import MONDAY
from tests.tasks.stages import inside


def a_paid_project(here: World) -> Deal:
    with here.db.writing() as session:
        deal = a_completed_project(session)
        deal.money = Cash.PAID.value
        completion.follow(session, deal, fact=None, now=MONDAY)
        return deal


@pytest.fixture
def deal(here_sqlite: World) -> Deal:
    return a_paid_project(here_sqlite)


def test_the_letter_is_the_directors_and_goes_out_once(here: World) -> None:
    deal = a_paid_project(here)
    for _ in range(3):
        assert steps.ask_for_review.fn(deal.id) == "done"
    [letter] = here.mail.sent
    assert (letter.key, letter.sender.name) == (f"deal/{deal.id}/r1/review/request", "Aoife Brennan, Northlight Studio")
    assert letter.reply_to.address == "aoife@northlight.example"
    assert "https://office.example/v/" in letter.text


def test_a_client_who_wants_no_reminders_is_asked_all_the_same_and_reminded_never(here_sqlite: World, deal: Deal) -> None:
    with here_sqlite.db.writing() as session:
        session.get_one(Client, session.get_one(Deal, deal.id).client_id).reminders_off_at = MONDAY
    assert steps.ask_for_review.fn(deal.id) == "done"
    order = LetterOrder(name="review-reminder", deal_id=deal.id, to="client", is_reminder=True)
    assert mail.send("deal/1/reminder", order).state == "skipped"


def test_nothing_that_a_manager_does_stops_it(here_sqlite: World, deal: Deal) -> None:
    with pytest.raises(Refused, match="is won, so its work goes by its project"):
        operations.record.fn(deal.id, Held(reason="Not now, please.").model_dump(mode="json"), Held.kind, "Tomasz", "run/1")
    with here_sqlite.db.writing() as session:
        handed_over(session, session.get_one(Deal, deal.id))
    assert steps.ask_for_review.fn(deal.id) == "done"


def test_there_are_two_reminders_at_most_and_then_silence_is_an_answer(here_sqlite: World, deal: Deal) -> None:
    here = here_sqlite
    with inside(here, Stage.REVIEW, deal) as run:
        ask = [Ask([ReviewGiven], key="review", whose="client", what="a review", ladder="review")]
        assert waits._hear(run, ask) == []
        with here.db.reading() as session:
            [wait] = waiting.open_waits(session, deal.id)
        assert [rung["letter"] for rung in wait.rungs] == ["review-reminder"] * 2
        here.now.pass_(days=60)
        assert [one.said for one in waits._hear(run, ask)] == [None]
        assert steps.conclude_review.fn(deal.id, "silence") == "silence"
    with here.db.reading() as session:
        assert session.get_one(StageRun, run.row_id).state == RunState.DONE
        assert waiting.open_waits(session, deal.id) == []


def test_a_review_ends_the_stage_and_reaches_who_led_the_project_and_the_director(here: World) -> None:
    deal = a_paid_project(here)
    with inside(here, Stage.REVIEW, deal) as run:
        ask = [Ask([ReviewGiven], key="review", whose="client", what="a review", ladder="review")]
        assert waits._hear(run, ask) == []
        with here.db.writing() as session:
            fresh = handed_over(session, session.get_one(Deal, deal.id))
            a_review(session, fresh, stars=2, text="Late by a month.", publish=False)
        [heard] = waits._hear(run, ask)
        assert (heard.said.stars, steps.conclude_review.fn(deal.id, "given")) == (2, "given")
    send_errands(here, Round())
    to = {one.key.partition("/review/")[2]: one for one in here.mail.sent}
    assert to["came/project-lead"].to.address == "tomasz@northlight.example", "though the client is support's by now"
    assert to["came/director"].to.address == "aoife@northlight.example"
    assert "Late by a month." in to["came/director"].text
    assert to["thanks"].sender.name == "Aoife Brennan, Northlight Studio"
    assert "https://office.example/f/" in to["thanks"].text
    assert send_errands(here, Round()) is None
    assert len(here.mail.sent) == len(to)


def test_an_operator_answers_a_review_and_writes_none() -> None:
    assert ReviewGiven in BY_RULE
    assert forms.form(ReviewGiven, "Waiting for a review.") is None
    assert forms.form(ReviewReplied, "Reply.") is not None
    assert not forms.take(Spot(1, "review", 1, "review#1", "run"), ReviewGiven)


def test_a_reply_is_recorded_under_a_name(here_sqlite: World, deal: Deal) -> None:
    reply = ReviewReplied(text="Thank you.")
    with pytest.raises(Refused, match="no review"):
        operations.record.fn(deal.id, reply.model_dump(), reply.kind, "Aoife", "run/1")
    with here_sqlite.db.writing() as session:
        a_review(session, session.get_one(Deal, deal.id))
    operations.record.fn(deal.id, reply.model_dump(), reply.kind, "Aoife", "run/2")
    with here_sqlite.db.reading() as session:
        owed = session.exec(select(Effect).where(col(Effect.key).contains("/review/"))).all()
    assert len(owed) == 3, "a reply writes no letter"


def test_it_goes_to_the_address_that_an_operator_put_in_a_dead_ones_place(here_sqlite: World, deal: Deal) -> None:
    with here_sqlite.db.writing() as session:
        client = session.get_one(Client, session.get_one(Deal, deal.id).client_id)
        client.bounced_at, client.bounce_said = MONDAY, "no such user"
    changed = AddressChanged(email="Orla.New@acme.example")
    operations.record.fn(deal.id, changed.model_dump(), changed.kind, "Conor", "run/1")
    assert steps.ask_for_review.fn(deal.id) == "done"
    assert [one.to.address for one in here_sqlite.mail.sent] == ["orla.new@acme.example"]
