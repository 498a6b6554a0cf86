"""Charts drawn as SVG, to be shown as pictures: on white, so that they are legible on a dark page as on a light one. Pure.

The Prefect UI leaves out SVG that stands in Markdown itself, and shows a picture whose address holds it.
"""

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from models.markdown import plain

WIDTH, EDGE, TITLE = 760, 24, 56
ROW, BAR, NAMES, ENDS = 40, 22, 170, 130
HIGH, GAP, FOOT = 170, 18, 34
INK, PALE, BLUE, LINE = "#1f2937", "#6b7280", "#2563eb", "#d1d5db"
LONGEST = 26
"""The longest name beside a bar; more of it would run into the bar."""


@dataclass(frozen=True)
class Bar:
    """A value with its name, and how it is written. Values are not negative."""

    name: str
    value: float
    shown: str


def bars(title: str, values: Sequence[Bar]) -> str:
    """Bars beside each other's names, from top to bottom, all to one scale."""
    most, room = max([one.value for one in values], default=0) or 1, WIDTH - 2 * EDGE - NAMES - ENDS
    parts = []
    for index, one in enumerate(values):
        top = TITLE + index * ROW
        long = max(room * one.value / most, 2) if one.value > 0 else 0
        middle = top + BAR / 2 + 5
        parts += [
            _text(EDGE, middle, _short(one.name), INK),
            f'<rect x="{EDGE + NAMES}" y="{top}" width="{long:.1f}" height="{BAR}" rx="3" fill="{BLUE}"/>',
            _text(EDGE + NAMES + long + 10, middle, one.shown, INK, weight=600),
        ]
    return _sheet(title, TITLE + len(values) * ROW + EDGE - (ROW - BAR), parts)


def columns(title: str, values: Sequence[Bar]) -> str:
    """Columns beside each other on one line, with their names below."""
    most, count = max([one.value for one in values], default=0) or 1, max(len(values), 1)
    wide = (WIDTH - 2 * EDGE - GAP * (count - 1)) / count
    floor = TITLE + 20 + HIGH
    parts = [f'<line x1="{EDGE}" x2="{WIDTH - EDGE}" y1="{floor}" y2="{floor}" stroke="{LINE}"/>']
    for index, one in enumerate(values):
        left, high = EDGE + index * (wide + GAP), HIGH * max(one.value, 0) / most
        middle = left + wide / 2
        parts += [
            f'<rect x="{left:.1f}" y="{floor - high:.1f}" width="{wide:.1f}" height="{high:.1f}" rx="3" fill="{BLUE}"/>',
            _text(middle, floor - high - 8, one.shown, INK, anchor="middle", weight=600),
            _text(middle, floor + 22, _short(one.name), PALE, anchor="middle"),
        ]
    return _sheet(title, floor + FOOT + 6, parts)


def picture(svg: str, says: str) -> str:
    """A chart as a picture of a Markdown page; `says` tells the same in words, for those who cannot see it."""
    return f"![{plain(says, 500)}](data:image/svg+xml;base64,{base64.b64encode(svg.encode()).decode()})"


def in_words(title: str, values: Sequence[Bar]) -> str:
    """What a chart shows, as a sentence."""
    return f"{title}: {', '.join(f'{one.name} {one.shown}' for one in values) or 'nothing yet'}."


def _sheet(title: str, height: float, parts: Sequence[str]) -> str:
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height:.0f}" width="{WIDTH}" height="{height:.0f}" '
        f'font-family="Inter, Helvetica, Arial, sans-serif" font-size="14">'
        f'<rect width="{WIDTH}" height="{height:.0f}" rx="8" fill="#ffffff"/>'
    )
    return head + _text(EDGE, 34, title, INK, weight=700, size=17) + "".join(parts) + "</svg>"


def _text(left: float, base: float, words: str, colour: str, *, anchor: str = "start", weight: int = 400, size: int = 14) -> str:
    place = f'x="{left:.1f}" y="{base:.1f}" text-anchor="{anchor}"'
    seen = escape("".join(sign if sign.isprintable() else " " for sign in words))
    return f'<text {place} fill="{colour}" font-weight="{weight}" font-size="{size}">{seen}</text>'


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"
