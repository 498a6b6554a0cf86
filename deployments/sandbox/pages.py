"""The sandbox's pages: the one a client pays on, and a desk for whoever sits at this machine. GET never acts."""

import ipaddress
import secrets
from datetime import timedelta
from typing import Any

from babel.numbers import get_currency_precision
from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse, RedirectResponse, Response
from sqlmodel import Session, col, select

from deployments.sandbox import till
from deployments.sandbox.asked import RefundAsked
from deployments.sandbox.counter import Counter, Form, Here
from deployments.sandbox.post import tell
from deployments.sandbox.tables import Checkout, Delivery, Movement
from models.errors import Invalid, Missing, Refused
from models.money import Money

pages = APIRouter(include_in_schema=False)
LATE, LATEST = 20, 3600
SHOWN = 100


@pages.get("/health")
def health(here: Here) -> Response:
    """Well, if the database answers."""
    with here.db.reading() as session:
        session.exec(select(Delivery.id).limit(1)).first()
    return JSONResponse({"well": True})


@pages.get("/pay/{token}")
def show(here: Here, token: str, declined: str = "") -> Response:
    """The page of a checkout, as it stands."""
    with here.db.reading() as session:
        checkout = till.find(session, token)
    return here.page(
        "pay", back=checkout.asked["return_url"], state=till.state_of(checkout, now=here.now()), amount=checkout.asked["amount"],
        title=checkout.asked["title"], reference=checkout.asked["reference"], email=checkout.asked["email"],
        expires_at=checkout.expires_at.isoformat(), declined=bool(declined and checkout.declined), late=LATE, latest=LATEST,
    )  # fmt: skip


@pages.post("/pay/{token}")
def choose(here: Here, token: str, form: Form) -> Response:
    """Do what the client chose, once; then on to the studio's page, or back here after a declined card."""
    choice = form.get("choice", "")
    with here.db.writing() as session:
        checkout = till.find(session, token)
        back = checkout.asked["return_url"]
        if choice not in CHOICES:
            raise Invalid("There is no such choice.")
        if till.state_of(checkout, now=here.now()) == "paid":
            return RedirectResponse(f"{back}?sent=1", 303)
        if choice == "cancel":
            return RedirectResponse(back, 303)
        CHOICES[choice](here, session, checkout, form)
    here.postman.hear()
    return RedirectResponse(f"/pay/{token}?declined=yes" if choice == "fail" else f"{back}?sent=1", 303)


def _pay(here: Counter, session: Session, checkout: Checkout, form: dict[str, str]) -> None:  # noqa: ARG001
    tell(session, "payment.paid", till.pay(session, checkout, now=here.now()), now=here.now())


def _fail(here: Counter, session: Session, checkout: Checkout, form: dict[str, str]) -> None:  # noqa: ARG001
    tell(session, "payment.failed", till.decline(session, checkout, now=here.now()), now=here.now())


def _pay_late(here: Counter, session: Session, checkout: Checkout, form: dict[str, str]) -> None:
    given = form.get("seconds", "").strip() or str(LATE)
    if not (given.isascii() and given.isdigit() and int(given[:9]) <= LATEST):
        raise Invalid(f"Late means a whole number of seconds, {LATEST} at most.")
    tell(session, "payment.paid", till.pay(session, checkout, now=here.now()), now=here.now(), late=timedelta(seconds=int(given)))


def _pay_double(here: Counter, session: Session, checkout: Checkout, form: dict[str, str]) -> None:  # noqa: ARG001
    tell(session, "payment.paid", till.pay(session, checkout, now=here.now()), now=here.now(), times=2)


def _pay_reordered(here: Counter, session: Session, checkout: Checkout, form: dict[str, str]) -> None:  # noqa: ARG001
    """A first card was declined, the second one taken; the second is told first."""
    declined = till.decline(session, checkout, now=here.now())
    tell(session, "payment.paid", till.pay(session, checkout, now=here.now()), now=here.now())
    tell(session, "payment.failed", declined, now=here.now() - timedelta(seconds=30))


def _nothing(here: Counter, session: Session, checkout: Checkout, form: dict[str, str]) -> None:
    """Go back without paying; the page stays open."""


CHOICES = {
    "pay": _pay, "fail": _fail, "pay-late": _pay_late, "pay-double": _pay_double, "pay-reordered": _pay_reordered, "cancel": _nothing,
}  # fmt: skip


# The desk


def _near(request: Request) -> None:
    """Raises Missing unless it is somebody at this machine, on this page: what stands in Host and Sec-Fetch-Site is the browser's word."""
    client, host = request.client.host if request.client else "", request.url.hostname or ""
    elsewhere = request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none")
    proxied = any(name in request.headers for name in ("forwarded", "x-forwarded-for", "x-real-ip", "via"))
    is_near = _is_loopback(client) and (_is_loopback(host) or host == "localhost") and not proxied
    if not is_near or (elsewhere and request.method != "GET"):
        raise Missing("There is no such page.")


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


NEAR = [Depends(_near)]


@pages.get("/", dependencies=NEAR)
def desk(here: Here) -> Response:
    """Payments, what is left of each, and webhooks that still wait."""
    with here.db.reading() as session:
        charges = session.exec(select(Movement).where(Movement.kind == "charge").order_by(col(Movement.number).desc()).limit(SHOWN)).all()
        rows = [_row(session, charge) for charge in charges]
        held = [money.model_dump() for money in till.balance(session)]
        waiting = session.exec(select(Delivery).where(Delivery.state != "delivered").order_by(col(Delivery.id).desc()).limit(SHOWN)).all()
    posts = [{"event": one.event_id, "state": one.state, "tries": one.tries, "said": one.said, "at": one.due_at.isoformat()} for one in waiting]
    return here.page("desk", rows=rows, balance=held, posts=posts)


@pages.post("/charges/{charge}/refund", dependencies=NEAR)
def refund(here: Here, charge: str, form: Form) -> Response:
    """Give back what was typed, as if it had been ordered here."""
    with here.db.writing() as session:
        currency = till.charge_of(session, charge).currency
        asked = RefundAsked(charge_id=charge, amount=_typed(form.get("amount", ""), currency), reason="by hand")
        till.refund(session, f"by-hand/{form.get('once') or secrets.token_hex(8)}"[:200], asked, now=here.now())
    here.postman.hear()
    return RedirectResponse("/", 303)


@pages.post("/charges/{charge}/dispute", dependencies=NEAR)
def dispute(here: Here, charge: str) -> Response:
    """Let the payer's bank take a payment back."""
    with here.db.writing() as session:
        till.dispute(session, charge, now=here.now())
    here.postman.hear()
    return RedirectResponse("/", 303)


@pages.post("/payouts", dependencies=NEAR)
def pay_out(here: Here) -> Response:
    """Send the balance to the studio's bank."""
    with here.db.writing() as session:
        till.pay_out(session, now=here.now())
    return RedirectResponse("/", 303)


def _row(session: Session, charge: Movement) -> dict[str, Any]:
    return {
        "id": charge.id, "reference": charge.reference, "at": charge.at.isoformat(), "amount": till.money_of(charge).model_dump(),
        "left": till.left_of(session, charge).model_dump(), "typed": _plain(till.left_of(session, charge)), "once": secrets.token_hex(8),
    }  # fmt: skip


def _plain(money: Money) -> str:
    return f"{money.major:.{get_currency_precision(money.currency)}f}"


def _typed(text: str, currency: str) -> Money:
    try:
        return Money.of_major(text.strip().replace(",", "."), currency)
    except (ArithmeticError, ValueError):
        raise Refused(f"“{text[:40]}” is no amount.") from None
