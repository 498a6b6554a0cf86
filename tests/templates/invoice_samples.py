"""Sample invoices: a deposit, its credit note and pro-forma, reverse charge, an amount in words, thirty lines, and an attack."""

from datetime import date
from typing import Any

from models import epc
from models.cash_pages import InvoiceDocument, InvoicePage, Received
from models.contract import Party
from models.invoice import BankAccount, InvoiceBody, InvoiceLine, VatGroup
from models.money import Money
from models.views import Choice, Form, View
from tests.templates.samples import CHROME, HOSTILE, ORLA, STUDIO, euros

LINK = "https://northlight.example/i/Qm9sZE9ha0hhbGxhbUludm9pY2U"
SELLER = Party(
    name="Northlight Digital Ltd",
    street="14 Harbour Street",
    postcode="D02 X285",
    city="Dublin",
    country="IE",
    address=["14 Harbour Street", "Dublin D02 X285", "Ireland"],
    registration="Registered in Ireland, No. 362873",
    vat_id="IE3628739UH",
    email="accounts@northlight.example",
    phone="+353 1 555 0142",
)
HALLAM = Party(
    name="Hallam Oak Ltd",
    contact="Margaret Hallam",
    street="Unit 4, The Old Sawmill",
    postcode="R95 T6K3",
    city="Kilkenny",
    country="IE",
    address=["Unit 4, The Old Sawmill", "Kilkenny R95 T6K3", "Ireland"],
    vat_id="IE9740512KA",
    email="accounts@hallamoak.example",
)
BAUER = Party(
    name="Möbelwerkstatt Bauer & Söhne GmbH & Co. KG",
    contact="Jürgen Größl",
    street="Königsbrücker Straße 127",
    postcode="01099",
    city="Dresden",
    country="DE",
    address=["Königsbrücker Straße 127", "01099 Dresden", "Germany"],
    vat_id="DE276543218",
)
ZRODLO = Party(
    name="Źródło Dębowe Spółka z o.o.",
    contact="Małgorzata Wąsik",
    street="ul. Świętokrzyska 31/12",
    postcode="00-116",
    city="Warszawa",
    country="PL",
    address=["ul. Świętokrzyska 31/12", "00-116 Warszawa", "Poland"],
    vat_id="PL5252248481",
)
BANK = BankAccount(name="Irish Commercial Bank", holder="Northlight Digital Ltd", iban="IE64IRCE92050112345678", bic="IRCEIE2D")
REVERSE = "Reverse charge: you account for VAT in your own country (Article 196, Directive 2006/112/EC)."
WORDS = "jedenaście tysięcy dwieście czterdzieści sześć euro i 00/100"


def line(title: str, net: Money, description: str = "", *, percent: str = "23", category: str = "S", **over: Any) -> InvoiceLine:
    """One line; a single piece of work unless `over` says otherwise."""
    return InvoiceLine.model_validate(
        {"title": title, "description": description, "price": net, "net": net, "category": category, "percent": percent, **over}
    )


def invoice_body(**over: Any) -> InvoiceBody:
    """The deposit of Hallam Oak: 40 % of the price on signing, with Irish VAT."""
    net = euros(9372)
    given: dict[str, Any] = {
        "kind": "invoice",
        "number": "NL-2026-0007",
        "reference": "RF18NL20260007",
        "title": "Corporate site: deposit",
        "locale": "en_GB",
        "currency": "EUR",
        "deal_id": 42,
        "part": 1,
        "parts": 3,
        "issued_on": date(2026, 3, 12),
        "due_on": date(2026, 3, 19),
        "studio": STUDIO,
        "seller": SELLER,
        "buyer": HALLAM,
        "salesperson": ORLA,
        "contract": "C-2026-042",
        "contract_on": date(2026, 3, 11),
        "lines": [line("Corporate site: deposit", net, "40 % of the agreed price, on signing; work starts when it arrives.")],
        "vat_groups": [VatGroup(category="S", percent="23", net=net, vat=euros(2155.56))],
        "net": net,
        "vat": euros(2155.56),
        "gross": euros(11527.56),
        "notes": ["Thank you for your order."],
        "bank": BANK,
    }
    return InvoiceBody.model_validate({**given, **over})


def credit_note(**over: Any) -> InvoiceBody:
    """The deposit taken back in full."""
    given: dict[str, Any] = {
        "kind": "credit_note",
        "number": "NLC-2026-0001",
        "reference": "",
        "due_on": None,
        "issued_on": date(2026, 4, 2),
        "corrects": "NL-2026-0007",
        "corrects_on": date(2026, 3, 12),
        "reason": "The order was cancelled before the work began.",
        "notes": [],
    }
    return invoice_body(**{**given, **over})


def proforma(**over: Any) -> InvoiceBody:
    """The deposit before there is an invoice for it."""
    return invoice_body(**{"kind": "proforma", "number": "", "reference": "", "notes": [], **over})


def reverse_charge() -> InvoiceBody:
    """The deposit of a German company: no Irish VAT."""
    net = euros(9372)
    return invoice_body(
        buyer=BAUER,
        lines=[line("Corporate site: deposit", net, "40 % of the agreed price, on signing.", percent="0", category="AE")],
        vat_groups=[VatGroup(category="AE", percent="0", net=net, vat=euros(0), note=REVERSE, exemption="VATEX-EU-AE")],
        order_reference="4500017734",
        vat=euros(0),
        gross=net,
    )


def in_words() -> InvoiceBody:
    """A Polish client's: the amount in words too."""
    net = euros(11246)
    return invoice_body(
        number="NL-2026-0008",
        reference="RF83NL20260008",
        buyer=ZRODLO,
        lines=[line("Corporate site: deposit", net, "40 % of the agreed price, on signing.", percent="0", category="AE")],
        vat_groups=[VatGroup(category="AE", percent="0", net=net, vat=euros(0), note=REVERSE, exemption="VATEX-EU-AE")],
        net=net,
        vat=euros(0),
        gross=net,
        words=WORDS,
    )


def long_invoice(count: int = 30) -> InvoiceBody:
    """Hours of `count` pieces of work, and one book at another rate."""
    work = ["Product pages", "Colour and type on the shop floor screens", "Connecting the order system", "A day of photography"]
    told = ["", "Written, set and proofread in two languages, with one round of changes after the meeting of 3 March.", "As agreed."]
    price = euros(92.5)
    lines = [
        line(f"{work[at % 4]}, part {at + 1}", price.times(f"{at % 7 + 1}.5"), told[at % 3], quantity=f"{at % 7 + 1}.5", unit="HUR", price=price)
        for at in range(count)
    ]
    book = line("Style guide, printed and bound", euros(180), "Two copies.", percent="13.5", quantity="2", price=euros(90))
    work_net = Money(amount=sum(one.net.amount for one in lines), currency="EUR")
    groups = [
        VatGroup(category="S", percent="23", net=work_net, vat=work_net.times("0.23")),
        VatGroup(category="S", percent="13.5", net=book.net, vat=book.net.times("0.135")),
    ]
    net, vat = work_net + book.net, groups[0].vat + groups[1].vat
    return invoice_body(
        number="NL-2026-0031",
        title="Corporate site: work in March",
        lines=[*lines, book],
        vat_groups=groups,
        net=net,
        vat=vat,
        gross=net + vat,
        parts=0,
    )


def hostile_invoice() -> InvoiceBody:
    """An invoice in which every word from outside is an attack."""
    lines = ("registration", "vat_id", "email", "phone", "contact")
    party = HALLAM.model_copy(update={"name": HOSTILE, "address": [HOSTILE, HOSTILE], **dict.fromkeys(lines, HOSTILE)})
    return invoice_body(
        **dict.fromkeys(("title", "order_reference", "words", "reason", "contract"), HOSTILE),
        buyer=party,
        seller=party,
        notes=[HOSTILE],
        lines=[line(HOSTILE, euros(9372), HOSTILE, unit=HOSTILE)],
        vat_groups=[VatGroup(category="AE", percent="0", net=euros(9372), vat=euros(0), note=HOSTILE)],
        studio=STUDIO.model_copy(update={"primary": "red;} body{display:none", "accent": HOSTILE}),
        bank=BankAccount(name=HOSTILE, holder=HOSTILE, iban=HOSTILE, bic=HOSTILE),
    )


def invoice_document(body: InvoiceBody | None = None, **over: Any) -> InvoiceDocument:
    """An invoice as its page and paper show it."""
    body = body or invoice_body()
    code = epc.qr(body.bank, body.gross, body.reference) if body.kind == "invoice" else ""
    return InvoiceDocument.model_validate({"body": body, "qr": code, "link": LINK, **over})


def invoice_page(body: InvoiceBody | None = None, **over: Any) -> InvoicePage:
    """The page of an invoice, open and payable at the sandbox provider."""
    body = body or invoice_body()
    left = over.get("open", body.gross)
    code = epc.qr(body.bank, left, body.reference) if body.kind == "invoice" else ""
    document = invoice_document(body, qr=code)
    given: dict[str, Any] = {"chrome": CHROME, "token": "tok", "document": document, "state": "open", "open": left}
    given |= {"pay_link": "https://pay.example/s/cs_1", "provider": "stripe", "promise_until": date(2026, 4, 30)}
    return InvoicePage.model_validate({**given, **over})


def invoice_pages() -> dict[str, tuple[str, View]]:
    """The invoice in every state: sample name → (template, record)."""
    half = [Received(on=date(2026, 3, 17), amount=euros(5000), how="bank transfer")]
    all_of_it = [*half, Received(on=date(2026, 3, 18), amount=euros(6527.56), how="card")]
    late = Form(given={"on": "2026-09-30", "text": "After the summer"}, problems={"on": "Please choose a day up to 30 April 2026."})
    note = [Choice(value="/i/tok-credit", label="Credit note NLC-2026-0001, €11,527.56")]
    part_note = [Choice(value="/i/tok-credit", label="Credit note NLC-2026-0002, €6,527.56")]
    others = [Choice(value="/i/tok-2", label="NL-2026-0003, €1,476.00, due 2 March 2026"), Choice(value="/i/tok-3", label="NL-2026-0011, €615.00")]
    nothing: dict[str, Any] = {"open": euros(0), "pay_link": ""}
    pages = {
        "invoice": invoice_page(),
        "invoice-play": invoice_page(provider="sandbox", is_play_money=True),
        "invoice-transfer-only": invoice_page(pay_link="", provider=""),
        "invoice-part-paid": invoice_page(open=euros(6527.56), received=half, notice="Thank you. €5,000.00 has arrived."),
        "invoice-overdue": invoice_page(state="overdue", interest=euros(31.47), other=others),
        "invoice-promised": invoice_page(state="overdue", promised_on=date(2026, 4, 10)),
        "invoice-promise-problem": invoice_page(about="promise", form=late),
        "invoice-paid": invoice_page(state="paid", received=all_of_it, **nothing),
        "invoice-paid-after-credit": invoice_page(state="paid", received=half, corrected_by=part_note, **nothing),
        "invoice-credited": invoice_page(state="credited", corrected_by=note, **nothing),
        "invoice-part-credited": invoice_page(corrected_by=note, open=euros(9527.56)),
        "invoice-proforma": invoice_page(proforma(), state="proforma", pay_link="", provider=""),
        "invoice-credit-note": invoice_page(credit_note(), state="credit_note", **nothing),
        "invoice-staff": invoice_page(read_only=True, state="overdue", promised_on=date(2026, 4, 10)),
        "invoice-reverse": invoice_page(reverse_charge()),
        "invoice-words": invoice_page(in_words()),
        "invoice-long": invoice_page(long_invoice()),
        "invoice-hostile": invoice_page(hostile_invoice(), notice=HOSTILE, provider=HOSTILE, pay_link="javascript:alert(1)"),
    }
    return {name: (f"pages/{name.partition('-')[0]}.html", record) for name, record in pages.items()}
