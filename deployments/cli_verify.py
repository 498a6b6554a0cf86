"""`./studio verify`: whether a signed contract or act is as it was sealed. Needs the file alone: no network, no database, no secret."""

import gc
import logging
import signal
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from stat import S_ISREG
from typing import Annotated

import typer

from deployments.terminal import Json, err, out, show_json
from models import evidence
from models.contract import Signature
from models.errors import BadSetup, Invalid
from models.settings import read

MOST_BYTES = 256 * 1024 * 1024
_COMPARE = "Whose it is cannot be told here: compare the fingerprint with one that you have from the studio itself, or give it with --fingerprint."


@dataclass(frozen=True)
class Verdict:
    """What came of it. `ours` is None where this installation's own certificate cannot be read."""

    file: str
    ok: bool
    problems: list[str] = field(default_factory=list)
    says: list[str] = field(default_factory=list)
    fingerprint: str = ""
    sealed_by: str = ""
    sealed_at: datetime | None = None
    ours: bool | None = None
    number: str = ""
    version: int = 0
    body_hash: str = ""
    pdf_hash: str = ""
    signatures: list[Signature] = field(default_factory=list)


def verify(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="The signed contract or act, a PDF.")],
    fingerprint: Annotated[str, typer.Option(help="The certificate's fingerprint, as told by the studio; another one fails.")] = "",
    as_json: Json = False,
) -> None:
    """Check a signed contract or act offline: every byte of it, and who signed what when. Exit 1 when it is not as it was sealed."""
    verdict = judge(file, known_keys(fingerprint))
    if as_json:
        show_json(verdict)
    else:
        _show(verdict, is_named=bool(fingerprint))
    raise typer.Exit(0 if verdict.ok else 1)


def judge(file: Path, known: list[str] | None, *, seconds: float = 30.0) -> Verdict:
    """The verdict on a file; `known` are the fingerprints of keys that are ours, None when they are not known here. It never raises.

    Reading what is inside may take so many seconds of work: a file may be made to keep a reader busy for ever.
    """
    from tasks.gateways.seal_check import check

    try:
        pdf = content(file)
        seal = check(pdf)
    except Invalid as problem:
        return Verdict(file.name, ok=False, problems=[str(problem)])
    ours = None if known is None else seal.fingerprint in known
    foreign = [] if ours is not False else ["It is sealed with another's key: whoever made this file is not the studio that is known here."]
    verdict = Verdict(file.name, not foreign, foreign, fingerprint=seal.fingerprint, sealed_by=seal.subject, sealed_at=seal.at, ours=ours)
    try:
        files = _files(pdf, seconds)
        found = evidence.read(files)
    except Invalid as problem:
        return replace(verdict, ok=False, problems=[*foreign, str(problem)])
    wrong = [*foreign, *evidence.problems(found, files)]
    return replace(
        verdict, ok=not wrong, problems=wrong, says=evidence.told(found), number=found.number, version=found.version,
        body_hash=found.body_hash, pdf_hash=found.pdf_hash, signatures=found.signatures,
    )  # fmt: skip


def content(file: Path) -> bytes:
    """The bytes of a file. Raises Invalid with a sentence: not there, no file, too large, not to be read."""
    try:
        status = file.stat()
        if not S_ISREG(status.st_mode):
            raise Invalid(f"{file} is no file.")
        if status.st_size > MOST_BYTES:
            raise Invalid(f"{file} is too large to be a signed contract or act: at most {MOST_BYTES >> 20} MB are read.")
        return file.read_bytes()
    except FileNotFoundError:
        raise Invalid(f"There is no file {file}.") from None
    except (OSError, ValueError) as error:
        raise Invalid(f"{file} cannot be read: {getattr(error, 'strerror', None) or error}.") from None


def known_keys(fingerprint: str) -> list[str] | None:
    """The fingerprints that are good: the one given, else those of this installation, else None.

    Raises Invalid when the one given cannot be a fingerprint.
    """
    if fingerprint:
        digits = "".join(sign for sign in fingerprint if sign not in " :").upper()
        if len(digits) != 64 or set(digits) - set("0123456789ABCDEF"):  # noqa: PLR2004
            raise Invalid("A fingerprint has 64 hexadecimal digits; colons and spaces do not matter.")
        return [":".join(digits[place : place + 2] for place in range(0, 64, 2))]
    from tasks.gateways.seal import fingerprints

    try:
        key = read().seal_key.get_secret_value()
        return fingerprints(key) if key else None
    except (BadSetup, OSError):
        return None


class _Busy(BaseException):
    """Time is up. The reader mends what it can and takes every Exception for a flaw of the file, so this is none."""


def _files(pdf: bytes, seconds: float) -> dict[str, bytes]:
    from tasks.gateways.pdf_join import embedded

    logging.getLogger("pypdf").setLevel(logging.CRITICAL + 1)
    try:
        with _at_most(seconds):
            return embedded(pdf)
    except ValueError as error:
        raise Invalid(f"It is sealed, but {error}.") from None
    except (_Busy, MemoryError):
        raise Invalid("It is sealed, but what is in it takes too long or too much memory to read.") from None


@contextmanager
def _at_most(seconds: float) -> Generator[None]:
    def stop(_number: int, _frame: object) -> None:
        raise _Busy

    before = signal.signal(signal.SIGPROF, stop)
    gc.disable()  # what is raised while garbage is collected is lost
    signal.setitimer(signal.ITIMER_PROF, seconds, 1.0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
        gc.enable()
        signal.signal(signal.SIGPROF, before)


def _show(verdict: Verdict, *, is_named: bool) -> None:
    for problem in verdict.problems:
        err.print(problem, markup=False, emoji=False)
    if not verdict.fingerprint:
        return
    lines = verdict.says if verdict.ok else []
    when = f" on {verdict.sealed_at:%Y-%m-%d at %H:%M} UTC" if verdict.sealed_at else ""
    lines = [*lines, f"Sealed{when} with the certificate “{evidence.plain(verdict.sealed_by)}”, fingerprint (SHA-256):"]
    lines.append(f"    {verdict.fingerprint}")
    if verdict.ok:
        lines.insert(0, "This file is as it was sealed: not a byte was changed, added or taken away.")
        known = "the one that was named" if is_named else "this studio's own"
        lines.append(f"The certificate is {known}." if verdict.ours else _COMPARE)
    for line in lines:
        out.print(line, markup=False, emoji=False)
