"""The sandbox as clients and the studio meet it: each button of the pay page, and what is told of it."""

from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlmodel import select

from deployments.sandbox.tables import Delivery
from models.clock import real_now
from models.db import Database
from models.errors import Refused
from models.money import Money
from tasks.gateways.payments import Checkout
from tests.models.threads import at_once
from tests.sandboxes import SECRET, RunningSandbox, sandbox, soon
from tests.tasks.gateways.test_payments import EUROS, a_refund, an_order

BACK = "http://127.0.0.1:8700/i/token"


@pytest.fixture
def till(home: Path):
    with sandbox(home) as one, one.served():
        yield one


def opened(till: RunningSandbox, **over) -> Checkout:
    return till.provider.open(an_order(**over))


def kinds(till: RunningSandbox, many: int) -> list[str]:
    return [event.kind for event in till.receiver.events("sandbox", SECRET, many)]


def deliveries(till: RunningSandbox) -> list[Delivery]:
    db = Database(f"sqlite:///{till.settings.home / 'sandbox.db'}")
    try:
        with db.reading() as session:
            return list(session.exec(select(Delivery).order_by(Delivery.id)))
    finally:
        db.close()


# The page


def test_the_page_says_what_is_paid_to_whom_and_that_it_is_no_real_money(till: RunningSandbox) -> None:
    page = till.page(opened(till).url)
    for words in ("€1,234.50", "Northlight Studio", "INV-2026-0007", "Test payment.", "No real money", "ada@acme.example"):
        assert words in page
    assert "<script" not in page


def test_whoever_opens_the_page_has_done_nothing(till: RunningSandbox) -> None:
    checkout = opened(till)
    for _ in range(3):
        till.page(checkout.url)
        till.page(f"{checkout.url}?choice=pay&declined=yes")
    assert till.receiver.got == []
    assert till.provider.movements(real_now() - timedelta(days=1), real_now() + timedelta(days=1)) == []
    assert "declined" not in till.page(f"{checkout.url}?declined=yes").split("Try what else")[0]


def test_a_page_nobody_opened_is_not_there(till: RunningSandbox) -> None:
    with till.browser() as http:
        assert http.get("/pay/guessed").status_code == 404
        assert "There is no such payment page" in http.get("/pay/guessed").text
        assert http.post("/pay/guessed", data={"choice": "pay"}).status_code == 404


def test_untrusted_words_stay_words(till: RunningSandbox) -> None:
    page = till.page(opened(till, title="<script>alert(1)</script>", reference='"><img src=x>').url)
    assert "<script>" not in page
    assert "<img src=x" not in page


def test_browsers_may_be_led_back_and_nowhere_else(till: RunningSandbox) -> None:
    with till.browser() as http:
        policy = http.get(opened(till).url).headers["content-security-policy"]
    assert policy.endswith("form-action 'self' http://127.0.0.1:8700")
    assert "script-src" not in policy


@pytest.mark.parametrize("url", ["javascript:alert(1)", "//evil.example", "http://a b", "http://x;script-src *", ""])
def test_a_way_back_that_is_none_is_refused_or_left_out_of_the_policy(till: RunningSandbox, url: str) -> None:
    try:
        checkout = opened(till, return_url=url)
    except Refused:
        return
    with till.browser() as http:
        assert http.get(checkout.url).headers["content-security-policy"].endswith("form-action 'self'")


# The choices


def test_paying_leads_back_and_is_told_once(till: RunningSandbox) -> None:
    answer = till.choose(opened(till), "pay")
    assert (answer.status_code, answer.headers["location"]) == (303, f"{BACK}?sent=1")
    [event] = till.receiver.events("sandbox", SECRET, 1)
    assert (event.kind, event.reference, event.amount, event.payer) == ("paid", "INV-2026-0007", EUROS, "ada@acme.example")
    assert till.receiver.got[0][0] == "/webhooks/payments/sandbox"


def test_a_page_pays_once_whatever_is_pressed_afterwards(till: RunningSandbox) -> None:
    checkout = opened(till)
    for choice in ("pay", "pay", "pay-double", "pay-late", "fail", "pay-reordered", "cancel"):
        assert till.choose(checkout, choice, seconds="0").headers["location"] == f"{BACK}?sent=1"
    assert kinds(till, 1) == ["paid"]
    charges = [one for one in till.provider.movements(real_now() - timedelta(days=1), real_now() + timedelta(days=1)) if one.kind == "charge"]
    assert len(charges) == 1
    assert len(deliveries(till)) == 1
    assert "This has been paid" in till.page(checkout.url)
    assert opened(till) == checkout


def test_a_page_pressed_by_eight_at_once_pays_once(till: RunningSandbox) -> None:
    checkout = opened(till)
    assert {answer.status_code for answer in at_once(8, lambda _: till.choose(checkout, "pay"))} == {303}
    assert kinds(till, 1) == ["paid"]
    assert len(deliveries(till)) == 1


def test_one_key_used_by_eight_at_once_is_one_page_and_one_refund(till: RunningSandbox) -> None:
    [checkout] = set(at_once(8, lambda _: opened(till)))
    till.choose(checkout, "pay")
    [paid] = till.receiver.events("sandbox", SECRET, 1)
    assert len({refund.id for refund in at_once(8, lambda _: till.provider.refund(a_refund(paid.charge_id)))}) == 1
    assert len(deliveries(till)) == 2


def test_a_declined_card_leaves_the_page_open(till: RunningSandbox) -> None:
    checkout = opened(till)
    declined = till.choose(checkout, "fail").headers["location"]
    assert "The card was declined" in till.page(declined)
    assert kinds(till, 1) == ["failed"]
    till.choose(checkout, "pay")
    assert kinds(till, 2) == ["failed", "paid"]


def test_late_news_is_paid_at_once_and_told_later(till: RunningSandbox) -> None:
    checkout = opened(till)
    till.choose(checkout, "pay-late", seconds="3600")
    assert "This has been paid" in till.page(checkout.url)
    [late] = deliveries(till)
    assert timedelta(minutes=59) < late.due_at - late.made_at <= timedelta(hours=1)
    till.choose(opened(till, key="another"), "pay-late", seconds="1")
    [event] = till.receiver.events("sandbox", SECRET, 1)
    assert event.kind == "paid"


@pytest.mark.parametrize("seconds", ["-1", "3601", "soon", "1.5", "٣", "9" * 400])
def test_late_is_a_number_of_seconds(till: RunningSandbox, seconds: str) -> None:
    checkout = opened(till)
    assert till.choose(checkout, "pay-late", seconds=seconds).status_code == 422
    assert "Pay €1,234.50" in till.page(checkout.url)


def test_double_news_is_one_event_told_twice(till: RunningSandbox) -> None:
    till.choose(opened(till), "pay-double")
    first, again = till.receiver.events("sandbox", SECRET, 2)
    assert first == again
    assert first.kind == "paid"


def test_reordered_news_tells_the_payment_before_the_card_that_failed_before_it(till: RunningSandbox) -> None:
    till.choose(opened(till), "pay-reordered")
    paid, failed = till.receiver.events("sandbox", SECRET, 2)
    assert (paid.kind, failed.kind) == ("paid", "failed")
    assert failed.at < paid.at
    assert failed.charge_id != paid.charge_id


def test_cancelling_leads_back_and_nothing_has_happened(till: RunningSandbox) -> None:
    checkout = opened(till)
    assert till.choose(checkout, "cancel").headers["location"] == BACK
    assert "Pay €1,234.50" in till.page(checkout.url)
    assert deliveries(till) == []


@pytest.mark.parametrize("choice", ["", "refund", "PAY"])
def test_no_other_choice_does_anything(till: RunningSandbox, choice: str) -> None:
    assert till.choose(opened(till), choice).status_code == 422
    assert deliveries(till) == []


def test_a_page_expires_after_a_day_of_the_studios_clock(home: Path) -> None:
    clock = home / "clock"
    with sandbox(home, clock_file=clock) as till, till.served():
        checkout = opened(till)
        clock.write_text(str(24 * 3600 + 60))
        assert "This page has expired" in till.page(checkout.url)
        assert till.choose(checkout, "pay").status_code == 409
        assert deliveries(till) == []
        till.choose(opened(till, key="the next day"), "pay")
        [event] = till.receiver.events("sandbox", SECRET, 1)
        assert event.at > real_now() + timedelta(hours=23)


# Delivery


def test_a_webhook_is_sent_until_it_is_taken(till: RunningSandbox) -> None:
    till.receiver.answers = [503, 400]
    till.choose(opened(till), "pay")
    told = till.receiver.events("sandbox", SECRET, 3)
    assert len({event.id for event in told}) == 1
    [delivery] = soon(lambda: [one for one in deliveries(till) if one.state == "delivered"])
    assert (delivery.tries, delivery.said) == (3, "answered 200")


def test_what_was_not_delivered_when_it_stopped_is_delivered_after_it_starts_again(home: Path) -> None:
    with sandbox(home) as till:
        with till.served():
            till.receiver.answers = [500] * 50
            till.choose(opened(till), "pay")
            soon(lambda: till.receiver.got)
        till.receiver.got.clear()
        till.receiver.answers.clear()
        with till.served():
            assert kinds(till, 1) == ["paid"]


# Refunds and disputes by hand


def test_a_refund_is_told(till: RunningSandbox) -> None:
    till.choose(opened(till), "pay")
    [paid] = till.receiver.events("sandbox", SECRET, 1)
    refund = till.provider.refund(a_refund(paid.charge_id))
    _, event = till.receiver.events("sandbox", SECRET, 2)
    assert (event.kind, event.refund_id, event.charge_id, event.amount) == ("refunded", refund.id, paid.charge_id, Money(amount=3450, currency="EUR"))


def test_the_desk_refunds_disputes_and_pays_out_by_hand(till: RunningSandbox) -> None:
    till.choose(opened(till), "pay")
    [paid] = till.receiver.events("sandbox", SECRET, 1)
    assert "INV-2026-0007" in till.page("/")
    with till.browser() as http:
        form = {"amount": "234,50", "once": "one"}
        for _ in range(2):
            assert http.post(f"/charges/{paid.charge_id}/refund", data=form).status_code == 303
        assert "€1,000.00 left" in till.page("/")
        assert http.post(f"/charges/{paid.charge_id}/refund", data={"amount": "lots"}).status_code == 409
        assert http.post(f"/charges/{paid.charge_id}/refund", data={"amount": "1000.01"}).status_code == 409
        assert http.post(f"/charges/{paid.charge_id}/dispute").status_code == 303
        assert http.post(f"/charges/{paid.charge_id}/dispute").status_code == 409
        assert http.post("/charges/ch_nothing/dispute").status_code == 404
    _, refunded, disputed = till.receiver.events("sandbox", SECRET, 3)
    assert (refunded.kind, refunded.amount.amount) == ("refunded", 23450)
    assert (disputed.kind, disputed.amount.amount) == ("disputed", 100000)


def test_a_payout_empties_the_balance(till: RunningSandbox) -> None:
    till.choose(opened(till), "pay")
    with till.browser() as http:
        for _ in range(2):
            assert http.post("/payouts").status_code == 303
    moved = till.provider.movements(real_now() - timedelta(days=1), real_now() + timedelta(days=1))
    assert [one.kind for one in moved] == ["charge", "fee", "payout"]
    assert sum(one.amount.amount for one in moved) == 0


@pytest.mark.parametrize("headers", [{"Host": "evil.example"}, {"X-Forwarded-For": "10.1.2.3"}, {"Sec-Fetch-Site": "cross-site"}, {"Sec-Fetch-Site": "same-site"}])
def test_the_desk_is_for_whoever_sits_at_this_machine(till: RunningSandbox, headers: dict) -> None:
    till.choose(opened(till), "pay")
    [paid] = till.receiver.events("sandbox", SECRET, 1)
    with till.browser() as http:
        for path in (f"/charges/{paid.charge_id}/refund", f"/charges/{paid.charge_id}/dispute", "/payouts"):
            assert http.post(path, headers=headers, data={"amount": "1"}).status_code == 404
    assert len(deliveries(till)) == 1


def test_nothing_acts_on_get(till: RunningSandbox) -> None:
    with till.browser() as http:
        assert {http.get(path).status_code for path in ("/payouts", "/charges/ch_1/refund", "/v1/checkouts", "/v1/refunds")} == {405}


# The API


def test_the_api_is_for_whoever_knows_the_secret(till: RunningSandbox) -> None:
    with till.browser() as http:
        for given in ("", "Bearer", "Bearer wrong", SECRET):
            answer = http.get("/v1/movements", params={"since": "2026-01-01T00:00:00Z", "until": "2027-01-01T00:00:00Z"}, headers={"Authorization": given})
            assert answer.status_code == 401
            assert SECRET not in answer.text


def test_what_became_of_a_checkout_can_be_asked(till: RunningSandbox) -> None:
    checkout = opened(till)
    with till.browser() as http:
        ask = lambda name: http.get(f"/v1/checkouts/{name}", headers={"Authorization": f"Bearer {SECRET}"})
        assert ask(checkout.id).json()["state"] == "open"
        till.choose(checkout, "pay")
        assert ask(checkout.id).json()["state"] == "paid"
        assert ask("co_nothing").status_code == 404


def test_a_request_that_acts_needs_a_key_and_nothing_unknown(till: RunningSandbox) -> None:
    known = {"Authorization": f"Bearer {SECRET}"}
    asked = {"charge_id": "ch_1", "amount": EUROS.model_dump()}
    with till.browser() as http:
        assert http.post("/v1/refunds", json=asked, headers=known).status_code == 422
        extra = http.post("/v1/refunds", json=asked | {"who": "x"}, headers=known | {"Idempotency-Key": "k"})
        assert extra.status_code == 422
        assert extra.json()["detail"].startswith("body.who: ")
        assert http.post("/v1/refunds", json=asked, headers=known | {"Idempotency-Key": "k"}).status_code == 404


def test_more_than_a_quarter_of_a_megabyte_is_too_much(till: RunningSandbox) -> None:
    with till.browser() as http:
        assert http.post("/v1/refunds", content=b"x" * 300_000, headers={"Authorization": f"Bearer {SECRET}", "Idempotency-Key": "k"}).status_code == 413


def test_it_says_that_it_is_well(till: RunningSandbox) -> None:
    assert httpx.get(f"{till.url}/health").json() == {"well": True}
