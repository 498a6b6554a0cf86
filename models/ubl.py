"""The invoice as UBL 2.1, Peppol BIS Billing 3: what a client's system takes, as a download."""

from models import einvoice
from models.contract import Party
from models.einvoice import Identity, amount, clean, plain
from models.invoice import InvoiceBody, InvoiceLine, VatGroup
from models.money import Money
from models.xml_tree import Element, Tree, written

CUSTOMIZATION = "urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"
PROCESS = "urn:fdc:peppol.eu:2017:poacc:billing:01:1.0"
_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
_SPACES = {"cac": f"{_UBL}CommonAggregateComponents-2", "cbc": f"{_UBL}CommonBasicComponents-2"}
_xml = Tree(_SPACES)


def xml(body: InvoiceBody) -> bytes:
    """An invoice or credit note as UBL; the same bytes for the same body.

    Raises Refused for a pro-forma, and for thousandths, which EN 16931 does not know.
    """
    einvoice.check(body)
    is_credit = body.kind == "credit_note"
    space = f"{_UBL}{'CreditNote' if is_credit else 'Invoice'}-2"
    root = _xml.root(f"{{{space}}}{'CreditNote' if is_credit else 'Invoice'}", {None: space, **_SPACES})
    _head(root, body)
    supplier = _xml.add(root, "cac:AccountingSupplierParty")
    _party(supplier, body.seller, einvoice.seller(body), body, tax_id=body.studio.tax_id)
    customer = _xml.add(root, "cac:AccountingCustomerParty")
    _party(customer, body.buyer, einvoice.buyer(body))
    _xml.put(root, "cac:Delivery/cac:DeliveryLocation/cac:Address/cac:Country/cbc:IdentificationCode", body.buyer.country)
    _payment(root, body)
    _tax_total(root, body)
    _sums(root, body)
    for place, line in enumerate(body.lines, start=1):
        _line(root, place, line, is_credit=is_credit)
    return written(root)


def _head(root: Element, body: InvoiceBody) -> None:
    _xml.add(root, "cbc:CustomizationID", CUSTOMIZATION)
    _xml.add(root, "cbc:ProfileID", PROCESS)
    _xml.add(root, "cbc:ID", clean(body.number))
    _xml.add(root, "cbc:IssueDate", body.issued_on.isoformat())
    if body.kind == "credit_note":
        _xml.add(root, "cbc:CreditNoteTypeCode", einvoice.CREDIT_NOTE)
    else:
        _xml.put(root, "cbc:DueDate", body.due_on.isoformat() if body.due_on else "")
        _xml.add(root, "cbc:InvoiceTypeCode", einvoice.INVOICE)
    _xml.put(root, "cbc:Note", einvoice.notes(body))
    _xml.add(root, "cbc:DocumentCurrencyCode", body.currency)
    _xml.add(root, "cbc:BuyerReference", einvoice.buyer_reference(body))
    _xml.put(root, "cac:OrderReference/cbc:ID", clean(body.order_reference))
    if body.corrects:
        before = _xml.add(_xml.add(root, "cac:BillingReference"), "cac:InvoiceDocumentReference")
        _xml.add(before, "cbc:ID", clean(body.corrects))
        _xml.put(before, "cbc:IssueDate", body.corrects_on.isoformat() if body.corrects_on else "")
    _xml.put(root, "cac:ContractDocumentReference/cbc:ID", clean(body.contract))


def _party(parent: Element, party: Party, identity: Identity, contact_of: InvoiceBody | None = None, *, tax_id: str = "") -> None:
    card = _xml.add(parent, "cac:Party")
    if there := einvoice.endpoint(party, tax_id):
        _xml.add(card, "cbc:EndpointID", there.id, schemeID=there.scheme)
    _xml.put(card, "cac:PartyIdentification/cbc:ID", identity.own)
    address = _xml.add(card, "cac:PostalAddress")
    lines = [*einvoice.address_lines(party), "", "", ""]
    _xml.put(address, "cbc:StreetName", lines[0])
    _xml.put(address, "cbc:AdditionalStreetName", lines[1])
    _xml.put(address, "cbc:CityName", clean(party.city))
    _xml.put(address, "cbc:PostalZone", clean(party.postcode))
    _xml.put(address, "cac:AddressLine/cbc:Line", lines[2])
    _xml.put(address, "cac:Country/cbc:IdentificationCode", party.country)
    _tax_scheme(card, identity.vat, "VAT")
    _tax_scheme(card, identity.tax, "TAX")
    legal = _xml.add(card, "cac:PartyLegalEntity")
    _xml.add(legal, "cbc:RegistrationName", clean(party.name))
    _xml.put(legal, "cbc:CompanyID", identity.legal)
    if contact_of:
        person, studio = contact_of.salesperson, contact_of.studio
        _contact(card, person.name, person.phone or studio.phone, person.email or studio.email)
    elif party.contact or party.phone or party.email:
        _contact(card, party.contact, party.phone, party.email)


def _tax_scheme(card: Element, number: str, scheme: str) -> None:
    if number:
        tax = _xml.add(card, "cac:PartyTaxScheme")
        _xml.add(tax, "cbc:CompanyID", number)
        _xml.put(tax, "cac:TaxScheme/cbc:ID", scheme)


def _contact(card: Element, name: str, phone: str, email: str) -> None:
    contact = _xml.add(card, "cac:Contact")
    _xml.put(contact, "cbc:Name", clean(name))
    _xml.put(contact, "cbc:Telephone", clean(phone))
    _xml.put(contact, "cbc:ElectronicMail", clean(email))


def _payment(root: Element, body: InvoiceBody) -> None:
    means = _xml.add(root, "cac:PaymentMeans")
    _xml.add(means, "cbc:PaymentMeansCode", einvoice.means_code(body))
    if body.kind != "credit_note":
        _xml.put(means, "cbc:PaymentID", body.reference)
        payee = _xml.add(means, "cac:PayeeFinancialAccount")
        _xml.add(payee, "cbc:ID", einvoice.account(body))
        _xml.put(payee, "cbc:Name", clean(body.bank.holder))
        _xml.put(payee, "cac:FinancialInstitutionBranch/cbc:ID", body.bank.bic)
    _xml.put(root, "cac:PaymentTerms/cbc:Note", einvoice.terms(body))


def _tax_total(root: Element, body: InvoiceBody) -> None:
    total = _xml.add(root, "cac:TaxTotal")
    _money(total, "cbc:TaxAmount", body.vat)
    for group in body.vat_groups:
        part = _xml.add(total, "cac:TaxSubtotal")
        _money(part, "cbc:TaxableAmount", group.net)
        _money(part, "cbc:TaxAmount", group.vat)
        _category(part, group)


def _category(part: Element, group: VatGroup) -> None:
    text, code = einvoice.reasons(group.category, group.note, group.exemption)
    category = _xml.add(part, "cac:TaxCategory")
    _xml.add(category, "cbc:ID", group.category)
    if einvoice.has_rate(group.category):
        _xml.add(category, "cbc:Percent", plain(group.percent))
    _xml.put(category, "cbc:TaxExemptionReasonCode", code)
    _xml.put(category, "cbc:TaxExemptionReason", text)
    _xml.put(category, "cac:TaxScheme/cbc:ID", "VAT")


def _sums(root: Element, body: InvoiceBody) -> None:
    sums = _xml.add(root, "cac:LegalMonetaryTotal")
    _money(sums, "cbc:LineExtensionAmount", body.net)
    _money(sums, "cbc:TaxExclusiveAmount", body.net)
    _money(sums, "cbc:TaxInclusiveAmount", body.gross)
    _money(sums, "cbc:PayableAmount", body.gross)


def _line(root: Element, place: int, line: InvoiceLine, *, is_credit: bool) -> None:
    item = _xml.add(root, "cac:CreditNoteLine" if is_credit else "cac:InvoiceLine")
    _xml.add(item, "cbc:ID", str(place))
    _xml.add(item, "cbc:CreditedQuantity" if is_credit else "cbc:InvoicedQuantity", plain(line.quantity), unitCode=line.unit)
    _money(item, "cbc:LineExtensionAmount", line.net)
    what = _xml.add(item, "cac:Item")
    _xml.put(what, "cbc:Description", clean(line.description))
    _xml.add(what, "cbc:Name", clean(line.title))
    tax = _xml.add(what, "cac:ClassifiedTaxCategory")
    _xml.add(tax, "cbc:ID", line.category)
    if einvoice.has_rate(line.category):
        _xml.add(tax, "cbc:Percent", plain(line.percent))
    _xml.put(tax, "cac:TaxScheme/cbc:ID", "VAT")
    _money(_xml.add(item, "cac:Price"), "cbc:PriceAmount", line.price)


def _money(parent: Element, name: str, money: Money) -> None:
    _xml.add(parent, name, amount(money), currencyID=money.currency)
