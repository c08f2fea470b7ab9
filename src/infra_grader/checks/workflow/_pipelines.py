"""The learner's pipelines, what their steps run, and whether a step does what a rubric asks for."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import msgspec

from infra_grader.checks.workflow._commands import is_command, only_tells
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Params, Places, places
from infra_grader.reading.workflow import PLACES, Pipeline, find_pipelines, text_of
from infra_grader.reading.workflow_commands import SAYING, Act, find_acts
from infra_grader.reading.workflow_reach import is_started

MOST_SHOWN = 20
SETTING_UP = (
    "actions/checkout",
    "actions/cache*",
    "actions/upload-*",
    "actions/download-*",
    "*/setup-*",
    "*/*-login",
    "*/login-*",
    "*/configure-*",
)
"""Actions that only make ready for the real work."""


class WorkflowParams(Params):
    """Which pipelines a kind looks at."""

    paths: Annotated[
        Places, Meta(description="Workflow files, folders or globs; all that are found count together.")
    ] = msgspec.field(default_factory=lambda: list(PLACES))


class Wanted(Params):
    """What a step does: runs one of some commands, or uses one of some actions."""

    title: Annotated[str, Meta(min_length=1, description="What it is for, in the report: `tests`.")]
    commands: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Commands, any of them: a program, then words of its arguments in their order; `*` fits."),
    ] = msgspec.field(default_factory=list)
    uses: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Actions, any of them, without version; `*` fits: `docker/build-push-action`."),
    ] = msgspec.field(default_factory=list)
    inputs: Annotated[
        dict[str, str], Meta(description="Inputs that the action is given, each with a pattern of its value.")
    ] = msgspec.field(default_factory=dict)
    may_fail: Annotated[
        bool, Meta(description="Whether a step counts whose failure is passed over, by `|| true` or continue-on-error.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse a question that names nothing to look for."""
        if not self.commands and not self.uses:
            raise ValueError("it has at least one of commands and uses")


def read_pipelines(context: Context, params: WorkflowParams) -> tuple[list[Pipeline], list[Evidence]]:
    """Return the pipelines, and evidence for the files that cannot be read. Raises `CheckFailed` if there is none."""
    wanted = tuple(places(params.paths))
    pipelines, faults = context.shared(("workflow", wanted), lambda: find_pipelines(context.workspace, wanted))
    return pipelines, [piece for fault in faults for piece in fault.evidence]


def started(pipelines: Sequence[Pipeline]) -> list[Pipeline]:
    """Return the pipelines that something starts; what others call is found with those."""
    return [item for item in pipelines if is_started(item, pipelines)]


def acts_of(context: Context, pipelines: Sequence[Pipeline]) -> list[Act]:
    """Return all that the steps of some pipelines run and use."""
    found: list[Act] = []
    for pipeline in pipelines:
        found += context.shared(("workflow.acts", pipeline.path), partial(_acts, context, pipeline))
    return found


def _acts(context: Context, pipeline: Pipeline) -> list[Act]:
    return list(find_acts(context.workspace, pipeline))


def require_work(context: Context, pipelines: Sequence[Pipeline]) -> None:
    """Raise `CheckFailed` if no step does more than say something: of such pipelines nothing else is worth asking."""
    if any(is_work(act) for act in acts_of(context, pipelines)):
        return
    raise CheckFailed(
        "The workflows do nothing yet: their steps only say what they would do.",
        *(
            Evidence(path=item.path, line=1, expected="steps that do something", actual="none")
            for item in pipelines[:MOST_SHOWN]
        ),
    )


def does(act: Act, wanted: Wanted) -> bool:
    """Whether a step does what is asked for, failures passed over or not."""
    if act.uses:
        name = act.uses.partition("@")[0]
        return any(fnmatchcase(name, pattern.partition("@")[0]) for pattern in wanted.uses) and all(
            fnmatchcase(text_of(act.inputs.get(key)), pattern) for key, pattern in wanted.inputs.items()
        )
    return not act.is_hollow and any(is_command(act.words, pattern.split()) for pattern in wanted.commands)


def counts(act: Act, wanted: Wanted) -> bool:
    """Whether a step that does it also counts: a failure of it is not passed over, unless that is allowed."""
    return wanted.may_fail or not act.may_fail


def is_work(act: Act) -> bool:
    """Whether a step does more than say something, or make ready."""
    if act.uses:
        return not any(fnmatchcase(act.uses.partition("@")[0].lower(), pattern) for pattern in SETTING_UP)
    return bool(act.words) and not act.is_hollow and act.words[0] not in SAYING and not only_tells(act.words, ())


def shown(wanted: Wanted) -> str:
    """Return what is looked for, in words."""
    return " or ".join([*(f"`{command}`" for command in wanted.commands), *wanted.uses])


def place_of(act: Act, text: str | None = None) -> Evidence:
    """Point at a step."""
    return Evidence(path=act.path, line=act.line, actual=act.shown, text=text or f"in job {act.job.rpartition('#')[2]}")


def jobs_before(pipelines: Sequence[Pipeline], job: str) -> set[str]:
    """Return the jobs that have to end well before a job starts, by the names that acts have."""
    path, _, job_id = job.rpartition("#")
    needs: dict[str, tuple[str, ...]] = {}
    for pipeline in pipelines:
        if pipeline.path == path:
            needs = {item.id: item.needs for item in pipeline.jobs}
    found: set[str] = set()
    waiting: list[Any] = [job_id]
    while waiting:
        for need in needs.get(waiting.pop(), ()):
            if need not in found:
                found.add(need)
                waiting.append(need)
    return {f"{path}#{need}" for need in found}
