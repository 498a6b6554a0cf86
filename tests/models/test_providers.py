"""Who may take cards: play money never in earnest, Stripe never without its secrets. And amounts as Stripe writes them."""

from itertools import product

import pytest
from babel.numbers import get_currency_precision
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from models import providers
from models.errors import BadSetup, Refused
from models.money import Money
from models.settings import Settings
from models.stripe_amounts import from_stripe, to_stripe

PUBLIC = "https://office.example"


def settings(**over) -> Settings:
    given = {"payments": "sandbox", "secret": SecretStr("ours"), "sandbox_secret": SecretStr(""), "stripe_key": SecretStr(""), "stripe_webhook_secret": SecretStr("")}
    return Settings.model_construct(**{**Settings().model_dump(), **given, **over})


@pytest.mark.parametrize(
    ("address", "public"),
    [
        (PUBLIC, True), ("https://10.1.2.3", True), ("https://office.example:8443/x", True),
        ("http://office.example", False), ("http://127.0.0.1:8700", False), ("https://127.0.0.1", False), ("https://localhost:8700", False),
        ("https://[::1]:8700", False), ("https://studio.localhost", False), ("", False),
    ],
)  # fmt: skip
def test_play_money_is_refused_wherever_clients_come_over_https(address: str, public: bool) -> None:
    assert providers.is_public(address) == public
    if public:
        with pytest.raises(BadSetup, match="play money.*stripe, or to none"):
            providers.check(settings(), address)
        assert providers.webhook_secrets(settings(), "sandbox", address) == []
    else:
        providers.check(settings(), address)
        assert len(providers.webhook_secrets(settings(), "sandbox", address)) == 1


@pytest.mark.parametrize(("key", "secret"), list(product(["", "pk_live_1", "sk_live_1", "rk_live_1", "sk_live_ö", "sk_live_1\n"], ["", "hush_7", "whsec_1", "whsec_1,whsec_2", "whsec_1 x"])))
def test_stripe_needs_its_key_and_its_webhook_secret(key: str, secret: str) -> None:
    chosen = settings(payments="stripe", stripe_key=SecretStr(key), stripe_webhook_secret=SecretStr(secret))
    good = [key in ("sk_live_1", "rk_live_1"), secret in ("whsec_1", "whsec_1,whsec_2")]
    if all(good):
        providers.check(chosen, PUBLIC)
        return
    with pytest.raises(BadSetup) as told:
        providers.check(chosen, PUBLIC)
    assert len(told.value.problems) == good.count(False)
    assert not any(word and word in str(told.value) for word in (key, secret))


@pytest.mark.parametrize("address", ["", PUBLIC])
def test_without_cards_nothing_is_asked_for(address: str) -> None:
    providers.check(settings(payments="none"), address)
    assert providers.webhook_secrets(settings(payments="none"), "sandbox", "") == []


def test_stripe_is_heard_for_as_long_as_its_secret_is_set() -> None:
    for payments in ("none", "sandbox", "stripe"):
        chosen = settings(payments=payments, stripe_webhook_secret=SecretStr("whsec_old, whsec_new"))
        assert providers.webhook_secrets(chosen, "stripe", PUBLIC) == ["whsec_old", "whsec_new"]
    assert providers.webhook_secrets(settings(), "stripe", PUBLIC) == []


@pytest.mark.parametrize("secret", ["with space", "with\nline", "gehütet"])
def test_a_secret_that_cannot_be_sent_is_told_before_it_would_be_shown(secret: str) -> None:
    with pytest.raises(BadSetup, match="STUDIO_SANDBOX_SECRET") as told:
        providers.check(settings(sandbox_secret=SecretStr(secret)), "")
    assert secret not in str(told.value)


def test_nobody_else_has_a_webhook() -> None:
    assert providers.webhook_secrets(settings(), "paypal", "") == []


def test_the_sandboxs_secret_is_its_own_or_comes_from_ours() -> None:
    assert providers.sandbox_secret(settings(sandbox_secret=SecretStr("given"))) == "given"
    derived = providers.sandbox_secret(settings())
    assert len(derived) == 64
    assert derived != providers.sandbox_secret(settings(secret=SecretStr("another")))
    assert providers.sandbox_secret(settings(secret=SecretStr(""))) == ""
    assert providers.webhook_secrets(settings(secret=SecretStr("")), "sandbox", "") == []


CURRENCIES = ["EUR", "USD", "GBP", "CHF", "PLN", "HUF", "JPY", "KRW", "XAF", "KWD", "TND", "ISK", "UGX", "RSD", "ALL"]


@given(amount=st.integers(1, 10**12), currency=st.sampled_from(CURRENCIES))
def test_an_amount_comes_back_from_stripe_as_it_went(amount: int, currency: str) -> None:
    money = Money(amount=amount, currency=currency)
    if get_currency_precision(currency) == 3 and amount % 10:
        with pytest.raises(Refused, match="no unit that small"):
            to_stripe(money)
        return
    assert from_stripe(to_stripe(money), currency.lower()) == money
    assert from_stripe(-to_stripe(money), currency) == Money(amount=-amount, currency=currency)


@pytest.mark.parametrize(("amount", "currency", "written"), [(1, "EUR", 1), (500, "JPY", 500), (7, "ISK", 700), (7, "UGX", 700), (7, "RSD", 700), (1230, "KWD", 1230)])
def test_amounts_are_written_as_stripe_documents_them(amount: int, currency: str, written: int) -> None:
    assert to_stripe(Money(amount=amount, currency=currency)) == written


def test_half_a_crown_of_a_currency_without_halves_is_an_error() -> None:
    with pytest.raises(ValueError, match="no whole number"):
        from_stripe(750, "isk")
