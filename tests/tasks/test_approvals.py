"""A project manager's word on an estimate, by a form of its own: the same fact as by link or Resume, and only where one waits."""

import pytest
from sqlmodel import select

from models import facts
from models.answers import EstimateReview
from models.errors import Invalid, Missing, Refused
from models.tables import Wait
from models.tracks import Sales
from tasks import approvals
from tasks.world import World
from tests.factories import a_deal, told
from tests.tasks.places import PLACES, at

WORD = {"decision": "approve", "hours": {}, "reason": ""}


def test_a_word_is_the_fact_that_the_estimate_waits_for_and_counts_once(here: World) -> None:
    with here.db.writing() as session:
        deal = at(session, "estimating")
    for _ in range(2):
        assert approvals.review_estimate.fn(deal.id, WORD, "Tomasz", "run/1") == "approve"
    with here.db.reading() as session:
        [fact] = facts.of_deal(session, deal.id, EstimateReview.kind)
        assert (fact.source, fact.external_id, fact.actor, fact.payload) == ("operator", "run/1", "staff:Tomasz", WORD)
        assert session.exec(select(Wait)).one().due_at == here.now(), "the stage is woken"


@pytest.mark.parametrize("place", [place for place in PLACES if place != "estimating"])
def test_where_no_estimate_waits_a_word_is_refused(here_sqlite: World, place: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, place)
    with pytest.raises(Refused, match=f"No estimate of deal {deal.id} waits"):
        approvals.review_estimate.fn(deal.id, WORD, "Tomasz", "run/1")
    with here_sqlite.db.reading() as session:
        assert facts.of_deal(session, deal.id, EstimateReview.kind) == []


def test_a_simple_estimate_is_asked_of_nobody(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.ESTIMATING)
    with pytest.raises(Refused, match="No estimate"):
        approvals.review_estimate.fn(deal.id, WORD, "Tomasz", "run/1")


def test_the_second_word_is_told_that_there_was_one(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "estimating")
        told(session, deal, EstimateReview(decision="approve"), actor="staff:Fiona")
    with pytest.raises(Refused, match="answered already"):
        approvals.review_estimate.fn(deal.id, WORD, "Tomasz", "run/1")


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"decision": "refuse"}, "reason"), ({"hours": {"templates": 3}}, "reason"), ({"hours": {"no-such-line": 3}, "reason": "x"}, "no-such-line")],
)
def test_a_word_that_cannot_be_is_refused_in_a_sentence_and_the_estimate_waits_on(here_sqlite: World, wrong: dict, words: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "estimating")
    with pytest.raises(Invalid, match=words) as refused:
        approvals.review_estimate.fn(deal.id, WORD | wrong, "Tomasz", "run/1")
    assert "Value error" not in str(refused.value)
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Wait)).one().closed_at is None
        assert facts.of_deal(session, deal.id, EstimateReview.kind) == []


def test_a_deal_that_is_not_there_is_missed(here_sqlite: World) -> None:
    with pytest.raises(Missing, match="no deal 99"):
        approvals.review_estimate.fn(99, WORD, "Tomasz", "run/1")
