"""Colours that can be read: a studio may choose any brand colour, text on it still meets WCAG AA.

Colours are `#rrggbb`; ratios run from 1 to 21 (WCAG 2.2, 1.4.3: text needs 4.5).
"""

import re

INK = "#15171c"
PAPER = "#ffffff"
TEXT_RATIO = 4.5
_HEX = re.compile(r"#?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


def colour(value: str, fallback: str = INK) -> str:
    """`value` as `#rrggbb`; anything that is not a hex colour gives `fallback`."""
    match = _HEX.fullmatch(str(value).strip())
    if not match:
        return fallback
    digits = match[1].lower()
    return "#" + (digits if len(digits) == 6 else "".join(2 * digit for digit in digits))  # noqa: PLR2004


def contrast(one: str, other: str) -> float:
    """The WCAG contrast ratio of two colours."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def text_on(background: str) -> str:
    """White or ink, whichever is read better on `background`."""
    return max(PAPER, INK, key=lambda text: contrast(text, colour(background)))


def backing(value: str) -> str:
    """`value` as a background: moved, where it must be, until white or ink can be read on it."""
    return readable(value, text_on(value))


def readable(value: str, background: str = PAPER, ratio: float = TEXT_RATIO) -> str:
    """`value`, moved in small steps towards ink or white until it can be read as text on `background`."""
    goal = text_on(background)
    for step in range(21):
        mixed = mix(colour(value), goal, step * 5)
        if contrast(mixed, background) >= ratio:
            return mixed
    return goal


def mix(one: str, other: str, percent: int) -> str:
    """`one` with `percent` of `other` in it."""
    pairs = zip(_channels(colour(one)), _channels(colour(other)), strict=True)
    return "#" + "".join(f"{round(a + (b - a) * percent / 100):02x}" for a, b in pairs)


def _channels(value: str) -> list[int]:
    return [int(value[at : at + 2], 16) for at in (1, 3, 5)]


def _luminance(value: str) -> float:
    red, green, blue = (_linear(channel / 255) for channel in _channels(colour(value)))
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def _linear(share: float) -> float:
    return share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4  # noqa: PLR2004
