"""The dockerfile.lint check kind."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

from infra_grader.checks.dockerfile._files import (
    MAX_BYTES,
    MOST_SHOWN,
    DockerfileParams,
    adds_work,
    read_once,
    require_work,
)
from infra_grader.checks.dockerfile._misread import is_misread, plain_times
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    check,
    places,
)
from infra_grader.reading.dockerfile import Dockerfile

REMEDY = "Run `pip install 'infra-grader[dockerfile]'`, then grade again."
LEVELS = ("error", "warning", "info", "style")
CANNOT_READ = "DL1000"
SHELL_FORM = "DL3025"
"""Asks for the exec form, also of HEALTHCHECK, of which Docker's own examples have the shell form."""
RUNTIME = {"GHCRTS": "-xr1g -M1g"}
"""Hadolint's run time (Haskell) otherwise reserves a terabyte of addresses, more than tools are allowed here."""
PRAGMA = re.compile(r"#\s*hadolint\s+(?:global\s+)?(?:ignore|shell)\s*=.*|#\s*shellcheck\s+disable=.*", re.IGNORECASE)
MOST_SAID = 200
MOST_FILES = 50
NO_DOCKERFILE = (".dockerignore", ".md", ".txt", ".py")
"""Ends of the names of files that a glob for Dockerfiles finds beside them."""


class Lint(DockerfileParams):
    """By which rules hadolint looks."""

    ignore: Annotated[
        tuple[str, ...],
        Meta(description="Rules that are not asked for; where left out, those on versions of the system's packages."),
    ] = ("DL3008", "DL3018", "DL3033", "DL3041")
    level: Annotated[
        Literal["error", "warning", "info", "style"], Meta(description="Least severe level that counts.")
    ] = "warning"
    max_problems: Annotated[int, Meta(ge=0, description="Problems with which it still passes.")] = 0
    every: Annotated[
        bool, Meta(description="Whether every Dockerfile at the places counts, in place of the first.")
    ] = False
    optional: Annotated[bool, Meta(description="Whether a submission may do without a Dockerfile.")] = False


@check("dockerfile.lint", capabilities=("command",), measure="problems")
def lint(context: Context, params: Lint) -> Outcome:
    """Hadolint finds no problems; configuration and ignore comments of the submission are not obeyed.

    False alarms do not count: what another shell than Debian's takes, a pipe that cannot hide a failure, a cache of pip
    that is not in the built image, and the shell form of a HEALTHCHECK.
    """
    if params.optional and not _find(context, params):
        nothing = Evidence(path=".", expected="no problem in any Dockerfile", actual="no Dockerfile")
        return Outcome.passed("There is no Dockerfile, so no image is built.", nothing, measure=_measure(0, params))
    dockerfiles = _read(context, params)
    texts = {dockerfile.path: context.workspace.read_text(dockerfile.path, MAX_BYTES) for dockerfile in dockerfiles}
    problems = [
        _point(dockerfile.path, item)
        for dockerfile in dockerfiles
        for item in _problems(context, params, dockerfile, texts[dockerfile.path])
    ]
    first = f"; the first is {problems[0].actual} on line {problems[0].line} of {problems[0].path}" if problems else ""
    count = f"{len(problems)} problem{'s' * (len(problems) != 1)}"
    clean = f"none of level {params.level} or above"
    return Outcome.passed_if(
        len(problems) <= params.max_problems,
        f"Hadolint finds {count} in {' and '.join(texts)}{first}.",
        *(problems or [Evidence(path=path, expected="no problem", actual=clean) for path in texts])[:MOST_SHOWN],
        *[pragma for path, text in texts.items() for pragma in _pragmas(path, text)][:MOST_SHOWN],
        measure=_measure(len(problems), params),
    )


def _read(context: Context, params: Lint) -> list[Dockerfile]:
    """Return the Dockerfiles to look at. Raises `CheckFailed` where none adds anything, unless none is needed."""
    first = context.workspace.first(places(params.path))
    paths = (params.every and _find(context, params)) or [first]
    dockerfiles = [read_once(context, path) for path in paths]
    stages = [(dockerfile, dockerfile.target(params.target)) for dockerfile in dockerfiles]
    if not params.optional and not any(adds_work(dockerfile, stage) for dockerfile, stage in stages):
        require_work(*stages[0])
    return dockerfiles


def _find(context: Context, params: Lint) -> list[str]:
    """Return the Dockerfiles at the places. Raises `CheckFailed` for more than anyone would look through."""
    paths = [path for path in context.workspace.find(*places(params.path)) if not path.endswith(NO_DOCKERFILE)]
    if len(paths) > MOST_FILES:
        raise CheckFailed(
            f"There are {len(paths)} Dockerfiles, too many to look through.",
            Evidence(path=paths[MOST_FILES], expected=f"at most {MOST_FILES} Dockerfiles", actual=len(paths)),
        )
    return paths


def _problems(context: Context, params: Lint, dockerfile: Dockerfile, text: str) -> list[dict[str, Any]]:
    """Return what counts of that which hadolint finds. Raises `NotAssessed` where it cannot read what Docker reads."""
    found = context.shared(("hadolint", dockerfile.path), lambda: _look(context, dockerfile, text))
    counted = LEVELS[: LEVELS.index(params.level) + 1]
    checked = _health_lines(dockerfile)
    built = dockerfile.target(params.target)
    problems = [
        item
        for item in found
        if item["level"] in counted
        and item["code"] not in params.ignore
        and not (item["code"] == SHELL_FORM and item["line"] in checked)
        and not is_misread(item["code"], item["line"], dockerfile, built)
    ]
    if unread := next((item for item in problems if item["code"] == CANNOT_READ), None):
        raise NotAssessed(
            f"Hadolint cannot read line {unread['line']} of {dockerfile.path}, which Docker does.",
            "Install a newer hadolint, then grade again.",
        )
    return problems


def _measure(problems: int, params: Lint) -> Measure:
    return Measure(value=problems, unit="problems", threshold=params.max_problems)


def _look(context: Context, dockerfile: Dockerfile, text: str) -> list[dict[str, Any]]:
    """Return what hadolint finds, with the lines of the file itself.

    Hadolint reads an instruction after a heredoc only if a blank line stands between, so it is given one.
    """
    checked = _health_lines(dockerfile)
    ends = {item.end_line for stage in dockerfile.stages for item in stage.instructions if item.heredocs}
    lines: list[str] = []
    numbers = [0]
    for number, line in enumerate(text.split("\n"), 1):
        shown = plain_times(line) if number in checked else line
        added = [shown, ""] if number in ends else [shown]
        lines += added
        numbers += [number] * len(added)
    found = _run_hadolint(context, "\n".join(lines))
    return [{**item, "line": numbers[min(item["line"], len(numbers) - 1)]} for item in found]


def _run_hadolint(context: Context, text: str) -> list[dict[str, Any]]:
    settings = context.command.scratch / "hadolint.yaml"
    settings.write_text("failure-threshold: none\n", encoding="utf-8")
    output = context.command.run(
        [
            context.command.find_tool("hadolint", REMEDY),
            *("--no-color", "--disable-ignore-pragma", "--no-fail", "--config", str(settings), "--format", "json", "-"),
        ],
        context.deadline,
        stdin=text.encode("utf-8", "replace"),
        variables=RUNTIME,
    )
    try:
        found = json.loads(output.stdout)
    except ValueError:
        found = None
    if output.exit_status or not isinstance(found, list):
        reason = " ".join(output.stderr.split())[:MOST_SAID] or f"exit status {output.exit_status}"
        raise NotAssessed(f"Hadolint could not finish: {reason}", "Run `hadolint Dockerfile` by hand to see why.")
    return sorted(found, key=lambda item: (item["line"], item["column"], item["code"]))


def _health_lines(dockerfile: Dockerfile) -> set[int]:
    return {
        line
        for stage in dockerfile.stages
        for item in stage.instructions
        if item.keyword == "HEALTHCHECK"
        for line in range(item.line, item.end_line + 1)
    }


def _point(path: str, item: dict[str, Any]) -> Evidence:
    return Evidence(path=path, line=item["line"], expected="no problem", actual=item["code"], text=item["message"])


def _pragmas(path: str, text: str) -> list[Evidence]:
    """Point at the comments that tell hadolint to look away; none of them was obeyed."""
    return [
        Evidence(path=path, line=number, actual=line.strip()[:MOST_SAID], text="This suppression was not obeyed.")
        for number, line in enumerate(text.split("\n"), 1)
        if PRAGMA.fullmatch(line.strip())
    ]
