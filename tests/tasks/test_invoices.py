"""Steps of an invoice: one number whatever is rerun, one pay page a key, and nobody guesses what a provider did."""

from datetime import datetime, timedelta

import pytest
from sqlmodel import Session, col, select

from models import effects, facts, ledger, wanted
from models.cash_answers import InvoiceCorrected, MilestoneReached
from models.cash_tables import Entry, Invoice
from models.effects import EffectState
from models.errors import Missing, Refused, Unavailable, Uncertain
from models.stages import Stage
from models.tables import Client, Deal, Effect
from models.tracks import Sales
from tasks import corrections, invoices, runs
from tasks import effects as acts
from tasks.world import World
from tests.factories import a_deal, a_payment, a_signed_deal, an_agreed_deal, an_invoice, told
from tests.fakes import MONDAY, CardTill, Killed
from tests.tasks.stages import carried, inside
from tests.worlds import with_till

DEAD = "another-host/1/dead"


def issued(here: World) -> list[Invoice]:
    with here.db.reading() as session:
        return list(session.exec(select(Invoice).order_by(col(Invoice.id))))


def effect(here: World, key: str) -> Effect:
    with here.db.reading() as session:
        return session.get_one(Effect, key)


def signed(here: World) -> Deal:
    with here.db.writing() as session:
        return a_signed_deal(session)


def open_invoice(here: World, paid: int = 0) -> Invoice:
    with here.db.writing() as session:
        invoice = an_invoice(session)
        if paid:
            a_payment(session, invoice, paid)
        return invoice


@pytest.fixture
def till(here: World) -> CardTill:
    return with_till(here)[1]


# The number


def test_a_rerun_keeps_id_number_and_body(here: World, clock) -> None:
    deal = signed(here)
    first = invoices.issue_invoice.fn(deal.id, 1)
    before = issued(here)[0]
    clock.pass_(days=40)
    assert [invoices.issue_invoice.fn(deal.id, 1) for _ in range(3)] == [first] * 3
    after = issued(here)
    assert [(one.id, one.number, one.body, one.body_hash, one.due_on) for one in after] == [
        (before.id, before.number, before.body, before.body_hash, before.due_on)
    ]
    with here.db.reading() as session:
        assert len(session.exec(select(Entry)).all()) == 1
        assert ledger.check(session) == []


def test_issuing_moves_the_money_track(here: World) -> None:
    deal = signed(here)
    invoices.issue_invoice.fn(deal.id, 1)
    with here.db.reading() as session:
        assert session.get_one(Deal, deal.id).money == "deposit_due"


def test_the_parts_of_a_plan_have_numbers_side_by_side(here_sqlite: World) -> None:
    deal = signed(here_sqlite)
    for part in (2, 1, 2, 1):
        invoices.issue_invoice.fn(deal.id, part)
    assert [(one.part, one.seq) for one in issued(here_sqlite)] == [(2, 1), (1, 2)]


@pytest.mark.parametrize(("part", "error"), [(3, Missing), (0, Missing)])
def test_a_payment_that_the_plan_does_not_have_takes_no_number(here_sqlite: World, part: int, error: type[Exception]) -> None:
    deal = signed(here_sqlite)
    with pytest.raises(error, match="no payment"):
        invoices.issue_invoice.fn(deal.id, part)
    assert invoices.issue_invoice.fn(deal.id, 1)
    assert issued(here_sqlite)[0].seq == 1


def test_before_the_contract_is_signed_nothing_is_issued(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        bare, agreed = a_deal(session, sales=Sales.SIGNED), an_agreed_deal(session)
    for deal, why in ((bare, "no signed contract"), (agreed, "nothing is invoiced")):
        with pytest.raises(Refused, match=why):
            invoices.issue_invoice.fn(deal.id, 1)


def test_after_its_credit_note_an_invoice_is_issued_anew_once(here: World) -> None:
    old = open_invoice(here)
    corrections.credit_invoice.fn(old.number, "", "Wrong address", "conor", "run/1", again=True)
    with here.db.reading() as session:
        deal, fact = session.get_one(Deal, old.deal_id), corrected(session, old)
    with inside(here, Stage.INVOICE, deal, part=1) as run:
        new = [invoices.issue_invoice.fn(deal.id, 1) for _ in range(2)]
        assert run.part == 1
    assert new[0] == new[1] != old.id
    assert [one.number for one in issued(here) if one.kind == "invoice"] == ["NL-2026-0001", "NL-2026-0002"]
    assert issued(here)[-1].fact_id == fact
    with here.db.reading() as session:
        assert ledger.check(session) == []


def corrected(session: Session, invoice: Invoice) -> int:
    return facts.of_deal(session, invoice.deal_id, InvoiceCorrected.kind)[-1].id or 0


def test_without_a_correction_a_credited_invoice_stays_the_parts_invoice(here_sqlite: World) -> None:
    old = open_invoice(here_sqlite)
    corrections.credit_invoice.fn(old.number, "", "A mistake", "conor", "run/1", again=False)
    assert invoices.issue_invoice.fn(old.deal_id, 1) == old.id


def test_what_was_reached_stands_on_the_invoice(here: World) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        a_payment(session, an_invoice(session, deal))
        deal.sales = Sales.WON.value
        fact = told(session, deal, MilestoneReached(text="The test address is up: <b>try it</b>."))
    with here.db.writing() as session:
        row = wanted.want(session, Stage.INVOICE, deal=session.get_one(Deal, deal.id), part=2, fact=fact, now=MONDAY)
        wanted.begin(session, row.key, "mine", here.worker, now=MONDAY)
    token = runs._current.set(carried(row))
    try:
        invoice_id = invoices.issue_invoice.fn(deal.id, 2)
    finally:
        runs._current.reset(token)
    body = next(one for one in issued(here) if one.id == invoice_id).body
    assert body["notes"] == ["The test address is up: <b>try it</b>.", "Thank you for your order."]
    invoices.print_invoice.fn(invoice_id)
    assert "&lt;b&gt;try it" in here.pdf.printed[-1]


def test_an_invoice_is_printed_once_with_its_e_invoice_inside(here: World) -> None:
    invoice = open_invoice(here)
    first = invoices.print_invoice.fn(invoice.id)
    assert invoices.print_invoice.fn(invoice.id) == first
    assert (len(here.pdf.printed), here.pdf.attached) == (1, ["factur-x.xml"])
    assert (here.settings.home / issued(here)[0].pdf_path).is_file()


def test_an_invoice_is_mailed_once_with_its_link_and_once_to_the_address_for_invoices(here: World) -> None:
    invoice = open_invoice(here)
    assert [invoices.mail_invoice.fn(invoice.id) for _ in range(2)] == ["done", "done"]
    assert here.mail.letters() == [f"invoice/{invoice.id}/mail", f"invoice/{invoice.id}/mail/copy"]
    assert [message.to.address for message in here.mail.sent[1:]] == ["books@acme.example"]
    for message in here.mail.sent:
        assert "https://office.example/i/" in message.text
        assert invoice.number in message.subject


@pytest.mark.parametrize("other", ["", "the client's own"])
def test_without_another_address_for_invoices_there_is_one_letter(here_sqlite: World, other: str) -> None:
    invoice = open_invoice(here_sqlite)
    with here_sqlite.db.writing() as session:
        client = session.get_one(Client, invoice.client_id)
        client.details = client.details | {"invoice_email": client.email if other else ""}
        session.add(client)
    invoices.mail_invoice.fn(invoice.id)
    assert here_sqlite.mail.letters() == [f"invoice/{invoice.id}/mail"]


# The pay page


def test_where_nobody_takes_cards_no_page_is_asked_for(here_sqlite: World) -> None:
    invoice = open_invoice(here_sqlite)
    assert invoices.ask_for_payment.fn(invoice.id) == ""
    with here_sqlite.db.reading() as session:
        assert not session.exec(select(Effect).where(Effect.kind == "payment-request")).all()
    with pytest.raises(Refused, match="Nobody takes card payments"):
        invoices.open_page(here_sqlite, f"invoice/{invoice.id}/pay/2", invoice.id)


def test_one_page_is_made_for_exactly_what_is_open(here: World, till: CardTill, clock) -> None:
    invoice = open_invoice(here, paid=100_000)
    assert [invoices.ask_for_payment.fn(invoice.id) for _ in range(3)] == ["done"] * 3
    [order] = till.opened
    assert (order.key, order.reference, order.invoice_id, order.deal_id) == (f"invoice/{invoice.id}/pay/1", invoice.number, invoice.id, invoice.deal_id)
    assert order.amount.amount == invoice.gross - 100_000
    assert order.return_url.startswith("https://office.example/i/")
    result = effect(here, order.key).result
    assert (result["url"], result["amount"]) == ("https://pay.example/co_1", invoice.gross - 100_000)
    assert datetime.fromisoformat(result["until"]) == clock() + invoices.PAYABLE < clock() + timedelta(days=1)


def test_for_a_paid_invoice_no_page_is_made(here: World, till: CardTill) -> None:
    invoice = open_invoice(here)
    with here.db.writing() as session:
        a_payment(session, session.get_one(Invoice, invoice.id))
    assert invoices.ask_for_payment.fn(invoice.id) == "skipped"
    assert till.opened == []


def test_while_the_provider_is_away_the_page_stays_planned(here: World, till: CardTill) -> None:
    invoice = open_invoice(here)
    till.away = True
    with pytest.raises(Unavailable):
        invoices.ask_for_payment.fn(invoice.id)
    assert effect(here, f"invoice/{invoice.id}/pay/1").state == EffectState.PLANNED
    till.away = False
    assert invoices.ask_for_payment.fn(invoice.id) == "done"


def test_a_provider_that_says_no_leaves_the_bank_transfer(here_sqlite: World) -> None:
    here, till = with_till(here_sqlite)
    invoice = open_invoice(here)
    till.troubles.append(Refused("This currency is not enabled."))
    assert [invoices.ask_for_payment.fn(invoice.id) for _ in range(2)] == ["failed", "failed"]
    assert len(till.opened) == 1
    assert effect(here, f"invoice/{invoice.id}/pay/1").said == "This currency is not enabled."


def test_what_nobody_knows_holds_the_stage_until_a_person_says(here: World, till: CardTill) -> None:
    invoice = open_invoice(here)
    till.troubles.append(Uncertain("The line went dead."))
    key = f"invoice/{invoice.id}/pay/1"
    for _ in range(2):
        with pytest.raises(Refused, match=f"Run settle-effect for {key}, then Retry"):
            invoices.ask_for_payment.fn(invoice.id)
    assert len(till.opened) == 1
    acts.decide(key, went_out=False, who="Conor", run="run/1")
    assert invoices.ask_for_payment.fn(invoice.id) == "done"
    assert [order.key for order in till.opened] == [key, key]


def test_a_person_who_says_it_was_made_lets_the_stage_go_on(here_sqlite: World) -> None:
    here, till = with_till(here_sqlite)
    invoice = open_invoice(here)
    till.troubles.append(Uncertain("The line went dead."))
    with pytest.raises(Refused):
        invoices.ask_for_payment.fn(invoice.id)
    acts.decide(f"invoice/{invoice.id}/pay/1", went_out=True, who="Conor", run="run/1")
    assert invoices.ask_for_payment.fn(invoice.id) == "done"
    assert len(till.opened) == 1


def test_the_page_of_a_worker_that_died_is_asked_for_again_under_the_same_key(here: World, till: CardTill) -> None:
    invoice = open_invoice(here)
    till.dies_after.append(Killed())
    with pytest.raises(Killed):
        invoices.ask_for_payment.fn(invoice.id)
    key = f"invoice/{invoice.id}/pay/1"
    with here.db.writing() as session:
        claimed = session.get_one(Effect, key)
        assert claimed.state == EffectState.CLAIMED
        effects.take_over(session, claimed, DEAD, now=MONDAY - timedelta(days=1))
    assert invoices.ask_for_payment.fn(invoice.id) == "done"
    assert [order.key for order in till.opened] == [key, key]
    assert len(till.made) == 1, "the provider gives the same page for the same key"
    assert effect(here, key).attempts == 2
