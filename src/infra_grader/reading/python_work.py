"""The learner's own Python files for kinds that hold code against something else: read once, broken ones left out."""

from __future__ import annotations

import ast
import platform
from collections.abc import Sequence

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.plugin import Context
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import Fault, Source, parse_source

MOST_FILES = 2000


def own_python(
    context: Context, paths: Sequence[str], exclude: Sequence[str] = ()
) -> tuple[list[Names], list[Evidence]]:
    """Return the names of the learner's own files that can be read, and evidence for those that cannot.

    There may be none. Raises `NotAssessed` where a file is written for a newer Python than the one that runs here.
    """
    excluded = set(context.workspace.find_in(exclude, ".py"))
    found = [path for path in context.workspace.find_in(paths, ".py") if path not in excluded][:MOST_FILES]
    names: list[Names] = []
    faults: list[Evidence] = []
    for path in found:
        source = read_python(context, path)
        if source.fault is None:
            names.append(context.shared(("python.names", path), lambda source=source: Names(source)))  # type: ignore[misc]
            continue
        _leave_newer(source)
        faults.append(Evidence(path=path, line=source.fault.line, expected="valid Python", actual=source.fault.message))
    return names, faults


def read_python(context: Context, path: str) -> Source:
    """Return the facts of one file, read once a submission; what is no text at all has a fault too."""

    def read() -> Source:
        try:
            text = context.workspace.read_text(path)
        except CheckFailed as verdict:  # no text, too large, a link that leads out: its own loss
            return _unreadable(path, verdict)
        given = None if context.workspace.allow_starter else context.workspace.starter.text(path)
        return parse_source(TextFile(path, text), given or "")

    return context.shared(("python.source", path), read)


def _unreadable(path: str, verdict: CheckFailed) -> Source:
    line = next((item.line for item in verdict.evidence if item.line), None)
    message = verdict.message.removeprefix(f"{path} ").rstrip(".")
    fault = Fault(message=f"it {message}", line=line)
    return Source(path=path, text="", tree=ast.Module(body=[], type_ignores=[]), fault=fault)


def _leave_newer(source: Source) -> None:
    if source.fault is not None and source.fault.is_newer:
        raise NotAssessed(
            f"{source.path} is written for a newer Python than the {platform.python_version()} that grades here.",
            "Install infra-grader with Python 3.12 or newer, then grade again.",
            Evidence(path=source.path, line=source.fault.line, actual=source.fault.message),
        )
