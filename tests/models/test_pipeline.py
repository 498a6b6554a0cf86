"""The pipeline tells every open deal by stage: what it is worth, since when it stands there, whose move it is, when it is looked at."""

from datetime import timedelta
from itertools import product

from models import pipeline
from models.answers import ProposalAnswer
from models.money import Money
from models.pipeline import MOST, Standing, pipeline_page
from models.stages import RunState, Stage
from models.tables import Deal
from models.tracks import Cash, Sales, Work, is_open, move
from tests.factories import a_client, a_deal, a_run, a_signed_deal, a_wait
from tests.fakes import MONDAY
from tests.tasks.places import at

DAY = timedelta(days=1)


def page(session, now=MONDAY + 3 * DAY) -> str:
    session.flush()
    return pipeline_page(*pipeline.gather(session), now=now, zone="Europe/Dublin", locale="en_IE")


def test_exactly_the_open_deals_are_in_it(here) -> None:
    with here.db.writing() as session:
        client = a_client(session)
        made = [a_deal(session, client=client, sales=s, work=w.value, money=m.value) for s, w, m in product(Sales, Work, Cash)]
        session.flush()
        sums, rows = pipeline.gather(session)
    open_ones = [deal for deal in made if is_open(deal)]
    assert sum(one.count for one in sums) == len(open_ones)
    assert len(rows) == MOST
    assert {one.deal.id for one in rows} <= {deal.id for deal in open_ones}


def test_a_deal_is_told_with_its_value_its_days_whose_move_and_its_next_date(here) -> None:
    with here.db.writing() as session:
        signed = a_signed_deal(session)
        a_run(session, Stage.INVOICE, signed, part=1, state=RunState.FAILED)
        proposed = at(session, "proposed")
        fresh = a_deal(session, client=a_client(session, company="<b>|\n"), budget=None)
        move(session, fresh, Sales.BRIEFING, why="", fact=None, now=MONDAY + 2 * DAY)
        held = a_deal(session, sales=Sales.BRIEFING, held_since=MONDAY, held_until=MONDAY + 9 * DAY)
        a_wait(session, held, ProposalAnswer, stage=Stage.BRIEF, deadline=MONDAY + 20 * DAY)
        shown = page(session)
    assert shown.startswith("# Pipeline\n\n4 open deals.")
    assert "| briefing | 2 | €9,000.00 |" in shown
    assert f"| [{signed.id}](/artifacts/key/deal-{signed.id}) | Acme | €9,790.43 | 3 | studio | the stage invoice failed |   |" in shown
    assert f"| [{proposed.id}](/artifacts/key/deal-{proposed.id}) | Acme | €7,959.70 | 3 | client | an answer to the proposal | 2026-03-20 |" in shown
    assert f"| [{fresh.id}](/artifacts/key/deal-{fresh.id}) | &lt;b&gt;\\| |   | 1 | **nobody's** |   |   |" in shown
    assert "| 3 | on hold | an answer | 2026-03-11 |" in shown


def standing(number: int, sales: Sales = Sales.PROPOSED, **values) -> Standing:
    deal = Deal(id=number, client_id=1, service="shop", sales=sales, currency="EUR", locale="en_IE", opened_at=MONDAY, **values)
    return Standing(deal, "Acme", Money(amount=100, currency="EUR"), MONDAY)


def test_stages_stand_in_the_order_of_the_work_and_currencies_are_not_added_up() -> None:
    found = [
        standing(1, Sales.WON, work="production", money="deposit_paid"), standing(2), standing(3, Sales.RECEIVED),
        Standing(standing(4).deal, "Acme", Money(amount=500, currency="GBP"), MONDAY), Standing(standing(5).deal, "Acme", None, MONDAY),
    ]  # fmt: skip
    sums = pipeline.totals(found)
    assert [(one.stage, one.count) for one in sums] == [("received", 1), ("proposed", 3), ("production", 1)]
    shown = pipeline_page(sums, found, now=MONDAY, zone="UTC", locale="en_IE")
    assert "| proposed | 3 | €1.00 + £5.00 |" in shown
    assert shown.count("| Money |") == 1, "only where money is asked for yet"


def test_what_is_left_out_is_counted_and_nothing_is_a_sentence() -> None:
    many = [standing(number) for number in range(5)]
    assert "3 more have come to their stage since." in pipeline_page(pipeline.totals(many), many[:2], now=MONDAY, zone="UTC", locale="en_IE")
    assert pipeline_page([], [], now=MONDAY, zone="UTC", locale="en_IE") == "# Pipeline\n\nThere is no open deal."
