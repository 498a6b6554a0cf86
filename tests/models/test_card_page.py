"""The card as an operator reads it: whose move, where it stands, what it is worth, its papers, and all that happened in one timeline."""

import re
from datetime import timedelta

from sqlmodel import Session

from models import effects, links
from models.card_page import MOST_LINES, card_page
from models.cash_answers import PaymentPromised
from models.deal_card import DealCard, deal_card, without_link
from models.deal_history import timeline, times_of
from models.effects import EffectState
from models.stages import RunState, Stage
from models.tables import Deal, Move
from models.tracks import Sales, Work
from models.tracks import move as moved
from tests.factories import a_client, a_deal, a_fact, a_payment, a_run, a_signed_deal, a_wait, an_invoice
from tests.fakes import MONDAY
from tests.models.test_markdown import NASTY
from tests.studio import the_company
from tests.tasks.places import PLACES, at

HOUR, DAY = timedelta(hours=1), timedelta(days=1)


def card_of(here, session: Session, deal: Deal, **values) -> DealCard:
    session.flush()
    return DealCard.model_validate(deal_card(session, the_company(), here.settings, here.secret, deal.id, MONDAY, **values))


def page(here, session: Session, deal: Deal) -> str:
    return card_page(card_of(here, session, deal), zone="Europe/Dublin", locale="en_IE")


def tables(shown: str) -> list[list[str]]:
    return [part.split("\n") for part in shown.split("\n\n") if part.startswith("|")]


def columns(line: str) -> int:
    return line.replace("\\\\", "").replace("\\|", "").count("|")


def test_a_deal_at_any_place_has_a_card_whose_tables_hold(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        for place in PLACES:
            deal = at(session, place)
            shown = page(here_sqlite, session, deal)
            assert shown.startswith(f"# Deal {deal.id} · Acme\n\n**"), place
            assert tables(shown)
            for rows in tables(shown):
                assert {columns(line) for line in rows} == {columns(rows[0])}, (place, rows)


def test_whatever_a_client_writes_stays_in_its_cell(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        a_fact(session, deal, payload={"text": "x"})
        a_run(session, Stage.INTAKE, deal, state=RunState.FAILED)
        effects.skip(session, effects.plan(session, "deal/1/mail", "mail", deal_id=deal.id, what="welcome", now=MONDAY), "x", now=MONDAY)
        moved(session, deal, Sales.BRIEFING, why="x", fact=None, now=MONDAY)
        card = card_of(here_sqlite, session, deal)
    for text in NASTY:
        told = card.model_copy(deep=True, update={"message": text})
        told.client.name = told.client.company = told.client.email = told.facts[0].actor = told.facts[0].kind = text
        told.facts[0].payload["text"] = told.runs[0].why = told.effects[0].said = told.effects[0].what = told.moves[0].why = text
        shown = card_page(told, zone="UTC", locale="en_IE")
        assert not re.search(r"<(?!br>)|(?<!\\)\]\(h|(?<!\\)!\[|\n#+ (?!Where|What|Time|Runs|Timeline)", shown), text
        assert [len({columns(line) for line in rows}) for rows in tables(shown)] == [1] * len(tables(shown)), text


def test_facts_moves_and_effects_are_one_timeline_the_newest_first(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        fact = a_fact(session, deal, "brief.sent", at=MONDAY + HOUR, payload={"text": "Please hurry", "code": "123456"})
        moved(session, deal, Sales.BRIEFING, why="the intake is done", fact=None, now=MONDAY)
        moved(session, deal, Sales.ESTIMATING, why="the brief came", fact=fact, now=MONDAY + 2 * HOUR)
        effect = effects.plan(session, "deal/1/brief/mail", "mail", deal_id=deal.id, what="brief-invitation", now=MONDAY)
        effects.claim(session, effect, "worker", now=MONDAY)
        effects.settle(session, effect, EffectState.FAILED, said="550 no such user", now=MONDAY + 3 * HOUR)
        card = card_of(here_sqlite, session, deal)
    assert [(line.sort, line.what, line.more) for line in timeline(card)] == [
        ("effect", "brief-invitation: **failed**", "550 no such user<br>`deal/1/brief/mail`"), ("move", "sales: briefing → **estimating**", "the brief came"),
        ("fact", "**brief.sent**", "Please hurry"), ("move", "sales: received → **briefing**", "the intake is done"),
    ]  # fmt: skip
    assert "123456" not in card_page(card, zone="UTC", locale="en_IE"), "only words are told"


def test_time_in_each_stage_is_told_from_the_moves(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, work=Work.MATERIALS.value, sales=Sales.WON)
        for track, was, to, after in (
            ("sales", "received", "briefing", HOUR),
            ("sales", "briefing", "estimating", 3 * DAY),
            ("work", "none", "kickoff", 5 * DAY),
        ):
            session.add(Move(deal_id=deal.id, track=track, was=was, to=to, at=MONDAY + after, why=""))
        card = card_of(here_sqlite, session, deal)
        shown = card_page(card, zone="Europe/Dublin", locale="en_IE")
    assert [(one.track, one.place, one.until and one.until - one.since) for one in times_of(card)] == [
        ("sales", "received", HOUR), ("sales", "briefing", 3 * DAY - HOUR), ("sales", "estimating", None), ("work", "kickoff", None),
    ]  # fmt: skip
    assert "| sales | briefing | 2026-03-02 11:00 | 2026-03-05 10:00 | 2 d 23 h |" in shown


def test_money_papers_and_the_open_question_are_told_with_links_for_staff_alone(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal)
        a_payment(session, invoice, 100_000)
        a_wait(session, deal, PaymentPromised, stage=Stage.PAYMENT, what="the client's payment", deadline=MONDAY + 7 * DAY)
        own = [links.hand_out(session, here_sqlite.secret, kind, deal.id, now=MONDAY) for kind in ("proposal", "contract", f"invoice:{invoice.id}")]
        shown = page(here_sqlite, session, deal)
    assert "**The client's move.** The client's payment. Until 2026-03-09 10:00." in shown
    assert "| €9,000.00 | €7,959.70 | €9,790.43 | €9,790.43 | €4,895.23 | €3,895.23 |" in shown
    assert f"[invoice {invoice.number}](https://office.example/i/" in shown
    assert "[contract v1](https://office.example/c/" in shown
    assert f"[all runs](/runs?tag=deal:{deal.id})" in shown
    assert not [path for path in own if path in shown]


def test_a_failed_run_leads_to_its_page_and_an_address_that_bounces_is_told(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, client=a_client(session, bounced_at=MONDAY), held_since=MONDAY)
        a_run(session, Stage.BRIEF, deal, state=RunState.FAILED, flow_run_id="0-0-0").why = "Refused: no rate for <b>."
        shown = page(here_sqlite, session, deal)
    assert (
        "**The studio's move.** The stage brief failed: Refused: no rate for &lt;b&gt;. [Open the run](/runs/flow-run/0-0-0) and press Retry."
        in shown
    )
    assert "**Letters to this address come back.**" in shown


def test_a_long_story_is_cut_at_its_beginning(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        for number in range(MOST_LINES + 3):
            a_fact(session, deal, at=MONDAY + number * HOUR, payload={"text": f"note {number}"})
        shown = page(here_sqlite, session, deal)
    assert f"note {MOST_LINES + 2} |" in shown
    assert "note 2 |" not in shown
    assert f"3 earlier lines: `./studio deal {deal.id}`" in shown


def test_a_card_that_is_only_read_hands_no_link_out_and_says_which_it_lacks(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_signed_deal(session)
        invoice = an_invoice(session, deal)
    with here_sqlite.db.reading() as session:
        lacking = without_link(card_of(here_sqlite, session, deal, reads_only=True))
        assert not session.new
    assert {"brief-read", "estimate-staff", "proposal-staff", "contract-staff", f"invoice-staff:{invoice.id}"} == set(lacking)
    with here_sqlite.db.writing() as session:
        assert without_link(card_of(here_sqlite, session, deal)) == []
    with here_sqlite.db.reading() as session:
        assert without_link(card_of(here_sqlite, session, deal, reads_only=True)) == []
