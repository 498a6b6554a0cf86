"""Pages in a real browser under a strict content policy: phone width, the keyboard, and what the scripts add."""

import mimetypes
from collections.abc import Iterator
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from templates import STATIC, render
from tests.parts import CHROMIUM, requires
from tests.templates.sample_pages import pages, proposal_page
from tests.templates.samples import brand, document, totals

pytestmark = pytest.mark.browser
POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; "
    "form-action 'self'; connect-src 'self'; frame-src 'self'; base-uri 'none'"
)
PAGES = pages()
PRESSED = ["apply", "brief", "proposal", "approve", "contract", "contract-code", "contract-details", "contract-word", "countersign"]
PRESSED += ["act", "act-code"]
PRESSED += ["invoice", "invoice-promise-problem", "project-materials", "project-shown", "project-change", "project-training", "work-check", "work-launch"]
PRICES = {"photography": 2400, "irish": 2850, "adverts": 3600, "measuring": 780}


class Site:
    """The samples behind addresses; remembers what was posted and what the browser complained about."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str]] = []
        self.complaints: list[str] = []

    def answer(self, route: Route) -> None:
        """One request, answered from the samples."""
        address = urlparse(route.request.url)
        headers = {"content-security-policy": POLICY, "access-control-allow-origin": "*"}
        if route.request.method == "POST":
            self.posted.append((address.path, route.request.post_data or ""))
            route.fulfill(status=204)
        elif address.netloc == "client.example":
            script = '<div id="x"><a href="/">Form</a></div><script src="http://studio.example/embed.js" data-target="#x"></script>'
            route.fulfill(body=script, content_type="text/html")
        elif address.path == "/static/brand.css":
            route.fulfill(body=render("pages/brand.css", brand().context()), content_type="text/css")
        elif address.path == "/embed.js" or address.path.startswith("/static/"):
            file = STATIC / address.path.removeprefix("/static/").removeprefix("/")
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "font/woff2")
        else:
            route.fulfill(body=self.page(address.path, parse_qs(address.query)), content_type="text/html", headers=headers)

    def page(self, path: str, query: dict[str, list[str]]) -> str:
        """A sample page; the proposal counts its options as the server would."""
        if path.startswith("/outbox/"):
            return "<p>A letter</p>"
        if path != "/p/tok":
            template, record = PAGES[path.strip("/")]
            return render(template, record.context())
        selected = query.get("option", [])
        if "adverts" in selected and "measuring" not in selected:
            selected = [*selected, "measuring"]
        counted = totals(21030 + sum(PRICES[slug] for slug in selected), 44 + len(selected))
        return render("documents/proposal/page.html", proposal_page(document=document(selected=selected, totals=counted)).context())


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    requires("browser")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def site() -> Site:
    return Site()


@pytest.fixture
def phone(browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.route("**/*", site.answer)
    page.on("console", lambda message: site.complaints.append(message.text))
    page.on("pageerror", lambda error: site.complaints.append(str(error)))
    yield page
    context.close()


def test_every_page_fits_a_phone_and_the_policy(phone: Page, site: Site) -> None:
    for name in PAGES:
        phone.goto(f"http://studio.example/{name}")
        if (width := phone.evaluate("document.documentElement.scrollWidth")) > 360:
            site.complaints.append(f"{name} is {width} wide")
    assert [said for said in site.complaints if "404" not in said] == []


@pytest.mark.parametrize("name", PRESSED)
def test_what_a_finger_presses_is_large_enough(phone: Page, name: str) -> None:
    phone.goto(f"http://studio.example/{name}")
    heights = phone.eval_on_selector_all(
        "main button:not(.trap), main select, main textarea, main label.choice, main label.option, main summary",
        "all => all.filter(one => one.checkVisibility()).map(one => one.getBoundingClientRect().height)",
    )
    assert heights
    assert min(heights) >= 40


def test_the_intake_form_is_walked_by_keyboard_in_its_order(phone: Page) -> None:
    phone.goto("http://studio.example/apply")
    walked = []
    for _ in range(9):
        phone.keyboard.press("Tab")
        walked.append(phone.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    assert walked == ["Skip to the content", "service", "name", "email", "phone", "company", "budget", "message", "Send"]


def test_a_page_with_problems_puts_the_reader_before_them(phone: Page) -> None:
    phone.goto("http://studio.example/proposal-problem")
    assert phone.evaluate("document.activeElement.id") == "problems"


def test_ticking_an_option_changes_total_and_what_is_accepted_and_keeps_the_name(phone: Page) -> None:
    phone.goto("http://studio.example/p/tok")
    phone.fill("#accept input[name=name]", "Margaret Hallam")
    phone.check("#o-adverts")
    expect(phone.locator(".accept-total")).to_have_text("€31,254.30")
    hidden = phone.eval_on_selector_all("#accept input[type=hidden]", "all => all.map(one => one.name + '=' + one.value)")
    assert hidden == ["version=2", "total=3125430", "option=adverts", "option=measuring"]
    assert phone.is_checked("#o-measuring")
    assert phone.input_value("#accept input[name=name]") == "Margaret Hallam"
    assert "€31,254.30" in phone.inner_text(".sum-bar")


def test_a_question_appears_when_it_applies_and_the_draft_is_saved(phone: Page, site: Site) -> None:
    phone.goto("http://studio.example/brief")
    assert not phone.is_visible("#f-q_provider")
    phone.check("input[name=q_shop][value=yes]")
    assert phone.is_visible("#f-q_provider")
    expect(phone.locator("#saved")).to_contain_text("Saved at")
    path, body = site.posted[-1]
    assert path == "/b/tok/draft"
    assert 'name="q_shop"\r\n\r\nyes' in body


def test_without_scripts_every_question_is_there(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("**/*", site.answer)
    page.goto("http://studio.example/brief")
    assert page.is_visible("#f-q_provider")
    page.goto("http://studio.example/p/tok")
    assert page.is_visible("text=Recalculate")
    context.close()


def test_the_form_on_the_studios_own_site_keeps_where_the_visitor_came_from(phone: Page) -> None:
    phone.goto("http://client.example/page?utm_source=news&utm_campaign=spring")
    phone.wait_for_selector("form.studio-form")
    hidden = dict(phone.eval_on_selector_all("form input[type=hidden]", "all => all.map(one => [one.name, one.value])"))
    assert (hidden["utm_source"], hidden["utm_campaign"], hidden["started"]) == ("news", "spring", "1773320700.sig")
    assert hidden["referrer"].startswith("http://client.example/page")
    assert phone.get_attribute("form", "action") == "http://studio.example/apply"
    assert phone.evaluate("document.documentElement.scrollWidth") <= 360


def test_the_account_is_copied_by_a_button_and_the_reader_is_told(phone: Page, site: Site) -> None:
    phone.goto("http://studio.example/invoice")
    names = phone.eval_on_selector_all(".copy", "all => all.map(one => one.getAttribute('aria-label'))")
    assert names == ["Copy: Account holder", "Copy: IBAN", "Copy: BIC", "Copy: Reference"]
    phone.click("[aria-label='Copy: IBAN']")
    expect(phone.locator("#copied")).to_have_text("IBAN copied.")
    phone.click("summary")
    phone.focus("textarea")
    phone.keyboard.press("Control+V")
    assert phone.input_value("textarea") == "IE64IRCE92050112345678"
    assert site.complaints == []


def test_without_scripts_one_press_selects_the_account_and_the_day_is_told(browser: Browser, site: Site) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.route("**/*", site.answer)
    page.goto("http://studio.example/invoice")
    assert page.locator(".copy").count() == 0
    page.click("#c-iban")
    assert page.evaluate("window.getSelection().toString()") == "IE64IRCE92050112345678"
    page.click("summary")
    page.fill("#f-on", "2026-04-10")
    page.click("text=Tell us the day")
    assert site.posted == [("/i/tok/promise", "on=2026-04-10&text=")]
    context.close()


def test_printed_the_page_is_the_invoice_and_when_paid_its_receipt(phone: Page) -> None:
    phone.emulate_media(media="print")
    for name, receipt in (("invoice", False), ("invoice-paid", True)):
        phone.goto(f"http://studio.example/{name}")
        seen = {part: phone.is_visible(part) for part in (".desk", ".top", ".foot", ".paper", ".pay")}
        assert seen == {".desk": False, ".top": False, ".foot": False, ".paper": True, ".pay": not receipt}
        assert phone.is_visible(".receipt") if receipt else not phone.locator(".receipt").count()


def test_the_keyboard_reaches_what_there_is_to_do_in_its_order(phone: Page) -> None:
    phone.goto("http://studio.example/invoice")
    walked = []
    for _ in range(10):
        phone.keyboard.press("Tab")
        walked.append(phone.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.textContent.trim()"))
    assert walked == [
        "Skip to the content", "PDF", "Pay €11,527.56 online", "Invoice as PDF", "E-invoice for your software (XML)",
        "Copy: Account holder", "Copy: IBAN", "Copy: BIC", "Copy: Reference", "I’ll pay on another day",
    ]  # fmt: skip
