"""What an operator does in Prefect's own pages, in a real browser: finds a deal's runs, answers one, retries one, starts one."""

from collections.abc import Iterator
from datetime import UTC, datetime

import httpx
import pytest
from playwright.sync_api import Browser, Locator, Page, expect
from sqlmodel import col, select

from models.facts import News, keep
from models.stages import Stage
from models.tables import Fact, StageRun
from models.wanted import want
from tests.e2e import browser
from tests.e2e.browser import form_choose, form_field
from tests.e2e.client import Someone
from tests.e2e.system import System, eventually

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from browser.chromium()


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An operator's window."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce")
    window = context.new_page()
    window.set_default_timeout(browser.PATIENCE)
    yield window
    context.close()


def test_the_runs_of_one_deal_are_found_by_its_tag_named_by_stage_deal_and_client(system: System, page: Page, someone: Someone):
    someone.applies()
    someone.stands("briefing")
    someone.is_asked("brief")
    other = Someone(system)
    other.applies()
    other.stands("briefing")
    page.goto(f"{system.settings.prefect_ui}/runs?tag=deal:{someone.deal}")
    for name in (f"intake · deal {someone.deal} · Acme", f"brief · deal {someone.deal} · Acme"):
        expect(page.get_by_role("link", name=name)).to_be_visible()
    expect(page.get_by_text("Suspended", exact=True).first).to_be_visible()
    expect(page.get_by_role("link", name=f"deal {other.deal} ·")).to_have_count(0)
    browser.shoot(page, "prefect-runs")


def test_a_waiting_run_is_answered_in_its_form_and_a_wrong_answer_is_refused_with_a_reason(system: System, page: Page, someone: Someone):
    someone.has_accepted()
    someone.gives_details()
    someone.gets("contract/v1/mail")
    wait = someone.is_asked("contract")
    page.goto(f"{system.settings.prefect_ui}/runs/flow-run/{wait.flow_run_id}")
    page.get_by_role("button", name="Resume").click()
    form = page.get_by_role("dialog")
    expect(form).to_contain_text("The day on which it was signed.")
    expect(form).to_contain_text("Your name or e-mail: the history says who did it.")
    browser.shoot(page, "prefect-resume")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_contain_text("'outcome' is a required property")
    form_choose(page, form, "Outcome", "signed")
    form_field(form, "Who").get_by_role("textbox").fill("Conor Walsh")
    form.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("Please give the day on which the contract was signed.").first).to_be_visible()
    assert someone.is_asked("contract").closed_at is None, "it waits as before, and its log says why"
    eventually(lambda: system.prefect("GET", f"/flow_runs/{wait.flow_run_id}")["state_name"] == "Suspended", "Prefect does not show it waiting")
    page.reload()
    expect(page.get_by_text("Please give the day on which the contract was signed.").first).to_be_visible()
    expect(page.get_by_text("Suspended", exact=True).first).to_be_visible()
    browser.shoot(page, "prefect-resume-refused")
    page.get_by_role("button", name="Resume").click()
    form_field(form, "Who").get_by_role("textbox").fill("Conor Walsh")
    form_choose(page, form, "Outcome", "lost")
    form_field(form, "Reason").get_by_role("textbox").fill("Their budget was cut.")
    form.get_by_role("button", name="Submit").click()
    someone.stands("lost")
    with system.db.reading() as session:
        said = session.exec(select(Fact).where(Fact.deal_id == someone.deal, Fact.kind == "contract.answered")).one()
    assert (said.source, said.actor, said.payload["reason"]) == ("operator", "staff:Conor Walsh", "Their budget was cut.")


def test_a_failed_run_says_why_and_its_retry_button_takes_it_up_again(system: System, page: Page, someone: Someone):
    payload = {"service": "time-machine", "name": "Eve", "email": someone.email}
    with system.db.writing() as session:
        fact, _ = keep(
            session, News(kind="application", source="test", external_id=someone.email, actor="client", payload=payload), now=datetime.now(UTC)
        )
        want(session, Stage.INTAKE, application=fact, now=datetime.now(UTC))
    system.nudge()

    def row() -> StageRun:
        with system.db.reading() as session:
            return session.exec(select(StageRun).where(StageRun.application_id == fact.id)).one()

    eventually(lambda: row().state == "failed", lambda: system.log("worker"))
    page.goto(board(system, "error-inbox", f"/runs/flow-run/{row().flow_run_id}"))
    expect(page.get_by_role("heading", name="Failed runs")).to_be_visible()
    browser.shoot(page, "prefect-error-inbox")
    page = follow(page.locator(f"a[href$='{row().flow_run_id}']"))
    expect(page.get_by_text("time-machine").first).to_be_visible()
    browser.shoot(page, "prefect-failed")
    with system.db.writing() as session:
        kept = session.get_one(Fact, fact.id)
        kept.payload = payload | {"service": "landing-page"}
        session.add(kept)
    page.get_by_role("button", name="Retry").first.click()
    page.get_by_role("dialog").get_by_role("button", name="Retry").click()
    assert someone.stands("briefing").service == "landing-page"
    eventually(lambda: row().state == "done", lambda: system.log("worker"))
    assert row().generation == 1, "the very run went on; it has no successor"
    expect(page.get_by_text("Completed", exact=True).first).to_be_visible()
    browser.shoot(page, "prefect-retried")
    eventually(lambda: str(row().flow_run_id) not in latest(system, "error-inbox")["data"], "it still is in the inbox")


def test_the_boards_tell_a_deal_all_open_deals_and_the_month(system: System, page: Page, someone: Someone):
    stranger = Someone(system)
    stranger.applies(company="<img src=x onerror=alert(1)> | *Big* [shop](http://evil.example)")
    invoice = someone.has_signed()
    wait = someone.is_asked("payment")
    stranger.stands("briefing")
    ui = system.settings.prefect_ui

    page.goto(board(system, "pipeline", f"/deal-{someone.deal})", f"/deal-{stranger.deal})"))
    expect(page.get_by_role("cell", name="<img src=x onerror=alert(1)> | *Big*")).to_be_visible()
    assert page.locator("img[src=x]").count() == 0
    browser.shoot(page, "prefect-pipeline")
    board(system, f"deal-{someone.deal}", "The client's move")  # a page that is open is not drawn anew
    card = follow(page.locator(f"a[href$='/artifacts/key/deal-{someone.deal}']"))
    expect(card.get_by_text("Acme: the client's move")).to_be_visible()

    page.goto(board(system, f"deal-{someone.deal}", "The client's move", f"/runs/flow-run/{wait.flow_run_id}"))
    expect(page.get_by_role("heading", name=f"Deal {someone.deal} · Acme")).to_be_visible()
    for cell in ("deposit due", "invoice-ready: done", "money: none → deposit due", "contract.signed"):
        expect(page.get_by_role("cell", name=cell).first).to_be_visible()
    page.set_viewport_size({"width": 1400, "height": 2400})  # this UI scrolls within its page
    browser.shoot(page, "prefect-deal-card")
    paper = page.get_by_role("link", name=f"invoice {invoice.number}").get_attribute("href") or ""
    assert (paper.startswith(f"{system.base}/i/"), httpx.get(paper).status_code) == (True, 200)
    runs = follow(page.get_by_role("link", name="all runs"))
    expect(runs.get_by_role("link", name=f"payment 1 · deal {someone.deal} · Acme")).to_be_visible()
    browser.shoot(runs, "prefect-runs-of-a-deal")

    page.goto(board(system, "month", "so far"))
    expect(page.get_by_text("Applications ").first).to_be_visible()
    wide = page.locator("article img").evaluate_all("all => all.map(one => one.naturalWidth)")
    assert len(wide) >= 2 and all(wide), "the charts are drawn"
    browser.shoot(page, "prefect-month")
    page.goto(f"{ui}/artifacts")
    for key in ("pipeline", "error-inbox", "month", f"deal-{someone.deal}"):
        page.get_by_placeholder("Search artifacts").fill(key)
        expect(page.get_by_text(key, exact=True).first).to_be_visible()


def test_a_lead_is_entered_in_the_run_form_of_its_deployment(system: System, page: Page, someone: Someone):
    page.goto(f"{system.settings.prefect_ui}/deployments")
    for name in (
        "brief",
        "closing",
        "contract",
        "estimate",
        "handover",
        "intake",
        "invoice",
        "kickoff",
        "launch",
        "materials",
        "payment",
        "production",
        "proposal",
    ):
        page.get_by_placeholder("Search deployments").fill(name)
        expect(page.get_by_role("link", name=name, exact=True).first).to_be_visible()
    browser.shoot(page, "prefect-deployments")
    deployment = system.prefect("GET", "/deployments/name/register-lead/register-lead")
    address = f"{system.settings.prefect_ui}/deployments/deployment/{deployment['id']}"
    page.goto(f"{address}?tab=Description")
    expect(page.get_by_text("Enters a lead from a call, an event or outgoing work.")).to_be_visible()
    page.goto(f"{address}/run")
    for name, text in (("name", "Nora"), ("contact", someone.email), ("service", "landing-page")):
        form_field(page, name).get_by_role("textbox").fill(text)
    browser.shoot(page, "prefect-run-form")
    page.get_by_role("button", name="Submit").click()
    someone.stands("briefing")
    with system.db.reading() as session:
        lead = session.exec(select(Fact).where(Fact.deal_id == someone.deal, Fact.kind == "application", col(Fact.source) == "operator")).one()
    assert lead.payload["name"] == "Nora"
    assert {"operation", "operation:register-lead"} <= set(system.run_named("register-lead · Nora")["tags"]), "found by its tag, as a stage's run is"
    someone.gets("r1/brief/mail")


def test_every_deployment_says_what_it_does(system: System):
    deployments = system.prefect("POST", "/deployments/filter", {})
    assert len(deployments) >= 5
    assert [one["name"] for one in deployments if not one["description"]] == []


def follow(link: Locator) -> Page:
    """The page that a link of a board opens, in a window of its own."""
    with link.page.expect_popup() as opened:
        link.click()
    return opened.value


def latest(system: System, key: str) -> dict[str, str]:
    """The newest artifact under a key, empty before there is one."""
    found = system.prefect("POST", "/artifacts/latest/filter", {"artifacts": {"key": {"any_": [key]}}})
    return found[0] if found else {"data": ""}


def board(system: System, key: str, *told: str) -> str:
    """The address of a board in the Prefect UI, once it tells all this."""
    eventually(lambda: all(one in latest(system, key)["data"] for one in told), lambda: f"{key} does not tell {told}:\n{latest(system, key)}")
    return f"{system.settings.prefect_ui}/artifacts/artifact/{latest(system, key)['latest_id']}"
