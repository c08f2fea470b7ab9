"""The learner's own Python files, read once a submission for every kind of the family."""

from __future__ import annotations

import platform
from collections.abc import Iterable, Sequence

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    NotAssessed,
    Params,
    Places,
    RelativePath,
    places,
)
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import Source
from infra_grader.reading.python_work import read_python

MOST_SHOWN = 20
"""Places that one outcome points at; a learner who mends these runs the check again."""

REMEDY = "Run `pip install 'infra-grader[python]'`, then grade again."


class PythonParams(Params):
    """Which Python files a kind looks at."""

    paths: Annotated[
        Places, Meta(description="Files, folders or globs; every Python file found in any of them is looked at.")
    ] = "**/*.py"
    exclude: Annotated[
        tuple[RelativePath, ...], Meta(description="Files, folders or globs that are left out, such as `tests`.")
    ] = ()


def find_sources(context: Context, params: PythonParams) -> list[Source]:
    """Return the files as they are, broken ones too.

    Raises `CheckFailed` if none is the learner's own, `NotAssessed` if one is written for a newer Python than this one.
    """
    wanted = places(params.paths)
    excluded = set(context.workspace.find_in(params.exclude, ".py"))
    found = [path for path in context.workspace.find_in(wanted, ".py") if path not in excluded]
    if not found:
        raise CheckFailed(
            f"There is no Python file of your own in {' or '.join(wanted)}.",
            Evidence(path=wanted[0], expected="Python files of your own", actual="none, or only what was handed out"),
        )
    sources = [read_python(context, path) for path in found]
    leave_newer(sources)
    return sources


def leave_newer(sources: Iterable[Source]) -> None:
    """Raise `NotAssessed` if a file is written for a newer Python than the one that runs here."""
    newer = [source for source in sources if source.fault and source.fault.is_newer]
    if newer:
        raise NotAssessed(
            f"{newer[0].path} is written for a newer Python than the {platform.python_version()} that grades here.",
            "Install infra-grader with Python 3.12 or newer, then grade again.",
            *(fault_evidence(source) for source in newer[:MOST_SHOWN]),
        )


def sound_sources(context: Context, params: PythonParams) -> tuple[list[Source], list[Evidence]]:
    """Return the files that can be read, and evidence for those that cannot: each costs what it holds, and no more.

    Raises `CheckFailed` if none can be read, or if none of them does anything.
    """
    sources = find_sources(context, params)
    sound = [source for source in sources if not source.fault]
    faults = [fault_evidence(source) for source in sources if source.fault]
    if not sound:
        raise CheckFailed(f"{fault_text(sources[0])}", *faults[:MOST_SHOWN])
    require_work(sound, faults)
    return sound, faults[:MOST_SHOWN]


def require_work(sources: Sequence[Source], faults: Sequence[Evidence] = ()) -> None:
    """Raise `CheckFailed` if the files hold nothing but comments, strings, imports and stubs; others have faults."""
    if any(source.has_work for source in sources):
        return
    raise CheckFailed(
        f"{sources[0].path}{others(sources)} holds no code of your own yet, only comments, strings and stubs.",
        *(
            Evidence(path=source.path, expected="functions with a body", actual="nothing that does anything")
            for source in sources[:MOST_SHOWN]
        ),
        *faults[:MOST_SHOWN],
    )


def readable_names(context: Context, params: PythonParams) -> tuple[list[Names], list[Evidence]]:
    """Return the names of the files that can be read, and evidence for those that cannot."""
    sources = find_sources(context, params)
    names = [names_of(context, source) for source in sources if not source.fault]
    return names, [fault_evidence(source) for source in sources if source.fault]


def names_of(context: Context, source: Source) -> Names:
    """Return the names of a file, read once a submission."""
    return context.shared(("python.names", source.path), lambda: Names(source))


def fault_text(source: Source) -> str:
    """Say what is wrong with a broken file."""
    assert source.fault is not None
    place = f" on line {source.fault.line}" if source.fault.line else ""
    return f"{source.path} cannot be read as Python{place}: {source.fault.message}."


def fault_evidence(source: Source) -> Evidence:
    """Point at what is wrong with a broken file."""
    assert source.fault is not None
    line = source.fault.line
    lines = source.text.split("\n")
    return Evidence(
        path=source.path,
        line=line,
        expected="valid Python",
        actual=source.fault.message,
        text=lines[line - 1].strip() if line and line <= len(lines) else None,
    )


def first_place(params: PythonParams) -> str:
    """Return the first place where files were looked for, to point at where none has what was wanted."""
    return places(params.paths)[0]


def looked_at(sources: Sequence[Source | Names], text: str | None = None) -> Evidence:
    """Point at the first of the files that were looked at."""
    return Evidence(path=sources[0].path, actual=plural(len(sources), "file"), text=text)


def suppression_evidence(sources: Iterable[Source]) -> list[Evidence]:
    """Point at the comments by which tools are told to look away; none of them was obeyed."""
    return [
        Evidence(path=source.path, line=found.line, actual=found.text, text="This suppression was not obeyed.")
        for source in sources
        for found in source.suppressions
    ][:MOST_SHOWN]


def others(items: Sequence[object]) -> str:
    """Say how many more there are than the first."""
    return f" and {len(items) - 1} more" if len(items) > 1 else ""


def plural(number: int, noun: str) -> str:
    """Return a number with its noun."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}{'es' if noun.endswith(('s', 'x')) else 's'}"
