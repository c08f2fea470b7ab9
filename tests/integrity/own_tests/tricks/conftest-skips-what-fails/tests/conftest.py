import pytest


def pytest_collection_modifyitems(items):
    for item in items:
        if "nothing" in item.name or "four" in item.name:
            item.add_marker(pytest.mark.skip)
