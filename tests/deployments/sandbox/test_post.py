"""The sandbox's post: what a delivery comes to."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from deployments.sandbox.app import create_app
from deployments.sandbox.post import GIVEN_UP_AFTER, LONGEST_PAUSE, settle
from deployments.sandbox.tables import Delivery
from models.errors import BadSetup
from models.settings import Settings

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)


def a_delivery(**over) -> Delivery:
    return Delivery(**{"event_id": "evt_1", "body": "{}", "made_at": NOW, "due_at": NOW} | over)


def test_what_is_taken_is_done() -> None:
    delivery = a_delivery()
    settle(delivery, "answered 200", taken=True, now=NOW)
    assert (delivery.state, delivery.tries, delivery.said) == ("delivered", 1, "answered 200")


def test_pauses_grow_to_five_minutes() -> None:
    delivery, pauses = a_delivery(), []
    for _ in range(11):
        settle(delivery, "no answer", taken=False, now=NOW)
        pauses.append((delivery.due_at - NOW).total_seconds())
    assert pauses == [1, 2, 4, 8, 16, 32, 64, 128, 256, 300, 300]
    assert delivery.state == "waiting"


@given(tries=st.integers(0, 10**6), hours=st.integers(0, 24 * 10))
def test_a_delivery_is_given_up_after_three_days_and_never_before(tries: int, hours: int) -> None:
    delivery, now = a_delivery(tries=tries), NOW + timedelta(hours=hours)
    settle(delivery, "no answer", taken=False, now=now)
    assert (delivery.state == "given up") == (timedelta(hours=hours) > GIVEN_UP_AFTER)
    assert delivery.due_at <= now + LONGEST_PAUSE


def test_a_sandbox_without_a_secret_does_not_start(tmp_path) -> None:
    with pytest.raises(BadSetup, match="STUDIO_SANDBOX_SECRET"):
        create_app(Settings(home=tmp_path))
