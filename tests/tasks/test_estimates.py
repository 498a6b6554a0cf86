"""Steps of the brief and the estimate: opened, counted once a version, changed by a manager's word."""

from decimal import Decimal

import pytest
from sqlmodel import select

from models import documents, pricing
from models.answers import BriefSent, EstimateReview
from models.errors import Missing, StudioError
from models.estimates import Estimate
from models.tables import Brief, Deal, Effect
from models.tracks import Sales
from tasks import briefs, estimates, proposals
from tasks.world import World
from tests.factories import a_brief, a_deal, told
from tests.models.threads import at_once
from tests.tasks.places import at


@pytest.fixture
def deal(here: World) -> Deal:
    """A deal whose brief was sent."""
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.ESTIMATING)
        a_brief(session, deal)
        return deal


def versions(here: World, deal: Deal) -> list[documents.Document]:
    with here.db.reading() as session:
        return [one for one in documents.all_of(session, deal.id) if one.kind == "estimate"]


def test_a_version_of_the_brief_is_counted_once(here: World, deal: Deal) -> None:
    counted = [estimates.count_estimate.fn(deal.id, 1) for _ in range(3)]
    assert {one["version"] for one in counted} == {1}
    assert len(versions(here, deal)) == 1


def test_a_run_and_its_successor_that_count_at_once_count_one_estimate(here: World, deal: Deal) -> None:
    assert at_once(4, lambda _: estimates.count_estimate.fn(deal.id, 1)["version"]) == [1] * 4
    assert len(versions(here, deal)) == 1


def test_a_run_and_its_successor_that_apply_a_review_at_once_apply_it_once(here: World, deal: Deal) -> None:
    counted = estimates.count_estimate.fn(deal.id, 1)["version"]
    hours = {Estimate.model_validate(versions(here, deal)[0].body).lines[0].slug: 7.0}
    assert at_once(4, lambda _: estimates.apply_review.fn(deal.id, counted, hours, "harder")) == [2] * 4
    assert len(versions(here, deal)) == 2


def test_the_stored_estimate_is_recomputed_to_the_cent(here: World, deal: Deal) -> None:
    estimates.count_estimate.fn(deal.id, 1)
    kept = Estimate.model_validate(versions(here, deal)[0].body)
    assert pricing.recompute(kept) == kept
    assert kept.card_version == here.company.rates.version


def test_after_a_review_the_same_brief_is_not_counted_anew(here_sqlite: World) -> None:
    """A run that is carried on by its successor must not ask the manager again."""
    with here_sqlite.db.writing() as session:
        deal = at(session, "estimating")
    first = estimates.count_estimate.fn(deal.id, 1)
    line = Estimate.model_validate(versions(here_sqlite, deal)[0].body).lines[0]
    told_hours = {line.slug: float(line.hours.likely * 2)}
    with here_sqlite.db.writing() as session:
        told(session, session.get_one(Deal, deal.id), EstimateReview(decision="approve", hours=told_hours, reason="harder"), actor="staff:Tomasz")
    reviewed = [estimates.apply_review.fn(deal.id, first["version"], told_hours, "harder") for _ in range(2)]
    assert reviewed == [2, 2]
    assert estimates.count_estimate.fn(deal.id, 1) == first
    changed = versions(here_sqlite, deal)[1]
    assert (changed.made_by, changed.why) == ("Tomasz", "reviewed v1")
    assert Estimate.model_validate(changed.body).lines[0].hours.likely == line.hours.likely * 2


def test_a_new_brief_is_counted_anew(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.ESTIMATING)
        a_brief(session, deal)
    assert estimates.count_estimate.fn(deal.id, 1)["version"] == 1
    with here_sqlite.db.writing() as session:
        a_brief(session, session.get_one(Deal, deal.id))
    assert estimates.count_estimate.fn(deal.id, 1)["version"] == 2


def test_a_review_without_changes_leaves_the_estimate_as_it_is(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "estimating")
    assert estimates.apply_review.fn(deal.id, 1, {}, "") == 1
    assert len(versions(here_sqlite, deal)) == 1


def test_hours_of_a_line_that_is_not_there_are_refused(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "estimating")
    with pytest.raises(StudioError, match="no line"):
        estimates.apply_review.fn(deal.id, 1, {"no-such-line": 4.0}, "why not")
    with pytest.raises(Missing):
        estimates.apply_review.fn(deal.id, 7, {}, "")


def test_the_manager_the_director_and_the_salesperson_are_told_once_each(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "estimating")
    for _ in range(2):
        estimates.ask_manager.fn(deal.id, 1)
        estimates.ask_director.fn(deal.id, 1)
        estimates.tell_refusal.fn(deal.id, 1, "not our trade")
    names = [message.to.name for message in here_sqlite.mail.sent]
    assert names == ["Tomasz Zielinski", "Aoife Brennan", "Conor Walsh"]
    assert "not our trade" in here_sqlite.mail.sent[2].text


def test_a_brief_opens_with_everything_known_filled_in_and_is_left_alone_afterwards(here: World) -> None:
    with here.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
    assert briefs.open_brief.fn(deal.id) == 1
    with here.db.writing() as session:
        brief = session.get_one(Brief, deal.id)
        asked = {question.prefill: question.slug for question in here.company.briefs[deal.service].questions if question.prefill}
        assert brief.answers[asked["company"]] == "Acme"
        assert not asked.get("budget") or brief.answers[asked["budget"]] == 9000
        brief.answers = {asked["company"]: "Acme Limited"}
    briefs.open_brief.fn(deal.id)
    with here.db.reading() as session:
        assert session.get_one(Brief, deal.id).answers == {asked["company"]: "Acme Limited"}


@pytest.mark.parametrize(("round_", "letter"), [(1, "brief-invitation"), (2, "welcome-back")])
def test_each_round_has_its_own_letter(here_sqlite: World, round_: int, letter: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, "briefing")
    assert [briefs.mail_brief.fn(deal.id, round_) for _ in range(2)] == ["done", "done"]
    assert here_sqlite.mail.letters() == [f"deal/{deal.id}/r{round_}/brief/mail"]
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Effect)).one().what == letter


def test_hours_are_counted_exactly(here: World, deal: Deal) -> None:
    estimates.count_estimate.fn(deal.id, 1)
    kept = Estimate.model_validate(versions(here, deal)[0].body)
    assert all(isinstance(line.hours.likely, Decimal) for line in kept.lines)


def test_a_brief_sent_again_while_a_manager_looks_makes_the_proposal_stale_from_the_start(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.ESTIMATING)
        a_brief(session, deal)
        told(session, deal, BriefSent(), key="first")
    counted = estimates.count_estimate.fn(deal.id, 1)
    with here_sqlite.db.writing() as session:
        told(session, session.get_one(Deal, deal.id), BriefSent(), key="second")
    estimates.apply_review.fn(deal.id, counted["version"], {}, "")
    proposals.publish_proposal.fn(deal.id, 1)
    with here_sqlite.db.reading() as session:
        document = documents.latest(session, deal.id, "proposal")
        orders = session.exec(select(Effect).where(Effect.what == "brief-edited-late")).all()
    assert document.stale_since is not None
    assert len(orders) == 1
