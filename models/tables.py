"""The tables of the process; those of money and signatures are in `models.cash_tables`, those of delivery in `models.delivery_tables`.

This module loads them all.

Times are aware UTC, money is minor units, JSON columns hold plain data.

    client ─< deal ─< fact, move, stage_run, wait, effect, document, upload, link
"""

from datetime import datetime

from sqlalchemy import BigInteger, Index, UniqueConstraint, text
from sqlmodel import Field, SQLModel

import models.cash_tables
import models.delivery_tables
import models.row_numbers  # noqa: F401 (rows of a restored database are numbered there)
from models.columns import Payload
from models.columns import json_of as _json
from models.columns import when as _when
from models.stages import LIVE_STATES


class Client(SQLModel, table=True):
    """Somebody who asked us for work. `email` is normalised, `phone` E.164; `details` are a contracting party's (`ContractDetails`).

    `bounced_at`: since when letters to the address come back, `bounce_said` why; `course_off_at`: they want no more letters of a course.
    """

    id: int | None = Field(default=None, primary_key=True)
    name: str
    email: str = Field(default="", index=True)
    phone: str = Field(default="", index=True)
    company: str = ""
    locale: str = ""
    details: Payload = _json()
    opened_at: datetime = _when(null=False)
    reminders_off_at: datetime | None = _when()
    course_off_at: datetime | None = _when()
    bounced_at: datetime | None = _when()
    bounce_said: str = ""


def _few(name: str, column: str, those: str) -> Index:
    """An index of the few rows that the waker asks for again and again, however many there are besides."""
    return Index(name, column, sqlite_where=text(those), postgresql_where=text(those))


class Deal(SQLModel, table=True):
    """One piece of work with one client, on three tracks. A track is written only by `models.tracks.move`."""

    __table_args__ = (_few("deal_held", "held_until", "held_until IS NOT NULL"),)

    id: int | None = Field(default=None, primary_key=True)
    client_id: int = Field(foreign_key="client.id", index=True)
    service: str
    sales: str = Field(default="received", index=True)
    work: str = Field(default="none", index=True)
    money: str = Field(default="none", index=True)
    round: int = 1
    salesperson: str = Field(default="", index=True)
    budget: int | None = Field(default=None, sa_type=BigInteger)
    currency: str
    locale: str
    message: str = ""
    source: Payload = _json()
    opened_at: datetime = _when(null=False)
    held_since: datetime | None = _when()
    held_until: datetime | None = _when()


class Fact(SQLModel, table=True):
    """Something that came to be known, raw, once per (source, external id). Never changed afterwards but for its deal."""

    __table_args__ = (UniqueConstraint("source", "external_id"), Index("fact_subject", "deal_id", "subject", "kind"))

    id: int | None = Field(default=None, primary_key=True)
    kind: str = Field(index=True)
    source: str
    external_id: str
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True)
    subject: str = ""
    actor: str
    payload: Payload = _json()
    happened_at: datetime = _when(null=False)
    known_at: datetime = _when(null=False)


class Move(SQLModel, table=True):
    """A deal's step on one track, and the fact that caused it."""

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True)
    track: str
    was: str
    to: str
    at: datetime = _when(null=False)
    why: str
    fact_id: int | None = Field(default=None, foreign_key="fact.id")


class StageRun(SQLModel, table=True):
    """A wanted run of a stage: the row from which Prefect's flow run is made, and made again."""

    __tablename__ = "stage_run"
    __table_args__ = (
        Index(
            "stage_run_one_live",
            "deal_id",
            "stage",
            "round",
            "part",
            unique=True,
            sqlite_where=text(f"deal_id IS NOT NULL AND application_id IS NULL AND state IN {LIVE_STATES}"),
            postgresql_where=text(f"deal_id IS NOT NULL AND application_id IS NULL AND state IN {LIVE_STATES}"),
        ),
        _few("stage_run_owned", "owner", "owner > ''"),
        _few("stage_run_application", "application_id", "application_id IS NOT NULL"),
    )

    id: int | None = Field(default=None, primary_key=True)
    key: str = Field(unique=True)
    stage: str
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True)
    application_id: int | None = Field(default=None, foreign_key="fact.id")
    round: int = 1
    part: int = 0
    generation: int = 1
    state: str = Field(default="wanted", index=True)
    flow_run_id: str | None = Field(default=None, unique=True)
    owner: str = ""
    fact_id: int | None = Field(default=None, foreign_key="fact.id")
    wanted_at: datetime = _when(null=False)
    touched_at: datetime = _when(null=False)
    ended_at: datetime | None = _when()
    why: str = ""


class Wait(SQLModel, table=True):
    """A question put to somebody, and the one fact that answered it.

    `rungs` is the stored ladder [{at, letter, unopened, tell}], computed when the wait opened. `due_at` is when the waker looks next.
    """

    __table_args__ = (UniqueConstraint("deal_id", "stage", "round", "part", "key", name="wait_place"), Index("wait_due", "closed_at", "due_at"))

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True)
    stage: str
    round: int
    part: int = 0
    key: str
    kinds: list[str] = _json(list)
    subject: str
    whose: str
    what: str
    ladder: str = ""
    opened_at: datetime = _when(null=False)
    rungs: list[Payload] = _json(list)
    rungs_sent: int = 0
    deadline: datetime | None = _when()
    due_at: datetime | None = _when()
    flow_run_id: str = Field(index=True)
    suspensions: int = 0
    fact_id: int | None = Field(default=None, foreign_key="fact.id", unique=True)
    closed_at: datetime | None = _when()
    outcome: str = ""


class FailedOperation(SQLModel, table=True):
    """A check or an operation that failed and has not gone well since. `key`: a check's name, of which the newest counts, or an operation's run."""

    __tablename__ = "failed_operation"

    key: str = Field(primary_key=True)
    what: str
    flow_run_id: str
    deal_id: int | None = Field(default=None, foreign_key="deal.id")
    at: datetime = _when(null=False)
    why: str = ""


class Effect(SQLModel, table=True):
    """An act on the world: planned → claimed → done | failed | skipped | unknown."""

    __table_args__ = (Index("effect_counts", "state", "kind", "settled_at"),)

    key: str = Field(primary_key=True)
    deal_id: int | None = Field(default=None, foreign_key="deal.id", index=True)
    kind: str
    what: str = ""
    state: str = Field(default="planned", index=True)
    owner: str = ""
    lease_until: datetime | None = _when()
    attempts: int = 0
    planned_at: datetime = _when(null=False)
    claimed_at: datetime | None = _when()
    settled_at: datetime | None = _when()
    said: str = ""
    args: Payload = _json()
    result: Payload = _json()


class Document(SQLModel, table=True):
    """One version of a brief, estimate, proposal, contract or act, with its hashes (SHA-256, hex).

    A proposal is live until it is accepted, then frozen. A contract is frozen when it is sent, then signed, or void; so is an act of
    acceptance, which silence may accept besides (deemed).
    """

    __table_args__ = (UniqueConstraint("deal_id", "kind", "version"),)

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True)
    kind: str
    version: int
    round: int
    state: str = "live"
    body: Payload = _json()
    body_hash: str
    made_at: datetime = _when(null=False)
    made_by: str
    why: str = ""
    made_from: Payload = _json()
    changes: list[str] = _json(list)
    template_hash: str = ""
    pdf_hash: str = ""
    pdf_path: str = ""
    stale_since: datetime | None = _when()
    frozen_at: datetime | None = _when()
    frozen_by: int | None = Field(default=None, foreign_key="fact.id")
    selection: list[str] = _json(list)
    totals: Payload = _json()


class Brief(SQLModel, table=True):
    """The brief as the client left it: `answers` by question. Sending it makes a Document of kind brief."""

    deal_id: int = Field(foreign_key="deal.id", primary_key=True)
    answers: Payload = _json()
    revision: int = 0
    saved_at: datetime = _when(null=False)
    sent_at: datetime | None = _when()


class Upload(SQLModel, table=True):
    """A client's file, kept below home under a name of ours."""

    id: int | None = Field(default=None, primary_key=True)
    deal_id: int = Field(foreign_key="deal.id", index=True)
    question: str
    name: str
    media_type: str
    size: int
    sha256: str
    path: str
    at: datetime = _when(null=False)
    removed_at: datetime | None = _when()


class Link(SQLModel, table=True):
    """A capability, found again by the SHA-256 of its token; the token itself is derived, never stored."""

    digest: str = Field(primary_key=True)
    kind: str
    deal_id: int = Field(foreign_key="deal.id", index=True)
    generation: int = 1
    made_at: datetime = _when(null=False)
    revoked_at: datetime | None = _when()


class Lease(SQLModel, table=True):
    """Who may act, and until when, by the real clock."""

    name: str = Field(primary_key=True)
    owner: str
    until: datetime = _when(null=False)


class ApiKey(SQLModel, table=True):
    """A machine's key, or one of a person of the staff (`staff`: their address); hashed at rest.

    `was_digest` is the key before the last rotation, good until `was_until`.
    """

    __tablename__ = "api_key"

    id: int | None = Field(default=None, primary_key=True)
    name: str = Field(unique=True)
    digest: str = Field(unique=True)
    scopes: list[str] = _json(list)
    staff: str = ""
    made_at: datetime = _when(null=False)
    ends_at: datetime | None = _when()
    was_digest: str | None = Field(default=None, index=True)
    was_until: datetime | None = _when()
    used_at: datetime | None = _when()
    revoked_at: datetime | None = _when()
