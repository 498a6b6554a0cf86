"""The secrets of an installation: `secrets.env` below home, made at first start, readable by its owner only."""

import contextlib
import os
import secrets
import tempfile
from pathlib import Path

from models.errors import BadSetup

NAME = "STUDIO_SECRET"
LEAST = 16


def ensure(home: Path) -> Path:
    """Make sure that there is a secret to sign links with; return the file's place, whether or not it is needed.

    One given in the environment wins and is not written down. What else stands in the file is left as it is.
    Raises BadSetup when the given secret is too short or the file cannot be written.
    """
    place = home / "secrets.env"
    given = os.environ.get(NAME)
    if given is not None:
        if len(given) < LEAST:
            raise BadSetup(f"{NAME} in the environment is too short: give at least {LEAST} characters, or unset it and one is made.")
        return place
    try:
        home.mkdir(parents=True, exist_ok=True)
        _ensure(place)
    except OSError as error:
        advice = "Let its folder be yours, or set STUDIO_HOME to one that is."
        raise BadSetup(f"{place} cannot be written: {error.strerror}. {advice}") from error
    return place


def _ensure(place: Path) -> None:
    try:
        place.chmod(0o600)
        known = place.read_text()
    except FileNotFoundError:
        known = ""
    if any(line.removeprefix("export ").partition("=")[0].strip() == NAME for line in known.splitlines()):
        return
    gap = "" if not known or known.endswith("\n") else "\n"
    _write(place, f"{known}{gap}{NAME}={secrets.token_urlsafe(48)}\n", replace=bool(known))


def _write(place: Path, text: str, *, replace: bool) -> None:
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".secrets-")  # made with mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        if replace:
            Path(name).replace(place)
        else:
            with contextlib.suppress(FileExistsError):  # two first starts at once: the first one's secret stays
                place.hardlink_to(name)
    finally:
        Path(name).unlink(missing_ok=True)
