"""Where the money of a deal stands: derived from its invoices and the ledger, moved along the money track.

    nothing issued: none ▶ the first part out: deposit_due ▶ paid: deposit_paid ▶ the last part out: final_due ▶ all paid: paid
"""

from collections import deque
from datetime import datetime

from sqlmodel import Session, col, func, select

from models import changes, documents, issued, ledger, wanted
from models.accounts import CREDIT
from models.cash_tables import Entry, Invoice, Payment, Posting
from models.contract import ContractBody
from models.errors import Missing
from models.money import Money
from models.stages import Stage
from models.tables import Deal, Fact
from models.tracks import CASH, Cash, Sales, Work, move


def stands(parts: int, issued: frozenset[int], paid: frozenset[int], further: int = 0) -> Cash:
    """Where the money stands when of `parts` payments these are issued and these are paid (a paid one is issued).

    `further` payments beyond them, of changes, have to be paid as well; none of them is the last one of the plan.
    """
    first, last, every = 1, parts, frozenset(range(1, parts + further + 1))
    if every <= paid:
        return Cash.PAID
    if last in issued and (parts == 1 or first in paid):
        return Cash.FINAL_DUE
    if first in paid:
        return Cash.DEPOSIT_PAID
    return Cash.DEPOSIT_DUE if issued else Cash.NONE


def path(was: Cash, to: Cash) -> list[Cash]:
    """The legal moves from `was` to `to`, the fewest there are; empty where it stands there already."""
    ways, seen = deque([(was, [])]), {was}
    while ways:
        at, gone = ways.popleft()
        if at == to:
            return gone
        for place in sorted(CASH[at] - seen, key=list(Cash).index):
            seen.add(place)
            ways.append((place, [*gone, place]))
    raise Missing(f"No way leads from {was} to {to} on the money track.")


def settle(session: Session, deal: Deal, *, why: str, fact: Fact | None, now: datetime) -> Cash:
    """Move the deal to where its money stands now; return where that is. What was taken back whole, for good, is not waited for."""
    invoices = [one for one in issued.of_deal(session, deal) if one.part and not issued.is_credited(session, one)]
    out = frozenset(one.part for one in invoices)
    paid = frozenset(one.part for one in invoices if not ledger.open_of(session, one).amount)
    plan, all_of_it = contract(session, deal).schedule, len(agreed(session, deal).schedule)
    done = frozenset(one.part for one in plan if one.settled) | waived(session, deal)
    to = stands(len(plan), out | done, paid | done, all_of_it - len(plan))
    for place in path(Cash(deal.money), to):
        move(session, deal, place, why=why, fact=fact, now=now)
    return to


def waived(session: Session, deal: Deal) -> frozenset[int]:
    """The payments that nobody asks for any more: taken back whole, and not to be invoiced anew.

    Before the deal is won there is none, since work begins with money; nor after the work was cancelled, since nothing is waited for.
    """
    if deal.sales != Sales.WON or deal.work == Work.CANCELLED:
        return frozenset()
    papers = [one for one in issued.of_deal(session, deal) if one.part]
    newest, keys = {one.part: one for one in papers}, {one.key for one in papers}
    live = {row.part for row in wanted.live_of(session, deal.id or 0) if row.stage == Stage.INVOICE and row.round == deal.round}
    asked = {part: issued.asked_again(session, deal, part) for part in newest}
    anew = {part for part, fact in asked.items() if fact and issued.key_of(deal, part, fact) not in keys}
    return frozenset(part for part, one in newest.items() if part not in live | anew and issued.is_credited(session, one))


def reopened(session: Session, invoice: Invoice, *, fact: Fact | None, now: datetime) -> None:
    """An invoice that was paid asks for its money again: the track moves back, and a stage waits for it, where none does still."""
    deal = session.get_one(Deal, invoice.deal_id)
    is_ours = deal.round == invoice.round and deal.sales in wanted.STARTS_FROM[Stage.PAYMENT] and deal.work != Work.CANCELLED
    if not is_ours or not invoice.part or not ledger.open_of(session, invoice).amount or not documents.latest(session, deal.id or 0, "contract"):
        return
    settle(session, deal, why=f"money of {invoice.number} went back", fact=fact, now=now)
    wanted.want(session, Stage.PAYMENT, deal=deal, part=invoice.part, fact=fact, now=now)


def agreed(session: Session, deal: Deal) -> ContractBody:
    """What the deal's payments follow: its contract, with the changes that were taken since. Raises Missing before there is one."""
    return changes.with_changes(session, deal, contract(session, deal))


def contract(session: Session, deal: Deal) -> ContractBody:
    """The contract as it was signed. Raises Missing before there is one."""
    document = documents.latest(session, deal.id or 0, "contract")
    if document is None or document.round != deal.round:
        raise Missing(f"Deal {deal.id} has no contract yet.")
    return ContractBody.model_validate(document.body)


def received(session: Session, invoice: Invoice) -> list[tuple[Payment, Money]]:
    """The payments booked on an invoice, oldest first, each with what of it went there."""
    wanted = (
        select(Posting, Payment)
        .join(Payment, col(Payment.id) == Posting.payment_id)
        .join(Entry, col(Entry.id) == Posting.entry_id)
        .where(Posting.invoice_id == invoice.id, Posting.account == "receivable", Posting.amount < 0)
        .order_by(col(Posting.id))
    )
    return [(payment, Money(amount=-posting.amount, currency=posting.currency)) for posting, payment in session.exec(wanted)]


def too_much(session: Session, payment: Payment) -> Money:
    """What of a payment is the client's credit: it came too much for every invoice that it was for."""
    mine = select(func.coalesce(func.sum(Posting.amount), 0)).where(Posting.payment_id == payment.id, Posting.account == CREDIT)
    return Money(amount=max(0, -int(session.exec(mine).one())), currency=payment.currency)


def open_of_client(session: Session, client_id: int) -> list[tuple[Invoice, Money]]:
    """A client's unpaid invoices, due first, with what is open of each."""
    mine = select(Invoice).where(Invoice.client_id == client_id, Invoice.kind == "invoice").order_by(col(Invoice.due_on), col(Invoice.id))
    rows = [(invoice, ledger.open_of(session, invoice)) for invoice in session.exec(mine)]
    return [(invoice, rest) for invoice, rest in rows if rest.amount]
