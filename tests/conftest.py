"""What holds for every test."""

import re
import signal
import threading
from pathlib import Path

import cluster
import docker  # noqa: F401 - by one thread: it hides a warning of urllib3's meanwhile, and warnings are errors here
import pytest

LOOKS_AT_CLUSTER = re.compile(r"tests/cluster/|kubernetes|helm/install|test_rubrics.*\[(project-)?0[25]-")


def pytest_configure() -> None:
    """Let Ctrl-C reach the programs that tests start, also where the tests run in the background of a shell.

    A shell without job control ignores it for what it starts with `&`, and programs inherit that.
    """
    is_ignored = signal.getsignal(signal.SIGINT) is signal.SIG_IGN
    if is_ignored and threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what looks at the cluster. There it takes turns, so that several workers would wait for each other.

    Of tests that are shared out in their order one worker gets these, while the others do what needs a processor.
    """
    items.sort(key=lambda item: not LOOKS_AT_CLUSTER.search(item.nodeid))


@pytest.fixture(scope="session")
def kubeconfig() -> Path:
    """Return the configuration of the cluster that the tests run on; without one they are skipped, in CI they fail."""
    return cluster.kubeconfig()
