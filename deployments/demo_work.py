"""The demo's third part: the work, from the project page to the launch: the manager shows, the client answers. Longer than 200: one story."""

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

import httpx

from deployments.forms import Form
from deployments.prefect_server import login
from models import company, nudges
from models.clock import Clock
from models.settings import Settings

if TYPE_CHECKING:
    from deployments.demo import Play

Act = Callable[["Play", Settings], None]
A_DAY, A_SHIFT = 86_400, 8
SECONDS = 60.0
SIGNER = {"name": "Ada Greenfield", "role": "Managing director", "consent": "yes"}
HOURS = {"project_manager": 24, "analyst": 16, "designer": 44, "frontend": 48, "developer": 30, "editor": 18, "tester": 12}
SITE = "https://test.northlight.example/greenfields"


def pass_days(settings: Settings, days: float) -> None:
    """Let the studio's clock jump ahead, as it may where play money is taken. Raises Failed where the clock is the real one."""
    from deployments.demo import Failed

    if settings.clock is None:
        raise Failed("The demo rehearses weeks in moments, and this installation takes real money: start it on a home of its own.")
    ahead = float(settings.clock.read_text()) if settings.clock.exists() else 0.0
    settings.clock.write_text(str(ahead + days * A_DAY))
    nudges.nudge_from(settings)


def manager_of(settings: Settings) -> tuple[str, str]:
    """Name and address of the studio's project manager."""
    found = company.load(settings.company).studio.with_role("project_manager")[0]
    return found.name, found.email


def kick_off(game: "Play", _settings: Settings) -> None:
    """The client is welcomed; everything is on the project page from now on."""
    with game.stage("kickoff") as say:
        link = link_of(game.letter(rf"deal/{game.deal}/r1/kickoff/welcome"), "j")
        say(urljoin(game.base, link), "the project is planned, the client knows what comes when")


def send_materials(game: "Play", settings: Settings) -> None:
    """The client sends each item, one of them twice: the manager sends it back once. The letters on what comes after are wanted, too."""
    link = urlsplit(game.stages[-1].url).path
    desk = manager_page(game, settings)
    with game.stage("materials") as say:
        items = [form.action for form in game.page(link).forms if "/materials/" in form.action]
        for action in items:
            game.post(action, {"action": ["send"], "text": ["Here it is, as discussed."], "link": ["https://files.greenfields.example/all"]})
        first = items[0].rpartition("/")[2]
        review(game, settings, desk, first, "reject")
        game.letter(rf"deal/{game.deal}/r1/material/{first}/rejected/\d+")
        game.post(items[0], {"action": ["send"], "text": ["Sorry, here is the right one."]})
        for action in items:
            review(game, settings, desk, action.rpartition("/")[2], "accept")
        say(urljoin(game.base, link), f"{len(items)} items sent, one sent back and sent again, all accepted")


def work_through(game: "Play", settings: Settings) -> None:
    """Each stage is shown and approved; the first takes a round of changes. The course begins two stages before the end."""
    link, desk = urlsplit(game.stages[-1].url).path, manager_page(game, settings)
    with game.stage("stages") as say:
        shown = []
        while form := the_form(game, desk, "/stage"):
            slug = form.fields["stage"][0]
            show(game, settings, desk, form)
            answer(game, link, slug, comments=not shown)
            if not shown:
                show(game, settings, desk, needed(game, desk, "/stage"))
                answer(game, link, slug)
            shown.append(slug)
            if (ask := the_form(game, link, "/course")) and len(shown) == 1:
                game.post(f"{link}/course", ask.answer({}) | {"decision": ["yes"]})
            pass_days(settings, 1)
        say(urljoin(game.base, link), f"{len(shown)} stages shown and approved, one round of changes")


def book_hours(game: "Play", settings: Settings) -> None:
    """Somebody pastes the hours into the operator's form import-hours, as they would in the Prefect UI."""
    with game.stage("hours") as say:
        people = [one for one in company.load(settings.company).studio.people if one.role in HOURS]
        today = Clock(settings.clock)().date()
        lines = [
            f"{today - timedelta(days=ago)},{one.email},{game.deal},{min(A_SHIFT, HOURS[one.role] - ago * A_SHIFT)},,"
            for one in people
            for ago in range(-(-HOURS[one.role] // A_SHIFT))
        ]
        text = "\n".join(["date,person,deal,hours,stage,note", *lines])
        with httpx.Client(base_url=settings.prefect_api, auth=login(settings), timeout=30) as prefect:
            found = prefect.get("/deployments/name/import-hours/import-hours").raise_for_status().json()
            form = {"parameters": {"who": manager_of(settings)[0], "text": text}, "state": {"type": "SCHEDULED"}}
            run = prefect.post(f"/deployments/{found['id']}/create_flow_run", json=form).raise_for_status().json()
            nudges.nudge_from(settings)
            ended = until(lambda: _ended(prefect, run["id"]), "import-hours does not end.")
        if ended != "COMPLETED":
            raise LookupError(f"import-hours ended as {ended}")
        worked = sum(HOURS[one.role] for one in people)
        say(f"{settings.prefect_ui}/runs/flow-run/{run['id']}", f"{worked} hours of {len(people)} people, from a spreadsheet")


def _ended(prefect: httpx.Client, run_id: str) -> str:
    state = prefect.get(f"/flow_runs/{run_id}").raise_for_status().json()["state"]["type"]
    return state if state in {"COMPLETED", "FAILED", "CRASHED", "CANCELLED"} else ""


def launch(game: "Play", settings: Settings) -> None:
    """The checklist ticked, the act signed with the code from the mail."""
    desk = manager_page(game, settings)
    with game.stage("launch") as say:
        game.letter(rf"deal/{game.deal}/r1/launch/due", to=manager_of(settings)[1])
        form = needed(game, desk, "/launch")
        ticked = {"item": form.choices["item"], "url": SITE, "note": "It runs.", "who": manager_of(settings)[0]}
        game.post(f"{desk}/launch", form.answer(ticked))
        act = link_of(game.letter(rf"deal/{game.deal}/act/v1/mail"), "t")
        typed: dict[str, str | list[str]] = {**SIGNER, "email": game.email}
        game.post(f"{act}/code", needed(game, act, "/code").answer(typed))
        code = code_of(game.letter(rf"deal/{game.deal}/act/v1/code/1"))
        game.post(f"{act}/sign", needed(game, act, "/sign").answer(typed | {"code": code}))
        game.letter(rf"deal/{game.deal}/act/v1/accepted")
        say(urljoin(game.base, f"{act}.pdf"), "the checklist is ticked, the act of acceptance signed and sealed")


ACTS: tuple[Act, ...] = (kick_off, send_materials, work_through, book_hours, launch)


def manager_page(game: "Play", settings: Settings) -> str:
    """The path of the manager's page of this project."""
    return link_of(game.letter(rf"deal/{game.deal}/r1/kickoff/start", to=manager_of(settings)[1]), "w")


def review(game: "Play", settings: Settings, desk: str, slug: str, decision: str) -> None:
    """The manager's word on one material that has come."""
    form = needed(game, desk, f"/materials/{slug}")
    typed: dict[str, str | list[str]] = {"who": manager_of(settings)[0], "reason": "This is last year's." if decision == "reject" else ""}
    game.post(f"{desk}/materials/{slug}", form.answer(typed) | {"decision": [decision]})


def show(game: "Play", settings: Settings, desk: str, form: Form) -> None:
    """The manager says that a stage can be shown."""
    game.post(f"{desk}/stage", form.answer({"url": SITE, "note": "Please look at it on a phone, too.", "who": manager_of(settings)[0]}))


def answer(game: "Play", link: str, slug: str, *, comments: bool = False) -> None:
    """The client's word on a stage that asks for one: one list of changes, or a yes; the letter that follows is waited for."""
    forms = [form for form in game.page(link).forms if form.action.endswith("/stage")]
    if not forms:
        game.letter(rf"deal/{game.deal}/r1/stage/{slug}/accepted")
        return
    version = forms[0].fields["version"][0]
    game.letter(rf"deal/{game.deal}/r1/stage/{slug}/v{version}/shown")
    typed = {"name": "Ada Greenfield", "text": "Please name the three services in the order of the brief." if comments else ""}
    form = next(one for one in forms if ("text" in one.fields) == comments)
    game.post(f"{link}/stage", form.answer(typed) | {"decision": ["comment" if comments else "approve"]})
    if not comments:
        game.letter(rf"deal/{game.deal}/r1/stage/{slug}/accepted")


def the_form(game: "Play", path: str, ending: str) -> Form | None:
    """The page's form that goes to an address ending like this, if it has one now."""
    return next((form for form in game.page(path).forms if form.action.endswith(ending)), None)


def needed(game: "Play", path: str, ending: str) -> Form:
    """The same, which the page must have. Raises Failed where it has not."""
    from deployments.demo import Failed

    found = the_form(game, path, ending)
    if found is None:
        raise Failed(f"The page {path} has no form that goes to {ending}.")
    return found


def link_of(page: str, kind: str) -> str:
    """The first link of this kind in a letter."""
    from deployments.demo import link_of as found

    return found(page, kind)


def code_of(page: str) -> str:
    """The six digits of a letter with a code."""
    from deployments.demo_cash import code_of as found

    return found(page)


def until(found: Callable, otherwise: str) -> Any:
    """The first true answer within a minute. Raises Failed with the sentence where there is none."""
    from deployments.demo import Failed

    limit = time.monotonic() + SECONDS
    while time.monotonic() < limit:
        if answer := found():
            return answer
        time.sleep(0.2)
    raise Failed(otherwise)


def clock_is_ahead(settings: Settings) -> float:
    """By how many days the studio's clock is ahead of the real one."""
    place: Path | None = settings.clock
    return float(place.read_text()) / A_DAY if place and place.exists() else 0.0
