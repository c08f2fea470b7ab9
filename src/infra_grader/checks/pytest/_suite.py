"""Runs an instructor's suite: its process, the learner's behind it, and what is said of each test."""

from __future__ import annotations

import json
import os
import socket
import sys
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import infra_grader
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.proxy import Learner, attend
from infra_grader.capabilities.sandbox import Job, NoReply
from infra_grader.capabilities.test_tools import test_tools
from infra_grader.model.record import Record
from infra_grader.plugin import Context, NotAssessed

AUTHOR = "Tell the author of the rubric."
BLOCK = 65536
SHARE_OF_TIME = 0.9
TOO_LATE = "it was not run to its end"
START = (
    "import sys; sys.path.insert(0, sys.argv[1]); from infra_grader.checks.pytest import _suite_process as s; s.main()"
)
VARIABLES = {"PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}


class Expected(Record):
    """A test of the suite, known before any learner code runs."""

    id: str
    """As pytest names it, with its parameters."""
    function: str
    """The same without them."""
    title: str
    """First line of its docstring, or its name in words."""
    points: float | None
    """What its marker says the function is worth."""


class Ended(Record):
    """How a test ended."""

    end: str
    """passed, failed or skipped."""
    message: str = ""
    """What went wrong, with what was asked and what would be right."""
    hint: str = ""
    """What may be shown of it where those are hidden."""


NEVER = Ended(end="failed", message=TOO_LATE, hint=TOO_LATE)


class SuiteRun(Record):
    """What was said of a suite."""

    expected: tuple[Expected, ...]
    ended: Mapping[str, Ended]

    def end(self, test: Expected) -> Ended:
        """Return how a test ended; one that nothing was said of has failed."""
        return self.ended.get(test.id, NEVER)


class SuiteFacts(Record):
    """What to run."""

    files: tuple[Path, ...]
    """The suite's files."""
    folder: Path
    """The folder that they are named from."""
    modules: Mapping[str, str]
    """Paths in the submission by the names that the suite imports; empty where there is no such file."""
    fresh: str
    trusts_equality: bool
    seed: int


class _Notes:
    """What the suite's process says; it holds no learner code, so it is believed."""

    def __init__(self) -> None:
        self.expected: tuple[Expected, ...] | None = None
        self.ended: dict[str, Ended] = {}
        self.broken = ""
        self.needs_more = ""

    def note(self, message: Mapping[str, Any]) -> None:
        if "broken" in message:
            self.broken = self.broken or str(message["broken"])
        elif "collected" in message:
            self.expected = tuple(
                Expected(id=each["id"], function=each["function"], title=each["title"], points=each["points"])
                for each in message["collected"]
            )
        elif "test" in message:
            self.needs_more = self.needs_more or message["needs_more"]
            self.ended[message["test"]] = Ended(end=message["end"], message=message["message"], hint=message["hint"])


def run_suite(context: Context, facts: SuiteFacts, job: Job) -> SuiteRun:
    """Run a suite against the learner's processes that a job starts.

    Raises `NotAssessed` where the suite cannot be run, whatever the learner did.
    """
    test_tools()  # says how to install pytest where it is missing
    notes = _Notes()
    said = ""
    # A little less than there is, so that what has been heard until then still counts.
    deadline = Deadline(context.deadline.remaining() * SHARE_OF_TIME)
    ours, theirs = socket.socketpair()
    with ours, Learner(context.sandbox, job, deadline) as learner, ThreadPoolExecutor(1) as pool:
        attending = pool.submit(_attend, SocketChannel(ours), learner, deadline, notes)
        try:
            said = _run_pytest(context, facts, theirs, deadline)
            theirs.close()
            attending.result()
        except Overrun:
            if not learner.hung:  # else this machine is slow, or the suite
                raise
        finally:
            theirs.close()
    if notes.broken or notes.expected is None:
        reason = notes.broken or said
        raise NotAssessed(f"The rubric's tests cannot be collected: {_last_line(reason)}", AUTHOR)
    if not notes.expected:
        raise NotAssessed("The rubric's files hold no tests.", AUTHOR)
    if notes.needs_more:
        remedy = f"{AUTHOR} `infra-grader rubric lint` shows what such a suite can do, or say mode: in_process."
        raise NotAssessed(f"The rubric's tests need more than proxies: {notes.needs_more}.", remedy)
    return SuiteRun(expected=notes.expected, ended=notes.ended)


def _attend(channel: SocketChannel, learner: Learner, deadline: Deadline, notes: _Notes) -> None:
    try:
        learner.prepare()  # while the suite's process starts, too
        attend(channel, learner, deadline, notes.note)
    finally:
        channel.close()  # so that the suite's process ends too, whatever happened here


def _run_pytest(context: Context, facts: SuiteFacts, channel: socket.socket, deadline: Deadline) -> str:
    """Run the suite's process to its end and return what it printed."""
    settings = context.command.scratch / "pytest-of-ours.ini"
    settings.write_text("[pytest]\n", encoding="utf-8")
    told = {
        "descriptor": channel.fileno(),
        "settings": os.fspath(settings),
        "folder": os.fspath(facts.folder),
        "files": [os.fspath(file) for file in facts.files],
        "modules": dict(facts.modules),
        "fresh": facts.fresh,
        "trusts_equality": facts.trusts_equality,
        "seed": facts.seed,
    }
    place = os.fspath(Path(infra_grader.__file__).parents[1])
    output = context.command.run(
        [sys.executable, "-I", "-B", "-c", START, place],
        deadline,
        stdin=json.dumps(told).encode(),
        variables=VARIABLES,
        descriptors=(channel.fileno(),),
    )
    return str(output.stderr or output.stdout)


class SocketChannel:
    """Our end of the channel to the suite's process; see `infra_grader.capabilities.sandbox.Channel`."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end

    def send(self, content: bytes, deadline: Deadline) -> None:
        """Send all of it."""
        self._end.settimeout(max(0.01, deadline.remaining()))
        try:
            self._end.sendall(content)
        except TimeoutError:
            deadline.check()
        except OSError as error:
            raise NoReply("the end of the tests") from error

    def receive(self, deadline: Deadline) -> bytes:
        """Return what comes next."""
        self._end.settimeout(max(0.01, deadline.remaining()))
        try:
            content = self._end.recv(BLOCK)
        except TimeoutError:
            deadline.check()
            return b""
        except OSError as error:
            raise NoReply("the end of the tests") from error
        if not content:
            raise NoReply("the end of the tests")
        return content

    def close(self) -> None:
        """End it, for the other side too."""
        try:
            self._end.shutdown(socket.SHUT_RDWR)
        except OSError:  # the other side was faster
            return


def _last_line(text: str) -> str:
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1][:300] if lines else "it gave no reason"
