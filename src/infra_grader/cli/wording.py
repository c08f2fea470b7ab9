"""Errors in words: what is wrong, where, and what to do next."""

from __future__ import annotations

from collections.abc import Mapping

from infra_grader.errors import (
    ExportError,
    InfraGraderError,
    JournalError,
    MarksError,
    PluginError,
    Problem,
    ReportError,
    ResultError,
    RosterError,
    RubricError,
    SubmissionError,
    UnknownNameError,
    UsageError,
)
from infra_grader.reading.visible import visible

FILES: Mapping[type[InfraGraderError], str] = {
    RubricError: "the rubric",
    RosterError: "the roster",
    ResultError: "the result",
    ExportError: "the export",
    MarksError: "the file of marks",
}
"""What files with faults are called."""


def worded(error: InfraGraderError) -> str:
    """Return the text for an error that a user can mend; several lines where it has several faults."""
    match error:
        case RubricError() | RosterError() | ResultError() | ExportError() | MarksError():
            return _problems(FILES[type(error)], error.source, error.problems)
        case SubmissionError() | JournalError():
            return _sentence(f"{error.path}: {error.problem}", error.remedy)
        case PluginError():
            is_asked_for = isinstance(error, UnknownNameError)
            problem = (
                f"{error.problem}: {error.plugin!r}" if is_asked_for else f"plugin {error.plugin}: {error.problem}"
            )
            return _sentence(problem, error.remedy)
        case ReportError():
            return _sentence(str(error), error.remedy)
        case UsageError():
            return _sentence(error.problem, error.remedy)
    return _sentence(str(error), "")


def worded_problem(source: str, problem: Problem) -> str:
    """Return one fault as `file:line:column: place: what is wrong`, with what is allowed instead."""
    where = ":".join(str(part) for part in (source, problem.line, problem.column) if part is not None)
    place = f"{problem.path}: " if problem.path else ""
    text = f"{where}: {place}{problem.message.removesuffix('.')}."
    if problem.allowed:
        text += f" Allowed: {problem.allowed.removesuffix('.')}."
    if problem.suggestion:
        text += f" Did you mean {problem.suggestion!r}?"
    return visible(text)


def _problems(what: str, source: str, problems: tuple[Problem, ...]) -> str:
    count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
    lines = [f"infra-grader: {what} {visible(source)} cannot be used: {count}"]
    lines += [f"  {worded_problem(source, problem)}" for problem in problems]
    return "\n".join(lines)


def _sentence(problem: str, remedy: str) -> str:
    text = f"infra-grader: {problem.removesuffix('.')}."
    return visible(f"{text} {remedy}" if remedy else text)
