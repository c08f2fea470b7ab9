import os


def pytest_sessionstart():
    while True:
        os.write(2, b"x" * 65536)
