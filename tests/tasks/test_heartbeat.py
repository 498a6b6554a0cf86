"""A process that was started for one run beats until it ends; the worker's own process beats by itself."""

import os
import sys
from pathlib import Path
from subprocess import PIPE, Popen

import pytest
from sqlmodel import select

from models.settings import ROOT
from models.tables import Lease
from tasks import heartbeat, takeovers
from tasks.world import World, lives

RUN = "0197f0a2-5d7e-7c60-b1d1-2f5b0a7c1d11"


def held(here: World) -> bool:
    with here.db.reading() as session:
        return lives(session, here.worker)


A_RUN = """
import sys
from pathlib import Path
from tasks import heartbeat, takeovers, world
from models.settings import read
world.use(world.build(read()))
heartbeat.of_own_process()
takeovers.note()
print(world.world().worker, flush=True)
sys.stdin.read()
sys.exit(int(Path(sys.argv[1]).read_text()))
"""


@pytest.mark.parametrize("code", [0, 1])
def test_a_run_in_a_process_of_its_own_is_alive_as_long_as_that_is_and_leaves_nothing_behind(here_sqlite: World, tmp_path: Path, code: int) -> None:
    (tmp_path / "code").write_text(str(code))
    own = {heartbeat.OWN_PROCESS: RUN, "PREFECT__RUNTIME__FLOW_RUN__ID": RUN, "STUDIO_HOME": str(here_sqlite.settings.home), "STUDIO_SECRET": "a test's own"}
    command = [sys.executable, "-c", A_RUN, str(tmp_path / "code")]
    with Popen(command, cwd=ROOT, env=os.environ | own, stdin=PIPE, stdout=PIPE, text=True) as process:
        name = process.stdout.readline().strip()
        with here_sqlite.db.reading() as session:
            assert {lease.name: lease.owner for lease in session.exec(select(Lease))} == {f"worker/{name}": name, f"{takeovers.MARK}{RUN}": name}
            assert lives(session, name)
        process.communicate()
    assert process.returncode == code
    with here_sqlite.db.reading() as session:
        assert session.exec(select(Lease)).all() == []


def test_in_the_worker_s_process_a_stage_leaves_the_lease_alone(here_sqlite: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(heartbeat.OWN_PROCESS, raising=False)
    heartbeat.of_own_process()
    assert not held(here_sqlite)
    heartbeat.beat()
    heartbeat.of_own_process()
    assert held(here_sqlite)
