"""`./studio demo`: a client plays over HTTP only, from the form to the published review; a second one pays by bank transfer."""

import json
import re
import secrets
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from urllib.parse import urljoin, urlsplit

import httpx
from rich.console import Console

from deployments import demo_after, demo_cash, demo_work
from deployments.forms import Page
from models import keys
from models.db import Database
from models.settings import Settings

BY_HAND = {
    "application": 5 + 5, "brief": 20 + 40, "options": 0, "acceptance": 0, "contract": 30, "signature": 0, "deposit": 10, "bank transfer": 0,
    **dict.fromkeys(("kickoff", "materials", "stages", "hours", "launch", "payments", "handover", "review", "course", "next step", "performance"), 0),
}  # fmt: skip
"""Minutes that each step takes a salesperson by hand, as practitioners published them."""
PATIENCE = 60.0
ANSWERS: dict[str, str | list[str]] = {
    "about": "We plan and build gardens for schools and care homes in the west of Ireland, about forty a year.",
    "audience": "Head teachers and facility managers who compare three firms before they call.",
    "goal": ["enquiries", "trust"], "templates": "6", "services": "Garden design\nPlanting\nCare through the year", "pages": "18",
    "languages": ["en"], "functions": ["blog"], "integration": "mail", "accessibility": "good", "hosting": "studio", "texts": "client",
    "photos": "own", "brand": "guide", "decision": "me", "vat-place": "ireland",
    "measure": "Twenty enquiries a month instead of eight.", "anything-else": "We would like to be live before the planting season.",
}  # fmt: skip


@contextmanager
def machine(settings: Settings, *scopes: str) -> Generator[dict[str, str]]:
    """A machine's key as a header; it lives as long as the block."""
    db, name = Database(settings.database), f"demo-{secrets.token_hex(4)}"
    with db.writing() as session:
        key = keys.add(session, name, list(scopes), now=datetime.now(UTC))
    try:
        yield {"Authorization": f"Bearer {key}"}
    finally:
        with db.writing() as session:
            keys.revoke(session, name, now=datetime.now(UTC))
        db.close()


class Failed(Exception):
    """A stage of the demo did not come to its end; the sentence says which and why."""


@dataclass
class Stage:
    """One stage as the client saw it."""

    name: str
    seconds: float
    url: str
    told: str


@dataclass
class Play:
    """A client with a browser and a mailbox."""

    base: str
    http: httpx.Client
    console: Console
    email: str = field(default_factory=lambda: f"ada.{secrets.token_hex(3)}@greenfields.example")
    stages: list[Stage] = field(default_factory=list)
    deal: int = 0
    seen: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def stage(self, name: str) -> Generator[Callable[[str, str], None]]:
        """Time a stage, with a line when it is done; the block says its link and what came of it."""
        began, said = time.monotonic(), ["", ""]

        def say(url: str, told: str) -> None:
            said[:] = [url, told]

        with self.console.status(f"{name} …"):
            try:
                yield say
            except (httpx.HTTPError, LookupError) as error:
                raise Failed(f"{name}: {error}") from error
        done = Stage(name, time.monotonic() - began, said[0], said[1])
        self.stages.append(done)
        self.console.print(f"[green]✓[/green] {done.name:<12} {done.seconds:6.1f} s  {done.told}\n  [dim]{done.url}[/dim]", soft_wrap=True)

    def page(self, url: str) -> Page:
        """Open a page."""
        return Page(self.page_text(url))

    def page_text(self, url: str) -> str:
        """A page as it was sent."""
        answer = self.http.get(url)
        answer.raise_for_status()
        return answer.text

    def text_of(self, url: str) -> str:
        """A page that never changes, such as a letter in the outbox: fetched once."""
        if url not in self.seen:
            self.seen[url] = self.http.get(url).text
        return self.seen[url]

    def post(self, url: str, form: dict[str, list[str]]) -> httpx.Response:
        """Send a form as a browser does."""
        answer = self.http.post(url, data=form)
        if answer.status_code >= 400:  # noqa: PLR2004
            raise Failed(f"POST {urlsplit(url).path} was answered {answer.status_code}: {_sentence(answer.text)}")
        return answer

    def letter(self, key: str, to: str = "") -> str:
        """Wait for the letter with a key like this, the client's unless another reader is named; return its page in the outbox.

        Raises Failed when it never comes.
        """
        until = time.monotonic() + PATIENCE
        while time.monotonic() < until:
            listing = self.http.get("/outbox")
            if listing.status_code == httpx.codes.NOT_FOUND:
                raise Failed("The demo reads the client's letters at /outbox, which is there only while mail is written to files.")
            for row in re.findall(r"<(?:tr|li|article)\b.*?</(?:tr|li|article)>", listing.text, re.DOTALL):
                if (to or self.email) in row and (found := re.search(r'href="(/outbox/[^"]+)"', row)):
                    page = self.text_of(found[1])
                    if re.search(rf"(?<![\w/]){key}(?![\w/])", page):
                        named = re.search(r"(?<![\w/])deal/(\d+)/", page)
                        self.deal = int(named[1]) if named else self.deal
                        return page
            time.sleep(0.1)
        raise Failed(f"The letter {key} did not come within {PATIENCE:.0f} seconds. The Prefect UI shows where the deal stands.")


def play(settings: Settings, *, json: bool = False) -> int:
    """Play a client from the form to the review against the running system; return the exit code (1 if a stage fails)."""
    console = Console(stderr=json, quiet=json)
    base = f"http://{settings.host}:{settings.api_port}"
    with httpx.Client(base_url=base, follow_redirects=True, timeout=30) as http:
        game = Play(base, http, console)
        try:
            for act in (*SALE, *demo_cash.ACTS, *demo_work.ACTS, *demo_after.ACTS):
                act(game, settings)
            touches = _touches(game, settings)
            demo_cash.pay_by_bank(game, settings, SALE)
        except (Failed, httpx.HTTPError) as error:
            return _give_up(game, str(error), as_json=json)
    return _report(game, touches, as_json=json)


def _apply(game: Play, settings: Settings) -> None:
    form = game.page("/apply").form("/apply")
    time.sleep(settings.apply_min_seconds + 0.1)  # who answers faster than a hand can is taken for a robot
    with game.stage("application") as say:
        typed: dict[str, str | list[str]] = {
            "service": "corporate-site", "name": "Ada Greenfield", "email": game.email, "company": "Greenfields", "budget": "24000",
            "message": "Our site is nine years old and nobody finds us. We would like one that brings enquiries.",
        }  # fmt: skip
        game.post("/apply", form.answer(typed))
        link = link_of(game.letter(r"deal/\d+/r1/brief/mail"), "b")
        say(urljoin(game.base, link), "the questionnaire has come")


def _fill_brief(game: Play, _settings: Settings) -> None:
    link = urlsplit(game.stages[-1].url).path
    with game.stage("brief") as say:
        form = game.page(link).form(link)
        game.post(link, form.answer({f"q_{slug}": value for slug, value in ANSWERS.items()} | {"action": "send"}) | {"action": ["send"]})
        proposal = link_of(game.letter(r"deal/\d+/proposal/v1/mail"), "p")
        say(urljoin(game.base, proposal), "the proposal has come")


def _choose(game: Play, _settings: Settings) -> None:
    link = urlsplit(game.stages[-1].url).path
    with game.stage("options") as say:
        form = game.page(link).form("/accept")
        plain = form.fields["total"][0]
        offered = next((choices for name, choices in _all_choices(game.page(link)) if name == "option"), [])
        chosen = offered[:1]
        counted = game.page(f"{link}?{httpx.QueryParams([('option', slug) for slug in chosen])}").form("/accept")
        say(urljoin(game.base, f"{link}?{httpx.QueryParams([('option', slug) for slug in chosen])}"),
            f"{', '.join(chosen) or 'none'}: {_money(plain)} becomes {_money(counted.fields['total'][0])}")  # fmt: skip


def _accept(game: Play, _settings: Settings) -> None:
    url = urlsplit(game.stages[-1].url)
    with game.stage("acceptance") as say:
        form = game.page(f"{url.path}?{url.query}").form("/accept")
        game.post(f"{url.path}/accept", form.answer({"name": "Ada Greenfield"}))
        game.letter(r"deal/\d+/proposal/v1/accepted")
        say(urljoin(game.base, f"{url.path}.pdf"), "accepted, frozen, confirmed by letter")


SALE = (_apply, _fill_brief, _choose, _accept)


def _touches(game: Play, settings: Settings) -> int:
    """How often staff had to act on this deal, by its facts."""
    with machine(settings, "deals:read") as key:
        answer = game.http.get(f"/api/deals/{game.deal}", headers=key)
    answer.raise_for_status()
    return answer.json()["touches"]["count"]


def _report(game: Play, touches: int, *, as_json: bool) -> int:
    seconds = sum(stage.seconds for stage in game.stages)
    by_hand = sum(BY_HAND[stage.name] for stage in game.stages)
    if as_json:
        told = {"touches": touches, "seconds": round(seconds, 2), "by_hand_minutes": by_hand}
        print(json.dumps({"ok": True, "deal": game.deal, "stages": _rows(game)} | told))
    else:
        game.console.print(f"\nby hand [bold]{by_hand} min[/bold] / staff touches here [bold]{touches}[/bold] / [bold]{seconds:.1f}[/bold] seconds")
    return 0


def _give_up(game: Play, sentence: str, *, as_json: bool) -> int:
    if as_json:
        print(json.dumps({"ok": False, "deal": game.deal or None, "stages": _rows(game), "touches": None, "error": sentence}))
    else:
        game.console.print(f"[red]✗[/red] {sentence}", soft_wrap=True)
    return 1


def _rows(game: Play) -> list[dict[str, object]]:
    return [{"name": stage.name, "seconds": round(stage.seconds, 3), "url": stage.url} for stage in game.stages]


def _all_choices(page: Page) -> list[tuple[str, list[str]]]:
    return [pair for form in page.forms for pair in form.choices.items()]


def link_of(page: str, kind: str) -> str:
    """The first link of this kind in a letter. Raises Failed without one."""
    found = re.search(rf"/{kind}/[a-z2-7]{{32}}", page)
    if found is None:
        raise Failed(f"The letter has no link to /{kind}/….")
    return found[0]


def _money(minor: str) -> str:
    return f"{int(minor) / 100:,.2f}"


def _sentence(html: str) -> str:
    return " ".join(re.sub(r"<(script|style).*?</\1>|<[^>]+>", " ", html, flags=re.DOTALL).split())[:300]
