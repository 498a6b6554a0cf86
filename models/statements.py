"""Bank statements: read whatever their format, checked to the cent, taken in once; of overlapping ones only what is fresh."""

import hashlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

from sqlmodel import Session, col, func, select

from models import camt, mt940, receiving
from models.cash_tables import Payment, Statement
from models.company import Company
from models.db import serialise
from models.errors import Missing, Refused
from models.money import Money
from models.receiving import BANK_SOURCE, Incoming
from models.statement_lines import MOST_BYTES, Parsed, ParsedLine, Unreadable, line_id

__all__ = ["MOST_BYTES", "Counts", "Parsed", "ParsedLine", "Unreadable", "counts", "find", "find_file", "parse", "place", "read", "store", "take"]
_PACKED = {b"\x1f\x8b": "gzip", b"PK": "zip", b"BZ": "bzip2", b"\xfd7zXZ": "xz", b"%PDF": "PDF"}


class Counts(NamedTuple):
    """What became of a statement's lines: booked on invoices, not understood, and the rest (payouts, not ours)."""

    matched: int
    suspense: int
    other: int


def read(content: bytes, name: str) -> list[Parsed]:
    """The statements in a file, each checked: closing = opening + lines. Raises Unreadable, a sentence that names the file."""
    try:
        found = _read(content)
        for statement in found:
            _check(statement)
    except Unreadable as error:
        raise Unreadable(f"{name}: {error}") from None
    return found


def parse(company: Company, content: bytes, name: str) -> Parsed:
    """The one statement that a file makes. It takes seconds for thousands of lines: done before anything is locked. Raises as `take` does."""
    parsed = _joined(read(content, name), name)
    _check_account(company, parsed, name)
    return parsed


def take(
    session: Session, company: Company, content: bytes, name: str, *, came_by: str, actor: str, now: datetime, path: str,
    parsed: Parsed | None = None,
) -> tuple[Statement, bool]:  # fmt: skip
    """The statement of this file, its fresh lines booked, and whether it is new: the same file again changes nothing. `parsed` as `parse` says.

    Raises Unreadable for a file that is no whole statement, Refused for one of another account or one that repeats days in another format.
    """
    serialise(session, "statements")
    known = find_file(session, content)
    if known:
        return known, False
    parsed = parsed or parse(company, content, name)
    _check_format(session, parsed, name)
    statement = Statement(
        sha256=hashlib.sha256(content).hexdigest(), name=name[:200], format=parsed.format, account=parsed.account, currency=parsed.currency,
        number=parsed.number,
        from_on=parsed.from_on, to_on=parsed.to_on, opening=parsed.opening, closing=parsed.closing, lines=len(parsed.lines), came_by=came_by,
        actor=actor, path=path, at=now,
    )  # fmt: skip
    session.add(statement)
    session.flush()
    payments = receiving.receive_all(session, company, list(_news(parsed, statement, actor)), now=now)
    statement.fresh = sum(payment.statement_id == statement.id for payment in payments)
    session.add(statement)
    return statement, True


def find_file(session: Session, content: bytes) -> Statement | None:
    """The statement that this very file made, if it was taken in."""
    return session.exec(select(Statement).where(Statement.sha256 == hashlib.sha256(content).hexdigest())).first()


def place(content: bytes) -> str:
    """Where a statement's file lies, below home."""
    digest = hashlib.sha256(content).hexdigest()
    return f"statements/kept/{digest[:2]}/{digest}"


def store(home: Path, content: bytes) -> None:
    """Keep a statement's file, whole or not at all; the same bytes once."""
    where = home / place(content)
    where.parent.mkdir(parents=True, exist_ok=True)
    if not where.exists():
        scratch = where.with_suffix(".tmp")
        scratch.write_bytes(content)
        scratch.replace(where)


def find(session: Session, statement_id: int) -> Statement:
    """One statement. Raises Missing for an unknown one."""
    statement = session.get(Statement, statement_id)
    if statement is None:
        raise Missing(f"There is no statement {statement_id}.")
    return statement


def counts(session: Session, statement: Statement) -> Counts:
    """What became of the lines that a statement brought, as things stand now."""
    mine = select(Payment.state, func.count()).where(Payment.statement_id == statement.id).group_by(Payment.state)
    by_state = {state: int(number) for state, number in session.exec(mine)}
    matched, suspense = by_state.pop("matched", 0), by_state.pop("suspense", 0)
    return Counts(matched, suspense, sum(by_state.values()))


def _read(content: bytes) -> list[Parsed]:
    if not content.strip():
        raise Unreadable("the file is empty.")
    if len(content) > MOST_BYTES:
        raise Unreadable(f"the file is larger than {MOST_BYTES // 1024 // 1024} MB. Ask the bank for shorter periods.")
    packed = next((kind for start, kind in _PACKED.items() if content.startswith(start)), "")
    if packed:
        raise Unreadable(f"this is a {packed} file. Send the statement itself.")
    if mt940.looks_like(content):
        return mt940.read(content)
    if content.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] == b"<" or content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return camt.read(content)
    raise Unreadable("this is neither camt.053 (XML) nor MT940, or its beginning is missing.")


def _check(statement: Parsed) -> None:
    other = next((line for line in statement.lines if line.amount.currency != statement.currency), None)
    if other:
        raise Unreadable(f"the line of {other.on} is in {other.amount.currency}, the account in {statement.currency}: they cannot be added up.")
    if statement.opening is None or statement.closing is None or statement.opening + statement.moved == statement.closing:
        return
    opening, moved, closing = (
        Money(amount=amount, currency=statement.currency).format() for amount in (statement.opening, statement.moved, statement.closing)
    )
    raise Unreadable(f"it opens with {opening}, its lines sum to {moved}, and yet it closes with {closing}: a line is missing or changed.")


def _joined(found: Sequence[Parsed], name: str) -> Parsed:
    """The statements of a file as one: of one account, each beginning with what the one before ended with."""
    ordered = list(found) if _chains(found) else sorted(found, key=lambda one: (one.from_on or date.min, one.to_on or date.min))
    if len({(one.account, one.currency) for one in ordered}) > 1:
        accounts = ", ".join(sorted({f"{one.account} ({one.currency})" for one in ordered}))
        raise Refused(f"{name} holds statements of different accounts: {accounts}. Send those of one account in one file.")
    for before, after in pairwise(ordered):
        if before.closing is not None and after.opening is not None and before.closing != after.opening:
            ends, begins = (Money(amount=amount, currency=before.currency).format() for amount in (before.closing, after.opening))
            raise Refused(f"{name}: statement {before.number} ends with {ends}, the next, {after.number}, begins with {begins}: one is missing.")
    number = ordered[0].number if len(ordered) == 1 else f"{ordered[0].number}–{ordered[-1].number}"
    lines = tuple(line for one in ordered for line in one.lines)
    return replace(
        ordered[0], number=number[:140], closing=ordered[-1].closing, closing_on=ordered[-1].closing_on, lines=lines
    )  # fmt: skip


def _chains(found: Sequence[Parsed]) -> bool:
    return all(before.closing == after.opening for before, after in pairwise(found))


def _check_account(company: Company, parsed: Parsed, name: str) -> None:
    ours = company.studio.bank.iban.replace(" ", "")
    german = "/".join((ours[4:12].lstrip("0"), ours[12:].lstrip("0"))) if ours.startswith("DE") else ""
    given = "/".join(part.lstrip("0") for part in parsed.account.split("/"))
    if parsed.account != ours and (not german or given.rstrip("EUR") != german):
        raise Refused(f"{name} is a statement of account {parsed.account}; ours is {ours} (bank.iban in studio.toml).")


def _check_format(session: Session, parsed: Parsed, name: str) -> None:
    """Formats name the same line differently: days that were taken in one format are not taken in another."""
    if not parsed.lines:
        return
    first, last = min(line.on for line in parsed.lines), max(line.on for line in parsed.lines)
    same_days = select(Payment).join(Statement, col(Statement.id) == Payment.statement_id)
    other = same_days.where(Statement.format != parsed.format, Payment.happened_on >= first, Payment.happened_on <= last)
    clash = session.exec(other.order_by(col(Payment.happened_on))).first()
    if clash:
        taken = find(session, clash.statement_id or 0).format
        raise Refused(f"{name}: lines of {clash.happened_on} were taken in as {taken}, and the file is {parsed.format}. Send each day in one format.")


def _news(parsed: Parsed, statement: Statement, actor: str) -> Iterator[Incoming]:
    seen: Counter[str] = Counter()
    for line in parsed.lines:
        if not line.amount.amount:
            continue
        stable = f"{line.on}/{line_id(line)}"
        seen[stable] += 1
        yield Incoming(
            source=BANK_SOURCE, external_id=f"{parsed.account}/{stable}/{seen[stable]}", direction=line.direction, amount=line.amount,
            happened_on=line.on, method="bank", reference=line.text, payer_name=line.name, payer_iban=line.iban, statement_id=statement.id,
            actor=actor, is_return=line.is_return,
        )  # fmt: skip
