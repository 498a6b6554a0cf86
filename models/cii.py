"""The invoice as UN/CEFACT Cross Industry Invoice, profile EN 16931: what lies inside the PDF (Factur-X 1.09)."""

from models import einvoice
from models.contract import Party
from models.einvoice import Identity, amount, clean, plain
from models.invoice import InvoiceBody, InvoiceLine, VatGroup
from models.xml_tree import Element, Tree, written

PROFILE = "urn:cen.eu:en16931:2017"
_DAY = "102"
"""Format of a day: 20260302."""
_SPACES = {
    "rsm": "urn:un:unece:uncefact:data:standard:CrossIndustryInvoice:100",
    "ram": "urn:un:unece:uncefact:data:standard:ReusableAggregateBusinessInformationEntity:100",
    "qdt": "urn:un:unece:uncefact:data:standard:QualifiedDataType:100",
    "udt": "urn:un:unece:uncefact:data:standard:UnqualifiedDataType:100",
}
_xml = Tree(_SPACES)


def xml(body: InvoiceBody) -> bytes:
    """An invoice (380) or credit note (381) as CII; the same bytes for the same body.

    Raises Refused for a pro-forma, and for thousandths, which EN 16931 does not know.
    """
    einvoice.check(body)
    root = _xml.root(_xml.name("rsm:CrossIndustryInvoice"), {**_SPACES})
    context = _xml.add(root, "rsm:ExchangedDocumentContext")
    _xml.put(context, "ram:GuidelineSpecifiedDocumentContextParameter/ram:ID", PROFILE)
    document = _xml.add(root, "rsm:ExchangedDocument")
    _xml.add(document, "ram:ID", clean(body.number))
    _xml.add(document, "ram:TypeCode", einvoice.type_code(body))
    _xml.put(document, "ram:IssueDateTime/udt:DateTimeString", f"{body.issued_on:%Y%m%d}", format=_DAY)
    _xml.put(document, "ram:IncludedNote/ram:Content", einvoice.notes(body))
    trade = _xml.add(root, "rsm:SupplyChainTradeTransaction")
    for place, line in enumerate(body.lines, start=1):
        _line(trade, place, line)
    _agreement(trade, body)
    delivery = _xml.add(trade, "ram:ApplicableHeaderTradeDelivery")
    _xml.put(delivery, "ram:ShipToTradeParty/ram:PostalTradeAddress/ram:CountryID", body.buyer.country)
    _settlement(trade, body)
    return written(root)


def _line(trade: Element, place: int, line: InvoiceLine) -> None:
    item = _xml.add(trade, "ram:IncludedSupplyChainTradeLineItem")
    _xml.put(item, "ram:AssociatedDocumentLineDocument/ram:LineID", str(place))
    product = _xml.add(item, "ram:SpecifiedTradeProduct")
    _xml.add(product, "ram:Name", clean(line.title))
    _xml.put(product, "ram:Description", clean(line.description))
    _xml.put(item, "ram:SpecifiedLineTradeAgreement/ram:NetPriceProductTradePrice/ram:ChargeAmount", amount(line.price))
    _xml.put(item, "ram:SpecifiedLineTradeDelivery/ram:BilledQuantity", plain(line.quantity), unitCode=line.unit)
    settlement = _xml.add(item, "ram:SpecifiedLineTradeSettlement")
    tax = _xml.add(settlement, "ram:ApplicableTradeTax")
    _xml.add(tax, "ram:TypeCode", "VAT")
    _xml.add(tax, "ram:CategoryCode", line.category)
    if einvoice.has_rate(line.category):
        _xml.add(tax, "ram:RateApplicablePercent", plain(line.percent))
    _xml.put(settlement, "ram:SpecifiedTradeSettlementLineMonetarySummation/ram:LineTotalAmount", amount(line.net))


def _agreement(trade: Element, body: InvoiceBody) -> None:
    agreement = _xml.add(trade, "ram:ApplicableHeaderTradeAgreement")
    _xml.put(agreement, "ram:BuyerReference", einvoice.buyer_reference(body))
    seller = _xml.add(agreement, "ram:SellerTradeParty")
    _party(seller, body.seller, einvoice.seller(body), body, tax_id=body.studio.tax_id)
    buyer = _xml.add(agreement, "ram:BuyerTradeParty")
    _party(buyer, body.buyer, einvoice.buyer(body))
    _xml.put(agreement, "ram:BuyerOrderReferencedDocument/ram:IssuerAssignedID", clean(body.order_reference))
    _xml.put(agreement, "ram:ContractReferencedDocument/ram:IssuerAssignedID", clean(body.contract))


def _party(parent: Element, party: Party, identity: Identity, contact_of: InvoiceBody | None = None, *, tax_id: str = "") -> None:
    _xml.put(parent, "ram:ID", identity.own)
    _xml.add(parent, "ram:Name", clean(party.name))
    _xml.put(parent, "ram:SpecifiedLegalOrganization/ram:ID", identity.legal)
    if contact_of:
        _contact(parent, contact_of)
    elif party.contact:
        _xml.put(parent, "ram:DefinedTradeContact/ram:PersonName", clean(party.contact))
    address = _xml.add(parent, "ram:PostalTradeAddress")
    _xml.put(address, "ram:PostcodeCode", clean(party.postcode))
    for name, line in zip(("ram:LineOne", "ram:LineTwo", "ram:LineThree"), einvoice.address_lines(party), strict=False):
        _xml.add(address, name, line)
    _xml.put(address, "ram:CityName", clean(party.city))
    _xml.add(address, "ram:CountryID", party.country)
    if there := einvoice.endpoint(party, tax_id):
        _xml.put(parent, "ram:URIUniversalCommunication/ram:URIID", there.id, schemeID=there.scheme)
    _xml.put(parent, "ram:SpecifiedTaxRegistration/ram:ID", identity.vat, schemeID="VA")
    _xml.put(parent, "ram:SpecifiedTaxRegistration/ram:ID", identity.tax, schemeID="FC")


def _contact(parent: Element, body: InvoiceBody) -> None:
    contact = _xml.add(parent, "ram:DefinedTradeContact")
    _xml.add(contact, "ram:PersonName", clean(body.salesperson.name))
    _xml.put(contact, "ram:TelephoneUniversalCommunication/ram:CompleteNumber", clean(body.salesperson.phone or body.studio.phone))
    _xml.put(contact, "ram:EmailURIUniversalCommunication/ram:URIID", clean(body.salesperson.email or body.studio.email))


def _settlement(trade: Element, body: InvoiceBody) -> None:
    settlement = _xml.add(trade, "ram:ApplicableHeaderTradeSettlement")
    _xml.put(settlement, "ram:PaymentReference", body.reference)
    _xml.add(settlement, "ram:InvoiceCurrencyCode", body.currency)
    _means(settlement, body)
    for group in body.vat_groups:
        _tax(settlement, group)
    terms = _xml.add(settlement, "ram:SpecifiedTradePaymentTerms")
    _xml.add(terms, "ram:Description", einvoice.terms(body))
    if body.due_on:
        _xml.put(terms, "ram:DueDateDateTime/udt:DateTimeString", f"{body.due_on:%Y%m%d}", format=_DAY)
    sums = _xml.add(settlement, "ram:SpecifiedTradeSettlementHeaderMonetarySummation")
    _xml.add(sums, "ram:LineTotalAmount", amount(body.net))
    _xml.add(sums, "ram:TaxBasisTotalAmount", amount(body.net))
    _xml.add(sums, "ram:TaxTotalAmount", amount(body.vat), currencyID=body.currency)
    _xml.add(sums, "ram:GrandTotalAmount", amount(body.gross))
    _xml.add(sums, "ram:DuePayableAmount", amount(body.gross))
    if body.corrects:
        before = _xml.add(settlement, "ram:InvoiceReferencedDocument")
        _xml.add(before, "ram:IssuerAssignedID", clean(body.corrects))
        if body.corrects_on:
            _xml.put(before, "ram:FormattedIssueDateTime/qdt:DateTimeString", f"{body.corrects_on:%Y%m%d}", format=_DAY)


def _means(settlement: Element, body: InvoiceBody) -> None:
    means = _xml.add(settlement, "ram:SpecifiedTradeSettlementPaymentMeans")
    _xml.add(means, "ram:TypeCode", einvoice.means_code(body))
    if body.kind == "credit_note":
        return
    payee = _xml.add(means, "ram:PayeePartyCreditorFinancialAccount")
    _xml.add(payee, "ram:IBANID", einvoice.account(body))
    _xml.put(payee, "ram:AccountName", clean(body.bank.holder))
    _xml.put(means, "ram:PayeeSpecifiedCreditorFinancialInstitution/ram:BICID", body.bank.bic)


def _tax(settlement: Element, group: VatGroup) -> None:
    text, code = einvoice.reasons(group.category, group.note, group.exemption)
    tax = _xml.add(settlement, "ram:ApplicableTradeTax")
    _xml.add(tax, "ram:CalculatedAmount", amount(group.vat))
    _xml.add(tax, "ram:TypeCode", "VAT")
    _xml.put(tax, "ram:ExemptionReason", text)
    _xml.add(tax, "ram:BasisAmount", amount(group.net))
    _xml.add(tax, "ram:CategoryCode", group.category)
    _xml.put(tax, "ram:ExemptionReasonCode", code)
    if einvoice.has_rate(group.category):
        _xml.add(tax, "ram:RateApplicablePercent", plain(group.percent))
