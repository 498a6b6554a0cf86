"""The webhook's door: the provider's own word, of these minutes, kept raw and once; everything else is told off in a sentence."""

import json
from datetime import timedelta

import pytest
from pydantic import SecretStr
from sqlmodel import select

from models import todo, webhooks
from models.cash_tables import Todo
from models.clock import real_now
from models.tables import Fact
from tests.api.conftest import Entrance

SANDBOX, STRIPE = "a sandbox secret", "whsec_of_the_tests"
EVENT = {"id": "evt_1", "type": "payment.paid", "created": "2026-03-02T10:00:00Z", "data": {"charge_id": "ch_1", "reference": "INV-1", "amount": {"amount": 5, "currency": "EUR"}}}
BODY = json.dumps(EVENT).encode()
SECRETS = {"sandbox": SANDBOX, "stripe": STRIPE}


def configured(door: Entrance, **over) -> Entrance:
    door.now_with(**{"payments": "sandbox", "sandbox_secret": SecretStr(SANDBOX), "stripe_webhook_secret": SecretStr(STRIPE)} | over)
    return door


def tell(door: Entrance, provider: str = "sandbox", body: bytes = BODY, *, seconds: float = 0, secret: str = "", named: str = "", **headers: str):
    signed = webhooks.sign(secret or SECRETS[provider], body, real_now() + timedelta(seconds=seconds))
    signature = {webhooks.SIGNATURES[named or provider]: signed}
    return door.http.post(f"/webhooks/payments/{provider}", content=body, headers=signature | {"Content-Type": "application/json"} | headers)


def kept(door: Entrance) -> list[Fact]:
    with door.db.reading() as session:
        return list(session.exec(select(Fact).order_by(Fact.id)))


def todos(door: Entrance) -> list[Todo]:
    with door.db.reading() as session:
        return list(session.exec(select(Todo)))


@pytest.mark.parametrize("provider", ["sandbox", "stripe"])
def test_a_signed_event_is_kept_raw_and_acted_on_after(each_door: Entrance, provider: str) -> None:
    door = configured(each_door)
    answer = tell(door, provider)
    assert (answer.status_code, answer.content) == (200, b"")
    [fact] = kept(door)
    assert (fact.kind, fact.source, fact.external_id, fact.deal_id) == ("webhook", provider, "evt_1", None)
    assert fact.payload["body"] == BODY.decode()
    assert fact.payload["headers"]["content-type"] == "application/json"
    assert webhooks.SIGNATURES[provider].lower() not in fact.payload["headers"]
    with door.db.reading() as session:
        assert [row.fact_id for row in todo.due(session, now=real_now())] == [fact.id]


def test_an_event_told_again_is_one_row(each_door: Entrance) -> None:
    door = configured(each_door)
    assert {tell(door, seconds=later).status_code for later in (0, 1, 60, -60)} == {200}
    assert (len(kept(door)), len(todos(door))) == (1, 1)


def test_one_event_id_at_two_providers_is_two_events(door: Entrance) -> None:
    configured(door)
    assert {tell(door, provider).status_code for provider in SECRETS} == {200}
    assert [fact.source for fact in kept(door)] == ["sandbox", "stripe"]


def test_the_late_and_the_reordered_are_kept_like_any(door: Entrance) -> None:
    configured(door)
    for number in (2, 1, 3):
        late = EVENT | {"id": f"evt_{number}", "created": f"2026-02-0{number}T10:00:00Z"}
        assert tell(door, body=json.dumps(late).encode()).status_code == 200
    assert [fact.external_id for fact in kept(door)] == ["evt_2", "evt_1", "evt_3"]


@pytest.mark.parametrize("seconds", [-299, 299])
def test_a_clock_that_is_a_little_off_is_forgiven(door: Entrance, seconds: float) -> None:
    assert tell(configured(door), seconds=seconds * 0.95).status_code == 200


@pytest.mark.parametrize("seconds", [-310, 330, -86400, 86400])
def test_what_is_played_back_or_comes_from_tomorrow_is_refused(door: Entrance, seconds: float) -> None:
    answer = tell(configured(door), seconds=seconds)
    assert (answer.status_code, answer.headers["content-type"]) == (400, "application/problem+json")
    assert "not of these minutes" in answer.json()["detail"]
    assert kept(door) == []


def test_the_studios_rehearsed_clock_changes_nothing_about_signatures(door: Entrance) -> None:
    door.clock.pass_(days=400)
    assert tell(configured(door)).status_code == 200
    with door.db.reading() as session:
        assert len(todo.due(session, now=real_now())) == 1


def test_two_secrets_are_good_while_one_is_replaced(door: Entrance) -> None:
    configured(door, stripe_webhook_secret=SecretStr("whsec_old whsec_new"))
    for number, secret in enumerate(("whsec_old", "whsec_new")):
        assert tell(door, "stripe", json.dumps({"id": f"evt_{number}"}).encode(), secret=secret).status_code == 200
    assert tell(door, "stripe", secret=STRIPE).status_code == 400


def test_a_foreign_signature_is_refused(door: Entrance) -> None:
    configured(door)
    assert tell(door, secret="guessed").status_code == 400
    assert tell(door, "stripe", secret=SANDBOX).status_code == 400
    assert tell(door, "stripe", named="sandbox").status_code == 400
    assert door.http.post("/webhooks/payments/stripe", content=BODY).status_code == 400
    changed = door.http.post("/webhooks/payments/stripe", content=BODY + b" ", headers={"Stripe-Signature": webhooks.sign(STRIPE, BODY, real_now())})
    assert "does not fit the body" in changed.json()["detail"]
    assert kept(door) == []


def test_no_answer_says_what_the_signature_should_have_been(door: Entrance) -> None:
    answer = tell(configured(door), secret="guessed")
    assert SANDBOX not in answer.text
    assert webhooks.sign(SANDBOX, BODY, real_now()).split("v1=")[1] not in answer.text


@pytest.mark.parametrize("body", [b"", b"nonsense", b"[]", b"null", b'"evt_1"', b"{}", b'{"id": 7}', b'{"id": ""}', b'{"id": "a b"}', b"\xff\xfe\x00", b"[" * 50_000])
def test_what_is_signed_and_yet_no_event_is_refused(door: Entrance, body: bytes) -> None:
    for provider in SECRETS:
        assert tell(configured(door), provider, body).status_code == 400
    assert kept(door) == []


def test_an_event_of_an_unknown_kind_is_kept(door: Entrance) -> None:
    assert tell(configured(door), "stripe", b'{"id": "evt_2027", "type": "next.year"}').status_code == 200
    assert len(kept(door)) == 1


@pytest.mark.parametrize("provider", ["paypal", "Stripe", "..", "%00", "sandbox "])
def test_a_provider_that_is_none_is_not_there(door: Entrance, provider: str) -> None:
    configured(door)
    assert door.http.post(f"/webhooks/payments/{provider}", content=BODY).status_code == 404


def test_a_provider_without_a_secret_is_not_there(door: Entrance) -> None:
    configured(door, stripe_webhook_secret=SecretStr(""))
    assert tell(door, "stripe").status_code == 404
    configured(door, payments="none")
    assert tell(door, "sandbox").status_code == 404
    assert tell(door, "stripe").status_code == 200


def test_play_money_is_not_heard_of_where_clients_come_over_https(door: Entrance) -> None:
    configured(door, public_url="https://office.example")
    assert tell(door, "sandbox").status_code == 404
    assert tell(door, "stripe").status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "PATCH"])
def test_a_webhook_only_takes_what_is_posted(door: Entrance, method: str) -> None:
    configured(door)
    assert door.http.request(method, "/webhooks/payments/sandbox").status_code == 405


def test_more_than_a_quarter_of_a_megabyte_is_too_much(door: Entrance) -> None:
    configured(door)
    fits = json.dumps(EVENT | {"pad": ""}).encode()
    pad = b"x" * (256 * 1024 - len(fits))
    assert tell(door, body=fits.replace(b'"pad": ""', b'"pad": "' + pad + b'"')).status_code == 200
    assert tell(door, body=fits.replace(b'"pad": ""', b'"pad": "' + pad + b'x"')).status_code == 413


def test_webhooks_are_not_counted_as_applications(door: Entrance) -> None:
    configured(door, apply_per_hour=1)
    assert {tell(door, body=json.dumps(EVENT | {"id": f"evt_{number}"}).encode()).status_code for number in range(20)} == {200}
    assert len(todos(door)) == 20


def test_the_database_away_is_an_answer_that_a_provider_tries_again_after(door: Entrance, tmp_path) -> None:
    from models.db import Database

    configured(door)
    gone = Database(f"sqlite:///{tmp_path}/nothing.db")
    door.now_over(gone)
    assert tell(door).status_code == 503
    gone.close()
