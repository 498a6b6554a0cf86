"""The act of acceptance on its page and on paper: what is asked, posted and said in each state; everything in it, the same bytes twice."""

import importlib
import io

import pytest
from pypdf import PdfReader

from models.act_pages import ActDocument
from models.cash_pages import EvidenceDocument
from templates import render
from tests.parts import requires
from tests.templates.act_samples import FAULTS, act_body, act_document, act_evidence, act_page, act_pages, hostile_act, plain_act
from tests.templates.contract_samples import HASHES
from tests.templates.reading import Reading
from tests.templates.samples import euros

PAGES = act_pages()
SETTLED = ["mending", "late", "signed", "signed-paper", "deemed", "closed", "on-hold", "staff"]


def html(name: str) -> str:
    template, record = PAGES[name]
    return render(f"pages/{template}.html", record.context())


def text(name: str) -> str:
    return " ".join(" ".join(Reading(html(name)).text).split())


def forms(name: str) -> dict[str, set[str]]:
    """Where each form is posted, with the names of its fields."""
    found: dict[str, set[str]] = {}
    for tag, attributes in Reading(html(name)).tags:
        if tag == "form":
            found[attributes["action"]] = set()
        elif tag in {"input", "select", "textarea", "button"} and "name" in attributes:
            found[list(found)[-1]].add(attributes["name"])
    return found


# The page


def test_each_form_posts_exactly_the_documented_fields() -> None:
    faults = {"text", "name", "version"}
    assert forms("act") == {"/t/tok/code": {"name", "role", "email", "version"}, "/t/tok/faults": faults}
    assert forms("act-code") == {"/t/tok/sign": {"name", "role", "email", "consent", "code", "version"}, "/t/tok/faults": faults}
    assert set(forms("act-faults")) == {"/t/tok/code", "/t/tok/faults"}, "who named faults may sign after all, or name more"


@pytest.mark.parametrize("state", SETTLED)
def test_an_act_that_cannot_be_signed_now_offers_no_form(state: str) -> None:
    assert forms(f"act-{state}") == {}
    assert "sum-bar" not in html(f"act-{state}")


def test_the_version_that_was_read_goes_with_every_answer() -> None:
    for name in ("act", "act-code"):
        page = Reading(html(name))
        versions = [attributes["value"] for attributes in page.all("input") if attributes.get("name") == "version"]
        assert versions == ["2", "2"]


def test_another_code_is_asked_for_at_the_acts_own_address() -> None:
    assert [attributes["formaction"] for attributes in Reading(html("act-code")).all("button") if "formaction" in attributes] == ["/t/tok/code"]
    assert "/c/tok" not in html("act-code")
    assert "contract" not in html("act-code").partition('id="sign"')[2].partition("<form")[0].lower()


def test_the_page_says_what_was_delivered_when_and_by_whose_word() -> None:
    said = text("act")
    for words in (
        "Specification", "3 April 2026 approved by Anna Vogt", "approved by Jonas Vogt", "29 April 2026 no answer after two reminders",
        "A calculator for the price of a table", "€1,280.00", "50 working days", "and 6 spent waiting for the client", "12 June 2026",
        "3. Ready to launch", "invoice NL-2026-0117", "its invoice follows", "clause 9 of the contract", "https://eichenhof.example",
        "Two days of photography", "Both languages are live.", "Sign this act", "That day is 3 July 2026.",
    ):  # fmt: skip
        assert words in said, words
    assert "The contact form does not send from an iPhone." in said and "in place of signing version 1" in said


def test_a_plain_act_says_nothing_of_what_there_is_not() -> None:
    said = text("act-plain")
    assert "All of it is paid: €24,710.00." in said
    for words in ("Warranty", "Options included", "Changes beyond", "Named and put right", "reminds them", "It runs at", "The project"):
        assert words not in said, words


def test_each_state_is_said_once_at_the_top() -> None:
    assert "Anna Vogt signed on 11 June 2026, 10:41." in text("act-signed") and "The warranty has begun." in text("act-signed")
    assert "Still to pay: €8,309.00" in text("act-signed")
    assert "signed on paper on 9 June 2026." in text("act-signed-paper") and "Still to pay:" not in text("act-signed-paper")
    assert "Since 3 July 2026: nobody answered" in text("act-deemed")
    assert "can no longer be signed" in text("act-closed")
    assert "we are putting them right" in text("act-faults") and FAULTS.partition("\n")[0] in text("act-faults")
    assert "The client named faults" in text("act-staff")
    links = {attributes.get("href") for attributes in Reading(html("act-signed")).all("a")}
    assert {"/t/tok.pdf", "/i/tok", "/j/tok"} <= links


def test_what_came_too_late_is_not_lost() -> None:
    assert "And the footer." in text("act-late")
    assert text("act-late").count("comes in a moment") == 1
    again = render("pages/act.html", act_page(refused="This changed.", about="faults", form={"given": {"text": "And the footer."}}).context())
    page = Reading(again)
    assert [attributes for attributes in page.all("details") if attributes.get("id") == "faults" and "open" in attributes]
    assert "And the footer." in page.words


def test_a_problem_of_one_form_is_not_shown_in_another() -> None:
    page = Reading(html("act-faults-problem"))
    assert [attributes["id"] for attributes in page.all("input", "textarea") if attributes.get("aria-invalid")] == ["a-text"]
    wrong = Reading(html("act-code-wrong"))
    assert {attributes["id"] for attributes in wrong.all("input", "textarea") if attributes.get("aria-invalid")} == {"f-code", "f-consent"}


def test_the_contract_is_signed_by_the_same_form_at_its_own_address() -> None:
    from tests.templates.contract_samples import contract_page

    page = render("pages/contract.html", contract_page().context())
    assert 'action="/c/tok/code"' in page and "Sign this contract" in page


# On paper


@pytest.fixture(scope="module")
def printer() -> None:
    requires("printer")


def printed(record: ActDocument | EvidenceDocument) -> bytes:
    def refuse(url: str) -> dict[str, object]:
        raise AssertionError(url)

    kind = "act" if isinstance(record, ActDocument) else "evidence"
    page = render(f"documents/{kind}/print.html", record.context(), locale="en_GB")
    return importlib.import_module("weasyprint").HTML(string=page, url_fetcher=refuse).write_pdf()


def words(content: bytes) -> list[str]:
    """The text of every page, on one line."""
    return [" ".join(page.extract_text().replace("\0", "").split()) for page in PdfReader(io.BytesIO(content)).pages]


@pytest.fixture(scope="module")
def paper(printer: None) -> bytes:
    return printed(act_document())


def test_the_paper_holds_what_the_page_does_with_its_number_on_every_sheet(paper: bytes) -> None:
    pages = words(paper)
    whole = " ".join(pages)
    assert 2 <= len(pages) <= 3
    for at, said in enumerate(pages, start=1):
        assert "Act of acceptance A-2026-042-2 of 10 June 2026" in said
        assert f"Page {at} of {len(pages)}" in said
    for said in ("Eichenhof Möbelwerkstatt GmbH", "approved by Anna Vogt", "€1,280.00", "47 of 50 agreed", "clause 9 of the contract", "Signatures"):
        assert said in whole, said
    squeezed = whole.replace(" ", "")
    assert HASHES[0] in squeezed and act_body().contract_hash in squeezed


def test_the_paper_knows_its_title_and_is_the_same_twice(paper: bytes) -> None:
    pdf = PdfReader(io.BytesIO(paper))
    assert pdf.metadata is not None
    assert pdf.metadata.title == "A site that fills the order book of Eichenhof · Act of acceptance A-2026-042-2"
    titles = [mark.title for mark in pdf.outline if not isinstance(mark, list)]
    assert titles == ["What was delivered", "Named and put right", "Time", "Payments", "Warranty", "Signatures"]
    assert printed(act_document()) == paper


def test_a_plain_act_fits_on_two_sheets_and_attacks_stay_text(printer: None) -> None:
    assert len(words(printed(act_document(body=plain_act(payments=[]))))) <= 2
    hostile = " ".join(words(printed(act_document(body=hostile_act()))))
    assert "<script>alert(1)</script>" in hostile


@pytest.mark.parametrize("deemed", [False, True])
def test_the_evidence_of_an_act_is_one_sheet_in_its_own_words(printer: None, deemed: bool) -> None:
    (said,) = words(printed(act_evidence(deemed=deemed)))
    assert "Act of acceptance A-2026-042-2" in said and "The act’s data" in said and "act.pdf in this file" in said
    assert ("Accepted by silence" in said) == deemed
    assert ("Evidence of acceptance" if deemed else "Evidence of signature") in said
    assert ("was warned that silence accepts" in said) == deemed
    assert ("ticked:" in said) == (not deemed)
    assert "contract.pdf" not in said


def test_money_is_written_for_the_reader() -> None:
    german = render("pages/act.html", act_page(document=act_document(body=act_body(gross=euros(1234.5)))).context(), locale="de_DE")
    assert "1.234,50" in german
