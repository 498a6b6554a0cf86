"""Figures for machines: guarded, in Prometheus' format, with the requests of this process by route and never by token."""

import logging
from datetime import timedelta
from uuid import uuid4

import pytest
from prometheus_client.parser import text_string_to_metric_families

from models import leases, upkeep
from models.answers import ProposalAnswer
from models.clock import real_now
from models.stages import RunState, Stage
from models.tables import Effect
from models.tracks import Sales
from tests.api.conftest import Entrance, TestClient
from tests.factories import a_deal, a_run, a_wait
from tests.troubling import MAKE


def figures(door: Entrance) -> dict[tuple[str, frozenset], float]:
    """Every sample by name and labels."""
    answer = door.http.get("/metrics", headers=door.key("metrics:read", name=uuid4().hex))
    assert answer.headers["content-type"].startswith("text/plain; version=")
    families = text_string_to_metric_families(answer.text)
    return {(one.name, frozenset(one.labels.items())): one.value for family in families for one in family.samples}


def of(found: dict, name: str, **labels: str) -> float:
    return found[name, frozenset(labels.items())]


def test_nobody_reads_the_figures_without_a_key_for_them(door: Entrance) -> None:
    assert door.http.get("/metrics").status_code == 401
    assert door.http.get("/metrics", headers=door.key("deals:read")).status_code == 403
    assert door.http.get("/metrics").headers["content-type"] == "application/problem+json"


def test_the_figures_tell_deals_waits_effects_runs_errors_and_letters(door: Entrance) -> None:
    door.proposed()
    with door.writing() as session:
        for state in ("done", "unknown"):
            session.add(Effect(key=state, kind="letter", state=state, planned_at=door.clock(), settled_at=door.clock()))
        leases.take(session, "worker/one", "one", length=leases.WORKER, now=real_now())
    found = figures(door)
    assert of(found, "studio_deals", track="sales", place="proposed") == 1
    assert of(found, "studio_effects", state="unknown", kind="letter") == 1
    assert of(found, "studio_errors", kind="unknown_effect") == 1
    assert of(found, "studio_errors", kind="failed_run") == of(found, "studio_errors", kind="stuck_todo") == 0
    assert of(found, "studio_last_letter_timestamp_seconds") == door.clock().timestamp()
    assert of(found, "studio_oldest_due_wait_seconds") == of(found, "studio_wake_seconds", quantile="0.9") == 0
    assert of(found, "studio_worker_heartbeat_age_seconds", worker="one") < 20
    assert of(found, "studio_reconcile_age_seconds") == of(found, "studio_oldest_unbegun_run_seconds") == 0, "nothing has been up here"


def test_the_figures_tell_how_long_a_run_waits_for_a_thread_and_how_long_reconcile_has_not_run(door: Entrance) -> None:
    with door.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session, opened_at=door.clock()), state=RunState.CREATED).wanted_at = door.clock() - timedelta(minutes=3)
        upkeep.note_ran(session, now=real_now() - timedelta(minutes=50))
    found = figures(door)
    assert of(found, "studio_oldest_unbegun_run_seconds") == 180
    assert 3000 <= of(found, "studio_reconcile_age_seconds") < 3100


@pytest.mark.parametrize("kind", MAKE)
def test_every_kind_of_the_error_inbox_is_an_error_of_the_figures(door: Entrance, kind: str) -> None:
    with door.writing() as session:
        MAKE[kind](session, Sales.PROPOSED)
    told = {dict(labels)["kind"]: value for (name, labels), value in figures(door).items() if name == "studio_errors"}
    assert told == dict.fromkeys(MAKE, 0) | {kind: 1}


def test_requests_are_counted_and_logged_by_route_with_no_token_in_them(door: Entrance, caplog: pytest.LogCaptureFixture) -> None:
    deal_id, page = door.proposed()
    before = figures(door)
    with caplog.at_level(logging.INFO, "studioflow.requests"):
        door.http.get(page)
        door.http.get(page)
        door.http.post(f"{page}/decline", data={})
        door.http.get(f"/api/deals/{deal_id}")
        door.http.request("BREW", "/coffee")
        door.http.get("/health/live")
    found = figures(door)

    def fresh(**labels: str) -> float:
        at = "studio_http_request_seconds_count", frozenset(labels.items())
        return found[at] - before.get(at, 0)

    assert fresh(method="GET", route="/p/{token}", status="200") == 2
    assert fresh(method="GET", route="/api/deals/{deal_id}", status="401") == 1
    assert fresh(method="OTHER", route="none", status="404") == 1
    assert not [at for at in found if page.split("/")[2] in str(at)]
    assert [line.split(", ")[0] for line in caplog.messages][:2] == ["GET /p/{token} 200"] * 2
    assert page.split("/")[2] not in caplog.text
    assert "/health" not in caplog.text


def test_a_request_that_breaks_is_counted_too(door: Entrance, monkeypatch: pytest.MonkeyPatch) -> None:
    _, page = door.proposed()
    door.now_over(None)
    assert TestClient(door.http.app, raise_server_exceptions=False).get(page).status_code == 500
    door.now_over(door.db)
    assert of(figures(door), "studio_http_request_seconds_count", method="GET", route="/p/{token}", status="500") >= 1


def test_ready_tells_of_waits_and_letters_and_does_not_fail_for_them(door: Entrance) -> None:
    def part(name: str) -> dict:
        door.now_anew()
        return door.http.get("/health/ready").json()["parts"][name]

    assert part("letters") == {"well": True, "says": "none has been handed over yet", "needed": False}
    assert part("waits") == {"well": True, "says": "None is due.", "needed": False}
    with door.writing() as session:
        for state in ("done", "failed", "unknown"):
            session.add(Effect(key=state, kind="errand", state=state, planned_at=door.clock(), settled_at=door.clock()))
        leases.take(session, "worker/one", "one", length=leases.WORKER, now=real_now() - timedelta(seconds=3))
    said = "The last one was handed over 0 s ago, at 2026-03-02 10:00 UTC; 1 refused for good; 1 of unknown fate, for settle-effect"
    assert part("letters") == {"well": False, "says": said, "needed": False}
    assert part("worker")["says"].startswith("well, heard of ")


@pytest.mark.parametrize("state", list(RunState))
@pytest.mark.parametrize("minutes", [9, 10, 11])
def test_ready_tells_of_a_run_that_nobody_takes(door: Entrance, state: RunState, minutes: int) -> None:
    with door.writing() as session:
        a_run(session, Stage.BRIEF, a_deal(session, opened_at=door.clock()), state=state).wanted_at = door.clock() - timedelta(minutes=minutes)
    told = door.http.get("/health/ready").json()["parts"]["waits"]
    is_late = state in {RunState.WANTED, RunState.CREATED} and minutes >= 10
    said = f"None is due. A run has not begun for {minutes} minutes: nobody takes runs, or too few do." if is_late else "None is due."
    assert told == {"well": not is_late, "says": said, "needed": False}


@pytest.mark.parametrize(("late", "says"), [
    (timedelta(seconds=40), "The oldest has been due for 40 s."), (timedelta(minutes=9), "The oldest has been due for 9 minutes."),
    (timedelta(minutes=10), "The oldest has been due for 10 minutes; a run should have gone on."),
    (timedelta(hours=50), "The oldest has been due for 2 days; a run should have gone on."),
])  # fmt: skip
def test_ready_tells_how_long_the_oldest_wait_has_been_due_well_or_not(door: Entrance, late: timedelta, says: str) -> None:
    with door.writing() as session:
        deal, due = a_deal(session, sales=Sales.PROPOSED, opened_at=door.clock()), door.clock() - late
        a_run(session, Stage.PROPOSAL, deal, state=RunState.WAITING, flow_run_id="asked")
        a_wait(session, deal, ProposalAnswer, stage=Stage.PROPOSAL, run="asked", at=due - timedelta(days=1), deadline=due)
    assert door.http.get("/health/ready").json()["parts"]["waits"] == {"well": "should" not in says, "says": says, "needed": False}


@pytest.mark.parametrize(("waits_for", "says"), [
    (timedelta(minutes=9), ""), (timedelta(minutes=10), "; 2 not handed over yet, the oldest for 10 minutes: is the mail server away?"),
    (timedelta(hours=26), "; 2 not handed over yet, the oldest for 26 hours: is the mail server away?"),
])  # fmt: skip
def test_ready_tells_what_waits_for_a_mail_server_and_leaves_out_what_is_not_owed(door: Entrance, waits_for: timedelta, says: str) -> None:
    with door.writing() as session:
        on_hold = a_deal(session, sales=Sales.PROPOSED, opened_at=door.clock(), held_since=door.clock())
        deals = [a_deal(session, sales=place, opened_at=door.clock()) for place in (Sales.PROPOSED, Sales.LOST)]
        for deal, kind in [(deals[0], "letter"), (deals[1], "errand"), (deals[1], "letter"), (on_hold, "letter"), (deals[0], "tracker")]:
            owed = (deal, kind) in [(deals[0], "letter"), (deals[1], "errand")]
            at = door.clock() - (waits_for if owed else timedelta(days=9))
            session.add(Effect(key=f"{deal.id}/{kind}", deal_id=deal.id, kind=kind, state="planned", planned_at=at))
    told = door.http.get("/health/ready").json()["parts"]["letters"]
    assert told == {"well": waits_for < timedelta(days=1), "says": f"none has been handed over yet{says}", "needed": False}


@pytest.mark.parametrize(("ran", "up", "says"), [
    (None, None, "reconcile has not run yet"), (None, 34, "reconcile has not run yet"), (34, None, "reconcile last ran 34 minutes ago"),
    (3000, 34, "reconcile last ran 2 days ago"),
    (None, 35, "reconcile has not run yet: look at the services of Prefect's server, and at its runs."),
    (47, 60, "reconcile last ran 47 minutes ago: look at the services of Prefect's server, and at its runs."),
])  # fmt: skip
def test_ready_tells_when_reconcile_last_ran_and_is_patient_with_a_studio_that_was_down(
    door: Entrance, ran: int | None, up: int | None, says: str
) -> None:
    with door.writing() as session:
        if ran is not None:
            upkeep.note_ran(session, now=real_now() - timedelta(minutes=ran))
        if up is not None:
            upkeep.note_up(session, now=real_now() - timedelta(minutes=up))
    told = door.http.get("/health/ready").json()
    assert told["parts"]["schedule"] == {"well": "look" not in says, "says": says, "needed": False}
    assert says not in told["detail"], "it keeps nobody from work"
