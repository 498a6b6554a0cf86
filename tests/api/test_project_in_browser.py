"""The client's page over a real line: a browser that sends files, too large ones too, and reads what became of them."""

import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn
from fastapi import FastAPI
from playwright.sync_api import Browser, Page, expect, sync_playwright

from models.tracks import Work
from tests.api.conftest import Entrance
from tests.api.test_project import EXE, PDF, PERSON, project, stand
from tests.parts import CHROMIUM, requires

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    requires("browser")
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield found
        found.close()


@pytest.fixture
def address(application: FastAPI, door: Entrance) -> Iterator[str]:
    """Where the door is reached over loopback."""
    with socket.create_server(("127.0.0.1", 0)) as line:
        server = uvicorn.Server(uvicorn.Config(application, log_level="warning", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [line]}, daemon=True)
        thread.start()
        while not server.started:
            time.sleep(0.01)
        yield f"http://127.0.0.1:{line.getsockname()[1]}"
        server.should_exit = True
        thread.join(10)


@pytest.fixture(params=[True, False], ids=["with scripts", "without"])
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    context = browser.new_context(viewport={"width": 360, "height": 740}, java_script_enabled=request.param)
    yield context.new_page()
    context.close()


def a_file(folder: Path, name: str, content: bytes, size: int = 0) -> Path:
    path = folder / name
    with path.open("wb") as file:
        file.write(content)
        file.truncate(max(size, len(content)))
    return path


def test_files_arrive_and_the_page_says_so_at_once(door: Entrance, address: str, page: Page, tmp_path: Path) -> None:
    deal_id, path = project(door, work=Work.MATERIALS, materials=False)
    page.goto(address + path)
    expect(page.locator("h1")).to_have_text("It is your move")
    form = f"#m-{PERSON}"
    page.set_input_files(f"{form}-files", [a_file(tmp_path, "who.pdf", PDF), a_file(tmp_path, "trick.pdf", EXE)])
    page.click(f"{form} .send button")
    expect(page.locator("#problems")).to_contain_text("“trick.pdf” is not a PDF")
    expect(page.locator(f"{form} .files")).to_contain_text("who.pdf")
    assert stand(door, deal_id).material(PERSON).place == "missing"
    page.set_input_files(f"{form}-files", a_file(tmp_path, "more.pdf", PDF + b"2"))
    page.click(f"{form} .send button")
    expect(page.locator("h1")).to_have_text("It is our move")
    assert page.url == address + path
    assert len(door.facts("material.sent")[-1].payload["uploads"]) == 2


def test_far_too_much_is_refused_and_what_was_sent_before_is_there_still(door: Entrance, address: str, page: Page, tmp_path: Path) -> None:
    deal_id, path = project(door, work=Work.MATERIALS, materials=False)
    page.goto(address + path)
    form = f"#m-{PERSON}"
    page.set_input_files(f"{form}-files", a_file(tmp_path, "huge.pdf", PDF, size=300 * 1024 * 1024))
    page.click(f"{form} .send button")
    with_scripts = page.locator(f"{form} .upload-said.wrong")
    refused = page.get_by_text("That is too much at once: at most 251 MB can be sent here.")
    expect(with_scripts.or_(refused)).to_be_visible()
    assert not list((door.home / "uploads").rglob("*.*"))
    assert stand(door, deal_id).material(PERSON).place == "missing"
