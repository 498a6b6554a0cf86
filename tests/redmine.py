"""Debian's Redmine as a studio meets it: a real one of the tests' own, in a folder of its own, gone when they are done.

It needs the packages redmine, redmine-sqlite and ruby-webrick, and no instance of them: Debian's folder is copied (15 MB), since every
path in it is counted from where it lies. Ready within 10 s on a quiet machine, most of which is Rails waking up and making its tables.
"""

import os
import select
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any

INSTALLED = Path("/usr/share/redmine")
KEY, STRANGER = "5" * 40, "6" * 40
"""The API keys of an administrator, and of a user who may nothing."""
PATIENCE = 120.0


def missing() -> str:
    """Why there can be no Redmine here; "" when there can."""
    if not (INSTALLED / "config.ru").exists() or not shutil.which("ruby"):
        return "Debian's packages redmine and redmine-sqlite are not installed"
    if find_spec("redminelib") is None:
        return "python-redmine is not installed"
    return ""


@dataclass(frozen=True)
class RunningRedmine:
    """A Redmine at `url`, with the project `support` in it. `oracle` is python-redmine, signed in as the administrator."""

    url: str
    database: Path
    oracle: Any


@contextmanager
def redmine(home: Path) -> Iterator[RunningRedmine]:
    """A Redmine at work inside the block, below `home`."""
    from redminelib import Redmine

    app = _copied(home)
    env = {name: value for name, value in os.environ.items() if not name.startswith(("BUNDLE_", "GEM_", "RUBY", "RAILS_", "REDMINE_"))} | {
        "RAILS_ENV": "production", "REDMINE_KEY": KEY, "REDMINE_STRANGER": STRANGER, "LANG": "C.UTF-8", "TZ": "UTC",
    }  # fmt: skip
    command = ["ruby", str(Path(__file__).with_suffix(".rb"))]
    with (home / "said").open("w") as said, subprocess.Popen(command, cwd=app, env=env, stdout=subprocess.PIPE, stderr=said, text=True) as process:
        try:
            url = f"http://127.0.0.1:{_port(process, home / 'said')}"
            oracle = Redmine(url, key=KEY)
            yield RunningRedmine(url, home / "redmine.db", oracle)
            oracle.engine.session.close()
        finally:
            process.kill()


def _copied(home: Path) -> Path:
    app = home / "redmine"
    links = {"config/database.yml", "Gemfile.lock", "instances"}  # Debian's own instance
    shutil.copytree(INSTALLED, app, ignore=lambda folder, names: [one for one in names if os.path.relpath(f"{folder}/{one}", INSTALLED) in links])
    gems = (app / "Gemfile").read_text().replace(f"{INSTALLED}/{{", f"{app}/{{")
    (app / "Gemfile").write_text(f'{gems}\ngem "webrick"\n')
    for folder in ("config", "log", "files", "tmp", "public/plugin_assets"):
        (app / "instances/default" / folder).mkdir(parents=True)
    database = f"production:\n  adapter: sqlite3\n  database: {home / 'redmine.db'}\n  timeout: 20000\n  encoding: utf8\n"
    for place in ("config", "instances/default/config"):
        (app / place / "database.yml").write_text(database)
    (app / "instances/default/config/secret_key.txt").write_text("0" * 64)
    return app


def _port(process: subprocess.Popen[str], said: Path) -> int:
    assert process.stdout
    limit = time.monotonic() + PATIENCE
    while time.monotonic() < limit and process.poll() is None:
        if select.select([process.stdout], [], [], 0.1)[0] and (line := process.stdout.readline()).strip().isdigit():
            return int(line)
    raise AssertionError(f"Redmine did not start:\n{said.read_text()[-2000:]}")
