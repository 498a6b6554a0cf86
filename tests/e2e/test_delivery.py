"""From the deposit to the launch on the real engine: a project that both sides see, letters once, runs that wait and go on."""

from decimal import Decimal

import pytest
from sqlmodel import select

from models.delivery_answers import ChangeAnswered, ChangeOffered, StageAnswered
from models.tables import Effect, Fact
from tests.e2e.delivery import Customer
from tests.e2e.system import System, eventually


@pytest.fixture
def customer(system: System) -> Customer:
    return Customer(system)


def test_a_project_goes_from_its_deposit_through_its_stages(system: System, customer: Customer):
    customer.has_paid()
    customer.gets("r1/kickoff/welcome")
    customer.work("materials")
    customer.is_asked("materials")
    customer.sends_everything()
    customer.work("production")
    customer.has_ended("materials")
    for stage in customer.project().plan.production:
        customer.approves(stage.slug)
    customer.work("launch")
    customer.has_ended("production")
    keys = [key for key, state in customer.letters().items() if state not in {"done", "planned", "skipped"}]
    assert keys == [], customer.told()
    with system.db.reading() as session:
        assert session.get_one(Effect, f"deal/{customer.deal}/r1/tracker").state == "done"


def test_a_client_who_says_nothing_pauses_the_project_and_starts_it_again_with_a_new_date(system: System, customer: Customer):
    customer.has_paid()
    customer.work("materials")
    customer.is_asked("materials")
    before = customer.promise()
    system.advance(days=15)
    customer.gets_reminder("materials-reminder")
    system.advance(days=30)
    customer.work("paused")
    customer.has_letter("work/paused/")
    customer.sends_everything()
    customer.work("production")
    customer.has_letter("work/resumed/")
    assert customer.promise() > before


def test_a_stage_goes_through_its_rounds_and_a_priced_change(system: System, customer: Customer):
    customer.has_paid()
    customer.work("materials")
    customer.sends_everything()
    customer.work("production")
    for round_ in (1, 2):
        stage = customer.is_shown("text")
        customer.gets(f"r1/stage/text/v{round_}/shown")
        fact = customer.tells(StageAnswered(stage="text", version=stage.version, decision="comment", text=f"List {round_}."))
        customer.gets(f"r1/stage/text/comment/{fact}")
    assert customer.project().stage("text").place == "beyond"
    offer = customer.tells(ChangeOffered(stage="text", text="A third round", price=Decimal(240), days=1), actor="staff:tomasz@northlight.example")
    customer.gets(f"r1/stage/text/offer/{offer}")
    customer.tells(ChangeAnswered(stage="text", offer=offer, decision="accept", total=29_520, name="Ada Byron"))
    customer.gets(f"r1/stage/text/offer/{offer}/taken")
    customer.approves("text")
    assert customer.is_billed(part=3).gross == 29_520


def test_silence_on_a_stage_is_acceptance_after_two_warnings_and_recorded_as_that(system: System, customer: Customer):
    customer.has_paid()
    customer.work("materials")
    customer.sends_everything()
    customer.work("production")
    customer.is_shown("text")
    customer.gets("r1/stage/text/v1/shown")
    customer.lets_pass("production")
    for warnings in (1, 2):
        customer.lets_pass("production")
        customer.gets_reminder("stage-warning", count=warnings)
    customer.lets_pass("production")
    customer.gets("r1/stage/text/accepted")
    assert customer.project().stage("text").is_deemed
    with system.db.reading() as session:
        [fact] = session.exec(select(Fact).where(Fact.deal_id == customer.deal, Fact.kind == "stage.deemed")).all()
    assert (fact.source, fact.actor) == ("clock", "system")


def test_the_manager_resumes_a_waiting_stage_in_the_ui_and_a_wrong_form_is_refused(system: System, customer: Customer):
    customer.has_paid()
    customer.work("materials")
    wait = customer.is_asked("materials")
    item = customer.project().materials[0].slug
    typed = {"item": item, "decision": "waive", "reason": "", "who": "Tomasz"}
    refused = system.prefect("POST", f"/flow_runs/{wait.flow_run_id}/resume", {"run_input": typed | {"decision": "maybe"}})
    assert refused["status"] == "REJECT", refused
    taken = system.prefect("POST", f"/flow_runs/{wait.flow_run_id}/resume", {"run_input": typed})
    assert taken["status"] == "ACCEPT", taken
    eventually(lambda: customer.project().material(item).place == "waived", lambda: customer.told() + system.log("worker"))
    customer.sends_everything()
    customer.work("production")
    wait = customer.is_asked("production")
    taken = system.prefect("POST", f"/flow_runs/{wait.flow_run_id}/resume", {"run_input": {"stage": "", "url": "https://test.example", "note": "", "who": "Tomasz"}})
    assert taken["status"] == "ACCEPT", taken
    customer.gets("r1/stage/text/v1/shown")
