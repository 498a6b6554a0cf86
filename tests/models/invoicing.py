"""Invoices, contracts and random ones, for tests: whatever does not matter is filled in."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

from sqlmodel import Session

from models import documents, schedule, vat
from models.contract import ContractBody, Party, VatRule
from models.invoice import BankAccount, InvoiceBody, InvoiceLine, VatGroup
from models.money import Money, total
from models.proposal import PaymentTerm, Person
from models.references import reference_of
from models.tables import Deal, Document
from tests.factories import MONDAY
from tests.studio import the_company

STUDIO = the_company().studio
TERMS = [PaymentTerm(title="Deposit", percent=40, when="on signing"), PaymentTerm(title="Design approved", percent=30, when="when you approve"),
         PaymentTerm(title="Ready to launch", percent=30, when="before launch")]  # fmt: skip
SELLER = Party(
    name=STUDIO.legal.name, country="IE", address=STUDIO.legal.address, registration=STUDIO.legal.registration, vat_id=STUDIO.legal.tax_id,
    email=STUDIO.email, phone=STUDIO.phone,
)  # fmt: skip
BANK = BankAccount(name=STUDIO.bank.name, holder=STUDIO.bank.holder, iban=STUDIO.bank.iban, bic=STUDIO.bank.bic)
VAT_IDS = {"DE": "DE136695976", "FR": "FR40303265045", "AT": "ATU13585627", "NL": "NL004495445B01", "GR": "EL094259216", "PL": "PL8567346215",
           "ES": "ESJ99216582", "IT": "IT00743110157", "SE": "SE556188840401", "FI": "FI20774740", "BE": "BE0428759497", "CZ": "CZ25123891"}  # fmt: skip
NAMES = ("Müller & Söhne GmbH", "Ελληνική Αρχιτεκτονική Α.Ε.", "Łódź Sp. z o.o. <Handel>", "株式会社サンプル", "O'Brien \"Trade\" & Daughters", "ООО Ромашка",
         "A very long name that no form has ever been made for, " * 4, "مكتب المستقبل", "Zoë\u0000\u000b & Cie", "Two\nlines]]>")  # fmt: skip


def a_buyer(country: str = "IE", *, vat_id: str = "", name: str = "Acme Limited", **values) -> Party:
    """A client as a contract names them."""
    defaults = {"street": "1 Main Street", "postcode": "D01 X2Y3", "city": "Town", "email": "orla@acme.example", "contact": "Orla Byrne",
                "address": ["1 Main Street", "D01 X2Y3 Town", "Country"]}  # fmt: skip
    return Party(name=name, country=country, vat_id=vat_id, **defaults | values)


def a_body(net: int = 1000_00, *, rule: VatRule | None = None, currency: str = "EUR", nets: list[int] | None = None, **values) -> InvoiceBody:
    """An invoice of one VAT group; the same amounts to the cent wherever they stand."""
    rule = rule or vat.rule(STUDIO, country="IE", vat_id="")
    lines = [
        InvoiceLine(title=f"Work {place}", description="Design & build", price=money, net=money, category=rule.category, percent=rule.percent)
        for place, money in enumerate((Money(amount=one, currency=currency) for one in nets or [net]), start=1)
    ]
    values = {"lines": lines, "vat_groups": groups_of(lines, rule)} | values
    whole = total((group.net for group in values["vat_groups"]), currency)
    tax = total((group.vat for group in values["vat_groups"]), currency)
    number = values.get("number", "NL-2026-0001")
    defaults = {
        "kind": "invoice", "number": number, "reference": reference_of(number), "title": "Deposit", "locale": "en_IE", "currency": currency, "deal_id": 42,
        "part": 1, "parts": 3, "issued_on": date(2026, 3, 2), "due_on": date(2026, 3, 9), "studio": STUDIO.card(), "seller": SELLER,
        "buyer": a_buyer(), "salesperson": Person(name="Conor Walsh", role="Your contact", email="conor@northlight.example", phone="+353 20 912 3402"),
        "contract": "C-42/1", "contract_on": date(2026, 2, 27), "net": whole, "vat": tax, "gross": whole + tax, "bank": BANK,
    }  # fmt: skip
    return InvoiceBody(**defaults | values)


def groups_of(lines: list[InvoiceLine], rule: VatRule) -> list[VatGroup]:
    """The VAT of lines, once per category and rate."""
    groups = []
    for category, percent in dict.fromkeys((line.category, line.percent) for line in lines):
        net = total((line.net for line in lines if (line.category, line.percent) == (category, percent)), lines[0].net.currency)
        note, code = (rule.note, rule.exemption) if category == rule.category else ("", "")
        groups.append(VatGroup(category=category, percent=percent, net=net, vat=schedule.vat_of(net, percent), note=note, exemption=code))
    return groups


def a_credit_note(of: InvoiceBody, **values) -> InvoiceBody:
    """A credit note for the whole of an invoice."""
    changes = {"kind": "credit_note", "number": "NLC-2026-0001", "reference": reference_of("NLC-2026-0001"), "due_on": None, "corrects": of.number,
               "corrects_on": of.issued_on, "reason": "The work was cancelled."}  # fmt: skip
    return of.model_copy(update=changes | values)


def a_random_body(random: Random) -> InvoiceBody:
    """Any invoice or credit note that a studio may write: 1–8 lines, every category, currencies, names and addresses."""
    country = random.choice(["IE", "IE", *VAT_IDS, "GB", "CH", "US", "MC", "JP"])
    studio = STUDIO.model_copy(update={"vat": STUDIO.vat.model_copy(update={"percent": random.choice([Decimal(0), Decimal(23), Decimal("8.1")])})})
    rule = vat.rule(studio, country=country, vat_id=random.choice(["", VAT_IDS.get(country, "")]))
    currency = random.choice(["EUR", "EUR", "GBP", "USD", "JPY"])
    lines = [_random_line(random, rule, currency) for _ in range(random.randint(1, 8))]
    buyer = a_buyer(country, vat_id=VAT_IDS.get(country, "") if rule.category != "S" else "", name=random.choice(NAMES), street=random.choice(["", "Rue 1"]),
                    extra=random.choice(["", "3rd floor"]), city=random.choice(["", "Łódź"]), registration=random.choice(["", "HRB 123"]),
                    email=random.choice(["", "a@b.example"]), address=["One", "Two", "Three", "Four", "Country"])  # fmt: skip
    day = date(2026, 1, 1) + timedelta(days=random.randrange(2000))
    body = a_body(
        rule=rule, currency=currency, lines=lines, vat_groups=groups_of(lines, rule), buyer=buyer, issued_on=day, due_on=random.choice([None, day, day + timedelta(30)]),
        number=f"NL-{day.year}-{random.randint(1, 99999):04}", order_reference=random.choice(["", "PO 77/ü"]), notes=random.choice([[], ["Thank you."], ["a", "b"]]),
        words=random.choice(["", "one thousand EUR 00/100"]), contract=random.choice(["", "C-42/1"]),
        seller=SELLER.model_copy(update={"registration": random.choice(["", SELLER.registration])}),
    )  # fmt: skip
    return random.choice([body, body, a_credit_note(body)])


def _random_line(random: Random, rule: VatRule, currency: str) -> InvoiceLine:
    quantity = random.choice(["1", "1", "3", "12", "0.5", "2.25"])
    unit = 4 if "." in quantity else 1
    price = Money(amount=random.choice([1, 7, 99, 12_345, 999_999, 10_000_000]) * unit * random.choice([1, 3]), currency=currency)
    rates = [rule.percent] if rule.category != "S" else [rule.percent, rule.percent, "13.5", "9"]
    return InvoiceLine(title=random.choice(["Deposit", "Häuser", "Работа & <дом>"]), description=random.choice(["", "40 % of the price"]), quantity=quantity,
                       unit=random.choice(["C62", "HUR", "DAY"]), price=price, net=price.times(quantity), category=rule.category, percent=random.choice(rates))  # fmt: skip


def a_contract(net: int = 10_000_00, *, rule: VatRule | None = None, currency: str = "EUR", deal_id: int = 42, **values) -> ContractBody:
    """An agreed contract over three payments."""
    rule = rule or vat.rule(STUDIO, country="IE", vat_id="")
    price = Money(amount=net, currency=currency)
    tax = schedule.vat_of(price, rule.percent)
    defaults = {
        "number": f"C-{deal_id}/1", "version": 1, "deal_id": deal_id, "locale": "en_IE", "currency": currency, "made_on": date(2026, 2, 26),
        "title": "A new site for Acme", "service_name": "Corporate site", "studio": STUDIO.card(), "seller": SELLER, "buyer": a_buyer(),
        "salesperson": Person(name="Conor Walsh", role="Your contact", email="conor@northlight.example", phone="+353 20 912 3402"),
        "proposal": f"P-{deal_id}/1", "proposal_hash": "0" * 64, "accepted_by": "Orla Byrne", "accepted_on": date(2026, 2, 25), "intro": [], "clauses": [],
        "scope": [], "options": [], "exclusions": [], "assumptions": [], "materials": [], "timeline": [], "days": 20, "price_model": "fixed",
        "price_note": "", "discount": Money(amount=0, currency=currency), "net": price, "vat": tax, "gross": price + tax, "vat_rule": rule,
        "schedule": schedule.plan(price, TERMS, rule, price + tax), "bank": [], "consent": "I agree.",
    }  # fmt: skip
    return ContractBody(**defaults | values)


def a_signed_contract(session: Session, deal: Deal, net: int = 10_000_00, *, state: str = "signed", **values) -> Document:
    """A deal's contract, kept."""
    body = a_contract(net, deal_id=deal.id or 0, **values)
    document = documents.add_version(session, deal, "contract", body.model_dump(mode="json"), made_by="system", now=MONDAY)
    document.state, document.frozen_at = state, MONDAY
    session.add(document)
    session.flush()
    return document
