"""What operators do about money, and the daily proof."""

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

import pytest
from sqlmodel import select

from models import facts, ledger, payments
from models.cash_answers import PaymentRecorded
from models.clock import real_now
from models.errors import Missing, Refused, Unavailable
from models.money import Money
from models.tables import Fact
from tasks import money
from tasks import world as the_world
from tasks.gateways.payments import Movement
from tests.fakes import MONDAY
from tests.models.billing import COMPANY, TODAY, a_signed_deal, a_transfer, an_event, an_invoice, balances, eur, payments_of

PAYMENT = {"amount": "100.00", "currency": "eur", "on": TODAY.isoformat(), "method": "bank", "reference": "ref", "part": 0}


@dataclass
class Till:
    """A provider that has moved these."""

    moved: list[Movement] = field(default_factory=list)
    name: str = "sandbox"
    away: bool = False
    asked: list[tuple[datetime, datetime]] = field(default_factory=list)

    def movements(self, since: datetime, until: datetime) -> list[Movement]:
        if self.away:
            raise Unavailable("The provider is away.")
        self.asked.append((since, until))
        return self.moved


def with_till(here, till: Till) -> None:
    the_world.use(replace(here, pay=till))


@pytest.mark.parametrize("named", ["number", "deal"])
def test_a_payment_is_recorded_once_per_run_of_the_form(here, named: str) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal, 150, part=2)
    by = (invoice.number.lower(), 0) if named == "number" else ("", deal.id)
    said = [money.record_payment.fn(*by, PAYMENT, "conor", "run/1") for _ in range(2)]
    assert said == [f"{invoice.number}: €50.00 open."] * 2
    with here.db.reading() as session:
        assert len(payments_of(session)) == 1
        assert [fact.actor for fact in session.exec(select(Fact).order_by(Fact.id))] == ["staff:conor"] * 2
        assert ledger.check(session) == []


def test_money_for_an_invoice_outside_of_the_plan_is_recorded_too(here) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal, 100, part=0)
        an_invoice(session, deal, 100, part=1)
    came = PAYMENT | {"reason": "They sent a picture of the slip."}
    assert [money.record_payment.fn(invoice.number, 0, came, "conor", "run/1") for _ in range(2)] == [f"{invoice.number}: €0.00 open."] * 2
    with here.db.reading() as session:
        [fact] = facts.of_deal(session, deal.id, PaymentRecorded.kind)
        [payment] = payments_of(session)
    assert payment.fact_id == fact.id
    assert (fact.actor, fact.payload["reason"]) == ("staff:conor", "They sent a picture of the slip."), "the card's history shows both"
    assert fact.subject == f"deal/{deal.id}/r1/invoice/{invoice.id}", "no payment of the plan waits for it"
    with pytest.raises(Refused, match="is in EUR"):
        money.record_payment.fn(invoice.number, 0, PAYMENT | {"currency": "USD"}, "conor", "run/2")


def test_a_payment_for_nothing_that_there_is_is_refused(here) -> None:
    with pytest.raises(Missing, match="no invoice NL-2026-9999"):
        money.record_payment.fn("NL-2026-9999", 0, PAYMENT, "conor", "run/1")
    with pytest.raises(Missing, match="Name an invoice"):
        money.record_payment.fn("", 0, PAYMENT, "conor", "run/1")


def test_what_lies_in_suspense_is_matched_or_set_aside(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        first, second = (payments.receive(session, COMPANY, a_transfer(eur(100), "hello"), now=MONDAY) for _ in range(2))
    for _ in range(2):
        assert money.match_payment.fn(first.id, [invoice.number], "conor", "run/1").endswith("Matched by conor.")
        assert money.ignore_payment.fn(second.id, "a loan", "conor", "run/2") == "a loan (conor)"
    with here.db.reading() as session:
        assert ledger.open_of(session, invoice) == eur(0)
        assert ledger.check(session) == []


def test_the_proof_agrees_when_the_provider_moved_what_we_booked_and_books_its_fees(here) -> None:
    at = real_now() - timedelta(hours=2)
    till = Till([Movement("ch_1", "charge", eur(100), "NL-1", at), Movement("ch_1/fee", "fee", eur(-2), "NL-1", at)])
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payments.act_on(session, COMPANY, an_event("paid", "ch_1", eur(100), invoice.number, at=at), "sandbox", None, now=MONDAY)
    with_till(here, till)
    assert [*money.prove_books.fn(), *money.prove_provider.fn(), *money.prove_provider.fn(), *money.prove_bank.fn()] == []
    with here.db.reading() as session:
        assert balances(session)["fees"] == 200
    since, until = till.asked[0]
    assert since < at < until < real_now()


def test_a_charge_that_nobody_told_us_of_is_named(here) -> None:
    with_till(here, Till([Movement("ch_7", "charge", Money(amount=12_000, currency="EUR"), "NL-2026-0004", real_now() - timedelta(days=1))]))
    [said] = money.prove_provider.fn()
    assert said.startswith("sandbox has €120.00 for charge ch_7 NL-2026-0004 of ")


def test_without_a_provider_there_is_nothing_to_prove_and_one_that_is_away_is_asked_again(here) -> None:
    assert money.prove_provider.fn() == []
    with_till(here, Till(away=True))
    with pytest.raises(Unavailable):
        money.prove_provider.fn()


def test_the_proof_is_shown_as_a_table_in_which_strangers_words_stay_words(here) -> None:
    with here.db.writing() as session:
        invoice = an_invoice(session, gross=100)
        payments.receive(session, COMPANY, a_transfer(eur(100), "a | b\n[x](http://evil.example) <b>", payer_name="`N.N.`"), now=MONDAY)
    folder = here.settings.statements_folder.parent / "refused"
    folder.mkdir(parents=True)
    (folder / "march.xml.txt").write_text("march.xml: the file is empty.\n")
    agreed, wrong = money.proof_page([]), money.proof_page(["Something differs."])
    assert agreed.startswith("# Books, provider and bank agree\n\n| account")
    assert "| bank | €100.00 | |" in agreed
    assert "## 1 in suspense" in agreed
    assert f"| {invoice.number} |" in agreed
    assert "a \\| b \\[x\\](http:\u2060//evil.example) &lt;b&gt;" in agreed
    assert "- march.xml: the file is empty." in agreed
    assert wrong.startswith("# Books, provider and bank do not agree\n\n- Something differs.")
