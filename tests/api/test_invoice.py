"""The invoice's page: what is open now, a pay link only for exactly that, promises, paper and XML; GET never acts, staff only look."""

import re
from dataclasses import replace
from datetime import date, datetime, timedelta
from xml.etree import ElementTree as ET

import pytest
from sqlmodel import select

from models import effects, invoices, payments
from models.cash_answers import MoneyCame, PaymentPromised
from models.cash_tables import Invoice
from models.effects import EffectState
from models.money import Money
from models.stages import Stage
from models.tables import Client, Deal, Effect, Wait
from tests.api.conftest import SECRET, Entrance
from tests.factories import a_client, a_contract, a_payment, a_signature, a_wait, an_agreed_deal, an_invoice
from tests.models.billing import an_event
from tests.studio import the_company

DUE = date(2026, 3, 9)


def signed(door: Entrance, **values) -> Deal:
    with door.writing() as session:
        document = a_signature(session, a_contract(session, an_agreed_deal(session, **values)), secret=SECRET)
        deal = session.get_one(Deal, document.deal_id)
        deal.sales = "signed"
        session.add(deal)
        return deal


def out(door: Entrance, *, kind: str = "invoice", **values) -> tuple[Invoice, str]:
    """An invoice that is out, and the path of its page."""
    deal = signed(door, **values)
    with door.writing() as session:
        invoice = an_invoice(session, session.get_one(Deal, deal.id))
    return invoice, door.link(f"{kind}:{invoice.id}", deal.id)


def paid(door: Entrance, invoice: Invoice, amount: int | None = None, **values) -> None:
    with door.writing() as session:
        a_payment(session, session.get_one(Invoice, invoice.id), amount, **values)


def credited(door: Entrance, invoice: Invoice) -> Invoice:
    with door.writing() as session:
        mine = session.get_one(Invoice, invoice.id)
        return invoices.credit(session, the_company(), mine, gross=None, reason="Fewer <pages>", key="note/1", now=door.clock())


def state(door: Entrance, page: str) -> str:
    answer = door.http.get(page)
    assert answer.status_code == 200
    return re.search(r'class="[^"]*\bis-([a-z-]+)', answer.text)[1]


def pages(door: Entrance) -> list[Effect]:
    with door.db.reading() as session:
        return list(session.exec(select(Effect).where(Effect.kind == "payment-request").order_by(Effect.key)))


def pay_page(door: Entrance, invoice: Invoice, amount: int, *, number: int = 1, until: timedelta = timedelta(hours=23)) -> None:
    """A page that the provider made for this amount."""
    with door.writing() as session:
        key = f"invoice/{invoice.id}/pay/{number}"
        effect = effects.plan(session, key, "payment-request", deal_id=invoice.deal_id, what="page", now=door.clock(), args={"invoice": invoice.id})
        effects.claim(session, effect, "worker", now=door.clock())
        result = {"id": f"co_{number}", "url": f"https://pay.example/co_{number}", "amount": amount, "until": (door.clock() + until).isoformat()}
        effects.settle(session, effect, EffectState.DONE, said="made", now=door.clock(), result=result)


# What it shows


def test_an_open_invoice_says_what_is_to_be_paid_how_and_by_when(each_door: Entrance) -> None:
    invoice, page = out(each_door)
    text = each_door.http.get(page).text
    assert state(each_door, page) == "open"
    for words in (invoice.number, "€4,895.23", "IE64", "9 March 2026", "data:image/svg+xml", f"{page}.pdf", f"{page}.xml"):
        assert words in text


def test_after_its_due_day_it_is_overdue_with_interest_where_the_studio_charges_it(door: Entrance) -> None:
    invoice, page = out(door)
    door.clock.at = datetime.combine(DUE, datetime.min.time(), door.clock().tzinfo) + timedelta(hours=23)
    assert state(door, page) == "open", "the day is not over"
    door.clock.pass_(days=1)
    assert state(door, page) == "overdue"
    assert "Interest for late payment" in door.http.get(page).text
    company = the_company()
    studio = company.studio.model_copy(update={"late_interest": None})
    door.http.app.state.door = replace(door.http.app.state.door, company=company.model_copy(update={"studio": studio}))
    assert "Interest for late payment" not in door.http.get(page).text
    assert invoice.due_on == DUE


def test_a_part_that_came_is_shown_and_the_rest_asked_for(door: Entrance) -> None:
    invoice, page = out(door)
    paid(door, invoice, 100_000)
    text = door.http.get(page).text
    assert state(door, page) == "open"
    assert "€3,895.23" in text and "€1,000.00" in text and "by bank transfer" in text


def test_a_paid_invoice_is_its_own_receipt_and_asks_for_nothing(door: Entrance) -> None:
    invoice, page = out(door)
    paid(door, invoice, source="sandbox", method="card")
    text = door.http.get(page).text
    assert state(door, page) == "paid"
    assert "Paid. Thank you." in text and "by card" in text
    assert "/pay" not in text and "/promise" not in text and "data:image/svg+xml" not in text.split("paper")[0]


def test_a_credited_invoice_and_its_note_name_each_other(each_door: Entrance) -> None:
    invoice, page = out(each_door)
    note = credited(each_door, invoice)
    other = each_door.link(f"invoice:{note.id}", invoice.deal_id)
    assert (state(each_door, page), state(each_door, other)) == ("credited", "credit-note")
    assert note.number in each_door.http.get(page).text and other in each_door.http.get(page).text
    shown = each_door.http.get(other).text
    assert invoice.number in shown and "Fewer &lt;pages&gt;" in shown
    assert "/pay" not in shown and "/promise" not in shown


def test_a_proforma_has_no_number_no_code_and_no_buttons(door: Entrance) -> None:
    deal = signed(door)
    with door.writing() as session:
        proforma = invoices.proforma(session, the_company(), session.get_one(Deal, deal.id), 2, now=door.clock())
    page = door.link(f"invoice:{proforma.id}", deal.id)
    text = door.http.get(page).text
    assert state(door, page) == "proforma"
    assert "Not a tax invoice" in text
    assert "/pay" not in text and "/promise" not in text and ".xml" not in text
    xml = door.http.get(f"{page}.xml")
    assert (xml.status_code, "no XML of it" in xml.text) == (409, True)
    assert door.http.post(f"{page}/pay").status_code == 409
    assert door.http.post(f"{page}/promise", data={"on": "2026-03-05", "text": ""}).status_code == 422


def test_the_clients_other_open_invoices_are_linked_and_nobody_elses(door: Entrance) -> None:
    with door.writing() as session:
        client = a_client(session)
    first, page = out(door, client=client)
    with door.writing() as session:
        client = session.get_one(Client, client.id)
    second, other = out(door, client=client)
    stranger, elsewhere = out(door)
    text = door.http.get(page).text
    assert second.number in text and other in text
    assert stranger.number not in text and elsewhere not in text
    paid(door, second)
    assert second.number not in door.http.get(page).text
    assert first.number in text


def test_a_look_changes_nothing(door: Entrance) -> None:
    _, page = out(door)
    before = len(door.facts()), len(pages(door))
    for path in (page, f"{page}.xml", f"{page}.pdf"):
        door.http.get(path)
    assert (len(door.facts()), len(pages(door))) == before


@pytest.mark.parametrize("ending", ["", ".pdf", ".xml"])
def test_a_link_that_nobody_was_given_and_one_of_another_page_open_nothing(door: Entrance, ending: str) -> None:
    invoice, page = out(door)
    brief = door.link("brief", invoice.deal_id).rpartition("/")[2]
    for token in ("a" * 32, brief):
        assert door.http.get(f"/i/{token}{ending}").status_code == 404
    assert door.http.post(f"/i/{brief}/pay").status_code == 404
    assert page


# Paying online


def test_a_pay_link_is_offered_only_for_exactly_what_is_open_and_while_it_is_good(door: Entrance) -> None:
    invoice, page = out(door)
    link = 'href="https://pay.example/co_1"'
    assert link not in door.http.get(page).text
    pay_page(door, invoice, invoice.gross)
    assert link in door.http.get(page).text
    door.clock.pass_(hours=22, minutes=59)
    assert link in door.http.get(page).text
    door.clock.pass_(minutes=2)
    assert link not in door.http.get(page).text


def test_after_a_part_came_the_old_pay_link_is_gone(door: Entrance) -> None:
    invoice, page = out(door)
    pay_page(door, invoice, invoice.gross)
    paid(door, invoice, 100)
    assert "https://pay.example/" not in door.http.get(page).text
    assert f'action="{page}/pay"' in door.http.get(page).text
    pay_page(door, invoice, invoice.gross - 100, number=2)
    assert "https://pay.example/co_2" in door.http.get(page).text


def test_a_page_that_was_paid_is_not_offered_again_when_the_money_goes_back(door: Entrance) -> None:
    invoice, page = out(door)
    pay_page(door, invoice, invoice.gross)
    door.clock.pass_(minutes=5)
    with door.writing() as session:
        for kind, refund in (("paid", ""), ("disputed", "dp_1")):
            gross = Money(amount=invoice.gross, currency=invoice.currency)
            payments.act_on(session, the_company(), an_event(kind, "ch_1", gross, invoice.number, refund_id=refund), "sandbox", None, now=door.clock())
    assert state(door, page) == "open"
    assert "https://pay.example/" not in door.http.get(page).text
    door.http.post(f"{page}/pay")
    assert [one.key for one in pages(door)] == [f"invoice/{invoice.id}/pay/{number}" for number in (1, 2)]
    door.clock.pass_(minutes=1)
    with door.writing() as session:
        session.delete(session.get_one(Effect, f"invoice/{invoice.id}/pay/2"))
    pay_page(door, invoice, invoice.gross, number=2)
    assert "https://pay.example/co_2" in door.http.get(page).text


def test_asking_to_pay_plans_one_page_and_the_page_reloads_until_it_is_there(each_door: Entrance) -> None:
    invoice, page = out(each_door)
    assert "refresh" not in each_door.http.get(page).headers
    for _ in range(3):
        answer = each_door.http.post(f"{page}/pay")
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    [effect] = pages(each_door)
    assert (effect.key, effect.state, effect.args) == (f"invoice/{invoice.id}/pay/1", "planned", {"invoice": invoice.id})
    assert each_door.http.get(page).headers["refresh"] == "2"


def test_a_page_that_has_run_out_is_followed_by_the_next_one_and_a_good_one_by_none(door: Entrance) -> None:
    invoice, page = out(door)
    pay_page(door, invoice, invoice.gross)
    door.http.post(f"{page}/pay")
    assert len(pages(door)) == 1
    door.clock.pass_(days=1)
    door.http.post(f"{page}/pay")
    assert [effect.key for effect in pages(door)] == [f"invoice/{invoice.id}/pay/{number}" for number in (1, 2)]


def test_paying_what_is_paid_or_where_nobody_takes_cards_is_refused(door: Entrance) -> None:
    invoice, page = out(door)
    door.now_with(payments="none")
    refused = door.http.post(f"{page}/pay")
    assert (refused.status_code, "bank transfer" in refused.text) == (409, True)
    assert f"{page}/pay" not in door.http.get(page).text
    door.now_with(payments="sandbox")
    paid(door, invoice)
    refused = door.http.post(f"{page}/pay")
    assert (refused.status_code, "Nothing is open" in refused.text) == (409, True)
    assert pages(door) == []


def test_who_comes_back_from_paying_sees_it_on_its_way_for_a_while_and_nothing_is_kept(door: Entrance) -> None:
    invoice, page = out(door)
    assert door.http.get(f"{page}?sent=1").headers["refresh"] == f"2; url={page}?sent=2"
    assert "refresh" not in door.http.get(f"{page}?sent=21").headers
    assert "refresh" not in door.http.get(f"{door.link(f'invoice-staff:{invoice.id}', invoice.deal_id)}?sent=1").headers
    paid(door, invoice)
    assert "refresh" not in door.http.get(f"{page}?sent=2").headers
    assert pages(door) == []


# Promises


def promise(door: Entrance, page: str, on: object, text: str = ""):
    return door.http.post(f"{page}/promise", data={"on": str(on), "text": text})


def test_a_promise_is_kept_once_and_wakes_whoever_waits(each_door: Entrance) -> None:
    invoice, page = out(each_door)
    with each_door.writing() as session:
        deal = session.get_one(Deal, invoice.deal_id)
        a_wait(session, deal, MoneyCame, stage=Stage.PAYMENT, part=1, kinds=[PaymentPromised.kind])
    for _ in range(2):
        answer = promise(each_door, page, "2026-03-20", "After the fair.")
        assert (answer.status_code, answer.headers["location"]) == (303, page)
    [fact] = each_door.facts("payment.promised")
    assert (fact.actor, fact.subject) == ("client", f"deal/{invoice.deal_id}/r1/payment/1")
    assert fact.payload == {"part": 1, "on": "2026-03-20", "text": "After the fair."}
    with each_door.db.reading() as session:
        assert session.exec(select(Wait).where(Wait.stage == "payment")).one().due_at == each_door.clock()
    assert "You told us that you pay on <b>20 March 2026</b>" in each_door.http.get(page).text


def test_the_last_day_named_is_the_one_that_counts_even_if_it_was_named_before(door: Entrance) -> None:
    _, page = out(door)
    for day in ("2026-03-20", "2026-03-25", "2026-03-20"):
        assert promise(door, page, day).status_code == 303
    assert len(door.facts("payment.promised")) == 3
    assert "<b>20 March 2026</b>" in door.http.get(page).text


@pytest.mark.parametrize(
    ("on", "text", "sentence"),
    [
        ("2026-03-01", "", "This day is past"), ("2026-04-02", "", "more than 30 days away"), ("soon", "", "year-month-day"), ("", "", "year-month-day"),
        ("2026-03-20", "x" * 2001, "under 2,000 characters"),
    ],
)  # fmt: skip
def test_a_promise_that_cannot_be_comes_back_with_a_sentence(door: Entrance, on: str, text: str, sentence: str) -> None:
    _, page = out(door)
    answer = promise(door, page, on, text)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert on in answer.text or not on
    assert door.facts("payment.promised") == []


@pytest.mark.parametrize("on", ["2026-03-02", "2026-04-01"])
def test_today_and_the_thirtieth_day_are_good_promises(door: Entrance, on: str) -> None:
    assert promise(door, out(door)[1], on).status_code == 303


def test_for_a_paid_or_credited_invoice_there_is_nothing_to_promise(door: Entrance) -> None:
    invoice, page = out(door)
    note = credited(door, invoice)
    assert promise(door, page, "2026-03-20").status_code == 422
    assert promise(door, door.link(f"invoice:{note.id}", invoice.deal_id), "2026-03-20").status_code == 422
    assert door.facts("payment.promised") == []


def test_an_invoice_outside_of_the_plan_is_spoken_about_by_letter(door: Entrance) -> None:
    invoice, page = out(door)
    with door.writing() as session:
        session.get_one(Invoice, invoice.id).part = 0
    answer = promise(door, page, "2026-03-20")
    assert (answer.status_code, "please write to us" in answer.text) == (422, True)
    assert state(door, page) == "open"


def test_the_studios_own_link_leads_to_its_own_views_only(door: Entrance) -> None:
    with door.writing() as session:
        client_id = a_client(session).id
    made = []
    for _ in range(2):
        with door.writing() as session:
            client = session.get_one(Client, client_id)
        made.append(out(door, client=client))
    (first, _), (second, theirs) = made
    own = door.link(f"invoice-staff:{second.id}", second.deal_id)
    text = door.http.get(door.link(f"invoice-staff:{first.id}", first.deal_id)).text
    assert (second.number in text, own in text, theirs in text) == (True, True, False)
    note = credited(door, first)
    theirs = door.link(f"invoice:{note.id}", first.deal_id)
    own = door.link(f"invoice-staff:{note.id}", first.deal_id)
    text = door.http.get(door.link(f"invoice-staff:{first.id}", first.deal_id)).text
    assert (own in text, theirs in text) == (True, False)


def test_behind_the_studios_own_link_nothing_can_be_done(door: Entrance) -> None:
    invoice, page = out(door, kind="invoice-staff")
    text = door.http.get(page).text
    assert "This is the client’s page" in text
    assert "<form" not in text
    assert promise(door, page, "2026-03-20").status_code == 403
    assert door.http.post(f"{page}/pay").status_code == 403
    assert (door.facts("payment.promised"), pages(door), invoice.part) == ([], [], 1)


# Paper and data


def test_while_it_is_not_printed_the_pdf_is_on_its_way(door: Entrance) -> None:
    invoice, page = out(door)
    answer = door.http.get(f"{page}.pdf")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
    assert "is being printed" in answer.text
    (door.home / "documents").mkdir()
    (door.home / "documents" / "x.pdf").write_bytes(b"%PDF-1.7 x")
    with door.writing() as session:
        session.get_one(Invoice, invoice.id).pdf_path = "documents/x.pdf"
    answer = door.http.get(f"{page}.pdf")
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "application/pdf", b"%PDF-1.7 x")
    assert answer.headers["content-disposition"] == f'inline; filename="{invoice.number}.pdf"'
    (door.home / "documents" / "x.pdf").unlink()
    assert door.http.get(f"{page}.pdf").status_code == 503


@pytest.mark.parametrize(("is_note", "root"), [(False, "Invoice"), (True, "CreditNote")])
def test_the_xml_is_ubl_to_be_saved(door: Entrance, is_note: bool, root: str) -> None:
    invoice, page = out(door)
    if is_note:
        invoice = credited(door, invoice)
        page = door.link(f"invoice:{invoice.id}", invoice.deal_id)
    answer = door.http.get(f"{page}.xml")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/xml")
    assert answer.headers["content-disposition"] == f"attachment; filename*=utf-8''{invoice.number}.xml"
    tree = ET.fromstring(answer.content)
    assert tree.tag == f"{{urn:oasis:names:specification:ubl:schema:xsd:{root}-2}}{root}"
    assert invoice.number in answer.text
