"""Money that comes or goes: kept once per (source, external id), booked once, matched by what its text names.

    in    names an invoice ▶ booked on it; too much, paid already, credited ▶ the client's credit
          a provider's payout ▶ moved from the provider to the bank       names nothing, or in another currency ▶ suspense
    out   on a statement: names what we owe ▶ booked; the bank took a payment back ▶ the invoice is open again; else outside our books

Nobody guesses: what lies in suspense is matched by a person's word (`models.suspense`).
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import insert
from sqlmodel import Session, col, select

from models import ledger, matching, outgoing, placing, suggesting
from models.accounts import BANK, CASH, OUTSIDE, PROVIDER, RECORDED, SUSPENSE
from models.cash_tables import Invoice, Payment
from models.company import Company
from models.ledger import Draft, Line
from models.money import Money
from models.placing import Desk, Placed
from models.tables import Deal

BANK_SOURCE, OPERATOR = "bank", "operator"
NOT_OURS = "Not ours: an outgoing payment."


@dataclass(frozen=True)
class Incoming:
    """Money as somebody told it: `direction` in or out, `amount` positive. `source` is bank, operator or a payment provider.

    `reference` is what the payer wrote; `payer_…` the other side, whoever it is. `is_return`: the bank took back an earlier movement.
    """

    source: str
    external_id: str
    direction: str
    amount: Money
    happened_on: date
    method: str = "bank"
    reference: str = ""
    payer_name: str = ""
    payer_iban: str = ""
    statement_id: int | None = None
    actor: str = "system"
    fact_id: int | None = None
    is_return: bool = False


def receive(session: Session, company: Company, one: Incoming, *, now: datetime) -> Payment:
    """The payment of this news, booked if it was not known; `payment.said` tells an operator where the money went."""
    return receive_all(session, company, [one], now=now)[0]


def receive_all(session: Session, company: Company, news: Sequence[Incoming], *, now: datetime) -> list[Payment]:
    """The payments of these, in their order: with a few queries, however many there are."""
    return _receive(session, news, matching.find(session, company, [one.reference for one in news]), now)


def receive_on(session: Session, one: Incoming, invoices: Sequence[Invoice], *, now: datetime) -> Payment:
    """The payment of this news, for invoices that a person has named."""
    return _receive(session, [one], [list(invoices)], now)[0]


def _receive(session: Session, news: Sequence[Incoming], named: Sequence[list[Invoice]], now: datetime) -> list[Payment]:
    lock_deals(session, {invoice.deal_id for invoices in named for invoice in invoices})
    ledger.lock(session)
    known = _known(session, news)
    fresh: dict[tuple[str, str], tuple[Incoming, list[Invoice]]] = {}
    for one, invoices in zip(news, named, strict=True):
        if (one.source, one.external_id) not in known:
            fresh.setdefault((one.source, one.external_id), (one, invoices))
    if fresh:
        session.exec(insert(Payment), params=[_row(one, bool(invoices), now) for one, invoices in fresh.values()], execution_options=ledger.AS_ONE)
    made = _known(session, [one for one, _ in fresh.values()])
    _book(session, [(made[key], one, invoices) for key, (one, invoices) in fresh.items()], now)
    return [known.get((one.source, one.external_id)) or made[one.source, one.external_id] for one in news]


def lock_deals(session: Session, deal_ids: set[int]) -> None:
    """Keep everybody else from telling something about these deals until this transaction ends; always in the same order."""
    for some in ledger.chunks(sorted(deal_ids)):
        session.exec(select(Deal.id).where(col(Deal.id).in_(some)).order_by(col(Deal.id)).with_for_update()).all()


def account_of(source: str, method: str) -> str:
    """Where money of this source lies. What a person saw counts as recorded until a statement shows it; cash is at hand."""
    if source == OPERATOR:
        return CASH if method == "cash" else RECORDED
    return BANK if source == BANK_SOURCE else PROVIDER + source


def _known(session: Session, news: Sequence[Incoming]) -> dict[tuple[str, str], Payment]:
    found = {}
    for source in sorted({one.source for one in news}):
        for ids in ledger.chunks([one.external_id for one in news if one.source == source]):
            rows = session.exec(select(Payment).where(Payment.source == source, col(Payment.external_id).in_(ids)))
            found |= {(payment.source, payment.external_id): payment for payment in rows}
    return found


def _row(one: Incoming, is_named: bool, now: datetime) -> dict[str, Any]:
    # As it will most likely stand, so that few of ten thousand rows are written again.
    state, said = ("new", "") if is_named or one.is_return else ("ignored", NOT_OURS) if one.direction == "out" else ("suspense", placing.UNNAMED)
    return {
        "source": one.source, "external_id": one.external_id, "direction": one.direction, "amount": one.amount.amount,
        "currency": one.amount.currency, "method": one.method, "reference": one.reference[:1000], "payer_name": one.payer_name[:200],
        "payer_iban": one.payer_iban[:34], "happened_on": one.happened_on, "statement_id": one.statement_id, "fact_id": one.fact_id,
        "state": state, "said": said, "suggested": [], "known_at": now, "settled_at": now if state == "ignored" else None,
    }  # fmt: skip


def _book(session: Session, fresh: list[tuple[Payment, Incoming, list[Invoice]]], now: datetime) -> None:
    desk = Desk.of(session, [invoice for _, _, invoices in fresh for invoice in invoices])
    drafts, placed = [], []
    for payment, one, invoices in fresh:
        if one.direction == "out" and (invoices or one.is_return):
            continue
        done = _place(desk, payment, one, invoices)
        drafts.append(entry_of(payment, f"payment/{payment.id}", done.lines, fact_id=one.fact_id))
        placed.append((payment, one, done))
    ledger.book_all(session, drafts, now=now)
    for payment, _, done in placed:
        placing.mark(session, payment, done, now)
    # All at once: each look at the books would write out what was marked so far, one by one.
    session.flush()
    for payment, one, done in placed:
        placing.announce(session, payment, done, actor=one.actor, now=now)
    for payment, one, invoices in fresh:
        if one.direction == "out" and (invoices or one.is_return):
            outgoing.take_out(session, payment, invoices, is_return=one.is_return, actor=one.actor, now=now)
    suggesting.suggest(session, [payment for payment, _, _ in fresh if payment.state == "suspense" and payment.direction == "in"], now=now)


def _place(desk: Desk, payment: Payment, one: Incoming, invoices: list[Invoice]) -> Placed:
    account, amount = account_of(one.source, one.method), one.amount
    if one.direction == "out":
        lines = [Line(account, _minus(amount), payment_id=payment.id), Line(OUTSIDE, amount, payment_id=payment.id)]
        return Placed(lines, "ignored", NOT_OURS)
    came = Line(account, amount, payment_id=payment.id)
    provider = desk.pays_out(payment) if not invoices and not one.is_return else ""
    if provider:
        desk.held[provider, amount.currency] -= amount.amount
        said = f"Paid out by {provider.removeprefix(PROVIDER)}."
        return Placed([came, Line(provider, _minus(amount), payment_id=payment.id)], "payout", said)
    where = desk.place(payment, invoices) if not one.is_return else "The bank returned an outgoing payment: what was it for?"
    if isinstance(where, Placed):
        return where.preceded_by(came)
    return Placed([came, Line(SUSPENSE, _minus(amount), payment_id=payment.id)], "suspense", where)


def entry_of(payment: Payment, key: str, lines: Sequence[Line], *, fact_id: int | None = None, deal_id: int | None = None) -> Draft:
    """The entry of a payment's lines."""
    memo = f"{payment.source} {payment.external_id}"[:200]
    return Draft(key, "payment", lines, payment.happened_on, memo=memo, deal_id=deal_id, fact_id=fact_id or payment.fact_id)


def _minus(amount: Money) -> Money:
    return amount.times(-1)
