"""What happened in a deal, as its card tells it: facts, moves and effects as one timeline, and how long it stood where. Pure."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from itertools import pairwise

from models.board_words import place
from models.deal_card import DealCard, EffectView, FactView, MoveView
from models.markdown import lines, plain

SHORT = 140
WORDS = ("decision", "outcome", "choice", "stage", "reason", "text", "note", "comment", "said", "name", "rating")
"""What of a fact's payload is told in the timeline; the rest is for the stages."""


@dataclass(frozen=True)
class Spent:
    """A time at one place of a track; `until` is None while the deal stands there."""

    track: str
    place: str
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Line:
    """Something that happened, its texts Markdown already."""

    at: datetime
    sort: str
    what: str
    who: str
    more: str


def times_of(card: DealCard) -> list[Spent]:
    """How long the deal stood where, from its moves: track by track, in their order."""
    spent = []
    for track, now in card.tracks.model_dump().items():
        moves = [move for move in card.moves if move.track == track]
        stood = [(moves[0].was if moves else now, card.opened_at), *((move.to, move.at) for move in moves)]
        ends: list[datetime | None] = [after[1] for _, after in pairwise(stood)]
        spent += [Spent(track, name, since, until) for (name, since), until in zip(stood, [*ends, None], strict=True) if name != "none"]
    return spent


def timeline(card: DealCard) -> list[Line]:
    """Facts, moves and effects in one order of time, the newest first."""
    happened = [*map(_fact, card.facts), *map(_moved, card.moves), *map(_effect, card.effects)]
    return [line for _, line in sorted(enumerate(happened), key=lambda one: (one[1].at, one[0]), reverse=True)]


def _fact(fact: FactView) -> Line:
    return Line(fact.known_at, "fact", f"**{plain(fact.kind)}**", plain(fact.actor or fact.source, 60), lines(" · ".join(_told(fact)), SHORT))


def _told(fact: FactView) -> Iterator[str]:
    for name in WORDS:
        value = fact.payload.get(name)
        if isinstance(value, str | int) and not isinstance(value, bool) and value:
            yield str(value)


def _moved(move: MoveView) -> Line:
    return Line(move.at, "move", f"{move.track}: {place(move.was)} → **{place(move.to)}**", "", lines(move.why, SHORT))


def _effect(effect: EffectView) -> Line:
    said = "" if effect.state == "done" else lines(effect.said, SHORT)
    more = f"{said}<br>`{effect.key}`" if said else f"`{effect.key}`"
    return Line(effect.at, "effect", f"{lines(effect.what or effect.key, SHORT)}: {_state(effect.state)}", "", more)


def _state(state: str) -> str:
    return f"**{state}**" if state in {"failed", "unknown"} else state
