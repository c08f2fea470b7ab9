"""Tests in a process that holds no learner code: they import proxies, which ask the learner's process in a sandbox.

Three processes: the suite's imports proxies (`proxy_import.install`) and asks the grader; the grader passes each
question to the learner's, where the code is (`proxy_worker`), and the answer back. How a family uses it:

1. In the grader, `Learner(sandbox, job_for(sandbox, workspace=..., limits=...), deadline)` holds the learner's process:
   a new one whenever the suite begins a test, started when it is first asked; behind a wall it is forked where the one
   before has left nothing (`proxy_nursery`). Other code than the submission's, such as a planted fault, is a job with
   other `files`.
2. In the grader, `attend(channel, learner, deadline, note)` answers what comes over a channel until it ends; messages
   without an `op`, such as what the suite says of its tests, go to `note`.
3. In the suite's process:

       asker = proxy_channel.Asker(reading, writing)
       session = proxy_import.install(asker.ask, {"calc": "src/calc.py"})  # before the tests are imported
       bound = proxy_import.Bound(session)
       ...                                      # collect the tests: nothing is asked yet
       session.begin()                          # before each test: a new process
       bound.bind(modules_of_the_tests)         # `from calc import LIMIT` becomes the plain value
       ...                                      # run the test
       bound.release()
       asker.tell({"test": "...", "passed": passed and not session.lost})

   A test has failed where `session.lost` says something, whatever the test itself made of it.
4. Where the suite's process is a sandbox of its own (a learner's tests), hand it `suite_text(your_module)`: the modules
   above and yours, whose `serve()` is called. Its standard input and output are the channel (`Sandbox.attach`), which
   that process can write as it likes: what it says is a claim, except for what `attend` itself saw.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from types import ModuleType
from typing import Any, Self

from infra_grader.capabilities import (
    module_loading,
    plain_coding,
    plain_content,
    proxy_channel,
    proxy_coding,
    proxy_import,
    proxy_nursery,
    proxy_objects,
    proxy_session,
    proxy_worker,
)
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.program_text import program_text
from infra_grader.capabilities.proxy_session import BEGIN, LOST
from infra_grader.capabilities.sandbox import Channel, Dialogue, Job, Limit, Limits, NoReply, Sandbox
from infra_grader.capabilities.workspace import Workspace

MAX_LINE = 16 * 1024 * 1024
"""Bytes of one question of a suite."""
ON_LEARNERS_SIDE = (module_loading, plain_coding, plain_content, proxy_coding, proxy_worker)
ON_SUITE_SIDE = (plain_coding, proxy_coding, proxy_session, proxy_objects, proxy_import, proxy_channel)


def job_for(
    sandbox: Sandbox,
    *,
    workspace: Workspace | None = None,
    files: Mapping[str, bytes] | None = None,
    limits: Limits | None = None,
    python: str = "",
) -> Job:
    """Return the job of a learner's process, whose modules are files of the submission or these files."""
    # Without a wall, the files and processes of this machine change all the time.
    nursery = [proxy_nursery] if sandbox.is_wall else []
    text = program_text(*ON_LEARNERS_SIDE, *nursery)
    return Job(
        arguments=(python or sandbox.python, "-I", "-B", "-c", text),
        workspace=workspace,
        files=files or {},
        limits=limits or Limits(),
    )


def suite_text(module: ModuleType) -> str:
    """Return the program of a suite's process in a sandbox: the proxies, and a module whose `serve` is called."""
    return program_text(*ON_SUITE_SIDE, module)


class Learner:
    """A learner's process behind a suite's proxies, one after another; it ends with the `with` block."""

    def __init__(self, sandbox: Sandbox, job: Job, deadline: Deadline) -> None:
        self._sandbox = sandbox
        self._job = job
        self._deadline = deadline
        self._open = ExitStack()
        self._dialogue: Dialogue | None = None
        self._lost = ""
        self._asked = 0
        self._is_used = False
        self.hung = 0
        """How many answers did not come within their time."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._open.close()

    def prepare(self) -> Dialogue:
        """Start a process, unless there is one: at once, where it will be wanted later. Raises as `answer` does."""
        if self._dialogue is None:
            self._dialogue = self._open.enter_context(self._sandbox.converse(self._job, self._deadline))
        return self._dialogue

    def answer(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the learner's answer to a question, or why there is none.

        Raises `Overrun` when the check's own time is up, `NotAssessed` if the sandbox cannot be used.
        """
        if question.get("op") == BEGIN:
            self._begin()
            return {}
        if self._lost:
            return {LOST: self._lost}
        self._is_used = True
        try:
            return self._ask(self.prepare(), question)
        except NoReply as error:
            self.hung += error.limit == Limit.TIME
            self._lost = (
                f"your code was ended: {error.limit}"
                if error.limit is not None
                else f"instead of an answer from your code there was {error.reason}"
            )
            return {LOST: self._lost}

    def _begin(self) -> None:
        """Take another process: of the same sandbox where it has one, which finds nothing of the one before."""
        if not self._is_used:
            return
        self._is_used = False
        if self._dialogue is not None and not self._lost:
            try:
                if self._ask(self._dialogue, {"op": BEGIN}).get("value") is True:
                    return
            except NoReply:  # it has ended in the meantime
                pass
        self._open.close()
        self._dialogue, self._lost = None, ""

    def _ask(self, dialogue: Dialogue, question: Mapping[str, Any]) -> Mapping[str, Any]:
        self._asked += 1
        return dialogue.ask({**question, "id": self._asked}, self._deadline)


def attend(channel: Channel, learner: Learner, deadline: Deadline, note: Callable[[Mapping[str, Any]], None]) -> None:
    """Answer a suite's questions and note its messages until the channel ends, or says what is no message."""
    unread = bytearray()
    while True:
        place = unread.find(b"\n")
        if place < 0:
            try:
                unread += channel.receive(deadline)
            except NoReply:
                return
            if len(unread) > MAX_LINE:
                return
            continue
        line = bytes(unread[:place])
        del unread[: place + 1]
        try:
            message = json.loads(line)
        except (ValueError, RecursionError):
            return
        if type(message) is not dict:
            return
        if "op" not in message:
            note(message)
            continue
        try:
            channel.send(json.dumps(learner.answer(message)).encode() + b"\n", deadline)
        except NoReply:
            return
