"""The three tracks: every pair of places, legal or refused; each move leaves a row."""

from itertools import product

import pytest
from sqlmodel import select

from models.db import Database
from models.errors import Refused
from models.tables import Deal, Move
from models.tracks import CASH, SALES, WORK, Cash, Sales, Work, is_legal, is_open, move, track_of
from tests.factories import a_deal, a_fact
from tests.fakes import MONDAY

TABLES = {Sales: SALES, Work: WORK, Cash: CASH}
PLACES = [*Sales, *Work, *Cash]


def test_every_place_of_every_track_has_its_line_in_the_table() -> None:
    for places, table in TABLES.items():
        assert set(table) == set(places)
        assert set().union(*table.values()) <= set(places)


@pytest.mark.parametrize("places", TABLES)
def test_every_place_can_be_reached_from_the_first(places) -> None:
    first, table = next(iter(places)), TABLES[places]
    reached, todo = set(), [first]
    while todo:
        at = todo.pop()
        if at not in reached:
            reached.add(at)
            todo += table[at]
    assert reached == set(places)


def test_a_move_is_legal_when_its_own_table_says_so_and_never_across_tracks() -> None:
    for was, to in product(PLACES, PLACES):
        assert is_legal(was, to) == (type(was) is type(to) and to in TABLES[type(was)][was])


def test_every_move_of_every_track_is_made_with_its_row_or_refused_without_a_trace(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        for was, to in product(PLACES, PLACES):
            if type(was) is not type(to) or was == to:
                continue
            setattr(deal, track_of(was), was.value)
            before = len(session.exec(select(Move)).all())
            if to in TABLES[type(was)][was]:
                fact = a_fact(session, deal)
                assert move(session, deal, to, why="told so", fact=fact, now=MONDAY)
                row = session.exec(select(Move).order_by(Move.id.desc())).first()
                assert (row.track, row.was, row.to, row.why, row.fact_id, row.at) == (track_of(to), was, to, "told so", fact.id, MONDAY)
                assert getattr(deal, track_of(to)) == to
            else:
                with pytest.raises(Refused, match="cannot go"):
                    move(session, deal, to, why="told so", fact=None, now=MONDAY)
                assert getattr(deal, track_of(to)) == was
                assert len(session.exec(select(Move)).all()) == before


@pytest.mark.parametrize("place", PLACES)
def test_a_move_to_where_the_deal_stands_changes_nothing(here_sqlite, place) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session, **{track_of(place): place})
        assert not move(session, deal, place, why="again", fact=None, now=MONDAY)
        assert session.exec(select(Move)).all() == []


def test_a_closed_deal_comes_back_to_its_brief_and_nowhere_else() -> None:
    assert SALES[Sales.LOST] == SALES[Sales.DECLINED] == {Sales.BRIEFING}


def test_a_deal_is_open_until_it_is_closed_or_everything_is_done() -> None:
    for sales, work, money in product(Sales, Work, Cash):
        deal = Deal(client_id=1, service="shop", currency="EUR", locale="en", opened_at=MONDAY, sales=sales, work=work, money=money)
        over = (sales, work, money) == (Sales.WON, Work.HANDED_OVER, Cash.PAID)
        assert is_open(deal) == (sales not in {Sales.LOST, Sales.DECLINED} and work != Work.CANCELLED and not over)


def test_a_refused_move_rolls_back_with_its_transaction(db: Database) -> None:
    with db.writing() as session:
        deal_id = a_deal(session, sales=Sales.WON).id
    with pytest.raises(Refused), db.writing() as session:
        deal = session.get_one(Deal, deal_id)
        deal.message = "changed"
        move(session, deal, Sales.LOST, why="no", fact=None, now=MONDAY)
    with db.reading() as session:
        assert session.get_one(Deal, deal_id).message != "changed"
