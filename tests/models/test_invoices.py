from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest
from sqlmodel import Session, select

from models import cii, documents, inbox, invoices, ledger, ubl, vat
from models import issued as papers
from models.cash_answers import InvoiceCorrected
from models.cash_tables import Entry, Invoice, Posting
from models.db import Database
from models.errors import Missing, Refused
from models.money import Money
from models.references import reference_of
from models.tables import Deal
from tests.factories import MONDAY, a_client, a_deal, a_fact
from tests.models.einvoice import problems
from tests.models.invoicing import STUDIO, VAT_IDS, a_buyer, a_signed_contract
from tests.studio import the_company

COMPANY = the_company()
LATER = MONDAY + timedelta(days=3)


def euros(cents: int) -> Money:
    return Money(amount=cents, currency="EUR")


def a_contracted_deal(session: Session, net: int = 10_000_00, **values) -> Deal:
    deal = a_deal(session, client=a_client(session))
    a_signed_contract(session, deal, net, **values)
    return deal


def issued(session: Session, net: int = 10_000_00, *, part: int = 1, **values) -> Invoice:
    return invoices.issue(session, COMPANY, a_contracted_deal(session, net, **values), part, now=MONDAY)


def credited(session: Session, invoice: Invoice, gross: int | None = None, *, key: str = "deal/1/credit/1", **values) -> Invoice:
    amount = None if gross is None else Money(amount=gross, currency=invoice.currency)
    return invoices.credit(session, COMPANY, invoice, gross=amount, **{"reason": "Agreed on the telephone.", "key": key, "now": LATER} | values)


def accounts(session: Session, invoice: Invoice) -> dict[str, int]:
    """What was booked for an invoice, by account."""
    sums: dict[str, int] = {}
    for posting in session.exec(select(Posting).where(Posting.invoice_id == invoice.id)):
        sums[posting.account] = sums.get(posting.account, 0) + posting.amount
    return sums


# Issuing


def test_an_invoice_says_what_its_payment_of_the_plan_says(db: Database) -> None:
    with db.writing() as session:
        deal = a_contracted_deal(session)
        invoice = invoices.issue(session, COMPANY, deal, 1, now=MONDAY, text="The contract is signed.")
        body = invoices.body_of(invoice)
    assert (invoice.key, invoice.kind, invoice.part, invoice.series, invoice.year, invoice.seq) == (f"deal/{deal.id}/r1/invoice/1", "invoice", 1, "NL", 2026, 1)
    assert (invoice.net, invoice.vat, invoice.gross, invoice.currency) == (400_000, 92_000, 492_000, "EUR")
    assert invoice.number == body.number == "NL-2026-0001" and invoice.reference == body.reference == reference_of("NL-2026-0001")
    assert invoice.body_hash == documents.fingerprint(invoice.body)
    assert (body.title, body.part, body.parts, body.contract, body.issued_on, body.due_on) == ("Deposit", 1, 3, f"C-{deal.id}/1", date(2026, 3, 2), date(2026, 3, 9))
    assert [(line.title, line.net.amount, line.category, line.percent) for line in body.lines] == [("Deposit: Corporate site", 400_000, "S", "23")]
    assert body.lines[0].description == f"40 % of the price agreed in contract C-{deal.id}/1, due on signing."
    assert body.notes == ["The contract is signed.", "Thank you for your order."] and body.words == ""
    assert (body.bank.iban, body.buyer.name, body.seller.name) == (STUDIO.bank.iban, "Acme Limited", STUDIO.legal.name)


def test_a_rerun_keeps_number_body_and_books(db: Database) -> None:
    with db.writing() as session:
        deal = a_contracted_deal(session)
        first = invoices.issue(session, COMPANY, deal, 1, now=MONDAY)
        was = first.model_dump()
    with db.writing() as session:
        again = invoices.issue(session, COMPANY, session.get_one(Deal, deal.id), 1, now=LATER, text="Something else.")
        assert again.model_dump() == was
        assert len(session.exec(select(Entry)).all()) == 1


def test_parts_sum_to_the_contract_and_the_books_agree(db: Database) -> None:
    with db.writing() as session:
        deal = a_contracted_deal(session, 1_000_003)
        made = [invoices.issue(session, COMPANY, deal, part, now=MONDAY) for part in (1, 2, 3)]
        assert [one.number for one in made] == ["NL-2026-0001", "NL-2026-0002", "NL-2026-0003"]
        assert sum(one.net for one in made) == 1_000_003 and sum(one.gross for one in made) == 1_000_003 + 230_001
        assert [accounts(session, one) for one in made] == [{"receivable": one.gross, "revenue": -one.net, "vat": -one.vat} for one in made]
        assert ledger.check(session) == [] and [ledger.open_of(session, one).amount for one in made] == [one.gross for one in made]


def test_what_bears_no_vat_books_none(db: Database) -> None:
    rule = vat.rule(STUDIO, country="DE", vat_id=VAT_IDS["DE"])
    with db.writing() as session:
        invoice = issued(session, rule=rule, buyer=a_buyer("DE", vat_id=VAT_IDS["DE"]))
        assert accounts(session, invoice) == {"receivable": 400_000, "revenue": -400_000}
        assert invoices.body_of(invoice).vat_groups[0].exemption == "VATEX-EU-AE" and ledger.check(session) == []


def test_a_price_of_nothing_is_invoiced_and_not_booked(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session, 0)
        assert (invoice.gross, invoice.number, accounts(session, invoice)) == (0, "NL-2026-0001", {})
        assert invoices.issue(session, COMPANY, session.get_one(Deal, invoice.deal_id), 1, now=LATER).id == invoice.id


@pytest.mark.parametrize(("country", "words"), [("IE", ""), ("PL", "four thousand, nine hundred and twenty EUR 00/100")])
def test_the_total_is_told_in_words_where_the_client_expects_it(db: Database, country: str, words: str) -> None:
    with db.writing() as session:
        assert invoices.body_of(issued(session, buyer=a_buyer(country))).words == words


@pytest.mark.parametrize(
    ("at", "day", "due"),
    [
        (MONDAY, date(2026, 3, 2), date(2026, 3, 9)), (datetime(2026, 3, 6, 9, tzinfo=UTC), date(2026, 3, 6), date(2026, 3, 13)),
        (datetime(2026, 3, 7, 9, tzinfo=UTC), date(2026, 3, 7), date(2026, 3, 16)), (datetime(2026, 3, 10, 9, tzinfo=UTC), date(2026, 3, 10), date(2026, 3, 18)),
        (datetime(2026, 3, 27, 9, tzinfo=UTC), date(2026, 3, 27), date(2026, 4, 3)), (datetime(2026, 3, 30, 9, tzinfo=UTC), date(2026, 3, 30), date(2026, 4, 7)),
        (datetime(2026, 6, 30, 23, 30, tzinfo=UTC), date(2026, 7, 1), date(2026, 7, 8)),
    ],
    ids=["plain", "friday", "sunday", "Saint Patrick", "Good Friday is no holiday here", "Easter Monday", "the studio's day"],
)  # fmt: skip
def test_an_invoice_is_due_on_a_working_day_of_the_studio(db: Database, at: datetime, day: date, due: date) -> None:
    with db.writing() as session:
        invoice = invoices.issue(session, COMPANY, a_contracted_deal(session), 1, now=at)
    assert (invoice.issued_on, invoice.due_on) == (day, due)


@pytest.mark.parametrize("state", ["frozen", "void", "live", "superseded"])
def test_without_a_signed_contract_nothing_is_issued(db: Database, state: str) -> None:
    with db.writing() as session:
        deal = a_contracted_deal(session, state=state)
        with pytest.raises(Refused, match="no signed contract"):
            invoices.issue(session, COMPANY, deal, 1, now=MONDAY)
        assert session.exec(select(Invoice)).all() == []


def test_the_contract_of_another_round_does_not_count(db: Database) -> None:
    with db.writing() as session:
        deal = a_contracted_deal(session)
        deal.round = 2
        with pytest.raises(Refused, match="no signed contract"):
            invoices.issue(session, COMPANY, deal, 1, now=MONDAY)


def test_a_payment_that_the_plan_does_not_have_takes_no_number(db: Database) -> None:
    with db.writing() as session:
        deal = a_contracted_deal(session)
        with pytest.raises(Missing, match="no payment 4"):
            invoices.issue(session, COMPANY, deal, 4, now=MONDAY)
        assert invoices.issue(session, COMPANY, deal, 1, now=MONDAY).seq == 1


# Pro-formas


def test_a_pro_forma_has_no_number_and_is_not_booked(db: Database) -> None:
    with db.writing() as session:
        deal = a_contracted_deal(session, state="frozen")
        paper = invoices.proforma(session, COMPANY, deal, 1, now=MONDAY)
        assert invoices.proforma(session, COMPANY, deal, 1, now=LATER).id == paper.id
        assert (paper.kind, paper.number, paper.reference, paper.seq, paper.due_on, paper.gross) == ("proforma", None, None, None, None, 492_000)
        assert session.exec(select(Entry)).all() == [] and papers.of_part(session, deal, 1) is None
        assert invoices.shown(session, COMPANY, paper, link="").qr == ""
        with pytest.raises(Refused, match="Only an invoice"):
            credited(session, paper)


def test_a_new_contract_makes_a_new_pro_forma(db: Database) -> None:
    with db.writing() as session:
        deal = a_contracted_deal(session, state="frozen")
        first = invoices.proforma(session, COMPANY, deal, 1, now=MONDAY)
        a_signed_contract(session, deal, 20_000_00, version=2)
        assert invoices.proforma(session, COMPANY, deal, 1, now=MONDAY).id != first.id


def test_there_is_no_pro_forma_of_a_void_contract(db: Database) -> None:
    with db.writing() as session, pytest.raises(Refused, match="no contract"):
        invoices.proforma(session, COMPANY, a_contracted_deal(session, state="void"), 1, now=MONDAY)


# Credit notes


def test_a_credit_note_takes_all_of_it_back(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session)
        note = credited(session, invoice)
        body = invoices.body_of(note)
        assert (note.kind, note.series, note.seq, note.number, note.corrects_id) == ("credit_note", "NLC", 1, "NLC-2026-0001", invoice.id)
        assert (note.net, note.vat, note.gross, note.part, note.due_on) == (400_000, 92_000, 492_000, 1, None)
        assert (body.corrects, body.corrects_on, body.reason) == ("NL-2026-0001", date(2026, 3, 2), "Agreed on the telephone.")
        assert body.lines == invoices.body_of(invoice).lines
        assert accounts(session, invoice) == {"receivable": 0, "revenue": 0, "vat": 0}
        assert ledger.open_of(session, invoice).amount == 0 and ledger.check(session) == []


def test_a_rerun_of_a_credit_is_one_credit_note(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session)
        first, again = credited(session, invoice, 123_00), credited(session, invoice, 123_00)
        assert first.id == again.id and ledger.open_of(session, invoice).amount == 492_000 - 123_00


def test_parts_are_taken_back_until_nothing_is_left(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session)
        notes = [credited(session, invoice, 123_00, key="a"), credited(session, invoice, 246_00, key="b"), credited(session, invoice, None, key="c")]
        assert [note.gross for note in notes] == [123_00, 246_00, 492_000 - 369_00]
        assert invoices.body_of(notes[1]).lines[0].title == "Correction of invoice NL-2026-0001"
        assert ledger.open_of(session, invoice).amount == 0 and ledger.check(session) == []
        for gross in (None, 1):
            with pytest.raises(Refused, match="credited whole already"):
                credited(session, invoice, gross, key="d")


def test_more_than_is_left_is_refused_and_takes_no_number(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session)
        credited(session, invoice, 123_00, key="a")
        with pytest.raises(Refused, match=r"at most €4,797.00"):
            credited(session, invoice, 492_000, key="b")
        assert credited(session, invoice, None, key="c").seq == 2


def test_an_amount_that_does_not_come_out_names_its_neighbours_and_the_nearest_is_told(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session)
        with pytest.raises(Refused, match="The nearest amounts are €0.07 and €0.09"):
            credited(session, invoice, 8)
        assert invoices.nearest_credit(invoice, euros(8)).amount == 9
        assert credited(session, invoice, 9).gross == 9
        assert invoices.nearest_credit(invoice, euros(10**9)).amount == 492_000 - 9


def test_a_credit_note_of_a_credit_note_is_refused(db: Database) -> None:
    with db.writing() as session, pytest.raises(Refused, match="Only an invoice"):
        credited(session, credited(session, issued(session)), key="b")


def test_another_currency_is_refused(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session)
        with pytest.raises(Refused, match="not in USD"):
            invoices.credit(session, COMPANY, invoice, gross=Money(amount=100, currency="USD"), reason="x", key="k", now=LATER)


# Issuing anew


def test_a_credited_payment_is_issued_anew_once_when_its_correction_asks(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session)
        deal = session.get_one(Deal, invoice.deal_id)
        note = credited(session, invoice)
        asked = inbox.tell(session, deal.id or 0, InvoiceCorrected(part=1, number=note.number or ""), source="books", external_id="1", actor="staff", now=LATER)[0]
        other = a_fact(session, deal)
        assert invoices.issue(session, COMPANY, deal, 1, now=LATER, fact=other).id == invoice.id
        anew = invoices.issue(session, COMPANY, deal, 1, now=LATER, fact=asked)
        assert anew.id != invoice.id and anew.number == "NL-2026-0002" and papers.of_part(session, deal, 1) == anew
        assert invoices.issue(session, COMPANY, deal, 1, now=LATER, fact=asked).id == anew.id
        assert invoices.issue(session, COMPANY, deal, 1, now=LATER).id == anew.id
        assert ledger.check(session) == []


def test_an_invoice_that_still_stands_is_not_issued_anew(db: Database) -> None:
    with db.writing() as session:
        invoice = issued(session)
        deal = session.get_one(Deal, invoice.deal_id)
        credited(session, invoice, 123_00)
        asked = a_fact(session, deal, InvoiceCorrected.kind)
        assert invoices.issue(session, COMPANY, deal, 1, now=LATER, fact=asked).id == invoice.id


# Showing


def test_the_code_asks_for_what_is_open_and_is_gone_when_nothing_is(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        invoice = issued(session)
        whole = invoices.shown(session, COMPANY, invoice, link="https://x.example/i/1")
        note = credited(session, invoice, 123_00, key="a")
        rest = invoices.shown(session, COMPANY, invoice, link="")
        assert whole.qr.startswith("data:image/svg+xml") and rest.qr not in ("", whole.qr) and whole.link == "https://x.example/i/1"
        assert whole.logo.startswith("data:image/svg+xml") and invoices.shown(session, COMPANY, note, link="").qr == ""
        credited(session, invoice, key="b")
        assert invoices.shown(session, COMPANY, invoice, link="").qr == ""


@pytest.mark.parametrize(("country", "vat_id", "currency"), [("IE", "", "EUR"), ("DE", VAT_IDS["DE"], "EUR"), ("US", "", "USD"), ("JP", "", "JPY"), ("GR", VAT_IDS["GR"], "EUR"), ("PL", "", "EUR")])
def test_what_is_issued_and_credited_passes_the_official_rules(here_sqlite, country: str, vat_id: str, currency: str) -> None:
    rule = vat.rule(STUDIO, country=country, vat_id=vat_id)
    with here_sqlite.db.writing() as session:
        invoice = issued(session, 7_777_77, rule=rule, buyer=a_buyer(country, vat_id=vat_id), currency=currency)
        some = invoices.nearest_credit(invoice, Money(amount=100_000, currency=currency))
        papers = [invoice, credited(session, invoice, some.amount, key="a"), credited(session, invoice, key="b")]
        for body in map(invoices.body_of, papers):
            assert problems(cii.xml(body), "cii") == [] and problems(ubl.xml(body), "ubl") == []


def test_the_rate_of_the_contract_counts_and_not_the_studios_of_today(here_sqlite) -> None:
    moved = COMPANY.model_copy(update={"studio": STUDIO.model_copy(update={"vat": STUDIO.vat.model_copy(update={"percent": Decimal(10)})})})
    with here_sqlite.db.writing() as session:
        assert invoices.issue(session, moved, a_contracted_deal(session), 1, now=MONDAY).vat == 92_000


