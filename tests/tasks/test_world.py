"""Which workers are alive: by their process on this machine, by their lease on every other one."""

import socket
from datetime import timedelta

import pytest

from models import leases
from tasks.world import World, lives, machine, real_now, worker_name

NO_PROCESS = 2**22 + 1
"""Above every process number that Linux hands out."""


@pytest.mark.parametrize(
    ("name", "alive"),
    [
        (f"{machine()}/{NO_PROCESS}/1", False), (f"{socket.gethostname()}-another/{NO_PROCESS}/1", True),
        (f"elsewhere/{NO_PROCESS}/1", True), (worker_name(), True),
    ],
    ids=["no process of this machine", "another container with this host's name", "another host", "ourselves"],
)  # fmt: skip
def test_a_worker_with_a_lease_lives_unless_its_process_on_this_machine_is_gone(here_sqlite: World, name: str, *, alive: bool) -> None:
    with here_sqlite.db.writing() as session:
        leases.take(session, f"worker/{name}", name, length=timedelta(seconds=20), now=real_now())
        assert lives(session, name) is alive


def test_a_worker_without_a_lease_is_taken_for_dead(here_sqlite: World) -> None:
    with here_sqlite.db.reading() as session:
        assert not lives(session, "elsewhere/7/1")
