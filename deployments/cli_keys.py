"""`./studio keys`: keys with which other systems call the API."""

import re
import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Annotated, Any

import typer
from sqlmodel import Session

from deployments.terminal import Json, out, show_json, show_table
from models import company, keys
from models.clock import Clock
from models.db import Database
from models.errors import Invalid
from models.settings import Settings, read

_SPAN = re.compile(r"(\d{1,4})([dh])")
_UNITS = {"d": "days", "h": "hours"}
app = typer.Typer(no_args_is_help=True, help="Keys with which other systems call the API.")


@app.command()
def add(
    name: str,
    scope: Annotated[list[str], typer.Option(help=f"One of {', '.join(keys.SCOPES)}; may be given again.")],
    ends: Annotated[str, typer.Option(help="How long it is good, like 90d or 12h; without it, until it is revoked.")] = "",
    staff: Annotated[str, typer.Option(help="The address of the person it speaks for, as in studio.toml; without it, a machine's.")] = "",
) -> None:
    """Make a key and print it, this once, alone on its line."""
    settings = read()
    person = company.load(settings.company).studio.person(staff) if staff else None
    if staff and person is None:
        raise Invalid(f"There is nobody in studio.toml with the address {staff}.")
    with _writing(settings) as (session, now):
        key = keys.add(session, name, scope, now, ends_at=now + span(ends) if ends else None, staff=person.email if person else "")
    sys.stdout.write(f"{key}\n")


@app.command()
def rotate(
    name: str,
    grace: Annotated[str, typer.Option(help="How long the old key is good beside the new one, like 7d or 12h; 0d: it ends now.")] = "7d",
) -> None:
    """Make a new key of the same name and scopes and print it, this once, alone on its line; the old one is good until the grace ends."""
    length = span(grace)
    with _writing(read()) as (session, now):
        key = keys.rotate(session, name, now, grace=length)
    sys.stdout.write(f"{key}\n")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show every key by name: scopes, whose, when made, last used, ended. The keys themselves are kept nowhere."""
    with _writing(read()) as (session, now):
        known: list[dict[str, Any]] = [
            key.model_dump(include={"name", "scopes", "staff", "made_at", "used_at", "ends_at", "was_until", "revoked_at"})
            for key in keys.everyone(session)
        ]
    if as_json:
        show_json(known)
    elif not known:
        out.print("There are no keys yet: ./studio keys add NAME --scope SCOPE makes one.")
    else:
        show_table([(key["name"], ", ".join(key["scopes"]), _told(key, now)) for key in known])


@app.command()
def revoke(name: str) -> None:
    """End a key; what calls with it is refused from now on."""
    with _writing(read()) as (session, now):
        keys.revoke(session, name, now)
    out.print(f"The key {name} is revoked.", markup=False)


@contextmanager
def _writing(settings: Settings) -> Generator[tuple[Session, datetime]]:
    """A session, and the studio's time."""
    from deployments.set_up import migrate

    migrate(settings)
    db = Database(settings.database)
    try:
        with db.writing() as session:
            yield session, Clock(settings.clock)()
    finally:
        db.close()


def span(text: str) -> timedelta:
    """A length of time as people type it: 7d, 12h. Raises Invalid for anything else."""
    found = _SPAN.fullmatch(text.strip())
    if found is None:
        raise Invalid(f"“{text}” is no length of time: give days or hours, like 7d or 12h.")
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


def _told(key: dict[str, Any], now: datetime) -> str:
    if key["revoked_at"]:
        return f"revoked {_at(key['revoked_at'])}"
    if key["ends_at"] and key["ends_at"] <= now:
        return f"ended {_at(key['ends_at'])}"
    said = [f"last used {_at(key['used_at'])}" if key["used_at"] else "never used"]
    said += [f"ends {_at(key['ends_at'])}"] if key["ends_at"] else []
    said += [f"the one before it is good until {_at(key['was_until'])}"] if key["was_until"] and key["was_until"] > now else []
    return ", ".join([*said, *([f"speaks for {key['staff']}"] if key["staff"] else [])])


def _at(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M}"
