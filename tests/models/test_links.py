"""Links: derived, found by their digest, revoked by the next generation; nothing in the database opens a page."""

from itertools import product

import pytest
from sqlalchemy import text
from sqlmodel import SQLModel

from models import links
from models.db import Database
from models.errors import Missing
from tests.factories import a_deal
from tests.fakes import MONDAY
from tests.models.threads import at_once

SECRET = "a secret"


def token_of(path: str) -> str:
    return path.rpartition("/")[2]


def test_the_same_link_is_handed_out_each_time(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        first = links.hand_out(session, SECRET, "proposal", deal.id, now=MONDAY)
        assert first == links.hand_out(session, SECRET, "proposal", deal.id, now=MONDAY) == links.given(session, SECRET, "proposal", deal.id)
        assert first.startswith("/p/")


def test_a_link_that_was_never_handed_out_is_not_given(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        assert links.given(session, SECRET, "proposal", a_deal(session).id) == ""


def test_every_kind_deal_generation_and_secret_has_a_token_of_its_own() -> None:
    made = [links.token(secret, kind, deal, generation) for secret, kind, deal, generation in product("ab", links.PATHS, (1, 11), (1, 2))]
    assert len(set(made)) == len(made)
    assert all(len(one) == 32 and one.isalnum() and one == one.lower() for one in made)


@pytest.mark.parametrize("kind", links.PATHS)
def test_a_link_opens_its_own_kind_of_page_and_no_other(here_sqlite, kind: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        found = links.find(session, token_of(links.hand_out(session, SECRET, kind, deal.id, now=MONDAY)), kind)
        assert (found.link.deal_id, found.current) == (deal.id, True)
        for other in set(links.PATHS) - {kind}:
            with pytest.raises(Missing):
                links.find(session, token_of(links.given(session, SECRET, kind, deal.id)), other)


@pytest.mark.parametrize("wrong", ["", "a" * 32, "../../etc", "\u202e", "x" * 100_000])
def test_a_token_that_was_never_given_out_opens_nothing(here_sqlite, wrong: str) -> None:
    with here_sqlite.db.writing() as session:
        links.hand_out(session, SECRET, "proposal", a_deal(session).id, now=MONDAY)
        with pytest.raises(Missing, match="not one of ours"):
            links.find(session, wrong, *links.PATHS)


def test_after_revoking_the_old_link_is_known_as_outdated_and_the_next_is_another(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        old = links.hand_out(session, SECRET, "brief", deal.id, now=MONDAY)
        links.revoke(session, "brief", deal.id, now=MONDAY)
        session.flush()
        assert links.given(session, SECRET, "brief", deal.id) == ""
        new = links.hand_out(session, SECRET, "brief", deal.id, now=MONDAY)
        session.flush()
        assert new != old
        assert not links.find(session, token_of(old), "brief").current
        assert links.find(session, token_of(new), "brief").current
        assert links.hand_out(session, SECRET, "brief", deal.id, now=MONDAY) == new


def test_revoking_what_was_never_handed_out_changes_nothing(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        links.revoke(session, "brief", deal.id, now=MONDAY)
        assert links.hand_out(session, SECRET, "brief", deal.id, now=MONDAY)


def test_nothing_in_the_database_equals_a_token(db: Database) -> None:
    with db.writing() as session:
        deal = a_deal(session)
        given = {token_of(links.hand_out(session, SECRET, kind, deal.id, now=MONDAY)) for kind in links.PATHS}
    with db.reading() as session:
        for name in SQLModel.metadata.tables:
            for row in session.execute(text(f'SELECT * FROM "{name}"')):
                assert not [one for one in given if one in repr(tuple(row))]


def test_eight_who_hand_out_the_same_link_at_once_hand_out_one(db: Database) -> None:
    with db.writing() as session:
        deal_id = a_deal(session).id

    def act(_: int) -> str:
        with db.writing() as session:
            return links.hand_out(session, SECRET, "proposal", deal_id, now=MONDAY)

    assert len(set(at_once(8, act))) == 1


def test_pages_of_clients_and_pages_of_staff_are_different_kinds() -> None:
    assert set(links.PATHS) > links.STAFF
    assert {"brief", "proposal", "qualify", "comeback", "unsubscribe"}.isdisjoint(links.STAFF)
