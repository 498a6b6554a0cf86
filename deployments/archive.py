"""The one file of a backup: a compressed tar, its manifest last, so that a file that was cut off is known by having none.

    tables/deal.jsonl …  home/documents/… home/uploads/… home/secrets.env …  company/studio.toml …  manifest.json
"""

import hashlib
import io
import os
import tarfile
import zlib
from collections.abc import Generator, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import SpooledTemporaryFile
from typing import IO

from pydantic import BaseModel, ValidationError

from models.errors import Refused

FORMAT = 1
MANIFEST = "manifest.json"
IN_MEMORY = 8 * 1024 * 1024
_CHUNK = 1024 * 1024


class Kept(BaseModel):
    """A member of the file: its length and the SHA-256 of its bytes."""

    size: int
    sha256: str


class Manifest(BaseModel):
    """What a backup is: of when, made by which version at which revision, how many rows a table, and every member with its hash.

    `missing` are files that the database names and that were not there. `secrets` says whether `secrets.env` is in it.
    """

    format: int = FORMAT
    made_at: datetime
    version: str
    revision: str
    database: str
    rows: dict[str, int] = {}
    members: dict[str, Kept] = {}
    missing: list[str] = []
    secrets: bool = False


class Writer:
    """Puts members into a new archive and remembers their hashes."""

    def __init__(self, tar: tarfile.TarFile) -> None:
        self._tar = tar
        self.members: dict[str, Kept] = {}

    def lines(self, name: str, lines: Iterable[str]) -> int:
        """Add lines as a member; return how many there were."""
        count = 0
        with SpooledTemporaryFile(IN_MEMORY) as scratch:
            for line in lines:
                scratch.write(line.encode() + b"\n")
                count += 1
            self._add(name, scratch, scratch.tell())
        return count

    def file(self, name: str, place: Path) -> None:
        """Add a file's bytes. Raises FileNotFoundError when it is not there."""
        with place.open("rb") as content:
            self._add(name, content, os.fstat(content.fileno()).st_size)

    def close(self, manifest: Manifest) -> None:
        """Add the manifest: now the archive is whole."""
        content = manifest.model_dump_json(indent=2).encode()
        self._tar.addfile(_header(MANIFEST, len(content)), io.BytesIO(content))

    def _add(self, name: str, content: IO[bytes], size: int) -> None:
        content.seek(0)
        digest = hashlib.sha256()
        for left in range(size, 0, -_CHUNK):
            digest.update(content.read(min(left, _CHUNK)))
        content.seek(0)
        self._tar.addfile(_header(name, size), content)
        self.members[name] = Kept(size=size, sha256=digest.hexdigest())


def _header(name: str, size: int) -> tarfile.TarInfo:
    header = tarfile.TarInfo(name)
    header.size, header.mode = size, 0o600
    return header


@contextmanager
def writing(place: Path) -> Generator[Writer]:
    """A new archive, readable by its owner only, which is there once it is whole. Raises Refused when something is there already."""
    if place.exists():
        raise Refused(f"{place} is there already; give another name.")
    part = place.with_name(f".{place.name}.part")
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w:gz", compresslevel=5) as tar:
                yield Writer(tar)
            file.flush()
            os.fsync(file.fileno())
        part.rename(place)
    finally:
        part.unlink(missing_ok=True)


def unpack(place: Path, folder: Path) -> Manifest:
    """Lay an archive out in an empty folder, every byte of it checked; return its manifest.

    Raises Refused with a sentence for a file that is none of ours, damaged, cut off, or of a newer format.
    """
    try:
        found = dict(_members(place, folder))
    except FileNotFoundError:
        raise Refused(f"There is no file {place}.") from None
    except (tarfile.TarError, EOFError, zlib.error, OSError) as error:
        raise Refused(f"{place} is not a whole backup: {error}.") from error
    if MANIFEST not in found:
        raise Refused(f"{place} is not a whole backup: it has no manifest, so it was cut off or is something else.")
    try:
        manifest = Manifest.model_validate_json((folder / MANIFEST).read_bytes())
    except ValidationError:
        raise Refused(f"{place} is of a format that this version does not know, or no backup of ours.") from None
    if manifest.format > FORMAT:
        raise Refused(f"{place} was made by a newer version ({manifest.version}, format {manifest.format}); restore it with that one or a later one.")
    del found[MANIFEST]
    wrong = sorted(name for name in found.keys() | manifest.members.keys() if found.get(name) != manifest.members.get(name))
    if wrong:
        raise Refused(f"{place} is damaged; not as written, or not there: {', '.join(wrong)}.")
    return manifest


def _members(place: Path, folder: Path) -> Iterator[tuple[str, Kept]]:
    with tarfile.open(place, mode="r|gz") as tar:
        for member in tar:
            source, parts = tar.extractfile(member), Path(member.name).parts
            if source is None or not member.isreg() or ".." in parts or Path(member.name).is_absolute():
                raise Refused(f"{place} is no backup of ours: {member.name!r} is not a plain file.")
            target = folder.joinpath(*parts)
            target.parent.mkdir(parents=True, exist_ok=True)
            digest, size = hashlib.sha256(), 0
            with target.open("xb") as out:
                while chunk := source.read(_CHUNK):
                    digest.update(chunk)
                    size += out.write(chunk)
            yield member.name, Kept(size=size, sha256=digest.hexdigest())
