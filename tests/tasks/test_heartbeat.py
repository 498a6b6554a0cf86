"""A process that was started for one run lives as long as its stage does; the worker's own process beats by itself."""

import pytest
from sqlmodel import select

from models.tables import Lease
from tasks import heartbeat
from tasks.world import World, lives


def held(here: World) -> bool:
    with here.db.reading() as session:
        return lives(session, here.worker)


def test_a_run_in_a_process_of_its_own_is_alive_inside_and_leaves_nothing_behind(here: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(heartbeat.OWN_PROCESS, "0197f0a2-5d7e-7c60-b1d1-2f5b0a7c1d11")
    with pytest.raises(KeyError), heartbeat.of_own_process():
        assert held(here)
        raise KeyError
    assert not held(here)
    with here.db.reading() as session:
        assert session.exec(select(Lease)).all() == []


def test_in_the_worker_s_process_a_stage_leaves_the_lease_alone(here_sqlite: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(heartbeat.OWN_PROCESS, raising=False)
    with heartbeat.of_own_process():
        assert not held(here_sqlite)
    heartbeat.beat()
    with heartbeat.of_own_process():
        pass
    assert held(here_sqlite)
