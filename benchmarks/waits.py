"""Cost as the work grows: 100, 1,000 and 10,000 deals that wait. Memory and processor time at rest, a round of the waker, a wake."""

import tempfile
import time
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlmodel import Session, col, select

from benchmarks.books import timed
from benchmarks.client import Somebody
from benchmarks.copies import copy_runs
from benchmarks.databases import postgres, sqlite
from benchmarks.figures import Figure, median
from benchmarks.house import House, at_home
from benchmarks.processes import family, is_printing
from benchmarks.watch import watching
from models.answers import BriefSent
from models.db import Database
from models.errors import StudioError
from models.migrate import upgrade
from models.stages import RunState, Stage, run_key
from models.tables import Client, Deal, StageRun, Wait
from models.tracks import Sales
from tasks.engine import Engine

SIZES = (100, 1_000, 10_000)
SOON = timedelta(days=30)
LONG_AGO = timedelta(hours=1)
"""How long the copies have waited: what is drawn of a deal when something happens to it was drawn then."""
A_ROUND_S, SHARE = 1.0, 2.0
IDLE_MIB, IDLE_SHARE = 572, 10
"""What the embedded system may take while one deal waits and nothing happens: 600 MB, and a tenth of a core."""
FEW = 5


def waits(beside: House, *, quick: bool) -> list[Figure]:
    """On a system of its own, whose waiting deals are copies of one that waits; and rounds of the waker on either kind of database."""
    sizes, span = (SIZES[:1], 10) if quick else (SIZES, 60)
    found: list[Figure] = []
    with at_home(profile=beside.profile) as house:
        pattern, before = _one_that_waits(house), 0
        idle = aimed(_rested(house, span, 1), beside.profile)
        found += idle
        for size in sizes:
            _copy(house, pattern, size - before)
            before = size
            rested = _rested(house, span, size)
            found += [*rested, added(idle, rested, size), _woken(house, size, 1 if quick else FEW)]
    with sqlite() as url:
        found += _rounds(url, "SQLite", sizes)
    with postgres() as url:
        return found + (_rounds(url, "PostgreSQL", sizes) if url else [])


def aimed(idle: Sequence[Figure], profile: str) -> list[Figure]:
    """Memory and processor time of a system with one deal beside their aims, which are the embedded system's."""
    memory, processor = idle
    if profile != "embedded":
        return [memory, processor]
    return [replace(memory, at_most=IDLE_MIB), replace(processor, at_most=IDLE_SHARE)]


def added(idle: Sequence[Figure], rested: Sequence[Figure], size: int) -> Figure:
    """What waiting deals add to the processor time at rest: the last figure of each is all processes'."""
    more = max(0.0, rested[-1].value - idle[-1].value)
    return Figure("waits", f"processor that {size:,} waiting deals add", more, "%", "of one core, against one that waits", at_most=SHARE)


def _rested(house: House, span: int, size: int) -> list[Figure]:
    """Memory and processor time of all processes; how many they are."""
    house.settle()
    time.sleep(5)
    before, began = {one.pid: one.seconds for one in family(house.pid)}, time.monotonic()
    time.sleep(span)
    after, took = family(house.pid), time.monotonic() - began
    share = 100 * sum(one.seconds - before.get(one.pid, one.seconds) for one in after) / took
    how = f"{len(after)} processes{', the printing one too' if is_printing(after) else ''}, over {span} s"
    return [
        Figure("waits", f"memory, {size:,} deals waiting", sum(one.memory for one in after), "MiB", f"PSS, {how}"),
        Figure("waits", f"processor, {size:,} deals waiting", share, "%", f"of one core, {how}"),
    ]


def _woken(house: House, size: int, times: int) -> Figure:
    """From the brief's POST to the moment at which its stage has gone on and wants the next."""
    took = []
    with watching(house) as watch:
        for _ in range(times):
            ada = Somebody(house)
            ada.applies()
            deal, _ = watch.handed_over(ada.email, "r1/brief/mail")
            house.settle()
            began = ada.sends_brief(deal)
            watch.handed_over(ada.email, "proposal/v1/mail")
            with house.db.reading() as session:
                wanted = select(StageRun.wanted_at).where(StageRun.deal_id == deal, StageRun.stage == Stage.ESTIMATE.value)
                took.append(session.exec(wanted).one().timestamp() - began)
            ada.leaves()
            house.settle()
    how = f"median of {times}, from the answer's POST; the suspended stage has gone on to its end"
    return Figure("waits", f"answer → next step, {size:,} deals waiting", median(took), "s", how)


# Copies


def _one_that_waits(house: House) -> str:
    """The flow run of a deal that waits for its brief."""
    with watching(house) as watch:
        ada = Somebody(house)
        ada.applies()
        deal, _ = watch.handed_over(ada.email, "r1/brief/mail")
        ada.leaves()
    house.settle()
    with house.db.reading() as session:
        return session.exec(select(Wait.flow_run_id).where(Wait.deal_id == deal, col(Wait.closed_at).is_(None))).one()


def _copy(house: House, pattern: str, count: int) -> None:
    runs = [str(uuid4()) for _ in range(count)]
    copy_runs(house.env["PREFECT_API_DATABASE_CONNECTION_URL"], pattern, runs)
    with house.db.writing() as session:
        waiting(session, runs)


def waiting(session: Session, runs: Sequence[str]) -> None:
    """A deal for each of these flow runs, suspended at the question for the brief for an hour, reminders to come in a month."""
    at = datetime.now(UTC) - LONG_AGO
    clients = [Client(name="Ada Byron", email=f"{run}@acme.example", company="Acme", locale="en_IE", opened_at=at) for run in runs]
    session.add_all(clients)
    session.flush()
    deals = [
        Deal(client_id=one.id or 0, service="corporate-site", sales=Sales.BRIEFING.value, currency="EUR", locale="en_IE", opened_at=at)
        for one in clients
    ]
    session.add_all(deals)
    session.flush()
    rung = {"at": (at + SOON).isoformat(), "letter": "brief-reminder", "letter_unopened": None, "tell": []}
    for deal, run in zip(deals, runs, strict=True):
        key = run_key(deal_id=deal.id, application_id=None, stage=Stage.BRIEF, round_=1, generation=1)
        session.add(StageRun(
            key=key, stage=Stage.BRIEF.value, deal_id=deal.id, state=RunState.WAITING.value, flow_run_id=run, wanted_at=at, touched_at=at,
        ))  # fmt: skip
        session.add(Wait(
            deal_id=deal.id or 0, stage=Stage.BRIEF.value, round=1, key="answer#1", kinds=[BriefSent.kind], subject=f"deal/{deal.id}/r1/brief",
            whose="client", what="the filled brief", ladder="brief", opened_at=at, rungs=[rung], deadline=at + 2 * SOON, due_at=at + SOON,
            flow_run_id=run, suspensions=1,
        ))  # fmt: skip
    session.flush()


# Rounds


@contextmanager
def _silent() -> Generator[Engine]:
    """An engine that must not be asked: a round over deals that wait has nothing to ask it."""
    yield _Silent()  # ty: ignore[invalid-yield]


class _Silent:
    def look(self, flow_run_ids: Sequence[str]) -> dict[str, Any]:
        if flow_run_ids:
            raise StudioError(f"A round over waiting deals asks Prefect about {len(flow_run_ids)} runs.")
        return {}


def _rounds(url: str, name: str, sizes: Sequence[int]) -> list[Figure]:
    """Seconds of a round of the waker over so many waiting deals."""
    from models import settings
    from tasks import world
    from tasks.waker import tick

    db, before, found = Database(url), 0, []
    try:
        upgrade(db)
        with tempfile.TemporaryDirectory(prefix="studio-bench-") as home:
            here = world.use(replace(world.build(settings.read(home=home, secret="bench")), db=db))
            for size in sizes:
                with here.db.writing() as session:
                    waiting(session, [str(uuid4()) for _ in range(size - before)])
                before = size
                tick(_silent)
                took = [timed(lambda: tick(_silent)) for _ in range(FEW)]
                how = f"median of {FEW}, {name}; nothing is due"
                found.append(Figure("waits", f"a round of the waker, {size:,} deals waiting, {name}", median(took), "s", how, at_most=A_ROUND_S))
    finally:
        db.close()
    return found
