"""The process in which an instructor's suite runs: pytest, the suite, and proxies. No learner code comes here.

It is started by `_suite.run_suite`, reads what to do from its standard input, and talks to the grader over a
descriptor: questions for the learner's process, and messages without an `op`:

    {"broken": text}                    the suite cannot be collected
    {"collected": [{id, function, title, points, skipped}]}    before any learner code runs
    {"test": id, "end": passed | failed | skipped, "message", "hint", "needs_more"}
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Generator, Iterator
from types import ModuleType
from typing import Any

import pytest

from infra_grader.capabilities.proxy_channel import Asker
from infra_grader.capabilities.proxy_import import Bound, install
from infra_grader.capabilities.proxy_session import Raised

MAX_MESSAGE = 800
POINTS = "points"


def main() -> None:
    """Run the suite that standard input describes."""
    facts = json.load(sys.stdin)
    asker = Asker(os.dup(facts["descriptor"]), facts["descriptor"])
    session = install(asker.ask, facts["modules"], trusts_equality=facts["trusts_equality"])
    plugin = Plugin(asker, Bound(session), facts)
    folder = facts["folder"]
    options = ["-c", facts["settings"], "--rootdir", folder, "--confcutdir", folder]
    options += ["-p", "no:cacheprovider", "-q", "--tb=no"]
    options += ["-p", "no:unraisableexception"]  # collects all garbage several times in the end
    # Not by their marks, but by us: a test that is expected to fail is refused before, and one is no less a failure.
    pytest.main([*options, "--runxfail", *facts["files"]], plugins=[plugin])
    asker.tell({"done": True})
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # what Python does at its end takes longer than most suites


class Plugin:
    """Tells the grader what there is and how each test ended; begins and ends the learner's processes."""

    def __init__(self, asker: Asker, bound: Bound, facts: dict[str, Any]) -> None:
        self._asker = asker
        self._bound = bound
        self._session = bound.session
        self._folder = os.path.join(facts["folder"], "")
        self._seed = facts["seed"]
        self._is_fresh_by_test = facts["fresh"] == "test"
        self._module: object = None
        self._told: dict[str, Any] = {}

    def pytest_configure(self, config: pytest.Config) -> None:
        """Make the marker of points known."""
        config.addinivalue_line(
            "markers", f"{POINTS}(n): what the test function is worth beside the others, 1 if unsaid"
        )

    @pytest.fixture
    def seed(self, request: pytest.FixtureRequest) -> str:
        """Give what this test's random inputs start from."""
        return f"{self._seed} {request.node.nodeid}"

    @pytest.fixture
    def draw(self, seed: str) -> random.Random:
        """Give a source of random inputs: other ones in each grading, the same ones for the same seed."""
        return random.Random(seed)  # noqa: S311 - the seed is recorded so that a score can be explained

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """Tell of a file that cannot be collected."""
        if report.failed:
            self._asker.tell({"broken": str(report.longrepr)[-MAX_MESSAGE:]})

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Tell which tests there are."""
        self._asker.tell({"collected": [_described(item) for item in session.items]})

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_protocol(self, item: pytest.Item) -> Generator[None, object, object]:
        """Run a test with a learner's process of its own, or with that of its file."""
        module = item.getparent(pytest.Module)
        if self._is_fresh_by_test or module is not self._module or self._session.lost:
            self._session.begin()
        self._session.needs_more = ""
        self._module = module
        self._told = {"test": item.nodeid, "end": "", "message": "", "hint": ""}
        self._bound.bind(self._modules())
        try:
            return (yield)
        finally:
            self._bound.release()
            self._tell()

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(
        self, item: pytest.Item, call: pytest.CallInfo[None]
    ) -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """Note how a phase of a test ended."""
        report = yield
        if call.excinfo is None:
            if report.when == "call" and not self._told["end"]:
                self._told["end"] = "passed"
        elif report.skipped and report.when == "setup" and _is_skipped(item):
            self._told["end"] = "skipped"
        elif self._told["end"] != "failed":
            self._told |= {"end": "failed", "message": _message(call.excinfo), "hint": _hint(call.excinfo.value)}
        return report

    def _tell(self) -> None:
        if self._session.lost:  # whatever the suite made of it
            self._told |= {"end": "failed", "message": self._session.lost, "hint": self._session.hint}
        self._asker.tell({**self._told, "end": self._told["end"] or "failed", "needs_more": self._session.needs_more})

    def _modules(self) -> Iterator[ModuleType]:
        """Yield the suite's own modules, in which learners' names are bound."""
        for module in list(sys.modules.values()):
            if (getattr(module, "__file__", None) or "").startswith(self._folder):
                yield module


def _described(item: pytest.Item) -> dict[str, Any]:
    marker = item.get_closest_marker(POINTS)
    function = item.nodeid.partition("[")[0]
    name = function.rpartition("::")[2]
    text = (getattr(getattr(item, "obj", None), "__doc__", None) or "").strip().partition("\n")[0]
    points = marker.args[0] if marker and marker.args else None
    title = text or name.removeprefix("test_").replace("_", " ")
    return {"id": item.nodeid, "function": function, "title": title, "points": points}


def _is_skipped(item: pytest.Item) -> bool:
    """Whether the suite itself marks a test as one to skip, which no learner code can bring about."""
    return any(item.iter_markers(name="skip")) or any(item.iter_markers(name="skipif"))


def _message(info: pytest.ExceptionInfo[BaseException]) -> str:
    return info.exconly(tryshort=True).removeprefix("AssertionError: ")[:MAX_MESSAGE]


def _hint(error: BaseException) -> str:
    """Return what can be shown of a failure without what was asked: that the learner's code raised something."""
    if not isinstance(error, Raised):
        return ""
    name = next((kind.__name__ for kind in type(error).__mro__[1:] if kind.__module__ == "builtins"), "an exception")
    return f"your code raised {name}"
