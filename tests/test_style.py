"""The code reads as agreed: the linter and the type checker have nothing to say."""

import subprocess
import sys

import pytest

from models.settings import ROOT


@pytest.mark.parametrize("command", [["ruff", "check", "--quiet", "."], ["ty", "check", "--error-on-warning", "--quiet"]], ids=["lint", "types"])
def test_the_tools_have_nothing_to_say(command: list[str]) -> None:
    said = subprocess.run([sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False)
    assert said.returncode == 0, said.stdout + said.stderr
