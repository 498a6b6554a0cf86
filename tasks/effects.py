"""Acts on the world, at most once without a person's word: claim, act outside any transaction, settle."""

import logging
from collections.abc import Callable, Generator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from threading import Lock
from typing import Any

from sqlmodel import Session

from models import effects, facts, inbox, logs, restored
from models.answers import Noted
from models.effects import EffectState
from models.errors import Refused, Unavailable, Uncertain
from models.facts import News
from models.tables import Effect
from tasks.world import World, lives, real_now, world

log = logging.getLogger("studioflow.effects")
_muted: ContextVar[str] = ContextVar("muted", default="")
_OPEN = frozenset({EffectState.CLAIMED, EffectState.UNKNOWN})
_lock = Lock()
_keys: set[str] = set()


@dataclass(frozen=True)
class Done:
    """What an act left: the vendor's words, and what the ledger keeps of it."""

    said: str
    result: dict[str, Any]


@dataclass(frozen=True)
class Act:
    """An effect: `guard` gives a reason not to do it any more; `ask` finds out whether it happened (None: it did not).

    `args` is what it is done from again, should a person say so.
    """

    key: str
    kind: str
    what: str
    deal_id: int | None
    act: Callable[[], Done]
    guard: Callable[[Session], str | None] = lambda _session: None
    ask: Callable[[], Done | None] | None = None
    args: dict[str, Any] = field(default_factory=dict)


def once(act: Act) -> Effect:
    """Do it, unless it was done; return what the ledger says of it: done, failed, skipped or unknown.

    Raises Unavailable when the world is away (planned again, retried) or another worker is at it just now.
    """
    with _under_way(act.key), logs.about(deal=act.deal_id, effect=act.key):
        return _once(world(), act)


@contextmanager
def muted(why: str) -> Generator[None]:
    """Let nothing out of what is said inside: each effect that is not settled is skipped, with this reason."""
    token = _muted.set(why)
    try:
        yield
    finally:
        _muted.reset(token)


@contextmanager
def _under_way(key: str) -> Generator[None]:
    """Keep two threads of this worker from one effect: a claim of our own that is not under way here is an orphan's."""
    with _lock:
        if key in _keys:
            raise Unavailable(f"{key} is under way in this worker.")
        _keys.add(key)
    try:
        yield
    finally:
        with _lock:
            _keys.discard(key)


def _once(here: World, act: Act) -> Effect:
    effect, is_mine = _claim(here, act)
    if not is_mine:
        return effect
    try:
        done = act.act()
    except Unavailable as error:
        _settle(here, act, EffectState.PLANNED, str(error))
        raise
    except Refused as error:
        return _settle(here, act, EffectState.FAILED, str(error))
    except Uncertain as error:
        return _settle(here, act, EffectState.UNKNOWN, str(error))
    except Exception as error:
        _settle(here, act, EffectState.PLANNED, f"{type(error).__name__}: {error}")
        raise
    return _settle(here, act, EffectState.DONE, done.said, done.result)


def _claim(here: World, act: Act) -> tuple[Effect, bool]:
    with here.db.writing() as session:
        effect = effects.plan(session, act.key, act.kind, deal_id=act.deal_id, what=act.what, now=here.now(), args=act.args)
        if effect.state in effects.SETTLED:
            return effect, False
        if effect.state == EffectState.PLANNED:
            reason = _muted.get() or act.guard(session)
            if reason:
                effects.skip(session, effect, reason, now=here.now())
                return effect, False
            is_first = effect.claimed_at is None
            effects.claim(session, effect, here.worker, now=real_now())
            if not (is_first and restored.in_doubt(session, effect)):
                return effect, True
            died = restored.WHY
        else:
            alive = effect.owner != here.worker and lives(session, effect.owner)
            if not effects.is_orphan(effect, now=real_now(), owner_lives=alive):
                raise Unavailable(f"{act.key} is under way in another worker.")
            effects.take_over(session, effect, here.worker, now=real_now())
            died = "The worker died while it was under way; it may have happened."
    return _take_orphan(here, act, died)


def _take_orphan(here: World, act: Act, why: str) -> tuple[Effect, bool]:
    """A claim whose owner died: ask the vendor where that can be done; otherwise it stays unknown until a person decides."""
    if act.ask is None:
        return _settle(here, act, EffectState.UNKNOWN, why), False
    found = act.ask()
    if found:
        return _settle(here, act, EffectState.DONE, found.said, found.result), False
    _settle(here, act, EffectState.PLANNED, "The worker died before it happened.")
    return _claim(here, act)


def _settle(here: World, act: Act, to: EffectState, said: str, result: dict[str, Any] | None = None) -> Effect:
    """Write what became of our claim. Of what another took over (we hung longer than our lease) we tell only that it happened: the rest is theirs.

    Raises Unavailable where the other is at it still.
    """
    with here.db.writing() as session:
        effect = session.get_one(Effect, act.key, with_for_update=True, populate_existing=True)
        is_ours = effect.state == EffectState.CLAIMED and effect.owner == here.worker
        if to == EffectState.DONE and effect.state == EffectState.PLANNED:
            effects.claim(session, effect, here.worker, now=real_now())
        if is_ours or (to == EffectState.DONE and effect.state in _OPEN):
            effects.settle(session, effect, to, said=said, now=here.now(), result=result)
            log.info("%s: %s. %s", act.kind, to.value, said)
        elif effect.state not in effects.SETTLED:
            raise Unavailable(f"{act.key} is in another worker's hands by now.")
    return effect


def decide(key: str, *, went_out: bool, who: str, run: str, reason: str = "") -> Effect:
    """A person's word on an unknown or failed effect: it went out, or it is to be done again, by the waker at once. Once per `run` of the form.

    Who said it and why is kept in the deal's history. A project in the tracker and a ticket are done again by their stage, when it is retried. A
    failed one can only be done again. Raises Refused for an effect in any other state.
    """
    here, word = world(), "it went out" if went_out else "send it again"
    with here.db.writing() as session:
        effect = session.get(Effect, key)
        if effect is None:
            raise Refused(f"There is no effect {key}.")
        if facts.find(session, "operator", run):
            return effect
        _keep_word(session, here, effect, f"{effect.what or effect.kind} ({key}): {word}. {reason}".strip(), who, run)
        session.refresh(effect)  # under the deal's lock by now: of two who decide at once the second is told no
        effects.settle(session, effect, EffectState.DONE if went_out else EffectState.PLANNED, said=f"{who}: {word}", now=here.now())
        if not went_out and effect.kind not in effects.HOLDING | effects.STAGES_OWN:
            effect.kind = effects.ERRAND
        return effect


def _keep_word(session: Session, here: World, effect: Effect, text: str, who: str, run: str) -> None:
    """What a person decided is a fact: of the deal, or of the studio's own letters."""
    if effect.deal_id:
        inbox.tell(session, effect.deal_id, Noted(text=text), source="operator", external_id=run, actor=f"staff:{who}", now=here.now())
    else:
        news = News(kind=Noted.kind, source="operator", external_id=run, actor=f"staff:{who}", payload={"text": text})
        facts.keep(session, news, now=here.now())
