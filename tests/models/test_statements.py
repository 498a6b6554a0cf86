"""Bank statements: read to the cent whatever their format, refused with a sentence when they are not whole, taken in once."""

import gzip
import time
from dataclasses import replace
from datetime import timedelta
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlmodel import Session, select

from models import ledger, statements
from models.cash_tables import Payment, Statement
from models.db import Database
from models.errors import Missing, Refused
from models.money import Money
from models.statements import Unreadable
from tests.fakes import MONDAY
from tests.models import bank_files as files
from tests.models.bank_files import BankLine
from tests.models.billing import COMPANY, HER_IBAN, TODAY, an_invoice, entries, eur, payments_of
from tests.models.threads import at_once

VERSIONS = ("02", "03", "04", "06", "08", "10", "12", "13")
LINES = [
    BankLine("250.00", "Invoice NL-2026-0001", ref="BANK-1"), BankLine("-50.00", "Rent March", name="Weaver's Yard", ref="BANK-2"),
    BankLine("0.01", "a cent", ref="BANK-3"),
]  # fmt: skip


def take(session: Session, content: bytes, name: str = "march.xml") -> Statement:
    return statements.take(session, COMPANY, content, name, came_by="api", actor="machine:bank", now=MONDAY, path="")[0]


def shown(content: bytes) -> list[tuple]:
    return [(line.on, line.direction, line.amount, line.name, line.iban, line.bank_id) for line in statements.read(content, "f")[0].lines]


def unreadable(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence) as said:
        statements.read(content, "march.xml")
    assert str(said.value).startswith("march.xml: ")


# camt.053


@pytest.mark.parametrize(("version", "prefix"), list(product(VERSIONS, ("", "ns2"))))
def test_every_version_of_camt_is_read(version: str, prefix: str) -> None:
    [parsed] = statements.read(files.camt(LINES, version=version, prefix=prefix), "f")
    assert (parsed.format, parsed.account, parsed.currency) == ("camt.053", COMPANY.studio.bank.iban, "EUR")
    assert (parsed.opening, parsed.closing, parsed.number, parsed.from_on) == (100_000, 120_001, "1", TODAY)
    assert shown(files.camt(LINES, version=version, prefix=prefix)) == [
        (TODAY, "in", eur(250), "Acme Ltd", HER_IBAN, "BANK-1"), (TODAY, "out", eur(50), "Weaver's Yard", HER_IBAN, "BANK-2"),
        (TODAY, "in", eur("0.01"), "Acme Ltd", HER_IBAN, "BANK-3"),
    ]  # fmt: skip


@pytest.mark.parametrize("version", ["02", "08"])
def test_the_amount_that_was_booked_counts_and_not_the_one_that_was_instructed(version: str) -> None:
    content = files.camt([BankLine("92.31", "NL-2026-0001", instructed="100.00")], version=version)
    assert statements.read(content, "f")[0].lines[0].amount == eur("92.31")


@pytest.mark.parametrize("version", ["02", "08"])
def test_a_batch_is_read_part_by_part_where_its_parts_make_up_the_whole(version: str) -> None:
    parts = (("100.00", "NL-2026-0001"), ("150.00", "NL-2026-0002"))
    whole = files.camt([BankLine("250.00", ref="BATCH", parts=parts)], version=version)
    assert [(line.amount, line.text) for line in statements.read(whole, "f")[0].lines] == [(eur(100), "NL-2026-0001"), (eur(150), "NL-2026-0002")]
    odd = files.camt([BankLine("249.00", ref="BATCH", parts=parts)], version=version)
    assert [(line.amount, line.text, line.bank_id) for line in statements.read(odd, "f")[0].lines] == [
        (eur(249), "NL-2026-0001\nNL-2026-0002", "BATCH")
    ]


def test_pending_and_informative_lines_are_left_out_and_reversals_marked() -> None:
    lines = [BankLine("10.00", status="PDNG"), BankLine("20.00", status="INFO"), BankLine("-30.00", "back", reversal=True)]
    [parsed] = statements.read(files.camt(lines), "f")
    assert [(line.amount, line.direction, line.is_return) for line in parsed.lines] == [(eur(30), "out", True)]


def test_all_that_the_payer_wrote_is_kept() -> None:
    line = BankLine("10.00", "Invoice NL-20|26-0001 thanks", structured="RF18539007547034", end_to_end="E2E-7")
    text = statements.read(files.camt([line]), "f")[0].lines[0].text
    for part in ("Invoice NL-2026-0001 thanks", "RF18539007547034", "E2E-7"):
        assert part in text


def test_an_overdrawn_account_and_other_names_of_balances_are_read() -> None:
    [parsed] = statements.read(files.camt([BankLine("50.00")], opening="-120.50", codes=("PRCD", "CLBD")), "f")
    assert (parsed.opening, parsed.closing) == (-12_050, -7_050)


@pytest.mark.parametrize("encoding", ["iso-8859-1", "windows-1252", "UTF-8"])
def test_names_are_read_in_the_encoding_that_the_file_says(encoding: str) -> None:
    text = files.camt([BankLine("1.00", name="Müller & Söhne")], head=f'<?xml version="1.0" encoding="{encoding}"?>').decode()
    assert statements.read(text.encode(encoding), "f")[0].lines[0].name == "Müller & Söhne"


# What is refused


def bomb(head: str) -> bytes:
    return files.camt(LINES, head=f'<?xml version="1.0"?>{head}')


LAUGHS = "<!DOCTYPE d [" + "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "ha" * 100}">' for n in range(10)) + "]>"
BAD = {
    "empty": (b"", "is empty"), "blank": (b" \n\t ", "is empty"), "words": (b"hello", "neither camt.053"), "page": (b"<html></html>", "not a camt.053"),
    "intraday": (files.camt(LINES).replace(b"camt.053", b"camt.052"), "not a camt.053"), "truncated": (files.camt(LINES)[:900], "no whole XML"),
    "damaged": (files.camt(LINES).replace(b"</Ntry>", b"</Ntr>", 1), "no whole XML"), "no head": (files.camt(LINES)[400:], "neither camt.053"),
    "billion laughs": (bomb(LAUGHS), "DOCTYPE"), "external": (bomb('<!DOCTYPE d [<!ENTITY x SYSTEM "file:///etc/passwd">]>'), "DOCTYPE"),
    "parameter": (bomb('<!DOCTYPE d SYSTEM "http://evil.example/x.dtd">'), "DOCTYPE"), "lower case": (bomb("<!doctype d>"), "DOCTYPE"),
    "utf-16": (files.camt(LINES, head="").decode().encode("utf-16"), "UTF-16"), "nul": (files.camt(LINES) [:100] + b"\x00", "UTF-16|whole"),
    "utf-7": (files.camt(LINES, head='<?xml version="1.0" encoding="utf-7"?>'), "utf-7"),
    "ebcdic": (files.camt(LINES, head='<?xml version="1.0" encoding="cp037"?>'), "cp037"),
    "not its encoding": (files.camt([BankLine("1", name="x")]).replace(b">x<", b">\xff\xfe<"), "damaged"),
    "deep": (b"<a>" * 100_000, "no whole XML"), "long name": (b"<" + b"a" * 12_000_000 + b"/>", "no whole XML|not a camt"),
    "attributes": (b"<a " + b" ".join(b'a%d="x"' % n for n in range(50_000)) + b"/>", "not a camt|whole"),
    "many elements": (b"<a>" + b"<b/>" * 2_100_000 + b"</a>", "more elements"), "huge": (b"<a>" + b" " * 20 * 1024 * 1024 + b"</a>", "larger than 20 MB"),
    "gzip": (gzip.compress(files.camt(LINES)), "gzip"), "zip": (b"PK\x03\x04aaaa", "zip"), "pdf": (b"%PDF-1.7", "PDF"),
    "no account": (files.camt(LINES, iban=""), "no IBAN"), "no statement": (files.camt(LINES).replace(b"<Stmt>", b"<Other>").replace(b"</Stmt>", b"</Other>"), "no statement"),
    "closing": (files.camt(LINES, closing="1200.02"), "€1,000.00, its lines sum to €200.01, and yet it closes with €1,200.02"),
    "currency": (files.camt([BankLine("10.00", currency="USD")]), "is in USD, the account in EUR"),
    "amount": (files.camt([BankLine("10.00")]).replace(b">10.00<", b">ten<"), "is no amount"), "cents": (files.camt([BankLine("10.005")]), "no amount of EUR"),
    "negative": (files.camt([BankLine("10.00")]).replace(b">10.00<", b">-10.00<"), "no amount"), "infinite": (files.camt([BankLine("1")]).replace(b">1<", b">Infinity<"), "no amount"),
    "day": (files.camt(LINES).replace(b"<BookgDt><Dt>2026-03-02", b"<BookgDt><Dt>2026-33-02"), "no day"),
    "neither came nor went": (files.camt([BankLine("1.00")]).replace(b"<CdtDbtInd>CRDT</CdtDbtInd><Sts>", b"<Sts>").replace(b"</Amt><CdtDbtInd>CRDT</CdtDbtInd><Rltd", b"</Amt><Rltd"), "came or went"),
    "mt940 line": (files.mt940(LINES).replace(b":61:26", b":61:XX"), "cannot be read"), "mt940 truncated": (files.mt940(LINES)[:200], "not whole|no whole"),
    "mt940 sums": (files.mt940(LINES, closing="5.00"), "closes with"), "mt940 account": (files.mt940(LINES, account=""), "no account|no whole"),
    "mt940 type": (files.mt940(LINES).replace(b"NTRFNONREF", b""), "told apart"), "mt940 long": (b":20:A\n:25:B\n" + b"x" * 3000, "far too long"),
    "mt940 alone": (b":20:A\n:25:B\n", "not whole"),
}  # fmt: skip


@pytest.mark.parametrize("case", BAD)
def test_what_is_no_whole_statement_is_refused_with_a_sentence_and_at_once(case: str) -> None:
    content, sentence = BAD[case]
    begun = time.process_time()
    unreadable(content, sentence)
    assert time.process_time() - begun < 10


@given(st.binary(max_size=400) | st.text(max_size=200).map(str.encode))
@settings(max_examples=150, deadline=None, database=None, derandomize=True)
def test_noise_is_refused_and_breaks_nothing(noise: bytes) -> None:
    for content in (noise, b"<?xml version='1.0'?>" + noise, b":20:A\n:25:B\n:60F:C260301EUR1,00\n" + noise):
        with pytest.raises(Unreadable):
            statements.read(content, "f")


WHOLE = {"camt": files.camt(LINES), "mt940": files.mt940(LINES), "mt940 free": files.mt940(LINES, structured=False)}


@given(st.sampled_from(sorted(WHOLE)), st.integers(0, 5000), st.integers(0, 5000), st.binary(max_size=3))
@settings(max_examples=300, deadline=None, database=None, derandomize=True)
def test_a_damaged_statement_is_refused_or_says_the_same_sums(which: str, start: int, length: int, instead: bytes) -> None:
    content = WHOLE[which]
    damaged = content[: start % len(content)] + instead + content[start % len(content) + length % 40 :]
    try:
        [parsed, *_] = statements.read(damaged, "f")
    except Unreadable:
        return
    assert None in (parsed.opening, parsed.closing) or parsed.opening + parsed.moved == parsed.closing


# MT940


@pytest.mark.parametrize("structured", [True, False])
def test_mt940_is_read_with_structured_and_with_free_text(structured: bool) -> None:
    long = "Rechnung vom Maerz fuer die neue Seite NL-2026-0001 mit Dank"
    lines = [BankLine("250.00", long, ref="B1"), BankLine("-50.00", "Rent", ref="B2"), BankLine("-10.00", "back NL-2026-0002", reversal=True)]
    [parsed] = statements.read(files.mt940(lines, structured=structured), "f")
    assert (parsed.format, parsed.account, parsed.opening, parsed.closing, parsed.number) == (
        "MT940", COMPANY.studio.bank.iban, 100_000, 119_000, "00001/001",
    )  # fmt: skip
    assert [(line.amount, line.direction, line.bank_id, line.is_return) for line in parsed.lines] == [
        (eur(250), "in", "B1", False), (eur(50), "out", "B2", False), (eur(10), "out", "", True),
    ]  # fmt: skip
    assert "NL-2026-0001" in parsed.lines[0].text.replace("\n", "")
    assert "account manager" not in parsed.lines[-1].text
    if structured:
        assert (parsed.lines[0].name, parsed.lines[0].iban) == ("Acme Ltd", HER_IBAN)


@pytest.mark.parametrize("account", [COMPANY.studio.bank.iban + "EUR", "IE64 IRCE 9205 0112 3456 78"])
def test_the_account_is_known_however_the_bank_writes_it(here_sqlite, account: str) -> None:
    with here_sqlite.db.writing() as session:
        assert take(session, files.mt940(LINES, account=account)).account == COMPANY.studio.bank.iban


def test_a_german_account_is_known_by_bank_code_and_number(here_sqlite) -> None:
    bank = COMPANY.studio.bank.model_copy(update={"iban": HER_IBAN})
    company = COMPANY.model_copy(update={"studio": COMPANY.studio.model_copy(update={"bank": bank})})
    with here_sqlite.db.writing() as session:
        content = files.mt940(LINES, account="37040044/0532013000")
        statements.take(session, company, content, "f", came_by="api", actor="x", now=MONDAY, path="")
        with pytest.raises(Refused, match="37040044/0532013001"):
            other = files.mt940(LINES, account="37040044/0532013001")
            statements.take(session, company, other, "f", came_by="api", actor="x", now=MONDAY, path="")


# Taken in


@pytest.mark.parametrize("make", [files.camt, files.mt940])
def test_a_statement_pays_invoices_and_twice_changes_nothing(here, make) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=250)
        lines = [BankLine("250.00", f"Invoice {invoice.number}"), BankLine("99.00", "hello"), BankLine("-50.00", "Rent")]
        first = take(session, make(lines))
        again = take(session, make(lines), "again.xml")
        assert (first.id, first.lines, first.fresh) == (again.id, 3, 3)
        assert statements.counts(session, first) == (1, 1, 1)
        assert ledger.open_of(session, invoice) == eur(0)
        assert ledger.balance(session, "bank", "EUR") == eur(299)
        assert len(entries(session)) == 3
        assert ledger.check(session) == []


def test_of_overlapping_statements_only_what_is_fresh_is_booked(here) -> None:
    days = [BankLine("10.00", "same text", on=TODAY + timedelta(days=day)) for day in range(4) for _ in range(2)]
    with here.db.writing() as session:
        first = take(session, files.camt(days[:6], opening="0.00"))
        second = take(session, files.camt(days[2:], opening="20.00"))
        assert (first.fresh, second.lines, second.fresh) == (6, 6, 2)
        assert ledger.balance(session, "bank", "EUR") == eur(80)


def test_equal_lines_of_one_day_are_two_payments(here_sqlite) -> None:
    for ref in ("", "SAME"):
        with here_sqlite.db.writing() as session:
            assert take(session, files.camt([BankLine("10.00", "x", ref=ref)] * 2, number=ref or "0")).fresh == 2


def test_days_are_taken_in_one_format_only(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        take(session, files.camt(LINES))
        with pytest.raises(Refused, match="lines of 2026-03-02 were taken in as camt.053, and the file is MT940"):
            take(session, files.mt940(LINES), "march.sta")
        later = [replace(line, on=TODAY + timedelta(days=1)) for line in LINES]
        assert take(session, files.mt940(later, opening="1200.01")).fresh == 3


def test_several_statements_in_one_file_are_one_when_they_join(here) -> None:
    next_day = [BankLine("5.00", on=TODAY + timedelta(days=1))]
    joined = files.camt(LINES, more=[files.statement(next_day, opening="1200.01", number="2")])
    backwards = files.camt(next_day, opening="1200.01", number="2", more=[files.statement(LINES, number="1")])
    gap = files.camt(LINES, more=[files.statement(next_day, opening="1300.00", number="2")])
    foreign = files.camt(LINES, more=[files.statement(next_day, opening="1200.01", iban=HER_IBAN)])
    with here.db.writing() as session:
        one = take(session, joined)
        assert (one.lines, one.opening, one.closing, one.number, one.to_on) == (4, 100_000, 120_501, "1–2", TODAY + timedelta(days=1))
        assert take(session, backwards).fresh == 0
        with pytest.raises(Refused, match=r"ends with €1,200.01, the next, 2, begins with €1,300.00"):
            take(session, gap)
        with pytest.raises(Refused, match="different accounts"):
            take(session, foreign)


def test_a_line_of_nothing_moves_nothing(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        assert take(session, files.camt([BankLine("0.00", "notice"), BankLine("1.00")])).fresh == 1
        assert ledger.check(session) == []


def test_a_statement_of_another_account_is_refused(here_sqlite) -> None:
    with here_sqlite.db.writing() as session, pytest.raises(Refused, match=f"account {HER_IBAN}; ours is"):
        take(session, files.camt(LINES, iban=HER_IBAN))


def test_a_month_without_a_line_is_a_statement_too(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        empty = take(session, files.camt([]))
        assert (empty.lines, empty.fresh, empty.opening, empty.closing) == (0, 0, 100_000, 100_000)
        assert take(session, files.mt940([])).lines == 0


def test_eight_who_send_one_file_at_once_book_it_once(here) -> None:
    content = files.camt(LINES)

    def send(_: int) -> int:
        with here.db.writing() as session:
            return take(session, content).id or 0

    assert len(set(at_once(8, send))) == 1
    with here.db.reading() as session:
        assert len(payments_of(session)) == 3


def test_a_broken_statement_leaves_no_trace(here_sqlite) -> None:
    with pytest.raises(Unreadable), here_sqlite.db.writing() as session:
        take(session, files.camt(LINES, closing="1.00"))
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Statement)).all() == []
        with pytest.raises(Missing):
            statements.find(session, 1)


def test_its_file_is_kept_once(here_sqlite, home) -> None:
    for _ in range(2):
        statements.store(home, b"abc")
    assert (home / statements.place(b"abc")).read_bytes() == b"abc"


def test_ten_thousand_lines_are_taken_in_with_a_handful_of_queries(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        numbers = [an_invoice(session, gross=1 + at).number for at in range(50)]
    lines = [BankLine(f"{1 + at % 900}.00", numbers[at] if at < 50 else f"text {at}", name=f"Client {at}") for at in range(10_000)]
    content, begun = files.camt(lines), time.process_time()
    asked = count_queries(here_sqlite.db)
    with here_sqlite.db.writing() as session:
        statement = take(session, content)
        assert (statement.fresh, statements.counts(session, statement)[0]) == (10_000, 50)
    assert time.process_time() - begun < 30
    assert len(asked) < 500, len(asked)
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Payment).where(Payment.state == "suspense")).first().said == "It names no invoice of ours."


def count_queries(db: Database) -> list[str]:
    from sqlalchemy import event

    asked: list[str] = []
    event.listen(db.engine, "before_cursor_execute", lambda _c, _cursor, statement, *_: asked.append(statement))
    return asked


def test_an_amount_is_never_a_float() -> None:
    [parsed] = statements.read(files.camt([BankLine("9999999999999.99")], opening="0.10"), "f")
    assert parsed.lines[0].amount == Money(amount=999_999_999_999_999, currency="EUR")
    assert parsed.closing == 1_000_000_000_000_009
