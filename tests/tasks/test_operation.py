"""Runs of operations: named and tagged after the deal that their form is about, by whatever the form names it."""

from types import SimpleNamespace

import pytest
from prefect import flow
from prefect.context import FlowRunContext

from models import projects
from models.tables import Deal, Effect
from tasks import labels, operation
from tasks.operation import deal_of, tags, title
from tasks.stage import tags_of
from tasks.world import World
from tests.factories import a_deal, an_application, an_invoice
from tests.fakes import MONDAY
from tests.projecting import a_project


@pytest.fixture
def names(here_sqlite: World) -> dict[str, object]:
    """What a form may name a deal by, all of them the same deal."""
    with here_sqlite.db.writing() as session:
        invoice = an_invoice(session)
        application = an_application(session)
        application.deal_id = invoice.deal_id
        session.add(Effect(key="deal/1/mail", deal_id=invoice.deal_id, kind="letter", planned_at=MONDAY))
        return {
            "deal_id": invoice.deal_id, "number": invoice.number, "invoice": invoice.number, "key": "deal/1/mail", "application_id": application.id,
        }  # fmt: skip


@pytest.mark.parametrize("name", ["deal_id", "number", "invoice", "key", "application_id"])
def test_a_run_is_called_and_tagged_after_the_deal_that_its_form_names(names: dict, name: str) -> None:
    form = {name: names[name]}
    assert title("put-on-hold", form) == f"put-on-hold · deal {names['deal_id']} · Acme"
    assert tags("put-on-hold", form) == ["operation:put-on-hold", "deal:1", "service:landing-page", "manager:conor@northlight.example"]


@pytest.mark.parametrize(
    ("form", "called"),
    [
        ({"deal_id": 99}, "note · deal 99 · no such deal"), ({"file": "march.xml", "who": "Conor"}, "note · march.xml"),
        ({"payment_id": 7}, "note · payment 7"), ({"application_id": 99}, "note · application 99"), ({"name": "Orla", "company": ""}, "note · Orla"),
        ({"key": "no such effect"}, "note"), ({"deal_id": 0, "invoice": ""}, "note"), ({}, "note"),
    ],
)  # fmt: skip
def test_a_run_without_a_deal_is_called_after_what_its_form_names(here_sqlite: World, form: dict, called: str) -> None:
    assert title("note", form) == called
    assert tags("note", form) == ["operation:note"]


def test_a_deal_without_a_salesperson_has_no_managers_tag(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, salesperson="")
        assert deal_of(session, {"deal_id": deal.id}) is deal
        assert labels.of_deal(session, deal) == [f"deal:{deal.id}", "service:landing-page"]


def test_once_there_is_a_project_whoever_leads_it_finds_its_runs_besides(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_project(session)
        leads = projects.of(session, deal).manager
    assert leads != deal.salesperson
    both = [f"deal:{deal.id}", f"service:{deal.service}", f"manager:{deal.salesperson}", f"manager:{leads}"]
    assert tags_of("production", deal.id) == ["stage:production", *both]
    assert tags("move-date", {"deal_id": deal.id}) == ["operation:move-date", *both]
    with here_sqlite.db.writing() as session:
        again = session.get_one(Deal, deal.id)
        again.round = 2
        assert labels.of_deal(session, again) == both[:3], "the next round has no project yet"
        again.round, again.salesperson = 1, leads
        assert labels.of_deal(session, again) == [*both[:2], both[3]], "one person has one tag"


@pytest.mark.parametrize(
    ("known", "lacks"), [([], ["stage:brief", "deal:1"]), (["stage", "deal:1"], ["stage:brief"]), (["deal:1", "stage:brief", "mine"], [])]
)
def test_a_run_that_the_waker_made_has_its_tags_and_costs_no_request(known: list[str], lacks: list[str]) -> None:
    assert labels.lacking(known, ["stage:brief", "deal:1"]) == lacks


@pytest.mark.parametrize(
    ("form", "line"),
    [
        ({"who": "Conor", "reason": " They rang. "}, "Conor asks for this: They rang."), ({"who": "Conor"}, "Conor asks for this, and says no reason."),
        ({"who": "", "reason": "x"}, "Somebody asks for this: x"),
    ],
)  # fmt: skip
def test_the_diary_of_an_operation_begins_with_who_and_why(form: dict, line: str) -> None:
    assert operation.asked(form) == line


def test_outside_of_a_run_there_is_nothing_to_tag() -> None:
    assert FlowRunContext.get() is None
    labels.put_on(["deal:1"])


def test_an_operation_is_a_flow_with_its_form_its_words_and_a_name_made_at_its_start() -> None:
    @operation.operation(name="sing", description="Sings.")
    def sing(deal_id: int, *, loud: bool = False) -> str:
        """Sing a song."""
        return f"{deal_id} {loud}"

    made = flow(lambda: None, name="x").__class__
    assert isinstance(sing, made)
    assert (sing.name, sing.description, sing.flow_run_name) == ("sing", "Sings.", operation.run_name)
    assert list(sing.parameters.properties) == ["deal_id", "loud"]
    assert SimpleNamespace(**sing.validate_parameters({"deal_id": "7"})).deal_id == 7
