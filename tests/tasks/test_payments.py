"""Steps around the money of one invoice: each receipt once, the first money wins the deal, and nothing moves that has no money behind it."""

import pytest
from sqlmodel import col, select

from models import documents, facts, invoices, issued, ledger, payments, waiting
from models.cash_answers import MoneyCame
from models.cash_tables import Invoice, Payment
from models.errors import Missing
from models.message import Message
from models.payments import Incoming
from models.provider_event import ProviderEvent
from models.stages import RunState, Stage
from models.tables import Deal, Move, StageRun
from models.tracks import Sales, Work
from tasks import corrections
from tasks import payments as steps
from tasks.world import World
from tests.factories import a_deal, a_payment, a_run, a_signed_deal, a_wait, an_invoice
from tests.fakes import MONDAY
from tests.models.invoicing import a_signed_contract
from tests.studio import the_company
from tests.tasks.stages import inside


def invoiced(here: World, *paid: int, parts: int = 1) -> Invoice:
    """The first invoice of a deal, with these payments on it; more parts are issued beside it."""
    with here.db.writing() as session:
        invoice = an_invoice(session)
        deal = session.get_one(Deal, invoice.deal_id)
        for part in range(2, parts + 1):
            an_invoice(session, deal, part=part)
        for amount in paid:
            a_payment(session, invoice, amount)
        return invoice


def pay(here: World, invoice: Invoice, amount: int | None = None, **values) -> Payment:
    with here.db.writing() as session:
        return a_payment(session, session.get_one(Invoice, invoice.id), amount, **values)


def thanks(here: World, invoice: Invoice, heard: int = 0) -> list[str]:
    steps.thank_client.fn(invoice.deal_id, invoice.part, heard)
    return sent(here)


def sent(here: World) -> list[str]:
    return [f"{message.to.name.split()[0]}: {message.subject}" for message in here.mail.sent]


def read(message: Message) -> str:
    """A letter's words, however its lines are broken."""
    return " ".join(message.text.split())


def deal_of(here: World, invoice: Invoice) -> Deal:
    with here.db.reading() as session:
        return session.get_one(Deal, invoice.deal_id)


def live(here: World, stage: Stage) -> list[str]:
    with here.db.reading() as session:
        return [row.key for row in session.exec(select(StageRun).where(StageRun.stage == stage.value, col(StageRun.state) == "wanted"))]


# How it stands


def test_before_there_is_an_invoice_there_is_nothing_to_look_at(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
    with pytest.raises(Missing, match="has no invoice yet"):
        steps.look.fn(deal.id, 1, 0)
    assert steps.thank_client.fn(deal.id, 1, 0) == []


def test_a_look_tells_state_number_and_when_reminders_begin(here: World) -> None:
    invoice = invoiced(here)
    first = steps.look.fn(invoice.deal_id, 1, 0)
    assert first == {"state": "open", "number": invoice.number, "invoice": str(invoice.id), "starts": "2026-03-10T00:00:00+00:00"}
    pay(here, invoice)
    assert steps.look.fn(invoice.deal_id, 1, 1)["state"] == "paid"


# Receipts


def test_the_whole_amount_is_thanked_for_once_and_told_to_the_salesperson(here: World) -> None:
    invoice = invoiced(here)
    pay(here, invoice)
    for heard in range(3):
        thanks(here, invoice, heard)
    assert sent(here) == [
        f"Orla: Thank you: €4,895.23 for {invoice.number}", f"Conor: Money in: {invoice.number}, €4,895.23, Acme",
    ]  # fmt: skip
    receipt = read(here.mail.sent[0])
    assert "We start work now; your project manager writes to you next. The next payment, Ready to launch, falls due" in receipt
    assert "Monday 2 March 2026" in receipt


def test_each_part_has_a_receipt_of_its_own_that_says_what_is_open(here: World) -> None:
    invoice = invoiced(here)
    pay(here, invoice, 100_000)
    thanks(here, invoice)
    assert "€3,895.23 is still to pay" in read(here.mail.sent[0])
    pay(here, invoice, 389_523)
    thanks(here, invoice, 1)
    thanks(here, invoice, 2)
    assert [subject for subject in sent(here) if subject.startswith("Orla")] == [
        f"Orla: Thank you: €1,000.00 for {invoice.number}", f"Orla: Thank you: €3,895.23 for {invoice.number}",
    ]  # fmt: skip
    assert "is paid" in read(here.mail.sent[2])


def test_who_paid_before_anybody_waited_is_thanked_when_the_stage_begins(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite, 100_000, 389_523)
    assert len(thanks(here_sqlite, invoice)) == 4
    assert steps.look.fn(invoice.deal_id, 1, 0)["state"] == "paid"


def test_too_much_is_asked_about_once_however_often_the_step_runs(here: World) -> None:
    invoice = invoiced(here)
    pay(here, invoice, invoice.gross + 5000)
    for heard in range(2):
        thanks(here, invoice, heard)
    assert [subject for subject in sent(here) if "too much" in subject] == [f"Orla: €50.00 too much for {invoice.number}"]
    letter = next(message.text for message in here.mail.sent if "too much" in message.subject)
    assert "€4,895.23" in letter


def test_one_payment_for_two_invoices_is_too_much_for_neither(here: World) -> None:
    invoice = invoiced(here, parts=2)
    with here.db.writing() as session:
        other = issued.of_deal(session, session.get_one(Deal, invoice.deal_id))[1]
        a_payment(session, invoice, invoice.gross + other.gross, reference=f"{invoice.number} {other.number}")
    thanks(here, invoice)
    thanks(here, other)
    assert sorted(sent(here)) == sorted(
        f"{who} {one.number}{rest}" for one, amount in ((invoice, "€4,895.23"), (other, "€4,895.20"))
        for who, rest in ((f"Orla: Thank you: {amount} for", ""), ("Conor: Money in:", f", {amount}, Acme"))
    )  # fmt: skip


def test_what_is_too_much_for_two_invoices_is_asked_about_once(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite, parts=2)
    with here_sqlite.db.writing() as session:
        other = issued.of_deal(session, session.get_one(Deal, invoice.deal_id))[1]
        a_payment(session, invoice, invoice.gross + other.gross + 700, reference=f"{invoice.number} {other.number}")
    thanks(here_sqlite, invoice)
    thanks(here_sqlite, other)
    assert [subject.partition(" too much")[0] for subject in sent(here_sqlite) if "too much" in subject] == ["Orla: €7.00"]


def test_receipts_go_out_in_the_salespersons_name(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite, 100)
    thanks(here_sqlite, invoice)
    message = here_sqlite.mail.sent[0]
    assert (message.sender.name, message.reply_to.address) == ("Conor Walsh, Northlight Studio", "conor@northlight.example")
    assert message.unsubscribe == ""


def test_the_director_is_told_once_when_reminders_have_come_to_their_end(here_sqlite: World, clock) -> None:
    invoice = invoiced(here_sqlite)
    clock.pass_(days=60)
    assert [steps.tell_director.fn(invoice.id) for _ in range(2)] == ["done", "done"]
    assert here_sqlite.mail.sent[0].to.name == "Aoife Brennan"
    assert f"the money of {invoice.number}, all reminders sent" in here_sqlite.mail.sent[0].text


def test_of_an_invoice_that_is_not_due_the_director_is_not_told(here_sqlite: World) -> None:
    assert steps.tell_director.fn(invoiced(here_sqlite).id) == "skipped"


# The end of the stage


def test_the_first_money_wins_the_deal_and_wants_its_delivery_once(here: World) -> None:
    invoice = invoiced(here)
    pay(here, invoice)
    with inside(here, Stage.PAYMENT, deal_of(here, invoice), part=1) as run:
        assert [steps.conclude_payment.fn(invoice.deal_id, 1, "paid") for _ in range(3)] == ["deposit_paid"] * 3
    deal = deal_of(here, invoice)
    assert (deal.sales, deal.work, deal.money) == ("won", "kickoff", "deposit_paid")
    assert live(here, Stage.KICKOFF) == [f"deal-{deal.id}/kickoff/r1/g1"]
    assert live(here, Stage.PAYMENT) == []
    with here.db.reading() as session:
        assert session.get_one(StageRun, run.row_id).state == RunState.DONE
        moves = session.exec(select(Move).where(Move.deal_id == deal.id, Move.track != "sales").order_by(col(Move.id))).all()
        assert [(move.track, move.to) for move in moves] == [("money", "deposit_due"), ("money", "deposit_paid"), ("work", "kickoff")]


def test_a_move_names_the_money_that_caused_it(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    with here_sqlite.db.writing() as session:
        a_wait(session, session.get_one(Deal, invoice.deal_id), MoneyCame, stage=Stage.PAYMENT, part=1, key="money#1")
    pay(here_sqlite, invoice)
    with here_sqlite.db.writing() as session:
        spot = waiting.Spot(invoice.deal_id, "payment", 1, "money#1", "mine", 1)
        answered = waiting.reach(session, spot, waiting.Question([], "", "client", ""), now=MONDAY)
    with inside(here_sqlite, Stage.PAYMENT, deal_of(here_sqlite, invoice), part=1):
        steps.conclude_payment.fn(invoice.deal_id, 1, "paid")
    with here_sqlite.db.reading() as session:
        won = session.exec(select(Move).where(Move.to == "won")).one()
    assert won.fact_id == answered.fact.id


def test_the_last_part_brings_the_money_track_to_its_end(here: World) -> None:
    invoice = invoiced(here, parts=2)
    pay(here, invoice)
    assert steps.conclude_payment.fn(invoice.deal_id, 1, "paid") == "final_due"
    with here.db.reading() as session:
        last = issued.of_deal(session, session.get_one(Deal, invoice.deal_id))[1]
    pay(here, last)
    assert steps.conclude_payment.fn(invoice.deal_id, 2, "paid") == "paid"
    assert len(live(here, Stage.KICKOFF)) == 1


def test_a_credited_invoice_moves_nothing_but_the_money_back(here: World) -> None:
    invoice = invoiced(here)
    corrections.credit_invoice.fn(invoice.number, "", "A mistake", "conor", "run/1", again=False)
    assert steps.look.fn(invoice.deal_id, 1, 0)["state"] == "credited"
    with inside(here, Stage.PAYMENT, deal_of(here, invoice), part=1):
        assert steps.conclude_payment.fn(invoice.deal_id, 1, "credited") == "none"
    deal = deal_of(here, invoice)
    assert (deal.sales, deal.work, deal.money) == ("signed", "none", "none")
    assert live(here, Stage.KICKOFF) == live(here, Stage.PAYMENT) == []


def test_an_invoice_issued_anew_while_the_old_ones_stage_ends_is_waited_for(here: World) -> None:
    invoice = invoiced(here)
    corrections.credit_invoice.fn(invoice.number, "", "Wrong address", "conor", "run/1", again=True)
    with inside(here, Stage.PAYMENT, deal_of(here, invoice), part=1):
        assert steps.look.fn(invoice.deal_id, 1, 0)["state"] == "credited"
        with here.db.writing() as session:
            deal, fact = session.get_one(Deal, invoice.deal_id), facts.of_deal(session, invoice.deal_id, "invoice.corrected")[-1]
            invoices.issue(session, the_company(), deal, 1, now=MONDAY, fact=fact)
        steps.conclude_payment.fn(invoice.deal_id, 1, "credited")
    assert live(here, Stage.PAYMENT) == [f"deal-{invoice.deal_id}/payment/r1/p1/g2"]
    assert deal_of(here, invoice).sales == "signed"


def test_money_that_went_back_before_the_stage_ended_wins_nothing(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    charge = pay(here_sqlite, invoice, source="sandbox", method="card")
    with inside(here_sqlite, Stage.PAYMENT, deal_of(here_sqlite, invoice), part=1):
        assert steps.look.fn(invoice.deal_id, 1, 0)["state"] == "paid"
        dispute(here_sqlite, charge)
        assert steps.conclude_payment.fn(invoice.deal_id, 1, "paid") == "deposit_due"
    assert deal_of(here_sqlite, invoice).sales == "signed"
    assert live(here_sqlite, Stage.PAYMENT) == [f"deal-{invoice.deal_id}/payment/r1/p1/g2"]


def dispute(here: World, charge: Payment) -> None:
    event = ProviderEvent(id="evt_d", kind="disputed", charge_id=charge.external_id, refund_id="dp_1", at=MONDAY)
    with here.db.writing() as session:
        payments.act_on(session, the_company(), event, "sandbox", None, now=MONDAY)


def test_money_that_is_taken_back_later_is_waited_for_again(here: World) -> None:
    invoice = invoiced(here)
    charge = pay(here, invoice, source="sandbox", method="card")
    with inside(here, Stage.PAYMENT, deal_of(here, invoice), part=1):
        steps.conclude_payment.fn(invoice.deal_id, 1, "paid")
    for _ in range(2):
        dispute(here, charge)
    deal = deal_of(here, invoice)
    assert (deal.sales, deal.work, deal.money) == ("won", "kickoff", "deposit_due")
    assert live(here, Stage.PAYMENT) == [f"deal-{deal.id}/payment/r1/p1/g2"]
    pay(here, invoice)
    assert steps.conclude_payment.fn(invoice.deal_id, 1, "paid") == "deposit_paid"
    assert len(live(here, Stage.KICKOFF)) == 1
    with here.db.reading() as session:
        assert ledger.check(session) == []


def test_money_taken_back_while_a_stage_waits_wants_no_second_one(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    with here_sqlite.db.writing() as session:
        row = a_run(session, Stage.PAYMENT, session.get_one(Deal, invoice.deal_id), state=RunState.WAITING, part=1)
    dispute(here_sqlite, pay(here_sqlite, invoice, source="sandbox", method="card"))
    with here_sqlite.db.reading() as session:
        mine = session.exec(select(StageRun).where(StageRun.stage == "payment")).all()
    assert [one.id for one in mine] == [row.id]


def test_a_transfer_that_the_bank_took_back_is_waited_for_again(here_sqlite: World) -> None:
    invoice = invoiced(here_sqlite)
    pay(here_sqlite, invoice)
    steps.conclude_payment.fn(invoice.deal_id, 1, "paid")
    with here_sqlite.db.writing() as session:
        back = Incoming("bank", "back-1", "out", ledger.paid_of(session, invoice), MONDAY.date(), reference=invoice.number, is_return=True)
        payments.receive(session, the_company(), back, now=MONDAY)
    assert deal_of(here_sqlite, invoice).money == "deposit_due"
    assert live(here_sqlite, Stage.PAYMENT) == [f"deal-{invoice.deal_id}/payment/r1/p1/g1"]


def test_the_money_of_a_deal_in_one_payment_is_all_in_at_once(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, sales=Sales.SIGNED)
        document = a_signed_contract(session, deal)
        document.body = document.body | {"schedule": [document.body["schedule"][0] | {"percent": 100}]}
        session.add(document)
        a_payment(session, an_invoice(session, deal))
        assert deal.money == "final_due"
        assert documents.latest(session, deal.id, "contract") is document
    assert steps.conclude_payment.fn(deal.id, 1, "paid") == "paid"
    with here_sqlite.db.reading() as session:
        deal = session.get_one(Deal, deal.id)
    assert (deal.sales, deal.work) == (Sales.WON, Work.KICKOFF)
