from collections import Counter
from collections.abc import Callable, Iterator
from datetime import date
from random import Random

import pytest
from lxml import etree

from models import cii, einvoice, ubl, vat
from models.contract import VatRule
from models.errors import Refused
from models.invoice import InvoiceBody
from models.money import Money
from tests.models.einvoice import problems, problems_of
from tests.models.invoicing import NAMES, SELLER, STUDIO, VAT_IDS, a_body, a_buyer, a_credit_note, a_random_body

WRITERS = {"cii": cii.xml, "ubl": ubl.xml}
AE = VatRule(category="AE", percent="0", note="Reverse charge.", exemption="VATEX-EU-AE")
OUTSIDE = VatRule(category="O", percent="0", note="Outside the scope of VAT.", exemption="VATEX-EU-O")
EXEMPT = VatRule(category="E", percent="0", note="")
kinds = pytest.mark.parametrize("kind", list(WRITERS))


def text(xml: bytes, path: str) -> list[str]:
    """What stands at a path of local names, wherever it is."""
    return [(one.text or "").strip() for one in etree.fromstring(xml).xpath("//" + "/".join(f"*[local-name()='{name}']" for name in path.split("/")))]


# The official rules


@kinds
def test_150_random_invoices_are_as_the_official_rules_want_them(kind: str) -> None:
    bodies = [a_random_body(Random(seed)) for seed in range(150)]
    found = problems_of([WRITERS[kind](body) for body in bodies], kind)
    assert {seed: said for seed, said in enumerate(found) if said} == {}
    assert {body.kind for body in bodies} == {"invoice", "credit_note"}
    assert {body.vat_groups[0].category for body in bodies} == {"S", "AE", "O", "E"}
    assert min(Counter(body.currency for body in bodies).values()) > 10 and {body.currency for body in bodies} == {"EUR", "GBP", "USD", "JPY"}


@kinds
@pytest.mark.parametrize("rule", [None, AE, OUTSIDE, EXEMPT], ids=["standard", "reverse", "outside", "exempt"])
def test_every_category_passes_as_invoice_and_as_credit_note(kind: str, rule: VatRule | None) -> None:
    body = a_body(rule=rule, buyer=a_buyer("DE", vat_id=VAT_IDS["DE"]))
    assert problems_of([WRITERS[kind](one) for one in (body, a_credit_note(body))], kind) == [[], []]


@kinds
def test_a_studio_that_is_known_by_little_still_passes(kind: str) -> None:
    bare = SELLER.model_copy(update={"registration": "", "vat_id": ""})
    cards = [STUDIO.card().model_copy(update={"tax_id": tax_id}) for tax_id in ("12-3456789", "IE6417582GH", "")]
    bodies = [a_body(rule=OUTSIDE, seller=bare, studio=card) for card in cards] + [a_body(seller=bare, studio=cards[0])]
    assert problems_of([WRITERS[kind](body) for body in bodies], kind) == [[]] * 4


@kinds
@pytest.mark.parametrize("rule", [vat.rule(STUDIO, country=country, vat_id=VAT_IDS.get(country, "")) for country in ("IE", "DE", "GR", "US")])
def test_what_the_vat_rule_says_is_what_the_norm_wants(kind: str, rule: VatRule) -> None:
    assert problems(WRITERS[kind](a_body(rule=rule, buyer=a_buyer("GR", vat_id=VAT_IDS["GR"]))), kind) == []


# The judge sees what is wrong


def _replace(kind: str, name: str, new: str, place: int = 0) -> Callable[[bytes], bytes]:
    def plant(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        root.xpath(f"//*[local-name()='{name}']")[place].text = new
        return etree.tostring(root)

    return plant


def _remove(kind: str, *names: str) -> Callable[[bytes], bytes]:
    def plant(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        for one in root.xpath(" | ".join(f"//*[local-name()='{name}']" for name in names)):
            one.getparent().remove(one)
        return etree.tostring(root)

    return plant


def _attribute(kind: str, name: str, attribute: str, new: str) -> Callable[[bytes], bytes]:
    def plant(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        for one in root.xpath(f"//*[local-name()='{name}'][@{attribute}]"):
            one.set(attribute, new)
        return etree.tostring(root)

    return plant


def _country_of_the_buyer(kind: str) -> Callable[[bytes], bytes]:
    party = {"cii": "BuyerTradeParty", "ubl": "AccountingCustomerParty"}[kind]
    name = {"cii": "CountryID", "ubl": "IdentificationCode"}[kind]

    def plant(xml: bytes) -> bytes:
        root = etree.fromstring(xml)
        one = root.xpath(f"//*[local-name()='{party}']//*[local-name()='{name}']")[0]
        one.getparent().remove(one)
        return etree.tostring(root)

    return plant


def planted_errors() -> Iterator[tuple[str, str, InvoiceBody, Callable[[bytes], bytes], str]]:
    """Kind, what is wrong, the invoice, how it is spoiled, and a word of the rule that must object."""
    names = {
        "cii": {"sum": "LineTotalAmount", "net": "TaxBasisTotalAmount", "vat": "TaxTotalAmount", "tax": "CalculatedAmount", "basis": "BasisAmount", "gross": "GrandTotalAmount",
                "due": "DuePayableAmount", "currency": "InvoiceCurrencyCode", "number": "ExchangedDocument", "type": "TypeCode", "rate": "RateApplicablePercent",
                "account": "PayeePartyCreditorFinancialAccount", "reason": ("ExemptionReason", "ExemptionReasonCode"), "code": "ExemptionReasonCode",
                "name": "Name"},
        "ubl": {"sum": "LineExtensionAmount", "net": "TaxExclusiveAmount", "vat": "TaxAmount", "tax": "TaxAmount", "basis": "TaxableAmount", "gross": "TaxInclusiveAmount",
                "due": "PayableAmount", "currency": "DocumentCurrencyCode", "number": "IssueDate", "type": "InvoiceTypeCode", "rate": "Percent", "account": "PayeeFinancialAccount",
                "reason": ("TaxExemptionReason", "TaxExemptionReasonCode"), "code": "TaxExemptionReasonCode", "name": "RegistrationName"},
    }  # fmt: skip
    plain, reverse = a_body(100_000), a_body(100_000, rule=AE, buyer=a_buyer("DE", vat_id=VAT_IDS["DE"]))
    for kind, of in names.items():
        every = (of["reason"],) if isinstance(of["reason"], str) else of["reason"]
        yield kind, "a wrong line", plain, _replace(kind, of["sum"], "999.99"), "BR-"
        yield kind, "a wrong net", plain, _replace(kind, of["net"], "1000.01"), "BR-CO-1"
        yield kind, "a wrong gross", plain, _replace(kind, of["gross"], "1230.01"), "BR-CO-15"
        yield kind, "a wrong amount to pay", plain, _replace(kind, of["due"], "1230.01"), "BR-CO-16"
        yield kind, "VAT wrong by a cent in the sum", plain, _replace(kind, of["vat"], "230.01"), "BR-CO-1"
        yield kind, "VAT wrong by a cent in the group", plain, _replace(kind, of["tax"], "230.01", -1), "BR-CO-14"
        yield kind, "a wrong basis", plain, _replace(kind, of["basis"], "999.00"), "BR-S-08"
        yield kind, "a wrong rate", plain, _replace(kind, of["rate"], "19"), "BR-S-0"
        yield kind, "a currency that does not exist", plain, _replace(kind, of["currency"], "EUX"), {"cii": "InvoiceCurrencyCode' is not allowed", "ubl": "BR-CL-04"}[kind]
        yield kind, "a type of document that does not exist", plain, _replace(kind, of["type"], "999"), {"cii": "TypeCode' is not allowed", "ubl": "BR-CL-01"}[kind]
        yield kind, "no country of the buyer", plain, _country_of_the_buyer(kind), "BR-11"
        yield kind, "no account", plain, _remove(kind, of["account"]), {"cii": "CII-SR-470", "ubl": "BR-61"}[kind]
        yield kind, "no reason for no VAT", reverse, _remove(kind, *every), "BR-AE-10"
        yield kind, "a reason that does not exist", reverse, _replace(kind, of["code"], "VATEX-EU-XX"), {"cii": "ExemptionReasonCode' is not allowed", "ubl": "BR-CL-22"}[kind]
        yield kind, "no name", plain, _replace(kind, of["name"], "", {"cii": 1, "ubl": 0}[kind]), ""
        yield kind, "an unknown scheme of addresses", plain, _attribute(kind, {"cii": "URIID", "ubl": "EndpointID"}[kind], "schemeID", "ZZ"), ""
        yield kind, "an unknown unit", plain, _attribute(kind, {"cii": "BilledQuantity", "ubl": "InvoicedQuantity"}[kind], "unitCode", "QQQ"), ""
        yield kind, "no number", plain, _remove(kind, of["number"]), ""
        yield kind, "three decimals", plain, _replace(kind, of["due"], "1230.000"), "BR-DEC"


@pytest.mark.parametrize(
    ("kind", "body", "plant", "rule"),
    [pytest.param(kind, body, plant, rule, id=f"{kind}: {name}") for kind, name, body, plant, rule in planted_errors()],
)
def test_a_planted_error_is_found(kind: str, body: InvoiceBody, plant: Callable[[bytes], bytes], rule: str) -> None:
    whole = WRITERS[kind](body)
    spoiled = plant(whole)
    assert problems(whole, kind) == [] and spoiled != whole
    assert any(rule in said for said in problems(spoiled, kind)), problems(spoiled, kind)


@kinds
def test_vat_that_is_wrong_by_a_cent_everywhere_is_found_too(kind: str) -> None:
    body = a_body(100_000)
    cent = Money(amount=1, currency="EUR")
    wrong = body.model_copy(update={"vat_groups": [body.vat_groups[0].model_copy(update={"vat": body.vat + cent})], "vat": body.vat + cent, "gross": body.gross + cent})
    assert any(said.startswith("VAT:") for said in problems(WRITERS[kind](wrong), kind))


@kinds
def test_seller_and_buyer_in_vat_outside_of_it_are_found(kind: str) -> None:
    body = a_body(rule=OUTSIDE, buyer=a_buyer("US"))
    lying = body.model_copy(update={"vat_groups": [body.vat_groups[0].model_copy(update={"category": "Z"})]})
    assert any("BR-O-" in said or "BR-Z-" in said for said in problems(WRITERS[kind](lying), kind))


# What stands in them


@kinds
def test_the_same_invoice_has_the_same_bytes(kind: str) -> None:
    assert WRITERS[kind](a_body()) == WRITERS[kind](a_body())


@kinds
@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_written_and_read_again(kind: str, name: str) -> None:
    xml = WRITERS[kind](a_body(buyer=a_buyer(name=name)))
    names = text(xml, "BuyerTradeParty/Name" if kind == "cii" else "AccountingCustomerParty/Party/PartyLegalEntity/RegistrationName")
    assert names == [" ".join(name.replace("\u0000", " ").replace("\u000b", " ").split())]


@kinds
def test_nothing_in_it_is_empty(kind: str) -> None:
    for seed in range(40):
        root = etree.fromstring(WRITERS[kind](a_random_body(Random(seed))))
        assert [one.tag for one in root.iter() if not len(one) and not (one.text or "").strip()] == []


@kinds
def test_how_to_pay_is_told(kind: str) -> None:
    xml = WRITERS[kind](a_body())
    assert text(xml, "SpecifiedTradeSettlementPaymentMeans/TypeCode" if kind == "cii" else "PaymentMeans/PaymentMeansCode") == ["58"]
    assert text(xml, "IBANID" if kind == "cii" else "PayeeFinancialAccount/ID") == ["IE64IRCE92050112345678"]
    assert text(xml, "PaymentReference" if kind == "cii" else "PaymentID") == ["RF14NL20260001"]
    pounds = WRITERS[kind](a_body(currency="GBP"))
    assert text(pounds, "SpecifiedTradeSettlementPaymentMeans/TypeCode" if kind == "cii" else "PaymentMeans/PaymentMeansCode") == ["30"]


@kinds
def test_a_credit_note_names_its_invoice_and_asks_for_nothing(kind: str) -> None:
    xml = WRITERS[kind](a_credit_note(a_body()))
    assert text(xml, "InvoiceReferencedDocument/IssuerAssignedID" if kind == "cii" else "BillingReference/InvoiceDocumentReference/ID") == ["NL-2026-0001"]
    assert text(xml, "ExchangedDocument/TypeCode" if kind == "cii" else "CreditNoteTypeCode") == ["381"]
    assert b"IE64IRCE92050112345678" not in xml
    assert "The work was cancelled." in text(xml, "IncludedNote/Content" if kind == "cii" else "Note")


def test_peppol_is_told_who_sends_and_who_receives() -> None:
    domestic, german = ubl.xml(a_body()), ubl.xml(a_body(rule=AE, buyer=a_buyer("DE", vat_id=VAT_IDS["DE"])))
    assert text(domestic, "EndpointID") == ["IE6417582GH", "orla@acme.example"] and b'schemeID="EM"' in domestic
    assert text(german, "EndpointID") == ["IE6417582GH", "DE136695976"] and b'schemeID="9930"' in german
    assert text(domestic, "BuyerReference") == ["C-42/1"] and text(ubl.xml(a_body(order_reference="PO 7")), "OrderReference/ID") == ["PO 7"]
    assert text(domestic, "CustomizationID") == ["urn:cen.eu:en16931:2017#compliant#urn:fdc:peppol.eu:2017:poacc:billing:3.0"]


def test_a_swedish_number_is_an_organisations_at_peppol() -> None:
    assert einvoice.endpoint(a_buyer("SE", vat_id="SE556188840401")) == einvoice.Endpoint("0007", "5561888404")


def test_outside_of_vat_no_number_of_it_is_told_as_one() -> None:
    xml = cii.xml(a_body(rule=OUTSIDE, buyer=a_buyer("CH", vat_id="CHE116281710")))
    assert b'schemeID="VA"' not in xml and b'schemeID="FC">IE6417582GH' in xml


@kinds
def test_all_notes_are_one(kind: str) -> None:
    xml = WRITERS[kind](a_body(notes=["Thank you.", " ", "Design approved."], words="one EUR"))
    assert text(xml, "IncludedNote/Content" if kind == "cii" else "Invoice/Note") == ["Thank you. Design approved. In words: one EUR."]


# What is none


@kinds
def test_a_pro_forma_is_no_e_invoice(kind: str) -> None:
    with pytest.raises(Refused, match="pro-forma"):
        WRITERS[kind](a_body(kind="proforma", number="", reference=""))


@kinds
def test_thousandths_are_refused_and_whole_hundredths_are_not(kind: str) -> None:
    with pytest.raises(Refused, match="thousandths of KWD"):
        WRITERS[kind](a_body(1_001, rule=OUTSIDE, currency="KWD"))
    xml = WRITERS[kind](a_body(1_230, rule=OUTSIDE, currency="KWD", buyer=a_buyer("KW")))
    assert "1.23" in text(xml, "DuePayableAmount" if kind == "cii" else "PayableAmount")


@kinds
def test_yen_have_no_decimals_and_pass(kind: str) -> None:
    xml = WRITERS[kind](a_body(123_456, rule=OUTSIDE, currency="JPY", buyer=a_buyer("JP")))
    assert problems(xml, kind) == [] and "123456" in text(xml, "DuePayableAmount" if kind == "cii" else "PayableAmount")


@pytest.mark.parametrize(("due", "said"), [(date(2026, 3, 9), "Please pay by 9 March 2026."), (None, "Please pay on receipt.")])
def test_terms_are_told_in_words(due: date | None, said: str) -> None:
    assert einvoice.terms(a_body(due_on=due)) == said


NOISE = "".join(map(chr, [*range(32), 0x7F, 0xFFFE, 0xFFFF, 0xD800, 0x1F642]))


@kinds
def test_signs_that_xml_cannot_hold_are_left_out(kind: str) -> None:
    xml = WRITERS[kind](a_body(notes=[NOISE], contract=NOISE, order_reference=NOISE))
    assert etree.fromstring(xml) is not None and "🙂".encode() in xml
