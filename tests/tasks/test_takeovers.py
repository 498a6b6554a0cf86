"""An operation whose worker died is begun again; one that ended is not, and one that kills whoever takes it is given up."""

from datetime import timedelta
from itertools import product

import pytest
from prefect.client.schemas.objects import State
from prefect.states import Completed, Crashed, Failed, Pending, Running, Scheduled

from models import leases
from tasks import takeovers
from tasks.mending import Round
from tasks.world import World, real_now
from tests.fakes import FakeEngine

STATES = {"pending": Pending(), "running": Running(), "scheduled": Scheduled(), "completed": Completed(), "failed": Failed(), "crashed": Crashed(), "lost": None}
DEAD = "elsewhere/1/0"


def held(here: World, owner: str) -> None:
    with here.db.writing() as session:
        leases.take(session, f"{takeovers.MARK}form", owner, length=timedelta(seconds=20), now=real_now() - timedelta(minutes=5))
        leases.take(session, f"worker/{here.worker}", here.worker, length=timedelta(minutes=5), now=real_now())


def left(here: World) -> list[str]:
    with here.db.reading() as session:
        return [lease.name for lease in leases.named(session, takeovers.MARK)]


@pytest.mark.parametrize(("state", "owner"), list(product(STATES, ["dead", "alive"])))
def test_only_what_the_dead_had_under_way_is_begun_again(here: World, state: str, owner: str) -> None:
    known: State | None = STATES[state]
    prefect, done = FakeEngine(states={"form": known} if known else {}), Round()
    held(here, here.worker if owner == "alive" else DEAD)
    takeovers.take_up(here, prefect, done)
    is_begun = owner == "dead" and state in {"pending", "running"}
    assert prefect.did == ([("restart", "form")] if is_begun else [])
    assert done.mended == (["form: its worker died; it is begun again"] if is_begun else [])
    assert left(here) == ([f"{takeovers.MARK}form"] if owner == "alive" else [])


@pytest.mark.parametrize("tries", range(1, 8))
def test_what_its_workers_die_of_is_given_up_with_a_word_what_to_do(here_sqlite: World, tries: int) -> None:
    prefect, done = FakeEngine(states={"form": Running()}, tries={"form": tries}), Round()
    held(here_sqlite, DEAD)
    takeovers.take_up(here_sqlite, prefect, done)
    assert prefect.did == [("restart" if tries < takeovers.TRIES else "crash", "form")]
    assert left(here_sqlite) == []


def test_a_run_is_noted_from_its_beginning_whoever_had_it_before_until_it_is_let_go(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PREFECT__RUNTIME__FLOW_RUN__ID", "form")
    held(here, DEAD)
    takeovers.note()
    with here.db.reading() as session:
        assert leases.holder(session, f"{takeovers.MARK}form") == here.worker
    takeovers.let_go("form")
    assert left(here) == []
