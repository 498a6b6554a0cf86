"""Links asked for anew: to the page where a client's deal is now; once invoices are out, to the newest one."""

import pytest
from sqlmodel import select

from models import invoices, letters, link_facts
from models.answers import LinkAsked, QualifyAnswer
from models.cash_tables import Invoice
from models.stages import Stage
from models.tables import Deal, Effect
from models.tracks import Sales
from tasks.letters import write
from tasks.world import World
from tests.factories import a_contract, a_deal, a_payment, a_signed_deal, a_wait, an_invoice, told
from tests.studio import the_company


def page(session, deal) -> str:
    told(session, deal, LinkAsked(page=""))
    orders = session.exec(select(Effect).where(Effect.what == "link-renewed", Effect.deal_id == deal.id)).all()
    return str(orders[-1].args["links"]["link"])


@pytest.mark.parametrize("sales", [Sales.SIGNED, Sales.WON])
def test_once_invoices_are_out_the_newest_is_the_clients_page(here: World, sales: Sales) -> None:
    with here.db.writing() as session:
        deal = a_signed_deal(session)
        deal.sales = sales.value
        assert link_facts.page_of(session, deal) == "contract"
        first = an_invoice(session, deal)
        assert page(session, deal) == f"invoice:{first.id}"
        a_payment(session, first)
        second = an_invoice(session, deal, part=2)
        assert link_facts.page_of(session, deal) == f"invoice:{second.id}"


def test_a_credit_note_or_a_proforma_is_not_what_a_client_asks_for(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoices.proforma(session, the_company(), deal, 1, now=here_sqlite.now())
        assert link_facts.page_of(session, deal) == "contract"
        invoice = an_invoice(session, deal)
        invoices.credit(session, the_company(), invoice, gross=None, reason="x", key="note", now=here_sqlite.now())
        assert link_facts.page_of(session, deal) == f"invoice:{invoice.id}"
        assert session.exec(select(Invoice).order_by(Invoice.id.desc())).first().kind == "credit_note"


def test_another_deals_invoice_is_nobody_elses_page(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        an_invoice(session)
        assert link_facts.page_of(session, a_signed_deal(session)) == "contract"


def test_while_a_contract_is_out_it_is_the_clients_page(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = session.get_one(Deal, a_contract(session).deal_id)
        assert page(session, deal) == "contract"


def test_who_is_asked_about_the_budget_comes_back_to_that(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        a_wait(session, deal, QualifyAnswer, stage=Stage.INTAKE)
        assert link_facts.page_of(session, deal) == "qualify"


def test_the_letter_links_to_the_invoice(here_sqlite: World) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        an_invoice(session, deal)
        page(session, deal)
        order = session.exec(select(Effect).where(Effect.what == "link-renewed")).one()
    assert "https://office.example/i/" in write(here_sqlite, order.key, letters.LetterOrder.model_validate(order.args)).text
