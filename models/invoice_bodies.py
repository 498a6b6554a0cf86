"""What invoices, pro-formas and credit notes say, out of the contract or the invoice that they rest on. Pure."""

from datetime import date, timedelta

from models import words_of_money
from models.contract import ContractBody, Instalment
from models.corrections import Sums
from models.errors import Missing, Refused
from models.invoice import BankAccount, InvoiceBody, InvoiceLine, VatGroup
from models.money import Money
from models.numbering import Number
from models.studio import Studio
from models.worktime import add_working_days

INVOICE, PROFORMA, CREDIT_NOTE = "invoice", "proforma", "credit_note"


def instalment(contract: ContractBody, part: int) -> Instalment:
    """The payment of the plan that `part` counts. Raises Missing where the plan has none, Refused for one that other books have settled."""
    found = next((one for one in contract.schedule if one.part == part), None)
    if found is None:
        raise Missing(f"Contract {contract.number} has no payment {part}; it has {len(contract.schedule)}.")
    if found.settled:
        raise Refused(f"Payment {part} of contract {contract.number} was paid before the deal was kept here; it is not invoiced again.")
    return found


def due_on(studio: Studio, day: date) -> date:
    """When an invoice of `day` is due: some days later, or on the next working day of the studio's country."""
    return add_working_days(day + timedelta(days=studio.invoices.due_days), 0, studio.holidays, studio.office)


def invoice(studio: Studio, contract: ContractBody, part: int, number: Number, *, day: date, text: str) -> InvoiceBody:
    """The invoice of a payment of the plan, of `day` in the studio's zone; `text` tells what was reached."""
    notes = [note for note in (text.strip(), studio.invoices.note.strip()) if note]
    return _of_part(studio, contract, part, day).model_copy(
        update={"kind": INVOICE, "number": number.number, "reference": number.reference, "due_on": due_on(studio, day), "notes": notes}
    )


def proforma(studio: Studio, contract: ContractBody, part: int, *, day: date) -> InvoiceBody:
    """What the invoice of a payment would say, without a number, a reference or a claim."""
    return _of_part(studio, contract, part, day)


def credit_note(studio: Studio, of: InvoiceBody, off: Sums, number: Number, *, day: date, reason: str) -> InvoiceBody:
    """The credit note that takes `off` from an invoice: its own lines when it is all of it, else one line.

    Only an invoice of one VAT group can be taken back in parts.
    """
    is_whole = off == Sums(of.net, of.vat)
    group = of.vat_groups[0]
    line = InvoiceLine(
        title=f"Correction of invoice {of.number}", description=f"{of.lines[0].title}. {reason}".strip(), price=off.net, net=off.net,
        category=group.category, percent=group.percent,
    )  # fmt: skip
    changes = {
        "kind": CREDIT_NOTE, "number": number.number, "reference": number.reference, "issued_on": day, "due_on": None,
        "lines": of.lines if is_whole else [line],
        "vat_groups": of.vat_groups if is_whole else [group.model_copy(update={"net": off.net, "vat": off.vat})],
        "net": off.net, "vat": off.vat, "gross": off.gross, "words": _words(studio, off.gross, of.buyer.country, of.locale), "notes": [],
        "bank": _bank(studio), "corrects": of.number, "corrects_on": of.issued_on, "reason": reason,
    }  # fmt: skip
    return of.model_copy(update=changes)


def _of_part(studio: Studio, contract: ContractBody, part: int, day: date) -> InvoiceBody:
    due, rule = instalment(contract, part), contract.vat_rule
    line = InvoiceLine(
        title=f"{due.title}: {contract.service_name}", description=_described(contract, due), price=due.net, net=due.net,
        category=rule.category, percent=rule.percent,
    )  # fmt: skip
    group = VatGroup(category=rule.category, percent=rule.percent, net=due.net, vat=due.vat, note=rule.note, exemption=rule.exemption)
    return InvoiceBody(
        kind=PROFORMA, number="", reference="", title=due.title, locale=contract.locale, currency=contract.currency, deal_id=contract.deal_id,
        part=part, parts=len(contract.schedule), issued_on=day, due_on=None, studio=contract.studio, seller=contract.seller,
        buyer=contract.buyer, salesperson=contract.salesperson, contract=contract.number, contract_on=contract.made_on, lines=[line],
        vat_groups=[group], net=due.net, vat=due.vat, gross=due.gross,
        words=_words(studio, due.gross, contract.buyer.country, contract.locale), bank=_bank(studio),
    )  # fmt: skip


def _described(contract: ContractBody, due: Instalment) -> str:
    if not due.percent:  # a change taken since
        return f"A change to contract {contract.number}, as you accepted it."
    share = f"{due.percent} % of the price agreed" if len(contract.schedule) > 1 else "The price agreed"
    share += f" in contract {contract.number}"
    return f"{share}, due {due.when}." if due.when else f"{share}."


def _words(studio: Studio, gross: Money, country: str, locale: str) -> str:
    return words_of_money.in_words(gross, locale) if words_of_money.wanted(studio.invoices.words, country) else ""


def _bank(studio: Studio) -> BankAccount:
    return BankAccount(name=studio.bank.name, holder=studio.bank.holder, iban=studio.bank.iban, bic=studio.bank.bic)
