"""From the accepted proposal to the money, on the real engine, with the real sandbox provider: what clients, banks and operators do."""

from datetime import date
from uuid import uuid4

import httpx
from sqlmodel import col, select

from deployments.demo_cash import statement
from models import keys, ledger
from models.cash_tables import Entry, Invoice, Payment, Posting
from models.money import Money
from models.tables import Document, Effect, Wait
from tests.e2e.client import Someone
from tests.e2e.forms import runs_form
from tests.e2e.system import System, eventually


def entries_of(system: System, invoice: Invoice) -> list[str]:
    with system.db.reading() as session:
        mine = select(Entry.kind).join(Posting, col(Posting.entry_id) == Entry.id).where(Posting.invoice_id == invoice.id)
        return list(session.exec(mine.where(Posting.account == "receivable").order_by(col(Entry.id))))


def open_of(system: System, invoice: Invoice) -> int:
    with system.db.reading() as session:
        return ledger.open_of(session, session.get_one(Invoice, invoice.id)).amount


def books_agree(system: System) -> None:
    with system.db.reading() as session:
        assert ledger.check(session) == []


def uploads(system: System, content: str) -> httpx.Response:
    with system.db.writing() as session:
        key = keys.add(session, f"bank-{uuid4().hex[:8]}", ["statements:write"], now=system.now())
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/xml"}
    return httpx.post(f"{system.base}/api/statements", content=content, headers=headers, timeout=30)


def test_a_doubled_and_late_word_of_the_provider_is_one_payment_and_work_may_start(system: System, someone: Someone):
    invoice = someone.buys()
    assert someone.money("deposit_due").sales == "signed"
    someone.pays_online(invoice, "pay-double")
    assert someone.money("deposit_paid").sales == "won"
    someone.gets("r1/kickoff/welcome")
    assert open_of(system, invoice) == 0
    with system.db.reading() as session:
        paid = session.exec(select(Payment).where(Payment.deal_id == someone.deal)).all()
    assert len(paid) == 1
    assert entries_of(system, invoice) == ["invoice", "payment"]
    receipts = [key for key, state in someone.letters().items() if key.endswith("/receipt")]
    assert len(receipts) == 1, someone.told() + system.log("worker")
    books_agree(system)


def test_a_part_by_hand_and_the_rest_by_bank_make_one_paid_invoice(system: System, someone: Someone):
    invoice = someone.has_signed()
    wait = someone.is_asked("payment")
    typed = {"amount": "1000.00", "currency": "EUR", "on": str(system.now().date()), "method": "cash", "reference": "receipt 7", "part": 0, "who": "Conor"}
    refused = system.prefect("POST", f"/flow_runs/{wait.flow_run_id}/resume", {"run_input": typed | {"currency": "euro"}})
    assert refused["status"] == "REJECT", refused
    taken = system.prefect("POST", f"/flow_runs/{wait.flow_run_id}/resume", {"run_input": typed})
    assert taken["status"] == "ACCEPT", taken
    eventually(lambda: open_of(system, invoice) == invoice.gross - 100_000, lambda: someone.told() + system.log("worker"))
    rest = Money(amount=invoice.gross - 100_000, currency="EUR")
    content = statement(iban(system), invoice.number or "", rest, system.now().date())
    for expected in (201, 200):
        answer = uploads(system, content)
        assert answer.status_code == expected, answer.text
    someone.money("deposit_paid")
    assert entries_of(system, invoice) == ["invoice", "payment", "payment"]
    someone.gets_receipts(2)
    books_agree(system)


def test_money_that_names_nothing_waits_for_an_operators_yes(system: System, someone: Someone):
    invoice = someone.has_signed()
    content = statement(iban(system), "your work for us", Money(amount=invoice.gross, currency="EUR"), system.now().date())
    answer = uploads(system, content)
    assert answer.json()["suspense"] == 1, answer.text
    assert open_of(system, invoice) == invoice.gross, "nobody guesses"
    with system.db.reading() as session:
        waiting = session.exec(select(Payment).where(Payment.state == "suspense").order_by(col(Payment.id).desc())).first()
        suggested = [session.get_one(Invoice, one) for one in waiting.suggested]
    assert waiting.amount == invoice.gross
    assert all(open_of(system, one) == invoice.gross for one in suggested), "only what asks for as much is suggested"
    assert runs_form(system, "match-suspense", payment_id=waiting.id, invoices=[invoice.number], who="Conor Walsh") == "Completed"
    someone.money("deposit_paid")
    books_agree(system)


def test_reminders_begin_after_the_due_day_rest_for_a_promise_and_stop_with_the_money(system: System, someone: Someone):
    invoice = someone.has_signed()
    wait = someone.is_asked("payment")
    assert wait.rungs and date.fromisoformat(wait.rungs[0]["at"][:10]) > invoice.due_on
    with someone.http as http:
        path = someone.link(f"invoice:{invoice.id}")
        promised = system.now().date().isoformat()
        late = http.post(f"{path}/promise", data={"on": "2020-01-01", "text": ""})
        assert late.status_code == 422
        assert http.post(f"{path}/promise", data={"on": promised, "text": "today"}).status_code == 200

    def renewed() -> Wait | None:
        with system.db.reading() as session:
            mine = select(Wait).where(Wait.deal_id == someone.deal, Wait.stage == "payment", col(Wait.closed_at).is_(None))
            found = session.exec(mine).first()
        return found if found and found.id != wait.id else None

    eventually(renewed, lambda: someone.told())
    someone.pays_online(invoice)
    someone.money("deposit_paid")
    with system.db.reading() as session:
        sent = session.exec(select(Effect.key).where(Effect.deal_id == someone.deal, col(Effect.key).like("client/%/dunning/%"))).all()
    assert sent == []


def test_a_payment_asked_for_early_makes_its_invoice_and_a_credit_note_gives_its_money_back(system: System, someone: Someone):
    first = someone.has_signed()
    someone.pays_online(first)
    someone.is_asked("materials")
    asked = {"deal_id": someone.deal, "who": "Tomasz Zielinski", "text": "The design was agreed by word of mouth."}
    assert runs_form(system, "payment-due", **asked, payment=3) == "Failed", "payment 2 comes first"
    assert runs_form(system, "payment-due", **asked, payment=2) == "Completed"
    second = someone.is_billed(2)
    assert (second.number or "") > (first.number or "")
    someone.pays_online(second)
    eventually(lambda: open_of(system, second) == 0, lambda: someone.told() + system.log("worker"))
    someone.sees(f"invoice/{second.id}/payment/{paid_by(system, second)}/receipt")
    state = runs_form(system, "correct-invoice", number=second.number, who="Conor Walsh", reason="The design was cut in scope.", gross="123.00")
    assert state == "Completed", system.log("worker")
    with system.db.reading() as session:
        note = session.exec(select(Invoice).where(Invoice.corrects_id == second.id)).one()
        refund = session.exec(select(Effect).where(Effect.kind == "refund", Effect.deal_id == someone.deal)).one()
    assert (note.gross, refund.state) == (12_300, "done")
    someone.sees(f"invoice/{note.id}/mail")
    eventually(lambda: len([one for one in outgoing(system, someone) if one.amount == 12_300]) == 1, "the refund is not in the books")
    books_agree(system)


def test_cancelled_work_credits_what_is_open_and_ends_the_deal(system: System, someone: Someone):
    first = someone.has_signed()
    assert runs_form(system, "cancel-work", deal_id=someone.deal, who="Aoife Brennan", reason="They closed the shop.") == "Completed"
    with system.db.reading() as session:
        notes = session.exec(select(Invoice).where(Invoice.corrects_id == first.id)).all()
    assert [note.gross for note in notes] == [first.gross]
    deal = someone.stands("lost")
    assert (deal.work, deal.money) == ("cancelled", "none")
    with someone.http as http:
        assert "Nothing to pay" in http.get(someone.link(f"invoice:{first.id}")).text
    books_agree(system)


def test_a_contract_that_was_changed_is_signed_in_its_new_version_only(system: System, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    someone.sends_brief()
    someone.gets("proposal/v1/mail")
    someone.accepts()
    someone.gets("r1/contract/details")
    someone.gives_details()
    someone.gets("contract/v1/mail")
    code = someone.asks_code()
    with someone.http as http:
        path = someone.link("contract")
        assert http.post(f"{path}/change", data={"text": "Payment within 14 days, please.", "name": "Ada Byron", "version": "1"}).status_code == 200
    someone.is_asked("contract")
    changed = {"deal_id": someone.deal, "who": "Conor Walsh", "reason": "They pay within 14 days.", "publish": True}
    assert runs_form(system, "revise-contract", **changed, payment_moments={"1": "within 14 days of signing"}) == "Completed", system.log("worker")
    someone.gets("contract/v2/mail")
    assert someone.signs(code, version=1).status_code == 409
    system.advance(minutes=2)
    assert someone.signs(someone.asks_code(version=2), version=2).status_code == 200
    someone.gets("contract/v2/signed")
    with system.db.reading() as session:
        states = dict(session.exec(select(Document.version, Document.state).where(Document.deal_id == someone.deal, Document.kind == "contract")).all())
    assert states == {1: "void", 2: "signed"}
    assert someone.signs(code, version=2).status_code == 409, "a contract is signed once"
    someone.is_billed()


def iban(system: System) -> str:
    from models import company

    return company.load(system.settings.company).studio.bank.iban


def paid_by(system: System, invoice: Invoice) -> int:
    with system.db.reading() as session:
        return session.exec(select(Posting.payment_id).where(Posting.invoice_id == invoice.id, col(Posting.payment_id).is_not(None))).first() or 0


def outgoing(system: System, someone: Someone) -> list[Payment]:
    with system.db.reading() as session:
        return list(session.exec(select(Payment).where(Payment.direction == "out", Payment.deal_id == someone.deal)))
