"""The workflow.environments check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from fnmatch import fnmatchcase

from infra_grader.checks.workflow._pipelines import WorkflowParams, acts_of, is_work, read_pipelines
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.pieces import Piece, judge, whole
from infra_grader.reading.workflow import Job, Pipeline, mapping_of, text_of, texts_of

QUOTED = re.compile(r"'([^']*)'")
INPUT = re.compile(r"\binputs\.([\w-]+)")
MATRIX = re.compile(r"\bmatrix\.([\w-]+)")


class Environments(WorkflowParams, kw_only=True):
    """Which environments are deployed to."""

    environments: Annotated[
        list[Annotated[list[str], Meta(min_length=1)]],
        Meta(min_length=1, description="Names of each environment, any of them: [production, prod]; `*` fits."),
    ]


@check("workflow.environments")
def environments(context: Context, params: Environments) -> Outcome:
    """Jobs that do something deploy to each of these environments.

    The job names the environment by `environment`, where a person can hold it up. One that only says that it
    deploys does not count. Names in expressions count where one of the choices of an input is the name, or where a
    job of the submission calls the workflow with it.
    """
    pipelines, faults = read_pipelines(context, params)
    acts = acts_of(context, pipelines)
    deploying = [
        (pipeline, job)
        for pipeline in pipelines
        for job in pipeline.jobs
        if job.environment and any(act.job == f"{pipeline.path}#{job.id}" and is_work(act) for act in acts)
    ]
    return judge(pipelines[0].path, [_piece(pipelines, deploying, names) for names in params.environments], faults)


def _piece(pipelines: Sequence[Pipeline], deploying: Sequence[tuple[Pipeline, Job]], names: Sequence[str]) -> Piece:
    for pipeline, job in deploying:
        if any(_fits(name, names) for name in _names(pipelines, pipeline, job)):
            found = Evidence(path=job.path, line=job.line, actual=job.environment, text=f"job {job.id}")
            return whole(True, "", found)
    wanted = " or ".join(names)
    for pipeline in pipelines:
        for job in pipeline.jobs:
            if any(_fits(name, names) for name in _names(pipelines, pipeline, job)):
                idle = Evidence(path=job.path, line=job.line, expected="steps that deploy", actual=f"job {job.id}")
                return whole(False, f"the job for {wanted} does nothing yet", idle)
    missing = Evidence(path=pipelines[0].path, expected=f"a job with environment: {wanted}", actual="none")
    return whole(False, f"no job deploys to {wanted}", missing)


def _names(pipelines: Sequence[Pipeline], pipeline: Pipeline, job: Job) -> Iterator[str]:
    """Yield the environments that a job can name: a plain name, or what its expression can become."""
    if "${{" not in job.environment:
        yield job.environment.partition("/")[0]
        return
    yield from QUOTED.findall(job.environment)
    for event in ("workflow_dispatch", "workflow_call"):
        inputs = mapping_of(mapping_of(pipeline.events.get(event)).get("inputs"))
        for name in INPUT.findall(job.environment):
            yield from texts_of(mapping_of(inputs.get(name)).get("options"))
    callers = [caller for other in pipelines for caller in other.jobs if _calls(caller, pipeline)]
    for name in INPUT.findall(job.environment):
        yield from (text for caller in callers for text in _given(caller, name))
    for name in MATRIX.findall(job.environment):
        yield from texts_of(mapping_of(job.strategy.get("matrix")).get(name))


def _calls(caller: Job, pipeline: Pipeline) -> bool:
    """Whether a job calls a workflow of the submission; those below `cicd/` are named as if they stood at the root."""
    return caller.uses.startswith("./") and f"/{pipeline.path}".endswith(f"/{caller.uses.removeprefix('./')}")


def _given(caller: Job, name: str) -> Iterator[str]:
    """Yield what a job may hand to the workflow that it calls: a plain text, or the values of its matrix."""
    given = text_of(caller.inputs.get(name))
    if "${{" not in given:
        yield given
    for key in MATRIX.findall(given):
        yield from texts_of(mapping_of(caller.strategy.get("matrix")).get(key))


def _fits(name: str, patterns: Sequence[str]) -> bool:
    return any(fnmatchcase(name.lower(), pattern.lower()) for pattern in patterns)
