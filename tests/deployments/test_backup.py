"""Backup and restore: one file, whole or refused; either database into either; nothing given twice afterwards, nothing guessed."""

import gzip
import hashlib
import shutil
import tarfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from sqlmodel import Session, col, select

import tasks.effects
from deployments import running
from deployments.backup import backup, told
from deployments.restore import Wish, restore
from models import dump, migrate
from models import effects as ledger
from models.cash_tables import Invoice, Series
from models.db import Database
from models.effects import ERRAND
from models.effects import EffectState as E
from models.errors import Refused
from models.settings import Settings
from models.stages import RunState, Stage
from models.tables import Client, Deal, Effect, Upload, Wait
from tasks.effects import Act, Done
from tasks.waker import tick
from tasks.world import World, real_now
from tests.factories import a_deal, a_fact, a_run, an_invoice
from tests.fakes import MONDAY, FakeEngine, ManualClock
from tests.tasks.places import at
from tests.worlds import inhabited

CONTENT = b"what the client sent"
MOVED = Wish(moved=True)


@pytest.fixture
def studio(here: World) -> World:
    """A studio with a deal that waits, an invoice, a file and secrets."""
    digest = hashlib.sha256(CONTENT).hexdigest()
    path = f"uploads/1/{digest}.png"
    with here.db.writing() as session:
        deal = at(session, "proposed")
        an_invoice(session)
        session.add(Upload(deal_id=deal.id, question="q", name="ä.png", media_type="image/png", size=20, sha256=digest, path=path, at=MONDAY))
        a_fact(session, deal, payload={"text": "„ünï\u2028code“\n", "path": "documents/../../etc/passwd", "none": None})
    here.settings.path(*path.split("/")).write_bytes(CONTENT)
    here.settings.path("secrets.env").write_text("STUDIO_SECRET=keep-this-one-secret\n")
    here.settings.path("clock").write_text("0")
    return here


@pytest.fixture
def file(studio: World, tmp_path: Path) -> Path:
    place = tmp_path / "studio.backup"
    backup(studio.settings, place)
    return place


@pytest.fixture
def elsewhere(tmp_path: Path) -> Callable[..., Settings]:
    """An empty place; on SQLite unless another database is named."""

    def make(url: str = "") -> Settings:
        return Settings(home=tmp_path / "elsewhere", database_url=url)

    return make


def everything(url: str) -> dict[str, list[str]]:
    """Every row of a database, as lines."""
    db = Database(url)
    try:
        with dump.snapshot(db) as connection:
            return {table.name: list(dump.lines(connection, table)) for table in dump.tables(connection)}
    finally:
        db.close()


@contextmanager
def opened(settings: Settings) -> Iterator[Session]:
    db = Database(settings.database)
    with db.reading() as session:
        yield session
    db.close()


# There and back


def test_either_database_comes_back_into_either_row_by_row_with_its_files_and_secrets(
    studio: World, file: Path, elsewhere: Callable[..., Settings], bare_database_url: str
) -> None:
    there = elsewhere(bare_database_url)
    restore(there, file, MOVED)
    before, after = everything(studio.settings.database), everything(there.database)
    news = after["fact"].pop()
    assert "studio.restored" in news
    assert after == before
    path = next(line for line in before["upload"][1:]).split('"uploads/')[1].split('"')[0]
    assert (there.home / "uploads" / path).read_bytes() == CONTENT
    assert (there.home / "secrets.env").read_text() == "STUDIO_SECRET=keep-this-one-secret\n"
    assert {one.stat().st_mode & 0o777 for one in (there.home / "secrets.env", there.home / "uploads" / path)} == {0o600}
    assert not (there.home / "etc").exists()
    assert {one.name for one in there.home.iterdir()} <= {"bare.db", "studio.db", "uploads", "secrets.env", "clock", "studio.pid", "documents"}
    gives_new_numbers(there.database)
    if "postgresql" in bare_database_url:
        shutil.rmtree(there.home)
        with pytest.raises(Refused, match="The database is not empty"):
            restore(there, file, MOVED)
        restore(there, file, Wish(replace=True, moved=True))
        assert everything(there.database)["deal"] == before["deal"]


def gives_new_numbers(url: str) -> None:
    """New rows are numbered well above those that may have been given since the backup."""
    db = Database(url)
    for first in (10_001, 10_002):
        with db.writing() as session:
            session.add_all([Client(name=name, opened_at=MONDAY) for name in "ab"])
            assert a_deal(session, client=session.get_one(Client, 1)).id == first
    with db.reading() as session:
        assert sorted(session.exec(select(Client.id).where(col(Client.id) > 100))) == [10_001, 10_002, 10_003, 10_004]
    db.close()


def test_a_backup_is_of_one_moment_however_much_is_written_meanwhile(studio: World, tmp_path: Path) -> None:
    with dump.snapshot(studio.db) as connection:
        names = [table.name for table in dump.tables(connection)]
        with studio.db.writing() as session:
            a_deal(session)
        seen = {table.name: len(list(dump.lines(connection, table))) - 1 for table in dump.tables(connection)}
    assert (seen["deal"], seen["client"], names) == (2, 2, list(seen))


def test_what_is_said_of_a_backup_names_its_secrets_and_every_file_that_is_not_there(studio: World, tmp_path: Path) -> None:
    shutil.rmtree(studio.settings.home / "uploads")
    studio.settings.path("secrets.env").unlink()
    place = tmp_path / "b"
    said = "\n".join(told(backup(studio.settings, place), place, studio.settings))
    assert "come from the environment" in said
    assert "missing" in said and "uploads/1/" in said
    assert place.stat().st_mode & 0o777 == 0o600
    with pytest.raises(Refused, match="is there already"):
        backup(studio.settings, place)


def test_where_there_is_no_database_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(Refused, match="nothing to back up"):
        backup(Settings(home=tmp_path / "empty"), tmp_path / "b")
    assert not (tmp_path / "b").exists() and not (tmp_path / "empty" / "studio.db").exists()


# What is refused, and then nothing has changed


def cut(content: bytes) -> bytes:
    return content[: len(content) // 2]


def turned(content: bytes) -> bytes:
    """One byte of a table is another; the archive around it is whole."""
    return rewritten(content, lambda name, body: body.replace(b"Orla", b"Orlo") if name == "tables/client.jsonl" else body)


def newer(content: bytes) -> bytes:
    return rewritten(content, lambda name, body: body.replace(b'"format": 1', b'"format": 2') if name == "manifest.json" else body)


def from_tomorrow(content: bytes) -> bytes:
    at_head = f'"revision": "{migrate.head()}"'.encode()
    return rewritten(content, lambda name, body: body.replace(at_head, b'"revision": "9999"') if name == "manifest.json" else body)


def without_manifest(content: bytes) -> bytes:
    return rewritten(content, lambda name, body: None if name == "manifest.json" else body)


def climbing(content: bytes) -> bytes:
    return rewritten(content, lambda _name, body: body, rename=lambda name: "../" + name)


def rewritten(content: bytes, change: Callable[[str, bytes], bytes | None], rename: Callable[[str], str] = str) -> bytes:
    out = BytesIO()
    with tarfile.open(fileobj=BytesIO(content)) as old, tarfile.open(fileobj=out, mode="w:gz") as new:
        for member in old:
            body = change(member.name, old.extractfile(member).read())  # ty: ignore[unresolved-attribute]
            if body is not None:
                header = tarfile.TarInfo(rename(member.name))
                header.size = len(body)
                new.addfile(header, BytesIO(body))
    return out.getvalue()


BAD: dict[str, Callable[[bytes], bytes]] = {
    "not a whole backup": cut, "damaged.*tables/client": turned, "newer version": newer, "revision 9999": from_tomorrow,
    "no manifest": without_manifest, "not a plain file": climbing, "It|it is|not a whole": lambda _: b"", "whole backup": lambda _: gzip.compress(b"hello"),
}  # fmt: skip


def test_a_file_that_is_not_a_whole_backup_of_ours_is_refused_and_changes_nothing(
    here_sqlite: World, tmp_path: Path, elsewhere: Callable[..., Settings]
) -> None:
    with here_sqlite.db.writing() as session:
        a_deal(session)
    backup(here_sqlite.settings, tmp_path / "good")
    there = elsewhere()
    for why, change in BAD.items():
        (tmp_path / "bad").write_bytes(change((tmp_path / "good").read_bytes()))
        with pytest.raises(Refused, match=why):
            restore(there, tmp_path / "bad", Wish())
        assert {one.name for one in there.home.iterdir()} == {"studio.pid"}
    with pytest.raises(Refused, match="There is no file"):
        restore(there, tmp_path / "nowhere", Wish())
    with running.claim(there), pytest.raises(Refused, match="runs on"):
        restore(there, tmp_path / "good", Wish())


def test_a_place_that_is_not_empty_is_refused_and_put_aside_when_told(here_sqlite: World, tmp_path: Path) -> None:
    settings = here_sqlite.settings
    with here_sqlite.db.writing() as session:
        a_deal(session)
    settings.path("secrets.env").write_text("STUDIO_SECRET=one\n")
    backup(settings, tmp_path / "b")
    settings.path("secrets.env").write_text("STUDIO_SECRET=two\n")
    settings.path("prefect", "prefect.db").write_text("runs")
    with here_sqlite.db.writing() as session:
        a_deal(session)
    now = everything(settings.database)
    with pytest.raises(Refused, match="is not empty"):
        restore(settings, tmp_path / "b", MOVED)
    assert everything(settings.database) == now
    here_sqlite.db.close()
    said = restore(settings, tmp_path / "b", Wish(replace=True, moved=True))
    assert any("put aside" in sentence for sentence in said)
    assert len(everything(settings.database)["deal"]) == 2
    assert settings.path("secrets.env").read_text() == "STUDIO_SECRET=one\n"
    kept = {one.name.partition(".before-")[0]: one for one in settings.home.iterdir() if ".before-" in one.name}
    assert {"prefect", "secrets.env", "studio.db"} <= set(kept)
    assert everything(f"sqlite:///{kept['studio.db']}") == now


def test_an_older_backup_is_brought_up_to_date(tmp_path: Path, elsewhere: Callable[..., Settings]) -> None:
    old = Settings(home=tmp_path / "old")
    db = Database(old.database)
    with db.engine.execution_options(studio_begin="IMMEDIATE").begin() as connection:
        migrate.upgrade_to(connection, "0002")
        connection.exec_driver_sql("INSERT INTO client (name, email, phone, company, locale, details, opened_at) VALUES ('Ä', 'a@a.example', '', '', '', '{}', '2026-03-02 10:00:00')")
        connection.exec_driver_sql(
            "INSERT INTO deal (client_id, service, sales, work, money, round, salesperson, currency, locale, message, source, opened_at) "
            "VALUES (1, 'landing-page', 'won', 'kickoff', 'deposit_paid', 1, '', 'EUR', 'en_IE', '', '{}', '2026-03-02 10:00:00')"
        )
        connection.exec_driver_sql(
            "INSERT INTO stage_run (key, stage, deal_id, round, part, generation, state, owner, wanted_at, touched_at, why) "
            "VALUES ('deal-1/delivery/r1/g1', 'delivery', 1, 1, 0, 1, 'waiting', '', '2026-03-02 10:00:00', '2026-03-02 10:00:00', '')"
        )
    db.close()
    assert backup(old, tmp_path / "b").revision == "0002"
    there = elsewhere()
    restore(there, tmp_path / "b", MOVED)
    with opened(there) as session:
        assert session.connection().exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == migrate.head()
        assert session.get_one(Client, 1).name == "Ä"
        rows = session.connection().exec_driver_sql("SELECT key, state FROM stage_run ORDER BY id").all()
        assert [tuple(row) for row in rows] == [("deal-1/delivery/r1/g1", "withdrawn"), ("deal-1/kickoff/r1/g1", "wanted")]


# To an older moment


DAY = timedelta(days=1)


@pytest.fixture
def moving(here_sqlite: World, tmp_path: Path) -> Path:
    """A backup in the middle of things: one deal moves, one waits for its client; letters are planned, under way and done."""
    with here_sqlite.db.writing() as session:
        quiet, busy = at(session, "proposed"), at(session, "estimating")
        a_run(session, Stage.PROPOSAL, quiet, state=RunState.WAITING)
        a_run(session, Stage.ESTIMATE, busy, state=RunState.RUNNING, owner="elsewhere/1/x")
        for key, kind, to in (("errand/planned", ERRAND, E.PLANNED), ("errand/claimed", ERRAND, E.CLAIMED), ("stage/done", "letter", E.DONE)):
            effect = ledger.plan(session, key, kind, deal_id=quiet.id, what="brief-invitation", now=MONDAY)
            if to != E.PLANNED:
                ledger.claim(session, effect, "elsewhere/1/x", now=MONDAY)
            if to == E.DONE:
                ledger.settle(session, effect, E.DONE, said="250 ok", now=MONDAY)
        an_invoice(session)
    here_sqlite.settings.path("clock").write_text(str((MONDAY - real_now()).total_seconds()))
    backup(here_sqlite.settings, tmp_path / "b")
    return tmp_path / "b"


@contextmanager
def restored_a_day_later(file: Path, **wish: Any) -> Iterator[tuple[World, str]]:
    """The studio restored a day after its backup, in use; and what was said of it."""
    later = file.parent / "later"
    later.write_text(str((MONDAY + DAY - real_now()).total_seconds()))
    there = Settings(home=file.parent / "there", clock_file=later)
    said = "\n".join(restore(there, file, Wish(**wish)))
    db = Database(there.database)
    with inhabited(db, there.home, ManualClock(MONDAY + DAY + timedelta(minutes=5))) as world:
        yield world, said
    db.close()


def states(world: World) -> dict[str, str]:
    with world.db.reading() as session:
        return {effect.key: effect.state for effect in session.exec(select(Effect)) if effect.key.startswith(("errand/", "stage/"))}


def act(key: str, deal: int, **values: Any) -> Act:
    return Act(key=key, kind="letter", what="a letter", deal_id=deal, act=lambda: Done(said="sent", result={}), **values)


def test_to_an_older_moment_nothing_is_guessed_and_nothing_comes_too_early(moving: Path, here_sqlite: World) -> None:
    with here_sqlite.db.reading() as session:
        before = session.exec(select(Wait).where(col(Wait.deadline).is_not(None))).one().deadline
    with restored_a_day_later(moving) as (world, said):
        assert states(world) == {"errand/planned": "unknown", "errand/claimed": "unknown", "stage/done": "done"}
        assert "errand/claimed, errand/planned" in said
        assert tick(FakeEngine().talk).errands == 0
        with world.db.reading() as session:
            after = session.exec(select(Wait).where(col(Wait.deadline).is_not(None))).one().deadline
        assert timedelta(0) <= after - before - DAY < timedelta(minutes=2)
        assert "24 h 0" in said
        assert "These deals were moving" in said
        assert tasks.effects.once(act("a", 2)).state == E.UNKNOWN
        assert tasks.effects.once(act("a", 2)).state == E.UNKNOWN
        assert tasks.effects.once(act("b", 1)).state == E.DONE, "this deal was waiting"
        assert tasks.effects.once(act("c", 2, ask=lambda: None)).state == E.DONE, "its vendor says that it has not happened"
        assert tasks.effects.once(act("d", 2, ask=lambda: Done(said="there", result={}))).said == "there"
        tasks.effects.decide("a", went_out=False, who="Conor", run="run/1")
        assert tasks.effects.once(act("a", 2)).state == E.DONE, "a person wants it"
        with world.db.writing() as session:
            a_fact(session, session.get_one(Deal, 2), at=world.now())
        assert tasks.effects.once(act("e", 2)).state == E.DONE, "somebody has said something since"


def test_a_studio_that_was_moved_goes_on_where_it_stood(moving: Path) -> None:
    with restored_a_day_later(moving, moved=True) as (world, said):
        assert states(world) == {"errand/planned": "planned", "errand/claimed": "claimed", "stage/done": "done"}
        assert tasks.effects.once(act("a", 2)).state == E.DONE
        assert len(said.splitlines()) <= 2


def test_invoices_go_on_after_the_last_number_that_was_really_given(moving: Path) -> None:
    with restored_a_day_later(moving, moved=True) as (world, _), world.db.reading() as session:
        first = session.exec(select(Invoice.number)).one() or ""
    shutil.rmtree(moving.parent / "there")
    last = first.replace("0001", "0057")
    with restored_a_day_later(moving, last_invoice=last) as (world, said):
        with world.db.writing() as session:
            assert session.exec(select(Series)).one().last == 57
            assert an_invoice(session).number == first.replace("0001", "0058")
        assert "If later ones were issued" not in said
    shutil.rmtree(moving.parent / "there")
    with pytest.raises(Refused, match="not the number of an invoice"), restored_a_day_later(moving, last_invoice="X-1"):
        pass
