"""The books: every entry balances, every invoice is open by gross less paid less credited, nobody's money is lost."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, col, select

from models import ledger, payments, refunds
from models.cash_tables import Entry, Invoice, Payment, Posting
from models.db import Database
from models.errors import Refused
from models.ledger import Line
from models.money import Money
from tests.fakes import MONDAY
from tests.models.billing import COMPANY, TODAY, a_credit_note, a_signed_deal, a_transfer, an_event, an_invoice, balances, entries, eur, payments_of


def book(session: Session, key: str = "k", *amounts: tuple[str, Money]) -> Entry:
    lines = [Line(account, amount) for account, amount in amounts or (("bank", eur(5)), ("outside", eur(-5)))]
    return ledger.book(session, key, "test", lines, happened_on=TODAY, now=MONDAY)


def test_an_entry_is_made_once_by_its_key(here) -> None:
    with here.db.writing() as session:
        assert book(session).id == book(session, "k", ("bank", eur(9)), ("outside", eur(-9))).id
        assert balances(session) == {"bank": 500, "outside": -500}


@pytest.mark.parametrize(
    "lines",
    [
        (("bank", eur(5)), ("outside", eur(-4))),
        (("bank", eur(5)), ("outside", Money(amount=-500, currency="USD"))),
        (("bank", eur(5)),),
        (("bank", eur(5)), ("nowhere", eur(-5))),
    ],
)
def test_what_does_not_balance_or_names_no_account_is_not_booked(here_sqlite, lines) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(ValueError, match=r"balance|no account"):
        book(session, "k", *lines)
    with here_sqlite.db.reading() as session:
        assert entries(session, "") == []


def test_currencies_balance_each_for_itself(here_sqlite) -> None:
    dollars = Money(amount=700, currency="USD")
    with here_sqlite.db.writing() as session:
        book(session, "k", ("bank", eur(5)), ("outside", eur(-5)), ("bank", dollars), ("outside", dollars.times(-1)))
        assert ledger.balance(session, "bank", "USD") == dollars
        assert ledger.check(session) == []


def test_paid_then_credited_is_owed_and_nothing_is_open(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payments.receive(session, COMPANY, a_transfer(eur(70), invoice.number), now=MONDAY)
        a_credit_note(session, invoice, eur(50))
        assert [of(session, invoice).amount for of in (ledger.open_of, ledger.paid_of, ledger.owed_of)] == [0, 7000, 2000]
        assert ledger.check(session) == []


PLANTED = {
    "does not balance": lambda session, posting: setattr(posting, "amount", posting.amount + 1),
    "without an invoice": lambda session, posting: setattr(posting, "invoice_id", None),
    "no account nowhere": lambda session, posting: setattr(posting, "account", "nowhere"),
    "asks for": lambda session, posting: setattr(posting, "payment_id", None),
    "has no lines": lambda session, posting: [session.delete(one) for one in session.exec(select(Posting)) if one.entry_id == posting.entry_id],
    "is not in the books": lambda session, posting: session.add(Payment(
        source="x", external_id="x", amount=1, currency="EUR", happened_on=TODAY, known_at=MONDAY)),
    "lie in suspense": lambda session, posting: setattr(session.get_one(Payment, posting.payment_id), "state", "suspense"),
}  # fmt: skip


@pytest.mark.parametrize("sentence", PLANTED)
def test_a_planted_error_is_said_in_a_sentence(here_sqlite, sentence: str) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payments.receive(session, COMPANY, a_transfer(eur(70), invoice.number), now=MONDAY)
        assert ledger.check(session) == []
        paid = select(Posting).where(Posting.account == "receivable", col(Posting.payment_id).is_not(None))
        PLANTED[sentence](session, session.exec(paid).one())
        session.flush()
        assert any(sentence in said for said in ledger.check(session)), ledger.check(session)


def test_more_than_an_invoice_asks_for_or_than_came_is_said(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payment = payments.receive(session, COMPANY, a_transfer(eur(100), invoice.number), now=MONDAY)
        for key, amount, said in (("more", -1, "below nought"), ("back", 102, "More money went back")):
            lines = [Line("receivable", eur(amount), client_id=invoice.client_id, invoice_id=invoice.id, payment_id=payment.id)]
            ledger.book(session, key, "test", [*lines, Line("outside", eur(-amount))], happened_on=TODAY, now=MONDAY)
            assert any(said in one for one in ledger.check(session))
        a_credit_note(session, invoice, eur(101))
        assert any("More was credited" in one for one in ledger.check(session))


# Whatever a provider tells, in whatever order


PAID_TWICE = [
    ("paid", "ch_1", 100, ""), ("paid", "ch_2", 100, ""), ("refunded", "ch_1", 30, "re_1"), ("refunded", "ch_1", 70, "re_2"), ("paid", "ch_1", 100, ""),
]  # fmt: skip
DISPUTED = [("paid", "ch_1", 60, ""), ("paid", "ch_2", 70, ""), ("disputed", "ch_2", 70, "dp_1"), ("disputed", "ch_2", 70, "dp_1")]
TOO_MUCH = [("paid", "ch_1", 150, ""), ("refunded", "ch_1", 50, "re_1"), ("refunded", "ch_1", 20, "re_2"), ("failed", "ch_9", 5, "")]


def told(session: Session, invoice: Invoice, story: tuple) -> None:
    for kind, charge, amount, refund in story:
        event = an_event(kind, charge, eur(amount), invoice.number, refund_id=refund)
        payments.act_on(session, COMPANY, event, "sandbox", None, now=MONDAY)


@pytest.mark.parametrize("story", [PAID_TWICE, DISPUTED, TOO_MUCH], ids=["paid twice", "disputed", "too much"])
def test_a_providers_events_end_the_same_in_every_order_with_one_entry_each(here_sqlite, story: list) -> None:
    ends, orders = set(), sorted(set(permutations(story)))
    for order in orders:
        with here_sqlite.db.writing() as session:
            invoice = an_invoice(session, gross=100)
            before = balances(session)
            told(session, invoice, order)
            told(session, invoice, order[:2])
            assert ledger.check(session) == []
            moved = {account: amount - before.get(account, 0) for account, amount in balances(session).items()}
            ends.add((ledger.open_of(session, invoice).amount, ledger.paid_of(session, invoice).amount, tuple(sorted(moved.items()))))
            own = {(kind != "paid", refund or charge) for kind, charge, _, refund in story if kind != "failed"}
            assert len([key for key in entries(session) if key.count("/") == 1]) == len(own)
            session.rollback()
    assert len(ends) == 1, ends


def test_a_refund_gives_its_money_back_from_what_was_too_much_first(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        told(session, invoice, tuple(TOO_MUCH))
        assert (ledger.open_of(session, invoice), ledger.owed_of(session, invoice)) == (eur(20), eur(0))
        assert balances(session)["provider:sandbox"] == 8000


def test_a_charge_of_an_unknown_invoice_lies_in_suspense_and_goes_back_from_there(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        for kind, refund in (("paid", ""), ("refunded", "re_1")):
            event = an_event(kind, "ch_1", eur(40), "NL-2026-9999", refund_id=refund)
            payments.act_on(session, COMPANY, event, "sandbox", None, now=MONDAY)
        assert [payment.state for payment in payments_of(session)] == ["ignored", "matched"]
        assert balances(session) == {}
        assert ledger.check(session) == []


def test_more_back_than_there_was_lies_in_suspense(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        told(session, invoice, (("paid", "ch_1", 100, ""), ("refunded", "ch_1", 100, "re_1"), ("disputed", "ch_1", 100, "dp_1")))
        assert [payment.state for payment in payments_of(session)] == ["matched", "matched", "suspense"]
        assert balances(session)["provider:sandbox"] == -10_000
        assert ledger.check(session) == []


def test_what_can_be_given_back_at_the_provider_is_known_charge_by_charge(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payments.receive(session, COMPANY, a_transfer(eur(10), invoice.number), now=MONDAY)
        told(session, invoice, (("paid", "ch_1", 60, ""), ("paid", "ch_2", 60, ""), ("refunded", "ch_1", 20, "re_1")))
        assert [(one.payment.external_id, one.left) for one in payments.charges(session, invoice)] == [("ch_2", eur(60)), ("ch_1", eur(40))]
        assert refunds.charges(session, an_invoice(session)) == []


# Anything at all


AMOUNTS = st.integers(1, 30_000)
STEPS = st.one_of(
    st.tuples(st.just("transfer"), st.integers(0, 3), AMOUNTS), st.tuples(st.just("card"), st.integers(0, 3), AMOUNTS),
    st.tuples(st.just("unknown"), st.just(0), AMOUNTS), st.tuples(st.just("match"), st.integers(0, 3), st.just(0)),
    st.tuples(st.just("ignore"), st.just(0), st.just(0)), st.tuples(st.just("credit"), st.integers(0, 3), st.integers(1, 100)),
    st.tuples(st.just("refund"), st.integers(0, 5), AMOUNTS), st.tuples(st.just("out"), st.integers(0, 3), AMOUNTS),
    st.tuples(st.just("early refund"), st.just(0), AMOUNTS), st.tuples(st.just("return"), st.integers(0, 3), AMOUNTS),
)  # fmt: skip


@given(steps=st.lists(STEPS, max_size=14), grosses=st.lists(st.integers(1, 20_000), min_size=4, max_size=4))
@settings(max_examples=60, deadline=None, database=None, derandomize=True)
def test_whatever_happens_no_cent_is_lost(sqlite_file: Database, steps: list, grosses: list[int]) -> None:
    with sqlite_file.writing() as session:
        deals = [a_signed_deal(session) for _ in range(2)]
        invoices = [an_invoice(session, deals[at % 2], f"{gross / 100:.2f}", part=at + 1) for at, gross in enumerate(grosses)]
        came = 0
        for number, (what, which, amount) in enumerate(steps):
            came += act(session, invoices, what, which, Money(amount=amount, currency="EUR"), f"{number}")
        assert ledger.check(session) == []
        assert sum(balances(session).values()) == 0
        sums = balances(session)
        assert came == sums.get("bank", 0) + sums.get("provider:sandbox", 0)
        for invoice in invoices:
            notes = session.exec(select(Invoice).where(Invoice.corrects_id == invoice.id)).all()
            paid, rest = ledger.paid_of(session, invoice).amount, ledger.open_of(session, invoice).amount
            assert rest == max(0, invoice.gross - paid - sum(note.gross for note in notes))
            assert 0 <= paid <= invoice.gross
        session.rollback()


def act(session: Session, invoices: list[Invoice], what: str, which: int, amount: Money, key: str) -> int:  # noqa: C901 (a step of each kind)
    """One step of a story; what it did to the money we hold."""
    number = invoices[which % 4].number or ""
    match what:
        case "transfer" | "unknown":
            payments.receive(session, COMPANY, a_transfer(amount, number if what == "transfer" else "hello"), now=MONDAY)
            return amount.amount
        case "out" | "return":
            payments.receive(session, COMPANY, a_transfer(amount, number, direction="out", is_return=what == "return"), now=MONDAY)
            return -amount.amount
        case "card":
            payments.act_on(session, COMPANY, an_event("paid", f"ch_{key}", amount, number), "sandbox", None, now=MONDAY)
            return amount.amount
        case "refund" | "early refund":
            charge = f"ch_{which}" if what == "refund" else "ch_never"
            payments.act_on(session, COMPANY, an_event("refunded", charge, amount, refund_id=f"re_{key}"), "sandbox", None, now=MONDAY)
            return -amount.amount
        case "credit":
            left = invoices[which].gross - sum(one.gross for one in session.exec(select(Invoice).where(Invoice.corrects_id == invoices[which].id)))
            share = left * amount.amount // 100
            if share:
                a_credit_note(session, invoices[which], Money(amount=share, currency="EUR"))
        case "match" | "ignore":
            waiting = [one for one in payments_of(session) if one.state == "suspense"]
            if waiting and what == "ignore":
                payments.ignore(session, waiting[0].id or 0, reason="theirs", who="conor", now=MONDAY)
            elif waiting:
                try:
                    payments.match(session, waiting[0].id or 0, [number], who="conor", now=MONDAY)
                except Refused:
                    return 0
    return 0


@pytest.fixture(scope="module")
def sqlite_file(tmp_path_factory: pytest.TempPathFactory, sqlite_template):
    import shutil

    path = tmp_path_factory.mktemp("ledger") / "studio.db"
    shutil.copy(sqlite_template, path)
    db = Database(f"sqlite:///{path}")
    yield db
    db.close()
