"""The contract's pages: what is asked, what is posted, what is said in each state, what a browser makes of it."""

import mimetypes
from collections.abc import Iterator
from urllib.parse import parse_qs, urlparse

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from models.pages import Form
from templates import STATIC, render
from tests.parts import CHROMIUM, requires
from tests.templates.contract_samples import HASHES, MAIL, TYPED, contract_body, contract_document, contract_page, contract_pages, taxed_body
from tests.templates.reading import Reading
from tests.templates.samples import brand

PAGES = contract_pages()
SETTLED = ["countersigning", "signed", "signed-paper", "void", "closed", "on-hold", "staff"]


def html(name: str) -> str:
    template, record = PAGES[name]
    return render(f"pages/{template}.html", record.context())


def read(name: str) -> Reading:
    return Reading(html(name))


def text(name: str) -> str:
    return " ".join("".join(read(name).text).split())


def forms(name: str) -> dict[str, set[str]]:
    """Where each form is posted, with the names of its fields and of its buttons that have one."""
    found: dict[str, set[str]] = {}
    for tag, attributes in read(name).tags:
        if tag == "form":
            found[attributes["action"]] = set()
        elif tag in {"input", "select", "textarea", "button"} and "name" in attributes:
            found[list(found)[-1]].add(attributes["name"])
    return found


# What is posted


def test_each_form_posts_exactly_the_documented_fields() -> None:
    details = {"legal_name", "registration", "street", "extra", "postcode", "city", "country", "vat_id", "invoice_email"}
    change = {"text", "name", "version"}
    assert forms("contract-details") == {"/c/tok/details": details}
    assert forms("contract") == {"/c/tok/code": {"name", "role", "email", "version"}, "/c/tok/change": change}
    assert forms("contract-code") == {"/c/tok/sign": {"name", "role", "email", "consent", "code", "version"}, "/c/tok/change": change}
    assert forms("countersign") == {"/s/tok": {"decision", "name", "reason", "version"}}
    assert forms("contract-word") == {"/k/tok": {"who", "decision", "signed_on", "name", "role", "scan", "reason", "text"}}


def test_the_scan_can_be_sent() -> None:
    (form,) = read("contract-word").all("form")
    assert form["enctype"] == "multipart/form-data"


def test_the_version_that_was_read_goes_with_every_answer() -> None:
    for name in ("contract", "contract-code", "countersign"):
        page = read(name)
        versions = [attributes["value"] for attributes in page.all("input") if attributes.get("name") == "version"]
        assert set(versions) == {"2"}
        assert len(versions) == sum(tag == "form" for tag, _ in page.tags)


def test_the_code_field_is_made_for_a_code() -> None:
    (code,) = [attributes for attributes in read("contract-code").all("input") if attributes.get("name") == "code"]
    assert (code["inputmode"], code["autocomplete"], code["maxlength"], code["value"]) == ("numeric", "one-time-code", "6", "")


@pytest.mark.parametrize("name", ["contract-code", "contract-code-wrong", "contract-code-late", "contract-problems"])
def test_what_was_typed_is_kept(name: str) -> None:
    _, record = PAGES[name]
    given = record.context()["form"]["given"]
    fields = [attributes for attributes in read(name).all("input") if attributes.get("id", "").startswith("f-") and attributes.get("type") != "checkbox"]
    values = {attributes["name"]: attributes["value"] for attributes in fields}
    assert {key: values[key] for key in given} == given


def test_a_tick_is_kept() -> None:
    def ticked(given: dict[str, str | list[str]]) -> list[bool]:
        wrong = Form(given=given, problems={"code": "No."})
        page = Reading(render("pages/contract.html", contract_page(about="sign", form=wrong, code_sent_to=MAIL, tries_left=3).context()))
        return ["checked" in attributes for attributes in page.all("input") if attributes.get("name") == "consent"]

    assert ticked({**TYPED, "consent": "yes"}) == [True]
    assert ticked(TYPED) == [False]


def test_a_problem_of_one_form_is_not_shown_in_another() -> None:
    page = read("contract-change-problem")
    wrong = [attributes["id"] for attributes in page.all("input", "textarea") if attributes.get("aria-invalid")]
    assert wrong == ["c-text"]
    assert "#c-text" in {attributes.get("href") for attributes in page.all("a")}


# What is said


@pytest.mark.parametrize("state", SETTLED)
def test_a_contract_that_cannot_be_signed_now_offers_no_signing(state: str) -> None:
    assert forms(f"contract-{state}") == {}
    assert "sum-bar" not in html(f"contract-{state}")


def test_whoever_asked_for_a_change_may_add_to_it_or_sign_after_all() -> None:
    assert set(forms("contract-change-asked")) == {"/c/tok/code", "/c/tok/change"}
    assert "we are working on it" in text("contract-change-asked")


def test_where_the_code_went_is_masked_and_how_long_it_is_good_is_said() -> None:
    said = text("contract-code")
    assert "a•••@eichenhof.example" in said
    assert "24 March 2026, 14:17" in said
    assert "5 tries" in said
    again = render("pages/contract.html", contract_page(code_sent_to="a•••@eichenhof.example", tries_left=1).context())
    assert "a•••@eichenhof.example" in " ".join("".join(Reading(again).text).split())


def test_a_new_code_is_offered_only_when_one_may_be_asked_for() -> None:
    assert [attributes["formaction"] for attributes in read("contract-code").all("button") if "formaction" in attributes] == ["/c/tok/code"]
    assert "formaction" not in html("contract-code-wrong")
    assert "in a few minutes" in text("contract-code-wrong")


def test_a_code_tried_too_often_is_no_longer_asked_for() -> None:
    assert "code" not in forms("contract-code-spent")["/c/tok/code"]
    assert "no longer works" in text("contract-code-spent")
    main = html("contract-code-spent-wait").partition('id="sign"')[2].partition("</section>")[0]
    assert "<button" not in main
    assert "in a few minutes" in main


@pytest.mark.parametrize(
    ("name", "said"), [("late", "That code has expired."), ("early", "Please wait an hour, or call us."), ("last", "it was the last try.")]
)
def test_a_problem_without_a_field_is_said_once_and_the_reader_put_before_it(name: str, said: str) -> None:
    assert text(f"contract-code-{name}").count(said) == 1
    assert [attributes["role"] for _, attributes in read(f"contract-code-{name}").tags if attributes.get("id") == "problems"] == ["alert"]
    assert "no longer works" not in text(f"contract-code-{name}")


def test_what_changed_since_the_last_version_is_listed() -> None:
    assert all(line in text("contract") for line in contract_body().changes)
    assert "What changed" not in text("contract-first")


def test_a_contract_that_changed_meanwhile_says_that_nothing_was_signed() -> None:
    assert "Nothing was signed" in text("contract-changed")


def test_a_signed_contract_says_by_whom_and_when_and_leads_on() -> None:
    said = text("contract-signed")
    assert "Anna Vogt signed on 24 March 2026, 14:05, and Northlight has countersigned." in said
    links = {attributes.get("href") for attributes in read("contract-signed").all("a")}
    assert {"/c/tok.pdf", "/i/tok"} <= links
    assert "/i/tok" not in {attributes.get("href") for attributes in read("contract-signed-paper").all("a")}


def test_the_contents_lead_to_every_clause_and_appendix() -> None:
    nav = html("contract").partition("<nav")[2].partition("</nav>")[0]
    count = len(contract_body().clauses)
    for anchor in [*(f"#clause-{at}" for at in range(1, count + 1)), "#parties", "#appendix-1", "#appendix-2", "#sign"]:
        assert f'href="{anchor}"' in nav
    assert "#sign" not in html("contract-signed").partition("<nav")[2].partition("</nav>")[0]


def test_every_paragraph_has_its_number() -> None:
    page = html("contract")
    for at, clause in enumerate(contract_body().clauses, start=1):
        for below in range(1, len(clause.paragraphs) + 1):
            assert f'<span class="no">{at}.{below}</span>' in page


def test_the_fingerprint_is_copied_whole() -> None:
    assert HASHES[0] in "".join(read("contract").text)


def test_prices_follow_the_vat_rule() -> None:
    page = Reading(render("pages/contract.html", contract_page(document=contract_document(body=taxed_body())).context()))
    taxed, exempt = " ".join("".join(page.text).split()), text("contract")
    assert "VAT 23 %" in taxed
    assert "€9,372.00 net" in taxed
    assert "VAT, reverse charge" in exempt
    assert "with VAT" not in exempt


def test_a_contract_being_made_looks_again_by_itself() -> None:
    page = read("contract-details-making")
    refresh = [attributes["content"] for attributes in page.all("meta") if attributes.get("http-equiv") == "refresh"]
    assert refresh == ["2; url=/c/tok"]
    assert [attributes["role"] for attributes in page.all("p") if attributes.get("aria-live") == "polite"] == ["status"]
    for name in ("contract-details", "contract-details-closed", "contract"):
        assert "http-equiv" not in html(name)


def test_staff_see_that_the_form_is_open_and_cannot_fill_it_in() -> None:
    assert forms("contract-details-staff") == {}
    assert "has not answered yet" in text("contract-details-staff")


@pytest.mark.parametrize("state", ["signed", "refused", "closed"])
def test_what_the_director_decided_is_not_asked_again(state: str) -> None:
    assert forms(f"countersign-{state}") == {}
    assert "nothing left to decide" in text(f"countersign-{state}")


# In a browser


class Site:
    """The samples behind addresses; remembers what was posted."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, dict[str, list[str]]]] = []

    def answer(self, route: Route) -> None:
        address = urlparse(route.request.url)
        if route.request.method == "POST":
            self.posted.append((address.path, parse_qs(route.request.post_data or "", keep_blank_values=True)))
            route.fulfill(status=204)
        elif address.path == "/static/brand.css":
            route.fulfill(body=render("pages/brand.css", brand().context()), content_type="text/css")
        elif address.path.startswith("/static/"):
            file = STATIC / address.path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "font/woff2")
        else:
            route.fulfill(body=html(address.path.strip("/")), content_type="text/html")


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


@pytest.fixture(params=[True, False], ids=["scripts", "no-scripts"])
def page(request: pytest.FixtureRequest, browser: Browser, site: Site) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=request.param)
    page = context.new_page()
    page.route("**/*", site.answer)
    yield page
    context.close()


@pytest.mark.browser
def test_a_client_asks_for_the_code_and_then_signs(page: Page, site: Site) -> None:
    page.goto("http://studio.example/contract")
    page.fill("#f-role", "Managing director")
    page.click("text=Mail me the code")
    page.goto("http://studio.example/contract-code")
    page.fill("#f-code", "204816")
    page.check("#f-consent")
    page.click("text=Sign the contract")
    who = {"version": ["2"], "name": ["Anna Vogt"], "role": ["Managing director"], "email": [MAIL]}
    assert site.posted == [("/c/tok/code", who), ("/c/tok/sign", {**who, "code": ["204816"], "consent": ["yes"]})]


@pytest.mark.browser
def test_asking_for_another_code_keeps_what_was_typed(page: Page, site: Site) -> None:
    page.goto("http://studio.example/contract-code")
    page.fill("#f-role", "Prokuristin")
    page.click("text=Mail me a new code")
    ((path, sent),) = site.posted
    assert (path, sent["role"], sent["name"]) == ("/c/tok/code", ["Prokuristin"], ["Anna Vogt"])


@pytest.mark.browser
def test_enter_in_the_code_signs_and_in_the_directors_name_does_nothing(page: Page, site: Site) -> None:
    page.goto("http://studio.example/countersign-nobody")
    page.fill("#f-name", "Aoife Brennan")
    page.press("#f-name", "Enter")
    page.goto("http://studio.example/contract-code")
    page.fill("#f-code", "204816")
    page.press("#f-code", "Enter")
    expect(page.locator("#f-code")).to_be_visible()
    assert [path for path, _ in site.posted] == ["/c/tok/sign"]


@pytest.mark.browser
def test_the_director_signs_or_refuses(page: Page, site: Site) -> None:
    page.goto("http://studio.example/countersign")
    page.select_option("#f-name", "Aoife Brennan")
    page.click("text=Sign for the studio")
    page.goto("http://studio.example/countersign-problem")
    page.fill("#f-reason", "The discount was never agreed.")
    page.click("button[value=refuse]")
    assert [(path, sent["decision"], sent["name"]) for path, sent in site.posted] == [
        ("/s/tok", ["sign"], ["Aoife Brennan"]), ("/s/tok", ["refuse"], ["Aoife Brennan"]),
    ]  # fmt: skip


@pytest.mark.browser
def test_whoever_comes_for_the_code_stands_in_its_field(browser: Browser, site: Site) -> None:
    context = browser.new_context(viewport={"width": 360, "height": 740})
    page = context.new_page()
    page.route("**/*", site.answer)
    page.goto("http://studio.example/contract-code")
    expect(page.locator("#f-code")).to_be_focused()
    expect(page.locator("#f-code")).to_be_in_viewport()
    page.evaluate(
        "() => { const data = new DataTransfer(); data.setData('text', ' 204 816\\n');"
        " document.activeElement.dispatchEvent(new ClipboardEvent('paste', {clipboardData: data, cancelable: true})); }"
    )
    assert page.input_value("#f-code") == "204816"
    page.goto("http://studio.example/contract-code-wrong")
    expect(page.locator("#problems")).to_be_focused()
    context.close()


@pytest.mark.browser
def test_the_contents_stand_beside_a_wide_contract_and_nowhere_on_a_telephone(browser: Browser, site: Site) -> None:
    for width, seen in ((1280, True), (360, False)):
        context = browser.new_context(viewport={"width": width, "height": 800})
        page = context.new_page()
        page.route("**/*", site.answer)
        for name in ("contract", "contract-hostile"):
            page.goto(f"http://studio.example/{name}")
            assert page.locator("nav.contents").is_visible() is seen
            assert page.evaluate("document.documentElement.scrollWidth") <= width
        context.close()


@pytest.mark.browser
def test_a_printed_page_is_the_contract_without_its_forms(browser: Browser, site: Site) -> None:
    context = browser.new_context()
    page = context.new_page()
    page.route("**/*", site.answer)
    page.goto("http://studio.example/contract")
    page.emulate_media(media="print")
    for hidden in ("#sign", "#change", "nav.contents", ".sum-bar", ".top-note"):
        assert not page.locator(hidden).is_visible(), hidden
    assert page.locator("#appendix-2").is_visible()
    context.close()
