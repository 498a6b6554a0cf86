"""The page of an invoice: what each state offers, what is posted, and that a strange word leads nowhere."""

import pytest

from models.cash_pages import InvoicePage
from templates import render
from tests.templates.invoice_samples import invoice_body, invoice_page, invoice_pages, proforma
from tests.templates.reading import Reading

PAGES = invoice_pages()
INVOICES = [name for name in PAGES if name.startswith("invoice")]
PAYABLE = {name for name in INVOICES if PAGES[name][1].context()["state"] in {"open", "overdue"}}
FORM_FIELDS = ("input", "select", "textarea", "button")


def read(name: str) -> Reading:
    template, record = PAGES[name]
    return Reading(render(template, record.context()))


def shown(record: InvoicePage) -> Reading:
    return Reading(render("pages/invoice.html", record.context()))


def words(page: Reading) -> str:
    return " ".join("".join(page.text).replace("\xa0", " ").split())


def links(page: Reading) -> list[str]:
    return [attributes["href"] for attributes in page.all("a")]


def test_amount_and_day_come_first() -> None:
    text = words(read("invoice"))
    assert text.index("€11,527.56 to be paid by 19 March 2026") < text.index("Pay €11,527.56 online") < text.index("Or by bank transfer")


def test_the_button_leads_to_the_provider_and_names_it() -> None:
    page = read("invoice")
    assert "https://pay.example/s/cs_1" in links(page)
    assert "The next page belongs to Stripe" in words(page)


def test_play_money_is_called_so_beside_the_button() -> None:
    assert "A test payment: no real money moves." in words(read("invoice-play"))
    assert "test payment" not in words(read("invoice"))


@pytest.mark.parametrize("link", ["javascript:alert(1)", "data:text/html,x", "//evil.example", "/i/x", ""])
def test_a_button_leads_to_an_address_of_the_web_or_is_not_there(link: str) -> None:
    page = shown(invoice_page(pay_link=link))
    assert "Pay €11,527.56 online" not in words(page)
    assert not [href for href in links(page) if href.startswith(("javascript:", "data:", "//"))]


def test_what_is_copied_is_whole_and_what_is_shown_is_grouped() -> None:
    page = read("invoice")
    copied = {attributes["data-name"]: attributes["data-copy"] for attributes in page.all("span") if "data-copy" in attributes}
    assert copied == {"Account holder": "Northlight Digital Ltd", "IBAN": "IE64IRCE92050112345678", "BIC": "IRCEIE2D", "Reference": "RF18NL20260007"}
    assert "IE64 IRCE 9205 0112 3456 78" in words(page)


@pytest.mark.parametrize("name", INVOICES)
def test_only_an_open_invoice_asks_for_money_or_a_day(name: str) -> None:
    page = read(name)
    forms = [form["action"] for form in page.all("form")]
    assert forms == (["/i/tok/promise"] if name in PAYABLE and name != "invoice-staff" else [])
    assert ("https://pay.example/s/cs_1" in links(page)) <= (name in PAYABLE)


def test_a_promise_posts_a_day_and_a_word() -> None:
    assert {field["name"] for field in read("invoice").all(*FORM_FIELDS) if "name" in field} == {"on", "text"}


def test_a_promise_is_confirmed_and_may_be_changed() -> None:
    text = words(read("invoice-promised"))
    assert "You told us that you pay on 10 April 2026." in text
    assert "Change the day" in text


def test_a_promise_with_a_problem_comes_back_open() -> None:
    page = read("invoice-promise-problem")
    assert ["open" in attributes for attributes in page.all("details")] == [True]
    assert next(field for field in page.all("input") if field.get("name") == "on")["value"] == "2026-09-30"


def test_staff_read_the_clients_page_and_can_neither_pay_nor_promise() -> None:
    page = read("invoice-staff")
    assert "https://pay.example/s/cs_1" not in links(page)
    assert not list(page.all(*FORM_FIELDS))


def test_part_of_the_money_leaves_the_rest_to_pay_and_the_code_asks_for_that() -> None:
    page = read("invoice-part-paid")
    text = words(page)
    assert "€6,527.56 to be paid by" in text
    assert "Received so far" in text
    assert "17 March 2026bank transfer€5,000.00" in text
    assert "Still open of €11,527.56€6,527.56" in text
    assert "QR code of this transfer: €6,527.56, reference RF18NL20260007" in [image["alt"].replace("\xa0", " ") for image in page.all("img")]


def test_a_paid_invoice_is_a_receipt() -> None:
    text = words(read("invoice-paid"))
    assert "Paid. Thank you. €11,527.56, received in full on 18 March 2026" in text
    assert "Receipt: paid in full" in text
    assert "Or by bank transfer" not in text


def test_a_receipt_names_what_came_and_what_was_taken_off() -> None:
    text = words(read("invoice-paid-after-credit"))
    assert "€5,000.00, received in full on 17 March 2026" in text
    assert "received €5,000.00 from Hallam Oak Ltd for invoice NL-2026-0007. Taken off it: Credit note NLC-2026-0002, €6,527.56." in text


def test_a_credited_invoice_leads_to_its_credit_note() -> None:
    page = read("invoice-credited")
    assert "/i/tok-credit" in links(page)
    assert "Nothing to pay" in words(page)


def test_late_interest_is_told_and_not_added() -> None:
    text = words(read("invoice-overdue"))
    assert "Interest for late payment comes to €31.47 by law so far. It is not part of the sum above." in text
    assert "€11,527.56 was due on 19 March 2026" in text
    assert {"/i/tok-2", "/i/tok-3"} <= set(links(read("invoice-overdue")))


@pytest.mark.parametrize("name", INVOICES)
def test_pdf_and_e_invoice_are_offered_where_there_is_one(name: str) -> None:
    found = links(read(name))
    assert "/i/tok.pdf" in found
    assert ("/i/tok.xml" in found) == (name != "invoice-proforma")


def test_a_proforma_says_on_its_page_too_that_it_is_none() -> None:
    text = words(shown(invoice_page(proforma(), state="proforma", pay_link="")))
    assert "Not a tax invoice." in text
    assert "PurposeContract C-2026-042" in text


@pytest.mark.parametrize("name", INVOICES)
def test_the_page_holds_the_whole_invoice_with_who_issued_it(name: str) -> None:
    page = read(name)
    assert [attributes["id"] for attributes in page.all("h2") if attributes.get("id") == "paper"] == ["paper"]
    assert "VAT number" in words(page)


def test_the_day_stays_out_of_an_invoice_that_has_none() -> None:
    assert "None" not in words(shown(invoice_page(invoice_body(due_on=None), promise_until=None)))
