"""The workflow.steps check kind."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase

import msgspec

from infra_grader.checks.workflow._pipelines import (
    Wanted,
    WorkflowParams,
    acts_of,
    counts,
    does,
    place_of,
    read_pipelines,
    shown,
    started,
)
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.pieces import Piece, judge, whole
from infra_grader.reading.workflow import Pipeline
from infra_grader.reading.workflow_commands import Act


class Step(Wanted):
    """What a step does, or a service container beside the steps."""

    services: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Images of service containers that will do as well, any of them: `*ml-api*`; `*` fits."),
    ] = msgspec.field(default_factory=list)


class Steps(WorkflowParams, kw_only=True):
    """What the pipelines have to do."""

    steps: Annotated[list[Step], Meta(min_length=1, description="What steps do; each is an equal share.")]


@check("workflow.steps")
def steps(context: Context, params: Steps) -> Outcome:
    """The steps of the pipelines really do what they are for: commands that run and actions that are used.

    A step that only says what it would do is none. Commands are found in scripts, local actions, called workflows and
    the recipes of make, just, task, tox, nox and poe of the submission too, in whatever folder and however they are
    started (`python -m`, `uv run`, `docker run`). A step whose failure is passed over (`|| true`, a pipe into `tee`, a
    script that goes on) does not count unless the rubric says so, and neither does one that can never run.
    """
    pipelines, faults = read_pipelines(context, params)
    acts = acts_of(context, started(pipelines))
    return judge(_subject(pipelines), [_piece(pipelines, acts, wanted) for wanted in params.steps], faults)


def _piece(pipelines: Sequence[Pipeline], acts: Sequence[Act], wanted: Step) -> Piece:
    for job in (job for pipeline in pipelines for job in pipeline.jobs if not job.never_runs):
        if serving := [image for image in job.services if any(fnmatchcase(image, name) for name in wanted.services)]:
            found_there = Evidence(path=job.path, line=job.line, actual=f"service {serving[0]}", text=wanted.title)
            return whole(True, "", found_there)
    found = [act for act in acts if does(act, wanted)]
    good = [act for act in found if counts(act, wanted)]
    if good:
        return whole(True, "", place_of(good[0], wanted.title))
    if found:
        passed_over = f"{wanted.title}: its failure is passed over"
        return whole(False, passed_over, place_of(found[0], passed_over).replace(expected="a step that can fail"))
    missing = Evidence(path=pipelines[0].path, expected=shown(wanted), actual="no step does it", text=wanted.title)
    return whole(False, f"no step does this: {wanted.title}", missing)


def _subject(pipelines: Sequence[Pipeline]) -> str:
    return pipelines[0].path if len(pipelines) == 1 else f"{pipelines[0].path} and {len(pipelines) - 1} more"
