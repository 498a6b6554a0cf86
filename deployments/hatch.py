"""Parts as forks of the supervisor, on Linux: what they import alike is in memory once, and one that died is back without importing anything.

Where it is loaded nothing may run in a thread and nothing may be open: a fork has neither the threads nor a right to the files.
"""

import gc
import importlib
import os
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from setproctitle import getproctitle, setproctitle

CAN = sys.platform == "linux"
"""Elsewhere the system's own libraries do not outlive a fork; parts are started by their commands there."""
FILES = 1024
LOOK = 0.02
getproctitle()  # it looks for the words of the command now: they are found beside an environment that nobody has changed yet


class Hatched:
    """A forked process; as much of `subprocess.Popen` as a supervisor asks of it."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self._code: int | None = None

    def poll(self) -> int | None:
        """Its exit code, the signal that killed it as a negative number; None while it lives."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code

    def wait(self, timeout: float | None = None) -> int:
        """Its exit code, once it has ended. Raises TimeoutExpired after so many seconds."""
        until = time.monotonic() + timeout if timeout is not None else None
        while (code := self.poll()) is None:
            if until is not None and time.monotonic() > until:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(LOOK)
        return code


def call(name: str) -> None:
    """What this process is called from now on in `ps`."""
    setproctitle(f"studioflow {name}")


def load(main: str) -> Callable[[], object]:
    """The function that `module:function` names; its module is imported here, once, for all that are hatched from now on."""
    module, _, function = main.partition(":")
    if module not in sys.modules:
        with _without_collection():
            importlib.import_module(module)
    return getattr(sys.modules[module], function)


def hatch(main: str, output: int, *, name: str, cwd: Path) -> Hatched:
    """Call `module:function` in a process and a group of its own, named for `ps`; it writes to the open file `output`."""
    function = load(main)
    told, tells = os.pipe()
    pid = os.fork()
    if not pid:
        _become(function, output, tells, name, cwd)
    os.close(tells)
    os.read(told, 1)  # it has its own group from here on
    os.close(told)
    return Hatched(pid)


def _become(function: Callable[[], object], output: int, tells: int, name: str, cwd: Path) -> NoReturn:
    """The fork's whole life. Nothing returns from it into what the supervisor was doing."""
    code = 1
    try:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.default_int_handler if number == signal.SIGINT else signal.SIG_DFL)
        os.setsid()
        os.write(tells, b".")
        nothing = os.open(os.devnull, os.O_RDONLY)
        for place, handle in ((0, nothing), (1, output), (2, output)):
            os.dup2(handle, place)
        os.closerange(3, FILES)  # the supervisor's: its hold of the home, the guard's pipe
        os.chdir(cwd)
        call(name)
        function()
        code = 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
        if isinstance(end.code, str):
            sys.stderr.write(f"{end.code}\n")
    except KeyboardInterrupt:
        code = 128 + signal.SIGINT
    except BaseException:  # noqa: BLE001 (whatever it was, this is its end, and the last lines of its log)
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


@contextmanager
def _without_collection() -> Generator[None]:
    """What is imported is no garbage: it is not looked through, and stays in pages that every fork shares."""
    gc.disable()
    try:
        yield
        gc.collect()
        gc.freeze()
    finally:
        gc.enable()
