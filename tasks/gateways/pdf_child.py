"""The process in which WeasyPrint runs, with limits on time, memory and what it may read.

Frames on both pipes: two big-endian 32-bit lengths, then a JSON head and raw bytes. In: one job. Its head says what to `do` (print:
`assets`, `facturx`, one HTML; join: PDFs, of which `foreign` are another's), `when`, `title`, `seconds`, what each file to embed is
(`files`), and the `sizes` of what stands in the bytes: HTML or PDFs, then the files. Out: first `{"ready": true}`, then per job
`{"ok": true, "denied": […], "flaws": […]}` with the PDF, or `{"ok": false, "reason": …}`. It ends when its input ends, or when it
has had no job for so many seconds as its second argument says.
"""

import itertools
import json
import logging
import os
import resource
import select
import signal
import struct
import sys
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any
from urllib.parse import urlsplit
from urllib.request import url2pathname

if TYPE_CHECKING:
    from tasks.gateways.pdf_press import Press

KINDS = {
    ".css": "text/css",
    ".gif": "image/gif",
    ".jpeg": "image/jpeg",
    ".jpg": "image/jpeg",
    ".otf": "font/otf",
    ".png": "image/png",
    ".svg": "image/svg+xml",
    ".ttf": "font/ttf",
    ".webp": "image/webp",
    ".woff": "font/woff",
    ".woff2": "font/woff2",
}
ASSET_BYTES = 20 * 1024 * 1024
DPI = 150
Frame = tuple[dict[str, Any], bytes]
_LENGTHS = struct.Struct(">II")
_DENIED_EVENTS = ("socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.fork", "os.posix_spawn")


def write_frame(pipe: IO[bytes], head: dict[str, Any], body: bytes = b"") -> None:
    """Write one frame whole."""
    words = json.dumps(head).encode()
    pipe.write(_LENGTHS.pack(len(words), len(body)) + words + body)
    pipe.flush()


def read_frame(pipe: IO[bytes]) -> Frame | None:
    """The next frame, or None when the other side is gone."""
    lengths = pipe.read(_LENGTHS.size)
    if len(lengths) < _LENGTHS.size:
        return None
    words, body = (pipe.read(length) for length in _LENGTHS.unpack(lengths))
    if (len(words), len(body)) != _LENGTHS.unpack(lengths):
        return None
    return json.loads(words), body


def unpacked(sizes: list[int], body: bytes) -> list[bytes]:
    """The pieces of these sizes that stand in `body` one after another."""
    ends = list(itertools.accumulate(sizes))
    return [body[end - size : end] for size, end in zip(sizes, ends, strict=True)]


def place_of(url: str, folders: list[Path]) -> Path:
    """The file below one of `folders` that `url` names: `file://` only, known kinds only, links resolved.

    A path below the first folder (the base of relative addresses) is looked for in the others too. Raises ValueError.
    """
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc:
        raise ValueError("only files among the assets are read")
    asked = Path(os.path.normpath(url2pathname(parts.path)))
    roots = [Path(os.path.realpath(folder)) for folder in folders]
    tries = [asked]
    for first in folders[:1] + roots[:1]:
        if asked.is_relative_to(first):
            tries += [root / asked.relative_to(first) for root in roots[1:]]
    for place in (Path(os.path.realpath(path)) for path in tries):
        inside = any(place.is_relative_to(root) for root in roots)
        if inside and place.suffix.lower() in KINDS and place.is_file() and place.stat().st_size <= ASSET_BYTES:
            return place
    raise ValueError("only files among the assets are read")


def main() -> None:
    """Answer jobs until the input ends."""
    jobs, replies = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    with Path(os.devnull).open("r+b") as nothing:
        os.dup2(nothing.fileno(), 0)
        os.dup2(nothing.fileno(), 1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 << 20, 64 << 20))
    from tasks.gateways.pdf_press import Press

    logging.getLogger("weasyprint").setLevel(logging.CRITICAL + 1)
    press = Press()
    sys.addaudithook(_deny)
    _limit_memory(int(sys.argv[1]))
    write_frame(replies, {"ready": True})
    while (job := _next(jobs, float(sys.argv[2]))) is not None:
        head, body = job
        _limit_cpu(head["seconds"])
        try:
            content, denied, flaws = _done(press, head, unpacked(head["sizes"], body))
        except MemoryError:
            write_frame(replies, {"ok": False, "reason": "memory"})
            return
        except Exception as error:  # noqa: BLE001  whatever a document provokes is that document's fault
            write_frame(replies, {"ok": False, "reason": f"{type(error).__name__}: {error}"[:300]})
        else:
            write_frame(replies, {"ok": True, "denied": denied, "flaws": flaws}, content)


def _next(jobs: IO[bytes], idle: float) -> Frame | None:
    """The next job; None when the other side is gone, or has had none for `idle` seconds: a new process costs less than memory held for days."""
    there, _, _ = select.select([jobs], [], [], idle)
    return read_frame(jobs) if there else None


def _done(press: "Press", head: dict[str, Any], pieces: list[bytes]) -> tuple[bytes, list[str], list[str]]:
    """What the job asks for: the PDF, addresses that were denied, flaws."""
    from tasks.gateways.pdf_archive import Embedded

    count = len(pieces) - len(head["files"])
    files = [Embedded(content=content, **about) for about, content in zip(head["files"], pieces[count:], strict=True)]
    if head["do"] == "join":
        from tasks.gateways.pdf_join import Part, joined

        parts = [Part(content, place >= count - head["foreign"]) for place, content in enumerate(pieces[:count])]
        return joined(parts, files, head), [], []
    return press.print(pieces[0].decode(), files, head)


def _deny(event: str, _: tuple) -> None:
    """A second fence behind the URL fetcher, for the whole life of the process."""
    if event in _DENIED_EVENTS:
        raise PermissionError(f"{event} is not allowed here")


def _limit_memory(megabytes: int) -> None:
    """Let documents take this much on top of what the process has taken by now."""
    taken = next(int(line.split()[1]) for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmSize"))
    most = (taken << 10) + (megabytes << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, most))


def _limit_cpu(seconds: float) -> None:
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (soft, resource.RLIM_INFINITY))


if __name__ == "__main__":
    main()
