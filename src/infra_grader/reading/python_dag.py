"""Pipelines as Airflow and Prefect have them: tasks, what they run, and what comes before what, read from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

from infra_grader.reading.python_body import FunctionNode, calls_something, has_own_body
from infra_grader.reading.python_flow import UNKNOWN, call_name, literal, live_nodes
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import Function

IDLE_OPERATORS = frozenset({"EmptyOperator", "DummyOperator"})
SAYING = ("echo", "printf", "true", ":", "sleep", "date")
STOPPING = ("ShortCircuitOperator", "BranchPythonOperator", "Sensor")
NOT_A_SCHEDULE = (None, "", UNKNOWN)
DEPLOYING = ("serve", "deploy", "to_deployment")
DAG_MAKERS = ("DAG", "dag")


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One task of a pipeline."""

    id: str
    path: str
    line: int
    operator: str
    """What makes it: the operator's name, or `task` for a function of its own."""
    function: FunctionNode | None = None
    """What it runs, where that is in the learner's own files."""
    options: Mapping[str, object] = field(default_factory=dict)
    """Values of its keywords that can be told; `UNKNOWN` for others."""
    command: str = ""
    """What a BashOperator runs, as far as it is written out."""

    @property
    def does_something(self) -> bool:
        """Whether it does more than log what it would do."""
        if self.function is not None:
            return has_own_body(self.function) and calls_something(self.function)
        if self.operator.endswith("BashOperator"):
            words = self.command.split()
            return bool(words) and words[0] not in SAYING
        return self.operator not in IDLE_OPERATORS | {"PythonOperator", "task"} and not self.operator.endswith("Sensor")

    @property
    def can_stop(self) -> bool:
        """Whether it can keep what follows from running: it raises, or it is made to branch."""
        if self.function is not None and any(
            isinstance(node, ast.Raise | ast.Assert) for node in live_nodes(self.function)
        ):
            return True
        return self.operator.endswith(STOPPING) or (bool(self.command) and self.does_something)


@dataclass(frozen=True, slots=True, kw_only=True)
class Dag:
    """One pipeline."""

    id: str
    path: str
    line: int
    is_prefect: bool
    options: Mapping[str, object]
    """Values of its keywords that can be told, those of `default_args` among them."""
    tasks: tuple[Task, ...]
    before: frozenset[tuple[str, str]]
    """Pairs of tasks of which the first runs before the second."""

    @property
    def schedule(self) -> object:
        """What it is started by: an expression or what a name stands for; `None` without one."""
        for name in ("schedule", "schedule_interval", "cron", "interval", "timetable", "rrule"):
            if name in self.options:
                return self.options[name]
        return None

    def comes_before(self, first: str, second: str) -> bool:
        """Whether one task ends before another starts, over others in between too."""
        waiting, seen = [first], {first}
        while waiting:
            task = waiting.pop()
            for one, other in self.before:
                if one == task and other not in seen:
                    if other == second:
                        return True
                    seen.add(other)
                    waiting.append(other)
        return False


def find_dags(files: Sequence[Names]) -> list[Dag]:
    """Return the pipelines in some files; functions that tasks run are looked for in all of them."""
    functions = _functions(files)
    dags: list[Dag] = []
    for names in files:
        roots = {target.lstrip(".").partition(".")[0] for target in names.imports.values()}
        if "airflow" in roots:
            dags += _Airflow(names, functions).dags()
        if "prefect" in roots:
            dags += _Prefect(names, functions).dags()
    return dags


Functions = Mapping[tuple[str, str], FunctionNode]


def _functions(files: Sequence[Names]) -> Functions:
    """Return the functions of all files by the module's last name and theirs."""
    found: dict[tuple[str, str], FunctionNode] = {}
    for names in files:
        module = names.path.rpartition("/")[2].removesuffix(".py")
        for item in names.source.functions:
            found[module, item.node.name] = item.node
    return found


class _Pipeline:
    """What both tools have in common."""

    def __init__(self, names: Names, functions: Functions) -> None:
        self.names = names
        self.functions = functions
        self.own: dict[str, Function] = {item.node.name: item for item in names.source.functions}
        self.dicts: dict[str, ast.Dict] = {
            target.id: node.value
            for node in names.live
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
            for target in node.targets
            if isinstance(target, ast.Name)
        }

    def options(self, call: ast.AST | None) -> dict[str, object]:
        """Return the keywords of a call; those of `default_args` are among them, unless they are given themselves."""
        keywords = call.keywords if isinstance(call, ast.Call) else []
        given = {item.arg: self._value(item.value) for item in keywords if item.arg}
        defaults = next((item.value for item in keywords if item.arg == "default_args"), None)
        if isinstance(defaults, ast.Name):
            defaults = self.dicts.get(defaults.id)
        if isinstance(defaults, ast.Dict):
            for key, value in zip(defaults.keys, defaults.values, strict=True):
                if isinstance(key, ast.Constant) and isinstance(key.value, str):
                    given.setdefault(key.value, self._value(value))
        return given

    def _value(self, node: ast.AST) -> object:
        return literal(node, self.names.constants)

    def function(self, node: ast.AST | None) -> FunctionNode | None:
        """Return the learner's function that an expression names."""
        if isinstance(node, ast.Lambda):
            return None
        if isinstance(node, ast.Name) and node.id in self.own:
            return self.own[node.id].node
        name = self.names.resolve(node) if node is not None else ""
        module, _, last = name.rpartition(".")
        return self.functions.get((module.rpartition(".")[2], last))

    def decorator(self, node: ast.AST, *wanted: str) -> ast.AST | None:
        """Return the decorator of a function that is one of these, `@task.python` too."""
        for item in getattr(node, "decorator_list", ()):
            name = self.names.resolve(item)
            if any(part in wanted for part in name.split(".")[1:]):
                return item  # type: ignore[no-any-return]  # an expression
        return None


class _Airflow(_Pipeline):
    def dags(self) -> Iterator[Dag]:
        made = list(self._made())
        for index, (call, dag_id, line, scope) in enumerate(made):
            # A DAG without a scope of its own has the whole file; two of them cannot be told apart.
            nodes = list(live_nodes(scope)) if scope is not None else self.names.live
            tasks = self._tasks(nodes)
            if tasks or index == 0:
                yield Dag(
                    id=dag_id,
                    path=self.names.path,
                    line=line,
                    is_prefect=False,
                    options=self.options(call),
                    tasks=tuple(_unique(tasks.values())),
                    before=frozenset(self._before(nodes, {name: task.id for name, task in tasks.items()})),
                )

    def _made(self) -> Iterator[tuple[ast.AST, str, int, ast.AST | None]]:
        """Yield each DAG: the call that makes it, its id, its line, and what its tasks stand in."""
        for node in self.names.live:
            if isinstance(node, ast.With | ast.AsyncWith):
                for item in node.items:
                    if self._is_dag(item.context_expr):
                        yield item.context_expr, self._id(item.context_expr, "dag"), node.lineno, node
            elif isinstance(node, ast.Assign) and self._is_dag(node.value):
                yield node.value, self._id(node.value, "dag"), node.lineno, None
            elif isinstance(node, ast.FunctionDef) and (decorator := self.decorator(node, "dag")) is not None:
                yield decorator, self._id(decorator, node.name), node.lineno, node

    def _is_dag(self, node: ast.AST) -> bool:
        return isinstance(node, ast.Call) and self.names.resolve(node).rpartition(".")[2] in DAG_MAKERS

    def _id(self, call: ast.AST, otherwise: str) -> str:
        given = self.options(call).get("dag_id")
        first = call.args[0] if isinstance(call, ast.Call) and call.args else None
        named = given if given is not None else literal(first, self.names.constants)
        return named if isinstance(named, str) else otherwise

    def _tasks(self, nodes: Iterable[ast.AST]) -> dict[str, Task]:
        """Return the tasks by the names that stand for them: variables, and functions marked with `@task`."""
        found: dict[str, Task] = {}
        for node in nodes:
            if isinstance(node, ast.Call) and (task := self._operator(node)) is not None:
                found.setdefault(f"={task.id}", task)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call):
                task = self._operator(node.value)
                for target in node.targets if task is not None else ():
                    if isinstance(target, ast.Name) and task is not None:
                        found[target.id] = task
        for name, item in self.own.items():
            decorator = self.decorator(item.node, "task")
            if decorator is not None:
                options = self.options(decorator)
                found[name] = Task(
                    id=str(options.get("task_id", name)),
                    path=self.names.path,
                    line=item.node.lineno,
                    operator="task",
                    function=item.node,
                    options=options,
                )
        return found

    def _operator(self, call: ast.Call) -> Task | None:
        name = self.names.resolve(call.func).rpartition(".")[2]
        options = self.options(call)
        task_id = options.get("task_id")
        if not name.endswith(("Operator", "Sensor")) or not isinstance(task_id, str):
            return None
        run = next((item.value for item in call.keywords if item.arg == "python_callable"), None)
        command = options.get("bash_command")
        return Task(
            id=task_id,
            path=self.names.path,
            line=call.lineno,
            operator=name,
            function=self.function(run),
            options=options,
            command=command if isinstance(command, str) else "",
        )

    def _before(self, nodes: Sequence[ast.AST], ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        results = {
            target.id: self._named(node.value, ids, {})
            for node in nodes
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id not in ids
        }
        for node in nodes:
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift | ast.LShift):
                left, right = self._ends(node.left, ids, results), self._named(node.right, ids, results)
                yield from _pairs(left, right) if isinstance(node.op, ast.RShift) else _pairs(right, left)
            elif isinstance(node, ast.Call):
                yield from self._by_call(node, ids, results)

    def _ends(self, node: ast.AST, ids: Mapping[str, str], results: Mapping[str, list[str]]) -> list[str]:
        """Return the tasks with which an expression ends: of `a >> b`, that is b."""
        if isinstance(node, ast.BinOp):
            return self._named(node.right, ids, results)
        return self._named(node, ids, results)

    def _named(self, node: ast.AST, ids: Mapping[str, str], results: Mapping[str, list[str]]) -> list[str]:
        if isinstance(node, ast.List | ast.Tuple | ast.Set):
            return [task for item in node.elts for task in self._named(item, ids, results)]
        if isinstance(node, ast.Name):
            return [ids[node.id]] if node.id in ids else results.get(node.id, [])
        if isinstance(node, ast.Subscript):
            return self._named(node.value, ids, results)
        if isinstance(node, ast.Call):
            task = self._operator(node)
            name = call_name(node.func).partition(".")[0]
            return [task.id] if task is not None else [ids[name]] if name in ids else []
        return []

    def _by_call(
        self, node: ast.Call, ids: Mapping[str, str], results: Mapping[str, list[str]]
    ) -> Iterator[tuple[str, str]]:
        """Yield what a call puts in order: `chain`, `set_downstream`, or a task that takes the result of others."""
        name = call_name(node.func)
        last = name.rpartition(".")[2]
        if last in ("chain", "cross_downstream"):
            steps = [self._named(item, ids, results) for item in node.args]
            for first, second in pairwise(steps):
                yield from _pairs(first, second)
        elif last in ("set_downstream", "set_upstream") and isinstance(node.func, ast.Attribute) and node.args:
            own, other = self._named(node.func.value, ids, results), self._named(node.args[0], ids, results)
            yield from _pairs(own, other) if last == "set_downstream" else _pairs(other, own)
        elif name.partition(".")[0] in ids:
            task = [ids[name.partition(".")[0]]]
            for item in [*node.args, *(keyword.value for keyword in node.keywords)]:
                yield from _pairs(self._named(item, ids, results), task)


class _Prefect(_Pipeline):
    def dags(self) -> Iterator[Dag]:
        tasks = {
            name: Task(
                id=name,
                path=self.names.path,
                line=item.node.lineno,
                operator="task",
                function=item.node,
                options=self.options(decorator),
            )
            for name, item in self.own.items()
            if (decorator := self.decorator(item.node, "task")) is not None
        }
        for name, item in self.own.items():
            decorator = self.decorator(item.node, "flow")
            if decorator is not None:
                calls = list(self._calls(item.node, tasks))
                yield Dag(
                    id=name,
                    path=self.names.path,
                    line=item.node.lineno,
                    is_prefect=True,
                    options=self.options(decorator) | self._deployed(),
                    tasks=tuple(_unique(tasks[task] for task, _ in calls)),
                    before=frozenset(self._before(item.node, calls, tasks)),
                )

    def _calls(self, flow: FunctionNode, tasks: Mapping[str, Task]) -> Iterator[tuple[str, ast.Call]]:
        for node in live_nodes(flow):
            if isinstance(node, ast.Call) and (name := call_name(node.func).partition(".")[0]) in tasks:
                yield name, node

    def _before(
        self, flow: FunctionNode, calls: Sequence[tuple[str, ast.Call]], tasks: Mapping[str, Task]
    ) -> Iterator[tuple[str, str]]:
        """Yield what comes before what: a plain call waits for its task, `.submit()` only for what it is given."""
        ordered = sorted(calls, key=lambda item: (item[1].lineno, item[1].col_offset))
        for index, (name, call) in enumerate(ordered):
            if "." not in call_name(call.func):
                yield from ((name, later) for later, _ in ordered[index + 1 :] if later != name)
        made = {
            target.id: call_name(node.value.func).partition(".")[0]
            for node in live_nodes(flow)
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
            for target in node.targets
            if isinstance(target, ast.Name)
        }
        for name, call in ordered:
            for node in (inner for item in [*call.args, *(k.value for k in call.keywords)] for inner in ast.walk(item)):
                if isinstance(node, ast.Name) and made.get(node.id) in tasks:
                    yield made[node.id], name

    def _deployed(self) -> dict[str, object]:
        """Return the keywords by which a flow is served or deployed, its schedule among them."""
        for node in self.names.live:
            if isinstance(node, ast.Call) and call_name(node.func).rpartition(".")[2] in (
                "serve",
                "deploy",
                "to_deployment",
            ):
                return self.options(node)
        return {}


def _unique(tasks: Iterable[Task]) -> list[Task]:
    return list({task.id: task for task in tasks}.values())


def _pairs(first: Iterable[str], second: Sequence[str]) -> Iterator[tuple[str, str]]:
    return ((one, other) for one in first for other in second if one != other)
