"""Corrections: a credit note takes back what it says, once; what was paid beyond what is owed goes back once; the books stay right."""

from decimal import Decimal
from itertools import count
from typing import Any

import pytest
from hypothesis import Phase, given, note, settings
from hypothesis import strategies as some
from sqlmodel import select

from models import cash, effects, facts, invoices, issued, ledger, payments, performances
from models.cash_answers import InvoiceCorrected, MoneyCame
from models.cash_tables import Invoice, Payment
from models.effects import EffectState
from models.errors import Invalid, Missing, Refused, Uncertain
from models.money import Money
from models.provider_event import ProviderEvent
from models.stages import RunState, Stage
from models.tables import Deal, Effect, Fact, StageRun, Wait
from models.tracks import Sales, Work, is_open
from models.wanted import live_of
from tasks import cashier, corrections
from tasks import payments as payment_steps
from tasks.world import World, world
from tests.aftermath import a_completed_project, handed_over
from tests.factories import a_contract, a_deal, a_payment, a_run, a_signed_deal, a_wait, an_invoice
from tests.fakes import MONDAY, CardTill
from tests.models.billing import balances
from tests.projecting import a_project
from tests.studio import the_company
from tests.tasks.places import at
from tests.tasks.stages import inside
from tests.worlds import with_till

CARD: dict[str, Any] = {"source": "sandbox", "method": "card"}


@pytest.fixture
def till(here: World) -> CardTill:
    return with_till(here)[1]


def invoiced(here: World, *paid: tuple[int, dict[str, Any]] | int, parts: int = 1) -> Invoice:
    """The first invoice of a deal with these payments on it: cents, by bank unless said otherwise."""
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal)
        for part in range(2, parts + 1):
            an_invoice(session, deal, part=part)
        for one in paid:
            amount, how = one if isinstance(one, tuple) else (one, {})
            a_payment(session, invoice, amount, **how)
        return invoice


def whole(here: World, **how: Any) -> Invoice:
    """An invoice that was paid whole."""
    invoice = invoiced(here)
    with here.db.writing() as session:
        a_payment(session, session.get_one(Invoice, invoice.id), **how)
    return invoice


def credit(number: str, gross: str = "", key: str = "run/1", *, again: bool = False) -> dict[str, Any]:
    return corrections.credit_invoice.fn(number, gross, "Fewer pages", "conor", key, again=again)


def cancel(deal_id: int, keep: str = "0", key: str = "run/1") -> list[dict[str, Any]]:
    return corrections.cancel_work.fn(deal_id, "The client merges with another firm.", keep, "conor", key)


def one(here: World, invoice_id: int) -> Invoice:
    with here.db.reading() as session:
        return session.get_one(Invoice, invoice_id)


def deal_of(here: World, invoice: Invoice) -> Deal:
    with here.db.reading() as session:
        return session.get_one(Deal, invoice.deal_id)


def rows(here: World, model: type, **where: Any) -> list[Any]:
    with here.db.reading() as session:
        found = session.exec(select(model)).all()
        return [row for row in found if all(getattr(row, name) == value for name, value in where.items())]


def is_right(here: World) -> None:
    with here.db.reading() as session:
        assert ledger.check(session) == []


# Credit notes


def test_an_unpaid_invoice_is_taken_back_whole_and_nothing_goes_anywhere(here: World) -> None:
    invoice = invoiced(here)
    made = credit(invoice.number)
    note = one(here, made["note"])
    assert (note.kind, note.number, note.gross, note.corrects_id) == ("credit_note", "NLC-2026-0001", invoice.gross, invoice.id)
    assert (made["refunds"], made["by_hand"]) == ([], 0)
    assert deal_of(here, invoice).money == "none"
    with here.db.reading() as session:
        assert balances(session) == {}
    is_right(here)


def test_a_part_is_taken_back_and_the_rest_stays_open(here: World) -> None:
    invoice = invoiced(here)
    made = credit(invoice.number.lower(), "1230.00")
    assert one(here, made["note"]).gross == 123_000
    with here.db.reading() as session:
        assert ledger.open_of(session, invoice).amount == invoice.gross - 123_000
        assert not issued.is_credited(session, invoice)
    assert deal_of(here, invoice).money == "deposit_due"
    is_right(here)


def test_a_replayed_step_changes_nothing_and_says_the_same(here: World, till: CardTill) -> None:
    invoice = invoiced(here, (100_000, {}), (200_000, CARD))
    first = credit(invoice.number)
    before = len(rows(here, Effect)), len(rows(here, Invoice)), balances_of(here)
    assert credit(invoice.number) == first
    for key in first["refunds"]:
        corrections.refund.fn(key)
    after = balances_of(here)
    assert credit(invoice.number) == first == {"note": first["note"], "refunds": first["refunds"], "by_hand": 100_000}
    assert (len(rows(here, Invoice)), balances_of(here)) == (before[1], after)
    is_right(here)


def balances_of(here: World) -> dict[str, int]:
    with here.db.reading() as session:
        return balances(session)


def test_whoever_waits_for_the_money_is_woken_once(here: World) -> None:
    invoice = invoiced(here)
    with here.db.writing() as session:
        a_wait(session, session.get_one(Deal, invoice.deal_id), MoneyCame, stage=Stage.PAYMENT, part=1, kinds=[InvoiceCorrected.kind])
    for _ in range(2):
        credit(invoice.number)
    assert rows(here, Wait, stage="payment")[0].due_at == MONDAY
    with here.db.reading() as session:
        [fact] = facts.of_deal(session, invoice.deal_id, InvoiceCorrected.kind)
    told = {"part": 1, "number": "NLC-2026-0001", "reason": "Fewer pages", "again": False}
    assert (fact.actor, fact.payload, fact.subject) == ("staff:conor", told, f"deal/{invoice.deal_id}/r1/payment/1")


@pytest.mark.parametrize(("again", "wanted"), [(True, 1), (False, 0)])
def test_a_part_is_invoiced_anew_when_all_of_it_was_taken_back_and_somebody_asked(here_sqlite: World, again: bool, wanted: int) -> None:
    invoice = invoiced(here_sqlite)
    for _ in range(2):
        credit(invoice.number, again=again)
    found = rows(here_sqlite, StageRun, stage="invoice")
    assert [row.key for row in found] == [f"deal-{invoice.deal_id}/invoice/r1/p1/g1"][:wanted]
    if wanted:
        with here_sqlite.db.reading() as session:
            assert facts.of_deal(session, invoice.deal_id, InvoiceCorrected.kind)[0].id == found[0].fact_id


@pytest.mark.parametrize("state", [RunState.RUNNING, RunState.WAITING, RunState.FAILED])
def test_an_invoice_whose_letter_is_held_up_is_issued_anew_by_a_run_of_its_own(here: World, state: RunState) -> None:
    invoice = invoiced(here)
    with here.db.writing() as session:
        held = a_run(session, Stage.INVOICE, session.get_one(Deal, invoice.deal_id), state=state, flow_run_id="held", part=1)
    credit(invoice.number, again=True)
    old, new = rows(here, StageRun, stage="invoice")
    assert (old.id, old.state, old.why) == (held.id, RunState.WITHDRAWN, "credit note NLC-2026-0001: it is issued anew")
    assert (new.state, new.key, new.part) == (RunState.WANTED, f"deal-{invoice.deal_id}/invoice/r1/p1/g2", 1)
    with here.db.writing() as session:
        deal = session.get_one(Deal, invoice.deal_id)
        fresh = invoices.issue(session, the_company(), deal, 1, now=MONDAY, fact=session.get_one(Fact, new.fact_id))
        assert fresh.id != invoice.id and ledger.open_of(session, fresh).amount == invoice.gross


def test_what_was_to_be_issued_anew_is_also_by_a_run_that_an_operator_starts(here: World) -> None:
    invoice = invoiced(here)
    credit(invoice.number, again=True)
    with here.db.writing() as session:
        deal = session.get_one(Deal, invoice.deal_id)
        fresh, same = (invoices.issue(session, the_company(), deal, 1, now=MONDAY) for _ in range(2))
        assert fresh.id == same.id != invoice.id
    credit(fresh.number, key="run/2")
    with here.db.writing() as session:
        assert invoices.issue(session, the_company(), session.get_one(Deal, deal.id), 1, now=MONDAY).id == fresh.id, "nobody asked for a third"


def owing(here: World) -> Invoice:
    """The last invoice of a deal that was handed over; the first one is paid."""
    with here.db.writing() as session:
        return an_invoice(session, handed_over(session, a_completed_project(session)), part=2)


def test_a_last_payment_that_is_waived_ends_the_deal_as_if_it_were_paid(here: World) -> None:
    invoice = owing(here)
    assert deal_of(here, invoice).money == "final_due"
    for _ in range(2):
        credit(invoice.number)
    deal = deal_of(here, invoice)
    assert (deal.money, is_open(deal)) == ("paid", False)
    assert sorted(row.stage for row in rows(here, StageRun) if row.stage in {"review", "closing"}) == ["closing", "review"]
    with here.db.reading() as session:
        deal = session.get_one(Deal, deal.id)
        assert performances.amount_of(session, deal).amount == issued.of_part(session, deal, 1).net, "what was waived brings nothing"
        assert performances.closed_on(session, here.company, deal) == MONDAY.date()
    is_right(here)


def test_a_last_payment_that_is_issued_anew_is_waited_for(here: World) -> None:
    invoice = owing(here)
    credit(invoice.number, again=True)
    assert (deal_of(here, invoice).money, rows(here, StageRun, stage="review")) == ("deposit_paid", [])
    with here.db.writing() as session:
        deal = session.get_one(Deal, invoice.deal_id)
        for row in live_of(session, deal.id):
            row.state = RunState.CANCELLED.value
        assert cash.settle(session, deal, why="x", fact=None, now=MONDAY) == "deposit_paid", "an operator will start it again"
        fresh = invoices.issue(session, the_company(), deal, 2, now=MONDAY)
        assert cash.settle(session, deal, why="x", fact=None, now=MONDAY) == "final_due"
        a_payment(session, fresh)
        assert cash.settle(session, deal, why="x", fact=None, now=MONDAY) == "paid"


def test_a_deal_that_was_stuck_over_a_waived_payment_is_ended_by_its_payment_run(here: World) -> None:
    invoice = owing(here)
    credit(invoice.number)
    with here.db.writing() as session:
        deal = session.get_one(Deal, invoice.deal_id)
        deal.money = "final_due"
        for row in session.exec(select(StageRun)).all():
            session.delete(row)
    with inside(here, Stage.PAYMENT, deal, part=2):
        assert payment_steps.conclude_payment.fn(deal.id, 2, "credited") == "paid"
    assert {row.stage for row in rows(here, StageRun)} >= {"review", "closing"}


def test_a_deposit_that_is_given_back_while_the_work_goes_on_is_not_asked_for(here: World) -> None:
    with here.db.writing() as session:
        first = issued.of_part(session, a_project(session), 1)
    credit(first.number)
    assert deal_of(here, first).money == "deposit_paid"


def test_what_is_credited_in_part_is_not_issued_again_and_that_is_said(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    with pytest.raises(Refused, match=f"of {invoice.number} a part stays: leave the amount empty"):
        credit(invoice.number, "100.01", again=True)
    assert len(rows(here_sqlite, Invoice)) == 1, "no credit note, and no number taken"
    assert rows(here_sqlite, Fact, kind=InvoiceCorrected.kind) == rows(here_sqlite, StageRun, stage="invoice") == []
    credit(invoice.number, "100.01")
    assert credit(invoice.number, key="run/2", again=True)["note"], "with what was credited before it is all of it"
    assert len(rows(here_sqlite, StageRun, stage="invoice")) == 1


def test_what_makes_no_sense_is_refused_and_leaves_nothing(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    for number, gross, error, words in (
        ("NL-2026-0099", "", Missing, "no invoice NL-2026-0099"), (invoice.number, "99999", Refused, "at most"), (invoice.number, "ten", Invalid, "is no amount"),
        (invoice.number, "NaN", Invalid, "is no amount"), (invoice.number, "-5", Refused, "more than nothing"),
    ):  # fmt: skip
        with pytest.raises(error, match=words):
            credit(number, gross)
    assert len(rows(here_sqlite, Invoice)) == 1
    made = credit(invoice.number)
    with pytest.raises(Refused, match="credited whole already"):
        credit(invoice.number, key="run/2")
    with pytest.raises(Missing):
        credit(one(here_sqlite, made["note"]).number, key="run/3")


def test_an_invoice_of_an_earlier_round_can_still_be_credited(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    with here_sqlite.db.writing() as session:
        session.get_one(Deal, invoice.deal_id).round = 2
    with pytest.raises(Refused, match="can be credited, not issued again"):
        credit(invoice.number, again=True)
    assert [credit(invoice.number)["note"] for _ in range(2)] == [invoice.id + 1] * 2
    assert rows(here_sqlite, StageRun, stage="invoice") == []
    [fact] = rows(here_sqlite, Fact, kind=InvoiceCorrected.kind)
    assert (fact.deal_id, fact.actor, fact.payload["reason"]) == (invoice.deal_id, "staff:conor", "Fewer pages")
    assert fact.subject == f"deal/{invoice.deal_id}/r1/invoice/{invoice.id}", "no payment of this round or another waits for it"
    is_right(here_sqlite)


def test_a_credit_note_is_mailed_once_with_its_reason(here: World) -> None:
    made = credit(invoiced(here).number)
    assert [corrections.mail_credit.fn(made["note"]) for _ in range(2)] == ["done", "done"]
    message, copy = here.mail.sent
    assert (message.to.name, copy.to.address) == ("Orla Byrne", "books@acme.example")
    assert message.subject == copy.subject == "Credit note NLC-2026-0001 for NL-2026-0001"
    assert "Fewer pages" in message.text


# Money that goes back


def test_what_the_provider_took_goes_back_at_the_provider_once(here: World, till: CardTill) -> None:
    invoice = whole(here, **CARD)
    [key] = credit(invoice.number)["refunds"]
    assert [corrections.refund.fn(key) for _ in range(3)] == ["done"] * 3
    [order] = till.refunded
    assert (order.key, order.amount.amount, order.reason) == (key, invoice.gross, "Fewer pages")
    assert balances_of(here) == {}
    assert here.mail.letters() == [f"{key}/mail"]
    assert "€4,895.23" in here.mail.sent[0].text
    is_right(here)


def test_the_providers_own_word_of_a_refund_changes_nothing(here: World, till: CardTill) -> None:
    invoice = whole(here, **CARD)
    charge = rows(here, Payment)[0]
    [key] = credit(invoice.number)["refunds"]
    corrections.refund.fn(key)
    amount = Money(amount=invoice.gross, currency="EUR")
    event = ProviderEvent(id="evt_9", kind="refunded", charge_id=charge.external_id, refund_id="re_1", amount=amount, at=MONDAY)
    with here.db.writing() as session:
        payments.act_on(session, the_company(), event, "sandbox", None, now=MONDAY)
    assert balances_of(here) == {}
    assert len(rows(here, Payment)) == 2


def test_what_came_by_bank_is_to_be_transferred_by_hand(here: World, till: CardTill) -> None:
    invoice = whole(here)
    made = credit(invoice.number)
    assert (made["refunds"], made["by_hand"]) == ([], invoice.gross)
    assert corrections.transfers([made]) == (
        "# To be transferred by hand\n- €4,895.23 to Acme Instruments Limited, reference **NLC-2026-0001**"
    )
    assert corrections.transfers([made | {"by_hand": 0}]) == ""


def test_without_a_provider_everything_goes_back_by_hand(here_sqlite: World) -> None:
    invoice = whole(here_sqlite, **CARD)
    assert credit(invoice.number) == {"note": 2, "refunds": [], "by_hand": invoice.gross}


def test_another_providers_money_goes_back_by_hand(here_sqlite: World) -> None:
    with_till(here_sqlite)
    invoice = whole(here_sqlite, source="stripe", method="card")
    assert credit(invoice.number)["by_hand"] == invoice.gross


def test_a_refund_planned_at_a_provider_that_is_gone_fails_in_words(here_sqlite: World) -> None:
    here, till = with_till(here_sqlite)
    [key] = credit(whole(here, **CARD).number)["refunds"]
    till.name = "stripe"
    with pytest.raises(Refused, match="sandbox took the money and is no longer set up here"):
        corrections.refund.fn(key)
    assert till.refunded == []


def test_the_latest_payment_goes_back_first(here: World, till: CardTill) -> None:
    invoice = invoiced(here, (200_000, CARD), (289_523, CARD))
    made = credit(invoice.number, "3000.02")
    first, second = sorted(rows(here, Payment), key=lambda payment: payment.id)
    assert [(effect.args["payment"], effect.args["amount"]) for effect in rows(here, Effect, kind="refund")] == [
        (second.id, 289_523), (first.id, 300_002 - 289_523),
    ]  # fmt: skip
    for key in made["refunds"]:
        corrections.refund.fn(key)
    is_right(here)


def test_a_part_paid_invoice_gives_back_only_what_is_paid_beyond_what_is_owed(here_sqlite: World) -> None:
    with_till(here_sqlite)
    invoice = invoiced(here_sqlite, (300_000, CARD))
    made = credit(invoice.number, "1000.00")
    assert (made["refunds"], made["by_hand"]) == ([], 0)
    made = credit(invoice.number, "1230.00", "run/2")
    assert [effect.args["amount"] for effect in rows(here_sqlite, Effect, kind="refund")] == [300_000 - (invoice.gross - 223_000)]


@pytest.mark.parametrize("done_first", [True, False])
def test_two_corrections_one_after_the_other_give_back_what_each_takes_and_no_more(here: World, till: CardTill, done_first: bool) -> None:
    invoice = whole(here, **CARD)
    first = credit(invoice.number, "1230.00")
    if done_first:
        corrections.refund.fn(first["refunds"][0])
    second = credit(invoice.number, "2460.00", "run/2")
    for key in (*first["refunds"], *second["refunds"]):
        corrections.refund.fn(key)
    assert [order.amount.amount for order in till.refunded] == [123_000, 246_000]
    assert second["by_hand"] == 0
    with here.db.reading() as session:
        assert ledger.owed_of(session, invoice).amount == 0
    is_right(here)


def test_two_corrections_of_what_came_by_bank_name_each_their_own_amount(here_sqlite: World) -> None:
    invoice = whole(here_sqlite)
    assert [credit(invoice.number, gross, f"run/{gross}")["by_hand"] for gross in ("1230.00", "2460.00")] == [123_000, 246_000]


def test_two_charges_each_give_back_no_more_than_they_brought(here: World, till: CardTill) -> None:
    invoice = invoiced(here, (200_000, CARD), (289_523, CARD))
    keys = credit(invoice.number, "3000.02")["refunds"] + credit(invoice.number, "", "run/2")["refunds"]
    for key in keys:
        corrections.refund.fn(key)
    given: dict[str, int] = {}
    for order in till.refunded:
        given[order.charge_id] = given.get(order.charge_id, 0) + order.amount.amount
    assert sorted(given.values()) == [200_000, 289_523]
    assert balances_of(here) == {}


def test_while_the_provider_is_away_a_refund_stays_planned_and_the_waker_makes_it(here: World, till: CardTill) -> None:
    [key] = credit(whole(here, **CARD).number)["refunds"]
    till.away = True
    assert cashier.act_on_orders(world()) == 1
    assert rows(here, Effect, key=key)[0].state == EffectState.PLANNED
    till.away = False
    assert corrections.refund.fn(key) == "done"
    assert len(till.made) == 1


def test_a_refund_nobody_knows_of_holds_until_a_person_says(here: World, till: CardTill) -> None:
    [key] = credit(whole(here, **CARD).number)["refunds"]
    till.troubles.append(Uncertain("The line went dead."))
    for _ in range(2):
        with pytest.raises(Refused, match="run settle-effect"):
            corrections.refund.fn(key)
    assert len(till.refunded) == 1
    assert here.mail.sent == []


def test_a_refund_that_the_provider_refuses_is_told_to_the_operator(here_sqlite: World) -> None:
    _, till = with_till(here_sqlite)
    [key] = credit(whole(here_sqlite, **CARD).number)["refunds"]
    till.troubles.append(Refused("This charge was disputed."))
    with pytest.raises(Refused, match="did not give the money back: This charge was disputed"):
        corrections.refund.fn(key)


def test_a_closed_deal_still_owes_its_refunds(here_sqlite: World) -> None:
    with_till(here_sqlite)
    invoice = whole(here_sqlite, **CARD)
    [key] = credit(invoice.number)["refunds"]
    with here_sqlite.db.writing() as session:
        effects.drop_planned(session, invoice.deal_id, "The deal is lost.", now=MONDAY)
    assert corrections.refund.fn(key) == "done"


# The end of work


def won(here: World, *, paid: dict[str, Any] | None = None, parts: int = 1) -> Invoice:
    invoice = invoiced(here, parts=parts)
    with here.db.writing() as session:
        a_payment(session, session.get_one(Invoice, invoice.id), **(paid or {}))
        deal = session.get_one(Deal, invoice.deal_id)
        deal.sales, deal.work, deal.money = Sales.WON.value, Work.PRODUCTION.value, "deposit_paid" if parts == 1 else "final_due"
        session.add(deal)
    return invoice


def test_with_nothing_kept_everything_goes_back_and_nothing_is_waited_for(here: World, till: CardTill) -> None:
    invoice = won(here, paid=CARD, parts=2)
    with here.db.writing() as session:
        deal = session.get_one(Deal, invoice.deal_id)
        a_run(session, Stage.PAYMENT, deal, state=RunState.WAITING, part=2)
        a_wait(session, deal, MoneyCame, stage=Stage.PAYMENT, part=2)
    made = cancel(invoice.deal_id)
    assert [len(one["refunds"]) for one in made] == [1, 0]
    for item in made:
        for key in item["refunds"]:
            assert corrections.refund.fn(key) == "done"
    deal = deal_of(here, invoice)
    assert (deal.sales, deal.work, deal.money) == ("won", "cancelled", "none")
    assert {row.state for row in rows(here, StageRun, stage="payment")} == {"withdrawn"}
    assert [wait.outcome for wait in rows(here, Wait, stage="payment")] == ["dropped"]
    assert balances_of(here) == {}
    is_right(here)


def test_what_is_kept_stays_and_the_rest_goes_back(here: World, till: CardTill) -> None:
    invoice = won(here, paid=CARD, parts=2)
    made = cancel(invoice.deal_id, "2000.01")
    kept = invoice.gross - sum(effect.args["amount"] for effect in rows(here, Effect, kind="refund"))
    assert abs(kept - 200_001) <= 1, "a credit note has a net and a VAT, to the cent"
    for key in made[0]["refunds"]:
        corrections.refund.fn(key)
    with here.db.reading() as session:
        assert ledger.paid_of(session, invoice).amount == kept
        assert [ledger.open_of(session, one).amount for one in issued.of_deal(session, deal_of(here, invoice))] == [0, 0]
    assert deal_of(here, invoice).money == "deposit_paid"
    is_right(here)


def test_what_was_kept_is_no_more_than_was_paid(here_sqlite: World) -> None:
    invoice = won(here_sqlite)
    with pytest.raises(Refused, match="cannot be kept: only €4,895.23 was paid"):
        cancel(invoice.deal_id, "5000")
    assert deal_of(here_sqlite, invoice).work == "production"
    assert cancel(invoice.deal_id, "4895.23") == []
    assert deal_of(here_sqlite, invoice).work == "cancelled"


def test_work_that_is_cancelled_does_not_rest_any_more(here_sqlite: World) -> None:
    deal_id = invoiced(here_sqlite).deal_id
    with here_sqlite.db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        deal.held_since = deal.held_until = MONDAY
    cancel(deal_id)
    with here_sqlite.db.reading() as session:
        deal = session.get_one(Deal, deal_id)
        assert (deal.held_since, deal.held_until) == (None, None)


def test_unpaid_work_is_cancelled_with_its_invoices_and_the_sale_is_lost(here: World) -> None:
    invoice = invoiced(here)
    [made] = cancel(invoice.deal_id)
    assert (made["refunds"], made["by_hand"]) == ([], 0)
    deal = deal_of(here, invoice)
    assert (deal.sales, deal.work, deal.money) == ("lost", "cancelled", "none")
    is_right(here)


def test_a_replayed_cancellation_changes_nothing_and_says_the_same(here: World, till: CardTill) -> None:
    invoice = won(here, paid=CARD, parts=2)
    first = cancel(invoice.deal_id, "1000")
    assert cancel(invoice.deal_id, "1000") == first
    corrections.refund.fn(first[0]["refunds"][0])
    assert cancel(invoice.deal_id, "1000") == first
    assert (len(till.refunded), len(rows(here, Invoice))) == (1, 4)
    with pytest.raises(Refused, match="is cancelled"):
        cancel(invoice.deal_id, key="run/2")


def test_what_a_stage_had_planned_is_dropped_and_what_is_owed_is_not(here_sqlite: World) -> None:
    with_till(here_sqlite)
    invoice = won(here_sqlite, paid=CARD)
    [early] = credit(invoice.number, "123.00", "run/0")["refunds"]
    with here_sqlite.db.writing() as session:
        effects.plan(session, "page", "payment-request", deal_id=invoice.deal_id, what="a page", now=MONDAY)
    [late] = cancel(invoice.deal_id)[0]["refunds"]
    states = {effect.key: effect.state for effect in rows(here_sqlite, Effect) if effect.kind != "errand"}
    assert states == {early: EffectState.PLANNED, late: EffectState.PLANNED, "page": EffectState.SKIPPED}


def test_hours_that_were_kept_and_all_that_was_told_stay(here_sqlite: World) -> None:
    invoice = won(here_sqlite)
    with here_sqlite.db.reading() as session:
        before = [fact.id for fact in facts.of_deal(session, invoice.deal_id)]
    cancel(invoice.deal_id)
    with here_sqlite.db.reading() as session:
        after = [fact.id for fact in facts.of_deal(session, invoice.deal_id)]
        estimate = session.exec(select(Invoice).where(Invoice.id == invoice.id)).one()
    assert after[: len(before)] == before
    assert estimate.gross == invoice.gross


@pytest.mark.parametrize("place", ["received", "proposed", "accepted", "contract out"])
def test_before_a_contract_is_signed_there_is_no_work_to_cancel(here_sqlite: World, place: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = at(session, place)
    with pytest.raises(Refused, match="no work to cancel"):
        cancel(deal.id)
    with here_sqlite.db.reading() as session:
        assert session.get_one(Deal, deal.id).work == "none"


# Pro-formas


def test_a_proforma_has_no_number_no_entry_and_is_made_once(here: World) -> None:
    with here.db.writing() as session:
        deal = session.get_one(Deal, a_contract(session).deal_id)
    made = [corrections.issue_proforma.fn(deal.id, 2, "Aoife", "run/1", reason="Their bank asks for it.") for _ in range(2)]
    assert made[0] == made[1]
    with here.db.reading() as session:
        [noted] = session.exec(select(Fact).where(Fact.kind == "deal.noted")).all()
    assert (noted.actor, noted.payload["text"]) == ("staff:Aoife", "A pro-forma of payment 2 was sent. Their bank asks for it.")
    assert (one(here, made[0]).number, one(here, made[0]).kind) == (None, "proforma")
    assert [corrections.mail_proforma.fn(made[0]) for _ in range(2)] == ["done", "done"]
    assert here.mail.letters() == [f"invoice/{made[0]}/mail", f"invoice/{made[0]}/mail/copy"]
    assert balances_of(here) == {}


def test_a_proforma_of_no_deal_or_no_contract_is_refused(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        bare = a_deal(session, sales=Sales.CONTRACTING)
    with pytest.raises(Missing, match="no deal 999"):
        corrections.issue_proforma.fn(999, 1, "Aoife", "run/1")
    with pytest.raises(Refused, match="no contract"):
        corrections.issue_proforma.fn(bare.id, 1, "Aoife", "run/1")


# Any story

STEP = some.one_of(
    some.tuples(some.just("pay"), some.integers(0, 1), some.integers(1, 600_000), some.sampled_from(["bank", "sandbox", "operator"])),
    some.tuples(some.just("credit"), some.integers(0, 1), some.one_of(some.just(0), some.integers(1, 500_000)), some.booleans()),
    some.tuples(some.just("refund"), some.just(0), some.just(0), some.just("")),
    some.tuples(some.just("cancel"), some.just(0), some.integers(0, 800_000), some.just("")),
    some.tuples(some.just("replay"), some.just(0), some.just(0), some.just("")),
)
_stories = count(1)


class Story:
    """What may happen to a deal's two invoices, in any order; what a rule refuses does not happen."""

    def __init__(self, here: World, till: CardTill) -> None:
        self.here, self.till, self.number = here, till, next(_stories)
        with here.db.writing() as session:
            self.deal = a_signed_deal(session)
            self.invoices = [an_invoice(session, self.deal, part=part) for part in (1, 2)]
        self.by_hand, self.keys, self.last, self.kept = 0, [], None, None
        self.steps = count(1)

    def take(self, what: str, which: int, amount: int, how: Any) -> None:
        try:
            getattr(self, what)(self.invoices[which], amount, how)
        except Refused as refused:
            note(f"{what}: {refused}")

    def pay(self, invoice: Invoice, amount: int, source: str) -> None:
        with self.here.db.writing() as session:
            a_payment(session, session.get_one(Invoice, invoice.id), amount, source=source, method="card" if source == "sandbox" else "cash")

    def credit(self, invoice: Invoice, amount: int, again: bool) -> None:
        gross, key = f"{Decimal(amount) / 100}" if amount else "", f"story/{self.number}/{next(self.steps)}"
        self.replays(lambda: [credit(invoice.number, gross, key, again=again)])

    def cancel(self, _: Invoice, keep: int, __: str) -> None:
        key = f"story/{self.number}/{next(self.steps)}"
        self.replays(lambda: cancel(self.deal.id, f"{Decimal(keep) / 100}", key))
        self.kept = keep

    def replays(self, step: Any) -> None:
        made = step()
        self.by_hand += sum(item["by_hand"] for item in made)
        self.keys += [key for item in made for key in item["refunds"]]
        self.last = step, made

    def refund(self, *_: Any) -> None:
        for key in self.keys:
            corrections.refund.fn(key)

    def replay(self, *_: Any) -> None:
        if self.last:
            step, made = self.last
            assert [item["note"] for item in step()] == [item["note"] for item in made]
            assert [item["refunds"] for item in step()] == [item["refunds"] for item in made]

    def check(self) -> None:
        with self.here.db.reading() as session:
            assert ledger.check(session) == []
            for invoice in self.invoices:
                assert 0 <= ledger.paid_of(session, invoice).amount <= invoice.gross

    def end(self) -> None:
        self.refund()
        self.check()
        with self.here.db.reading() as session:
            owed = ledger.receivables(session, {invoice.id for invoice in self.invoices})
            assert -sum(min(0, amount) for amount in owed.values()) == self.by_hand, "what we owe is what somebody was told to transfer"
            came = {payment.external_id: payment.amount for payment in session.exec(select(Payment).where(Payment.direction == "in"))}
            for charge in {order.charge_id for order in self.till.refunded}:
                assert sum(order.amount.amount for order in self.till.refunded if order.charge_id == charge) <= came[charge]
            if self.kept is not None:
                mine = [session.get_one(Invoice, invoice.id) for invoice in self.invoices]
                stays = sum(invoice.gross - issued.credited(session, invoice).amount for invoice in mine)
                assert stays <= self.kept + len(mine)
                assert session.get_one(Deal, self.deal.id).work == "cancelled"


def test_whatever_is_paid_credited_refunded_and_cancelled_the_books_are_right(here_sqlite: World) -> None:
    here, till = with_till(here_sqlite)

    @settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
    @given(steps=some.lists(STEP, min_size=1, max_size=8))
    def happens(steps: list[tuple]) -> None:
        story = Story(here, till)
        for step in steps:
            story.take(*step)
            story.check()
        story.end()

    happens()
