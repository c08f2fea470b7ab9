"""The airflow.dag check kind."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from fractions import Fraction

import msgspec

from infra_grader.checks.airflow._dags import DagParams, find_dag
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.pieces import Piece, counted, judge, scaled, whole
from infra_grader.reading.python_flow import UNKNOWN
from infra_grader.reading.python_pipeline import NOT_A_SCHEDULE, Dag, Task

TELLING = ("email_on_failure", "on_failure_callback", "on_failure", "on_crashed", "on_retry_callback")


class Shape(DagParams):
    """What the pipeline has to be like."""

    min_tasks: Annotated[int, Meta(ge=1, description="How many tasks it has.")] = 1
    order: Annotated[
        list[Annotated[list[str], Meta(min_length=1)]],
        Meta(description="What runs after what: for each step patterns of its task's id, any of which will do."),
    ] = msgspec.field(default_factory=list)
    scheduled: Annotated[bool, Meta(description="Whether it has to start by itself.")] = False
    min_retries: Annotated[int, Meta(ge=0, description="How often a task is tried again.")] = 0
    tells_failure: Annotated[bool, Meta(description="Whether somebody has to be told of a failure.")] = False
    no_catchup: Annotated[bool, Meta(description="Whether runs that were missed must not be made up for.")] = False


@check("airflow.dag")
def dag(context: Context, params: Shape) -> Outcome:
    """A pipeline of Airflow or Prefect has the tasks, the order and the settings that are asked for.

    Tasks are operators and functions marked with `@task`; their order is read from `>>`, `chain`, `set_downstream` and
    results that are handed on, in Prefect from the order of the calls. Only tasks that do something count, and sending
    messages is nothing without them: schedule, retries and the like are worth the share of tasks that do something.
    """
    found, faults = find_dag(context, params)
    return judge(f"{found.id} in {found.path}", list(_pieces(found, params)), faults)


def _pieces(dag: Dag, params: Shape) -> Iterator[Piece]:
    place = Evidence(path=dag.path, line=dag.line)
    working = [task for task in dag.tasks if task.does_something]
    working = [] if all(task.only_tells for task in working) else working
    part = Fraction(min(len(working), params.min_tasks), params.min_tasks)
    shown = place.replace(expected=f"{params.min_tasks} tasks that do something", actual=f"{len(working)} tasks")
    yield counted(len(working), params.min_tasks, f"{len(working)} of {params.min_tasks} tasks do something", shown)
    yield from _order(dag, params)
    if params.scheduled:
        schedule = dag.schedule
        is_met = schedule not in NOT_A_SCHEDULE or schedule is UNKNOWN
        yield scaled(is_met, part, "it has no schedule", place.replace(expected="a schedule", actual=str(schedule)))
    if params.min_retries:
        retries = _retries(dag)
        is_met = retries is UNKNOWN or (isinstance(retries, int) and retries >= params.min_retries)
        seen = place.replace(expected=f"retries of {params.min_retries} or more", actual=f"{retries or 'none'}")
        yield scaled(is_met, part, "failed tasks are not tried again often enough", seen)
    if params.tells_failure:
        told = next((name for name in TELLING if _is_set(dag, name)), "")
        seen = place.replace(expected="email_on_failure or on_failure_callback", actual=told or "neither")
        yield scaled(bool(told), part, "nobody is told of a failure", seen)
    if params.no_catchup and not dag.is_prefect:
        seen = place.replace(expected="catchup=False", actual=f"catchup={dag.options.get('catchup', 'not given')}")
        yield scaled(dag.options.get("catchup") is False, part, "missed runs are made up for", seen)


def _order(dag: Dag, params: Shape) -> Iterator[Piece]:
    """Yield a piece for each step: its task is there, does something, and comes after that of the step before.

    Where several tasks fit, such as `validate_training_data` for `*train*`, one that comes after it is meant.
    """
    before: Task | None = None
    for patterns in params.order:
        named = [task for task in dag.tasks if any(fnmatchcase(task.id, pattern) for pattern in patterns)]
        task = max(named, key=lambda item: (item.does_something, _follows(dag, before, item)), default=None)
        wanted = " or ".join(patterns)
        place = Evidence(path=dag.path, line=task.line if task else dag.line, expected=wanted)
        if task is None:
            yield whole(False, f"no task is {wanted}", place.replace(actual="no such task"))
            continue
        if not task.does_something:
            said = f"{task.id} {task.idle or 'does nothing yet'}"
            yield whole(False, said, place.replace(actual=said))
        elif before is not None and not _follows(dag, before, task):
            late = f"{task.id} does not wait for {before.id}" if task is not before else f"no other task is {wanted}"
            yield whole(False, late, place.replace(actual=late))
        else:
            yield whole(True, "", place.replace(actual=task.id))
        before = task


def _follows(dag: Dag, before: Task | None, task: Task) -> bool:
    return before is None or dag.comes_before(before.id, task.id)


def _retries(dag: Dag) -> object:
    given = [task.options["retries"] for task in dag.tasks if "retries" in task.options]
    return dag.options.get("retries", max(given, key=lambda value: value if isinstance(value, int) else 0, default=0))


def _is_set(dag: Dag, name: str) -> bool:
    everywhere = [dag.options, *(task.options for task in dag.tasks)]
    return any(name in options and options[name] not in (None, False, []) for options in everywhere)
