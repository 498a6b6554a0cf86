"""Who may tell of money: signatures; and what is read from the two providers' events."""

import contextlib
import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from sqlmodel import select

from models import stripe_events, todo, webhooks
from models.errors import Invalid, Missing
from models.money import Money
from models.provider_event import Unreadable
from models.sandbox_events import SandboxEvent, SandboxPayment
from models.tables import Fact
from tests.fakes_stripe import session_object
from tests.models.threads import at_once

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SECRET = "whsec_first"
BODY = b'{"id": "evt_1"}'
PROVIDERS = sorted(webhooks.SIGNATURES)


def header(provider: str, value: str) -> dict[str, str]:
    return {webhooks.SIGNATURES[provider]: value}


def check(value: str, *, body: bytes = BODY, secrets=(SECRET,), now: datetime = NOW, provider: str = "stripe") -> None:
    webhooks.verify(provider, list(secrets), header(provider, value), body, now)


# Signatures


@pytest.mark.parametrize("provider", PROVIDERS)
def test_what_was_signed_just_now_is_taken(provider: str) -> None:
    check(webhooks.sign(SECRET, BODY, NOW), provider=provider)


def test_a_signature_is_the_documented_one() -> None:
    moment = str(int(NOW.timestamp()))
    expected = hmac.new(SECRET.encode(), f"{moment}.".encode() + BODY, hashlib.sha256).hexdigest()
    assert webhooks.sign(SECRET, BODY, NOW) == f"t={moment},v1={expected}"


def test_stripes_own_library_agrees() -> None:
    from stripe import WebhookSignature

    check(WebhookSignature.generate_signature_header(BODY.decode(), SECRET, int(NOW.timestamp())))


@pytest.mark.parametrize("seconds", [-300, -299, 0, 299, 300])
def test_five_minutes_either_way_are_forgiven(seconds: int) -> None:
    check(webhooks.sign(SECRET, BODY, NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("seconds", [-86400, -301, 301, 86400])
def test_what_was_signed_too_long_ago_or_too_far_ahead_is_not_taken(seconds: int) -> None:
    with pytest.raises(Unreadable, match="not of these minutes"):
        check(webhooks.sign(SECRET, BODY, NOW + timedelta(seconds=seconds)))


@pytest.mark.parametrize("signed_with", ["whsec_old", "whsec_new"])
def test_while_a_secret_is_replaced_both_are_good(signed_with: str) -> None:
    check(webhooks.sign(signed_with, BODY, NOW), secrets=["whsec_old", "whsec_new"])


def test_one_good_signature_among_several_is_enough_whatever_else_the_header_holds() -> None:
    moment, good = webhooks.sign(SECRET, BODY, NOW).split(",")
    check(f"{moment},v1={'0' * 64},{good},v0={'1' * 64},x")
    check(f" {moment} , {good} ")


@pytest.mark.parametrize("secrets", [[], [""], ["whsec_other"], ["", "whsec_other"]])
def test_another_secret_or_none_takes_nothing(secrets: list[str]) -> None:
    with pytest.raises(Unreadable, match="does not fit"):
        check(webhooks.sign(SECRET, BODY, NOW), secrets=secrets)
    with pytest.raises(Unreadable):
        check(webhooks.sign("", BODY, NOW), secrets=secrets)


@pytest.mark.parametrize(
    "value",
    ["", "nonsense", "t=,v1=ab", "v1=ab", "t=-5,v1=ab", "t=1e9,v1=ab", "t=１,v1=ab", "t=1,t=2,v1=ab", "t=1,v0=ab", "t=1,v1=é", "t=9999999999999,v1=a", ",,,", "t=1"],
)
def test_a_header_that_is_none_is_a_sentence(value: str) -> None:
    with pytest.raises(Unreadable, match=r"\.$"):
        check(value)


@pytest.mark.parametrize("provider", PROVIDERS)
def test_one_providers_signature_is_nothing_under_anothers_name(provider: str) -> None:
    other = next(one for one in PROVIDERS if one != provider)
    with pytest.raises(Unreadable, match="is missing"):
        webhooks.verify(provider, [SECRET], header(other, webhooks.sign(SECRET, BODY, NOW)), BODY, NOW)


@given(signed=st.binary(), sent=st.binary(), drift=st.integers(-400, 400), told=st.integers(-10, 10), secret=st.text(min_size=1, max_size=20))
def test_nothing_but_the_signed_body_and_moment_is_ever_taken(signed: bytes, sent: bytes, drift: int, told: int, secret: str) -> None:
    """Whoever changes a byte of the body or the moment by a second has to know the secret."""
    assume(secret.isprintable() and secret.encode("utf-8", "ignore").decode() == secret)
    moment, signature = webhooks.sign(secret, signed, NOW + timedelta(seconds=drift)).split(",")
    said = f"t={int(moment[2:]) + told},{signature}"
    genuine = signed == sent and told == 0 and abs(drift) <= 300
    try:
        webhooks.verify("sandbox", [secret], header("sandbox", said), sent, NOW)
    except Invalid:
        assert not genuine
    else:
        assert genuine


@given(junk=st.text(max_size=200), body=st.binary(max_size=50))
def test_no_header_that_was_made_up_is_taken_or_breaks_anything(junk: str, body: bytes) -> None:
    with pytest.raises(Unreadable):
        webhooks.verify("stripe", [SECRET], header("stripe", junk), body, NOW)


@given(moment=st.integers(0, 10**11), head=st.text("0123456789.", max_size=5), tail=st.binary(max_size=20))
def test_a_dot_cannot_be_moved_between_moment_and_body(moment: int, head: str, tail: bytes) -> None:
    """`1.23` + `.x` and `1` + `.23.x` are the same bytes; only one of them is a moment."""
    body = head.encode() + b"." + tail
    signature = webhooks._signature(SECRET, str(moment), body)
    with pytest.raises(Unreadable):
        webhooks.verify("stripe", [SECRET], header("stripe", f"t={moment}.{head},v1={signature}"), tail, datetime.fromtimestamp(moment, UTC))


# Events


def stripe_event(kind: str, about: dict, **over) -> bytes:
    event = {"id": "evt_1", "object": "event", "type": kind, "created": 1772445600, "livemode": False, "data": {"object": about}}
    return json.dumps(event | over).encode()


PAID = session_object(id="cs_1", payment_status="paid", payment_intent="pi_1", amount_total=12300, currency="eur", client_reference_id="INV-1")
REFUND = {"id": "re_1", "object": "refund", "amount": 500, "currency": "eur", "charge": "ch_1", "payment_intent": "pi_1", "metadata": {}}
DISPUTE = {"id": "du_1", "object": "dispute", "amount": 12300, "currency": "eur", "charge": "ch_1", "payment_intent": "pi_1", "metadata": {}}
EUROS = Money(amount=12300, currency="EUR")


def test_a_paid_session_is_a_payment_called_by_its_payment_intent() -> None:
    told = webhooks.read("stripe", stripe_event("checkout.session.completed", PAID | {"customer_details": {"name": "Ada", "email": "a@b.example"}}))
    assert (told.id, told.kind, told.charge_id, told.reference, told.amount, told.payer) == ("evt_1", "paid", "pi_1", "INV-1", EUROS, "Ada")
    assert told.at == NOW


@pytest.mark.parametrize(
    ("kind", "about", "expected"),
    [
        ("checkout.session.completed", PAID | {"payment_status": "unpaid"}, "other"),
        ("checkout.session.completed", PAID | {"payment_status": "no_payment_required", "payment_intent": None}, "other"),
        ("checkout.session.completed", PAID | {"mode": "subscription"}, "other"),
        ("checkout.session.async_payment_succeeded", PAID, "paid"),
        ("checkout.session.async_payment_failed", PAID | {"payment_status": "unpaid"}, "failed"),
        ("checkout.session.expired", PAID, "other"),
        ("payment_intent.succeeded", {"id": "pi_1"}, "other"),
        ("payment_intent.payment_failed", {"id": "pi_1", "amount": 5, "currency": "eur", "metadata": {"reference": "INV-1"}}, "failed"),
        ("charge.succeeded", {"id": "ch_1"}, "other"),
        ("charge.refunded", {"id": "ch_1"}, "other"),
        ("refund.created", REFUND | {"status": "succeeded"}, "refunded"),
        ("refund.created", REFUND | {"status": "pending"}, "other"),
        ("refund.created", REFUND | {"status": None}, "other"),
        ("refund.updated", REFUND | {"status": "succeeded"}, "refunded"),
        ("refund.updated", REFUND | {"status": "canceled"}, "other"),
        ("refund.failed", REFUND | {"status": "failed"}, "failed"),
        ("charge.dispute.created", DISPUTE | {"status": "needs_response"}, "disputed"),
        ("charge.dispute.created", DISPUTE | {"status": "warning_needs_response"}, "other"),
        ("charge.dispute.funds_withdrawn", DISPUTE | {"status": "needs_response"}, "disputed"),
        ("charge.dispute.closed", DISPUTE | {"status": "lost"}, "disputed"),
        ("charge.dispute.closed", DISPUTE | {"status": "won"}, "other"),
        ("charge.dispute.closed", DISPUTE | {"status": "warning_closed"}, "other"),
        ("charge.dispute.funds_reinstated", DISPUTE | {"status": "won"}, "paid"),
        ("a.thing.of.next.year", {}, "other"),
    ],
)
def test_stripes_events_move_money_or_do_not(kind: str, about: dict, expected: str) -> None:
    assert webhooks.read("stripe", stripe_event(kind, about)).kind == expected


def test_all_that_is_told_of_one_dispute_has_one_name() -> None:
    told = [
        webhooks.read("stripe", stripe_event(f"charge.dispute.{kind}", DISPUTE | {"status": status}))
        for kind, status in (("created", "needs_response"), ("funds_withdrawn", "needs_response"), ("closed", "lost"))
    ]
    assert {(one.kind, one.refund_id, one.charge_id, one.amount) for one in told} == {("disputed", "du_1", "pi_1", EUROS)}


def test_a_dispute_that_was_won_is_money_of_its_own() -> None:
    told = webhooks.read("stripe", stripe_event("charge.dispute.funds_reinstated", DISPUTE | {"status": "won"}))
    assert (told.kind, told.charge_id, told.reference) == ("paid", "du_1/won", "")


def test_a_refund_without_a_payment_intent_goes_by_its_charge() -> None:
    told = webhooks.read("stripe", stripe_event("refund.created", REFUND | {"status": "succeeded", "payment_intent": None}))
    assert (told.charge_id, told.refund_id) == ("ch_1", "re_1")


@pytest.mark.parametrize(
    ("written", "currency", "amount"),
    [(12300, "eur", 12300), (500, "jpy", 500), (500, "krw", 500), (1230, "kwd", 1230), (700, "isk", 7), (700, "ugx", 7), (700, "huf", 700)],
)
def test_amounts_are_stripes_and_become_ours(written: int, currency: str, amount: int) -> None:
    told = webhooks.read("stripe", stripe_event("checkout.session.completed", PAID | {"amount_total": written, "currency": currency}))
    assert told.amount == Money(amount=amount, currency=currency.upper())


@pytest.mark.parametrize("missing", ["type", "created", "data"])
def test_an_event_that_lacks_something_is_a_sentence(missing: str) -> None:
    event = json.loads(stripe_event("checkout.session.completed", PAID))
    del event[missing]
    with pytest.raises(Unreadable, match="cannot be read"):
        webhooks.read("stripe", json.dumps(event))


@pytest.mark.parametrize("missing", ["payment_status", "amount_total", "currency"])
def test_a_session_that_lacks_something_is_a_sentence(missing: str) -> None:
    with pytest.raises(Unreadable, match="cannot be read"):
        webhooks.read("stripe", stripe_event("checkout.session.completed", {key: value for key, value in PAID.items() if key != missing}))


@pytest.mark.parametrize("body", [b"", b"{", b"null", b"[]", b"7", b'"x"', b"\xff\xfe", b"[" * 100_000, b"NaN", b'{"a": 1}trailing'])
def test_what_is_no_event_is_a_sentence(body: bytes) -> None:
    for provider in PROVIDERS:
        with pytest.raises(Unreadable, match=r"\.$"):
            webhooks.read(provider, body)
    with pytest.raises(Unreadable):
        webhooks.event_id(body)


@pytest.mark.parametrize("named", [None, 7, "", "a b", "x" * 201, "evt\x00", "é", {"a": 1}])
def test_an_event_without_a_plain_id_is_none(named: object) -> None:
    with pytest.raises(Unreadable, match="has no id"):
        webhooks.event_id(json.dumps({"id": named}).encode())


JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=10), lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=10)


@given(kind=st.sampled_from(sorted(stripe_events._READERS)), about=JSON, field=st.sampled_from(sorted({*PAID, *DISPUTE, "status"})), value=JSON)
def test_no_event_breaks_the_reader_whatever_is_in_it(kind: str, about: object, field: str, value: object) -> None:
    for thing in (about, PAID | DISPUTE | {"status": "lost", field: value}):
        with contextlib.suppress(Unreadable):
            webhooks.read("stripe", stripe_event(kind, thing))


def test_the_sandboxs_own_events_read_back() -> None:
    about = SandboxPayment(charge_id="ch_1", refund_id="re_1", reference="INV-1", invoice_id=7, deal_id=42, amount=EUROS, payer="ada@acme.example")
    kinds = {"payment.paid": "paid", "payment.failed": "failed", "payment.refunded": "refunded", "payment.disputed": "disputed", "else": "other"}
    for kind, expected in kinds.items():
        told = webhooks.read("sandbox", SandboxEvent(id="evt_1", type=kind, created=NOW, data=about).model_dump_json())
        assert (told.kind, told.charge_id, told.refund_id, told.reference, told.amount, told.at) == (expected, "ch_1", "re_1", "INV-1", EUROS, NOW)


def test_a_payers_name_holds_nothing_that_a_database_refuses() -> None:
    about = SandboxPayment(charge_id="ch_1", reference="NL-2026-0001\x00", amount=EUROS, payer="Or\x00la\ud800 \u202eByrne")
    event = {"id": "evt_1", "type": "payment.paid", "created": NOW.isoformat(), "data": about.model_dump()}
    told = webhooks.read("sandbox", json.dumps(event))
    assert (told.payer, told.reference) == ("Orla Byrne", "NL-2026-0001")


@pytest.mark.parametrize("broken", [{}, {"id": 1}, {"id": "x", "type": "payment.paid", "created": "2026-01-01T00:00:00", "data": {"amount": {"amount": 1, "currency": "EUR"}}}])
def test_a_broken_event_of_the_sandbox_is_a_sentence(broken: dict) -> None:
    with pytest.raises(Unreadable, match=r"cannot be read at \w+"):
        webhooks.read("sandbox", json.dumps(broken))


def test_nobody_elses_events_are_read() -> None:
    with pytest.raises(Missing, match="no payment provider paypal"):
        webhooks.read("paypal", BODY)


# Kept


def test_a_webhook_is_kept_raw_with_its_todo_however_often_it_comes(db) -> None:
    body, headers = stripe_event("checkout.session.completed", PAID), {"Stripe-Signature": "t=1,v1=ab", "User-Agent": "Stripe/1.0", "Cookie": "no"}
    for again in range(3):
        with db.writing() as session:
            _, new = webhooks.keep(session, "stripe", headers, body, now=NOW, due=NOW)
            assert new == (again == 0)
    with db.reading() as session:
        [fact] = session.exec(select(Fact)).all()
        assert (fact.kind, fact.source, fact.external_id, fact.actor) == ("webhook", "stripe", "evt_1", "machine:stripe")
        assert fact.payload == {"body": body.decode(), "headers": {"user-agent": "Stripe/1.0"}}
        assert [row.fact_id for row in todo.due(session, now=NOW)] == [fact.id]
        assert webhooks.read(fact.source, fact.payload["body"]).kind == "paid"


def test_one_event_told_by_eight_at_once_is_one_row(db) -> None:
    def tell(_number: int) -> bool:
        with db.writing() as session:
            return webhooks.keep(session, "stripe", {}, b'{"id": "evt_1"}', now=NOW, due=NOW)[1]

    assert sorted(at_once(8, tell)) == [False] * 7 + [True]
    with db.reading() as session:
        assert len(todo.due(session, now=NOW)) == 1


def test_an_event_that_cannot_be_understood_is_kept_all_the_same(db) -> None:
    with db.writing() as session:
        fact, new = webhooks.keep(session, "stripe", {}, b'{"id": "evt_9", "strange": "\\u0000"}', now=NOW, due=NOW)
        assert new
        assert len(todo.due(session, now=NOW)) == 1
        with pytest.raises(Unreadable):
            webhooks.read("stripe", fact.payload["body"])
