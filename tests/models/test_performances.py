"""Performance counted from what happened: contract, changes, credit notes, hours, waits, moves; kept once, known anew."""

from datetime import date, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from models import hours, invoices, issued, performances, projects
from models.after_answers import ReviewGiven
from models.cash_answers import InvoiceCorrected
from models.delivery_answers import ChangeAnswered, ChangeOffered, StageReady
from models.delivery_tables import Performance
from models.errors import Missing
from models.money import Money
from models.stages import Stage
from models.tables import Deal, Wait
from models.tracks import Work
from tests.factories import a_deal, a_run, an_invoice, told
from tests.fakes import MONDAY
from tests.performing import a_closed_project, a_finished_project, cancelled, hours_on
from tests.projecting import a_project, a_won_deal, an_accepted_stage, comments, plan_of
from tests.studio import the_company

COMPANY = the_company()
DAY = timedelta(days=1)


def agreed(session: Session, deal: Deal) -> Money:
    return projects.contract_of(session, deal).net


def a_taken_change(session: Session, deal: Deal, price: str, worth: float) -> None:
    """The current stage shown, sent back once too often, priced, and the price taken."""
    slug = projects.stand(session, deal).current.slug
    for _ in range(plan_of(session, deal).stage(slug).rounds + 1):
        told(session, deal, StageReady(stage=slug), actor="staff:t")
        comments(session, deal, slug)
    told(session, deal, ChangeOffered(stage=slug, text="A second language.", hours=worth, price=Decimal(price)), actor="staff:t")
    offer = projects.stand(session, deal).stage(slug).offer
    total = performances.changes.gross(session, deal, offer).amount
    told(session, deal, ChangeAnswered(stage=slug, offer=offer.number, decision="accept", total=total, name="Orla"))
    an_accepted_stage(session, deal, slug)


def test_a_project_that_went_as_agreed(here) -> None:
    with here.db.writing() as session:
        deal = a_finished_project(session, days=25)
        hours_on(session, deal, "Hanna Lindqvist", 480)
        hours_on(session, deal, "Zed", 60, round=1)
        hours_on(session, deal, "Hanna Lindqvist", 999, deleted_at=MONDAY)
        row = performances.count(session, COMPANY, deal, MONDAY + 30 * DAY)
        assert (row.deal, row.round, row.client, row.service, row.service_name) == (deal.id, 1, "Acme", "landing-page", "Landing page")
        assert (row.project, row.manager, row.outcome, row.review) == (plan_of(session, deal).title, "Tomasz Zielinski", "completed", None)
        assert row.amount == agreed(session, deal)
        assert (row.hours, row.cost.amount, row.strangers) == (9, 8 * 4100, ["Zed"])
        assert row.margin == row.amount - row.cost
        assert row.planned_hours == sum(plan_of(session, deal).hours.values())
        # Monday 2 March to Friday 27 March 2026: 20 working days but Saint Patrick's on the 17th; paid on the 2nd, handed over on the 28th
        assert (row.working_days, row.waiting_days, row.calendar_days, row.closed_on) == (19, 0, 27, date(2026, 3, 28))


def test_days_of_waiting_for_the_client_are_no_working_days(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_finished_project(session, days=25)
        session.add(Wait(
            deal_id=deal.id, stage=Stage.PRODUCTION, round=1, key="design#1", kinds=["stage.answered"], subject="x", whose="client", what="an answer",
            opened_at=MONDAY + DAY, closed_at=MONDAY + 4 * DAY, flow_run_id="run",
        ))  # fmt: skip
        session.flush()
        row = performances.count(session, COMPANY, deal, MONDAY + 30 * DAY)
        assert (row.working_days, row.waiting_days, row.calendar_days) == (16, 3, 27)


def test_changes_that_were_taken_and_credit_notes_are_in_the_amount(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        a_taken_change(session, deal, "480.00", 6)
        row = performances.count(session, COMPANY, deal, MONDAY)
        assert row.amount == agreed(session, deal) + Money.of_major("480", "EUR")
        assert row.planned_hours == sum(plan_of(session, deal).hours.values()) + 6
        assert [(one.role, one.planned) for one in row.roles][-1] == ("others", 6)
        assert row.rounds == plan_of(session, deal).stages[0].rounds + 1
        first = issued.of_part(session, deal, 1)
        off = invoices.nearest_credit(first, Money.of_major("123", "EUR"))
        note = invoices.credit(session, COMPANY, first, gross=off, reason="A page less.", key="credit/1", now=MONDAY)
        assert performances.amount_of(session, deal) == row.amount - Money(amount=note.net, currency="EUR")


def test_an_invoice_credited_whole_and_issued_anew_counts_once(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        before, first = performances.amount_of(session, deal), issued.of_part(session, deal, 1)
        invoices.credit(session, COMPANY, first, gross=None, reason="Another address.", key="credit/1", now=MONDAY)
        assert performances.amount_of(session, deal) == before - Money(amount=first.net, currency="EUR")
        fact = told(session, deal, InvoiceCorrected(part=1, number="NLC-1"))
        assert invoices.issue(session, COMPANY, deal, 1, now=MONDAY, fact=fact).id != first.id
        assert performances.amount_of(session, deal) == before


def test_a_cancelled_project_keeps_its_hours_and_what_stays_of_the_money(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session, accepted=1)
        hours_on(session, deal, "Hanna Lindqvist", 480)
        second = an_invoice(session, deal, part=2)
        first = issued.of_part(session, deal, 1)
        cancelled(session, deal, at=MONDAY + 10 * DAY)
        invoices.credit(session, COMPANY, second, gross=None, reason="cancelled", key="credit/2", now=MONDAY)
        row = performances.count(session, COMPANY, deal, MONDAY + 40 * DAY)
        assert (row.outcome, row.closed_on, row.hours, row.cost.amount) == ("cancelled", date(2026, 3, 12), 8, 32_800)
        assert row.amount.amount == first.net < agreed(session, deal).amount
        assert (row.working_days, row.calendar_days) == (9, 11)


def test_a_project_under_way_can_be_counted_too(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        row = performances.count(session, COMPANY, deal, MONDAY + 4 * DAY)
        assert (row.outcome, row.closed_on, row.working_days, row.calendar_days) == ("under way", None, 5, 5)
        with pytest.raises(Missing, match="has not begun"):
            performances.count(session, COMPANY, a_won_deal(session), MONDAY)


@pytest.mark.parametrize(("work", "closed"), [(Work.COMPLETED, False), (Work.HANDED_OVER, True)])
def test_a_project_is_over_on_the_later_day_of_money_and_hand_over(here_sqlite, work: Work, closed: bool) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_finished_project(session, days=20)
        deal.work = work.value
        assert performances.closed_on(session, COMPANY, deal) == (date(2026, 3, 23) if closed else None)
        deal.money = "final_due"
        assert performances.closed_on(session, COMPANY, deal) is None


def test_the_row_is_kept_once_and_stays_as_it_was_counted(here) -> None:
    with here.db.writing() as session:
        kept = a_closed_project(session)
        deal = session.get_one(Deal, kept.deal_id)
        assert (kept.closed_on, kept.month, kept.round) == (date(2026, 3, 23), "2026-03", 1)
        hours_on(session, deal, "Marta Kowalska", 60)
        assert performances.keep(session, COMPANY, deal, MONDAY + 90 * DAY).id == kept.id
        assert len(session.exec(select(Performance)).all()) == 1
        assert performances.as_kept(kept).hours == 8
        assert performances.as_now(session, COMPANY, kept).hours == 9


def test_what_came_after_the_closing_is_known_now(here) -> None:
    with here.db.writing() as session:
        kept = a_closed_project(session)
        deal, then = session.get_one(Deal, kept.deal_id), performances.as_kept(kept)
        assert performances.as_now(session, COMPANY, kept) == then
        a_run(session, Stage.REVIEW, deal)
        told(session, deal, ReviewGiven(stars=4, publish=True, text="Good."))
        [entry] = hours.of_deal(session, deal.id or 0, 1)
        entry.minutes = 600
        last = issued.of_deal(session, deal)[-1]
        note = invoices.credit(session, COMPANY, last, gross=None, reason="a present", key="credit/1", now=MONDAY)
        now = performances.as_now(session, COMPANY, kept)
        assert (now.review, now.hours, now.amount) == (4, 10, then.amount - Money(amount=note.net, currency="EUR"))
        assert (now.working_days, now.closed_on, now.manager) == (then.working_days, then.closed_on, then.manager)


def test_a_deal_that_was_opened_again_is_not_mixed_up_with_the_round_that_was_closed(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        hours_on(session, deal, "Hanna Lindqvist", 60)
        cancelled(session, deal, at=MONDAY + DAY)
        kept = performances.keep(session, COMPANY, deal, MONDAY + DAY)
        deal.round, deal.work = 2, Work.NONE.value
        session.flush()
        hours_on(session, deal, "Hanna Lindqvist", 600)
        assert performances.as_now(session, COMPANY, kept) == performances.as_kept(kept)
        assert performances.find(session, deal) is None


def test_a_lost_deal_has_no_row(here_sqlite) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Missing):
        performances.keep(session, COMPANY, a_deal(session), MONDAY)
