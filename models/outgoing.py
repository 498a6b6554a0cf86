"""Outgoing lines of a statement: money that we owed and paid back, and transfers that the bank took back."""

from collections.abc import Sequence
from datetime import datetime

from sqlmodel import Session, col, select

from models import places, refunds
from models.accounts import BANK
from models.cash_tables import Invoice, Payment, Posting
from models.money import Money


def take_out(session: Session, out: Payment, invoices: Sequence[Invoice], *, is_return: bool, actor: str, now: datetime) -> None:
    """Book an outgoing line that names invoices or credit notes of ours, or that took a payment back; what nobody can place: suspense."""
    mine = _corrected(session, invoices)
    if is_return:
        original = _taken_back(session, out, mine)
        found = places.in_order(session, places.find(session, Posting.payment_id == original.id)) if original else []
        said = f"The bank took payment {original.id} back." if original else "The bank took a payment back: which one?"
    else:
        found, said = places.owed(session, mine), f"Paid back for {_numbers(mine)}."
        owed = Money(amount=sum(place.amount for place in found), currency=mine[0].currency)
        if owed.amount < out.amount or {invoice.currency for invoice in mine} != {out.currency}:
            found, said = [], f"It names {_numbers(mine)}; we owe {owed.format()} there."
    refunds.take(session, out, BANK, found, said, actor=actor, now=now)
    if found and mine:
        out.client_id, out.deal_id = mine[0].client_id, mine[0].deal_id
        session.add(out)


def match_out(session: Session, out: Payment, invoices: Sequence[Invoice], *, actor: str, now: datetime) -> str:
    """Book outgoing money that lay in suspense on these invoices, by a person's word; a reason where it cannot be for them."""
    mine = _corrected(session, invoices)
    if any(invoice.currency != out.currency for invoice in mine):
        return f"It went out in {out.currency}; {_numbers(mine)} is not in {out.currency}."
    ids = [invoice.id for invoice in mine]
    found = places.in_order(session, places.find(session, col(Posting.invoice_id).in_(ids)))
    if sum(place.amount for place in found) < places.left_of(session, out):
        return f"Less than that was ever paid for {_numbers(mine)}."
    refunds.take(session, out, BANK, found, f"Paid back for {_numbers(mine)}.", actor=actor, now=now)
    out.client_id, out.deal_id = mine[0].client_id, mine[0].deal_id
    session.add(out)
    return ""


def _corrected(session: Session, invoices: Sequence[Invoice]) -> list[Invoice]:
    """The invoices meant: those that a credit note corrects in place of the note."""
    meant = [session.get_one(Invoice, invoice.corrects_id) if invoice.corrects_id else invoice for invoice in invoices]
    return list({invoice.id: invoice for invoice in meant}.values())


def _taken_back(session: Session, out: Payment, invoices: Sequence[Invoice]) -> Payment | None:
    """The transfer that the bank took back: of this amount, on one of the invoices named, the latest."""
    on = select(Posting.payment_id).where(col(Posting.invoice_id).in_([invoice.id for invoice in invoices]))
    like = (Payment.source == "bank", Payment.direction == "in", Payment.amount == out.amount, Payment.currency == out.currency)
    return session.exec(select(Payment).where(*like, col(Payment.id).in_(on)).order_by(col(Payment.id).desc())).first()


def _numbers(invoices: Sequence[Invoice]) -> str:
    return ", ".join(invoice.number or "" for invoice in invoices)
