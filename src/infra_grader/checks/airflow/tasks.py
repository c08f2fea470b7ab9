"""The airflow.tasks check kind."""

from __future__ import annotations

import ast
from fnmatch import fnmatchcase
from fractions import Fraction

import msgspec

from infra_grader.checks.airflow._dags import DagParams, find_dag
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.python_flow import live_nodes
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_pipeline import IDLE_OPERATORS, Dag, Task
from infra_grader.reading.python_reach import leads_to
from infra_grader.reading.python_tests import module_names
from infra_grader.reading.python_work import own_python

MOST_SHOWN = 20


class Tasks(DagParams):
    """What tasks have to do."""

    min_percent: Annotated[float, Meta(gt=0, le=100, description="Share of tasks that have to do something.")] = 100
    uses: Annotated[
        list[str],
        Meta(description="Patterns of tasks that have to use the learner's own modules, by import or as a command."),
    ] = msgspec.field(default_factory=list)
    stops: Annotated[
        list[str], Meta(description="Patterns of tasks, any of which has to be able to stop what follows, by raising.")
    ] = msgspec.field(default_factory=list)


@check("airflow.tasks", measure="%")
def tasks(context: Context, params: Tasks) -> Outcome:
    """The tasks of a pipeline do something: they call more than a log, use the learner's modules, stop bad data.

    Commands have to lead to code that is there: modules, and what the stages run that `dvc repro` names. Operators that
    are there for the order alone, such as `EmptyOperator`, are left out.
    """
    found, faults = find_dag(context, params)
    working = [task for task in found.tasks if task.operator not in IDLE_OPERATORS]
    if not working:
        raise CheckFailed(
            f"{found.id} has no tasks.", Evidence(path=found.path, line=found.line, expected="tasks", actual="none")
        )
    files, _ = own_python(context, ["."])
    gaps = [_gap(task, task.idle or "does nothing yet") for task in working if not task.does_something]
    gaps += _without_modules(found, params, files)
    if params.stops and not any(_fits(task, params.stops) and task.can_stop for task in found.tasks):
        meant = next((task for task in found.tasks if _fits(task, params.stops)), None)
        said = "cannot stop what follows"
        place = _gap(meant, said) if meant else Evidence(path=found.path, line=found.line, expected=params.stops[0])
        gaps.append(place)
    lost = {gap.line for gap in gaps}
    share = Fraction(max(len(working) - len(lost), 0), len(working))
    first = f"; {gaps[0].actual}" if gaps else ""
    whole = Evidence(path=found.path, line=found.line, actual=f"{len(working)} tasks, all do something")
    return Outcome.passed_if(
        100 * share >= params.min_percent and not (params.min_percent == 100 and gaps),
        f"{len(working) - len(lost)} of {len(working)} tasks of {found.id} do what is asked for{first}.",
        *(gaps or [whole])[:MOST_SHOWN],
        *faults,
        measure=Measure(value=round(100 * float(share), 2), unit="%", threshold=params.min_percent),
    )


def _without_modules(dag: Dag, params: Tasks, files: list[Names]) -> list[Evidence]:
    modules = module_names([names.path for names in files if names.path != dag.path])
    by_path = {names.path: names for names in files}
    return [
        _gap(task, "uses none of your modules")
        for task in dag.tasks
        if _fits(task, params.uses) and task.does_something and not _uses_own(task, by_path, modules)
    ]


def _uses_own(task: Task, files: dict[str, Names], modules: frozenset[str]) -> bool:
    if task.command:
        return any(module.rpartition(".")[2] in task.command for module in modules)
    if task.function is None:
        return True
    for function in (task.function, *task.calls):
        owners = (names for names in files.values() if any(item.node is function for item in names.source.functions))
        home = next(owners, files.get(task.path))  # a lambda is in no list of functions
        if home is None or home.path != task.path:  # it is itself in a module of theirs
            return True
        nodes = list(live_nodes(function))
        read = {node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)}
        if any(_leads(node, home, modules, read) for node in nodes):
            return True
    return False


def _leads(node: ast.AST, names: Names, modules: frozenset[str], read: set[str]) -> bool:
    """Whether code leads to one of the modules; `read` are the names used beside it, for importing is not enough."""
    if isinstance(node, ast.ImportFrom | ast.Import):
        module = node.module or "" if isinstance(node, ast.ImportFrom) else ""
        used = (item for item in node.names if (item.asname or item.name.partition(".")[0]) in read | {"*"})
        return any(leads_to(f"{module}.{item.name}".strip("."), modules) for item in used)
    if isinstance(node, ast.Name) and node.id in names.imports:
        return leads_to(names.imports[node.id], modules)
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return any(f"-m {module}" in node.value or module == node.value for module in modules)
    return False


def _gap(task: Task, said: str) -> Evidence:
    return Evidence(path=task.path, line=task.line, expected="a task that does its work", actual=f"{task.id} {said}")


def _fits(task: Task, patterns: list[str]) -> bool:
    return any(fnmatchcase(task.id, pattern) for pattern in patterns)
