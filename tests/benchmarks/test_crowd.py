"""The arithmetic of waits and crowds: what counts as lost, as out of order, as added; copies that wait as the first one does."""

from uuid import uuid4

import pytest
from sqlalchemy import create_engine, make_url, text
from sqlalchemy.exc import OperationalError
from sqlmodel import select

from benchmarks import crowd, waits
from benchmarks.copies import copy_runs
from benchmarks.databases import a_database
from benchmarks.figures import Figure
from models import due
from models.errors import Unavailable
from models.migrate import trouble
from models.settings import ROOT
from models.tables import StageRun, Wait
from tasks.waker import Round, tick
from tasks.world import World
from tests.fakes import FakeEngine
from tests.parts import requires

IN_ORDER = [(1, "received", "briefing"), (2, "received", "briefing"), (1, "briefing", "estimating")]
SENT = [(1, "deal/1/intake/thanks"), (2, "deal/2/intake/thanks"), (2, "deal/2/r1/brief/mail"), (1, "deal/1/r1/brief/mail"), (1, "deal/1/estimate/v1")]


@pytest.mark.parametrize(("there", "lost"), [(["a", "b"], set()), (["a"], {"b"}), (["a", "b", "b"], {"b"}), ([], {"a", "b"}), (["a", "b", "c"], set())])
def test_lost_is_whoever_has_not_exactly_one_deal(there: list[str], lost: set[str]) -> None:
    assert crowd.missing(["a", "b"], there) == lost


def test_deals_may_overtake_each_other_and_each_keeps_its_own_order() -> None:
    assert crowd.out_of_order(IN_ORDER, SENT) == []


@pytest.mark.parametrize(
    ("moves", "sent", "said"),
    [
        ([*IN_ORDER, (2, "received", "briefing")], SENT, "Deal 2 moved from received to briefing while it was briefing."),
        (IN_ORDER, [SENT[3], *SENT[:3]], "Deal 1 got r1/brief/mail, intake/thanks."),
        (IN_ORDER, SENT[:3], "Deal 1 got intake/thanks."),
        (IN_ORDER, [*SENT, SENT[0]], "Deal 1 got intake/thanks, r1/brief/mail, intake/thanks."),
    ],
)
def test_a_move_from_elsewhere_and_a_letter_before_its_time_are_named(moves: list, sent: list, said: str) -> None:
    assert crowd.out_of_order(moves, sent) == [said]


@pytest.mark.parametrize(("idle", "rested", "more", "meets"), [(4.0, 5.5, 1.5, True), (4.0, 6.1, 2.1, False), (4.0, 3.0, 0.0, True)])
def test_what_waiting_deals_add_is_never_less_than_nothing(idle: float, rested: float, more: float, meets: bool) -> None:
    figure = waits.added([Figure("waits", "before", idle, "%")], [Figure("waits", "memory", 9, "MiB"), Figure("waits", "after", rested, "%")], 100)
    assert (figure.value, figure.meets) == (pytest.approx(more), meets)


def test_copies_are_deals_that_wait_and_a_round_over_them_has_nothing_to_do(here_sqlite: World) -> None:
    prefect = FakeEngine()
    tick(prefect.talk)
    here_sqlite.now.at = here_sqlite.now.at.replace(year=2020)  # whatever the machine's clock says, their reminders are to come
    with here_sqlite.db.writing() as session:
        waits.waiting(session, ["one", "two"])
    assert tick(waits._silent) == Round()
    with here_sqlite.db.reading() as session:
        assert [row.state for row in session.exec(select(StageRun))] == ["waiting"] * 2
        later = max(wait.deadline for wait in session.exec(select(Wait)))
        assert set(due.ripe(session, now=later, limit=9)) == {"one", "two"}


def test_runs_in_prefect_s_tables_are_copied_whole_each_with_its_own_state(bare_database_url: str) -> None:
    pattern, state, *runs = (str(uuid4()) for _ in range(4))
    bare = create_engine(bare_database_url)
    with bare.begin() as prefect:
        prefect.execute(text("CREATE TABLE flow_run (id UUID PRIMARY KEY, state_id UUID, idempotency_key TEXT UNIQUE, name TEXT, labels JSON)"))
        prefect.execute(text("CREATE TABLE flow_run_state (id UUID PRIMARY KEY, flow_run_id UUID NOT NULL REFERENCES flow_run (id), type TEXT)"))
        if bare.dialect.name == "postgresql":
            prefect.execute(text("ALTER TABLE flow_run ADD FOREIGN KEY (state_id) REFERENCES flow_run_state (id)"))
        prefect.execute(text(f"INSERT INTO flow_run VALUES ('{pattern}', NULL, 'deal-1/brief', 'brief', '{{}}')"))
        prefect.execute(text(f"INSERT INTO flow_run_state VALUES ('{state}', '{pattern}', 'PAUSED')"))
        prefect.execute(text(f"UPDATE flow_run SET state_id = '{state}'"))
    copy_runs(make_url(bare_database_url).render_as_string(hide_password=False).replace("+psycopg", "+asyncpg"), pattern, runs)
    copy_runs(bare_database_url, pattern, [])
    with bare.connect() as prefect:
        found = prefect.execute(text("SELECT r.id, r.name, s.type FROM flow_run r JOIN flow_run_state s ON s.id = r.state_id AND s.flow_run_id = r.id"))
        assert sorted((str(run), name, kind) for run, name, kind in found) == [(run, "brief", "PAUSED") for run in sorted([pattern, *runs])]
    bare.dispose()


@pytest.mark.parametrize(("profile", "aims"), [("embedded", ["≤ 572 MiB", "≤ 10 %"]), ("postgres", ["", ""])])
def test_what_a_system_at_rest_may_take_is_an_aim_of_the_embedded_one(profile: str, aims: list[str]) -> None:
    assert [figure.aim for figure in waits.aimed([Figure("waits", "memory", 9, "MiB"), Figure("waits", "processor", 9, "%")], profile)] == aims


def test_a_database_is_of_the_kind_of_the_profile_and_gone_with_the_block() -> None:
    requires("postgres")
    for profile, kind in (("embedded", "sqlite"), ("postgres", "postgresql")):
        with a_database(profile) as db:
            assert db.engine.dialect.name == kind and not trouble(db)
        with pytest.raises((Unavailable, OperationalError)), db.reading() as session:
            session.exec(select(Wait)).all()


def test_what_is_measured_beside_the_system_stands_on_the_databases_of_its_profile() -> None:
    sources = {path.name: path.read_text() for path in (ROOT / "benchmarks").glob("*.py")}
    assert [name for name, text in sources.items() if "sqlite:///" in text and name != "databases.py"] == []
    assert [name for name, text in sources.items() if "with at_home(" in text and "with at_home(profile=beside.profile)" not in text] == []
