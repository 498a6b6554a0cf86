"""Reviews folded from what was told, in whatever order; asked for once a project."""

from collections import Counter
from decimal import Decimal
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlmodel import Session, select

from models import completion, links, reviews
from models.after_answers import ReviewGiven, ReviewReplied, ReviewWithdrawn
from models.answers import ANSWERS, BY_RULE
from models.errors import Refused
from models.letters import LetterOrder
from models.reviews import Review, Summary
from models.stages import RunState, Stage
from models.tables import Effect, StageRun
from models.tracks import Cash, Work
from models.wanted import mark
from tests.aftermath import a_paid_deal, a_review
from tests.factories import a_deal, told
from tests.fakes import MONDAY


@given(st.lists(st.integers(1, 5), max_size=40), st.integers(0, 9))
def test_the_average_is_that_of_all_that_is_published(stars: list[int], private: int) -> None:
    counted = Counter(stars)
    summary = Summary({count: counted[count] for count in reviews.STARS}, private)
    assert summary.count == len(stars)
    if stars:
        assert abs(summary.average - Decimal(sum(stars)) / len(stars)) <= Decimal("0.05")
        assert 1 <= summary.average <= 5
    else:
        assert summary.average is None


@given(st.integers(0, 60), st.integers(1, 25))
def test_every_review_is_on_exactly_one_page(many: int, size: int) -> None:
    every = [Review(number, "shop", ReviewGiven(stars=5, publish=True), MONDAY) for number in range(many, 0, -1)]
    seen, before = [], 0
    while True:
        shown, before = reviews.page(every, before=before, size=size)
        seen += shown
        if not before:
            break
        assert len(shown) == size
    assert seen == every


@pytest.mark.parametrize(("publish", "withdrawn"), [(True, False), (True, True), (False, False)])
def test_a_review_is_public_by_the_clients_word_alone(here_sqlite, publish: bool, withdrawn: bool) -> None:
    with here_sqlite.db.writing() as session:
        for stars, replied in product(reviews.STARS, ("", "Thank you.")):
            a_review(session, a_paid_deal(session), stars=stars, publish=publish, withdrawn=withdrawn, reply=replied)
        public, summary = reviews.published(session)
        is_public = publish and not withdrawn
        assert (len(public), summary.count, summary.private) == ((10, 10, 0) if is_public else (0, 0, 10))


def test_each_deal_has_its_own_review(here) -> None:
    with here.db.writing() as session:
        first, second, none = (a_paid_deal(session) for _ in range(3))
        a_review(session, first, text="First.", reply="To the first.")
        a_review(session, second, text="Second.", withdrawn=True)
        told(session, first, ReviewReplied(text="To the first, again."))
        assert [review.said.text for review in reviews.published(session)[0]] == ["First."]
        mine = reviews.of_deal(session, first)
        assert (mine.said.text, mine.reply, mine.is_withdrawn) == ("First.", "To the first, again.", False)
        assert reviews.of_deal(session, second).is_withdrawn
        assert reviews.of_deal(session, none) is None


def test_a_reply_or_a_withdrawal_needs_a_review_and_a_withdrawal_a_permission(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_paid_deal(session)
        for answer in (ReviewReplied(text="Thank you."), ReviewWithdrawn()):
            with pytest.raises(Refused, match="no review"):
                told(session, deal, answer)
        a_review(session, deal, publish=False)
        with pytest.raises(Refused, match="no permission"):
            told(session, deal, ReviewWithdrawn())
        with pytest.raises(Refused, match="We have your review already"):
            a_review(session, deal, stars=1)


def test_nobody_claims_a_review_from_outside() -> None:
    assert {ReviewGiven, ReviewWithdrawn} <= BY_RULE < set(ANSWERS)
    assert ReviewReplied not in BY_RULE


def wanted_reviews(session: Session, deal) -> list[StageRun]:
    return list(session.exec(select(StageRun).where(StageRun.deal_id == deal.id, StageRun.stage == Stage.REVIEW.value)))


def test_a_review_is_asked_for_once_however_often_the_money_toggles(here_sqlite) -> None:
    for state in RunState:
        with here_sqlite.db.writing() as session:
            deal = a_paid_deal(session)
            [row] = wanted_reviews(session, deal)
            row.state = state.value
            session.flush()
            for money in (Cash.FINAL_DUE, Cash.PAID, Cash.DEPOSIT_PAID, Cash.PAID):
                deal.money = money.value
                completion.follow(session, deal, fact=None, now=MONDAY)
            deal.work = Work.HANDED_OVER.value
            completion.follow(session, deal, fact=None, now=MONDAY)
            assert len(wanted_reviews(session, deal)) == 1, state


def test_a_review_is_wanted_exactly_of_what_is_completed_and_paid(here_sqlite) -> None:
    for work, money in product(Work, Cash):
        with here_sqlite.db.writing() as session:
            deal = a_paid_deal(session, work=work, money=money.value)
            assert bool(wanted_reviews(session, deal)) == (work in {Work.COMPLETED, Work.HANDED_OVER} and money == Cash.PAID)


def test_a_late_review_is_thanked_for_and_told_of_like_any_other(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_paid_deal(session)
        [row] = wanted_reviews(session, deal)
        row.state = RunState.RUNNING.value
        mark(session, row, RunState.DONE, now=MONDAY)
        a_review(session, deal, stars=1)
        owed = session.exec(select(Effect).where(Effect.kind == "errand").order_by(Effect.key)).all()
        orders = [LetterOrder.model_validate(effect.args) for effect in owed]
    assert [(order.name, order.to) for order in orders] == [("review-came", "director"), ("review-came", "project_lead"), ("review-thanks", "client")]


def test_a_referral_names_the_deal_it_comes_from(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        token = links.hand_out(session, here_sqlite.secret, "refer", deal.id, now=MONDAY).rpartition("/")[2]
        assert reviews.source_of(session, token) == {"channel": "referral", "referred_by": f"deal {deal.id}"}
        links.revoke(session, "refer", deal.id, now=MONDAY)
        assert [reviews.source_of(session, one) for one in (token, "", "x", token.upper())] == [{}, {}, {}, {}]
