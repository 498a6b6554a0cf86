"""The sale as clients and staff see it, in a real browser: on a desktop, on a phone without scripts, by keyboard alone."""

import re
import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader
from sqlmodel import col, select

from deployments.demo import ANSWERS
from models.tables import Brief, Deal, Document, Fact
from tests.e2e import browser
from tests.e2e.browser import DESKTOP, PHONE, Visit, visit
from tests.e2e.client import COMPLEX, Someone
from tests.e2e.system import System, eventually

pytestmark = pytest.mark.browser
APPLY = """
- main:
  - heading "Tell us about your project" [level=1]
  - group "What do you need?":
    - radio "Corporate site"
    - radio "Landing page"
    - radio "Online shop"
    - radio "Mobile app"
    - radio "Site as a marketing process"
    - radio "Support plan"
  - textbox "Your name"
  - textbox "E-mail"
  - textbox "Phone optional"
  - textbox "Company optional"
  - textbox "Budget optional"
  - textbox "What is it about? optional"
  - paragraph:
    - button "Send"
"""
SITE = """<!doctype html><html lang="en"><head><title>Our own site</title><link rel="icon" href="data:,"></head><body><h1>Our own site</h1>
<div id="here"><a href="{home}/apply">Tell us about your project</a></div><script src="{home}/embed.js" data-target="#here" async></script></body></html>"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from browser.chromium()


@pytest.fixture(scope="module")
def proposed(system: System, chromium: Browser) -> Iterator[list[Someone]]:
    """Clients who have their proposal, made side by side."""
    people = [Someone(system) for _ in range(3)]
    for one in people:
        one.applies()
    for one in people:
        one.gets("r1/brief/mail")
        one.sends_brief()
    for one in people:
        one.gets("proposal/v1/mail")
    yield people


def test_a_client_at_a_desk_comes_from_the_form_to_the_accepted_proposal(system: System, chromium: Browser, someone: Someone):
    with visit(chromium, system.base, DESKTOP) as client:
        _applies(client, someone, "/apply?utm_source=newsletter&utm_campaign=autumn")
        client.goes(_after(someone, "r1/brief/mail", "brief"))
        client.looks_right("brief")
        _saves_by_itself(client, someone)
        client.fills(ANSWERS)
        client.presses("Send the answers")
        expect(client.page.get_by_role("heading", level=1)).to_contain_text("That is what we needed")
        client.looks_right("brief-done")
        client.goes(_after(someone, "proposal/v1/mail", "proposal"))
        client.looks_right("proposal")
        before = _total(client)
        client.page.get_by_label("Vacancies").check()
        client.page.get_by_role("checkbox", name=re.compile("^Search")).check()
        expect(client.page.locator("[data-live=accept]")).to_contain_text("with 2 options")
        assert _total(client) > before
        assert "option=" in client.page.url, "the selection is in the address: reloading keeps it"
        eventually(lambda: _facts(someone, "proposal.viewed"), "nobody counted the reader")
        client.page.get_by_label("Your full name").fill("Ada Byron")
        client.presses("Accept the proposal")
        expect(client.page.locator(".banner.good")).to_contain_text("Accepted by Ada Byron")
        client.looks_right("accepted")
    _is_frozen(someone, options=2)
    with system.db.reading() as session:
        source = session.get_one(Deal, someone.deal).source
    assert (source["utm_source"], source["utm_campaign"]) == ("newsletter", "autumn")


def test_a_client_on_a_phone_without_scripts_does_the_same(system: System, chromium: Browser, someone: Someone):
    with visit(chromium, system.base, PHONE) as client:
        _applies(client, someone, "/apply")
        client.goes(_after(someone, "r1/brief/mail", "brief"))
        client.looks_right("brief")
        client.fills({"about": ANSWERS["about"], "goal": ANSWERS["goal"]})
        client.presses("Save and return later")
        client.looks_right("brief-saved")
        client.page.get_by_role("link", name="Go on answering").tap()
        assert client.page.locator("[name=q_about]").input_value() == ANSWERS["about"]
        with client.expects(422):
            client.presses("Send the answers")
            expect(client.page.get_by_role("alert")).to_contain_text("your attention")
        client.looks_right("brief-problems")
        client.fills(ANSWERS)
        client.presses("Send the answers")
        client.goes(_after(someone, "proposal/v1/mail", "proposal"))
        client.looks_right("proposal")
        before = _total(client)
        client.page.get_by_label("Vacancies").tap()
        assert _total(client) == before, "without scripts nothing moves by itself"
        client.presses("Recalculate")
        client.page.wait_for_url(re.compile("option=.*#price"))
        assert _total(client) > before
        expect(client.page.get_by_label("Vacancies")).to_be_checked()
        client.page.get_by_label("Your full name").fill("Ada Byron")
        client.presses("Accept the proposal")
        expect(client.page.locator(".banner.good")).to_contain_text("Accepted by Ada Byron")
        client.looks_right("accepted")
    _is_frozen(someone, options=1)


def test_an_application_is_sent_by_keyboard_alone_and_its_problems_lead_to_the_fields(system: System, chromium: Browser, someone: Someone):
    with visit(chromium, system.base) as client:
        client.goes("/apply")
        keys = client.page.keyboard
        assert client.tabs_to("service")[0] == "Skip to the content"
        keys.press("Space")
        client.tabs_to("name")
        keys.type("Ada Byron")
        with client.expects(422):
            keys.press("Enter")
            expect(client.page.locator("#problems")).to_be_focused()
        client.looks_right("apply-problems")
        expect(client.page.get_by_role("radio", name="Corporate site")).to_be_checked()
        client.tabs_to("Please give us your e-mail address")
        keys.press("Enter")
        field = client.page.get_by_role("textbox", name="E-mail")
        expect(field).to_be_focused()
        expect(field).to_have_accessible_description(re.compile("The questionnaire and the proposal come to this address.*Please give us"))
        expect(field).to_have_attribute("aria-invalid", "true")
        keys.type(someone.email)
        assert client.tabs_to("Send") == ["phone", "company", "budget", "message", "Send"], "nobody falls into the trap for robots"
        keys.press("Enter")
        expect(client.page.get_by_role("heading", level=1)).to_have_text("Thank you. We have it.")
    assert someone.stands("briefing").service == "corporate-site"


def test_a_screen_reader_finds_every_field_of_the_form_by_name(system: System, chromium: Browser):
    for kind in (DESKTOP, PHONE):
        with visit(chromium, system.base, kind) as client:
            client.goes("/apply")
            expect(client.page.locator("main")).to_match_aria_snapshot(APPLY)


def test_every_stop_of_the_keyboard_can_be_seen(system: System, chromium: Browser, proposed: list[Someone], someone: Someone):
    with visit(chromium, system.base) as client:
        for path, least in ((proposed[0].link("proposal"), 12), (proposed[0].link("brief"), 40), ("/apply", 9), ("/outbox", 5)):
            client.goes(path)
            assert len(client.tabs_through()) >= least


def test_a_proposal_is_passed_on_changed_declined_and_taken_up_again(system: System, chromium: Browser, proposed: list[Someone]):
    someone = proposed[0]
    path = someone.link("proposal")
    with visit(chromium, system.base, PHONE) as client:
        client.goes(path)
        client.page.locator("summary", has_text="Show it to a colleague").tap()
        client.page.get_by_label("Their e-mail").fill("charles@acme.example")
        client.presses("Send them the link")
        client.looks_right("proposal-forwarded")
        forwarded = eventually(lambda: _facts(someone, "proposal.forwarded"), someone.told)[0]
        assert forwarded.payload["email"] == "charles@acme.example"
        someone.gets(f"proposal/forwarded/{forwarded.id}")
        client.goes(path)
        client.page.locator("summary", has_text="Ask for a change").tap()
        with client.expects(422):
            client.page.locator("form[action$='/change']").get_by_role("button").tap()
            expect(client.page.locator("#problems")).to_be_focused()
        client.looks_right("proposal-change-problem")
        client.page.get_by_label("What should be different?").fill("One language more, please.")
        client.page.locator("form[action$='/change']").get_by_role("button").tap()
        expect(client.page.locator(".banner")).to_contain_text("You asked for a change")
        client.looks_right("proposal-change-asked")
        client.page.locator("summary", has_text="Decline").tap()
        client.page.get_by_label("Our plans changed").check()
        client.presses("Decline the proposal")
        expect(client.page.locator(".banner")).to_contain_text("You declined this proposal")
        client.looks_right("proposal-declined")
        said = [(fact.payload["decision"], fact.payload["text"], fact.payload["reason"]) for fact in _facts(someone, "proposal.answered")]
        assert said == [("change", "One language more, please.", ""), ("decline", "", "postponed")]
        someone.gets("proposal/v1/declined")
        someone.stands("lost")
        client.goes(someone.link("comeback"))
        client.looks_right("comeback")
        client.presses("Yes, go on")
        expect(client.page.get_by_role("heading", level=1)).to_contain_text("Welcome back")
        client.looks_right("welcome-back")
    assert someone.stands("briefing").round == 2


def test_who_holds_an_old_link_gets_a_new_one_by_mail(system: System, chromium: Browser, proposed: list[Someone]):
    someone = proposed[1]
    for kind in (DESKTOP, PHONE):
        with visit(chromium, system.base, kind) as client:
            client.goes(f"/p/{'a' * 32}", status=404)
            client.looks_right("link-unknown")
            client.page.get_by_label("Your e-mail").fill(someone.email)
            client.presses("Send me a new link")
            expect(client.page.get_by_role("heading", level=1)).to_have_text("Look into your inbox")
            client.looks_right("link-sent")
    [asked] = _facts(someone, "link.asked")
    someone.gets(f"link/{asked.id}")


@pytest.mark.parametrize(
    ("kind", "button", "told", "stands"),
    [(PHONE, "Let us talk", "Good. Let us talk.", "briefing"), (DESKTOP, "That rules us out", "Thank you for telling us.", "declined")],
)
def test_a_small_budget_is_a_question_answered_by_one_button(
    system: System, chromium: Browser, someone: Someone, kind: dict[str, Any], button: str, told: str, stands: str
):
    someone.applies(budget="900")
    with visit(chromium, system.base, kind) as client:
        client.goes(_after(someone, "intake/minimum", "qualify"))
        client.looks_right("qualify")
        client.presses(button)
        expect(client.page.get_by_role("heading", level=1)).to_have_text(told)
        client.looks_right(f"qualify-{stands}")
    someone.stands(stands)


def test_a_manager_changes_hours_with_a_reason_and_the_salesperson_records_the_contract(system: System, chromium: Browser, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    someone.sends_brief(**COMPLEX)
    path = _after(someone, "estimate/v1/approval", "approve")
    with visit(chromium, system.base, PHONE) as staff:
        staff.goes(path)
        staff.looks_right("approve")
    with visit(chromium, system.base) as staff:
        staff.goes(path)
        staff.looks_right("approve")
        before = staff.page.locator(".figures .big").inner_text()
        staff.page.get_by_label("Calculator").fill("40")
        staff.presses("Recount")
        assert staff.page.locator(".figures .big").inner_text() != before
        with staff.expects(422):
            staff.presses("Approve")
            expect(staff.page.locator("#problems")).to_be_focused()
        staff.looks_right("approve-problems")
        staff.page.get_by_label("Reason").fill("Soil tables are new to us.")
        staff.page.get_by_label("Your name").select_option("Tomasz Zielinski")
        staff.presses("Approve")
        expect(staff.page.locator(".banner")).to_contain_text("Approved by Tomasz Zielinski")
        staff.looks_right("approved")
    [review] = _facts(someone, "estimate.reviewed")
    assert review.payload["hours"] == {"calculator": 40} and review.payload["reason"] == "Soil tables are new to us."
    someone.gets("proposal/v1/mail")
    assert someone.accepts().status_code == 200
    someone.gets("r1/contract/prepare")
    with visit(chromium, system.base, PHONE) as staff:
        staff.goes(someone.link("contract-word"))
        staff.looks_right("contract-word")
        staff.page.get_by_label("It was signed").check()
        staff.page.get_by_label("Your name").select_option("Conor Walsh")
        staff.presses("Record it")
        expect(staff.page.get_by_role("heading", level=1)).to_have_text("Signed: Acme")
        staff.looks_right("contract-signed")
    someone.stands("signed")


def test_staff_read_a_proposal_and_the_sent_letters_and_answer_nothing(system: System, chromium: Browser, proposed: list[Someone]):
    for kind in (DESKTOP, PHONE):
        with visit(chromium, system.base, kind) as staff:
            staff.goes("/outbox")
            staff.looks_right("outbox")
            staff.page.get_by_role("link", name="Your proposal").first.click()
            expect(staff.page.locator("iframe, .letter-text").first).to_be_visible()
            staff.looks_right("outbox-letter")
            staff.goes("/nothing-here", status=404)
            staff.looks_right("refused")


def test_on_paper_the_live_page_is_the_proposal_without_its_buttons(system: System, chromium: Browser, proposed: list[Someone]):
    with visit(chromium, system.base) as client:
        client.goes(proposed[1].link("proposal"))
        total = _total(client)
        client.page.emulate_media(media="print")
        for part in (".sum-bar", ".answer", ".foot", ".skip", ".top-note", ".recount"):
            expect(client.page.locator(part)).to_be_hidden()
        sheet = PdfReader(BytesIO(client.page.pdf(format="A4")))
    text = " ".join(" ".join(page.extract_text() for page in sheet.pages).split())
    assert 4 <= len(sheet.pages) <= 12
    assert f"€{total / 100:,.2f}" in text and "Recalculate" not in text and "Accept the proposal" not in text


def test_the_pdf_is_shown_in_the_browser_and_says_what_the_page_says(system: System, chromium: Browser, proposed: list[Someone]):
    with visit(chromium, system.base) as client:
        client.goes(proposed[1].link("proposal"))
        total = _total(client)
        href = client.page.get_by_role("link", name="PDF").get_attribute("href")
        answer = client.page.request.get(f"{system.base}{href}")
        sheet = PdfReader(BytesIO(answer.body()))
    assert answer.headers["content-type"] == "application/pdf" and answer.headers["content-disposition"].startswith("inline")
    assert 5 <= len(sheet.pages) <= 8
    assert f"€{total / 100:,.2f}" in "".join(page.extract_text() for page in sheet.pages)


def test_the_form_on_the_studios_own_site_sends_an_application_with_its_campaign(system: System, chromium: Browser, someone: Someone, own_site: str):
    with visit(chromium, own_site) as client:
        client.goes("/?utm_source=search&utm_medium=cpc&utm_term=garden+site")
        client.page.get_by_role("radio", name="Landing page").check()
        client.page.get_by_label("Your name").fill("Ada Byron")
        client.page.get_by_label("E-mail").fill(someone.email)
        assert client.page.evaluate(browser.AUDIT) in ([], ["no one main part"]), "the form is as readable there as here"
        browser.shoot(client.page, "embedded-desktop")
        client.presses("Send")
        client.page.wait_for_url(f"{system.base}/thanks")
    source = someone.stands("briefing").source
    assert source == source | {"utm_source": "search", "utm_medium": "cpc", "utm_term": "garden site"} and own_site in source["referrer"]


@pytest.fixture
def own_site(system: System) -> Iterator[str]:
    """The address of the studio's own site, on another origin."""

    class Site(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "text/html; charset=utf-8")
            self.end_headers()
            self.wfile.write(SITE.format(home=system.base).encode())

        def log_message(self, format: str, *args: Any) -> None:
            """Tests are quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Site) as server:
        thread = threading.Thread(target=partial(server.serve_forever, poll_interval=0.05))
        thread.start()
        yield f"http://localhost:{server.server_port}"
        server.shutdown()
        thread.join()


def _applies(client: Visit, someone: Someone, path: str) -> None:
    client.goes(path)
    client.looks_right("apply")
    client.page.get_by_role("radio", name="Corporate site").check()
    for label, text in (("Your name", "Ada Byron"), ("E-mail", someone.email), ("Company", "Acme"), ("Budget", "€ 24,000"), ("What is it about?", "A site.")):
        client.page.get_by_label(label).fill(text)
    client.presses("Send")
    expect(client.page.locator(".lead")).to_contain_text(someone.email)
    client.looks_right("thanks")


def _saves_by_itself(client: Visit, someone: Someone) -> None:
    client.fills({"about": "Gardens for schools.", "goal": ["enquiries"]})
    expect(client.page.locator("#saved")).to_contain_text("Saved at")
    with someone.system.db.reading() as session:
        assert session.get_one(Brief, someone.deal).answers["about"] == "Gardens for schools."
    client.page.reload()
    assert client.page.locator("[name=q_about]").input_value() == "Gardens for schools."
    expect(client.page.locator("[name=q_goal][value=enquiries]")).to_be_checked()


def _after(someone: Someone, letter: str, kind: str) -> str:
    someone.gets(letter)
    return someone.link(kind)


def _total(client: Visit) -> int:
    return int(client.page.locator("#accept [name=total]").get_attribute("value") or 0)


def _facts(someone: Someone, kind: str) -> list[Fact]:
    with someone.system.db.reading() as session:
        return list(session.exec(select(Fact).where(Fact.deal_id == someone.deal, Fact.kind == kind).order_by(col(Fact.id))))


def _is_frozen(someone: Someone, options: int) -> None:
    with someone.system.db.reading() as session:
        document = session.exec(select(Document).where(Document.deal_id == someone.deal, Document.kind == "proposal")).one()
    assert document.state == "frozen" and len(document.selection) == options
    someone.stands("contracting")
