"""Signing codes: six digits, mailed to whoever signs, derived from the secret and stored nowhere.

    asked ──▶ valid (15 minutes, 5 tries) ──▶ used
                └──▶ over: a newer one was asked for, time or tries are up

Guessing is bounded: five tries a code, five codes an hour, and after 30 wrong tries a version can be signed by code no more. A code signs
the kind of document that it was asked for, and no other: contracts and acts of acceptance have codes of their own.
"""

import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlmodel import Session, col, select

from models import waiting
from models.cash_tables import SignCode
from models.errors import Refused

TRIES = 5
VALID = timedelta(minutes=15)
PAUSE = timedelta(seconds=60)
HOUR = timedelta(hours=1)
CODES_AN_HOUR = 5
WRONG_IN_ALL = 30
DIGITS = 6
CONTRACT = "contract"
INSTEAD = {CONTRACT: "we send you a new version to sign", "act": "it can be signed on paper"}
"""What is done for whom no code helps any more."""


class TooMany(Refused):
    """Another code may not be asked for yet, or no more at all; the sentence says which."""


@dataclass(frozen=True)
class Tried:
    """What became of a typed code: the code it was, or in `said` why it is not taken. A wrong try is counted either way."""

    code: SignCode | None
    said: str = ""


def digits(secret: str, deal_id: int, version: int, number: int, *, kind: str = CONTRACT) -> str:
    """The six digits of a code: the same whenever they are asked for, and known to nobody without the secret."""
    mac = hmac.new(secret.encode(), f"{kind} code/{deal_id}/{version}/{number}".encode(), hashlib.sha256).digest()
    return f"{int.from_bytes(mac) % 10**DIGITS:0{DIGITS}}"


def check_may_ask(session: Session, deal_id: int, version: int, *, now: datetime, kind: str = CONTRACT) -> None:
    """Raises TooMany, with how long to wait, when another code may not be asked for yet. The pauses hold for a deal's documents together."""
    if wrong_tries(session, deal_id, version, kind=kind) >= WRONG_IN_ALL:
        raise TooMany(_worn_out(kind))
    mine = list(session.exec(select(SignCode).where(SignCode.deal_id == deal_id).order_by(col(SignCode.made_at), col(SignCode.id))))
    if mine and now - mine[-1].made_at < PAUSE:
        rest = (PAUSE - (now - mine[-1].made_at)).total_seconds()
        raise TooMany(f"A code went out a moment ago; it may take a minute to arrive. Ask for another in {max(1, round(rest))} seconds.")
    lately = [code for code in mine if now - code.made_at < HOUR]
    if len(lately) >= CODES_AN_HOUR:
        minutes = -(-(HOUR - (now - lately[-CODES_AN_HOUR].made_at)).total_seconds() // 60)
        raise TooMany(f"{CODES_AN_HOUR} codes were sent within an hour. Please try again in {minutes:.0f} minutes, or call us.")


def ask(session: Session, deal_id: int, version: int, email: str, *, now: datetime, kind: str = CONTRACT) -> SignCode:
    """A new code for a version, the only valid one from now on. Raises TooMany when it is too early for another."""
    check_may_ask(session, deal_id, version, now=now, kind=kind)
    known = _of(session, deal_id, version, kind)
    for code in known:
        code.expires_at = min(code.expires_at, now)
        session.add(code)
    number = known[-1].number + 1 if known else 1
    made = SignCode(deal_id=deal_id, kind=kind, version=version, number=number, email=email, made_at=now, expires_at=now + VALID)
    session.add(made)
    session.flush()
    return made


def newest(session: Session, deal_id: int, version: int, *, kind: str = CONTRACT) -> SignCode | None:
    """The code of a version that was asked for last."""
    known = _of(session, deal_id, version, kind)
    return known[-1] if known else None


def tries_left(session: Session, code: SignCode) -> int:
    """How often a code may still be typed wrongly, the bound of the whole version included."""
    return max(0, min(TRIES - code.tries, WRONG_IN_ALL - wrong_tries(session, code.deal_id, code.version, kind=code.kind)))


def current(session: Session, deal_id: int, version: int, *, now: datetime, kind: str = CONTRACT) -> SignCode | None:
    """The code of a version that may still be given."""
    code = newest(session, deal_id, version, kind=kind)
    if code is None or code.used_at or now >= code.expires_at:
        return None
    return code if tries_left(session, code) else None


def give(session: Session, secret: str, deal_id: int, version: int, typed: str, *, now: datetime, kind: str = CONTRACT) -> Tried:
    """Try a typed code on the one that is valid; a right one is used up, a wrong one counted.

    It refuses in words and never by an error, so that the transaction that counts a wrong try is committed.
    """
    waiting.lock(session, deal_id)  # two tries at a time count as two
    code = current(session, deal_id, version, now=now, kind=kind)
    if code is None:
        return Tried(None, _why_none(session, deal_id, version, kind))
    sent = digits(secret, deal_id, version, code.number, kind=kind)
    if hmac.compare_digest(sent.encode(), "".join(typed.split()).encode()):
        code.used_at = now
        session.add(code)
        session.flush()
        return Tried(code)
    code.tries += 1
    session.add(code)
    session.flush()
    left = tries_left(session, code)
    if not left:
        return Tried(None, "This is not the code we sent, and it was the last try. Please ask for a new code.")
    return Tried(None, f"This is not the code we sent. You have {left} {'try' if left == 1 else 'tries'} left.")


def wrong_tries(session: Session, deal_id: int, version: int, *, kind: str = CONTRACT) -> int:
    """How many wrong codes were typed for a version in all."""
    return sum(code.tries for code in _of(session, deal_id, version, kind))


def used(session: Session, deal_id: int, version: int, number: int, *, kind: str = CONTRACT) -> SignCode | None:
    """The code of this number, if somebody gave it rightly."""
    return next((code for code in _of(session, deal_id, version, kind) if code.number == number and code.used_at), None)


def _why_none(session: Session, deal_id: int, version: int, kind: str) -> str:
    code = newest(session, deal_id, version, kind=kind)
    if code is None:
        return "Please ask for a code first."
    if wrong_tries(session, deal_id, version, kind=kind) >= WRONG_IN_ALL:
        return _worn_out(kind)
    if code.used_at:
        return "This code has been used. Please ask for a new one."
    if code.tries >= TRIES:
        return "This code was tried too often. Please ask for a new one."
    return "This code is no longer valid: it holds for 15 minutes. Please ask for a new one."


def _worn_out(kind: str) -> str:
    return f"Too many wrong codes were typed for this {kind}. Please call us: {INSTEAD[kind]}."


def _of(session: Session, deal_id: int, version: int, kind: str) -> list[SignCode]:
    mine = select(SignCode).where(SignCode.deal_id == deal_id, SignCode.kind == kind, SignCode.version == version)
    return list(session.exec(mine.order_by(col(SignCode.number))))
