"""The workflow.valid check kind."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.checks.workflow._pipelines import WorkflowParams, read_pipelines, require_work
from infra_grader.plugin import Context, Evidence, Outcome, check
from infra_grader.reading.published_schema import schema_errors
from infra_grader.reading.workflow import Pipeline

REMEDY = "Run `pip install 'infra-grader[workflow]'`, then grade again."
MOST_SHOWN = 20


class Valid(WorkflowParams):
    """Which pipelines have to be valid."""


@check("workflow.valid")
def valid(context: Context, params: Valid) -> Outcome:
    """The pipelines keep to their schema, and their jobs need only jobs that there are, in no ring.

    The schemas are those that check-jsonschema carries: SchemaStore's for GitHub's workflows, GitLab's own.
    """
    pipelines, faults = read_pipelines(context, params)
    require_work(context, pipelines)
    found = [*faults, *(fault for pipeline in pipelines for fault in _faults(pipeline))]
    first = f"; the first: {found[0].actual} ({found[0].path}:{found[0].line})" if found else ""
    looked_at = [Evidence(path=pipeline.path, line=1, actual="valid") for pipeline in pipelines]
    return Outcome.passed_if(
        not found,
        f"{'The workflow has' if len(pipelines) == 1 else f'{len(pipelines)} workflows have'} "
        f"{len(found) or 'no'} fault{'' if len(found) == 1 else 's'}{first}.",
        *(found or looked_at)[:MOST_SHOWN],
    )


def _faults(pipeline: Pipeline) -> Iterator[Evidence]:
    """Yield what is wrong with a pipeline, where it stands."""
    # Only what keeps to the schema can be asked more.
    schema = "gitlab-ci" if pipeline.is_gitlab else "github-workflows"
    errors = list(schema_errors(schema, pipeline.document.data, REMEDY))
    for error in errors:
        yield Evidence(
            path=pipeline.path,
            line=pipeline.line(*error.absolute_path),
            expected="a workflow that keeps to its schema",
            actual=error.message[:300],
        )
    if not errors:
        yield from _needs(pipeline)


def _needs(pipeline: Pipeline) -> Iterator[Evidence]:
    from graphlib import CycleError, TopologicalSorter

    known = {job.id: job for job in pipeline.jobs}
    for job in pipeline.jobs:
        for need in job.needs:
            if need not in known and not (pipeline.is_gitlab and need.startswith(".")):
                yield Evidence(path=job.path, line=job.line, expected="a job that there is", actual=f"needs {need}")
    try:
        TopologicalSorter({job.id: job.needs for job in pipeline.jobs}).prepare()
    except CycleError as error:
        ring = " -> ".join(error.args[1])
        yield Evidence(path=pipeline.path, line=known[error.args[1][0]].line, actual=f"jobs need each other: {ring}")
