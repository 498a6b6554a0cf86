"""The demo's last part: the money comes in, support takes over, the review is published, the course keeps pace, the row is counted."""

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import urljoin

from deployments.demo_work import Act, clock_is_ahead, link_of, manager_of, manager_page, needed, pass_days, until
from models import company
from models.clock import Clock
from models.settings import Settings
from models.stages import Stage

if TYPE_CHECKING:
    from deployments.demo import Play

LESSONS = 5
ACCESS = {"where": "At the provider's, as listed in the contract", "held_by": "Ada Greenfield"}


def pay_the_rest(game: "Play", settings: Settings) -> None:
    """Every invoice of the plan that is open is paid at the provider's page."""
    from deployments.demo import machine
    from deployments.demo_cash import pay_invoice

    with game.stage("payments") as say, machine(settings, "deals:read") as key:
        wanted = until(lambda: rest(game, key), "The last invoices were not issued.")
        for number in wanted:
            pay_invoice(game, link_of(game.letter(rf"invoice/{number}/mail"), "i"))
            game.letter(rf"invoice/{number}/payment/\d+/receipt")
        until(lambda: card(game, key)["tracks"]["money"] == "paid", "The money is not all in.")
        say(urljoin(game.base, link_of(game.letter(rf"invoice/{wanted[-1]}/mail"), "i")), f"{len(wanted)} more invoices paid: completed and paid")


def hand_over(game: "Play", settings: Settings) -> None:
    """A training is booked, the accesses are listed, support has the ticket with the case file."""
    link = link_of(game.letter(rf"deal/{game.deal}/r1/handover/training"), "j")
    desk = manager_page(game, settings)
    support = company.load(settings.company).studio.mail.support_address
    with game.stage("handover") as say:
        form = needed(game, link, "/training")
        slot = form.choices["slot"][0]
        game.post(f"{link}/training", form.answer({"slot": slot, "name": "Ada Greenfield"}) | {"decision": ["book"]})
        form = needed(game, desk, "/access")
        named = {name.rpartition("_")[2] for name, given in form.fields.items() if name.startswith("what_") and given[0]}
        typed = {name: ACCESS[field] for name in form.fields for field, _, row in [name.rpartition("_")] if field in ACCESS and row in named}
        game.post(f"{desk}/access", form.answer({**typed, "who": manager_of(settings)[0]}))
        game.letter(rf"deal/{game.deal}/r1/handover/ticket", to=support)
        game.letter(rf"deal/{game.deal}/r1/handover/done")
        say(urljoin(game.base, link), "training booked, the client is support's, the ticket has the case file")


def give_review(game: "Play", _settings: Settings) -> None:
    """The review is asked for in the director's name, given, and published as it is."""
    with game.stage("review") as say:
        link = link_of(game.letter(rf"deal/{game.deal}/r1/review/request"), "v")
        words = "They asked the right questions first. The prototype came a day late, and they said so before we noticed."
        form = needed(game, link, link)
        game.post(link, form.answer({"stars": "4", "text": words, "publish": "yes", "name": "Ada Greenfield", "company": "Greenfields"}))
        until(lambda: words[:30] in game.http.get("/reviews").text, "The review was not published.")
        say(urljoin(game.base, "/reviews"), "four stars, published as they were given")


def follow_course(game: "Play", settings: Settings) -> None:
    """The five letters come at their pace; none while the project waited for the client."""
    from deployments.demo import machine

    with game.stage("course") as say, machine(settings, "deals:read") as key:
        for lesson in range(1, LESSONS + 1):
            letter = rf"deal/{game.deal}/r1/next-steps/course-{lesson}"
            until(lambda letter=letter: comes_at_its_hour(game, settings, key, letter), f"Letter {lesson} of the course did not come.")
        say(urljoin(game.base, "/outbox"), f"{LESSONS} letters in {clock_is_ahead(settings):.0f} rehearsed days, two working days apart")


def comes_at_its_hour(game: "Play", settings: Settings, key: dict[str, str], letter: str) -> bool:
    """Whether the letter has come. Where the course waits for a later hour, the clock jumps to it."""
    if has_letter(game, letter):
        return True
    now = Clock(settings.clock)()
    for wait in card(game, key)["waits"]:
        if wait["stage"] == Stage.NEXT_STEPS and wait["due_at"] and (at := datetime.fromisoformat(wait["due_at"])) > now:
            pass_days(settings, (at - now) / timedelta(days=1))
            break
    return False


def take_offer(game: "Play", _settings: Settings) -> None:
    """A proposal for what comes next has come by itself, counted from what was built."""
    with game.stage("next step") as say:
        first = game.deal
        link = link_of(game.letter(rf"deal/(?!{first}/)\d+/proposal/v1/mail"), "p")
        game.deal = first
        say(urljoin(game.base, link), "the offer for looking after the site is there, counted from what was built")


def read_performance(game: "Play", settings: Settings) -> None:
    """The project's row: hours, cost, margin, the three clocks, the review."""
    from deployments.demo import machine

    with game.stage("performance") as say, machine(settings, "reports:read", "deals:read") as key:
        row = until(lambda: performance(game, key), "The project has no row.")
        say(urljoin(game.base, "/api/reports/performance"), row)


ACTS: tuple[Act, ...] = (pay_the_rest, hand_over, give_review, follow_course, take_offer, read_performance)


def card(game: "Play", key: dict[str, str]) -> dict:
    """The deal's card."""
    answer = game.http.get(f"/api/deals/{game.deal}", headers=key)
    answer.raise_for_status()
    return answer.json()


def rest(game: "Play", key: dict[str, str]) -> list[int]:
    """The invoices that are open, once every payment of the plan has been asked for."""
    found = card(game, key)["invoices"]
    mine = [one for one in found if one["kind"] == "invoice"]
    return [one["id"] for one in mine if one["open"]["amount"]] if len(mine) >= 3 else []  # noqa: PLR2004 (the plan of the example studio)


def has_letter(game: "Play", key: str) -> bool:
    """Whether the client's letter with this key has come."""
    pages = re.findall(r'href="(/outbox/[^"]+)"', game.http.get("/outbox").text)
    return any(re.search(rf"(?<![\w/]){key}(?![\w/])", game.text_of(page)) for page in dict.fromkeys(pages))


def performance(game: "Play", key: dict[str, str]) -> str:
    """The project's row in a sentence; "" before there is one."""
    day = card(game, key)["moves"][-1]["at"][:7]
    answer = game.http.get("/api/reports/performance", params={"month": day}, headers=key)
    answer.raise_for_status()
    row = next((one for one in answer.json()["now"]["projects"] if one["deal"] == game.deal), None)
    if row is None:
        return ""
    net = f"{row['amount']['amount'] / 100:,.2f} {row['amount']['currency']}"
    days = f"{row['working_days']} working, {row['waiting_days']} waiting for the client, {row['calendar_days']} calendar days"
    return f"{net} net, {days}, review {row['review']}"
