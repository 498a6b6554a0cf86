"""What a payment is for: the invoices that its text names, and how its money is divided among them. Nobody guesses."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from sqlmodel import Session, col, select

from models import ledger
from models.cash_tables import Invoice
from models.company import Company
from models.references import find_numbers, named, reference_of


@dataclass(frozen=True)
class Share:
    """What of a payment goes to an invoice, in minor units."""

    invoice: Invoice
    amount: int


def divide(amount: int, invoices: Sequence[Invoice], open_: dict[int, int]) -> tuple[list[Share], int]:
    """The shares of a payment: what is due first is paid first; and what is left over. `open_` is what each asks for, by its id."""
    shares, rest = [], amount
    for invoice in due_first(invoices):
        taken = min(rest, max(0, open_.get(invoice.id or 0, 0)))
        if taken:
            shares.append(Share(invoice, taken))
            rest -= taken
    return shares, rest


def due_first(invoices: Iterable[Invoice]) -> list[Invoice]:
    """Invoices in the order in which they are paid."""
    return sorted(invoices, key=lambda one: (one.due_on or date.max, one.id or 0))


def find(session: Session, company: Company, texts: Sequence[str]) -> list[list[Invoice]]:
    """For each text the issued invoices and credit notes that it names, by number or creditor reference; one look for them all."""
    unusual = _unusual_numbers(session, company)
    readings = [_references(text, unusual) for text in texts]
    wanted = sorted({reference for reading in readings for reference in reading})
    by_reference = {
        invoice.reference: invoice
        for some in ledger.chunks(wanted)
        for invoice in session.exec(select(Invoice).where(col(Invoice.reference).in_(some), col(Invoice.number).is_not(None)))
    }
    return [[by_reference[reference] for reference in reading if reference in by_reference] for reading in readings]


def by_numbers(session: Session, numbers: Sequence[str]) -> list[Invoice]:
    """Invoices by the numbers that a person typed, spaced and cased as they like; a number of none of ours is left out."""
    wanted = [reference_of(number) for number in numbers]
    wanted += [reference for number in numbers for reference in find_numbers(number)]
    return list(session.exec(select(Invoice).where(col(Invoice.reference).in_(wanted), col(Invoice.number).is_not(None))))


def _references(text: str, unusual: Sequence[str]) -> list[str]:
    found = find_numbers(text)
    return list(dict.fromkeys([*found, *(reference_of(number) for number in named(text, unusual))])) if unusual else found


def _unusual_numbers(session: Session, company: Company) -> list[str]:
    """The numbers there are, where the studio writes them in a form of its own that is found only by knowing them; none otherwise."""
    rules = company.studio.invoices
    shown = [rules.number.format(series=series, year=2030, number=1) for series in (rules.series, rules.credit_series)]
    if all(find_numbers(number) == [reference_of(number)] for number in shown):
        return []
    return [number for number in session.exec(select(Invoice.number)) if number]
