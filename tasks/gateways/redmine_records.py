"""What Redmine tells, as records, and the line by which we know what is ours there."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

from pydantic import AwareDatetime
from pydantic.dataclasses import dataclass as checked

from models.message import one_line, slug
from models.tracking import Status

_LONGEST_NAME, _LONGEST_IDENTIFIER = 255, 100
_FORBIDDEN = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff]")  # not every database of a Redmine takes them


@dataclass(frozen=True)
class RedmineNames:
    """What things are called in this Redmine. `word` marks what is ours in it.

    `statuses` gives the meaning of statuses, whatever their case. Any other is closed where Redmine closes issues with it, new where it
    is the first of Redmine's list, and started otherwise.
    """

    word: str = "studio"
    stage: str = "Feature"
    ticket: str = "Support"
    statuses: Mapping[str, Status] = field(default_factory=lambda: {"Resolved": "ready"})
    priorities: Mapping[str, str] = field(default_factory=lambda: {"low": "Low", "high": "High", "urgent": "Urgent"})


@checked(frozen=True)
class Ref:
    """Something by its number."""

    id: int


@checked(frozen=True)
class Named:
    """Something by its number and name."""

    id: int
    name: str = ""


@checked(frozen=True)
class IssueStatusName:
    """A status that Redmine knows."""

    id: int
    name: str
    is_closed: bool = False


@checked(frozen=True)
class Project:
    """A project."""

    id: int
    identifier: str
    name: str
    description: str | None = None


@checked(frozen=True)
class Issue:
    """An issue."""

    id: int
    subject: str
    status: Named
    description: str | None = None
    parent: Ref | None = None


@checked(frozen=True)
class TimeEntry:
    """Hours that somebody logged."""

    id: int
    project: Ref
    hours: float
    spent_on: date
    updated_on: AwareDatetime
    user: Named | None = None
    issue: Ref | None = None
    comments: str | None = None


class Mark:
    """The line that says whose a thing is and which: `[studio: deal/42/r1/stage/design]`, the last of its description.

    A custom field would have to be made by hand by an administrator (Redmine's API makes none), and is dropped without a word where
    its tracker or project lacks it; a prefix of the subject stands in everybody's way. A description is kept as it was sent, comes
    with every list of issues, and can be looked through without Redmine's search, which has an index, a limit and rules of its own.
    `studio` is the installation's word, so that two of them may share a Redmine.
    """

    def __init__(self, word: str) -> None:
        self._word = word
        self._line = re.compile(rf"^[ \t]*\[{re.escape(word)}:[ \t]*([a-z0-9._/-]+)\][ \t]*\r?$", re.MULTILINE)

    def on(self, text: str, key: str) -> str:
        """`text` with the line at its end; a line of that kind in the text itself, which others may have written, is taken out."""
        return f"{self._line.sub('', _FORBIDDEN.sub('', text)).strip()}\n\n{self.line(key)}".lstrip()

    def line(self, key: str) -> str:
        """The line itself."""
        return f"[{self._word}: {key}]"

    def of(self, text: str | None) -> str:
        """The key that a description ends with; "" when it has none. Words that people wrote below it do no harm."""
        return next(iter(reversed(self._line.findall(text or ""))), "")

    def identifier(self, key: str) -> str:
        """A project's identifier in addresses: `deal/42/r1/tracker` → `studio-deal-42-r1`, at most 100 characters."""
        short = key.removesuffix("/tracker")
        name = f"{self._word}-{slug(short)}"
        # A slug is cut where it is long: what was cut off must still tell two projects apart.
        return name if slug(short) == short.replace("/", "-") else f"{name}-{hashlib.sha256(key.encode()).hexdigest()[:12]}"[:_LONGEST_IDENTIFIER]

    def is_ours(self, identifier: str) -> bool:
        """Whether a project is one of ours."""
        return identifier.startswith(f"{self._word}-deal-")


def name_of(text: str, otherwise: str) -> str:
    """A name as Redmine takes it: one line, at most 255 characters, never empty."""
    line = one_line(text) or otherwise
    return line if len(line) <= _LONGEST_NAME else f"{line[: _LONGEST_NAME - 1].rstrip()}…"
