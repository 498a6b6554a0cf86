"""The door for facts: what is refused leaves nothing, what is kept has its consequences in the same transaction."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from sqlmodel import col, select

from models import documents, facts, inbox, link_facts, links, waiting, wanted
from models.answers import (
    ANSWERS,
    Answer,
    Application,
    BriefSent,
    ClosedAsLost,
    ContractWord,
    EstimateReview,
    Held,
    Joined,
    LinkAsked,
    Noted,
    ProposalAnswer,
    ProposalForwarded,
    ProposalRevised,
    ProposalViewed,
    QualifyAnswer,
    Released,
    RemindersStopped,
    Reopened,
)  # fmt: skip
from models.db import Database
from models.errors import Missing, Refused
from models.proposal import Snapshot
from models.stages import RunState, Stage
from models.tables import Client, Deal, Document, Effect, Fact, StageRun, Wait
from models.totals import totals
from models.tracks import Cash, Sales, Work, is_open
from tests.factories import (
    a_brief,
    a_deal,
    a_fact,
    a_proposal,
    a_refusal,
    a_run,
    a_wait,
    a_wish,
    an_acceptance,
    an_application,
    an_estimate,
    rungs,
    told,
)  # fmt: skip
from tests.fakes import MONDAY
from tests.models.billing import a_credit_note, a_signed_deal, an_invoice
from tests.models.threads import at_once

DAY = timedelta(days=1)


def refused(session, deal: Deal, answer: Answer, match: str = ".", *, at: datetime = MONDAY) -> None:
    """The answer is refused with these words, and nothing is kept."""
    session.flush()
    before = len(session.exec(select(Fact)).all())
    with pytest.raises(Refused, match=match):
        told(session, deal, answer, at=at)
    assert len(session.exec(select(Fact)).all()) == before


# Applications


def test_an_application_is_kept_raw_and_its_intake_wanted(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        fact = an_application(session, message="  <b>Hi</b>\u202e ")
        row = session.exec(select(StageRun)).one()
        assert fact.payload["message"] == "  <b>Hi</b>\u202e "
        assert (row.stage, row.application_id, row.key) == ("intake", fact.id, f"application-{fact.id}/intake/r1/g1")


def test_the_same_application_told_again_wants_nothing_more(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        assert an_application(session, key="one") is an_application(session, key="one")
        assert len(session.exec(select(StageRun)).all()) == 1


def test_a_suspected_robot_is_kept_and_nothing_follows(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        fact, new = inbox.apply(session, {"name": "x"}, source="form", external_id="1", actor="client", now=MONDAY, suspect="too fast")
        assert (new, fact.kind, fact.payload["suspect"]) == (True, "application.suspected", "too fast")
        assert session.exec(select(StageRun)).all() == []


# Accepting


def test_an_acceptance_freezes_what_was_shown_in_the_same_transaction(db: Database) -> None:
    with db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        option = Snapshot.model_validate(document.body).options[0].slug
        fact = told(session, deal, an_acceptance(document, selection=[option]), at=MONDAY + DAY)
        document_id, fact_id = document.id, fact.id
    with db.reading() as session:
        kept = session.get_one(Document, document_id)
        assert (kept.state, kept.frozen_at, kept.frozen_by) == ("frozen", MONDAY + DAY, fact_id)
        assert option in kept.selection
        assert kept.totals == totals(Snapshot.model_validate(kept.body), kept.selection).model_dump(mode="json")
        assert kept.body_hash == documents.fingerprint(kept.body)


@pytest.mark.parametrize(
    ("change", "words"),
    [({"version": 2}, "changed"), ({"total": 1}, "total"), ({"selection": ["no-such-option"]}, "no option")],
)
def test_an_acceptance_of_something_else_is_refused_and_nothing_is_kept(here_sqlite, change: dict, words: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        refused(session, deal, an_acceptance(document).model_copy(update=change), words)
        assert document.state == "live"


def test_ticking_an_option_without_its_price_is_refused(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        bare = an_acceptance(document)
        refused(session, deal, bare.model_copy(update={"selection": [Snapshot.model_validate(document.body).options[0].slug]}), "total")


@pytest.mark.parametrize(("hour", "is_over"), [(23, False), (35, False), (37, True)])
def test_a_proposal_can_be_accepted_until_its_last_day_has_ended_everywhere(here_sqlite, hour: int, is_over: bool) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        last = datetime.combine(Snapshot.model_validate(document.body).valid_until, datetime.min.time(), MONDAY.tzinfo)
        if is_over:
            refused(session, deal, an_acceptance(document), "expired", at=last + timedelta(hours=hour))
        else:
            told(session, deal, an_acceptance(document), at=last + timedelta(hours=hour))
            assert document.state == "frozen"


def test_after_its_end_a_proposal_can_still_be_asked_to_change_or_declined(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        for answer in (a_wish, a_refusal):
            deal = a_deal(session, sales=Sales.PROPOSED)
            assert told(session, deal, answer(a_proposal(session, deal)), at=MONDAY + 90 * DAY)


def test_pressing_accept_twice_is_one_fact(db: Database) -> None:
    with db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        answer, deal_id = an_acceptance(a_proposal(session, deal)), deal.id

    def press(_: int) -> int:
        with db.writing() as session:
            return told(session, session.get_one(Deal, deal_id), answer, key="the same form").id

    assert len(set(at_once(6, press))) == 1
    with db.reading() as session:
        assert len(facts.of_deal(session, deal_id, ProposalAnswer.kind)) == 1


def test_of_six_who_accept_at_once_one_is_the_first_and_the_others_are_told(db: Database) -> None:
    with db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        answer, deal_id = an_acceptance(a_proposal(session, deal)), deal.id

    def press(number: int) -> bool:
        try:
            with db.writing() as session:
                told(session, session.get_one(Deal, deal_id), answer, key=f"form {number}")
        except Refused:
            return False
        return True

    assert sum(at_once(6, press)) == 1


DECISIONS = {"accept": an_acceptance, "change": a_wish, "decline": a_refusal}
STATES = ("live", "frozen", "declined", "void", "superseded")


@pytest.mark.parametrize(("state", "decision"), list(product(STATES, DECISIONS)))
def test_only_a_live_proposal_can_be_answered(here_sqlite, state: str, decision: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        answer = DECISIONS[decision](document)
        document.state = state
        if state == "live":
            told(session, deal, answer)
            assert document.state == {"accept": "frozen", "change": "live", "decline": "declined"}[decision]
        else:
            refused(session, deal, answer)
            assert document.state == state


@pytest.mark.parametrize(("first", "then"), list(product(("accept", "decline"), DECISIONS)))
def test_after_one_final_answer_there_is_no_other(here_sqlite, first: str, then: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        told(session, deal, DECISIONS[first](document))
        refused(session, deal, DECISIONS[then](document), "accepted" if first == "accept" else "no longer open")


@pytest.mark.parametrize("decision", DECISIONS)
@pytest.mark.parametrize("sales", [Sales.LOST, Sales.DECLINED])
def test_nothing_can_be_answered_on_a_closed_deal(here_sqlite, sales: Sales, decision: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        deal.sales = sales
        refused(session, deal, DECISIONS[decision](document))


def test_a_proposal_of_an_earlier_round_answers_nothing(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        deal.round = 2
        refused(session, deal, a_wish(document), "no longer open")


def test_without_a_proposal_there_is_nothing_to_answer(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        answer = ProposalAnswer(decision="decline", version=1)
        with pytest.raises(Missing, match="no proposal"):
            told(session, deal, answer)


# One word, once


@pytest.mark.parametrize(
    ("answer", "noun", "stage", "sales"),
    [
        (QualifyAnswer(decision="talk"), "qualification", Stage.INTAKE, Sales.RECEIVED),
        (EstimateReview(decision="approve"), "estimate", Stage.ESTIMATE, Sales.ESTIMATING),
        (ContractWord(outcome="lost", reason="price"), "contract", Stage.CONTRACT, Sales.CONTRACTING),
    ],
)
class TestAWordThatIsGivenOnce:
    def test_is_kept_and_a_second_one_refused_before_and_after_it_is_heard(self, here_sqlite, answer, noun, stage, sales) -> None:
        with here_sqlite.db.writing() as session:
            deal = a_deal(session, sales=sales)
            an_estimate(session, deal)
            a_wait(session, deal, type(answer), stage=stage)
            fact = told(session, deal, answer)
            assert fact.subject == f"deal/{deal.id}/r1/{noun}"
            refused(session, deal, answer, "answered already")
            wait = a_wait(session, deal, type(answer), stage=stage)
            assert wait.fact_id == fact.id
            refused(session, deal, answer, "answered already")

    def test_can_be_given_again_when_it_is_asked_again(self, here_sqlite, answer, noun, stage, sales) -> None:
        with here_sqlite.db.writing() as session:
            deal = a_deal(session, sales=sales)
            an_estimate(session, deal)
            a_wait(session, deal, type(answer), stage=stage)
            told(session, deal, answer)
            a_wait(session, deal, type(answer), stage=stage)
            a_wait(session, deal, type(answer), stage=stage, key="answer#2")
            assert told(session, deal, answer).subject.endswith(noun)

    @pytest.mark.parametrize("place", Sales)
    def test_is_refused_where_the_deal_has_no_such_question(self, here_sqlite, answer, noun, stage, sales, place: Sales) -> None:
        with here_sqlite.db.writing() as session:
            deal = a_deal(session, sales=place)
            an_estimate(session, deal)
            if place == sales:
                told(session, deal, answer)
            else:
                refused(session, deal, answer, str(place))


# The brief


def test_sending_the_brief_makes_a_version_and_says_which(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        a_brief(session, deal, sent=False)
        assert [told(session, deal, BriefSent()).payload for _ in range(2)] == [{"version": 1}, {"version": 2}]
        assert documents.latest(session, deal.id, "brief").state == "live"


def test_a_brief_that_nobody_has_saved_cannot_be_sent(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        refused(session, a_deal(session, sales=Sales.BRIEFING), BriefSent(), "no brief")


def test_a_late_brief_marks_the_proposal_stale_and_orders_one_letter(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        told(session, deal, BriefSent(), at=MONDAY + DAY, key="once")
        told(session, deal, BriefSent(), at=MONDAY + DAY, key="once")
        assert document.stale_since == MONDAY + DAY
        assert [effect.what for effect in session.exec(select(Effect))] == ["brief-edited-late"]


def test_a_brief_behind_an_accepted_proposal_is_closed_until_the_deal_is_opened_again(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        told(session, deal, an_acceptance(document))
        refused(session, deal, BriefSent(), "accepted")
        told(session, deal, ClosedAsLost(reason="they were bought"))
        refused(session, deal, BriefSent())
        told(session, deal, Reopened())
        assert told(session, deal, BriefSent()).payload == {"version": 2}


# Lost, opened again, on hold


def test_a_lost_deal_leaves_nothing_open(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        run = a_run(session, Stage.PROPOSAL, deal, state=RunState.WAITING)
        wait = a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL)
        told(session, deal, Held(reason="holiday"))
        told(session, deal, ClosedAsLost(reason="went elsewhere"))
        assert (deal.sales, deal.held_since, document.state, run.state, run.why) == ("lost", None, "void", "withdrawn", "went elsewhere")
        assert (wait.closed_at, wait.outcome) == (MONDAY, "dropped")


@pytest.mark.parametrize("sales", Sales)
def test_a_deal_can_be_lost_from_every_place_that_is_open(here_sqlite, sales: Sales) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=sales)
        if sales in {Sales.LOST, Sales.DECLINED, Sales.WON}:
            refused(session, deal, ClosedAsLost(reason="so"), f"is {sales} already")
        else:
            told(session, deal, ClosedAsLost(reason="so"))
            assert deal.sales == "lost"


@pytest.mark.parametrize("sales", Sales)
def test_a_closed_deal_is_opened_again_in_its_next_round(here_sqlite, sales: Sales) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=sales)
        if sales in {Sales.LOST, Sales.DECLINED}:
            told(session, deal, Reopened())
            assert (deal.sales, deal.round) == ("briefing", 2)
            assert [row.key for row in wanted.live_of(session, deal.id)] == [f"deal-{deal.id}/brief/r2/g1"]
        else:
            refused(session, deal, Reopened(), "is open")
            assert deal.round == 1


def test_a_deal_whose_invoice_is_out_ends_by_cancelling_its_work(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal)
        refused(session, deal, ClosedAsLost(reason="so"), f"Invoice {invoice.number} of deal {deal.id} is out. Run cancel-work")
        a_credit_note(session, invoice)
        told(session, deal, ClosedAsLost(reason="so"))
        assert deal.sales == "lost"


@pytest.mark.parametrize("money", Cash)
@pytest.mark.parametrize("work", [Work.NONE, Work.CANCELLED])
def test_work_and_money_begin_anew_with_a_round(here_sqlite, work: Work, money: Cash) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.LOST, work=work.value, money=money.value)
        told(session, deal, Reopened())
        assert (deal.sales, deal.work, deal.money) == ("briefing", "none", "none")
        assert is_open(deal)


def test_a_link_of_a_new_round_never_leads_to_an_old_invoice(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal)
        assert link_facts.page_of(session, deal) == f"invoice:{invoice.id}"
        deal.round = 2
        assert link_facts.page_of(session, deal) == "contract"


@pytest.mark.parametrize("ago", [timedelta(), DAY, 400 * DAY])
def test_a_rest_that_would_be_over_already_is_refused_and_writes_to_nobody(here_sqlite, ago: timedelta) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        with pytest.raises(Refused, match="This moment is past"):
            told(session, deal, Held(reason="holiday", until=MONDAY - ago))
        assert deal.held_since is None
        assert session.exec(select(Effect)).all() == []
        told(session, deal, Held(reason="holiday", until=MONDAY + timedelta(minutes=1)))
        assert deal.held_until == MONDAY + timedelta(minutes=1)


@pytest.mark.parametrize("until", [None, MONDAY + 5 * DAY])
def test_the_same_rest_is_not_told_to_the_client_twice(here_sqlite, until) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        told(session, deal, Held(reason="holiday", until=until))
        with pytest.raises(Refused, match="is on hold already, until "):
            told(session, deal, Held(reason="holiday", until=until))
        assert len(session.exec(select(Effect)).all()) == 1
        told(session, deal, Held(reason="longer", until=MONDAY + 6 * DAY))
        assert deal.held_until == MONDAY + 6 * DAY


def test_a_won_deal_goes_by_its_project_and_what_moves_that_is_named(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.WON)
        with pytest.raises(Refused, match="move-date"):
            told(session, deal, Held(reason="holiday"))


def test_a_rest_moves_reminders_and_deadline_by_its_length(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        wait = a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, rungs=rungs("a"), deadline=MONDAY + 9 * DAY)
        told(session, deal, Held(reason="holiday"), at=MONDAY + DAY)
        told(session, deal, Held(reason="longer", until=MONDAY + 5 * DAY), at=MONDAY + 2 * DAY)
        assert (deal.held_since, deal.held_until) == (MONDAY + DAY, MONDAY + 5 * DAY)
        told(session, deal, Released(), at=MONDAY + 5 * DAY)
        assert (deal.held_since, deal.held_until) == (None, None)
        assert wait.rungs[0]["at"] == (MONDAY + 6 * DAY).isoformat()
        assert (wait.deadline, wait.due_at) == (MONDAY + 13 * DAY, MONDAY + 6 * DAY)
        ordered = session.exec(select(Effect).order_by(col(Effect.planned_at))).all()
        assert [(effect.what, effect.args["to"]) for effect in ordered] == [("deal-on-hold", "client")] * 2 + [("deal-resumed", "client")]


def test_what_was_asked_during_a_rest_moves_by_the_rest_of_it_and_an_outage_not_at_all(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        told(session, deal, Held(reason="holiday"))
        late = {"at": MONDAY + 55 * DAY, "stage": Stage.PROPOSAL, "deadline": MONDAY + 69 * DAY}
        asked = a_wait(session, deal, ProposalAnswer, rungs=rungs("a", start=MONDAY + 55 * DAY), **late)
        away = a_wait(session, deal, ProposalAnswer, key="outage/mail", **late)
        before = away.deadline, away.due_at
        told(session, deal, Released(), at=MONDAY + 59 * DAY)
        assert (asked.rungs[0]["at"], asked.deadline) == ((MONDAY + 61 * DAY).isoformat(), MONDAY + 73 * DAY)
        assert (away.deadline, away.due_at) == before


def test_an_answer_during_a_rest_stays_due_after_it(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        document = a_proposal(session, deal)
        wait = a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, rungs=rungs("a"))
        told(session, deal, Held(reason="holiday"))
        told(session, deal, a_wish(document), at=MONDAY + DAY)
        told(session, deal, Released(), at=MONDAY + DAY)
        assert wait.due_at == MONDAY + DAY


def test_only_a_deal_on_hold_can_be_released(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        refused(session, a_deal(session), Released(), "not on hold")


# Letters that a fact orders


def test_a_forwarded_proposal_is_sent_to_the_colleague_a_few_times_a_day(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        a_proposal(session, deal)
        for number in range(link_facts.FORWARDS_A_DAY):
            told(session, deal, ProposalForwarded(email=f"{number}@acme.example", note="look"))
        refused(session, deal, ProposalForwarded(email="x@acme.example"), "times today")
        told(session, deal, ProposalForwarded(email="x@acme.example"), at=MONDAY + 2 * DAY)
        orders = session.exec(select(Effect)).all()
        assert len({order.key for order in orders}) == len(orders) == link_facts.FORWARDS_A_DAY + 1
        assert {order.args["to"] for order in orders} == {"colleague"}


PAGES = {
    "": None, "brief": "brief", "proposal": "proposal", "qualify": "qualify", "contract": "contract", "comeback": "comeback", "outbox": None,
    "approve": None,
}  # fmt: skip
OWN = {
    Sales.RECEIVED: "brief", Sales.BRIEFING: "brief", Sales.ESTIMATING: "brief", Sales.PROPOSED: "proposal", Sales.CONTRACTING: "contract",
    Sales.SIGNED: "contract", Sales.WON: "contract", Sales.DECLINED: "comeback", Sales.LOST: "comeback",
}  # fmt: skip


@pytest.mark.parametrize(("page", "sales"), list(product(PAGES, Sales)))
def test_a_new_link_goes_to_the_page_asked_for_or_to_the_one_that_the_deal_is_at(here_sqlite, page: str, sales: Sales) -> None:
    with here_sqlite.db.writing() as session:
        told(session, a_deal(session, sales=sales), LinkAsked(page=page))
        order = session.exec(select(Effect)).one().args
        assert (order["to"], order["links"]["link"]) == ("client", PAGES[page] or OWN[sales])
        assert order["links"]["link"] not in links.STAFF


def test_no_more_reminders_is_the_clients_word_for_good(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        told(session, deal, RemindersStopped())
        told(session, deal, RemindersStopped(), at=MONDAY + DAY)
        assert session.get_one(Client, deal.client_id).reminders_off_at == MONDAY


# Anything


def test_an_unknown_deal_is_missing(here_sqlite) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Missing, match="no deal 99"):
        inbox.tell(session, 99, Noted(text="x"), source="t", external_id="1", actor="a", now=MONDAY)


def test_a_version_that_is_not_the_newest_was_not_revised(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.PROPOSED)
        a_proposal(session, deal)
        refused(session, deal, ProposalRevised(version=2), "newest version is 1")
        assert told(session, deal, ProposalRevised(version=1)).subject.endswith("proposal")


@pytest.mark.parametrize("answer", [Noted(text="called"), ProposalViewed(version=1, visitor="0" * 8), Joined(application=1)])
@pytest.mark.parametrize("sales", Sales)
def test_history_can_be_written_at_any_time(here_sqlite, answer: Answer, sales: Sales) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=sales)
        fact = told(session, deal, answer, actor="staff:conor")
        assert (fact.kind, fact.actor, fact.deal_id, deal.sales) == (answer.kind, "staff:conor", deal.id, sales)


def test_when_it_happened_and_when_it_was_known_are_two_things(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        fact, _ = inbox.tell(
            session, deal.id, Noted(text="met"), source="t", external_id="1", actor="a", now=MONDAY, happened_at=MONDAY - DAY
        )  # fmt: skip
        assert (fact.happened_at, fact.known_at) == (MONDAY - DAY, MONDAY)


def test_every_kind_of_answer_has_a_name_of_its_own() -> None:
    assert len({answer.kind for answer in (*ANSWERS, Application)}) == len(ANSWERS) + 1


def test_the_deals_of_an_address_come_newest_first(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        first = a_deal(session)
        client = session.get_one(Client, first.client_id)
        second = a_deal(session, client=client, sales=Sales.LOST)
        a_deal(session)
        assert inbox.deals_by_mail(session, client.email) == [second, first]


def test_closing_spares_the_run_that_does_it(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.BRIEFING)
        row = a_run(session, Stage.BRIEF, deal, state=RunState.RUNNING, flow_run_id="mine")
        fact = a_fact(session, deal)
        inbox.close(session, deal, Sales.LOST, why="silence", fact=fact, now=MONDAY, but_run="mine")
        assert row.state == "running"
        assert session.exec(select(Wait).where(col(Wait.closed_at).is_(None))).all() == []
        assert waiting.open_waits(session, deal.id) == []
