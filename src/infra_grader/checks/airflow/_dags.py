"""The learner's pipelines."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Params, Places, places
from infra_grader.reading.document import read_yaml
from infra_grader.reading.dvc_program import idle_command
from infra_grader.reading.python_dag import find_dags
from infra_grader.reading.python_pipeline import Dag, Task
from infra_grader.reading.python_work import own_python

DEPLOYMENTS = ("prefect.y*ml", "**/prefect.y*ml", "**/*deployment*.y*ml")
"""Where Prefect's own command keeps how flows are deployed."""


class DagParams(Params):
    """Which files hold pipelines."""

    paths: Annotated[Places, Meta(description="Files, folders or globs with Airflow's DAGs or Prefect's flows.")] = "."
    dag: Annotated[
        str | None, Meta(description="Pattern of the pipeline's id, where one of several is meant; else the largest.")
    ] = None


def find_dag(context: Context, params: DagParams) -> tuple[Dag, list[Evidence]]:
    """Return the pipeline that is meant, and evidence for files that cannot be read. Raises `CheckFailed` without one.

    Functions that tasks run may stand in any file of the submission. Tasks whose commands run nothing of the learner's
    say so.
    """
    from fnmatch import fnmatchcase

    wanted = places(params.paths)
    files, faults = own_python(context, ["."])
    meant = set(context.workspace.find_in(wanted, ".py"))
    found = [
        dag
        for dag in context.shared("airflow.dags", lambda: find_dags(files))
        if dag.path in meant and (params.dag is None or fnmatchcase(dag.id, params.dag))
    ]
    if not found:
        raise CheckFailed(
            f"There is no pipeline of your own in {' or '.join(wanted)}.",
            Evidence(path=wanted[0], expected="a DAG of Airflow or a flow of Prefect", actual="none in code that runs"),
            *faults,
        )
    chosen = max(found, key=lambda dag: len(dag.tasks))
    chosen = chosen.replace(tasks=tuple(_with_command(context, task) for task in chosen.tasks))
    return _with_deployment(context, chosen) if chosen.is_prefect else chosen, faults


def _with_command(context: Context, task: Task) -> Task:
    return task.replace(idle=idle_command(context, task.command)) if task.command else task


def _with_deployment(context: Context, dag: Dag) -> Dag:
    """Return a flow with what its deployment in prefect.yaml says, its schedule above all."""
    for path in context.workspace.find(*DEPLOYMENTS):
        try:
            content = read_yaml(context.workspace.read_first([path]))
        except CheckFailed:  # a file that cannot be read deploys nothing
            continue
        listed = content.get("deployments") if isinstance(content, dict) else None
        for entry in [content, *(listed if isinstance(listed, list) else [])]:
            if isinstance(entry, dict) and str(entry.get("entrypoint", "")).endswith(f":{dag.id}"):
                given = {name: value for name, value in _settings(entry) if value}
                return dag.replace(options={**given, **dag.options})
    return dag


def _settings(entry: dict[str, object]) -> Iterator[tuple[str, object]]:
    """Yield the settings of a deployment; a schedule counts only with a time in it, and while it is active."""
    listed = entry.get("schedules")
    for schedule in [entry.get("schedule"), *(listed if isinstance(listed, list) else [])]:
        if isinstance(schedule, dict) and schedule.get("active") is not False:
            yield from ((name, schedule.get(name)) for name in ("cron", "interval", "rrule"))
