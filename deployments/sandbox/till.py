"""What the sandbox does with play money: pages opened and paid, money given back, what the balance has seen. One transaction each."""

import secrets
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from sqlmodel import Session, col, func, select

from deployments.sandbox import post
from deployments.sandbox.asked import OpenAsked, RefundAsked
from deployments.sandbox.tables import Checkout, Movement
from models.errors import Missing, Refused
from models.money import Money, total
from models.sandbox_events import SandboxPayment

OPEN_FOR = timedelta(hours=24)
FEE_PERCENT, FEE_FLAT = Decimal("1.5"), 25


def open_checkout(session: Session, key: str, asked: OpenAsked, *, now: datetime) -> tuple[Checkout, bool]:
    """The page of this key, and whether it is new. Raises Refused for nought, and for a key that came with something else."""
    wanted = asked.model_dump(mode="json")
    known = session.exec(select(Checkout).where(Checkout.key == key)).first()
    if known:
        _same(known.asked, wanted)
        return known, False
    if asked.amount.amount <= 0:
        raise Refused("There is nothing to pay.")
    checkout = Checkout(id=_name("co"), key=key, token=secrets.token_urlsafe(24), asked=wanted, made_at=now, expires_at=now + OPEN_FOR)
    session.add(checkout)
    return checkout, True


def find(session: Session, token: str) -> Checkout:
    """The checkout whose page has this token. Raises Missing."""
    found = session.exec(select(Checkout).where(Checkout.token == token)).first()
    if found is None:
        raise Missing("There is no such payment page.")
    return found


def state_of(checkout: Checkout, *, now: datetime) -> str:
    """open, paid or expired."""
    return "paid" if checkout.charge_id else "expired" if checkout.expires_at <= now else "open"


def pay(session: Session, checkout: Checkout, *, now: datetime) -> SandboxPayment:
    """Take the money, and our fee from it. Raises Refused when the page is paid or expired."""
    _expect_open(checkout, now=now)
    money = amount_of(checkout)
    checkout.charge_id = _name("ch")
    session.add(checkout)
    reference = checkout.asked["reference"]
    _move(session, checkout.charge_id, "charge", money, reference, checkout.charge_id, now=now)
    fee = money.times(FEE_PERCENT / 100) + Money(amount=FEE_FLAT, currency=money.currency)
    _move(session, f"{checkout.charge_id}/fee", "fee", negative(fee), reference, checkout.charge_id, now=now)
    return _payment(checkout, checkout.charge_id)


def decline(session: Session, checkout: Checkout, *, now: datetime) -> SandboxPayment:
    """A card that is declined; the page stays open. Raises Refused as above."""
    _expect_open(checkout, now=now)
    checkout.declined += 1
    session.add(checkout)
    return _payment(checkout, f"{checkout.id}/try/{checkout.declined}")


def refund(session: Session, key: str, asked: RefundAsked, *, now: datetime) -> tuple[Movement, bool]:
    """The refund of this key, and whether it is new. Raises Missing for an unknown charge, Refused when it does not hold so much."""
    wanted = asked.model_dump(mode="json")
    known = session.exec(select(Movement).where(Movement.key == key)).first()
    if known:
        _same(known.asked, wanted)
        return known, False
    charge = charge_of(session, asked.charge_id)
    left = left_of(session, charge)
    if asked.amount.currency != left.currency or not 0 < asked.amount.amount <= left.amount:
        raise Refused(f"Between nothing and {left.format()} can be given back on {charge.id}.")
    row = _move(session, _name("re"), "refund", negative(asked.amount), charge.reference, charge.id, now=now)
    row.key, row.asked = key, wanted
    _tell_gone(session, "payment.refunded", row, now=now)
    return row, True


def dispute(session: Session, charge_id: str, *, now: datetime) -> Movement:
    """The payer's bank takes back what is left of a charge. Raises Missing, and Refused when nothing is left."""
    charge = charge_of(session, charge_id)
    left = left_of(session, charge)
    if left.amount <= 0:
        raise Refused("Nothing is left on this payment.")
    row = _move(session, _name("du"), "dispute", negative(left), charge.reference, charge.id, now=now)
    _tell_gone(session, "payment.disputed", row, now=now)
    return row


def pay_out(session: Session, *, now: datetime) -> list[Movement]:
    """Send what the balance holds to the studio's bank, a payout for each currency."""
    return [
        _move(session, _name("po"), "payout", negative(held), "", "", now=now) for held in balance(session) if held.amount > 0
    ]  # fmt: skip


def movements(session: Session, since: datetime, until: datetime) -> list[Movement]:
    """What moved from `since` up to `until`, oldest first."""
    wanted = select(Movement).where(Movement.at >= since, Movement.at < until)
    return list(session.exec(wanted.order_by(col(Movement.at), col(Movement.number))))


def balance(session: Session) -> list[Money]:
    """What the studio has here, by currency."""
    sums = select(Movement.currency, func.sum(Movement.amount)).group_by(Movement.currency).order_by(Movement.currency)
    return [Money(amount=int(amount), currency=currency) for currency, amount in session.exec(sums)]


def charge_of(session: Session, charge_id: str) -> Movement:
    """A charge. Raises Missing."""
    found = session.exec(select(Movement).where(Movement.id == charge_id, Movement.kind == "charge")).first()
    if found is None:
        raise Missing(f"There is no charge {charge_id[:100]}.")
    return found


def left_of(session: Session, charge: Movement) -> Money:
    """What can still go back on a charge."""
    belonging = select(Movement).where(Movement.charge_id == charge.id, Movement.kind != "fee")
    return total((money_of(row) for row in session.exec(belonging)), charge.currency)


def amount_of(checkout: Checkout) -> Money:
    """What is to be paid."""
    return Money.model_validate(checkout.asked["amount"])


def money_of(row: Movement) -> Money:
    """What moved, with its sign."""
    return Money(amount=row.amount, currency=row.currency)


def negative(money: Money) -> Money:
    """The same with the other sign."""
    return money.model_copy(update={"amount": -money.amount})


def _move(session: Session, name: str, kind: str, money: Money, reference: str, charge_id: str, *, now: datetime) -> Movement:
    row = Movement(id=name, kind=kind, amount=money.amount, currency=money.currency, reference=reference, charge_id=charge_id, at=now)
    session.add(row)
    session.flush()
    return row


def _tell_gone(session: Session, kind: str, row: Movement, *, now: datetime) -> None:
    about = SandboxPayment(charge_id=row.charge_id, refund_id=row.id, reference=row.reference, amount=negative(money_of(row)))
    post.tell(session, kind, about, now=now)


def _payment(checkout: Checkout, charge_id: str) -> SandboxPayment:
    asked: dict[str, Any] = checkout.asked
    return SandboxPayment(
        checkout_id=checkout.id, charge_id=charge_id, reference=asked["reference"], invoice_id=asked["invoice_id"], deal_id=asked["deal_id"],
        amount=amount_of(checkout), payer=asked["email"],
    )  # fmt: skip


def _expect_open(checkout: Checkout, *, now: datetime) -> None:
    state = state_of(checkout, now=now)
    if state != "open":
        raise Refused("This has been paid already." if state == "paid" else "This page has expired.")


def _same(known: dict[str, Any], wanted: dict[str, Any]) -> None:
    if known != wanted:
        raise Refused("This key was used for something else.")


def _name(kind: str) -> str:
    return f"{kind}_{secrets.token_hex(12)}"
