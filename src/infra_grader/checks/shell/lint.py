"""The shell.lint check kind."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from enum import StrEnum
from typing import Any

from infra_grader.checks.shell._scripts import Script, copy_scripts, find_scripts
from infra_grader.plugin import (
    Annotated,
    Context,
    Evidence,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    Places,
    check,
    places,
)

REMEDY = "Run `pip install 'infra-grader[shell]'`, then grade again."
MOST_SHOWN = 20
MOST_SAID = 200
FOUND_SOME = 1
"""ShellCheck's exit status when it found something; 0 is nothing, all else its own trouble."""


class Severity(StrEnum):
    """How grave a problem is, in ShellCheck's words, gravest first."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    STYLE = "style"


class Lint(Params):
    """Which scripts ShellCheck looks at, and what it minds."""

    paths: Annotated[
        Places,
        Meta(description="Files, folders or globs; a script is known by its ending or its first line."),
    ] = "**/*"
    severity: Annotated[Severity, Meta(description="The least grave problems that count.")] = Severity.WARNING
    ignore: Annotated[
        tuple[Annotated[str, Meta(pattern="^SC[0-9]{4}$")], ...],
        Meta(description="ShellCheck's rules that are not asked for, such as SC2086."),
    ] = ()
    max_problems: Annotated[int, Meta(ge=0, description="Problems with which it still passes.")] = 0


@check("shell.lint", capabilities=("command",), measure="problems")
def lint(context: Context, params: Lint) -> Outcome:
    """ShellCheck finds no problems; configuration and suppressions of the submission are not obeyed."""
    scripts = find_scripts(context, places(params.paths))
    key = ("shellcheck", tuple(script.path for script in scripts), params.severity, params.ignore)
    problems = context.shared(key, lambda: tuple(_problems(context, params, scripts)))
    count = len(problems)
    first = f"; the first is {problems[0].actual} at {problems[0].path}:{problems[0].line}" if problems else ""
    looked_at = Evidence(path=scripts[0].path, actual=_plural(len(scripts), "script"), text="ShellCheck, no problem")
    return Outcome.passed_if(
        count <= params.max_problems,
        f"ShellCheck finds {_plural(count, 'problem')} in {_plural(len(scripts), 'script')}{first}.",
        *(problems[:MOST_SHOWN] or [looked_at]),
        *_directives(scripts),
        measure=Measure(value=count, unit="problems", threshold=params.max_problems),
    )


def _problems(context: Context, params: Lint, scripts: Sequence[Script]) -> Iterator[Evidence]:
    """Yield what ShellCheck minds, by file and line."""
    copies = copy_scripts(context, scripts)
    tool = context.command.find_tool("shellcheck", REMEDY)
    for place, script in copies.items():
        output = context.command.run(
            [
                *(tool, "--norc", "--format=json1", f"--severity={params.severity}", f"--shell={script.shell}"),
                *((f"--exclude={','.join(params.ignore)}",) if params.ignore else ()),
                *("--", place),
            ],
            context.deadline,
        )
        if output.exit_status not in (0, FOUND_SOME) or not output.stdout.startswith("{"):
            reason = " ".join(output.stderr.split())[:MOST_SAID] or f"exit status {output.exit_status}"
            raise NotAssessed(f"ShellCheck could not finish: {reason}", "Run `shellcheck` by hand to see why.")
        yield from (_evidence(script, comment) for comment in json.loads(output.stdout)["comments"])


def _evidence(script: Script, comment: dict[str, Any]) -> Evidence:
    return Evidence(
        path=script.path,
        line=comment["line"],
        actual=f"SC{comment['code']:04} ({comment['level']})",
        text=comment["message"],
    )


def _directives(scripts: Sequence[Script]) -> list[Evidence]:
    """Point at the comments by which ShellCheck is told to look away; none of them was obeyed."""
    return [
        Evidence(path=script.path, line=found.line, actual=found.text, text="This suppression was not obeyed.")
        for script in scripts
        for found in script.directives
    ][:MOST_SHOWN]


def _plural(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"
