"""`./studio keys`: keys with which other systems call the API."""

import sys
from collections.abc import Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Annotated, Any

import typer
from sqlmodel import Session

from deployments.terminal import Json, out, show_json, show_table
from models import keys
from models.db import Database
from models.settings import read

app = typer.Typer(no_args_is_help=True, help="Keys with which other systems call the API.")


@app.command()
def add(name: str, scope: Annotated[list[str], typer.Option(help=f"One of {', '.join(keys.SCOPES)}; may be given again.")]) -> None:
    """Make a key and print it, this once, alone on its line."""
    with _writing() as session:
        key = keys.add(session, name, scope, now=datetime.now(UTC))
    sys.stdout.write(f"{key}\n")


@app.command("list")
def list_(as_json: Json = False) -> None:
    """Show every key by name: scopes, when made, last used and revoked. The keys themselves are kept nowhere."""
    with _writing() as session:
        known: list[dict[str, Any]] = [
            {"name": key.name, "scopes": key.scopes, "made_at": key.made_at, "used_at": key.used_at, "revoked_at": key.revoked_at}
            for key in keys.everyone(session)
        ]
    if as_json:
        show_json(known)
    elif not known:
        out.print("There are no keys yet: ./studio keys add NAME --scope SCOPE makes one.")
    else:
        show_table([(key["name"], ", ".join(key["scopes"]), _told(key)) for key in known])


@app.command()
def revoke(name: str) -> None:
    """End a key; what calls with it is refused from now on."""
    with _writing() as session:
        keys.revoke(session, name, now=datetime.now(UTC))
    out.print(f"The key {name} is revoked.", markup=False)


@contextmanager
def _writing() -> Generator[Session]:
    from deployments.start import migrate

    settings = read()
    migrate(settings)
    db = Database(settings.database)
    try:
        with db.writing() as session:
            yield session
    finally:
        db.close()


def _told(key: dict[str, Any]) -> str:
    if key["revoked_at"]:
        return f"revoked {key['revoked_at']:%Y-%m-%d %H:%M}"
    return f"last used {key['used_at']:%Y-%m-%d %H:%M}" if key["used_at"] else "never used"
