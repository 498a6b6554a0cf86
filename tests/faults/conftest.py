"""Deaths beside the other engine tests: a system of their own, a group of their own."""

import pytest


@pytest.hookimpl(tryfirst=True)  # before xdist reads the groups
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.name == "test_faults.py":
            item.add_marker(pytest.mark.engine)
            item.add_marker(pytest.mark.xdist_group("deaths"))
            item.add_marker(pytest.mark.timeout(600))
