"""A process with everything imported, from which the parts of systems are hatched by fork: a start, and a death, costs no import.

`python -m tests.nest` reads orders, one JSON a line, and says what it hatched (`{"hatched": pid}`) and who died (`{"dead": pid}`).
"""

import contextlib
import gc
import json
import os
import selectors
import signal
import sys
from pathlib import Path
from typing import Any

import uvicorn
from prefect.context import refresh_global_settings_context

import api.app
import deployments.sandbox.app
from deployments import part_of_prefect, worker
from models.settings import ROOT
from tests.faults.arms import arm

ORDERS = 0
APPS = {"api": api.app.create_app, "sandbox": deployments.sandbox.app.create_app}


def main() -> None:
    """Hatch what is ordered until the orders end; then all lives end."""
    gc.collect()
    gc.freeze()  # what is imported stays in pages that every life shares
    deaths, bell = os.pipe()
    os.set_blocking(bell, False)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(bell)
    waiting = selectors.DefaultSelector()
    waiting.register(ORDERS, selectors.EVENT_READ)
    waiting.register(deaths, selectors.EVENT_READ)
    alive: set[int] = set()
    heard = b""
    while True:
        for key, _ in waiting.select():
            said = os.read(key.fd, 1 << 20)
            if key.fd == deaths:
                _bury(alive)
                continue
            if not said:
                _end(alive)
                return
            *lines, heard = (heard + said).split(b"\n")
            alive |= {_hatch(json.loads(line)) for line in lines}


def _end(alive: set[int]) -> None:
    for one in alive:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(one, signal.SIGKILL)


def _bury(alive: set[int]) -> None:
    while alive:
        pid, _ = os.waitpid(-1, os.WNOHANG)
        if not pid:
            return
        alive.discard(pid)
        _say({"dead": pid})


def _hatch(order: dict[str, Any]) -> int:
    pid = os.fork()
    if pid:
        with contextlib.suppress(PermissionError, ProcessLookupError):  # it has done so itself
            os.setpgid(pid, pid)
        _say({"hatched": pid})
        return pid
    try:
        _live(order)
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else 1)
    except BaseException:  # noqa: BLE001 (whatever it was, this is the end of a life)
        sys.excepthook(*sys.exc_info())
        sys.stderr.flush()
        os._exit(1)
    os._exit(0)


def _live(order: dict[str, Any]) -> None:
    with contextlib.suppress(PermissionError):
        os.setpgid(0, 0)
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    nothing, log = os.open(os.devnull, os.O_RDONLY), os.open(order["log"], os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o600)
    for place, handle in ((0, nothing), (1, log), (2, log)):
        os.dup2(handle, place)
    os.closerange(3, 1024)
    os.chdir(ROOT)
    os.environ.clear()
    os.environ.update(order["env"])
    refresh_global_settings_context()
    if order["deadly"] or order["kills"]:
        arm(set(order["deadly"]), Path(order["note"]), part=order["part"], kills=order["kills"], whom=Path(order["whom"]))
    match order["part"]:
        case "worker":
            worker.main()
        case "prefect":
            part_of_prefect.server()
        case app:
            uvicorn.run(APPS[app], factory=True, port=order["port"], log_level="warning")


def _say(said: dict[str, int]) -> None:
    sys.stdout.write(json.dumps(said) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
