"""The errors that infra-grader raises for reasons a user can mend.

Each carries its facts as fields; `cli/main.py` words them once. What a check finds out about a submission is
no error: see `CheckFailed` and `NotAssessed` in `model/outcome.py`.
"""

from typing import NamedTuple


class InfraGraderError(Exception):
    """Base of every error that a user of infra-grader can mend."""


class Problem(NamedTuple):
    """One fault in a file that a person wrote: what is wrong, where, and what would be right."""

    message: str
    """What is wrong, with what was found."""
    line: int | None = None
    """Line in the file, from 1."""
    column: int | None = None
    """Column in that line, from 1."""
    path: str = ""
    """Place in the document, such as `criteria[0].checks[2].with.paths`."""
    allowed: str = ""
    """What would be accepted instead."""
    suggestion: str = ""
    """The nearest known name, where a name was not known."""


class RubricError(InfraGraderError):
    """A rubric cannot be used; `problems` holds every fault found in it."""

    def __init__(self, source: str, *problems: Problem) -> None:
        super().__init__(f"{source}: {len(problems)} problems: {'; '.join(p.message for p in problems)}")
        self.source = source
        self.problems = problems


class RosterError(InfraGraderError):
    """A roster cannot be used; `problems` holds every fault found in it."""

    def __init__(self, source: str, *problems: Problem) -> None:
        super().__init__(f"{source}: {'; '.join(p.message for p in problems)}")
        self.source = source
        self.problems = problems


class MarksError(InfraGraderError):
    """A file of marks cannot be used; `problems` holds every fault found in it."""

    def __init__(self, source: str, *problems: Problem) -> None:
        super().__init__(f"{source}: {'; '.join(p.message for p in problems)}")
        self.source = source
        self.problems = problems


class SubmissionError(InfraGraderError):
    """A submission cannot be opened at all: no such folder, not a folder, not readable."""

    def __init__(self, path: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem
        self.remedy = remedy


class ResultError(InfraGraderError):
    """A recorded result cannot be read back."""

    def __init__(self, source: str, *problems: Problem) -> None:
        super().__init__(f"{source}: {'; '.join(p.message for p in problems)}")
        self.source = source
        self.problems = problems


class ExportError(InfraGraderError):
    """An export of another program cannot be filled in; `problems` holds every fault found in it."""

    def __init__(self, source: str, *problems: Problem) -> None:
        super().__init__(f"{source}: {'; '.join(p.message for p in problems)}")
        self.source = source
        self.problems = problems


class ReportError(InfraGraderError):
    """A format cannot say what the scorecard says; nothing of this report was written."""

    def __init__(self, report: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"no {report} report: {problem}")
        self.report = report
        self.problem = problem
        self.remedy = remedy


class JournalError(InfraGraderError):
    """The journal of a batch cannot be used; it was left as it is."""

    def __init__(self, path: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{path}: {problem}")
        self.path = path
        self.problem = problem
        self.remedy = remedy


class PluginError(InfraGraderError):
    """A plugin breaks the plugin contract, or is not there."""

    def __init__(self, plugin: str, problem: str, remedy: str = "") -> None:
        super().__init__(f"{plugin}: {problem}")
        self.plugin = plugin
        self.problem = problem
        self.remedy = remedy


class UnknownNameError(PluginError):
    """A check kind or a report format is asked for that no plugin provides; `plugin` is the name."""


class UsageError(InfraGraderError):
    """The command line asks for something that cannot be done as asked."""

    def __init__(self, problem: str, remedy: str = "") -> None:
        super().__init__(problem)
        self.problem = problem
        self.remedy = remedy
