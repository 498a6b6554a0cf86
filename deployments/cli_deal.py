"""`./studio deal ID`: a deal's card in a terminal."""

from collections.abc import Sequence
from typing import Any

from deployments.set_up import migrate
from deployments.terminal import out, show_table
from models import company
from models.board_words import lasted
from models.clock import Clock
from models.db import Database
from models.deal_card import DealCard, deal_card
from models.deal_history import Spent, times_of
from models.money import Money
from models.settings import Settings


def card(settings: Settings, number: int) -> dict[str, Any]:
    """The card of a deal as plain JSON. Raises Missing when there is no such deal."""
    migrate(settings)
    db = Database(settings.database)
    try:
        with db.writing() as session:
            secret = settings.secret.get_secret_value()
            return deal_card(session, company.load(settings.company), settings, secret, number, Clock(settings.clock)())
    finally:
        db.close()


def show(found: dict[str, Any]) -> None:
    """Print a card for a person."""
    client, tracks = found["client"], found["tracks"]
    out.print(f"Deal {found['id']} · {found['service']} · {client['company'] or client['name']} <{client['email']}>", markup=False)
    money = {name: Money.model_validate(amount).format() for name, amount in found["amounts"].items() if amount}
    rows = [
        ("sales, work, money", f"{tracks['sales']}, {tracks['work']}, {tracks['money']}"),
        ("salesperson", found["salesperson"] or "nobody yet"),
        ("whose move", found["whose_move"] or "nobody's"),
        *money.items(),
        ("page", found["url"]),
    ]
    show_table(rows)
    _section("Waits", [(_time(one["opened_at"]), one["stage"], one["whose"], one["what"]) for one in found["waits"]])
    documents = [(_time(one["made_at"]), f"{one['kind']} v{one['version']}", one["state"], one["link"]) for one in found["documents"]]
    _section("Documents", documents)
    billed = [
        (one["issued_on"], f"{one['kind']} {one['number'] or ''}", Money.model_validate(one["gross"]).format(), one["link"])
        for one in found["invoices"]
    ]
    _section("Invoices", billed)
    _section("Time in each stage", [(one.track, one.place, _span(one)) for one in times_of(DealCard.model_validate(found))])
    _section("Facts", [(_time(one["known_at"]), one["kind"], one["actor"] or one["source"], one["subject"]) for one in found["facts"]])
    _section("Moves", [(_time(one["at"]), one["track"], f"{one['was']} → {one['to']}", one["why"]) for one in found["moves"]])
    _section("Effects", [(_time(one["at"]), one["state"], one["key"], one["said"]) for one in found["effects"]])
    _section("Stage runs", [(_time(one["wanted_at"]), one["stage"], one["state"], one["url"]) for one in found["runs"]])


def _section(title: str, rows: Sequence[tuple[str, ...]]) -> None:
    if rows:
        out.print(f"\n{title}", style="bold")
        show_table(rows)


def _span(one: Spent) -> str:
    return lasted(one.until - one.since) if one.until else f"since {_time(one.since.isoformat())}"


def _time(iso: str) -> str:
    return iso[:16].replace("T", " ")
