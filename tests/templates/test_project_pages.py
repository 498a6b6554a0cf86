"""The pages of a project: what each state offers and posts, what is said first, and what a browser makes of it."""

import mimetypes
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlparse

import pytest
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from templates import STATIC, render
from tests.parts import CHROMIUM, requires
from tests.templates.project_samples import project_pages
from tests.templates.reading import Reading
from tests.templates.samples import brand

PAGES = project_pages()
AUDIT = (Path(__file__).parents[1] / "e2e" / "audit.js").read_text()
POLICY = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; font-src 'self'; form-action 'self'; connect-src 'self'; base-uri 'none'"
CLIENTS = ["project-materials", "project-rejected", "project-shown", "project-change", "project-act", "project-act-made"]
OURS = ["project-check", "project-working", "project-changes", "project-beyond", "project-launch", "project-faults", "project-plan"]
DONE = ["project-training", "project-handover", "project-archive", "project-archive-refused"]


def html(name: str) -> str:
    template, record = PAGES[name]
    return render(template, record.context())


def read(name: str) -> Reading:
    return Reading(html(name))


def text(name: str) -> str:
    return " ".join(re.sub(r"<[^>]+>", " ", html(name).partition("<main")[2]).split())


def heading(name: str) -> str:
    return re.search(r"<h1>(.*?)</h1>", html(name), re.DOTALL)[1].strip()


def forms(name: str) -> dict[str, set[str]]:
    """Where each form is posted, with the names of its fields and of its buttons that have one."""
    found: dict[str, set[str]] = {}
    at = ""
    for tag, attributes in read(name).tags:
        if tag == "form":
            at = attributes["action"]
            found.setdefault(at, set())
        elif tag in {"input", "select", "textarea", "button"} and "name" in attributes:
            found[at].add(attributes["name"])
    return found


# What is said


@pytest.mark.parametrize(("names", "said"), [(CLIENTS, "It is your move"), (OURS, "It is our move"), (DONE, "It is done"), (["project-paused"], "Paused: it is your move")])
def test_whose_move_it_is_stands_first(names: list[str], said: str) -> None:
    assert {name: heading(name) for name in names} == dict.fromkeys(names, said)


@pytest.mark.parametrize("name", [*CLIENTS, "project-paused"])
def test_where_the_client_is_asked_the_page_says_what_an_answer_today_is_worth(name: str) -> None:
    assert "If you answer today, ready on" in text(name)
    assert "Each working day later moves the day by one." in text(name)


@pytest.mark.parametrize("name", OURS)
def test_where_the_studio_is_at_work_no_day_is_held_out(name: str) -> None:
    assert "If you answer today" not in text(name)
    assert "Ready on" in text(name)


def test_what_moved_the_day_sums_up() -> None:
    assert "Planned for 17 June 2026 at first; moved by 3 working days: We waited for an answer to “Specification” 2 days We need longer: the designer was ill. 1 day" in text("project-working")


def test_lateness_of_ours_is_called_ours() -> None:
    assert "We are 2 working days late; that is ours, not yours." in text("project-late")
    assert "planned until" not in text("project-late")


def test_what_was_typed_in_vain_is_shown_to_be_copied() -> None:
    assert "What you typed , so that it is not lost: The oak photographs are too dark on a phone." in text("project-shown-changed")


def test_the_stage_now_is_marked_for_a_screen_reader() -> None:
    marked = [attributes for attributes in read("project-working").all("li") if attributes.get("aria-current")]
    assert [attributes["class"] for attributes in marked] == ["is-now"]
    assert "Specification done:" in text("project-working")


# What is posted


def test_each_form_of_the_client_posts_exactly_the_documented_fields() -> None:
    course = {"/j/tok/course": {"decision"}}
    material = {"action", "files", "link", "text"}
    later = {f"/j/tok/materials/{slug}": material for slug in ("photos", "terms")}
    assert forms("project-shown") == {"/j/tok/stage": {"stage", "version", "decision", "text", "name"}} | later | course
    assert forms("project-change") == {"/j/tok/change": {"stage", "offer", "total", "decision", "name"}} | later | course
    assert forms("project-training") == {"/j/tok/training": {"slot", "decision", "name"}} | course
    assert forms("project-materials") == {f"/j/tok/materials/{slug}": material for slug in ("logo", "person", "photos", "terms")}


def test_each_form_of_the_manager_posts_exactly_the_documented_fields() -> None:
    date = {"/w/tok/date": {"number", "days", "reason", "who"}}
    review = {"decision", "reason", "fact", "who"}
    assert forms("work-check") == {"/w/tok/materials/logo": review, "/w/tok/materials/photos": review} | date
    show = {"/w/tok/stage": {"stage", "version", "url", "note", "who"}}
    later = {f"/w/tok/materials/{slug}": review for slug in ("photos", "terms")}
    assert forms("work-working") == show | later | date
    assert forms("work-beyond") == show | {"/w/tok/change": {"stage", "number", "text", "hours", "price", "days", "who"}} | later | date
    assert forms("work-launch") == {"/w/tok/launch": {"item", "url", "note", "who"}} | date
    assert forms("work-faults") == {"/w/tok/mended": {"number", "note", "who"}} | date
    rows = {f"{name}_{row}" for name in ("what", "where", "held_by") for row in range(3)}
    assert forms("work-completed") == {"/w/tok/access": {"who", *rows}}


@pytest.mark.parametrize("name", ["project-archive", "project-archive-refused", "project-cancelled", "project-staff", "work-handed-over", "work-cancelled"])
def test_no_form_leads_back_to_what_is_over_and_staff_only_read(name: str) -> None:
    assert forms(name) == {}


def test_enter_in_a_material_sends_it_and_takes_nothing_out() -> None:
    first = {}
    at = ""
    for tag, attributes in read("project-rejected").tags:
        at = attributes["action"] if tag == "form" else at
        if tag == "button" and at not in first:
            first[at] = attributes["value"]
    assert {value for action, value in first.items() if "/materials/" in action} == {"send"}


def test_the_manager_who_leads_the_project_is_chosen_beforehand_and_may_be_changed() -> None:
    assert html("work-working").count("<option selected>Tomasz Zielinski</option>") == html("work-working").count('name="who"')
    assert "<option selected>Orla Brennan</option>" in html("work-launch-problem")


def test_a_form_with_problems_is_open_and_the_others_are_not() -> None:
    opened = [attributes for attributes in read("project-material-problem").all("details") if "open" in attributes]
    assert len(opened) == 1
    assert len([attributes for attributes in read("work-date-problem").all("details") if "open" in attributes]) == 2


def test_what_is_elsewhere_opens_without_telling_where_it_was_clicked() -> None:
    away = [attributes for name in PAGES for attributes in read(name).all("a") if attributes["href"].startswith("http")]
    assert away
    assert {attributes.get("rel") for attributes in away} == {"noopener noreferrer"}


# In a browser


class Site:
    """The samples behind addresses; what is posted is kept, and answered as the door would."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, bytes]] = []
        self.complaints: list[str] = []

    def answer(self, route: Route) -> None:
        path = urlparse(route.request.url).path
        headers = {"content-security-policy": POLICY}
        if route.request.method == "POST":
            self.posted.append((path, route.request.post_data_buffer or b""))
            route.fulfill(status=422, body=html("project-material-problem"), content_type="text/html", headers=headers)
        elif path == "/static/brand.css":
            route.fulfill(body=render("pages/brand.css", brand().context()), content_type="text/css")
        elif path.startswith("/static/"):
            file = STATIC / path.removeprefix("/static/")
            route.fulfill(body=file.read_bytes(), content_type=mimetypes.guess_type(file.name)[0] or "font/woff2")
        else:
            route.fulfill(body=html(path.strip("/")), content_type="text/html", headers=headers)


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


def window(browser: Browser, site: Site, *, width: int = 360, scripts: bool = True) -> Page:
    context = browser.new_context(viewport={"width": width, "height": 740}, java_script_enabled=scripts)
    page = context.new_page()
    page.route("**/*", site.answer)
    page.on("console", lambda message: site.complaints.append(message.text))
    page.on("pageerror", lambda error: site.complaints.append(str(error)))
    return page


@pytest.fixture
def phone(browser: Browser, site: Site) -> Iterator[Page]:
    page = window(browser, site)
    yield page
    page.context.close()


@pytest.mark.browser
@pytest.mark.parametrize(("width", "names"), [(360, list(PAGES)), (1280, [*CLIENTS, *DONE, "work-check", "work-beyond", "work-completed"])], ids=["phone", "desk"])
def test_every_state_can_be_read_and_reached(browser: Browser, site: Site, width: int, names: list[str]) -> None:
    page = window(browser, site, width=width)
    for name in names:
        page.goto(f"http://studio.example/{name}")
        found = page.evaluate(AUDIT)
        assert not found, f"{name}, {width}:\n" + "\n".join(found)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, name
    assert site.complaints == []
    page.context.close()


@pytest.mark.browser
def test_whose_move_it_is_is_seen_without_scrolling_on_a_phone(phone: Page) -> None:
    for name in (*CLIENTS, *OURS, "project-paused"):
        phone.goto(f"http://studio.example/{name}")
        lowest = phone.eval_on_selector_all(".turn h1, .turn-what > p:first-child", "all => Math.max(...all.map(one => one.getBoundingClientRect().bottom))")
        assert lowest < 600, name


@pytest.mark.browser
def test_a_link_to_a_material_opens_its_form(phone: Page) -> None:
    phone.goto("http://studio.example/project-materials")
    assert not phone.is_visible("#m-person-text")
    phone.click(".asks a[href='#m-person']")
    expect(phone.locator("#m-person-text")).to_be_visible()
    phone.goto("http://studio.example/project-materials#m-photos")
    expect(phone.locator("#m-photos-text")).to_be_visible()


@pytest.mark.browser
def test_a_file_that_is_too_large_is_told_before_it_is_sent(phone: Page, site: Site, tmp_path: Path) -> None:
    large = tmp_path / "workshop.pdf"
    with large.open("wb") as file:
        file.truncate(26 * 1024 * 1024)
    phone.goto("http://studio.example/project-materials")
    phone.set_input_files("#m-logo-files", large)
    expect(phone.locator("#m-logo .upload-said")).to_have_text("“workshop.pdf” is too large: 26 MB; at most 25 MB are taken. Send us a link instead.")
    phone.click("#m-logo .send button")
    assert site.posted == []


@pytest.mark.browser
def test_files_are_sent_in_the_background_and_what_is_wrong_is_shown(phone: Page, site: Site, tmp_path: Path) -> None:
    small = tmp_path / "logo.pdf"
    small.write_bytes(b"%PDF-1.7")
    phone.goto("http://studio.example/project-materials")
    phone.set_input_files("#m-logo-files", small)
    phone.fill("#m-logo-text", "The drawing.")
    phone.click("#m-logo .send button")
    expect(phone.locator("#problems")).to_contain_text("“logo.pdf” is not a PDF")
    expect(phone.locator("#m-logo-link")).to_have_value("hallam oak")
    [(path, body)] = site.posted
    assert path == "/j/tok/materials/logo"
    assert b'name="files"; filename="logo.pdf"' in body
    assert b'name="action"\r\n\r\nsend' in body
    assert [said for said in site.complaints if "422" not in said] == []


@pytest.mark.browser
def test_a_line_that_breaks_while_sending_is_told_and_the_form_is_there_still(phone: Page, site: Site, tmp_path: Path) -> None:
    small = tmp_path / "logo.pdf"
    small.write_bytes(b"%PDF-1.7")
    phone.route("**/materials/logo", lambda route: route.abort())
    phone.goto("http://studio.example/project-materials")
    phone.set_input_files("#m-logo-files", small)
    phone.click("#m-logo .send button")
    expect(phone.locator("#m-logo .upload-said")).to_contain_text("This did not arrive")
    assert phone.is_enabled("#m-logo .send button")


@pytest.mark.browser
def test_without_scripts_everything_can_be_said(browser: Browser, site: Site) -> None:
    page = window(browser, site, scripts=False)
    page.goto("http://studio.example/project-shown")
    page.click("summary:has-text('Something should change')")
    page.fill("#c-text", "Larger, please.")
    page.click("text=Send the list")
    assert site.posted[0][0] == "/j/tok/stage"
    assert b"decision=comment" in site.posted[0][1]
    page.goto("http://studio.example/project-rejected")
    page.fill("#m-logo-text", "Here.")
    page.click("#m-logo .send button")
    assert site.posted[1][0] == "/j/tok/materials/logo"
    page.context.close()


@pytest.mark.browser
def test_the_keyboard_reaches_the_answer_in_its_order(phone: Page) -> None:
    phone.goto("http://studio.example/project-shown")
    walked = []
    for _ in range(8):
        phone.keyboard.press("Tab")
        walked.append(phone.evaluate("document.activeElement.name || document.activeElement.textContent.trim()"))
    assert walked == ["Skip to the content", "Look at it and answer", "Open it", "See Design", "name", "decision", "Something should change", "Send it"]


@pytest.mark.browser
def test_on_paper_there_is_what_there_is_to_read_and_no_form(phone: Page) -> None:
    phone.emulate_media(media="print")
    phone.goto("http://studio.example/project-shown")
    seen = {part: phone.is_visible(part) for part in (".turn", ".line", ".papers", ".answer", ".foot")}
    assert seen == {".turn": True, ".line": True, ".papers": True, ".answer": False, ".foot": False}
