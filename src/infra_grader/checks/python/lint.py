"""The python.lint check kind."""

from __future__ import annotations

import json

from infra_grader.checks.python._copy import Copy, copy_sources
from infra_grader.checks.python._files import (
    MOST_SHOWN,
    REMEDY,
    PythonParams,
    looked_at,
    plural,
    sound_sources,
    suppression_evidence,
)
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, NotAssessed, Outcome, check
from infra_grader.reading.python_source import Source

MOST_SAID = 200
PROBLEMS_FOUND = 1
"""Ruff's exit status when it found something; 0 is nothing, all else its own trouble."""


class Lint(PythonParams):
    """Which files ruff looks at, and by which rules."""

    select: Annotated[tuple[str, ...], Meta(min_length=1, description="Ruff's rules or groups of rules.")] = (
        "E",
        "F",
        "W",
    )
    ignore: Annotated[tuple[str, ...], Meta(description="Rules among them that are not asked for.")] = ()
    line_length: Annotated[int, Meta(ge=40, le=320, description="Longest line, in characters.")] = 88
    max_problems: Annotated[int, Meta(ge=0, description="Problems with which it still passes.")] = 0


@check("python.lint", capabilities=("command",), measure="problems")
def lint(context: Context, params: Lint) -> Outcome:
    """Ruff finds no problems; configuration and suppressions of the submission are not obeyed.

    A file that cannot be read as Python is one problem, beside those of the others.
    """
    sources, faults = sound_sources(context, params)
    key = ("ruff", tuple(source.path for source in sources), *params.select, "-", *params.ignore, params.line_length)
    problems = [*faults, *context.shared(key, lambda: _run_ruff(context, params, sources))]
    count = len(problems)
    first = f"; the first is {problems[0].actual} at {_place(problems[0])}" if problems else ""
    return Outcome.passed_if(
        count <= params.max_problems,
        f"Ruff finds {plural(count, 'problem')} in {plural(len(sources), 'file')}{first}.",
        *(problems[:MOST_SHOWN] or [looked_at(sources, f"ruff, rules {', '.join(params.select)}")]),
        *suppression_evidence(sources),
        measure=Measure(value=count, unit="problems", threshold=params.max_problems),
    )


def _place(problem: Evidence) -> str:
    return f"{problem.path}:{problem.line}" if problem.line else f"{problem.path}"


def _run_ruff(context: Context, params: Lint, sources: list[Source]) -> list[Evidence]:
    copy = copy_sources(context, sources)
    output = context.command.run(
        [
            context.command.find_tool("ruff", REMEDY),
            *("check", "--isolated", "--ignore-noqa", "--no-cache", "--quiet", "--no-fix"),
            *("--output-format", "json-lines", "--target-version", "py313"),
            *("--line-length", str(params.line_length), "--select", ",".join(params.select)),
            *(("--ignore", ",".join(params.ignore)) if params.ignore else ()),
            *("--", *copy.arguments(sources)),
        ],
        context.deadline,
        folder=copy.folder,
    )
    if output.exit_status not in (0, PROBLEMS_FOUND):
        reason = " ".join(output.stderr.split())[:MOST_SAID] or f"exit status {output.exit_status}"
        raise NotAssessed(f"Ruff could not finish: {reason}", "Run `ruff check` by hand to see why.")
    problems = [_problem(copy, line) for line in output.stdout.splitlines() if line.endswith("}")]
    return sorted(problems, key=lambda item: (item.path or "", item.line or 0))


def _problem(copy: Copy, line: str) -> Evidence:
    found = json.loads(line)
    return Evidence(
        path=copy.original(found["filename"]),
        line=found["location"]["row"],
        actual=found["code"] or "invalid syntax",
        text=found["message"],
    )
