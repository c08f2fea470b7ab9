"""The workflow.lint check kind."""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterator
from pathlib import Path

from infra_grader.checks.workflow._pipelines import WorkflowParams, read_pipelines, require_work
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, NotAssessed, Outcome, check

REMEDY = "Run `go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7`, then grade again."
MOST_SHOWN = 20
FOUND_SOME = 1
"""Actionlint's exit status when it found something; 0 is nothing, all else its own trouble."""


class Lint(WorkflowParams):
    """Which workflows actionlint looks at."""

    max_problems: Annotated[int, Meta(ge=0, description="Problems with which it still passes.")] = 0


@check("workflow.lint", capabilities=("command",), measure="problems")
def lint(context: Context, params: Lint) -> Outcome:
    """Actionlint finds no problems in the workflows of GitHub Actions; its configuration files are not obeyed."""
    pipelines, faults = read_pipelines(context, params)
    require_work(context, pipelines)
    paths = [pipeline.path for pipeline in pipelines if not pipeline.is_gitlab]
    if not paths:
        raise CheckFailed(
            "There is no workflow of GitHub Actions.",
            Evidence(path=pipelines[0].path, expected="a workflow of GitHub Actions", actual="GitLab CI"),
        )
    said = context.shared(("actionlint", tuple(paths)), lambda: tuple(_problems(context, paths)))
    problems = [*faults, *said]
    first = f"; the first: {problems[0].actual} ({problems[0].path}:{problems[0].line})" if problems else ""
    count = len(problems)
    return Outcome.passed_if(
        count <= params.max_problems,
        f"Actionlint finds {count} problem{'' if count == 1 else 's'} in {' and '.join(paths)}{first}.",
        *(problems or [Evidence(path=path, actual="no problem") for path in paths])[:MOST_SHOWN],
        measure=Measure(value=count, unit="problems", threshold=params.max_problems),
    )


def _problems(context: Context, paths: list[str]) -> Iterator[Evidence]:
    tool = context.command.find_tool("actionlint", REMEDY)
    folder = Path(tempfile.mkdtemp(prefix="workflows-", dir=context.command.scratch))
    copies = {}
    for number, path in enumerate(paths):
        copy = folder / f"{number}.yml"
        copy.write_text(context.workspace.read_text(path), encoding="utf-8", newline="\n")
        copies[copy.name] = path
    (folder / "ours.yaml").write_text("{}\n", encoding="utf-8")
    # Shell scripts and Python in steps are left to the kinds that are about them.
    output = context.command.run(
        [
            tool,
            "-no-color",
            "-format",
            "{{json .}}",
            "-shellcheck=",
            "-pyflakes=",
            "-config-file",
            "ours.yaml",
            *copies,
        ],
        context.deadline,
        folder=folder,
    )
    if output.exit_status not in (0, FOUND_SOME):
        reason = " ".join(output.stderr.split())[:200] or f"exit status {output.exit_status}"
        raise NotAssessed(f"Actionlint could not finish: {reason}", "Run `actionlint` by hand to see why.")
    for found in json.loads(output.stdout or "[]"):
        yield Evidence(
            path=copies[found["filepath"]],
            line=found["line"],
            actual=found["message"],
            expected="no problem",
            text=found["kind"],
        )
