"""Addresses of reports: one a key, guessed by nobody, gone with the key."""

import pytest

from models import keys, report_links
from models.errors import Missing
from models.tables import ApiKey
from tests.fakes import MONDAY

SECRET = "a test's secret"


def test_each_key_that_may_read_reports_has_an_address_of_its_own(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        for name, scopes in (("director", ["reports:read"]), ("crm", ["deals:read"]), ("books", ["money:read", "reports:read"])):
            keys.add(session, name, scopes, MONDAY)
        found = report_links.everyones(session, SECRET, MONDAY)
        assert [name for name, _ in found] == ["director", "books"]
        paths = [path for _, path in found]
        assert len(set(paths)) == 2
        assert all(path.startswith("/reports/") and len(path) == len("/reports/") + 32 for path in paths)
        assert found == report_links.everyones(session, SECRET, MONDAY)
        assert [path for _, path in report_links.everyones(session, "another secret", MONDAY)] != paths
        for name, path in found:
            assert report_links.find(session, SECRET, path.rpartition("/")[2], MONDAY).name == name


def test_a_revoked_keys_address_and_a_guessed_one_open_nothing(here_sqlite) -> None:
    with here_sqlite.db.writing() as session:
        keys.add(session, "director", ["reports:read"], MONDAY)
        [(_, path)] = report_links.everyones(session, SECRET, MONDAY)
        token = path.rpartition("/")[2]
        keys.revoke(session, "director", MONDAY)
        for wrong in (token, token[:-1], token.upper(), "", "ä", "x" * 32, session.get_one(ApiKey, 1).digest):
            with pytest.raises(Missing):
                report_links.find(session, SECRET, wrong, MONDAY)
        keys.add(session, "director 2", ["reports:read"], MONDAY)
        assert report_links.everyones(session, SECRET, MONDAY)[0][1] != path
