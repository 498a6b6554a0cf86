"""The sale on the real engine: form, brief, estimate, proposal, and what operators see and do."""

from datetime import datetime

import pytest
from sqlmodel import col, select

from models.cash_tables import Entry, Posting
from models.facts import News, keep
from models.stages import Stage
from models.tables import Deal, Effect, Fact, StageRun, Wait
from models.wanted import want
from tests.e2e.client import COMPLEX, Someone
from tests.e2e.forms import is_refused, runs_form, starts
from tests.e2e.system import System, eventually


def test_each_stage_is_a_named_and_tagged_run_for_the_operator(system: System, someone: Someone):
    someone.applies()
    someone.stands("briefing")
    someone.is_asked("brief")
    for stage in ("intake", "brief"):
        run = eventually(lambda stage=stage: system.run_named(f"{stage} · deal {someone.deal} · Acme"), f"no run of {stage}")
        assert {f"deal:{someone.deal}", f"stage:{stage}", "service:corporate-site"} <= set(run["tags"])
    assert system.run_named(f"brief · deal {someone.deal}")["state_name"] == "Suspended"
    pulse = system.prefect("POST", "/events/filter", {"filter": {"event": {"name": ["prefect.flow-run.heartbeat"]}}})
    assert system.settings.worker == "process" or pulse["total"] == 0, "no run waits for the thread of its pulse"


def test_an_operator_answers_a_waiting_run_by_its_form_and_a_wrong_answer_leaves_it_waiting(system: System, someone: Someone):
    someone.applies(budget="900")
    someone.gets("intake/minimum")
    wait = someone.is_asked("intake")
    resume = f"/flow_runs/{wait.flow_run_id}/resume"
    refused = system.prefect("POST", resume, {"run_input": {"decision": "perhaps", "who": "Conor"}})
    assert refused["status"] == "REJECT", refused
    assert someone.is_asked("intake").closed_at is None
    eventually(lambda: system.prefect("GET", f"/flow_runs/{wait.flow_run_id}")["state_name"] == "Suspended", "it does not wait any more")
    taken = system.prefect("POST", resume, {"run_input": {"decision": "talk", "who": "Conor"}})
    assert taken["status"] == "ACCEPT", taken
    someone.stands("briefing")
    with system.db.reading() as session:
        fact = session.exec(select(Fact).where(Fact.deal_id == someone.deal, Fact.kind == "qualify.answered")).one()
    assert (fact.source, fact.actor) == ("operator", "staff:Conor")


def test_a_form_filled_in_while_no_worker_is_there_counts_though_its_deadline_passes_meanwhile(system: System, someone: Someone):
    someone.applies(budget="900")
    someone.gets("intake/minimum")
    wait = someone.is_asked("intake")
    eventually(lambda: system.prefect("GET", f"/flow_runs/{wait.flow_run_id}")["state_name"] == "Suspended", "it does not wait")
    system.kill("worker")
    taken = system.prefect("POST", f"/flow_runs/{wait.flow_run_id}/resume", {"run_input": {"decision": "talk", "who": "Conor"}})
    assert taken["status"] == "ACCEPT", taken
    system.advance_to(wait.deadline)
    system.start("worker")
    someone.stands("briefing")
    with system.db.reading() as session:
        assert session.get_one(Wait, wait.id).outcome == "answered"


def test_silence_reminds_then_ends_the_deal_and_one_click_brings_the_client_back(system: System, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    wait = someone.is_asked("brief")
    rung = f"r1/brief/wait-{wait.id}/rung"
    system.advance_to(datetime.fromisoformat(wait.rungs[1]["at"]))
    someone.gets(f"{rung}-2/salesperson")
    reminders = {key.partition(rung)[2] for key in someone.letters() if rung in key}
    assert reminders == {"-2", "-2/salesperson"}, "after a long silence only the latest due reminder goes out"
    system.advance_to(wait.deadline)
    someone.gets("r1/brief/farewell")
    someone.stands("lost")
    with someone.http as http:
        path = someone.link("comeback")
        assert http.get(path).status_code == 200
        assert someone.stands("lost"), "opening the page does nothing"
        assert http.post(path).status_code == 200
    assert someone.stands("briefing").round == 2
    someone.gets("r2/brief/mail")
    someone.is_asked("brief")


def test_a_failed_run_goes_on_where_it_failed_when_it_is_retried(system: System):
    with system.db.writing() as session:
        payload = {"service": "time-machine", "name": "Eve", "email": "eve@acme.example"}
        fact, _ = keep(session, News(kind="application", source="test", external_id="eve", actor="client", payload=payload), now=_now())
        want(session, Stage.INTAKE, application=fact, now=_now())
    system.nudge()

    def row() -> StageRun:
        with system.db.reading() as session:
            return session.exec(select(StageRun).where(StageRun.application_id == fact.id)).one()

    eventually(lambda: row().state == "failed", lambda: system.log("worker"))
    assert "time-machine" in row().why, "the row says why, for the error inbox"
    run = eventually(lambda: _ended(system, row().flow_run_id), "Prefect does not know that it failed")
    assert run["state_type"] == "FAILED"
    with system.db.writing() as session:
        kept = session.get_one(Fact, fact.id)
        kept.payload = {**payload, "service": "landing-page"}
        session.add(kept)
    retried = system.prefect(
        "POST", f"/flow_runs/{run['id']}/set_state", {"state": {"type": "SCHEDULED", "name": "AwaitingRetry"}, "force": False}
    )
    assert retried["status"] == "ACCEPT", retried
    eventually(lambda: row().state == "done", lambda: system.log("worker"))
    assert row().generation == 1


def test_a_run_that_is_done_and_handed_out_again_stays_done(system: System, someone: Someone):
    someone.applies()
    someone.stands("briefing")
    run = eventually(lambda: system.run_named(f"intake · deal {someone.deal} · Acme"), "no intake")
    eventually(lambda: _ended(system, run["id"]), lambda: system.log("worker"))
    system.prefect("POST", f"/flow_runs/{run['id']}/set_state", {"state": {"type": "SCHEDULED"}, "force": True})
    system.nudge()

    def again() -> str:
        seen = system.prefect("GET", f"/flow_runs/{run['id']}")
        return seen["state"]["message"] if seen["state_type"] == "COMPLETED" else ""

    assert eventually(again, lambda: system.log("worker")) == "It was handed out once more after its end."


def inbox(system: System) -> str:
    found = system.prefect("GET", "/artifacts/error-inbox/latest")
    return found.get("data", "")


def test_a_check_that_fails_is_in_the_error_inbox_until_it_goes_well(system: System):
    with system.db.writing() as session:
        entry = Entry(key="a-test", kind="test", happened_on=system.now().date(), at=system.now())
        session.add(entry)
        session.flush()
        wrong = Posting(entry_id=entry.id or 0, account="cash", amount=1, currency="EUR")
        session.add(wrong)
    assert "Entry a-test does not balance" in is_refused(system, "money-proof")
    eventually(lambda: "## Checks and operations that failed" in inbox(system) and "[money-proof](" in inbox(system), lambda: inbox(system))
    with system.db.writing() as session:
        session.delete(session.get_one(Posting, wrong.id))
        session.delete(session.get_one(Entry, entry.id))
    runs_form(system, "money-proof")  # what other tests have done to the bank is not ours
    eventually(lambda: "Entry a-test" not in inbox(system), lambda: inbox(system))


def test_a_deal_without_a_next_step_is_in_the_error_inbox_once_whatever_reconcile_says_of_it(system: System, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    run = someone.is_asked("brief").flow_run_id
    system.prefect("POST", f"/flow_runs/{run}/set_state", {"state": {"type": "CANCELLING", "name": "Cancelling"}})
    line = f"/artifacts/key/deal-{someone.deal})"
    eventually(lambda: line in inbox(system), lambda: inbox(system))
    assert f"Deal {someone.deal} is briefing and has no next step" in is_refused(system, "reconcile")
    assert "## Open deals without a next step" in inbox(system) and "[reconcile](" not in inbox(system)
    assert runs_form(system, "close-as-lost", deal_id=someone.deal, who="Conor", reason="A test's.") == "Completed"
    eventually(lambda: line not in inbox(system), lambda: inbox(system))
    assert "[reconcile](" not in inbox(system)


def test_a_second_run_of_a_stage_that_is_under_way_is_refused_with_a_sentence(system: System, someone: Someone):
    someone.applies()
    someone.stands("briefing")
    someone.is_asked("brief")
    assert "under way already" in is_refused(system, "brief", deal_id=someone.deal)
    assert someone.is_asked("brief")


def test_a_lead_from_a_call_needs_three_fields(system: System):
    lead = {"name": "Nuala", "contact": "+353 1 531 2200", "service": "landing-page"}
    starts(system, "register-lead", **lead)

    def deal() -> Deal | None:
        with system.db.reading() as session:
            facts = session.exec(select(Fact).where(Fact.kind == "application", col(Fact.source) == "operator")).all()
            fact = next((fact for fact in facts if fact.payload["name"] == "Nuala"), None)
            return session.get(Deal, fact.deal_id) if fact and fact.deal_id else None

    found = eventually(deal, lambda: system.log("worker"))
    eventually(lambda: _effect(system, f"deal/{found.id}/intake/assigned") == "done", lambda: system.log("worker"))
    eventually(lambda: _effect(system, f"deal/{found.id}/r1/brief/mail") == "skipped", "there is no address to write to")


def test_a_manager_changes_hours_and_the_proposal_is_revised_under_the_same_address(system: System, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    someone.sends_brief(**COMPLEX)
    wait = someone.is_asked("estimate")
    someone.gets("estimate/v1/approval")
    with someone.http as http:
        page = http.get(someone.link("approve"))
        assert page.status_code == 200
    taken = system.prefect(
        "POST", f"/flow_runs/{wait.flow_run_id}/resume", {"run_input": {"decision": "approve", "hours": {}, "reason": "", "who": "Tomasz"}}
    )
    assert taken["status"] == "ACCEPT", taken
    someone.gets("proposal/v1/mail")
    someone.is_asked("proposal")
    path = someone.link("proposal")
    with someone.http as http:
        before = http.get(path).text
        http.post(f"{path}/change", data={"version": "1", "text": "A little less, please."})
    eventually(lambda: any("/change-" in key for key in someone.letters()), lambda: someone.told())
    form = {"deal_id": someone.deal, "who": "Conor", "discount_percent": 5, "reason": "For a good start", "publish": True}
    starts(system, "revise-proposal", **form)
    someone.gets("proposal/v2/mail")
    with someone.http as http:
        after = http.get(path).text
    assert after != before and "For a good start" in after
    assert someone.accepts().status_code == 200
    someone.stands("contracting")


def test_an_accepted_proposal_cannot_be_accepted_declined_or_changed_again(system: System, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    someone.sends_brief()
    someone.gets("proposal/v1/mail")
    assert someone.accepts().status_code == 200
    path = someone.link("proposal")
    with someone.http as http:
        for act, form in (("decline", {"version": "1", "reason": "price"}), ("change", {"version": "1", "text": "More"})):
            assert http.post(f"{path}/{act}", data=form).status_code == 409
    someone.stands("contracting")
    someone.gets("r1/contract/details")


@pytest.mark.parametrize("stage", ["brief", "proposal"])
def test_a_deal_is_closed_by_an_operator_from_a_waiting_stage_and_its_run_is_withdrawn(system: System, someone: Someone, stage: str):
    someone.applies()
    someone.gets("r1/brief/mail")
    if stage == "proposal":
        someone.sends_brief()
        someone.gets("proposal/v1/mail")
    wait = someone.is_asked(stage)
    starts(system, "close-as-lost", deal_id=someone.deal, who="Conor", reason="They went with a cousin")
    someone.stands("lost")
    eventually(lambda: system.prefect("GET", f"/flow_runs/{wait.flow_run_id}")["state_name"] == "Withdrawn", lambda: system.log("worker"))
    with system.db.reading() as session:
        assert not session.exec(select(Wait).where(Wait.deal_id == someone.deal, col(Wait.closed_at).is_(None))).all()


def _ended(system: System, flow_run_id: str) -> dict | None:
    run = system.prefect("GET", f"/flow_runs/{flow_run_id}")
    return run if run["state_type"] in {"FAILED", "CRASHED", "COMPLETED", "CANCELLED"} else None


def _effect(system: System, key: str) -> str:
    with system.db.reading() as session:
        effect = session.get(Effect, key)
    return effect.state if effect else ""


def _now():
    from datetime import UTC, datetime

    return datetime.now(UTC)
