"""From the accepted proposal to the money as clients and operators see it, in a real browser: at a desk, on a phone without scripts, by keyboard."""

import re
from collections.abc import Iterator
from datetime import timedelta
from io import BytesIO
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, expect
from pypdf import PdfReader
from sqlmodel import Session

from deployments.demo_cash import PARTY
from models import ledger, signing
from models.cash_tables import Invoice
from models.money import Money
from tests.e2e import browser
from tests.e2e.browser import DESKTOP, PHONE, Visit, facts, form_field, shoot, visit
from tests.e2e.client import Someone
from tests.e2e.system import System, eventually

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    yield from browser.chromium()


@pytest.mark.parametrize("kind", [DESKTOP, PHONE], ids=["at a desk", "on a phone without scripts"])
def test_a_client_gives_details_signs_and_pays(system: System, chromium: Browser, someone: Someone, kind: dict[str, Any]):
    someone.has_accepted()
    with visit(chromium, system.base, kind) as client:
        _gives_details(client, someone)
        _signs(client, someone)
        invoice = someone.is_billed()
        client.goes(someone.link("contract"))
        client.looks_right("contract-signed")
        client.presses("Open the invoice", "link")
        client.looks_right("invoice")
        _pays(client, invoice)
    someone.money("deposit_paid")
    [signed] = facts(someone, "contract.signed")
    assert (signed.payload["name"], signed.payload["role"], signed.payload["email"]) == ("Ada Byron", "Owner", someone.email)
    assert "Chrome" in signed.payload["agent"], "the evidence names the browser"


def test_what_was_signed_is_a_sealed_pdf_with_its_evidence(system: System, chromium: Browser, bought: Someone):
    with visit(chromium, system.base) as client:
        client.goes(bought.link("contract"))
        href = client.page.get_by_role("link", name="Download the signed contract").get_attribute("href")
        answer = client.page.request.get(f"{system.base}{href}")
        sheets = PdfReader(BytesIO(answer.body()))
    words = " ".join(sheets.pages[-1].extract_text().split())
    assert answer.headers["content-type"] == "application/pdf"
    assert "Evidence of signature" in words and bought.email in words and "Managing director" in words
    assert {"snapshot.json", "evidence.json", "contract.pdf"} <= set(sheets.attachments)


@pytest.mark.parametrize("kind", [DESKTOP, PHONE], ids=["at a desk", "on a phone without scripts"])
def test_a_day_is_promised_and_one_that_is_past_is_not_taken(system: System, chromium: Browser, billed: Someone, kind: dict[str, Any]):
    day = (system.now() + timedelta(days=5 if kind is PHONE else 6)).date()
    with visit(chromium, system.base, kind) as client:
        client.goes(billed.link(f"invoice:{billed.is_billed().id}"))
        client.page.locator("summary").click()
        client.page.locator("[name=on]").fill("2020-02-29")
        with client.expects(422):
            client.presses("Tell us the day")
            expect(client.page.get_by_role("alert")).to_contain_text("This day is past")
        client.looks_right("promise-problem")
        client.page.locator("[name=on]").fill(day.isoformat())
        client.page.get_by_label("Anything we should know").fill("The bank is closed on Monday.")
        client.presses("Tell us the day")
        expect(client.page.locator(".banner")).to_contain_text(f"You told us that you pay on {day.day} {day:%B %Y}")
        client.looks_right("promised")
    said = facts(billed, "payment.promised")[-1].payload
    assert (said["on"], said["text"], said["part"]) == (day.isoformat(), "The bank is closed on Monday.", 1)


def test_a_contract_is_signed_and_its_invoice_paid_by_keyboard_alone(system: System, chromium: Browser, someone: Someone):
    someone.has_accepted()
    someone.gives_details()
    someone.gets("contract/v1/mail")
    with visit(chromium, system.base) as client:
        keys = client.page.keyboard
        client.goes(someone.link("contract"))
        client.tabs_to("role")
        with client.expects(422):
            keys.press("Enter")
            expect(client.page.locator("#problems")).to_be_focused()
        client.tabs_to("Your role")
        keys.press("Enter")
        expect(client.page.get_by_role("textbox", name="Your role")).to_be_focused()
        keys.type("Owner")
        keys.press("Enter")
        expect(client.page.get_by_role("textbox", name="Code from the e-mail")).to_be_focused()
        client.page.reload()
        assert len(facts(someone, "contract.code_asked")) == 1, "a reload asks for nothing again"
        client.tabs_to("code")
        keys.type(_code(someone))
        client.tabs_to("consent")
        keys.press("Space")
        client.tabs_to("Sign the contract")
        keys.press("Enter")
        expect(client.page.locator(".settled")).to_contain_text("Signed by both sides")
        invoice = someone.is_billed()
        client.page.reload()
        client.tabs_to("Open the invoice")
        keys.press("Enter")
        expect(client.page.get_by_role("heading", level=1)).to_contain_text(_money(invoice))
        client.tabs_to(f"Pay {_money(invoice)} online")
        keys.press("Enter")
        expect(client.page.get_by_role("heading", level=1)).to_have_text(_money(invoice))
        client.tabs_to("choice")
        keys.press("Enter")
        expect(client.page.get_by_role("heading", level=1)).to_contain_text("Paid. Thank you.")
    someone.money("deposit_paid")


def test_who_was_declined_or_went_back_has_not_paid(system: System, chromium: Browser, billed: Someone):
    invoice = billed.is_billed()
    with visit(chromium, system.base, PHONE) as client:
        client.goes(billed.link(f"invoice:{invoice.id}"))
        client.presses(f"Pay {_money(invoice)} online", "link")
        client.looks_right("pay")
        client.presses("Decline")
        expect(client.page.get_by_role("alert")).to_contain_text("The card was declined")
        client.looks_right("pay-declined")
        client.presses("Cancel and go back")
        expect(client.page.get_by_role("heading", level=1)).to_contain_text(f"{_money(invoice)} to be paid by")
    assert billed.newest_invoice().id == invoice.id and billed.money("deposit_due")


def test_an_operator_records_a_payment_in_the_resume_form_and_a_wrong_one_is_refused(system: System, chromium: Browser, page: Page, someone: Someone):
    invoice = someone.has_signed()
    wait = someone.is_asked("payment")
    page.goto(f"{system.settings.prefect_ui}/runs/flow-run/{wait.flow_run_id}")
    page.get_by_role("button", name="Resume").click()
    form = page.get_by_role("dialog")
    expect(form).to_contain_text("How much came in: 1230.50.")
    shoot(page, "prefect-payment")
    form.get_by_role("button", name="Submit").click()
    expect(form).to_contain_text("'amount' is a required property")
    _records(page, currency="USD")
    form.get_by_role("button", name="Submit").click()
    expect(page.get_by_text(f"Invoice {invoice.number} is in EUR").first).to_be_visible()
    shoot(page, "prefect-payment-refused")
    someone.is_asked("payment")
    assert _open(system, invoice) == invoice.gross
    page.reload()
    page.get_by_role("button", name="Resume").click()
    _records(page, currency="EUR")
    form.get_by_role("button", name="Submit").click()
    eventually(lambda: _open(system, invoice) == invoice.gross - 100_000, lambda: someone.told() + system.log("worker"))
    [said] = facts(someone, "payment.recorded")
    assert (said.source, said.actor, said.payload["amount"]) == ("operator", "staff:Conor Walsh", "1000")
    with visit(chromium, system.base) as client:
        client.goes(someone.link(f"invoice:{invoice.id}"))
        expect(client.page.locator(".came")).to_contain_text("Still open of")
        client.looks_right("invoice-part-paid")


@pytest.fixture(scope="module")
def bought(system: System) -> Someone:
    """A client who signed by a code from the mail and has not paid."""
    one = Someone(system)
    one.has_accepted()
    one.signs_and_is_billed()
    return one


@pytest.fixture(scope="module")
def billed(system: System) -> Someone:
    """A client with an invoice that is not paid."""
    one = Someone(system)
    one.has_signed()
    return one


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """An operator's window."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000}, reduced_motion="reduce")
    window = context.new_page()
    window.set_default_timeout(browser.PATIENCE)
    yield window
    context.close()


def _gives_details(client: Visit, someone: Someone) -> None:
    client.goes(someone.link("contract"))
    client.looks_right("contract-details")
    client.page.get_by_label("VAT number").fill("IE1")
    with client.expects(422):
        client.presses("Make the contract")
        expect(client.page.get_by_role("alert")).to_contain_text("3 things need your attention")
    client.looks_right("contract-details-problems")
    for name, value in PARTY.items():
        if name == "country":
            client.page.get_by_label("Country").select_option(value)
        else:
            client.page.locator(f"[name={name}]").fill(value)
    client.presses("Make the contract")
    expect(client.page.get_by_role("heading", level=1)).to_contain_text(f"Corporate site for {PARTY['legal_name']}")
    client.looks_right("contract")


def _signs(client: Visit, someone: Someone) -> None:
    signing_part = client.page.locator("#sign")
    with client.expects(422):
        client.presses("Mail me the code")
        expect(signing_part.get_by_role("alert")).to_contain_text("Please say what you are in the firm")
    client.looks_right("contract-signer-problem")
    client.page.get_by_label("Your role").fill("Owner")
    client.presses("Mail me the code")
    expect(signing_part.get_by_role("status")).to_contain_text("5 tries")
    expect(client.page.get_by_label("Your role")).to_have_value("Owner")
    client.looks_right("contract-code")
    code = _code(someone)
    client.page.get_by_label("Code from the e-mail").fill(f"{(int(code) + 1) % 10**6:06}")
    client.page.get_by_role("checkbox", name=re.compile("^I have read contract")).check()
    with client.expects(422):
        client.presses("Sign the contract")
        expect(signing_part.get_by_role("alert")).to_contain_text("You have 4 tries left")
    client.looks_right("contract-wrong-code")
    client.page.get_by_label("Code from the e-mail").fill(code)
    client.presses("Sign the contract")
    expect(client.page.locator(".settled")).to_contain_text("Ada Byron signed on")
    expect(client.page.locator(".settled")).to_contain_text("Signed by both sides")


def _pays(client: Visit, invoice: Invoice) -> None:
    client.presses(f"Pay {_money(invoice)} online", "link")
    expect(client.page.get_by_role("heading", level=1)).to_have_text(_money(invoice))
    client.looks_right("pay")
    client.presses(f"Pay {_money(invoice)}")
    first = client.page.get_by_role("heading", level=1)
    expect(first, "nobody who has paid is asked to pay").to_contain_text("Thank you.")
    expect(first).to_contain_text("Paid. Thank you.")
    client.looks_right("paid")


def _records(page: Page, currency: str) -> None:
    """Fill in Prefect's form: a thousand came today, by a transfer."""
    form = page.get_by_role("dialog")
    form_field(form, "Amount").get_by_role("spinbutton").fill("1000")
    form_field(form, "Currency").get_by_role("textbox").fill(currency)
    form_field(form, "On").locator(".p-date-button__control").click()
    for press in ("Today", "Apply"):
        page.locator(".p-date-picker").get_by_text(press, exact=True).click()
    form_field(form, "Who").get_by_role("textbox").fill("Conor Walsh")


def _code(someone: Someone) -> str:
    """The six digits, which are in the letter only."""
    someone.gets("contract/v1/code/1")
    return signing.digits("for tests only", someone.deal, 1, 1)


def _money(invoice: Invoice) -> str:
    return Money(amount=invoice.gross, currency=invoice.currency).format("en-IE")


def _open(system: System, invoice: Invoice) -> int:
    with system.db.reading() as session:
        return _rest(session, invoice)


def _rest(session: Session, invoice: Invoice) -> int:
    return ledger.open_of(session, session.get_one(Invoice, invoice.id)).amount
