"""Pipelines as Airflow and Prefect have them: tasks, what they run, and what comes before what, read from the code."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import pairwise

from infra_grader.reading.python_body import FunctionNode
from infra_grader.reading.python_flow import call_name, literal, live_nodes
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_pipeline import Dag, PipelineReader, Task, assigned, functions_of, marked_tasks

DEPLOYING = ("serve", "deploy", "to_deployment")
DAG_MAKERS = ("DAG", "dag")


def find_dags(files: Sequence[Names]) -> list[Dag]:
    """Return the pipelines in some files; functions that tasks run are looked for in all of them."""
    functions = functions_of(files)
    marked = {key: task for names in files for key, task in marked_tasks(names, functions)}
    dags: list[Dag] = []
    for names in files:
        roots = {target.lstrip(".").partition(".")[0] for target in names.imports.values()}
        if "airflow" in roots:
            dags += _Airflow(names, functions, marked).dags()
        if "prefect" in roots:
            dags += _Prefect(names, functions, marked).dags()
    return dags


class _Airflow(PipelineReader):
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
            elif isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None and self._is_dag(node.value):
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
        for name, value in assigned(nodes):
            if isinstance(value, ast.Call) and (task := self._operator(value)) is not None:
                found[name] = task
        return found | self.marked

    def _operator(self, call: ast.Call, given: Mapping[str, ast.AST] | None = None, depth: int = 0) -> Task | None:
        """Return the task that a call makes; `given` is what the names in it stand for, in a function that makes it."""
        name = self.names.resolve(call.func).rpartition(".")[2]
        if not name.endswith(("Operator", "Sensor")):
            return self._made_by(call, depth)
        values = {item.arg: (given or {}).get(getattr(item.value, "id", ""), item.value) for item in call.keywords}
        options = self.options(call) | {key: self.value(value) for key, value in values.items() if key and given}
        task_id, command = options.get("task_id"), options.get("bash_command")
        if not isinstance(task_id, str):
            return None
        function = self.function(values.get("python_callable"))
        return Task(
            id=task_id,
            path=self.names.path,
            line=call.lineno,
            operator=name,
            function=function,
            calls=self.called_from(function),
            options=options,
            command=command if isinstance(command, str) else "",
        )

    def _made_by(self, call: ast.Call, depth: int) -> Task | None:
        """Return the task that a function of the learner's makes, such as `make("train", train)`."""
        maker = self.own.get(call.func.id) if isinstance(call.func, ast.Name) and depth == 0 else None
        if maker is None:
            return None
        given = dict(zip((item.arg for item in maker.parameters), call.args, strict=False))
        given |= {item.arg: item.value for item in call.keywords if item.arg}
        inner = (node for node in live_nodes(maker.node) if isinstance(node, ast.Call))
        made = next((task for node in inner if (task := self._operator(node, given, depth + 1)) is not None), None)
        return made.replace(line=call.lineno) if made is not None else None

    def _before(self, nodes: Sequence[ast.AST], ids: Mapping[str, str]) -> Iterator[tuple[str, str]]:
        results = {
            name: self._named(value, ids, {})
            for name, value in assigned(nodes)
            if isinstance(value, ast.Call) and name not in ids
        }
        results |= self._groups(nodes, ids)
        for node in nodes:
            if isinstance(node, ast.BinOp) and isinstance(node.op, ast.RShift | ast.LShift):
                left, right = self._ends(node.left, ids, results), self._named(node.right, ids, results)
                yield from _pairs(left, right) if isinstance(node.op, ast.RShift) else _pairs(right, left)
            elif isinstance(node, ast.Call):
                yield from self._by_call(node, ids, results)

    def _groups(self, nodes: Iterable[ast.AST], ids: Mapping[str, str]) -> dict[str, list[str]]:
        """Return the tasks of each group that a `with` block names."""
        return {
            item.optional_vars.id: self._within(node, ids)
            for node in nodes
            if isinstance(node, ast.With)
            for item in node.items
            if isinstance(item.optional_vars, ast.Name) and not self._is_dag(item.context_expr)
        }

    def _within(self, scope: ast.AST, ids: Mapping[str, str]) -> list[str]:
        calls = [node for node in live_nodes(scope) if isinstance(node, ast.Call)]
        return list(dict.fromkeys(task for call in calls for task in self._named(call, ids, {})))

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
            if task is None and name in self.own and self.decorator(self.own[name].node, "task_group") is not None:
                return self._within(self.own[name].node, ids)
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


class _Prefect(PipelineReader):
    def dags(self) -> Iterator[Dag]:
        tasks = self.marked
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
        # By their ends: of calls within each other, the inner one is made first.
        ordered = sorted(calls, key=lambda item: (item[1].end_lineno or 0, item[1].end_col_offset or 0))
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
                elif isinstance(node, ast.Call) and (inner := call_name(node.func).partition(".")[0]) in tasks:
                    yield inner, name

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
