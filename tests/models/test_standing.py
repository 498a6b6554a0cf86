"""How a part of the plan stands, and what may be told about its money."""

from datetime import UTC, datetime, timedelta

import pytest
from sqlmodel import select

from models import payment_facts, payments
from models.cash_answers import PaymentPromised, WorkCancelled
from models.errors import Missing, Refused
from models.tables import Fact
from models.tracks import Work
from tests.factories import told
from tests.fakes import MONDAY
from tests.models.billing import COMPANY, TODAY, a_credit_note, a_signed_deal, a_transfer, an_event, an_invoice, eur


def test_a_part_stands_by_its_newest_invoice(here) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        assert payments.standing(session, deal, 1) is None
        first = an_invoice(session, deal, 100)
        an_invoice(session, deal, 100, part=2)
        stands = payments.standing(session, deal, 1)
        assert (stands.invoice, stands.number, stands.state, stands.open, stands.paid) == (first.id, first.number, "open", eur(100), eur(0))
        payments.receive(session, COMPANY, a_transfer(eur(40), first.number), now=MONDAY)
        assert (payments.standing(session, deal, 1).open, payments.standing(session, deal, 1).state) == (eur(60), "open")
        a_credit_note(session, first, eur(60))
        assert payments.standing(session, deal, 1).state == "paid"
        a_credit_note(session, first, eur(40))
        assert payments.standing(session, deal, 1).state == "credited"
        again = an_invoice(session, deal, 90)
        assert (payments.standing(session, deal, 1).invoice, payments.standing(session, deal, 1).state) == (again.id, "open")
        deal.round = 2
        assert payments.standing(session, deal, 1) is None


def test_reminders_count_from_the_end_of_the_due_or_the_promised_day(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        an_invoice(session, deal, 100, due_on=TODAY)
        assert payments.standing(session, deal, 1).ladder_from("Europe/Dublin") == datetime(2026, 3, 3, tzinfo=UTC)
        assert payments.standing(session, deal, 1).ladder_from("Europe/Kyiv") == datetime(2026, 3, 2, 22, tzinfo=UTC)
        told(session, deal, PaymentPromised(part=1, on=TODAY + timedelta(days=30)))
        assert payments.standing(session, deal, 1).promised_on == TODAY + timedelta(days=30)
        assert payments.standing(session, deal, 1).ladder_from("Europe/Dublin") == datetime(2026, 4, 1, 23, tzinfo=UTC)
        told(session, deal, PaymentPromised(part=1, on=TODAY))
        assert payments.standing(session, deal, 1).ladder_from("Europe/Dublin") == datetime(2026, 3, 3, tzinfo=UTC)


def test_a_promise_that_names_no_payment_is_about_the_only_open_one(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        an_invoice(session, deal, 100, part=2)
        fact = told(session, deal, PaymentPromised(on=TODAY + timedelta(days=3)))
        assert fact.subject == f"deal/{deal.id}/r1/payment/2"
        assert payments.standing(session, deal, 2).promised_on == TODAY + timedelta(days=3)
        an_invoice(session, deal, 100, part=3)
        with pytest.raises(Refused, match="2 open invoices"):
            told(session, deal, PaymentPromised(on=TODAY))


def test_a_promise_needs_something_open(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        with pytest.raises(Missing):
            told(session, deal, PaymentPromised(part=1, on=TODAY))
        invoice = an_invoice(session, deal, 100)
        with pytest.raises(Refused, match="more than a year"):
            told(session, deal, PaymentPromised(part=1, on=TODAY + timedelta(days=400)))
        payments.receive(session, COMPANY, a_transfer(eur(100), invoice.number), now=MONDAY)
        with pytest.raises(Refused, match="asks for nothing more"):
            told(session, deal, PaymentPromised(part=1, on=TODAY))


@pytest.mark.parametrize(("days", "is_fine"), [(-1, False), (0, True), (30, True), (31, False)])
def test_a_client_promises_a_day_of_the_next_thirty(days: int, is_fine: bool) -> None:
    day = TODAY + timedelta(days=days)
    if is_fine:
        assert payment_facts.promise_day(day, now=MONDAY, zone="Europe/Dublin") == day
    else:
        with pytest.raises(Refused):
            payment_facts.promise_day(day, now=MONDAY, zone="Europe/Dublin")


@pytest.mark.parametrize("work", Work)
def test_work_is_cancelled_while_it_is_under_way_and_keeps_no_more_than_was_paid(here_sqlite, work: Work) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session, work=work)
        invoice = an_invoice(session, deal, 100)
        payments.receive(session, COMPANY, a_transfer(eur(100), invoice.number), now=MONDAY)
        if work in {Work.COMPLETED, Work.HANDED_OVER, Work.CANCELLED}:
            with pytest.raises(Refused, match="cannot be cancelled now"):
                payment_facts.CHECKS[WorkCancelled](session, deal, WorkCancelled(reason="sold"), MONDAY)
        else:
            payment_facts.CHECKS[WorkCancelled](session, deal, WorkCancelled(reason="sold", keep=100), MONDAY)
            with pytest.raises(Refused, match="€100.01 cannot be kept: only €100.00 was paid"):
                payment_facts.CHECKS[WorkCancelled](session, deal, WorkCancelled(reason="sold", keep="100.01"), MONDAY)


def test_a_card_that_is_refused_leaves_a_note_and_nothing_else(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        for kind in ("failed", "other", "failed"):
            event = an_event(kind, "ch_1", eur(100), invoice.number, id=f"evt_{kind}_x")
            assert payments.act_on(session, COMPANY, event, "stripe", None, now=MONDAY) is None
        note = session.exec(select(Fact).where(Fact.kind == "deal.noted")).one()
        assert note.payload["text"] == f"€100.00 for {invoice.number} did not go through at stripe."


def test_an_event_without_what_it_needs_is_refused(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        with pytest.raises(Refused, match="not how much"):
            payments.act_on(session, COMPANY, an_event("paid", "ch_1"), "stripe", None, now=MONDAY)
        with pytest.raises(Exception, match="do not know that charge yet"):
            payments.act_on(session, COMPANY, an_event("disputed", "ch_1"), "stripe", None, now=MONDAY)
