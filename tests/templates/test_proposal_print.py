"""The proposal on paper: five to eight pages, everything in it, nothing fetched, the same bytes twice."""

import importlib
import io
import re

import pytest
from pypdf import PdfReader

from models.pages import Accepted, ProposalDocument
from templates import render
from tests.parts import requires
from tests.templates.reading import Reading
from tests.templates.samples import document, hostile_snapshot, snapshot


@pytest.fixture(scope="module", autouse=True)
def printer() -> None:
    requires("printer")


def paper(record: ProposalDocument) -> str:
    return render("documents/proposal/print.html", record.context(), locale=record.snapshot.locale)


def printed(record: ProposalDocument) -> bytes:
    def refuse(url: str) -> dict[str, object]:
        raise AssertionError(url)

    weasyprint = importlib.import_module("weasyprint")
    return weasyprint.HTML(string=paper(record), url_fetcher=refuse).write_pdf()


@pytest.fixture(scope="module")
def pdf() -> PdfReader:
    return PdfReader(io.BytesIO(printed(document())))


def words(pdf: PdfReader) -> list[str]:
    return [" ".join(page.extract_text().replace("\0", "").split()) for page in pdf.pages]


def test_a_proposal_has_five_to_eight_pages(pdf: PdfReader) -> None:
    assert 5 <= len(pdf.pages) <= 8


def test_every_page_but_the_cover_says_which_of_how_many_it_is(pdf: PdfReader) -> None:
    count = len(pdf.pages)
    cover, *others = words(pdf)
    assert f"/ {count}" not in cover
    assert all(f"{at} / {count}" in text for at, text in enumerate(others, start=2))


def test_the_chapters_come_in_their_order_and_are_bookmarks(pdf: PdfReader) -> None:
    titles = [mark.title for mark in pdf.outline if not isinstance(mark, list)]
    assert titles == [
        "Your task",
        "What you will have",
        "Scope",
        "Options",
        "What is not included, and what we assume",
        "Plan and team",
        "Price and payment",
        "We have done this before",
        "Next step",
    ]


def test_the_document_knows_its_language_title_and_author(pdf: PdfReader) -> None:
    assert pdf.root_object["/Lang"] == "en-GB"
    assert pdf.metadata is not None
    assert pdf.metadata.title == "A site that fills the order book of Hallam Oak · Proposal P-2026-042"
    assert pdf.metadata.author == "Northlight Digital Ltd"


def test_numbers_on_paper_are_those_of_the_snapshot(pdf: PdfReader) -> None:
    text = " ".join(words(pdf))
    for sum_of in ("€28,818.90", "€23,430.00", "€5,388.90", "€11,527.56", "€5,763.78", "− €500.00", "64 addresses", "46 working days"):
        assert sum_of in text, sum_of


def test_the_same_snapshot_gives_the_same_bytes() -> None:
    assert printed(document()) == printed(document())


def test_no_chapter_number_or_heading_stands_alone_at_the_foot_of_a_page() -> None:
    for length in range(6):
        record = document(snapshot=snapshot(task=["A sentence about what the task is, for the sake of its length. " * 4] * (length + 1)))
        for text in words(PdfReader(io.BytesIO(printed(record)))):
            body = re.sub(r"Proposal P-2026-042, version 2 · valid until .*", "", text).strip()
            assert not re.search(r"\b(\d|Scope|Options|Plan and team|Price and payment|Next step|Payments|Who does it)$", body), body[-80:]


def test_a_long_scope_repeats_its_table_head() -> None:
    scope = snapshot().scope * 6
    text = words(PdfReader(io.BytesIO(printed(document(snapshot=snapshot(scope=scope))))))
    assert sum("What How many" in page for page in text) >= 3


def test_hostile_words_are_printed_as_words_and_nothing_is_fetched() -> None:
    record = document(snapshot=hostile_snapshot())
    page = Reading(paper(record))
    assert page.unclosed == []
    assert list(page.all("script", "img", "link", "iframe")) == []
    assert "<script>alert(1)</script>{{7*7}}" in "".join(words(PdfReader(io.BytesIO(printed(record))))).replace(" ", "")


def test_the_paper_names_no_address_but_its_own() -> None:
    html = paper(document())
    assert set(re.findall(r"https?://[^\s\"<]+", html)) == {document().link}
    assert "url(" not in html


def test_an_accepted_proposal_says_by_whom_and_when() -> None:
    accepted = Accepted.model_validate({"name": "Margaret Hallam", "at": "2026-03-20T09:00:00Z"})
    text = " ".join(words(PdfReader(io.BytesIO(printed(document(accepted=accepted))))))
    assert "Accepted by Margaret Hallam on 20 March 2026, 09:00: €28,818.90 with VAT." in text


def test_a_proposal_without_extras_still_counts_its_chapters() -> None:
    bare = snapshot(options=[], proof=[], structure=[], team=[], materials=[], quotes=[])
    page = paper(document(snapshot=bare, selected=[]))
    assert re.findall(r'class="part-number">(\d)<', page) == ["1", "2", "3", "4", "5", "6"]
