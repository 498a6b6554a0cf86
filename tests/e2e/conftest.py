"""One system for the tests that only use it; tests that kill parts start their own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.client import Someone
from tests.e2e.system import System, patience

GROUPS = {"bad_days": "bad days", "money": "the money", "delivery": "the delivery", "after": "the time after", "demo": "the demo", "recovery": "the recovery", "test_up": "the recovery"}
"""Files whose tests go one after another beside the others': those of a group share a system."""


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups, whichever folder is asked for
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/e2e/" in str(item.path):
            item.add_marker(pytest.mark.engine)
            group = next((group for part, group in GROUPS.items() if part in item.path.name), "the sale")
            item.add_marker(pytest.mark.xdist_group(group))
            item.add_marker(pytest.mark.timeout(600 * patience()))


SHARED: list[System] = []


@pytest.fixture(scope="session")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    one = System(tmp_path_factory.mktemp("system"))
    SHARED.append(one)
    try:
        one.start()
        yield one
    finally:
        one.stop()


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Who rested gets up for the next tests."""
    for one in SHARED:
        if not one.running and "system" in item.fixturenames:
            one.start()


def pytest_runtest_teardown(nextitem: pytest.Item | None) -> None:
    """Nothing runs idle beside the thousands of tests that need no system."""
    if nextitem is None or nextitem.path.parent != Path(__file__).parent:
        for one in SHARED:
            one.rest()


@pytest.fixture
def someone(system: System) -> Someone:
    return Someone(system)
