"""What a pipeline is, whichever tool runs it, and how its parts are found in Python files."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

import msgspec

from infra_grader.model.record import Record
from infra_grader.reading.python_body import FunctionNode, calls_something, has_own_body
from infra_grader.reading.python_flow import UNKNOWN, call_name, literal, live_nodes
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import Function

IDLE_OPERATORS = frozenset({"EmptyOperator", "DummyOperator"})
SAYING = ("echo", "printf", "true", ":", "sleep", "date", "cd", "set", "export", "exit", "pwd")
"""Commands that do no work of a pipeline."""
PARTS = re.compile(r"&&|\|\||[;|\n]")
TELLING = re.compile(r"Email|Slack|Discord|Telegram|Teams|Opsgenie|PagerDuty|Sns|Notif", re.IGNORECASE)
"""Operators that send messages."""
STOPPING = ("ShortCircuitOperator", "BranchPythonOperator", "Sensor")
NOT_A_SCHEDULE = (None, "", UNKNOWN)


class Task(Record):
    """One task of a pipeline."""

    id: str
    path: str
    line: int
    operator: str
    """What makes it: the operator's name, or `task` for a function of its own."""
    function: FunctionNode | None = None
    """What it runs, where that is in the learner's own files."""
    calls: tuple[FunctionNode, ...] = ()
    """What of the learner's own that function calls."""
    options: Mapping[str, object] = msgspec.field(default_factory=dict)
    """Values of its keywords that can be told; `UNKNOWN` for others."""
    command: str = ""
    """What a BashOperator runs, as far as it is written out."""
    idle: str = ""
    """Why that command does nothing of the learner's, where it is known."""

    @property
    def does_something(self) -> bool:
        """Whether it does more than log what it would do."""
        if self.function is not None:
            return has_own_body(self.function) and calls_something(self.function)
        if self.idle:
            return False
        if self.operator.endswith("BashOperator"):
            commands = (part.split() for part in PARTS.split(self.command))
            return any(words and words[0] not in SAYING and not words[0].startswith("#") for words in commands)
        return self.operator not in IDLE_OPERATORS | {"PythonOperator", "task"} and not self.operator.endswith("Sensor")

    @property
    def only_tells(self) -> bool:
        """Whether it does no more than tell people that something has happened."""
        return self.function is None and TELLING.search(self.operator) is not None

    @property
    def can_stop(self) -> bool:
        """Whether it can keep what follows from running: it raises, or it is made to branch."""
        own = (self.function, *self.calls) if self.function is not None else ()
        if any(isinstance(node, ast.Raise | ast.Assert) for function in own for node in live_nodes(function)):
            return True
        return self.operator.endswith(STOPPING) or (bool(self.command) and self.does_something)


class Dag(Record):
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
        for name in ("schedule", "schedule_interval", "schedules", "cron", "interval", "timetable", "rrule"):
            if self.options.get(name) not in (None, []):
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


MOST_DEPTH = 5

Functions = Mapping[tuple[str, str], FunctionNode]


def functions_of(files: Sequence[Names]) -> Functions:
    """Return the functions of all files by the module's last name and theirs."""
    found: dict[tuple[str, str], FunctionNode] = {}
    for names in files:
        for item in names.source.functions:
            found[_module(names.path), item.node.name] = item.node
    return found


def marked_tasks(names: Names, functions: Functions) -> Iterator[tuple[tuple[str, str], Task]]:
    """Yield the functions of a file that are marked with `@task`, by the module's last name and theirs."""
    reader = PipelineReader(names, functions, {})
    for name, item in reader.own.items():
        decorator = reader.decorator(item.node, "task")
        if decorator is not None:
            options = reader.options(decorator)
            # what the function of `@task.bash` returns is run
            command = returned_text(item.node) if names.resolve(decorator).endswith("task.bash") else ""
            yield (
                (_module(names.path), name),
                Task(
                    id=str(options.get("task_id", name)),
                    path=names.path,
                    line=item.node.lineno,
                    operator="BashOperator" if command else "task",
                    function=None if command else item.node,
                    calls=() if command else reader.called_from(item.node),
                    options=options,
                    command=command,
                ),
            )


def returned_text(function: FunctionNode) -> str:
    """Return the text that a function gives back, with a blank for what is not written out, or nothing."""
    for node in live_nodes(function):
        match node:
            case ast.Return(value=ast.Constant(value=str() as text)):
                return text
            case ast.Return(value=ast.JoinedStr(values=parts)):
                return "".join(str(part.value) if isinstance(part, ast.Constant) else "_" for part in parts)
    return ""


def _module(path: str) -> str:
    return path.rpartition("/")[2].removesuffix(".py")


class PipelineReader:
    """What both tools have in common."""

    def __init__(self, names: Names, functions: Functions, marked: Mapping[tuple[str, str], Task]) -> None:
        self.names = names
        self.functions = functions
        self.own: dict[str, Function] = {item.node.name: item for item in names.source.functions}
        self.mappings = {name: value for name, value in assigned(names.live) if _items(value) is not None}

        places = {name: (_module(names.path), name) for name in self.own}
        for bound, target in names.imports.items():
            module, _, last = target.rpartition(".")
            places.setdefault(bound, (module.rpartition(".")[2], last))
        self.marked = {name: marked[place] for name, place in places.items() if place in marked}
        """Functions marked with `@task`, by their names in this file."""

    def options(self, call: ast.AST | None) -> dict[str, object]:
        """Return the keywords of a call; those of `default_args` are among them, unless they are given themselves."""
        keywords = call.keywords if isinstance(call, ast.Call) else []
        given = {item.arg: self.value(item.value) for item in keywords if item.arg}
        defaults = next((item.value for item in keywords if item.arg == "default_args"), None)
        for name, value in self._mapping(defaults):
            given.setdefault(name, self.value(value))
        return given

    def _mapping(self, node: ast.AST | None, depth: int = 0) -> Iterator[tuple[str, ast.AST]]:
        """Yield the items of a mapping that is written out, or named; what is laid over others comes first."""
        if isinstance(node, ast.Name):
            node = self.mappings.get(node.id)
        for key, value in reversed(_items(node) or ()):
            if key:
                yield key, value
            elif depth < MOST_DEPTH:
                yield from self._mapping(value, depth + 1)

    def value(self, node: ast.AST) -> object:
        """Return what an expression is worth, as far as it can be read."""
        return literal(node, self.names.constants)

    def function(self, node: ast.AST | None) -> FunctionNode | None:
        """Return the learner's function that an expression names; a lambda is one that returns its value."""
        if isinstance(node, ast.Lambda):
            return _as_function(node)
        if isinstance(node, ast.Call) and call_name(node.func).rpartition(".")[2] == "partial" and node.args:
            node = node.args[0]
        if isinstance(node, ast.Name) and node.id in self.own:
            return self.own[node.id].node
        name = self.names.resolve(node) if node is not None else ""
        module, _, last = name.rpartition(".")
        found = self.functions.get((module.rpartition(".")[2], last))
        if found is None and isinstance(node, ast.Attribute) and not self._is_imported(node):
            # A method of an object of theirs: by its name, since nothing tells the object's class.
            found = next((item for (_, known), item in self.functions.items() if known == node.attr), None)
        return found

    def _is_imported(self, node: ast.AST) -> bool:
        """Whether an expression begins with a module that is not one of the learner's files."""
        first = call_name(node).partition(".")[0]
        modules = {module for module, _ in self.functions}
        target = self.names.imports.get(first, "")
        return bool(target) and not {*target.split(".")} & modules

    def called_from(self, function: FunctionNode | None) -> tuple[FunctionNode, ...]:
        """Return the learner's functions that a function calls."""
        if function is None:
            return ()
        calls = [node.func for node in live_nodes(function) if isinstance(node, ast.Call)]
        found = [called for name in calls if (called := self.function(name)) is not None and called is not function]
        return tuple(found)

    def decorator(self, node: ast.AST, *wanted: str) -> ast.AST | None:
        """Return the decorator of a function that is one of these, `@task.python` too."""
        for item in getattr(node, "decorator_list", ()):
            name = self.names.resolve(item)
            if any(part in wanted for part in name.split(".")[1:]):
                return item  # type: ignore[no-any-return]  # an expression
        return None


def assigned(nodes: Iterable[ast.AST]) -> Iterator[tuple[str, ast.AST]]:
    """Yield the variables that are given a value, with that value."""
    for node in nodes:
        if isinstance(node, ast.Assign):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.value is not None:
            yield node.target.id, node.value


def _items(node: ast.AST | None) -> list[tuple[str, ast.AST]] | None:
    """Return the items of `{...}` and `dict(...)`, those of other mappings under no name; `None` for anything else."""
    if isinstance(node, ast.Dict):
        pairs = zip(node.keys, node.values, strict=True)
        return [
            ("" if key is None else str(getattr(key, "value", "")), value)
            for key, value in pairs
            if key is None or isinstance(key, ast.Constant)
        ]
    if isinstance(node, ast.Call) and call_name(node.func) == "dict":
        return [*(("", item) for item in node.args), *((item.arg or "", item.value) for item in node.keywords)]
    return None


def _as_function(node: ast.Lambda) -> FunctionNode:
    answer = ast.copy_location(ast.Return(value=node.body), node)
    function = ast.FunctionDef(name="lambda", args=node.args, body=[answer], decorator_list=[], returns=None)
    return ast.copy_location(function, node)
