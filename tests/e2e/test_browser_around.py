"""What surrounds the sale, in a real browser: staff pages, letters, paper, and the form on the studio's own site."""

import threading
from collections.abc import Iterator
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import Browser, expect
from pypdf import PdfReader

from tests.e2e import browser
from tests.e2e.browser import DESKTOP, PHONE, after, facts, total, visit
from tests.e2e.client import COMPLEX, Someone
from tests.e2e.system import System

pytestmark = pytest.mark.browser
SITE = """<!doctype html><html lang="en"><head><title>Our own site</title><link rel="icon" href="data:,"></head><body><h1>Our own site</h1>
<div id="here"><a href="{home}/apply">Tell us about your project</a></div><script src="{home}/embed.js" data-target="#here" async></script></body></html>"""


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from browser.chromium()


@pytest.fixture(scope="module")
def proposed(system: System) -> Someone:
    """A client who has a proposal."""
    one = Someone(system)
    one.has_proposal()
    return one


def test_a_manager_changes_hours_with_a_reason_and_the_salesperson_records_the_contract(system: System, chromium: Browser, someone: Someone):
    someone.applies()
    someone.gets("r1/brief/mail")
    someone.sends_brief(**COMPLEX)
    path = after(someone, "estimate/v1/approval", "approve")
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
    [review] = facts(someone, "estimate.reviewed")
    assert review.payload["hours"] == {"calculator": 40} and review.payload["reason"] == "Soil tables are new to us."
    someone.gets("proposal/v1/mail")
    assert someone.accepts().status_code == 200
    someone.gets("r1/contract/word")
    someone.gets("r1/contract/details")
    someone.gives_details()
    someone.gets("contract/v1/mail")
    someone.is_asked("contract")
    with visit(chromium, system.base, PHONE) as staff:
        staff.goes(someone.link("contract-word"))
        staff.looks_right("contract-word")
        staff.page.get_by_label("It was signed").check()
        staff.page.get_by_label("Your name").select_option("Conor Walsh")
        staff.presses("Record it")
        expect(staff.page.get_by_role("heading", level=1)).to_have_text("Signed: Acme")
        staff.looks_right("contract-signed")
    someone.stands("signed")


def test_staff_read_a_proposal_and_the_sent_letters_and_answer_nothing(system: System, chromium: Browser, proposed: Someone):
    for kind in (DESKTOP, PHONE):
        with visit(chromium, system.base, kind) as staff:
            staff.goes("/outbox")
            staff.looks_right("outbox")
            staff.page.get_by_role("link", name="Your proposal").first.click()
            expect(staff.page.locator("iframe, .letter-text").first).to_be_visible()
            staff.looks_right("outbox-letter")
            staff.goes("/nothing-here", status=404)
            staff.looks_right("refused")


def test_on_paper_the_live_page_is_the_proposal_without_its_buttons(system: System, chromium: Browser, proposed: Someone):
    with visit(chromium, system.base) as client:
        client.goes(proposed.link("proposal"))
        shown = total(client)
        client.page.emulate_media(media="print")
        for part in (".sum-bar", ".answer", ".foot", ".skip", ".top-note", ".recount"):
            expect(client.page.locator(part)).to_be_hidden()
        sheet = PdfReader(BytesIO(client.page.pdf(format="A4")))
    text = " ".join(" ".join(page.extract_text() for page in sheet.pages).split())
    assert 4 <= len(sheet.pages) <= 12
    assert f"€{shown / 100:,.2f}" in text and "Recalculate" not in text and "Accept the proposal" not in text


def test_the_pdf_is_shown_in_the_browser_and_says_what_the_page_says(system: System, chromium: Browser, proposed: Someone):
    with visit(chromium, system.base) as client:
        client.goes(proposed.link("proposal"))
        shown = total(client)
        href = client.page.get_by_role("link", name="PDF").get_attribute("href")
        answer = client.page.request.get(f"{system.base}{href}")
        sheet = PdfReader(BytesIO(answer.body()))
    assert answer.headers["content-type"] == "application/pdf" and answer.headers["content-disposition"].startswith("inline")
    assert 5 <= len(sheet.pages) <= 8
    assert f"€{shown / 100:,.2f}" in "".join(page.extract_text() for page in sheet.pages)


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
