"""What a module answers to questions: a process of its own in the sandbox, another one after each that broke down."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from infra_grader.capabilities import module_loading, plain_coding, plain_content
from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.plain_coding import decode, encode
from infra_grader.capabilities.program_text import program_text
from infra_grader.capabilities.sandbox import Dialogue, Job, Limits, NoReply
from infra_grader.checks.call import _worker
from infra_grader.plugin import Context

MAX_PROCESSES = 3
"""Processes for one check: one that breaks down on every question is not asked all of them."""


class Answer:
    """What came back for one question: a plain value, the names of what was raised, or a reason why it is neither."""

    def __init__(self, *, value: Any = None, raised: tuple[str, ...] = (), problem: str = "") -> None:
        self.value = value
        self.raised = raised
        """Names of the exception's types, its own first; empty if nothing was raised."""
        self.problem = problem

    @property
    def shown(self) -> str:
        """The answer in words, for evidence."""
        if self.problem:
            return self.problem
        return f"{self.raised[0]} was raised" if self.raised else repr(self.value)


class LoadError(Exception):
    """The module cannot be loaded at all."""

    def __init__(self, problem: str) -> None:
        super().__init__(problem)
        self.problem = problem
        """What happened instead, as a clause."""


class AbsentError(Exception):
    """The module has no such function."""


def answers(context: Context, job: Job, path: str, function: str, questions: list[list[Any]]) -> Iterator[Answer]:
    """Yield an answer for each question, in order. Raises `LoadError` or `AbsentError` where there can be none."""
    left = list(enumerate(questions, start=1))
    problem = ""
    for _ in range(MAX_PROCESSES):
        with ExitStack() as stack:
            dialogue = stack.enter_context(context.sandbox.converse(job, context.deadline))
            _load(dialogue, path, context)
            while left:
                number, arguments = left.pop(0)
                request = {"id": number, "function": function, "arguments": [encode(a) for a in arguments]}
                try:
                    reply = dialogue.ask(request, context.deadline)
                except NoReply as error:
                    problem = error.reason
                    yield Answer(problem=problem)
                    break
                yield _answer(reply)
        if not left:
            return
    for _ in left:
        yield Answer(problem=f"not asked any more, after {MAX_PROCESSES} times {problem}")


def job_for(
    context: Context, limits: Limits, reference: Path | None = None, environment: Environment | None = None
) -> Job:
    """Return the job that holds the submission's module, or that of a rubric's own file, alone."""
    python = environment.python(context.sandbox) if environment else context.sandbox.python
    text = program_text(module_loading, plain_coding, plain_content, _worker)
    job = Job(arguments=(python, "-I", "-B", "-c", text), limits=limits)
    if environment is not None:
        job = job.replace(mounts=environment.mounts, variables=environment.variables(context.sandbox))
    if reference is None:
        return job.replace(workspace=context.workspace)
    return job.replace(files={"reference.py": reference.read_bytes()})


def _load(dialogue: Dialogue, path: str, context: Context) -> None:
    try:
        reply = dialogue.ask({"id": 0, "load": path}, context.deadline)
    except NoReply as error:
        raise LoadError(f"there was {error.reason}") from error
    raised = _names(reply)
    if raised:
        text = reply.get("text")
        said = f": {text}" if isinstance(text, str) and text else ""
        raise LoadError(f"{raised[0]} was raised{said}")
    if reply.keys() != {"id", "value"}:
        raise LoadError("there was a reply that says nothing")


def _answer(reply: Mapping[str, Any]) -> Answer:
    if reply.get("absent") is True:
        raise AbsentError
    if raised := _names(reply):
        return Answer(raised=raised)
    if isinstance(what := reply.get("not_plain"), str):
        return Answer(problem=f"no plain value but {what}")
    if reply.keys() != {"id", "value"}:
        return Answer(problem="a reply that says nothing")
    try:
        return Answer(value=decode(reply["value"]))
    except ValueError:
        return Answer(problem="a reply that holds no plain value")


def _names(reply: Mapping[str, Any]) -> tuple[str, ...]:
    names = reply.get("raised")
    if not isinstance(names, list):
        return ()
    return tuple(name for name in names if isinstance(name, str))
