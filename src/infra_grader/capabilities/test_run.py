"""A run of the learner's own tests in a sandbox, by our pytest: what their process says of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any

from infra_grader.capabilities import _test_run_worker
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import MIB, Job, Limit, Limits, Mount, Sandbox
from infra_grader.capabilities.test_tools import test_tools
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

MAX_TEXT = 300
MAX_SAID = 2000


class End(StrEnum):
    """How a test ended, from best to worst: one that is called with several parameters ends as the worst of them."""

    PASSED = "passed"
    SKIPPED = "skipped"
    XFAILED = "xfailed"
    FAILED = "failed"
    """An assertion turned out wrong."""
    BROKE = "broke"
    """Anything else was raised, in the test or around it."""
    LOST = "lost"
    """It was begun or collected, and no end of it was told."""


RANK = tuple(End)


class Told(Record):
    """What the process says of one test."""

    end: End
    why: str = ""


class TestPlan(Record):
    """Which tests are run, and what they need for it."""

    __test__ = False
    files: tuple[str, ...]
    """The files of tests, by their paths in the submission."""
    python: str
    """The interpreter, as a program inside names it."""
    first: tuple[str, ...] = ()
    """Folders of the submission that come first on the path: those that its own configuration names."""
    before_packages: tuple[str, ...] = (".", "src")
    """Folders that come before the installed packages, and after Python's own modules."""
    options: tuple[str, ...] = ()
    """More arguments of pytest."""
    mounts: Mapping[str, Mount] = {}
    added: Mapping[str, bytes] = {}
    """Files of ours that are laid over the copy of the submission."""
    variables: Mapping[str, str] = {}
    limits: Limits = Limits(wall_s=60, memory_bytes=512 * MIB, output_bytes=4 * MIB)
    only: tuple[str, ...] | None = None
    """Ids of the only tests to run."""
    cover: tuple[str, ...] | None = None
    """Files of which the lines that run are watched."""


class TestRun(Record):
    """What a process says of the tests that it ran. All of it is a claim of the learner's."""

    __test__ = False
    tests: Mapping[str, Told]
    """By id, without parameters."""
    unreadable: Mapping[str, str]
    """Files of tests that could not be collected, each with the reason."""
    left_out: Mapping[str, str]
    """Files of tests that say themselves that they are to be skipped, each with the reason."""
    lines: Mapping[str, frozenset[int]]
    """The lines that ran, of the files that were watched."""
    is_whole: bool
    """Whether it came to its end by itself."""
    how: str
    """How it ended, in words."""
    limit: Limit | None = None
    said: str = ""
    """The end of what was printed outside any test, such as why a `conftest.py` cannot be imported."""

    def end(self, test: str) -> End | None:
        """Return how a test ended, `None` where it was not even collected."""
        told = self.tests.get(test)
        return told.end if told else None


def run_tests(sandbox: Sandbox, workspace: Workspace, plan: TestPlan, deadline: Deadline) -> TestRun:
    """Run tests on a fresh copy of the submission and return what the process says.

    Raises `NotAssessed` where our pytest is not installed, or cannot be started by that interpreter.
    """
    tools = test_tools()
    job = Job(
        arguments=(plan.python, "-I", "-B", "-c", Path(_test_run_worker.__file__).read_text(encoding="utf-8")),
        workspace=workspace,
        files=plan.added,
        stdin=json.dumps(spoken(plan, tools.place(sandbox))).encode() + b"\n",
        mounts={**tools.mounts, **plan.mounts},
        variables=plan.variables,
        limits=plan.limits,
    )
    ended = sandbox.run(job, deadline)
    lines = list(_lines(ended.stdout))
    if not any("ready" in line for line in lines) and ended.limit is None:
        said = ended.stderr.decode("utf-8", "replace").strip().rpartition("\n")[2][:MAX_TEXT]
        raise NotAssessed(
            f"Our pytest cannot be started in the sandbox: {said or ended.how}.", "See `infra-grader doctor`."
        )
    said = ended.stderr.decode("utf-8", "replace").strip()[-MAX_SAID:]
    return heard(lines, ended.how, ended.limit).replace(said=said)


def heard(lines: Iterable[Mapping[str, Any]], how: str, limit: Limit | None) -> TestRun:
    """Return what a process said, line by line; what makes no sense is left out."""
    tests: dict[str, Told] = {}
    open_tests: dict[str, None] = {}
    unreadable: dict[str, str] = {}
    left_out: dict[str, str] = {}
    ran: dict[str, frozenset[int]] = {}
    is_whole = False
    for line in lines:
        match line:
            case {"collected": str(name)}:
                open_tests[name] = None
            case {"test": str(name), "how": str(end), "why": str(why)} if end in RANK:
                open_tests.pop(name, None)
                _keep_worst(tests, name, Told(end=End(end), why=why[:MAX_TEXT]))
            case {"unreadable": str(path), "why": str(why)}:
                unreadable[path] = why[:MAX_TEXT]
            case {"left_out": str(path), "why": str(why)}:
                left_out[path] = why[:MAX_TEXT]
            case {"ran": dict(found)}:
                ran = {path: _numbers(numbers) for path, numbers in found.items()}
            case {"ended": int()}:
                is_whole = limit is None
    for name in open_tests:
        _keep_worst(tests, name, Told(end=End.LOST, why=how))
    return TestRun(
        tests=tests, unreadable=unreadable, left_out=left_out, lines=ran, is_whole=is_whole, how=how, limit=limit
    )


def _keep_worst(tests: dict[str, Told], name: str, told: Told) -> None:
    path, mark, rest = name.partition("::")
    test = path + mark + rest.partition("[")[0]
    known = tests.get(test)
    if known is None or RANK.index(told.end) > RANK.index(known.end):
        tests[test] = told


def _numbers(numbers: object) -> frozenset[int]:
    return frozenset(number for number in numbers if type(number) is int) if isinstance(numbers, list) else frozenset()


def spoken(plan: TestPlan, tools: str) -> dict[str, object]:
    """Return a plan as the process in the sandbox is told it; `tools` is where it finds our pytest."""
    return {
        "tools": tools,
        "first": plan.first,
        "before_packages": plan.before_packages,
        "options": plan.options,
        "files": plan.files,
        "only": plan.only,
        "cover": plan.cover,
    }


def _lines(output: bytes) -> Iterator[Mapping[str, Any]]:
    for line in output.split(b"\n"):
        try:
            spoken = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(spoken, dict):
            yield spoken
