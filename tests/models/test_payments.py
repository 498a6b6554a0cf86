"""Payments: matched by what they name, booked once, in whatever order they come."""

from datetime import timedelta

import pytest
from sqlmodel import Session, select

from models import ledger, payments
from models.answers import Answer
from models.cash_answers import MoneyCame, PaymentRecorded
from models.cash_tables import Payment
from models.errors import Missing, Refused
from models.money import Money
from models.stages import Stage
from models.tables import Effect, Fact
from tests.factories import a_client, a_wait, told
from tests.fakes import MONDAY
from tests.models.billing import (
    COMPANY,
    TODAY,
    a_credit_note,
    a_signed_deal,
    a_transfer,
    an_event,
    an_invoice,
    balances,
    entries,
    eur,
    payments_of,
)
from tests.models.threads import at_once


def receive(session: Session, one: payments.Incoming) -> Payment:
    return payments.receive(session, COMPANY, one, now=MONDAY)


def healthy(session: Session) -> bool:
    assert ledger.check(session) == []
    return True


# Matching


@pytest.mark.parametrize("text", ["{n}", "invoice {n}, thanks", "{r}", "INV {s}", "Rechnung\n{n}"])
def test_a_transfer_that_names_an_invoice_is_booked_on_it(here, text: str) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=1000)
        shown = text.format(n=invoice.number, r=invoice.reference, s=invoice.number.replace("-", " "))
        payment = receive(session, a_transfer(eur(1000), shown))
        assert (payment.state, payment.client_id, payment.deal_id) == ("matched", invoice.client_id, invoice.deal_id)
        assert (ledger.open_of(session, invoice), ledger.paid_of(session, invoice)) == (eur(0), eur(1000))
        assert balances(session)["bank"] == 100_000
        assert "receivable" not in balances(session)
        assert healthy(session)


def test_a_part_leaves_the_rest_open_and_the_wait_is_woken(here) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal, 1000, part=2)
        wait = a_wait(session, deal, MoneyCame, stage=Stage.PAYMENT, subject=f"deal/{deal.id}/r1/payment/2")
        payment = receive(session, a_transfer(eur(400), invoice.number))
        assert ledger.open_of(session, invoice) == eur(600)
        assert wait.due_at == MONDAY
        fact = session.exec(select(Fact).where(Fact.kind == MoneyCame.kind)).one()
        assert fact.subject == wait.subject
        assert fact.payload == {"part": 2, "payment": payment.id, "amount": 40_000, "currency": "EUR"}


def test_what_is_too_much_is_the_clients_credit(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=1000)
        payment = receive(session, a_transfer(eur(1100), invoice.number))
        assert "€100.00 is too much" in payment.said
        assert balances(session)["credit"] == -10_000
        assert ledger.paid_of(session, invoice) == eur(1000)
        assert ledger.owed_of(session, invoice) == eur(100)
        assert healthy(session)


@pytest.mark.parametrize("why", ["paid", "credited"])
def test_money_on_an_invoice_that_asks_for_nothing_is_credit_and_the_client_hears_of_it(here_sqlite, why: str) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=1000)
        if why == "paid":
            receive(session, a_transfer(eur(1000), invoice.number))
        else:
            a_credit_note(session, invoice)
        payment = receive(session, a_transfer(eur(1000), invoice.number))
        assert (payment.state, ledger.owed_of(session, invoice)) == ("matched", eur(1000))
        assert "asks for nothing more" in payment.said
        letter = session.exec(select(Effect).where(Effect.what == "payment-over")).one()
        assert (letter.args["to"], letter.args["facts"]["over"]) == ("client", "€1,000.00")
        assert healthy(session)


def test_two_invoices_of_one_amount_are_told_apart_by_their_numbers(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        first, second = (an_invoice(session, deal, 500, part=part) for part in (1, 2))
        receive(session, a_transfer(eur(500), second.number))
        assert (ledger.open_of(session, first), ledger.open_of(session, second)) == (eur(500), eur(0))


def test_several_numbers_in_one_text_are_paid_due_first(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        late = an_invoice(session, deal, 300, part=1, due_on=TODAY + timedelta(days=30))
        early = an_invoice(session, deal, 200, part=2, due_on=TODAY)
        receive(session, a_transfer(eur(400), f"{late.number} + {early.number}"))
        assert (ledger.open_of(session, early), ledger.open_of(session, late)) == (eur(0), eur(100))
        receive(session, a_transfer(eur(400), f"{late.number} + {early.number}"))
        assert balances(session)["credit"] == -30_000
        assert healthy(session)


def test_invoices_of_different_clients_are_not_paid_by_one_text(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        one, other = an_invoice(session, gross=100), an_invoice(session, gross=100)
        payment = receive(session, a_transfer(eur(200), f"{one.number} {other.number}"))
        assert payment.state == "suspense"
        assert "different clients" in payment.said


def test_a_foreign_currency_waits_for_a_person(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payment = receive(session, a_transfer(Money(amount=10_000, currency="USD"), invoice.number))
        assert (payment.state, payment.said) == ("suspense", f"It came in USD, and {invoice.number} asks for EUR.")
        assert ledger.balance(session, "suspense", "USD").amount == -10_000
        with pytest.raises(Refused, match="came in USD"):
            payments.match(session, payment.id, [invoice.number], who="conor", now=MONDAY)
        assert healthy(session)


def test_a_number_of_a_form_of_its_own_is_found_too(here_sqlite) -> None:
    studio = COMPANY.studio.model_copy(update={"invoices": COMPANY.studio.invoices.model_copy(update={"number": "{year}/{number:05}-{series}"})})
    company = COMPANY.model_copy(update={"studio": studio})
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100, number="2026/00007-NL")
        payment = payments.receive(session, company, a_transfer(eur(100), "thanks for 2026/00007-NL"), now=MONDAY)
        assert (payment.state, ledger.open_of(session, invoice)) == ("matched", eur(0))


# Suspense


def test_an_unknown_reference_waits_and_nobody_guesses(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=750)
        payment = receive(session, a_transfer(eur(750), "website"))
        assert (payment.state, payment.said, payment.suggested) == ("suspense", "It names no invoice of ours.", [invoice.id])
        assert ledger.open_of(session, invoice) == eur(750)
        letter = session.exec(select(Effect).where(Effect.what == "payment-unknown")).one()
        assert (letter.deal_id, letter.args["to"]) == (invoice.deal_id, "salesperson")
        assert invoice.number in letter.args["facts"]["said"]
        listed = payments.everything(session)
        assert [(one.id, one.amount, one.suggested) for one in listed] == [(payment.id, eur(750), [invoice.number])]
        assert healthy(session)


def test_a_payer_we_know_is_suggested_before_others_of_that_amount(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        for name in ("Other Ltd", "Third Ltd"):
            an_invoice(session, a_signed_deal(session, client=a_client(session, company=name)), 200)
        mine = a_signed_deal(session, client=a_client(session, company="Fallon Dental"))
        paid, open_ = an_invoice(session, mine, 100, part=1), an_invoice(session, mine, 200, part=2)
        receive(session, a_transfer(eur(100), paid.number, payer_name="D. Fallon"))
        by_iban = receive(session, a_transfer(eur(200), "thank you", payer_name=""))
        by_name = receive(session, a_transfer(eur(200), "thank you", payer_name="FALLON DENTAL", payer_iban=""))
        nobody = receive(session, a_transfer(eur(200), "thank you", payer_name="N.N.", payer_iban=""))
        assert (by_iban.suggested, by_name.suggested, len(nobody.suggested)) == ([open_.id], [open_.id], 3)


def test_a_persons_word_books_what_lay_in_suspense(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payment = receive(session, a_transfer(eur(120), "website"))
        for _ in range(2):
            payments.match(session, payment.id, [invoice.number.lower()], who="conor", now=MONDAY, key="run/1", reason="They rang.")
        assert (payment.state, ledger.open_of(session, invoice), ledger.owed_of(session, invoice)) == ("matched", eur(0), eur(20))
        assert payment.said.endswith("Matched by conor. They rang.")
        assert len(entries(session)) == 2
        told = session.exec(select(Fact).where(Fact.kind == "payment.matched")).one()
        assert (told.actor, told.payload["reason"]) == ("staff:conor", "They rang.")
        with pytest.raises(Refused, match="does not lie in suspense: it is matched"):
            payments.match(session, payment.id, [invoice.number], who="conor", now=MONDAY, key="run/2")
        assert healthy(session)


def test_what_is_not_ours_is_set_aside_with_a_reason(here) -> None:
    with here.db.writing() as session:
        payment = receive(session, a_transfer(eur(120), "loan"))
        for _ in range(2):
            payments.ignore(session, payment.id, reason="The director's loan", who="aoife", now=MONDAY, key="run/1")
        assert (payment.state, balances(session)) == ("ignored", {"bank": 12_000, "outside": -12_000})
        assert healthy(session)


def test_a_match_that_cannot_be_meant_is_refused(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        payment = receive(session, a_transfer(eur(120), "loan"))
        with pytest.raises(Missing, match="no invoice NL-2026-9999"):
            payments.match(session, payment.id, ["NL-2026-9999"], who="conor", now=MONDAY)
        with pytest.raises(Refused, match="Name the invoice"):
            payments.match(session, payment.id, [], who="conor", now=MONDAY)
        with pytest.raises(Missing, match="no payment 99"):
            payments.ignore(session, 99, reason="x", who="conor", now=MONDAY)


# Once


def test_the_same_news_again_changes_nothing(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        news = a_transfer(eur(100), invoice.number)
        first, again = receive(session, news), receive(session, news)
        assert first is again
        assert len(entries(session)) == 1


def test_eight_who_tell_at_once_book_once(here) -> None:
    with here.db.writing() as session:
        number = an_invoice(session, gross=100).number
    news = a_transfer(eur(100), number)

    def tell(_: int) -> int:
        with here.db.writing() as session:
            return receive(session, news).id or 0

    assert len(set(at_once(8, tell))) == 1
    with here.db.reading() as session:
        assert len(payments_of(session)) == 1
        assert healthy(session)


def test_payments_of_one_invoice_at_once_never_pay_it_twice(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=100)

    def tell(_: int) -> None:
        with here.db.writing() as session:
            receive(session, a_transfer(eur(40), invoice.number))

    at_once(5, tell)
    with here.db.reading() as session:
        assert (ledger.paid_of(session, invoice), ledger.owed_of(session, invoice)) == (eur(100), eur(100))
        assert healthy(session)


# Outgoing lines and payouts


def test_a_payout_moves_money_from_the_provider_to_the_bank(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payments.act_on(session, COMPANY, an_event("paid", "ch_1", eur(100), invoice.number), "stripe", None, now=MONDAY)
        too_much = receive(session, a_transfer(eur(101), "STRIPE payout", payer_name="Stripe Technology Europe"))
        payout = receive(session, a_transfer(eur("98.55"), "STRIPE J7K", payer_name="Stripe Technology Europe"))
        assert (too_much.state, payout.state, payout.said) == ("suspense", "payout", "Paid out by stripe.")
        assert balances(session)["provider:stripe"] == 145
        assert healthy(session)


def test_an_outgoing_line_that_names_nothing_of_ours_is_none_of_our_business(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        payment = receive(session, a_transfer(eur(900), "Rent March", direction="out", payer_name="Weaver's Yard"))
        assert (payment.state, payment.said) == ("ignored", "Not ours: an outgoing payment.")
        assert balances(session) == {"bank": -90_000, "outside": 90_000}
        assert healthy(session)


def test_a_refund_by_transfer_is_known_by_its_credit_note(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        receive(session, a_transfer(eur(100), invoice.number))
        note = a_credit_note(session, invoice, eur(60))
        assert ledger.owed_of(session, invoice) == eur(60)
        too_much = receive(session, a_transfer(eur(61), note.number, direction="out"))
        assert (too_much.state, too_much.said) == ("suspense", f"It names {invoice.number}; we owe €60.00 there.")
        back = receive(session, a_transfer(eur(60), f"refund {note.number}", direction="out"))
        assert (back.state, back.client_id) == ("matched", invoice.client_id)
        assert (ledger.owed_of(session, invoice), ledger.open_of(session, invoice)) == (eur(0), eur(0))
        assert session.exec(select(Fact).where(Fact.kind == "invoice.corrected")).one().payload == {"part": 1, "number": invoice.number, "again": False, "reason": ""}
        assert healthy(session)


def test_what_was_paid_too_much_goes_back_under_the_invoices_number(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        receive(session, a_transfer(eur(130), invoice.number))
        receive(session, a_transfer(eur(30), f"too much for {invoice.number}", direction="out"))
        assert (ledger.owed_of(session, invoice), balances(session).get("credit", 0)) == (eur(0), 0)
        assert ledger.paid_of(session, invoice) == eur(100)
        assert healthy(session)


def test_a_transfer_that_the_bank_takes_back_opens_the_invoice_again(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        receive(session, a_transfer(eur(100), invoice.number))
        back = receive(session, a_transfer(eur(100), f"return {invoice.number}", direction="out", is_return=True))
        assert (back.state, ledger.open_of(session, invoice)) == ("matched", eur(100))
        unknown = receive(session, a_transfer(eur(100), "return", direction="out", is_return=True))
        assert (unknown.state, unknown.said) == ("suspense", "The bank took a payment back: which one?")
        assert healthy(session)


def test_outgoing_money_in_suspense_is_matched_by_a_person(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        receive(session, a_transfer(eur(100), invoice.number))
        back = receive(session, a_transfer(eur(40), "return", direction="out", is_return=True))
        payments.match(session, back.id, [invoice.number], who="conor", now=MONDAY, reason="They rang.")
        assert back.said.endswith("Matched by conor. They rang.")
        assert (back.state, ledger.open_of(session, invoice)) == ("matched", eur(40))
        more = receive(session, a_transfer(eur(90), "return", direction="out", is_return=True))
        with pytest.raises(Refused, match="Less than that"):
            payments.match(session, more.id, [invoice.number], who="conor", now=MONDAY)
        payments.ignore(session, more.id, reason="theirs", who="conor", now=MONDAY)
        assert healthy(session)


def test_outgoing_money_of_ours_that_the_bank_returns_waits_for_a_person(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payment = receive(session, a_transfer(eur(100), invoice.number, is_return=True))
        assert (payment.state, ledger.open_of(session, invoice)) == ("suspense", eur(100))


# By hand


def recorded(invoice, amount: str = "100.00", **values) -> Answer:
    return PaymentRecorded(**{"amount": amount, "currency": "EUR", "on": TODAY, "part": invoice.part} | values)


def test_money_that_a_person_saw_is_booked_and_a_statement_confirms_it_without_counting_it_twice(here) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal, 100)
        told(session, deal, recorded(invoice), actor="staff:conor")
        by_hand = payments_of(session)[0]
        assert (by_hand.source, by_hand.state, ledger.open_of(session, invoice)) == ("operator", "matched", eur(0))
        assert balances(session)["recorded"] == 10_000
        line = receive(session, a_transfer(eur(100), invoice.number, happened_on=TODAY + timedelta(days=3)))
        assert (line.state, line.said) == ("matched", f"Confirms payment {by_hand.id}, recorded by hand for 2026-03-02.")
        assert (balances(session)["bank"], balances(session).get("recorded"), balances(session).get("credit")) == (10_000, None, None)
        again = receive(session, a_transfer(eur(100), invoice.number))
        assert (again.state, balances(session)["credit"]) == ("matched", -10_000)
        assert healthy(session)


@pytest.mark.parametrize(
    "other", [{"happened_on": TODAY + timedelta(days=8)}, {"amount": eur(99)}], ids=["eight days later", "another amount"]
)
def test_another_transfer_does_not_confirm_what_was_recorded(here_sqlite, other: dict) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal, 100)
        told(session, deal, recorded(invoice))
        receive(session, a_transfer(**{"amount": eur(100), "text": invoice.number} | other))
        assert balances(session)["recorded"] == 10_000
        assert balances(session)["credit"] < 0


def test_a_line_without_a_reference_confirms_what_was_recorded_when_a_person_matches_it(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal, 100)
        told(session, deal, recorded(invoice))
        line = receive(session, a_transfer(eur(100), "website"))
        payments.match(session, line.id, [invoice.number], who="conor", now=MONDAY)
        assert balances(session).get("recorded") is None
        assert balances(session).get("credit") is None
        assert healthy(session)


def test_a_transfer_that_the_statement_shows_is_not_recorded_again(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal, 200)
        receive(session, a_transfer(eur(100), invoice.number))
        with pytest.raises(Refused, match="The statement shows this transfer"):
            told(session, deal, recorded(invoice))
        told(session, deal, recorded(invoice, method="cash"))
        assert (balances(session)["cash"], ledger.open_of(session, invoice)) == (10_000, eur(0))


@pytest.mark.parametrize("method", ["bank", "card", "cash", "other"])
def test_a_form_that_is_sent_twice_books_its_money_once_and_a_second_payment_has_a_reference_of_its_own(here_sqlite, method: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal, 300)
        told(session, deal, recorded(invoice, method=method, reference="receipt 7"))
        with pytest.raises(Refused, match=f"Payment {payments_of(session)[0].id} of this amount and day is recorded on {invoice.number} already"):
            told(session, deal, recorded(invoice, method=method, reference="receipt 7"))
        assert ledger.open_of(session, invoice) == eur(200)
        for other in ({"reference": "receipt 8"}, {"on": TODAY - timedelta(days=1), "reference": "receipt 7"}):
            told(session, deal, recorded(invoice, method=method, **other))
        assert ledger.open_of(session, invoice) == eur(0)


def test_a_record_that_cannot_be_meant_is_refused(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        with pytest.raises(Missing, match="no invoice for payment 1"):
            told(session, deal, PaymentRecorded(amount="1", currency="EUR", on=TODAY, part=1))
        with pytest.raises(Missing, match="no open invoice"):
            told(session, deal, PaymentRecorded(amount="1", currency="EUR", on=TODAY))
        first = an_invoice(session, deal, 100, part=1)
        with pytest.raises(Refused, match="is in EUR"):
            told(session, deal, recorded(first, currency="USD"))
        with pytest.raises(Refused, match="still to come"):
            told(session, deal, recorded(first, on=TODAY + timedelta(days=3)))
        an_invoice(session, deal, 100, part=2)
        with pytest.raises(Refused, match="2 open invoices"):
            told(session, deal, recorded(first, part=0))
        told(session, deal, recorded(first))
        told(session, deal, recorded(first, part=0))
        assert len(payments_of(session)) == 2
