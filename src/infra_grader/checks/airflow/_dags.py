"""The learner's pipelines."""

from __future__ import annotations

from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Params, Places, places
from infra_grader.reading.python_dag import find_dags
from infra_grader.reading.python_pipeline import Dag
from infra_grader.reading.python_work import own_python


class DagParams(Params):
    """Which files hold pipelines."""

    paths: Annotated[Places, Meta(description="Files, folders or globs with Airflow's DAGs or Prefect's flows.")] = "."
    dag: Annotated[
        str | None, Meta(description="Pattern of the pipeline's id, where one of several is meant; else the largest.")
    ] = None


def find_dag(context: Context, params: DagParams) -> tuple[Dag, list[Evidence]]:
    """Return the pipeline that is meant, and evidence for files that cannot be read. Raises `CheckFailed` without one.

    Functions that tasks run may stand in any file of the submission.
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
    return max(found, key=lambda dag: len(dag.tasks)), faults
