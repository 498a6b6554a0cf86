"""What every payment provider of ours must do, asked of both: the real sandbox, and Stripe as a server that speaks its documented shapes."""

import logging
import traceback
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from models.clock import real_now
from models.errors import BadSetup, Refused, Unavailable
from models.money import Money, total
from models.settings import Settings
from models.webhooks import ProviderEvent
from tasks.gateways import providers
from tasks.gateways.payments import Checkout, PayOrder, Provider, RefundOrder
from tasks.gateways.sandbox import Sandbox
from tasks.gateways.stripe_pay import StripePay
from tests import fakes_stripe
from tests.fakes_stripe import FakeStripe
from tests.sandboxes import SECRET, Receiver, RunningSandbox, sandbox, soon

EUROS = Money(amount=123450, currency="EUR")


def an_order(**over: Any) -> PayOrder:
    order = PayOrder(
        key="invoice/7/pay/2026-03-02", reference="INV-2026-0007", invoice_id=7, deal_id=42, amount=EUROS, title="Invoice INV-2026-0007: deposit",
        email="ada@acme.example", return_url="http://127.0.0.1:8700/i/token",
    )  # fmt: skip
    return replace(order, **over)


def a_refund(charge: str, **over: Any) -> RefundOrder:
    return replace(RefundOrder(key="payment/3/refund/CN-1", charge_id=charge, amount=Money(amount=3450, currency="EUR"), reason="less was done"), **over)


class SandboxTill:
    """The sandbox, served by uvicorn."""

    name, secret, secrets = "sandbox", SECRET, (SECRET,)

    def __init__(self, running: RunningSandbox) -> None:
        self.provider: Provider = running.provider
        self.receiver = running.receiver
        self._running = running

    def elsewhere(self, url: str) -> Provider:
        return Sandbox(url, SECRET, timeout=1)

    def with_another_key(self) -> Provider:
        return Sandbox(self._running.url, "sk_live_another_secret")

    def pays(self, checkout: Checkout) -> None:
        assert self._running.choose(checkout, "pay").status_code == 303

    def events(self, kind: str, many: int = 1) -> list[ProviderEvent]:
        return _of_kind(self, kind, many)


class StripeTill:
    """Stripe, as far as it is documented."""

    name, secret, secrets = "stripe", fakes_stripe.WEBHOOK_SECRET, (fakes_stripe.KEY, fakes_stripe.WEBHOOK_SECRET)

    def __init__(self, stripe: FakeStripe, receiver: Receiver) -> None:
        self.provider: Provider = StripePay(fakes_stripe.KEY, stripe.url, retries=0)
        self.receiver = receiver
        self.stripe = stripe

    def elsewhere(self, url: str) -> Provider:
        return StripePay(fakes_stripe.KEY, url, retries=0, timeout=1)

    def with_another_key(self) -> Provider:
        return StripePay("sk_live_another_secret", self.stripe.url, retries=0)

    def pays(self, checkout: Checkout) -> None:
        self.stripe.pays(checkout.id)

    def events(self, kind: str, many: int = 1) -> list[ProviderEvent]:
        return _of_kind(self, kind, many)


Till = SandboxTill | StripeTill


def _of_kind(till: Till, kind: str, many: int) -> list[ProviderEvent]:
    def found() -> list[ProviderEvent]:
        told = [one for one in till.receiver.events(till.name, till.secret, len(till.receiver.got)) if one.kind == kind]
        return told if len(told) >= many else []

    return soon(found)


@pytest.fixture(params=["sandbox", "stripe"])
def till(request: pytest.FixtureRequest, home: Path) -> Iterator[Till]:
    if request.param == "sandbox":
        with sandbox(home) as one, one.served():
            yield SandboxTill(one)
        return
    receiver = Receiver()
    stripe = FakeStripe(hook=f"http://127.0.0.1:{receiver.port}/webhooks/payments/stripe")
    yield StripeTill(stripe, receiver)
    stripe.close()
    receiver.close()


@pytest.fixture
def stripe_till(home: Path) -> Iterator[StripeTill]:
    receiver = Receiver()
    stripe = FakeStripe()
    yield StripeTill(stripe, receiver)
    stripe.close()
    receiver.close()


def paid(till: Till, **over: Any) -> ProviderEvent:
    """An order that was opened and paid, as its webhook tells."""
    till.pays(till.provider.open(an_order(**over)))
    [event] = till.events("paid")
    return event


def everything(till: Till) -> list:
    return till.provider.movements(real_now() - timedelta(days=1), real_now() + timedelta(days=1))


# Pay pages


def test_the_same_key_gives_the_same_page(till: Till) -> None:
    first, again = till.provider.open(an_order()), till.provider.open(an_order())
    assert first == again
    assert first.url.startswith("http")
    assert "open until" in first.said


def test_another_key_gives_another_page(till: Till) -> None:
    assert till.provider.open(an_order()).url != till.provider.open(an_order(key="invoice/7/pay/2026-03-03")).url


def test_a_key_that_comes_with_another_amount_is_refused(till: Till) -> None:
    till.provider.open(an_order())
    with pytest.raises(Refused, match=r"\.$"):
        till.provider.open(an_order(amount=Money(amount=1000, currency="EUR")))


def test_nought_cannot_be_paid(till: Till) -> None:
    with pytest.raises(Refused):
        till.provider.open(an_order(amount=Money(amount=0, currency="EUR")))


@pytest.mark.parametrize(("amount", "currency"), [(500, "JPY"), (99900, "USD"), (1230, "KWD"), (5000, "ISK")])
def test_every_currency_reads_back_as_it_went(till: Till, amount: int, currency: str) -> None:
    event = paid(till, amount=Money(amount=amount, currency=currency))
    assert event.amount == Money(amount=amount, currency=currency)


def test_an_order_without_a_mail_address_can_be_paid(till: Till) -> None:
    assert paid(till, email="").amount == EUROS


def test_a_payment_is_told_with_our_reference_and_the_amount_once(till: Till) -> None:
    event = paid(till)
    assert (event.reference, event.amount, event.kind) == ("INV-2026-0007", EUROS, "paid")
    assert event.charge_id
    assert event.payer
    assert abs(event.at - real_now()) < timedelta(minutes=5)
    assert len({one.charge_id for one in till.events("paid")}) == 1


# Refunds


def test_a_refund_happens_once_for_each_key(till: Till) -> None:
    charge = paid(till).charge_id
    first, again = till.provider.refund(a_refund(charge)), till.provider.refund(a_refund(charge))
    assert first == again
    other = till.provider.refund(a_refund(charge, key="payment/3/refund/CN-2"))
    assert other.id != first.id
    told = till.events("refunded", 2)
    assert {(one.refund_id, one.charge_id, one.amount.amount) for one in told} == {(first.id, charge, 3450), (other.id, charge, 3450)}


def test_more_than_was_paid_does_not_go_back(till: Till) -> None:
    charge = paid(till).charge_id
    with pytest.raises(Refused, match=r"\.$"):
        till.provider.refund(a_refund(charge, amount=Money(amount=123451, currency="EUR")))
    till.provider.refund(a_refund(charge, amount=EUROS))
    with pytest.raises(Refused):
        till.provider.refund(a_refund(charge, key="payment/3/refund/CN-2"))


def test_nothing_goes_back_on_a_charge_that_is_not_there(till: Till) -> None:
    with pytest.raises(Refused, match="pi_nothing"):
        till.provider.refund(a_refund("pi_nothing"))


# Movements


def test_the_movements_are_what_happened(till: Till) -> None:
    first = paid(till)
    till.pays(till.provider.open(an_order(key="invoice/8/pay", reference="INV-2026-0008", amount=Money(amount=5000, currency="EUR"))))
    back = till.provider.refund(a_refund(first.charge_id))
    till.events("refunded")
    moved = everything(till)
    by_kind = {kind: [one for one in moved if one.kind == kind] for kind in ("charge", "refund", "fee")}
    assert [(one.amount.amount, one.reference) for one in by_kind["charge"]] == [(123450, "INV-2026-0007"), (5000, "INV-2026-0008")]
    assert by_kind["charge"][0].id == first.charge_id
    assert [(one.id, one.amount.amount) for one in by_kind["refund"]] == [(back.id, -3450)]
    assert all(one.amount.amount < 0 for one in by_kind["fee"])
    fees = total((one.amount for one in by_kind["fee"]), "EUR").amount
    assert total((one.amount for one in moved), "EUR").amount == 123450 + 5000 - 3450 + fees
    assert len({one.id for one in moved}) == len(moved)
    assert [one.at for one in moved] == sorted(one.at for one in moved)


def test_movements_are_those_of_the_time_asked_for(till: Till) -> None:
    paid(till)
    at = everything(till)[0].at
    for since, until, many in ((at, at + timedelta(seconds=1), True), (at - timedelta(days=1), at, False), (at + timedelta(seconds=5), at + timedelta(days=1), False)):
        assert bool(till.provider.movements(since, until)) == many


# Bad days


def test_a_provider_that_is_away_is_unavailable(till: Till) -> None:
    away = till.elsewhere("http://127.0.0.1:9")
    charge = "pi_1"
    for act in (lambda: away.open(an_order()), lambda: away.refund(a_refund(charge)), lambda: everything_of(away)):
        with pytest.raises(Unavailable, match=r"\.$"):
            act()


def everything_of(provider: Provider) -> list:
    return provider.movements(real_now() - timedelta(days=1), real_now())


def test_a_key_that_is_not_taken_is_unavailable_until_the_owner_mends_it(till: Till) -> None:
    with pytest.raises(Unavailable, match="STUDIO_") as told:
        till.with_another_key().open(an_order())
    assert "another_secret" not in str(told.value)


def test_no_secret_is_ever_shown(till: Till, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    shown = [repr(till.provider), str(till.provider)]
    charge = paid(till).charge_id
    till.provider.refund(a_refund(charge))
    everything(till)
    troubles = [
        lambda: till.provider.open(an_order(amount=Money(amount=0, currency="EUR"), key="other")),
        lambda: till.elsewhere("http://127.0.0.1:9").open(an_order()),
        lambda: till.with_another_key().open(an_order()),
        lambda: till.provider.refund(a_refund("pi_nothing", key="third")),
    ]
    for trouble in troubles:
        with pytest.raises((Refused, Unavailable)) as told:
            trouble()
        shown += [repr(told.value), *traceback.format_exception(told.value)]
    shown += [caplog.text, *capfd.readouterr()]
    assert not any(secret in text for secret in (*till.secrets, "another_secret") for text in shown)


# Stripe's own


@pytest.mark.parametrize("status", [429, 500, 502, 503, 409])
def test_stripe_overloaded_is_unavailable(stripe_till: StripeTill, status: int) -> None:
    stripe_till.stripe.troubles = [status] * 3
    with pytest.raises(Unavailable, match=str(status)):
        stripe_till.provider.open(an_order())


@pytest.mark.parametrize("trouble", ["drop", "drop after", 500])
def test_stripe_is_asked_again_under_the_same_key_and_acts_once(stripe_till: StripeTill, trouble: int | str) -> None:
    patient = StripePay(fakes_stripe.KEY, stripe_till.stripe.url, retries=2)
    stripe_till.stripe.troubles = [trouble]
    assert patient.open(an_order()).id == "cs_test_1"
    assert list(stripe_till.stripe.sessions) == ["cs_test_1"]


def test_a_refund_whose_answer_was_lost_is_found_again_even_when_stripe_has_forgotten_the_key(stripe_till: StripeTill) -> None:
    intent = stripe_till.stripe.pays(stripe_till.provider.open(an_order()).id)
    stripe_till.stripe.troubles = ["", "drop after"]
    with pytest.raises(Unavailable):
        stripe_till.provider.refund(a_refund(intent))
    assert len(stripe_till.stripe.refunds) == 1
    stripe_till.stripe.keys.clear()
    assert stripe_till.provider.refund(a_refund(intent)).id == "re_1"
    assert len(stripe_till.stripe.refunds) == 1


def test_a_refund_that_failed_at_stripe_is_refused(stripe_till: StripeTill) -> None:
    intent = stripe_till.stripe.pays(stripe_till.provider.open(an_order()).id)
    stripe_till.provider.refund(a_refund(intent))
    stripe_till.stripe.refunds[0]["status"] = "failed"
    with pytest.raises(Refused, match="re_1 is failed"):
        stripe_till.provider.refund(a_refund(intent))


def test_stripe_refuses_in_its_own_words(stripe_till: StripeTill) -> None:
    with pytest.raises(Refused, match="Stripe refused: Invalid email address: nobody"):
        stripe_till.provider.open(an_order(email="nobody"))


def test_what_stripe_is_asked_for_depends_on_the_order_alone(stripe_till: StripeTill) -> None:
    stripe_till.provider.open(an_order())
    [(_, _, asked)] = stripe_till.stripe.asked
    assert "expires_at" not in asked
    assert (asked["mode"], asked["client_reference_id"]) == ("payment", "INV-2026-0007")
    assert (asked["success_url"], asked["cancel_url"]) == ("http://127.0.0.1:8700/i/token?sent=1", "http://127.0.0.1:8700/i/token")
    assert asked["metadata"] == {"reference": "INV-2026-0007", "invoice_id": "7", "deal_id": "42"} == asked["payment_intent_data"]["metadata"]
    assert asked["line_items"]["0"]["price_data"]["unit_amount"] == "123450"


def test_stripes_pages_are_read_to_the_last_one(stripe_till: StripeTill) -> None:
    stripe_till.stripe.page = 2
    for number in range(5):
        stripe_till.stripe.pays(stripe_till.provider.open(an_order(key=f"k{number}", reference=f"INV-{number}")).id)
    assert [one.reference for one in everything(stripe_till) if one.kind == "charge"] == [f"INV-{number}" for number in range(5)]


def test_disputes_and_payouts_of_stripe_are_movements_under_the_names_of_its_webhooks(stripe_till: StripeTill) -> None:
    stripe_till.stripe.hook = f"http://127.0.0.1:{stripe_till.receiver.port}/"
    intent = stripe_till.stripe.pays(stripe_till.provider.open(an_order()).id)
    stripe_till.stripe.disputes(intent)
    [event] = stripe_till.events("disputed")
    stripe_till.stripe.pays_out()
    moved = everything(stripe_till)
    [disputed] = [one for one in moved if one.kind == "dispute"]
    assert (disputed.id, disputed.amount.amount, event.refund_id, event.charge_id) == ("du_1", -123450, "du_1", intent)
    assert [(one.id, one.amount.amount) for one in moved if one.kind == "payout"] == [("po_1", 3877)]
    assert total((one.amount for one in moved), "EUR").amount == 0


def test_nothing_is_opened_before_it_is_needed() -> None:
    assert repr(StripePay("sk_test_secret")) == "StripePay(api.stripe.com)"
    assert repr(Sandbox("http://127.0.0.1:9/", "secret")) == "Sandbox(http://127.0.0.1:9)"


# The sandbox's own


def test_something_else_behind_the_sandboxs_port_is_unavailable(home: Path) -> None:
    receiver = Receiver()
    with pytest.raises(Unavailable, match=r"\.$"):
        Sandbox(f"http://127.0.0.1:{receiver.port}", SECRET).open(an_order())
    receiver.answers = [501]
    with pytest.raises(Unavailable, match="501"):
        Sandbox(f"http://127.0.0.1:{receiver.port}", SECRET).open(an_order())
    receiver.close()


# Chosen from settings


def test_the_settings_choose_the_provider(home: Path) -> None:
    base = {"home": home, "secret": SecretStr("ours")}
    stripe = {"payments": "stripe", "stripe_key": SecretStr("sk_live_hush"), "stripe_webhook_secret": SecretStr("whsec_hush"), "stripe_url": "http://127.0.0.1:9"}
    assert repr(providers.from_settings(Settings(**base, api_port=8800))) == "Sandbox(http://127.0.0.1:8802)"
    assert repr(providers.from_settings(Settings(**base, **stripe), "https://office.example")) == "StripePay(http://127.0.0.1:9)"
    assert providers.from_settings(Settings(**base, payments="none"), "https://office.example") is None


def test_play_money_is_refused_in_earnest(home: Path) -> None:
    with pytest.raises(BadSetup, match="play money"):
        providers.from_settings(Settings(home=home, secret=SecretStr("ours")), "https://office.example")
    with pytest.raises(BadSetup, match="play money"):
        providers.from_settings(Settings(home=home, secret=SecretStr("ours"), public_url="https://office.example"))
    with pytest.raises(BadSetup, match="STUDIO_SANDBOX_SECRET"):
        providers.from_settings(Settings(home=home))
