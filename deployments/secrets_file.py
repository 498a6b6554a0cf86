"""The secrets of an installation: `secrets.env` below home, made at first start, readable by its owner only."""

import contextlib
import fcntl
import os
import secrets
import tempfile
from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from models.errors import BadSetup
from models.settings import make_home

LEAST = 16


def ensure(home: Path) -> Path:
    """Make sure that every secret is there: one to sign links with, the sandbox's, the key that seals, Prefect's login; return the file's place.

    One given in the environment wins and is not written down. What else stands in the file is left as it is.
    Raises BadSetup when a given secret is too short, the given key cannot be read, or the file cannot be written.
    """
    place = home / "secrets.env"
    given = {name: os.environ[name] for name in _MAKERS if os.environ.get(name)}  # an empty variable is none
    for name, secret in given.items():
        _check(name, secret)
    if not (wanted := [name for name in _MAKERS if name not in given]):
        return place
    try:
        make_home(home)
        with _alone(home):
            _ensure(place, wanted)
    except OSError as error:
        advice = "Let its folder be yours, or set STUDIO_HOME to one that is."
        raise BadSetup(f"{place} cannot be written: {error.strerror}. {advice}") from error
    return place


def _token() -> str:
    return secrets.token_urlsafe(48)


def _login() -> str:
    return f"studio:{secrets.token_urlsafe(32)}"


def _seal_key() -> str:
    from tasks.gateways.seal import new_key

    return new_key(at=datetime.now(UTC))


_MAKERS: dict[str, Callable[[], str]] = {
    "STUDIO_SECRET": _token, "STUDIO_SANDBOX_SECRET": _token, "STUDIO_SEAL_KEY": _seal_key, "STUDIO_PREFECT_AUTH": _login,
}  # fmt: skip


def _check(name: str, given: str) -> None:
    """A secret of the environment must be a good one. It is not repeated in what is said."""
    if name == "STUDIO_SEAL_KEY":
        from tasks.gateways.seal import read_key

        read_key(given)
    elif len(given) < LEAST:
        raise BadSetup(f"{name} in the environment is too short: give at least {LEAST} characters, or unset it and one is made.")


@contextmanager
def _alone(folder: Path) -> Generator[None]:
    """Of several first starts at once one writes and the others find what it wrote."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


def _ensure(place: Path, wanted: list[str]) -> None:
    known = ""
    with contextlib.suppress(FileNotFoundError):
        place.chmod(0o600)
        known = place.read_text()
    there = {line.removeprefix("export ").partition("=")[0].strip() for line in known.splitlines()}
    fresh = "".join(f"{name}={_MAKERS[name]()}\n" for name in wanted if name not in there)
    if fresh:
        gap = "" if not known or known.endswith("\n") else "\n"
        _write(place, f"{known}{gap}{fresh}")


def _write(place: Path, text: str) -> None:
    handle, name = tempfile.mkstemp(dir=place.parent, prefix=".secrets-")  # made with mode 0600
    try:
        with os.fdopen(handle, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        Path(name).replace(place)
    finally:
        Path(name).unlink(missing_ok=True)
