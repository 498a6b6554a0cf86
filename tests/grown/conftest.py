"""The slow part of the suite: the grown system, in a group of its own beside the others."""

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "/tests/grown/" in str(item.path):
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.xdist_group("the grown system"))
            item.add_marker(pytest.mark.timeout(600))
