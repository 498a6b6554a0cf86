"""Documents: every save is the next version; what was frozen stays so."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import documents
from models.db import Database
from models.tables import Deal
from tests.factories import a_deal
from tests.fakes import MONDAY
from tests.models.threads import at_once

JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner), max_leaves=8)


def save(session, deal: Deal, kind: str = "proposal", **body) -> documents.Document:
    return documents.add_version(session, deal, kind, body, made_by="system", now=MONDAY)


def test_versions_count_up_and_only_the_newest_is_live(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        made = [save(session, deal, n=number) for number in range(3)]
        assert [(one.version, one.state) for one in made] == [(1, "superseded"), (2, "superseded"), (3, "live")]
        assert documents.latest(session, deal.id, "proposal") is made[2]
        assert documents.version(session, deal.id, "proposal", 2) is made[1]
        assert documents.version(session, deal.id, "proposal", 4) is None
        assert documents.next_version(session, deal.id, "proposal") == 4
        assert documents.all_of(session, deal.id) == made


@pytest.mark.parametrize("state", ["frozen", "declined", "void"])
def test_a_version_that_has_ended_stays_what_it_was(here_sqlite, state: str) -> None:
    with here_sqlite.db.writing() as session:
        deal = a_deal(session)
        first = save(session, deal)
        first.state = state
        assert save(session, deal).version == 2
        assert first.state == state


def test_kinds_and_deals_count_for_themselves(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        one, other = a_deal(session), a_deal(session)
        assert [save(session, deal, kind).version for deal in (one, other) for kind in ("brief", "estimate")] == [1, 1, 1, 1]
        assert documents.latest(session, one.id, "proposal") is None


def test_eight_saves_at_once_are_eight_versions(db: Database) -> None:
    with db.writing() as session:
        deal_id = a_deal(session).id

    def act(number: int) -> int:
        with db.writing() as session:
            return save(session, session.get_one(Deal, deal_id), n=number).version

    assert sorted(at_once(8, act)) == list(range(1, 9))
    with db.reading() as session:
        assert [one.state for one in documents.all_of(session, deal_id)].count("live") == 1


@settings(max_examples=40)
@given(body=st.dictionaries(st.text(), JSON))
def test_a_fingerprint_does_not_hang_on_the_order_of_keys(body: dict) -> None:
    assert documents.fingerprint(body) == documents.fingerprint(dict(reversed(body.items())))


@pytest.mark.parametrize("other", [{}, {"a": 2, "b": [1]}, {"a": 1, "b": [2]}, {"a": "1", "b": [1]}, {"a": 1, "b": [1], "c": None}, {"a": 1, "B": [1]}])
def test_any_change_changes_the_fingerprint(other: dict) -> None:
    assert documents.fingerprint({"a": 1, "b": [1]}) != documents.fingerprint(other)
