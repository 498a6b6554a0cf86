"""Words of others in Markdown: artifacts are read by operators, and nobody else writes their pages.

What each sign is written as was tried in both of Prefect's UIs: the first one shows numbers of signs as they stand, so signs are escaped by
name or by a backslash; the second one makes links of addresses in any text, so an address is broken by a joiner that nobody sees.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from textwrap import wrap

NAMED = {"<": "&lt;", ">": "&gt;", "&": "&amp;"}
JOINER = "\u2060"
_SIGNS = re.compile(r"[<>&\\`*_\[\]{}|#!~$^]|^(?:[-+=]|\d+[.)])")
_ADDRESS = re.compile(r":(?=//)|(?<=www)(?=\.)", re.IGNORECASE)
WIDE = 56
"""How many signs a cell of many words may have on one line: the first UI wraps none by itself."""


def plain(text: str, most: int = 300) -> str:
    """Words of strangers on one line of Markdown: no table, no link, no picture, no heading, no tag, no formula of theirs."""
    return _escaped(_cut(text, most))


def lines(text: str, most: int = 300, wide: int = WIDE) -> str:
    """Words of strangers in a cell of a table, on as many lines as they need."""
    return "<br>".join(_escaped(line) for line in wrap(_cut(text, most), wide, break_on_hyphens=False))


def link(label: str, address: str) -> str:
    """A link of ours; `label` is Markdown already."""
    return f"[{label}]({address})"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], right: Collection[str] = ()) -> str:
    """A table of cells that are Markdown already; the columns named in `right` are flush right. "" without rows."""
    body = [f"| {' | '.join(cell or ' ' for cell in row)} |" for row in rows]
    if not body:
        return ""
    rule = " | ".join("---:" if name in right else "---" for name in head)
    return "\n".join([f"| {' | '.join(head)} |", f"| {rule} |", *body])


def _cut(text: str, most: int) -> str:
    shown = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return shown if len(shown) <= most else shown[: most - 1].rstrip() + "…"


def _escaped(text: str) -> str:
    broken = _ADDRESS.sub(lambda found: found[0] + JOINER, text)
    return _SIGNS.sub(lambda found: NAMED.get(found[0]) or f"{found[0][:-1]}\\{found[0][-1]}", broken)
