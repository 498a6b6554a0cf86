"""Operations that no other test of the whole system runs, each by its form on the real engine: what it does, and its sentence where it makes no sense."""

import os
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
from sqlmodel import col, select

from deployments.demo_cash import statement
from models import company
from models.after_answers import AddressChanged
from models.answers import ClosedAsLost, Held, Noted, Released, Reopened
from models.cash_tables import Payment
from models.money import Money
from models.stages import RunState, Stage
from models.tables import Client, Deal, Fact, Wait
from tests.aftermath import a_handed_over_project, a_review
from tests.e2e.client import COMPLEX, Someone
from tests.e2e.delivery import Customer
from tests.e2e.forms import is_refused, runs_form
from tests.e2e.system import System, eventually
from tests.factories import a_run

WHO = {"who": "Conor Walsh"}
WHY = WHO | {"reason": "A test says so."}


@pytest.fixture
def customer(system: System) -> Customer:
    return Customer(system)


def facts_of(system: System, deal: int, kind: str) -> list[Fact]:
    with system.db.reading() as session:
        return list(session.exec(select(Fact).where(Fact.deal_id == deal, Fact.kind == kind).order_by(col(Fact.id))))


def test_a_deal_in_briefing_rests_gets_its_letter_again_moves_its_address_is_lost_and_opened(system: System, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    someone.is_asked("brief")
    deal = {"deal_id": someone.deal}
    assert runs_form(system, "note", **deal, **WHO, text="They rang.") == "Completed"
    assert runs_form(system, "put-on-hold", **deal, **WHY) == "Completed"
    assert "on hold already" in is_refused(system, "put-on-hold", **deal, **WHY)
    assert runs_form(system, "release", **deal, **WHY) == "Completed"
    assert "not on hold" in is_refused(system, "release", **deal, **WHY)
    assert runs_form(system, "resend", **deal, **WHY, effect=f"deal/{someone.deal}/r1/brief/mail") == "Completed"
    eventually(lambda: any("/resent/" in key and state == "done" for key, state in someone.letters().items()), someone.told)
    old = someone.link("brief")
    assert runs_form(system, "renew-link", **deal, **WHY, kind="brief") == "Completed"
    assert httpx.get(f"{system.base}{old}").status_code == 410
    eventually(lambda: any("link" in key and state == "done" for key, state in someone.letters().items()), someone.told)
    moved = f"moved.{someone.email}"
    assert runs_form(system, "change-address", **deal, **WHY, email=moved) == "Completed"
    assert f"Letters go to {moved} already" in is_refused(system, "change-address", **deal, **WHY, email=moved)
    assert runs_form(system, "close-as-lost", **deal, **WHY) == "Completed"
    assert "is lost already" in is_refused(system, "close-as-lost", **deal, **WHY)
    assert runs_form(system, "reopen", **deal, **WHY) == "Completed"
    assert "is open" in is_refused(system, "reopen", **deal, **WHY)
    someone.gets("r2/brief/mail")
    someone.is_asked("brief")
    with system.db.reading() as session:
        assert session.get_one(Client, session.get_one(Deal, someone.deal).client_id).email == moved
    for told in (Held, Released, AddressChanged, ClosedAsLost, Reopened):
        assert [fact.actor for fact in facts_of(system, someone.deal, told.kind)] == ["staff:Conor Walsh"], told
    assert len(facts_of(system, someone.deal, Noted.kind)) == 3, "the note, the letter that went out again, the link"


def test_an_estimate_that_waits_is_approved_by_a_form_once(system: System, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    someone.sends_brief(**COMPLEX)
    someone.is_asked("estimate")
    assert runs_form(system, "approve", deal_id=someone.deal, **WHY) == "Completed"
    someone.gets("proposal/v1/mail")
    assert is_refused(system, "approve", deal_id=someone.deal, **WHY)


def test_money_by_hand_is_booked_once_and_statements_say_the_rest(system: System, someone: Someone):
    invoice = someone.has_signed()
    came = {"amount": "100.00", "on": f"{system.now().date()}", "invoice": invoice.number, "method": "cash", "reference": "receipt 7"} | WHY
    assert runs_form(system, "record-payment", **came) == "Completed"
    assert f"is recorded on {invoice.number} already" in is_refused(system, "record-payment", **came)
    assert runs_form(system, "issue-proforma", deal_id=someone.deal, part=2, **WHY) == "Completed"
    eventually(lambda: sum(key.endswith("/mail") and state == "done" for key, state in someone.letters().items()) == 2, someone.told)

    folder, name = system.settings.statements_folder, f"{uuid4().hex}.xml"
    folder.mkdir(parents=True, exist_ok=True)
    paper = statement(company.load(system.settings.company).studio.bank.iban, "of nobody", Money(amount=3300, currency="EUR"), system.now().date())
    (folder / f".{name}").write_text(paper)
    assert "There is no file" in is_refused(system, "import-statement", file=name, **WHY)
    (folder / f".{name}").rename(folder / name)
    os.utime(folder / name)  # a file so young is left alone by the watcher
    assert runs_form(system, "import-statement", file=name, **WHY) == "Completed"
    assert runs_form(system, "import-statement", file=name, **WHY) == "Completed", "taken in twice, it changes nothing"
    with system.db.reading() as session:
        waits = session.exec(select(Payment).where(Payment.amount == 3300, Payment.state == "suspense")).one()
    assert runs_form(system, "ignore-payment", payment_id=waits.id, **WHY) == "Completed"
    assert is_refused(system, "ignore-payment", payment_id=waits.id, **WHY)


def test_hours_dates_accesses_and_a_word_below_a_review_are_told_by_forms(system: System, customer: Customer):
    customer.begins(a_handed_over_project)
    with system.db.writing() as session:
        deal = session.get_one(Deal, customer.deal)
        a_run(session, Stage.REVIEW, deal, state=RunState.DONE)
        a_review(session, deal, at=system.now())
    deal = {"deal_id": customer.deal}
    assert runs_form(system, "reply-review", **deal, **WHO, text="Thank you.") == "Completed"
    worked = {"person": "Tomasz Zielinski", "on": f"{system.now().date() - timedelta(days=1)}", "hours": "1.5"}
    assert runs_form(system, "record-hours", **deal, **WHO, **worked) == "Completed"
    assert is_refused(system, "import-hours", **WHO)
    assert is_refused(system, "move-date", **deal, **WHY, days=3), "a project that is over has no date"
    accesses = [{"what": "Domain", "where": "registrar.example", "held_by": "Ada Byron"}]
    assert "support" in is_refused(system, "list-access", **deal, **WHO, items=accesses)


def test_a_deal_of_before_is_taken_up_once_and_what_is_missing_is_named(system: System):
    client = {"name": "Nora Finn", "email": f"nora.{uuid4().hex[:8]}@acme.example", "company": "Acme"}
    at = {"service": "landing-page", "client": client} | WHY
    assert "the price agreed" in is_refused(system, "adopt-deal", stage="contract", **at)
    assert runs_form(system, "adopt-deal", stage="brief", **at) == "Completed"
    nora = Someone(system, email=client["email"])
    nora.gets("r1/brief/mail")
    wait = nora.is_asked("brief")
    assert wait.round == 1
    with system.db.reading() as session:
        assert session.exec(select(Wait).where(Wait.deal_id == nora.deal)).all() == [wait]
