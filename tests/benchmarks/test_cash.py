"""The arithmetic of the figures about money: what counts as a gap, whose letter it is, whether the measured material is what it says."""

import os
from collections import Counter
from datetime import UTC, datetime

import pytest
from sqlmodel import select

from benchmarks import bank, books, processes, sale, storms, webhook
from benchmarks.watch import of_deal
from models import ledger, webhooks
from models.cash_tables import Invoice
from models.db import Database

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


@pytest.mark.parametrize(("numbers", "gaps"), [([1, 2, 3], []), ([], [1, 2, 3]), ([3, 1], [2]), ([1, 1, 3], [2]), ([1, 2, 3, 4], [])])
def test_a_gap_is_a_number_that_was_not_given_out(numbers, gaps):
    assert storms.missing(numbers, 3) == gaps


@pytest.mark.parametrize(("values", "twice"), [([1, 2, 3], []), ([2, 1, 2, 2], [2]), ([(1, 1), (1, 2), (1, 1)], [(1, 1)])])
def test_a_double_is_named_once_however_often_it_is_there(values, twice):
    assert storms.doubled(values) == twice


@pytest.mark.parametrize(
    ("key", "named"),
    [
        ("deal/3/r1/brief/mail", "deal/3/r1/brief/mail"), ("invoice/7/mail", "deal/3/invoice/mail"),
        ("invoice/7/payment/9/receipt", "deal/3/invoice/receipt"), ("invoice/7/payment/9/staff", "deal/3/invoice/staff"),
    ],
)  # fmt: skip
def test_a_letter_about_an_invoice_is_its_deals(key, named):
    assert of_deal(key, 3) == named


def test_processor_time_is_shared_by_the_deals_and_counts_whole_for_a_process_that_came_later():
    found = sale.processor("paid", "processor time a deal", {"worker": 10}, {"worker": 40, "sandbox": 6}, 3)
    assert [(one.name, one.value) for one in found] == [("processor time a deal, worker", 10), ("processor time a deal, sandbox", 2)]


def test_a_tenth_of_the_statement_names_each_open_invoice_once_and_a_tenth_goes_out():
    numbers = [f"NL-2025-{at:04}" for at in range(1, bank.OURS + 1)]
    lines = bank.lines(numbers)
    named = Counter(number for line in lines for number in numbers[:3] if number in line.text)
    assert named == dict.fromkeys(numbers[:3], 1)
    assert sum(line.text.startswith("Invoice ") for line in lines) == bank.OURS
    assert sum(line.value < 0 for line in lines) == bank.OURS
    assert len({line.ref for line in lines}) == len(lines) == bank.LINES


def test_the_books_that_are_proven_agree_and_are_open(db: Database):
    with db.writing() as session:
        books.issued(session, 9)
        assert ledger.check(session) == []
        assert [ledger.open_of(session, one) for one in session.exec(select(Invoice))] == [books.NET + books.VAT] * 9


def test_a_webhook_of_the_bench_is_one_of_the_providers_and_names_no_invoice():
    body = webhook.event("7", NOW)
    webhooks.verify("sandbox", ["a secret"], {webhooks.SIGNATURES["sandbox"]: webhooks.sign("a secret", body, NOW)}, body, NOW)
    told = webhooks.read("sandbox", body)
    assert (told.kind, told.charge_id, told.reference) == ("paid", "ch_7", "")


@pytest.mark.skipif(not processes.SMAPS.exists(), reason="needs Linux's /proc")
def test_no_process_holds_more_than_it_has_held_at_most():
    assert 1 < processes.resident(os.getpid()) <= processes.resident(os.getpid(), at_most=True)
