"""The month so far counts from its first day by the studio's calendar, and every week of it, also those that brought nothing."""

from datetime import UTC, date, datetime, timedelta

import pytest

from models import month_so_far, payments
from models.money import Money
from models.month_so_far import MonthSoFar, month_page, stood_of, weeks_of
from models.tracks import Sales, move
from tests.factories import a_deal, a_payment, a_signed_deal, an_application, an_invoice
from tests.fakes import MONDAY

DAY = timedelta(days=1)


def euros(amount: int) -> Money:
    return Money(amount=amount * 100, currency="EUR")


def test_a_month_is_counted_from_its_applications_to_the_money(here) -> None:
    with here.db.writing() as session:
        an_application(session)
        an_application(session, at=MONDAY - 3 * DAY)
        deal = a_deal(session)
        for after, place in enumerate((Sales.BRIEFING, Sales.ESTIMATING, Sales.PROPOSED, Sales.ESTIMATING, Sales.PROPOSED)):
            move(session, deal, place, why="", fact=None, now=MONDAY + after * DAY)
        a_payment(session, an_invoice(session, a_signed_deal(session)), 100_000)
        session.flush()
        month = month_so_far.gather(session, currency="EUR", zone="Europe/Dublin", now=MONDAY + 8 * DAY)
        before = month_so_far.gather(session, currency="GBP", zone="Europe/Dublin", now=MONDAY - 3 * DAY)
    assert month.begins == date(2026, 3, 1)
    assert month.funnel == {"Applications": 1, "Briefs sent": 1, "Proposals": 1, "Accepted": 0, "Signed": 0}
    assert month.weeks == [(date(2026, 2, 23), euros(0)), (date(2026, 3, 2), euros(1000)), (date(2026, 3, 9), euros(0))]
    assert month.stood == {"briefing": DAY, "estimating": DAY, "proposed": DAY}
    assert before.begins == date(2026, 2, 1)
    assert sum(sum_.amount for _, sum_ in before.weeks) == 0, "another currency"


def money_in(session) -> int:
    session.flush()
    month = month_so_far.gather(session, currency="EUR", zone="Europe/Dublin", now=MONDAY + 8 * DAY)
    return sum(sum_.amount for _, sum_ in month.weeks)


@pytest.mark.parametrize("names", [True, False])
def test_a_transfer_that_was_recorded_and_is_on_the_statement_came_in_once(here, names: bool) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, a_signed_deal(session))
        a_payment(session, invoice, 100_000, source="operator")
        assert money_in(session) == 100_000
        line = a_payment(session, invoice, 100_000, happened_on=(MONDAY + DAY).date(), reference=invoice.number if names else "thanks")
        if not names:
            assert money_in(session) == 200_000, "nobody knows yet that it is the same"
            payments.match(session, line.id or 0, [invoice.number or ""], who="Conor", now=MONDAY)
        assert "Confirms payment" in line.said
        assert money_in(session) == 100_000


def test_what_the_provider_holds_counts_when_it_came_and_not_again_when_it_is_paid_out(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, a_signed_deal(session))
        a_payment(session, invoice, 100_000, source="sandbox", method="card")
        paid_out = a_payment(session, invoice, 90_000, reference="PAYOUT 1", payer_name="Sandbox")
        assert paid_out.state == "payout"
        assert money_in(session) == 100_000


def test_money_set_aside_and_money_that_left_did_not_come_in(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, a_signed_deal(session))
        strange = a_payment(session, invoice, 5_000, reference="thanks")
        payments.ignore(session, strange.id or 0, reason="Not ours.", who="Conor", now=MONDAY)
        a_payment(session, invoice, 7_000, direction="out", reference="rent")
        assert money_in(session) == 0


@pytest.mark.parametrize("today", [date(2026, 2, 1) + timedelta(days=day) for day in range(0, 120, 7)])
def test_weeks_follow_each_other_from_the_first_days_to_todays(today: date) -> None:
    mondays = [monday for monday, _ in weeks_of(today.replace(day=1), today, [(today, 500)], "EUR")]
    assert {monday.weekday() for monday in mondays} == {0}
    assert mondays[0] <= today.replace(day=1)
    assert mondays[-1] <= today < mondays[-1] + timedelta(days=7)
    assert mondays == sorted(set(mondays))


def test_time_at_a_stage_is_the_median_of_those_who_left_it_this_month() -> None:
    first = datetime(2026, 3, 1, tzinfo=UTC)

    def moves(deal: int, *left: tuple[str, int]) -> list[tuple[int, str, datetime]]:
        return [(deal, was, first + day * DAY) for was, day in left]

    left = [
        *moves(1, ("received", -9), ("briefing", -1), ("estimating", 1)), *moves(2, ("received", 1), ("briefing", 5)),
        *moves(3, ("received", 1), ("briefing", 3)),
    ]  # fmt: skip
    assert stood_of(left, first) == {"briefing": 3 * DAY, "estimating": 2 * DAY}


def test_the_page_draws_what_there_is_and_says_it_in_words() -> None:
    month = MonthSoFar(date(2026, 3, 1), {"Applications": 12, "Signed": 3}, [(date(2026, 3, 2), euros(12_345))], {})
    shown = month_page(month, locale="en_IE")
    assert shown.startswith("# March 2026 so far\n\n![From application to signature: Applications 12, Signed 3.](data:image/svg+xml;base64,")
    assert "\n\nMoney in by week: from 02 Mar €12,345." in shown
    assert shown.endswith("Time at each stage of the sale, median: nothing yet.")
    assert shown.count("data:image") == 2
