"""What processes write down: lines for people or JSON for machines, each with the deal and the effect it is about, none with a secret.

    with logs.about(deal=42, stage="proposal"):   # every line below says so, in threads that carry the context as well
        log.info("…")
"""

import json
import logging
import re
import sys
from collections import ChainMap
from collections.abc import Generator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from typing import Any

KEYS = ("deal", "stage", "step", "effect", "run", "run_name")
_about: ContextVar[ChainMap[str, Any] | None] = ContextVar("about", default=None)
_PREFECTS = {"flow_run_id": "run", "flow_run_name": "run_name", "task_run_name": "step"}
"""What Prefect's loggers say of a line, and what we call it."""
_SECRETS = (
    (re.compile(r"/([a-z]|reports)/[a-z2-7]{32}\b"), r"/\1/…"),
    (re.compile(r"\bsf_[A-Za-z0-9]{40}\b"), "sf_…"),
    (re.compile(r"\b((?:sk|rk)_(?:live|test)_|whsec_)\w+"), r"\1…"),
    (re.compile(r"(\b[a-z][a-z0-9+.-]*://[^\s:/@]*):[^\s/@]+@"), r"\1:…@"),
    (re.compile(r"\b(Bearer|Basic) [A-Za-z0-9+/=._~-]{8,}"), r"\1 …"),
)
"""Tokens of links, keys of ours and of providers, passwords in addresses, and what headers carry."""


@contextmanager
def about(**known: Any) -> Generator[None]:
    """Let every line of the block say this besides what was known before it."""
    outer = _about.get()
    token = _about.set(ChainMap(known) if outer is None else outer.new_child(known))
    try:
        yield
    finally:
        _about.reset(token)


def note(**known: Any) -> None:
    """Add to what the outermost block is about (the request, the run), for whoever runs in it, in whichever thread."""
    here = _about.get()
    if here is not None:
        here.maps[-1].update(known)


def scrub(text: str) -> str:
    """A text without what opens anything."""
    for secret, shown in _SECRETS:
        text = secret.sub(shown, text)
    return text


def facts(record: logging.LogRecord) -> dict[str, Any]:
    """What a line is about: what its block says, and what Prefect knows of its run."""
    prefects = {ours: getattr(record, theirs, None) for theirs, ours in _PREFECTS.items()}
    known = {**{name: value for name, value in prefects.items() if value not in (None, "<unknown>")}, **dict(_about.get() or {})}
    return {name: known[name] for name in KEYS if known.get(name) not in (None, "")}


class Json(logging.Formatter):
    """One JSON object a line: time, level, logger, message, what it is about, the error if there is one."""

    def format(self, record: logging.LogRecord) -> str:
        """The line."""
        said: dict[str, Any] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"), "level": record.levelname.lower(),
            "logger": record.name, "message": record.getMessage(), **facts(record),
        }  # fmt: skip
        if record.exc_info:
            said["error"] = self.formatException(record.exc_info)
        return scrub(json.dumps(said, ensure_ascii=False, default=str))


class Text(logging.Formatter):
    """A line for people: when, how bad, who, what; then what it is about."""

    def format(self, record: logging.LogRecord) -> str:
        """The line, and below it the error if there is one."""
        known = facts(record)
        if "run_name" in known:  # it names stage and deal
            known = {name: value for name, value in known.items() if name in ("step", "effect", "run_name")}
        named = [str(value) if name == "run_name" else f"{name} {value}" for name, value in known.items()]
        at = datetime.fromtimestamp(record.created, UTC)
        line = " · ".join([f"{at:%Y-%m-%d %H:%M:%S} {record.levelname:<7} {record.name}: {record.getMessage()}", *named])
        return scrub("\n".join([line, *([self.formatException(record.exc_info)] if record.exc_info else [])]))


def install(kind: str) -> None:
    """Let this process write `text` or `json` lines to stderr, those of libraries too, from now on."""
    root = logging.getLogger()
    if not root.handlers:
        root.addHandler(logging.StreamHandler(sys.stderr))
    logging.getLogger("studioflow").setLevel(logging.INFO)
    for noisy in ("httpx", "httpcore"):  # each would write the address of every request
        logging.getLogger(noisy).setLevel(logging.WARNING)
    known = [root, *(one for one in logging.Logger.manager.loggerDict.values() if isinstance(one, logging.Logger))]
    for handler in {handler for logger in known for handler in logger.handlers if _is_shown(handler)}:
        handler.setFormatter(Json() if kind == "json" else Text())


def _is_shown(handler: logging.Handler) -> bool:
    """Whether a handler writes to this process's own output, by itself or through a console of Rich's."""
    stream = getattr(handler, "stream", None) or getattr(getattr(handler, "console", None), "file", None)
    return stream in (sys.stderr, sys.stdout)
