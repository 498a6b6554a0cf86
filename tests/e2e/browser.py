"""A real browser for tests: watched for every error, and a judge of pages."""

import os
import re
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from playwright.sync_api import Browser, Locator, Page, Request, Response, ViewportSize, expect, sync_playwright
from sqlmodel import col, select

from models.tables import Fact
from tests.e2e.client import Someone
from tests.e2e.system import patience
from tests.parts import CHROMIUM, requires

ARGS = [
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-first-run",
]  # fmt: skip
AUDIT = (Path(__file__).parent / "audit.js").read_text()
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True, "java_script_enabled": False}
SMALLEST: ViewportSize = {"width": 320, "height": 640}  # a large screen at 400 % (WCAG 1.4.10)
PATIENCE = 40_000 * patience()
FOCUSED = """() => {
  const element = document.activeElement;
  if (!element || element === document.body) return null;
  const style = getComputedStyle(element), box = element.getBoundingClientRect();
  const at = document.elementFromPoint(Math.min(Math.max(box.x + box.width / 2, 0), innerWidth - 1), box.y + Math.min(box.height / 2, 20));
  return {  // a part within a field, such as the calendar of a date, is outlined by the browser itself
    name: element.name || element.id || element.textContent.trim().slice(0, 60),
    seen: !element.matches(":focus") || style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2,
    covered: !at || !(element.contains(at) || at.contains(element)),
  };
}"""


def chromium() -> Generator[Browser]:
    """A browser, for a fixture of a module: its event loop must not outlive the tests that use it."""
    requires("browser")
    expect.set_options(timeout=PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGS)
        yield browser
        browser.close()


@dataclass
class Visit:
    """One person's window; whatever goes wrong in it is kept in `faults`. Statuses of 400 and more are wrong unless expected."""

    page: Page
    base: str
    width: str
    faults: list[str] = field(default_factory=list)
    expected: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.page.set_default_timeout(PATIENCE)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"script error: {error}"))
        self.page.on("requestfailed", self._failed)
        self.page.on("response", self._answered)

    def goes(self, path: str, status: int = 200) -> None:
        """Open a page that is answered with this status."""
        with self.expects(status):
            answer = self.page.goto(path if "://" in path else f"{self.base}{path}")
        assert answer is not None and answer.status == status, f"{path} was answered {answer and answer.status}"

    @contextmanager
    def expects(self, *statuses: int) -> Generator[None]:
        """Take these statuses for right."""
        before, self.expected = self.expected, self.expected | set(statuses)
        yield
        self.page.wait_for_load_state("load")
        self.expected = before

    def looks_right(self, name: str) -> None:
        """Judge the page shown by audit.js, and keep a picture of it where STUDIO_TEST_SHOTS says."""
        self.page.wait_for_load_state("load")
        shoot(self.page, f"{name}-{self.width}")
        found = self.page.evaluate(AUDIT)
        if self.width == "phone":
            self.page.set_viewport_size(SMALLEST)
            found += self.page.evaluate("() => document.documentElement.scrollWidth > innerWidth ? ['too wide for 320 px'] : []")
            self.page.set_viewport_size(PHONE["viewport"])
        assert not found, f"{name}, {self.width}, {self.page.url}:\n" + "\n".join(found)

    def presses(self, name: str, role: Literal["button", "link"] = "button", within: str = "body") -> None:
        """Press a button or link as a hand does, by mouse or by finger, and wait for the page it leads to."""
        target = self.page.locator(within).get_by_role(role, name=name, exact=True)
        with self.page.expect_navigation():
            if self.width == "phone":
                target.tap()
            else:
                target.click()

    def fills(self, answers: dict[str, str | list[str]]) -> None:
        """Fill in a brief by question, as far as it is asked."""
        for slug, value in answers.items():
            fields = self.page.locator(f"[name=q_{slug}]")
            if fields.first.get_attribute("type") in {"radio", "checkbox"}:
                for choice in [value] if isinstance(value, str) else value:
                    self.page.locator(f"[name=q_{slug}][value='{choice}']").check()
            else:
                fields.fill(str(value))

    def tabs_to(self, name: str, most: int = 150) -> list[str]:
        """Press Tab until the field, button or link whose name or text begins so has the focus; each stop must be seen and not covered."""
        stops: list[str] = []
        while len(stops) < most:
            stops.append(self._next_stop())
            if stops[-1].startswith(name):
                return stops
        raise AssertionError(f"{name} cannot be reached by Tab, only {stops}")

    def tabs_through(self) -> list[str]:
        """Press Tab from the first stop of the page to its last; each stop must be seen and not covered."""
        self.page.evaluate("() => { document.activeElement.blur(); window.scrollTo(0, 0); window.getSelection().removeAllRanges(); }")
        most = self.page.evaluate("() => document.querySelectorAll('a[href], button, input, select, textarea, summary').length")
        stops: list[str] = []
        for _ in range(most + 1):
            stop = self._next_stop()
            if not stop:
                break
            stops.append(stop)
        return stops

    def _next_stop(self) -> str:
        self.page.keyboard.press("Tab")
        stop = self.page.evaluate(FOCUSED)
        if stop is None:
            return ""
        assert stop["seen"] and not stop["covered"], f"the focus on {stop} cannot be seen on {self.page.url}"
        return stop["name"]

    def ends(self) -> None:
        """Close the window. Raises AssertionError with everything that went wrong in it."""
        self.page.context.close()
        assert not self.faults, "\n".join(self.faults)

    def _heard(self, message: Any) -> None:
        told = re.search(r"status of (\d{3})", message.text)
        if message.type in {"error", "warning"} and not (told and int(told[1]) in self.expected):
            self.faults.append(f"console: {message.text}")

    def _failed(self, request: Request) -> None:
        if "ERR_ABORTED" not in str(request.failure):  # what the person left behind by going on
            self.faults.append(f"{request.method} {request.url}: {request.failure}")

    def _answered(self, answer: Response) -> None:
        if answer.status >= 400 and answer.status not in self.expected:
            self.faults.append(f"{answer.status} for {answer.request.method} {answer.url}")


@contextmanager
def visit(browser: Browser, base: str, kind: dict[str, Any] = DESKTOP) -> Generator[Visit]:
    """A window of this kind, closed at the end and then free of faults."""
    one = Visit(browser.new_context(locale="en-IE", reduced_motion="reduce", **kind).new_page(), base, "phone" if kind is PHONE else "desktop")
    try:
        yield one
    except BaseException:
        shoot(one.page, "failed")
        one.page.context.close()
        raise
    one.ends()


def shoot(page: Page, name: str) -> None:
    """Keep a picture of the whole page in the folder STUDIO_TEST_SHOTS, if there is one."""
    folder = os.environ.get("STUDIO_TEST_SHOTS")
    if folder:
        Path(folder).mkdir(parents=True, exist_ok=True)
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def after(someone: Someone, letter: str, kind: str) -> str:
    """The path of the link that a letter brings, once it has come."""
    someone.gets(letter)
    return someone.link(kind)


def facts(someone: Someone, kind: str) -> list[Fact]:
    """What is recorded about somebody's deal, in its order."""
    with someone.system.db.reading() as session:
        return list(session.exec(select(Fact).where(Fact.deal_id == someone.deal, Fact.kind == kind).order_by(col(Fact.id))))


def total(client: Visit) -> int:
    """The gross total that would be accepted, in minor units."""
    return int(client.page.locator("#accept [name=total]").get_attribute("value") or 0)


def form_field(form: Locator | Page, label: str) -> Locator:
    """A field of Prefect's form by what it is called; its labels are not tied to their controls."""
    page = form.page if isinstance(form, Locator) else form
    named = page.locator(".schema-form-property__label").filter(has_text=re.compile(rf"^{label}( \(Optional\))?$"))
    return form.locator(".schema-form-property").filter(has=named)


def form_choose(page: Page, form: Locator, label: str, value: str) -> None:
    """Choose from a list of Prefect's form."""
    control = form_field(form, label).get_by_role("group").get_by_role("button")
    control.press("ArrowDown")
    page.locator(".p-select-option").get_by_text(value, exact=True).click()
    expect(control).to_contain_text(value)
