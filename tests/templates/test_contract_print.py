"""The contract and its evidence on paper: five to eight pages and one, everything in them, nothing fetched, the same bytes twice."""

import importlib
import io
import re

import pytest
from pypdf import PdfReader

from models.cash_pages import ContractDocument, EvidenceDocument
from templates import render
from tests.parts import requires
from tests.templates.contract_samples import (
    FINGERPRINT,
    HASHES,
    contract_body,
    contract_document,
    evidence,
    hostile_body,
    hostile_evidence,
    signatures,
    taxed_body,
)
from tests.templates.reading import Reading

WORDS = "A sentence about what is agreed, for the sake of its length and of nothing else. "


@pytest.fixture(scope="module", autouse=True)
def printer() -> None:
    requires("printer")


def paper(record: ContractDocument | EvidenceDocument) -> str:
    kind = "contract" if isinstance(record, ContractDocument) else "evidence"
    return render(f"documents/{kind}/print.html", record.context(), locale="en_GB")


def printed(record: ContractDocument | EvidenceDocument) -> bytes:
    def refuse(url: str) -> dict[str, object]:
        raise AssertionError(url)

    weasyprint = importlib.import_module("weasyprint")
    return weasyprint.HTML(string=paper(record), url_fetcher=refuse).write_pdf()


def words(content: bytes) -> list[str]:
    """The text of every page, on one line."""
    return [" ".join(page.extract_text().replace("\0", "").split()) for page in PdfReader(io.BytesIO(content)).pages]


@pytest.fixture(scope="module")
def contract() -> bytes:
    return printed(contract_document())


@pytest.fixture(scope="module")
def sheet() -> bytes:
    return printed(evidence())


def test_a_contract_has_five_to_eight_pages(contract: bytes) -> None:
    assert 5 <= len(words(contract)) <= 8


def test_every_page_carries_the_number_of_the_contract_and_which_of_how_many_it_is(contract: bytes) -> None:
    pages = words(contract)
    for at, text in enumerate(pages, start=1):
        assert "Contract C-2026-042 of 23 March 2026" in text
        assert f"Page {at} of {len(pages)}" in text


def test_parties_clauses_appendices_and_signatures_are_bookmarks_in_their_order(contract: bytes) -> None:
    titles = [mark.title for mark in PdfReader(io.BytesIO(contract)).outline if not isinstance(mark, list)]
    clauses = [f"{at} {clause.title}" for at, clause in enumerate(contract_body().clauses, start=1)]
    assert [title for title in titles if title != "The parties"] == [*clauses, "The work", "Price, payments and plan", "Signatures"]


def test_the_contract_knows_its_language_title_and_author(contract: bytes) -> None:
    pdf = PdfReader(io.BytesIO(contract))
    assert pdf.root_object["/Lang"] == "en-GB"
    assert pdf.metadata is not None
    assert pdf.metadata.title == "A site that fills the order book of Eichenhof · Contract C-2026-042"
    assert pdf.metadata.author == "Northlight Digital Ltd"


def test_what_both_sides_are_and_pay_stands_in_the_contract(contract: bytes) -> None:
    text = " ".join(words(contract))
    money = ("€23,930.00", "− €500.00", "€23,430.00", "€9,372.00", "€7,029.00", "40 %", "IBAN IE64 IRCE 9205 0112 3456 78", "46 working days")
    parties = ("Eichenhof Möbelwerkstatt GmbH", "Amtsgericht Freiburg, HRB 704412", "DE288104517", "Lindenallee 8", "IE3628739UH", "Reverse charge")
    work = ("64 addresses", "Two days of photography", "Stock photographs", "Logo as a vector file", "Discovery and structure")
    for said in (*money, *parties, *work):
        assert said in text, said


def test_payments_with_vat_say_what_they_are_net() -> None:
    text = " ".join(words(printed(contract_document(body=taxed_body()))))
    for said in ("VAT 23 %", "€5,388.90", "€28,818.90", "€11,527.56", "€9,372.00 net"):
        assert said in text, said
    assert "Discount" not in text
    assert "Options chosen" not in text


def test_both_hashes_are_printed_whole(contract: bytes) -> None:
    text = "".join(words(contract)).replace(" ", "")
    assert HASHES[0] in text
    assert contract_body().proposal_hash in text


def test_the_same_contract_gives_the_same_bytes(contract: bytes, sheet: bytes) -> None:
    assert printed(contract_document()) == contract
    assert printed(evidence()) == sheet


def test_a_heading_stands_on_the_page_on_which_its_words_begin() -> None:
    clauses = contract_body().clauses
    for length in range(1, 7):
        content = printed(contract_document(body=contract_body(intro=[WORDS * length])))
        pdf, pages = PdfReader(io.BytesIO(content)), words(content)
        starts = {mark.title: pdf.get_destination_page_number(mark) for mark in pdf.outline if not isinstance(mark, list)}
        for at, clause in enumerate(clauses, start=1):
            start = starts[f"{at} {clause.title}"]
            assert start is not None
            assert clause.paragraphs[0][:30] in pages[start], (length, clause.title)


def test_no_heading_of_an_appendix_stands_alone_at_the_foot_of_a_page() -> None:
    last = re.compile(r"(The work|The plan|Payments|Where to pay|Options chosen|Not included|Assumed|What the client provides|Signatures)$")
    for length in range(1, 7):
        longer = contract_body(exclusions=[WORDS] * length * 3, price_note=WORDS * length * 3)
        for text in words(printed(contract_document(body=longer))):
            body = re.sub(r"Contract C-2026-042 of .*$", "", text).strip()
            assert not last.search(body), body[-80:]


def test_a_long_scope_repeats_its_table_head() -> None:
    text = words(printed(contract_document(body=contract_body(scope=contract_body().model_dump()["scope"] * 8))))
    assert sum("What How many" in page for page in text) >= 3


def test_hostile_words_are_printed_as_words_and_nothing_is_fetched() -> None:
    for record in (contract_document(body=hostile_body()), hostile_evidence()):
        page = Reading(paper(record))
        assert page.unclosed == []
        assert list(page.all("script", "img", "link", "iframe")) == []
        assert "<script>alert(1)</script>{{7*7}}" in "".join(words(printed(record))).replace(" ", "")


def test_the_paper_names_no_address_but_its_own() -> None:
    html = paper(contract_document())
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == {contract_document().link}
    assert "url(" not in html
    assert "http" not in paper(evidence())


def test_the_evidence_is_one_page(sheet: bytes) -> None:
    assert len(words(sheet)) == 1


def test_the_evidence_says_who_when_how_from_where_and_over_what(sheet: bytes) -> None:
    (text,) = words(sheet)
    who = ("Anna Vogt", "Geschäftsführerin", "anna.vogt@eichenhof.example", "Aoife Brennan", "91.64.18.203", "87.192.41.7", "Firefox/136.0")
    when = ("24 March 2026, 14:05 (Europe/Dublin)", "2026-03-24 14:05:12 UTC", "24 March 2026, 15:40 (Europe/Dublin)")
    for said in (*who, *when, "a six-digit code mailed to this address", "asked for code 2", "./studio verify FILE", "and my typed name together"):
        assert said in text, said
    for digest in (*HASHES, contract_body().proposal_hash, FINGERPRINT):
        assert digest in text.replace(" ", "")


def test_a_moment_is_told_on_the_studios_clock_and_in_utc() -> None:
    summer = [signature.model_copy(update={"at": "2026-07-01T22:30:00+00:00"}) for signature in signatures()]
    stated = evidence().evidence.model_copy(update={"signatures": summer})
    (text,) = words(printed(evidence(evidence=stated, zone="Europe/Vilnius")))
    assert "2 July 2026, 01:30 (Europe/Vilnius)" in text
    assert "2026-07-01 22:30:00 UTC" in text


def test_a_signature_on_paper_has_no_address_and_claims_none() -> None:
    nowhere = dict.fromkeys(("address", "agent", "consent", "email"), "")
    plain = [signatures()[0].model_copy(update={**nowhere, "how": "paper", "at": "2026-03-24T00:00:00+00:00"})]
    (text,) = words(printed(evidence(evidence=evidence().evidence.model_copy(update={"signatures": plain}), fingerprint="")))
    assert "24 March 2026, as the paper says" in text
    assert "By hand, on paper" in text
    assert "00:00" not in text
    assert "IP address" not in text
    assert "fingerprint" not in text
