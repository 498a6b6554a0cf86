"""Where secrets would be found if they leaked: logs, Prefect's database, results, our own tables. Letters are where links and codes belong."""

import re
from collections.abc import Iterator
from email import message_from_bytes

from sqlalchemy import create_engine, inspect, make_url, text
from sqlmodel import select

from models import links, signing
from models.cash_tables import SignCode
from models.tables import Link
from tests.e2e.system import System

GIVEN = {
    "STUDIO_SECRET": "hush-1-signs-every-link-of-this-studio", "STUDIO_MAILBOX_URL": "imap+starttls://studio:hush-2-imap@127.0.0.1:9",
    "STUDIO_STRIPE_KEY": "sk_test_hush3stripe", "STUDIO_STRIPE_WEBHOOK_SECRET": "whsec_hush4webhook", "STUDIO_REDMINE_KEY": "hush-5-redmine",
}  # fmt: skip
"""Settings of a system whose secrets are looked for."""
MAIL, POSTGRES, REDIS, LOGIN = "hush-6-mail", "hush-7-postgres", "hush-8-redis", "hush-9-login"
"""Passwords of what a grown system stands on; a server that asks for none takes any."""
MARKS = ("hush-1", "hush-2", "hush3", "hush4", "hush-5", MAIL, POSTGRES, REDIS, LOGIN)
API_KEY = r"sf_[A-Za-z0-9]{40}"
BOARDS = frozenset({"prefect.artifact", "prefect.artifact_collection", "prefect.events"})
"""What operators read, and Prefect's copy of it when it is new: a deal's card links to the studio's own view of each document, never to the client's."""
DRIVERS = {"sqlite": "sqlite", "postgresql": "postgresql+psycopg"}
CODE = r"(?<![0-9a-zA-Z.-]){}(?![0-9a-zA-Z.-])"
"""Six digits are easily part of a longer number or of an id."""


def leaks(system: System) -> list[str]:
    """Each secret that was found where it must not be: what it is, and where."""
    boards = _words(system, tokens_of(system, staff=False))
    wanted = _words(system, tokens_of(system))
    return [
        f"{place}: {hit.group()} in {text[max(hit.start() - 80, 0) : hit.end() + 20]!r}"
        for place, text in places(system)
        for hit in (boards if place in BOARDS else wanted).finditer(text)
    ]  # fmt: skip


def _words(system: System, tokens: list[str]) -> re.Pattern[str]:
    words = [re.escape(word) for word in [*MARKS, *secrets_of(system), *tokens]]
    return re.compile("|".join([*words, *(CODE.format(code) for code in codes_of(system)), API_KEY]))


def secrets_of(system: System) -> list[str]:
    """What was made at the first start; of long ones the beginning."""
    made = [line.partition("=")[2] for line in (system.home / "secrets.env").read_text().splitlines()]
    return [word[:60] for word in made if word]


def tokens_of(system: System, *, staff: bool = True) -> list[str]:
    """The token of every link that was ever handed out; without those of the studio's own views where `staff` says so."""
    secret = system.settings.secret.get_secret_value()
    with system.db.reading() as session:
        handed = [one for one in session.exec(select(Link)) if staff or links.base(one.kind) not in links.STAFF]
    return [links.token(secret, one.kind, one.deal_id, one.generation) for one in handed]


def codes_of(system: System) -> list[str]:
    """Every signing code that was ever asked for."""
    secret = system.settings.secret.get_secret_value()
    with system.db.reading() as session:
        return [signing.digits(secret, one.deal_id, one.version, one.number, kind=one.kind) for one in session.exec(select(SignCode))]


def letters(system: System) -> Iterator[str]:
    """The words of every letter that was sent."""
    for file in (system.home / "outbox").glob("*.eml"):
        for part in message_from_bytes(file.read_bytes()).walk():
            if part.get_content_maintype() == "text":
                yield bytes(part.get_payload(decode=True)).decode()


def places(system: System) -> Iterator[tuple[str, str]]:
    """Everything that is looked through, piece by piece: where it stands, and its text."""
    for log in sorted(system.home.glob("*.log")):
        for number, line in enumerate(log.read_text(errors="replace").splitlines()):
            yield f"{log.name}:{number}", line
    for file in sorted((system.home / "results").rglob("*")):
        if file.is_file():
            yield f"results/{file.name}", file.read_text(errors="replace")
    yield from _rows("prefect", system.env["PREFECT_API_DATABASE_CONNECTION_URL"])
    yield from _rows("studio", system.settings.database)


def _rows(name: str, url: str) -> Iterator[tuple[str, str]]:
    """Every row of every table as text."""
    place = make_url(url)
    engine = create_engine(place.set(drivername=DRIVERS[place.get_backend_name()]))
    with engine.connect() as db:
        for table in inspect(db).get_table_names():
            for row in db.execute(text(f'SELECT * FROM "{table}"')):
                yield f"{name}.{table}", " | ".join(str(value) for value in row if value is not None)
    engine.dispose()
