"""What Prefect writes by itself is written as our own lines are, by variables that the pinned version heeds."""

import json
import os
import subprocess
import sys
from pathlib import Path

from deployments.prefect_server import environment
from models.settings import ROOT, Settings

LINES = """
import logging, prefect.main
logging.getLogger("prefect.workers.process").warning("smtp://studio:hush-hush@mail.example is away " + "x" * 200)
logging.getLogger("prefect.server.services").error("[red]two\\nlines[/red]")
"""


def written(home: Path, kind: str) -> list[str]:
    """What a process of Prefect's writes that knows nothing of ours but its environment."""
    env = {name: value for name, value in os.environ.items() if not name.startswith(("PREFECT_", "STUDIO_"))}
    done = subprocess.run(
        [sys.executable, "-c", LINES], cwd=ROOT, env=env | environment(Settings(home=home, log=kind), {}), capture_output=True, text=True, check=True
    )
    return done.stderr.splitlines()


def test_json_is_one_object_a_line_without_passwords(home: Path) -> None:
    first, second = (json.loads(line) for line in written(home, "json"))
    assert (first["logger"], first["level"]) == ("prefect.workers.process", "warning")
    assert first["message"].startswith("smtp://studio:…@mail.example is away xxx")
    assert second["message"] == "[red]two\nlines[/red]"


def test_text_is_for_people_and_without_passwords_as_well(home: Path) -> None:
    first, *_ = written(home, "text")
    assert "WARNING prefect.workers.process: smtp://studio:…@mail.example is away" in first
