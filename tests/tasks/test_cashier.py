"""The cashier: every webhook is booked once or says why not, and nobody's money waits for somebody else's trouble."""

import json
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from models import effects, ledger, webhooks
from models.cash_tables import Invoice, Payment, Todo
from models.clock import real_now
from models.effects import EffectState
from models.errors import Refused, Unavailable
from models.money import Money
from models.tables import Deal, Effect, Fact, StageRun
from tasks import cashier, corrections
from tasks.waker import tick
from tasks.world import World, world
from tests.factories import a_payment, an_invoice
from tests.fakes import MONDAY, CardTill, FakeEngine
from tests.worlds import with_till


@pytest.fixture
def till(here: World) -> CardTill:
    return with_till(here)[1]


def invoiced(here: World) -> Invoice:
    with here.db.writing() as session:
        return an_invoice(session)


def event(kind: str, invoice: Invoice | None = None, *, event_id: str = "evt_1", charge: str = "ch_1", amount: int = 0, refund: str = "") -> bytes:
    """An event of the sandbox provider, as it is posted."""
    money = Money(amount=amount or (invoice.gross if invoice else 1000), currency="EUR")
    data = {"charge_id": charge, "refund_id": refund, "reference": invoice.number if invoice else "NL-2026-9999", "amount": money.model_dump()}
    return json.dumps({"id": event_id, "type": kind, "created": MONDAY.isoformat(), "data": data}).encode()


def kept(here: World, body: bytes, *, due: datetime | None = None) -> Fact:
    with here.db.writing() as session:
        return webhooks.keep(session, "sandbox", {}, body, now=here.now(), due=due or real_now())[0]


def rows(here: World, model: type) -> list:
    with here.db.reading() as session:
        return list(session.exec(select(model)).all())


def row_of(here: World, fact: Fact) -> Todo:
    with here.db.reading() as session:
        return session.get_one(Todo, fact.id)


def open_of(here: World, invoice: Invoice) -> int:
    with here.db.reading() as session:
        assert ledger.check(session) == []
        return ledger.open_of(session, invoice).amount


# Webhooks


def test_a_webhook_is_booked_once_and_done(here: World) -> None:
    invoice = invoiced(here)
    fact = kept(here, event("payment.paid", invoice))
    assert [cashier.act_on_webhooks(here) for _ in range(3)] == [1, 0, 0]
    [payment] = rows(here, Payment)
    assert (payment.source, payment.external_id, payment.state, payment.fact_id) == ("sandbox", "ch_1", "matched", fact.id)
    assert (open_of(here, invoice), row_of(here, fact).tries) == (0, 1)


def test_a_fact_kept_twice_and_an_event_told_by_two_ids_are_one_payment(here: World) -> None:
    invoice = invoiced(here)
    for event_id in ("evt_1", "evt_1", "evt_2"):
        kept(here, event("payment.paid", invoice, event_id=event_id))
    assert cashier.act_on_webhooks(here) == 2
    assert len(rows(here, Payment)) == 1
    assert open_of(here, invoice) == 0


def test_one_that_cannot_be_read_is_put_off_and_says_why_and_others_go_on(here: World) -> None:
    invoice = invoiced(here)
    broken = kept(here, json.dumps({"id": "evt_0", "type": "payment.paid"}).encode())
    good = kept(here, event("payment.paid", invoice))
    assert cashier.act_on_webhooks(here) == 1
    row = row_of(here, broken)
    assert (row.done_at, row.tries, row.said) == (None, 1, "The sandbox's event cannot be read at created.")
    assert row.due_at > real_now()
    assert row_of(here, good).done_at is not None
    assert open_of(here, invoice) == 0
    assert cashier.act_on_webhooks(here) == 0


def test_one_that_lacks_what_it_needs_is_put_off_with_the_books_untouched(here: World) -> None:
    invoice = invoiced(here)
    fact = kept(here, event("payment.paid", invoice, charge=""))
    assert cashier.act_on_webhooks(here) == 0
    assert "says that money came, and not how much or by which charge" in row_of(here, fact).said
    assert rows(here, Payment) == []
    assert open_of(here, invoice) == invoice.gross


def test_a_fact_that_is_no_webhook_of_a_provider_we_know_is_told_of(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        fact = webhooks.keep(session, "coinpurse", {}, event("payment.paid"), now=MONDAY, due=real_now())[0]
        lame = webhooks.keep(session, "sandbox", {}, event("payment.paid", event_id="evt_2"), now=MONDAY, due=real_now())[0]
        lame.payload = {}
        session.add(lame)
    assert cashier.act_on_webhooks(here_sqlite) == 0
    assert row_of(here_sqlite, fact).said == "There is no payment provider coinpurse."
    assert row_of(here_sqlite, lame).said == "KeyError: 'body'"


def test_one_that_is_not_due_yet_is_left_alone(here_sqlite: World) -> None:
    kept(here_sqlite, event("payment.paid", invoiced(here_sqlite)), due=real_now() + timedelta(minutes=5))
    assert cashier.act_on_webhooks(here_sqlite) == 0
    assert rows(here_sqlite, Payment) == []


def test_money_for_an_unknown_invoice_lies_in_suspense_and_nobody_guesses(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    kept(here_sqlite, event("payment.paid", amount=invoice.gross))
    assert cashier.act_on_webhooks(here_sqlite) == 1
    assert [payment.state for payment in rows(here_sqlite, Payment)] == ["suspense"]
    assert open_of(here_sqlite, invoice) == invoice.gross


@pytest.mark.parametrize("order", [(0, 1), (1, 0)])
def test_a_refund_told_before_its_payment_comes_out_the_same(here: World, order: tuple[int, int]) -> None:
    invoice = invoiced(here)
    told = [event("payment.paid", invoice, event_id="evt_1"), event("payment.refunded", invoice, event_id="evt_2", refund="re_1")]
    for place in order:
        kept(here, told[place])
        cashier.act_on_webhooks(here)
    assert open_of(here, invoice) == invoice.gross
    assert sorted(payment.direction for payment in rows(here, Payment)) == ["in", "out"]


def test_a_card_that_was_refused_moves_nothing_and_stands_in_the_deals_history(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    kept(here_sqlite, event("payment.failed", invoice))
    assert cashier.act_on_webhooks(here_sqlite) == 1
    assert rows(here_sqlite, Payment) == []
    assert [fact.deal_id for fact in rows(here_sqlite, Fact) if fact.kind == "deal.noted"] == [invoice.deal_id]


def test_a_disputed_payment_is_asked_for_again(here: World) -> None:
    invoice = invoiced(here)
    with here.db.writing() as session:
        deal = session.get_one(Deal, invoice.deal_id)
        deal.money = "deposit_paid"
        session.add(deal)
    kept(here, event("payment.paid", invoice))
    kept(here, event("payment.disputed", invoice, event_id="evt_2", refund="dp_1"))
    assert cashier.act_on_webhooks(here) == 2
    assert open_of(here, invoice) == invoice.gross
    assert [row.key for row in rows(here, StageRun) if row.stage == "payment"] == [f"deal-{invoice.deal_id}/payment/r1/p1/g1"]
    with here.db.reading() as session:
        assert session.get_one(Deal, invoice.deal_id).money == "deposit_due"


# Orders


def planned(here: World, invoice: Invoice, number: int = 2) -> str:
    key = f"invoice/{invoice.id}/pay/{number}"
    with here.db.writing() as session:
        effects.plan(session, key, "payment-request", deal_id=invoice.deal_id, what="pay page", now=MONDAY, args={"invoice": invoice.id})
    return key


def state(here: World, key: str) -> Effect:
    with here.db.reading() as session:
        return session.get_one(Effect, key)


def test_a_pay_page_that_was_asked_for_is_made_once(here: World, till: CardTill) -> None:
    invoice = invoiced(here)
    key = planned(here, invoice)
    assert [cashier.act_on_orders(world()) for _ in range(2)] == [1, 0]
    assert [order.key for order in till.opened] == [key]
    assert state(here, key).result["url"] == "https://pay.example/co_1"


def test_a_refund_that_was_planned_is_made_once_and_booked(here: World, till: CardTill) -> None:
    invoice = invoiced(here)
    with here.db.writing() as session:
        a_payment(session, invoice, source="sandbox", method="card")
    [key] = corrections.credit_invoice.fn(invoice.number, "", "Cancelled", "conor", "run/1", again=False)["refunds"]
    assert [cashier.act_on_orders(world()) for _ in range(2)] == [1, 0]
    assert [order.key for order in till.refunded] == [key]
    assert sorted(payment.direction for payment in rows(here, Payment)) == ["in", "out"]
    assert open_of(here, invoice) == 0
    assert corrections.refund.fn(key) == "done", "the flow comes after the waker, and writes the letter"
    assert len(till.refunded) == 1


def test_while_the_provider_is_away_orders_are_put_off_and_others_go_on(here_sqlite: World) -> None:
    here, till = with_till(here_sqlite)
    first, second = (planned(here, invoiced(here)) for _ in range(2))
    till.away = True
    cashier.act_on_orders(here)
    assert [(state(here, key).state, state(here, key).lease_until > real_now()) for key in (first, second)] == [(EffectState.PLANNED, True)] * 2
    till.away = False
    assert cashier.act_on_orders(here) == 0, "they rest a while"


def test_an_order_that_goes_wrong_keeps_no_other_from_being_carried_out(here_sqlite: World) -> None:
    here, till = with_till(here_sqlite)
    invoice = invoiced(here)
    with here.db.writing() as session:
        effects.plan(session, "invoice/0/pay/1", "payment-request", deal_id=invoice.deal_id, what="a riddle", now=MONDAY, args={"invoice": 999})
    till.troubles.append(Refused("No."))
    failing, good = planned(here, invoice, 2), planned(here, invoice, 3)
    assert cashier.act_on_orders(here) == 3
    assert [state(here, key).state for key in ("invoice/0/pay/1", failing, good)] == [EffectState.PLANNED, EffectState.FAILED, EffectState.DONE]


def test_a_page_for_what_was_paid_meanwhile_is_not_made(here_sqlite: World) -> None:
    here, till = with_till(here_sqlite)
    invoice = invoiced(here)
    key = planned(here, invoice)
    with here.db.writing() as session:
        a_payment(session, invoice)
    cashier.act_on_orders(here)
    assert (till.opened, state(here, key).said) == ([], "Nothing is open on it any more.")


def test_a_round_of_the_waker_books_webhooks_and_makes_pages(here_sqlite: World) -> None:
    here, till = with_till(here_sqlite)
    invoice, other = invoiced(here), invoiced(here)
    fact, key = kept(here, event("payment.paid", invoice)), planned(here, other)
    tick(FakeEngine().talk)
    assert row_of(here, fact).done_at is not None
    assert state(here, key).state == EffectState.DONE
    assert len(till.opened) == 1


def test_while_prefect_is_away_money_is_booked_all_the_same(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    kept(here_sqlite, event("payment.paid", invoice))
    with pytest.raises(Unavailable):
        tick(FakeEngine(away=True).talk)
    assert open_of(here_sqlite, invoice) == 0
