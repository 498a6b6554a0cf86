"""The offer of the next step: a deal of its own, once a round, for every service that something follows; carried by the stages that there are."""

import pytest
from sqlmodel import Session, select

from models import course_state, documents, facts, next_deal
from models.after_answers import MailBounced, NextStepOffered
from models.answers import Reopened
from models.delivery_answers import LaunchChecked
from models.errors import Refused
from models.proposal import Snapshot
from models.stages import Stage
from models.tables import Brief, Client, Deal, Effect, Fact, Move, StageRun
from models.tracks import Sales, Work
from tasks import estimates, offers, proposals
from tasks.world import World
from tests.coursing import completed
from tests.factories import a_client, a_deal, told
from tests.fakes import MONDAY
from tests.models.test_next_offer import FOLLOWED
from tests.models.threads import at_once
from tests.projecting import a_project
from tests.studio import the_company

URL = "https://acme-live.example"


def delivered(session: Session, service: str = "landing-page", *, to: Work = Work.COMPLETED, url: str = URL, **values) -> Deal:
    """A deal whose work is accepted, and runs under an address."""
    deal = a_project(session, service=service, accepted=99, work=Work.LAUNCH, **values)
    told(session, deal, LaunchChecked(url=url), actor="staff:t")
    completed(session, deal, to=to)
    return deal


def deals(here: World) -> list[Deal]:
    with here.db.reading() as session:
        return list(session.exec(select(Deal).order_by(Deal.id)))


def said(here: World, deal: Deal) -> NextStepOffered:
    """What the fact about the offer says."""
    with here.db.reading() as session:
        found = facts.find(session, "system", course_state.offer_key(deal))
        return NextStepOffered.model_validate(found.payload)


@pytest.mark.parametrize("service", FOLLOWED)
def test_what_follows_a_service_is_counted_proposed_and_mailed_by_the_stages_that_there_are(here_sqlite: World, service: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = delivered(session, service, salesperson="ines@northlight.example")
    number = offers.make_offer.fn(deal.id)
    counted = estimates.count_estimate.fn(number, 1)
    assert counted == {"version": 1, "needs_approval": False}
    assert proposals.publish_proposal.fn(number, 1) == 1
    assert proposals.mail_proposal.fn(number, 1, is_first=True) == "done"
    letter = here_sqlite.mail.sent[-1]
    with here_sqlite.db.reading() as session:
        assert session.get_one(Effect, letter.key).what == "next-step-offer"
        snapshot = Snapshot.model_validate(documents.latest(session, number, "proposal").body)
    step = the_company().delivery.services[service].next[0]
    assert step.note.split(".")[0] in " ".join(letter.text.split())
    assert "Ines Carvalho" in letter.sender.name
    assert URL in " ".join([*snapshot.task, *snapshot.result])
    assert "brief" not in snapshot.greeting
    assert snapshot.quotes == []


def test_the_new_deal_keeps_client_salesperson_and_locale_and_its_moves_name_the_fact(here: World) -> None:
    with here.db.writing() as session:
        deal = delivered(session, locale="de_DE", budget=1_000_00)
    number = offers.make_offer.fn(deal.id)
    with here.db.reading() as session:
        made, fact = session.get_one(Deal, number), facts.find(session, "system", course_state.offer_key(deal))
        assert (made.client_id, made.salesperson, made.locale, made.currency) == (deal.client_id, deal.salesperson, "de_DE", deal.currency)
        assert (made.service, made.sales, made.budget, made.message) == ("support-plan", Sales.ESTIMATING, None, "")
        assert made.source == {"channel": "next-step", "from_deal": str(deal.id)}
        moves = session.exec(select(Move).where(Move.deal_id == number).order_by(Move.id)).all()
        assert [(move.was, move.to, move.fact_id) for move in moves] == [("received", "briefing", fact.id), ("briefing", "estimating", fact.id)]
        row = session.exec(select(StageRun).where(StageRun.deal_id == number)).one()
        assert (row.stage, row.state, row.fact_id) == (Stage.ESTIMATE, "wanted", fact.id)
        sent = documents.latest(session, number, "brief")
        assert sent.body["answers"] == session.get_one(Brief, number).answers
        assert sent.body["answers"]["site"] == URL
        assert fact.subject == f"deal/{deal.id}/r1/next-step"
    assert said(here, deal) == NextStepOffered(deal=number, service="support-plan")


def test_it_is_offered_once_a_round_however_often_and_from_however_many_workers(here: World) -> None:
    with here.db.writing() as session:
        deal = delivered(session)
    numbers = at_once(4, lambda _: offers.make_offer.fn(deal.id))
    numbers += [offers.make_offer.fn(deal.id) for _ in range(2)]
    assert len(set(numbers)) == 1
    assert [one.id for one in deals(here)] == [deal.id, numbers[0]]
    with here.db.reading() as session:
        assert len(session.exec(select(Fact).where(Fact.kind == NextStepOffered.kind)).all()) == 1


def test_its_letter_goes_out_once_and_a_later_version_in_the_usual_words(here: World) -> None:
    with here.db.writing() as session:
        deal = delivered(session)
    number = offers.make_offer.fn(deal.id)
    estimates.count_estimate.fn(number, 1)
    proposals.publish_proposal.fn(number, 1)
    assert [proposals.mail_proposal.fn(number, 1, is_first=True) for _ in range(3)] == ["done"] * 3
    proposals.mail_proposal.fn(number, 2, is_first=False)
    with here.db.reading() as session:
        names = [session.get_one(Effect, message.key).what for message in here.mail.sent]
    assert names == ["next-step-offer", "proposal-updated"]


def test_a_deal_that_came_by_itself_gets_the_usual_letter_and_greeting(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        plain, strange = a_deal(session), a_deal(session, source={"channel": "next-step", "from_deal": "none"})
        for deal in (plain, strange):
            assert next_deal.before(session, deal) is None
            assert (next_deal.note(session, the_company(), deal), next_deal.texts(session, the_company(), deal, {})) == ("", {})


def test_who_comes_back_to_it_later_is_not_offered_it_anew(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = delivered(session)
    number = offers.make_offer.fn(deal.id)
    with here_sqlite.db.writing() as session:
        made = session.get_one(Deal, number)
        made.sales = Sales.LOST.value
        told(session, made, Reopened())
        assert (made.round, next_deal.note(session, the_company(), made)) == (2, "")


def test_a_handed_over_client_is_offered_it_too(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = delivered(session, to=Work.HANDED_OVER)
    assert offers.make_offer.fn(deal.id)


def test_a_salesperson_who_has_left_gives_it_to_one_who_sells_it(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = delivered(session)
        deal.salesperson = "left@northlight.example"
    number = offers.make_offer.fn(deal.id)
    assert next(one for one in deals(here_sqlite) if one.id == number).salesperson == "conor@northlight.example"


# When nothing is offered


def bounced(session: Session, deal: Deal) -> None:
    address = session.get_one(Client, deal.client_id).email
    told(session, deal, MailBounced(address=address, said="550 no such user"), actor="system")


def unsubscribed(session: Session, deal: Deal) -> None:
    client = session.get_one(Client, deal.client_id)
    client.course_off_at = client.reminders_off_at = MONDAY


def open_elsewhere(session: Session, deal: Deal) -> None:
    a_deal(session, client=session.get_one(Client, deal.client_id), service="support-plan", sales=Sales.PROPOSED)


def running_elsewhere(session: Session, deal: Deal) -> None:
    a_deal(session, client=session.get_one(Client, deal.client_id), service="support-plan", sales=Sales.WON, work="production")


@pytest.mark.parametrize(("happens", "why"), [
    (bounced, "come back"), (unsubscribed, "no letters beyond"), (open_elsewhere, "open deal for support-plan"),
    (running_elsewhere, "open deal for support-plan"),
], ids=lambda one: getattr(one, "__name__", ""))  # fmt: skip
def test_nothing_is_offered_and_the_fact_says_why(here_sqlite: World, happens, why: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = delivered(session)
        happens(session, deal)
    before = len(deals(here_sqlite))
    assert [offers.make_offer.fn(deal.id) for _ in range(2)] == [0, 0]
    assert len(deals(here_sqlite)) == before
    assert why in said(here_sqlite, deal).reason


def course_off(session: Session, deal: Deal) -> None:
    session.get_one(Client, deal.client_id).course_off_at = MONDAY


def lost_elsewhere(session: Session, deal: Deal) -> None:
    a_deal(session, client=session.get_one(Client, deal.client_id), service="support-plan", sales=Sales.LOST)


def somebody_elses(session: Session, deal: Deal) -> None:
    a_deal(session, client=a_client(session), service="support-plan", sales=Sales.PROPOSED)


@pytest.mark.parametrize("happens", [course_off, lost_elsewhere, somebody_elses], ids=lambda one: one.__name__)
def test_what_does_not_stand_in_its_way(here_sqlite: World, happens) -> None:
    with here_sqlite.db.writing() as session:
        deal = delivered(session)
        happens(session, deal)
    assert offers.make_offer.fn(deal.id)


@pytest.mark.parametrize("work", [Work.PRODUCTION, Work.LAUNCH, Work.PAUSED, Work.CANCELLED])
def test_before_the_work_is_completed_nothing_is_offered_nor_said(here_sqlite: World, work: Work) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.WON, work=work.value)
    with pytest.raises(Refused, match="offered when it is completed"):
        offers.make_offer.fn(deal.id)
    with here_sqlite.db.reading() as session:
        assert facts.find(session, "system", course_state.offer_key(deal)) is None


def test_without_any_address_the_missing_answer_is_named(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = delivered(session, url="")
        body = documents.latest(session, deal.id, "estimate")
        answers = {slug: answer for slug, answer in body.body["inputs"]["answers"].items() if slug != "website"}
        body.body = {**body.body, "inputs": {**body.body["inputs"], "answers": answers}}
    assert offers.make_offer.fn(deal.id) == 0
    assert "Which site, shop or app" in said(here_sqlite, deal).reason
