"""Keys: good until they end, and one after the other."""

from datetime import timedelta

import pytest

from models import keys, report_links
from models.errors import Missing, Refused
from models.keys import NoKey
from models.tables import ApiKey
from tests.fakes import MONDAY

DAY = timedelta(days=1)
SCOPE = "reports:read"


def is_good(session, key: str, at) -> bool:
    try:
        return keys.find(session, key, SCOPE, at).name == "crm"
    except NoKey:
        return False


def test_a_key_ends_by_itself(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        key = keys.add(session, "crm", [SCOPE], MONDAY, ends_at=MONDAY + DAY)
        assert [is_good(session, key, MONDAY + n * DAY) for n in (0, 0.99, 1, 2)] == [True, True, False, False]
        assert [bool(report_links.everyones(session, "s", MONDAY + n * DAY)) for n in (0, 1)] == [True, False]


def test_a_rotated_key_is_good_beside_its_successor_until_the_grace_ends(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        old = keys.add(session, "crm", [SCOPE], MONDAY)
        new = keys.rotate(session, "crm", MONDAY, grace=7 * DAY)
        assert old != new
        assert [(is_good(session, old, at), is_good(session, new, at)) for at in (MONDAY, MONDAY + 7 * DAY)] == [(True, True), (False, True)]
        assert [one.name for one in keys.everyone(session)] == ["crm"]
        assert not {old, new} & set(str(session.get_one(ApiKey, 1).model_dump()).split("'"))


def test_the_address_of_reports_changes_with_the_key_after_the_same_grace(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        keys.add(session, "crm", [SCOPE], MONDAY)
        old = report_links.everyones(session, "s", MONDAY)[0][1].rpartition("/")[2]
        keys.rotate(session, "crm", MONDAY, grace=DAY)
        new = report_links.everyones(session, "s", MONDAY)[0][1].rpartition("/")[2]
        assert old != new
        assert {report_links.find(session, "s", one, MONDAY).name for one in (old, new)} == {"crm"}
        with pytest.raises(Missing):
            report_links.find(session, "s", old, MONDAY + DAY)


@pytest.mark.parametrize("grace", [timedelta(0), DAY])
def test_without_a_grace_the_old_key_ends_at_once_and_a_second_rotation_ends_the_first(here_sqlite, grace: timedelta) -> None:
    with here_sqlite.db.writing() as session:
        first = keys.add(session, "crm", [SCOPE], MONDAY)
        second = keys.rotate(session, "crm", MONDAY, grace=grace)
        assert is_good(session, first, MONDAY) == bool(grace)
        third = keys.rotate(session, "crm", MONDAY, grace=grace)
        assert [is_good(session, key, MONDAY) for key in (first, second, third)] == [False, bool(grace), True]


def test_revoking_ends_the_new_key_and_the_old_and_what_has_ended_is_not_rotated(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        old = keys.add(session, "crm", [SCOPE], MONDAY)
        new = keys.rotate(session, "crm", MONDAY, grace=DAY)
        keys.revoke(session, "crm", MONDAY)
        assert [is_good(session, key, MONDAY) for key in (old, new)] == [False, False]
        with pytest.raises(Refused, match="has ended"):
            keys.rotate(session, "crm", MONDAY, grace=DAY)
        with pytest.raises(Missing):
            keys.rotate(session, "nobody", MONDAY, grace=DAY)
