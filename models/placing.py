"""Where money that came in belongs: invoices that are open, the client's credit, a payment that a person recorded before."""

import re
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from sqlmodel import Session, col, func, select

from models import facts, ledger, letters, matching, waiting
from models.accounts import CREDIT, PROVIDER, RECEIVABLE, RECORDED
from models.answer import Answer
from models.cash_answers import MoneyCame
from models.cash_tables import Invoice, Payment, Posting
from models.facts import News
from models.ledger import Line
from models.letters import LetterOrder
from models.matching import Share
from models.money import Money
from models.tables import Deal

SAME_TRANSFER = timedelta(days=7)
"""A transfer that a person recorded, and a statement line of the same amount this near, are one."""

UNNAMED = "It names no invoice of ours."


@dataclass(frozen=True)
class Placed:
    """Where a payment's money goes: the lines of its entry, its state and the sentence for an operator. `over` went to credit."""

    lines: list[Line]
    state: str
    said: str
    invoices: Sequence[Invoice] = ()
    shares: Sequence[Share] = ()
    over: int = 0

    def preceded_by(self, line: Line) -> "Placed":
        """The same with the line that says where the money comes from."""
        return replace(self, lines=[line, *self.lines])


@dataclass
class Desk:
    """What the books say of the invoices at hand, kept up while one payment after another is placed."""

    open_: dict[int, int]
    held: dict[tuple[str, str], int]
    recorded: dict[int, list[Payment]] = field(default_factory=dict)

    @classmethod
    def of(cls, session: Session, invoices: Sequence[Invoice]) -> "Desk":
        """The desk with these invoices on it."""
        return cls(ledger.receivables(session, {invoice.id or 0 for invoice in invoices}), _held(session), _recorded(session))

    def place(self, payment: Payment, invoices: Sequence[Invoice], amount: int | None = None) -> Placed | str:
        """Where this money goes, or the reason why nobody can tell. `amount` is what is left of it, in minor units."""
        wanted = matching.due_first(one for one in invoices if one.corrects_id is None)
        money, reason = payment.amount if amount is None else amount, _reason_not_to(payment, wanted)
        if reason:
            return reason
        twin = self._twin(payment, wanted, money)
        if twin:
            line = Line(RECORDED, Money(amount=-money, currency=payment.currency), payment_id=twin.id)
            return Placed([line], "matched", f"Confirms payment {twin.id}, recorded by hand for {twin.happened_on}.", invoices=wanted)
        shares, over = matching.divide(money, wanted, self.open_)
        lines = [_line(RECEIVABLE, payment, share.invoice, share.amount) for share in shares]
        for share in shares:
            self.open_[share.invoice.id or 0] -= share.amount
        if over:
            lines.append(_line(CREDIT, payment, wanted[-1], over))
        return Placed(lines, "matched", _said(payment, wanted, shares, over), invoices=wanted, shares=shares, over=over)

    def pays_out(self, payment: Payment) -> str:
        """The account of the provider that this bank line is a payout of, or ""; it cannot pay out more than it holds for us."""
        if payment.source == "bank":
            for (account, currency), amount in self.held.items():
                if currency == payment.currency and amount >= payment.amount and names_provider(payment, account.removeprefix(PROVIDER)):
                    return account
        return ""

    def _twin(self, payment: Payment, invoices: Sequence[Invoice], amount: int) -> Payment | None:
        if payment.source != "bank":
            return None
        for invoice in invoices:
            for one in self.recorded.get(invoice.id or 0, []):
                near = abs(one.happened_on - payment.happened_on) <= SAME_TRANSFER
                if near and (one.amount, one.currency) == (amount, payment.currency):
                    self.recorded = {key: [other for other in some if other is not one] for key, some in self.recorded.items()}
                    return one
        return None


def names_provider(payment: Payment, name: str) -> bool:
    """Whether a bank line names a payment provider as a word of its own."""
    return re.search(rf"(?<!\w){re.escape(name)}(?!\w)", f"{payment.payer_name} {payment.reference}", re.IGNORECASE) is not None


def mark(session: Session, payment: Payment, placed: Placed, now: datetime) -> None:
    """Write on a payment where its money went."""
    payment.state, payment.said = placed.state, placed.said
    payment.settled_at = None if placed.state == "suspense" else now
    if placed.invoices:
        payment.client_id, payment.deal_id = placed.invoices[0].client_id, placed.invoices[0].deal_id
    session.add(payment)


def announce(session: Session, payment: Payment, placed: Placed, *, actor: str, now: datetime) -> None:
    """Wake whoever waits for this money."""
    for share in placed.shares:
        came(session, payment, share, key=f"payment/{payment.id}/{share.invoice.id}", actor=actor, now=now)
    if placed.over and not placed.shares:
        _thank_for_too_much(session, payment, placed, now)


def came(session: Session, payment: Payment, share: Share, *, key: str, actor: str, now: datetime) -> None:
    """Tell the invoice's part that money came."""
    invoice = share.invoice
    if invoice.part:
        answer = MoneyCame(part=invoice.part, payment=payment.id or 0, amount=share.amount, currency=payment.currency)
        tell(session, invoice, answer, key=key, actor=actor, now=now)


def tell(session: Session, invoice: Invoice, answer: Answer, *, key: str, actor: str, now: datetime) -> None:
    """Keep a fact about the part of an invoice and wake the wait on it; as `inbox.tell` would, which imports what follows from money."""
    about = f"{facts.subject(invoice.deal_id, invoice.round, 'payment')}/{invoice.part}"
    news = News(
        kind=answer.kind, source="ledger", external_id=key, actor=actor, deal_id=invoice.deal_id, subject=about,
        payload=answer.model_dump(mode="json"),
    )  # fmt: skip
    fact, new = facts.keep(session, news, now=now)
    if new:
        waiting.wake(session, fact, now=now)


def _thank_for_too_much(session: Session, payment: Payment, placed: Placed, now: datetime) -> None:
    # No stage waits for money on an invoice that asks for none: the letter is an errand.
    invoice = placed.invoices[-1]
    amount = Money(amount=placed.over, currency=payment.currency).format(session.get_one(Deal, invoice.deal_id).locale)
    order = LetterOrder(
        name="payment-over", deal_id=invoice.deal_id, to="client", invoice=invoice.id or 0,
        facts={"number": invoice.number or "", "amount": amount, "over": amount},
    )  # fmt: skip
    letters.plan(session, f"payment/{payment.id}/over", order, now=now)
    # Nor does any stage tell the salesperson, who has to give it back or use it.
    told = order.model_copy(update={"name": "payment-received-staff", "to": "salesperson", "facts": {"payment": str(payment.id)}})
    letters.plan(session, f"payment/{payment.id}/over/staff", told, now=now)


def _reason_not_to(payment: Payment, invoices: Sequence[Invoice]) -> str:
    numbers = _numbers(invoices)
    if not invoices:
        return UNNAMED
    if len({invoice.client_id for invoice in invoices}) > 1:
        return f"It names invoices of different clients: {numbers}."
    other = [invoice for invoice in invoices if invoice.currency != payment.currency]
    return f"It came in {payment.currency}, and {_numbers(other)} asks for {other[0].currency}." if other else ""


def _said(payment: Payment, invoices: Sequence[Invoice], shares: Sequence[Share], over: int) -> str:
    too_much = Money(amount=over, currency=payment.currency).format()
    if not shares:
        return f"{_numbers(invoices)} asks for nothing more: {too_much} is kept as the client's credit."
    each = ", ".join(f"{share.invoice.number} ({Money(amount=share.amount, currency=payment.currency).format()})" for share in shares)
    return f"Booked on {each}." + (f" {too_much} is too much and kept as the client's credit." if over else "")


def _numbers(invoices: Sequence[Invoice]) -> str:
    return ", ".join(invoice.number or "" for invoice in invoices)


def _line(account: str, payment: Payment, invoice: Invoice, amount: int) -> Line:
    money = Money(amount=-amount, currency=payment.currency)
    return Line(account, money, client_id=invoice.client_id, invoice_id=invoice.id, payment_id=payment.id)


def _held(session: Session) -> dict[tuple[str, str], int]:
    sums = select(Posting.account, Posting.currency, func.sum(Posting.amount)).where(col(Posting.account).like(f"{PROVIDER}%"))
    return {(account, currency): int(amount) for account, currency, amount in session.exec(sums.group_by(Posting.account, Posting.currency))}


def _recorded(session: Session) -> dict[int, list[Payment]]:
    """Transfers that a person recorded and no statement has shown yet, by the invoices they are for."""
    sums = select(Posting.payment_id).where(Posting.account == RECORDED).group_by(col(Posting.payment_id)).having(func.sum(Posting.amount) > 0)
    on = (
        select(Posting.invoice_id, Payment)
        .join(Payment, col(Payment.id) == Posting.payment_id)
        .where(col(Posting.payment_id).in_(sums), col(Posting.account).in_([RECEIVABLE, CREDIT]), Payment.method == "bank")
    )
    found: defaultdict[int, list[Payment]] = defaultdict(list)
    for invoice_id, payment in session.exec(on.order_by(col(Payment.id))):
        if payment not in found[invoice_id or 0]:
            found[invoice_id or 0].append(payment)
    return found
