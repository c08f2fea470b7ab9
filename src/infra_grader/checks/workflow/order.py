"""The workflow.order check kind."""

from __future__ import annotations

from collections.abc import Sequence

from infra_grader.checks.workflow._pipelines import (
    Wanted,
    WorkflowParams,
    acts_of,
    counts,
    does,
    jobs_before,
    place_of,
    read_pipelines,
    started,
)
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, Params, check
from infra_grader.reading.pieces import Piece, judge, whole
from infra_grader.reading.workflow import Pipeline
from infra_grader.reading.workflow_commands import Act


class Pair(Params):
    """Two things of which one has to go well before the other."""

    first: Annotated[Wanted, Meta(description="What comes first.")]
    then: Annotated[Wanted, Meta(description="What waits for it.")]


class Order(WorkflowParams, kw_only=True):
    """What has to go well before what."""

    order: Annotated[list[Pair], Meta(min_length=1, description="Each pair is an equal share.")]


@check("workflow.order")
def order(context: Context, params: Order) -> Outcome:
    """A pipeline does one thing only after another went well: it publishes what was tested, deploys what was built.

    One job waits for another by `needs` (by stages in GitLab CI), or the steps follow each other in one job. A step
    that runs even after a failure (`if: always()`) waits for nothing, and one whose failure is passed over holds
    nothing up.
    """
    pipelines, faults = read_pipelines(context, params)
    acts = acts_of(context, started(pipelines))
    pieces = [_piece(pipelines, acts, pair) for pair in params.order]
    return judge(pipelines[0].path, pieces, faults)


def _piece(pipelines: Sequence[Pipeline], acts: Sequence[Act], pair: Pair) -> Piece:
    first = [act for act in acts if does(act, pair.first) and counts(act, pair.first)]
    then = [act for act in acts if does(act, pair.then)]
    asked = f"{pair.then.title} after {pair.first.title}"
    if not first or not then:
        missing = pair.then.title if first else pair.first.title
        gap = Evidence(path=pipelines[0].path, expected=asked, actual=f"no step does this: {missing}")
        return whole(False, f"no step does this: {missing}", gap)
    for later in then:
        if any(_waits(pipelines, acts, later, earlier) for earlier in first):
            return whole(True, "", place_of(later, asked))
    return whole(
        False,
        f"{pair.then.title} does not wait for {pair.first.title}",
        place_of(then[0], asked).replace(expected=f"a job that needs {first[0].job.rpartition('#')[2]}"),
    )


def _waits(pipelines: Sequence[Pipeline], acts: Sequence[Act], later: Act, earlier: Act) -> bool:
    """Whether one step runs only after another went well."""
    if later.is_always:
        return False
    if later.job == earlier.job:
        return acts.index(earlier) < acts.index(later)
    return earlier.job in jobs_before(pipelines, later.job)
