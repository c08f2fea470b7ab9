"""The workflow.safe check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum

import msgspec

from infra_grader.checks.workflow._pipelines import WorkflowParams, acts_of, read_pipelines, require_work
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.pieces import Piece, cut, judge, whole
from infra_grader.reading.workflow import Job, Pipeline, Step, text_of
from infra_grader.reading.workflow_commands import Act

OUTSIDE = re.compile(
    r"\$\{\{[^}]*\bgithub\.(?:event\.(?:issue|pull_request|comment|review|discussion|head_commit|commits|pages)\b[^}]*"
    r"|event\.inputs\b[^}]*|head_ref)\s*[^}]*\}\}"
)
"""Expressions whose text somebody outside can choose; GitHub's list of untrusted input."""
SECRET = re.compile(r"\$\{\{[^}]*\bsecrets\.[^}]*\}\}")
COMMIT = re.compile(r"[0-9a-f]{40}")
SAYING = ("echo", "printf", "cat")
OWN = ("actions/", "github/")


class Asked(StrEnum):
    """What can be asked for."""

    PERMISSIONS = "permissions"
    INJECTION = "injection"
    SECRETS = "secrets"
    PINNED = "pinned"


class Safe(WorkflowParams):
    """What the workflows have to keep."""

    ask: Annotated[
        list[Asked],
        Meta(
            min_length=1,
            description="permissions: stated, and not write-all; injection: no text from outside in a script; "
            "secrets: none in a script's text or printed; "
            "pinned: others' actions by version or commit, never a branch.",
        ),
    ] = msgspec.field(default_factory=lambda: [Asked.PERMISSIONS, Asked.INJECTION, Asked.SECRETS, Asked.PINNED])


@check("workflow.safe")
def safe(context: Context, params: Safe) -> Outcome:
    """The workflows are safe: least permissions, no text from outside in scripts, no secret printed, actions pinned.

    What GitLab CI has no word for (permissions, actions) holds there by itself.
    """
    pipelines, faults = read_pipelines(context, params)
    require_work(context, pipelines)
    acts = acts_of(context, pipelines)
    found = {
        Asked.PERMISSIONS: [item for pipeline in pipelines for item in _permissions(pipeline)],
        Asked.INJECTION: [item for pipeline in pipelines for item in _injections(pipeline)],
        Asked.SECRETS: [item for pipeline in pipelines for item in _secrets(pipeline)],
        Asked.PINNED: [item for act in acts for item in _unpinned(act)],
    }
    return judge(pipelines[0].path, [_piece(asked, found[asked], pipelines[0].path) for asked in params.ask], faults)


def _piece(asked: Asked, faults: list[Evidence], path: str) -> Piece:
    if not faults:
        return whole(True, "", Evidence(path=path, actual=f"{asked}: nothing found"))
    return whole(False, f"{asked}: {faults[0].actual} at {faults[0].path}:{faults[0].line}", *cut(faults))


def _permissions(pipeline: Pipeline) -> Iterator[Evidence]:
    if pipeline.is_gitlab:
        return
    for job in pipeline.jobs:
        stated = job.permissions if job.permissions is not None else pipeline.permissions
        if stated is None:
            yield Evidence(path=job.path, line=job.line, expected="permissions", actual=f"job {job.id} states none")
        elif text_of(stated) == "write-all":
            yield Evidence(path=job.path, line=job.line, expected="what it needs", actual="permissions: write-all")


def _steps(pipeline: Pipeline) -> Iterator[tuple[Job, Step]]:
    for job in pipeline.jobs:
        for step in job.steps:
            yield job, step


def _injections(pipeline: Pipeline) -> Iterator[Evidence]:
    for _, step in _steps(pipeline):
        for found in OUTSIDE.finditer(step.script):
            yield Evidence(
                path=step.path,
                line=step.script_line + step.script.count("\n", 0, found.start()),
                expected="the text in `env:`, quoted in the script",
                actual=found[0],
            )
    if "pull_request_target" in pipeline.events:
        for _, step in _steps(pipeline):
            if step.uses.startswith("actions/checkout@") and "head" in text_of(step.inputs.get("ref")):
                yield Evidence(
                    path=step.path,
                    line=step.line,
                    expected="pull_request",
                    actual="pull_request_target runs their code",
                )


def _secrets(pipeline: Pipeline) -> Iterator[Evidence]:
    for _, step in _steps(pipeline):
        for found in SECRET.finditer(step.script):
            yield Evidence(
                path=step.path,
                line=step.script_line + step.script.count("\n", 0, found.start()),
                expected="the secret in `env:`",
                actual=found[0],
            )


def _unpinned(act: Act) -> Iterator[Evidence]:
    name, _, version = act.uses.partition("@")
    if not act.uses or name.startswith(("./", "docker://")):
        return
    is_known = bool(COMMIT.fullmatch(version)) or bool(re.fullmatch(r"v?[0-9][0-9.]*", version))
    is_branch = not version or not is_known
    if is_branch and not re.fullmatch(r"(release/)?v[0-9].*", version):
        yield Evidence(path=act.path, line=act.line, expected="a version or a commit", actual=act.uses)
