import os


def pytest_collection_finish():
    for descriptor in range(3, 40):
        try:
            os.write(descriptor, b"[[[[\n\x00\xff")
        except OSError:
            continue
