def pytest_collection_modifyitems(items):
    items[:] = [item for item in items if "nothing" not in item.name and "four" not in item.name]
