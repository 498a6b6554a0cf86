"""The deal card tells every invoice with its money and the studio's own link; the client's links are on none."""

from models import invoices, links
from models.deal_card import deal_card
from models.deal_money import invoices_of
from tests.factories import a_deal, a_payment, a_signed_deal, an_invoice
from tests.fakes import MONDAY
from tests.studio import the_company


def card(here, session, deal_id: int) -> dict:
    return deal_card(session, the_company(), here.settings, "a test's secret", deal_id, MONDAY)


def test_invoices_notes_and_proformas_are_on_the_card_with_what_is_open(here) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        proforma = invoices.proforma(session, the_company(), deal, 2, now=MONDAY)
        invoice = an_invoice(session, deal)
        a_payment(session, invoice, 100_000)
        note = invoices.credit(session, the_company(), invoice, gross=None, reason="A mistake", key="note", now=MONDAY)
        an_invoice(session, deal, part=2)
        an_invoice(session)
        shown = card(here, session, deal.id)["invoices"]
        assert [(one["kind"], one["number"], one["part"], one["open"]["amount"]) for one in shown] == [
            ("proforma", None, 2, 0), ("invoice", invoice.number, 1, 0), ("credit_note", note.number, 1, 0), ("invoice", "NL-2026-0002", 2, 489_520),
        ]  # fmt: skip
        assert [one["id"] for one in shown][:3] == [proforma.id, invoice.id, note.id]
        assert shown[1]["gross"] == {"amount": invoice.gross, "currency": "EUR"}
        assert (shown[1]["issued_on"], shown[1]["due_on"], shown[2]["due_on"]) == ("2026-03-02", "2026-03-09", None)


def test_its_links_are_the_studios_own(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal)
        whole = card(here_sqlite, session, deal.id)
        token = whole["invoices"][0]["link"].removeprefix("https://office.example/i/")
        found = links.find(session, token, "invoice", "invoice-staff").link
        assert (found.kind, found.deal_id) == (f"invoice-staff:{invoice.id}", deal.id)
        client_link = links.hand_out(session, "a test's secret", f"invoice:{invoice.id}", deal.id, now=MONDAY)
        assert client_link not in str(whole)


def test_before_anything_is_issued_there_is_nothing_to_tell(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        assert card(here_sqlite, session, deal.id)["invoices"] == invoices_of(session, deal, lambda kind: kind) == []
