"""Small faults that can be planted in Python code, and the text of a file with one of them.

Each is one that people make: a comparison the other way round, a limit that is off by one, a result that is not given
back. They are planted in the bodies of functions only, and not in what is merely said: messages, log lines.
"""

from __future__ import annotations

import ast
import random
from collections.abc import Callable, Iterator

from infra_grader.model.record import Record
from infra_grader.reading.python_flow import call_name, live_nodes
from infra_grader.reading.python_source import Source

SAYING = frozenset({"debug", "info", "warning", "error", "exception", "critical", "log", "print"})
"""Last parts of the names of calls that only say something."""

OTHER_WAY: dict[type[ast.cmpop], type[ast.cmpop]] = {
    ast.Eq: ast.NotEq, ast.NotEq: ast.Eq, ast.Lt: ast.GtE, ast.GtE: ast.Lt, ast.Gt: ast.LtE, ast.LtE: ast.Gt,
    ast.Is: ast.IsNot, ast.IsNot: ast.Is, ast.In: ast.NotIn, ast.NotIn: ast.In,
}  # fmt: skip
BY_ONE: dict[type[ast.cmpop], type[ast.cmpop]] = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt}
SWAPPED: dict[type[ast.operator], type[ast.operator]] = {
    ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Add, ast.Div: ast.Mult, ast.FloorDiv: ast.Mult,
    ast.Mod: ast.Mult, ast.Pow: ast.Mult,
}  # fmt: skip
ODDS_OF_PASS = 0.3


class Fault(Record):
    """A fault that can be planted in a file, and where."""

    path: str
    function: str
    """Qualified name of the function that it would stand in."""
    line: int
    end_line: int
    what: str
    """What it does, as a clause: `a comparison is the other way round`."""
    is_weak: bool
    """Whether code may well do the same with it: a limit that no value hits, a number that is only a default."""
    place: int
    """Number of the node in the order of `ast.walk`."""

    def is_run(self, ran: frozenset[int]) -> bool:
        """Whether it stands on a line that ran."""
        return any(line in ran for line in range(self.line, self.end_line + 1))


Plant = Callable[[ast.AST], ast.AST]


def find_faults(source: Source) -> list[Fault]:
    """Return the faults that can be planted in the functions that the learner wrote."""
    owners = {id(node): name for name, node in _body_nodes(source)}
    live = {id(node) for node in live_nodes(source.tree)}
    found: list[Fault] = []
    for place, node in enumerate(ast.walk(source.tree)):
        if id(node) not in owners or id(node) not in live:
            continue
        found += [
            Fault(
                path=source.path,
                function=owners[id(node)],
                line=getattr(node, "lineno", 0),
                end_line=_end_line(node),
                what=what,
                is_weak=is_weak,
                place=place,
            )
            for what, (is_weak, _) in _choices(node).items()
        ]
    return found


def choose_faults(faults: list[Fault], count: int, draw: random.Random) -> list[Fault]:
    """Return some faults: on as many lines and in as many functions as there are, strong ones first, few weak ones."""
    order = list(faults)
    draw.shuffle(order)
    chosen: list[Fault] = []
    for most_weak, on_one_line in ((0, 1), (count // 4, 1), (count // 4, count), (count, count)):
        for in_one_function in range(1, count + 1):
            for fault in order:
                lines = sum((fault.path, fault.line) == (other.path, other.line) for other in chosen)
                same = sum((fault.path, fault.function) == (other.path, other.function) for other in chosen)
                is_too_weak = fault.is_weak and sum(other.is_weak for other in chosen) >= most_weak
                has_room = lines < on_one_line and same < in_one_function and not is_too_weak
                if len(chosen) < count and has_room and fault not in chosen:
                    chosen.append(fault)
    return chosen


def rewritten(source: Source, draw: random.Random, fault: Fault | None = None) -> str:
    """Return a file's text, printed anew with idle statements strewn in, and with a fault if one is given.

    So one with a fault looks no more changed than one without.
    """
    tree = ast.parse(source.text)
    if fault is not None:
        nodes = list(ast.walk(tree))
        target = nodes[fault.place]
        _, plant = _choices(target)[fault.what]
        _Replacing(target, plant(target)).visit(tree)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and draw.random() < ODDS_OF_PASS:
            after = 1 if ast.get_docstring(node, clean=False) is not None else 0
            node.body.insert(draw.randint(after, len(node.body)), ast.Pass())
    return ast.unparse(tree) + "\n"


def _choices(node: ast.AST) -> dict[str, tuple[bool, Plant]]:
    """Return what can be done to a node: what it means, whether it is weak, and how it is done."""
    found: dict[str, tuple[bool, Plant]] = {}
    match node:
        case ast.Compare(ops=[operator]):
            if type(operator) in OTHER_WAY:
                found["a comparison is the other way round"] = (False, _with_operator(OTHER_WAY[type(operator)]))
            if type(operator) in BY_ONE:
                found["a limit is off by one"] = (True, _with_operator(BY_ONE[type(operator)]))
        case ast.BinOp(op=operator) if type(operator) in SWAPPED and not _is_text(node):
            found["a calculation uses another operator"] = (False, _with_arithmetic)
        case ast.BoolOp():
            found["`and` and `or` are swapped"] = (False, _with_other_join)
        case ast.Return(value=value) if value is not None and not _is_none(value):
            found["a function gives back something else"] = (False, _with_other_result)
        case ast.If() | ast.IfExp():
            found["a condition is the other way round"] = (False, _with_negation)
        case ast.Raise(exc=ast.expr()):
            found["an exception is not raised"] = (False, lambda _: ast.Pass())
        case ast.Constant(value=int() | float()):
            found["a number is another one"] = (True, _with_other_number)
    return found


def _with_operator(kind: type[ast.cmpop]) -> Plant:
    def plant(node: ast.AST) -> ast.AST:
        assert isinstance(node, ast.Compare)
        return ast.Compare(left=node.left, ops=[kind()], comparators=node.comparators)

    return plant


def _with_arithmetic(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BinOp)
    return ast.BinOp(left=node.left, op=SWAPPED[type(node.op)](), right=node.right)


def _with_other_join(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.BoolOp)
    return ast.BoolOp(op=ast.And() if isinstance(node.op, ast.Or) else ast.Or(), values=node.values)


def _with_other_result(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Return)
    value = node.value.value if isinstance(node.value, ast.Constant) else None
    return ast.Return(value=ast.Constant(value=not value if isinstance(value, bool) else None))


def _with_negation(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.If | ast.IfExp)
    test = ast.UnaryOp(op=ast.Not(), operand=node.test)
    if isinstance(node, ast.If):
        return ast.If(test=test, body=node.body, orelse=node.orelse)
    return ast.IfExp(test=test, body=node.body, orelse=node.orelse)


def _with_other_number(node: ast.AST) -> ast.AST:
    assert isinstance(node, ast.Constant) and isinstance(node.value, int | float)  # noqa: PT018 - one fact
    return ast.Constant(value=not node.value if isinstance(node.value, bool) else node.value + 1)


class _Replacing(ast.NodeTransformer):
    """Puts one node in the place of another."""

    def __init__(self, target: ast.AST, replacement: ast.AST) -> None:
        self._target = target
        self._replacement = replacement

    def visit(self, node: ast.AST) -> ast.AST:
        """Return what is to stand there."""
        return self._replacement if node is self._target else self.generic_visit(node)


def _body_nodes(source: Source) -> Iterator[tuple[str, ast.AST]]:
    """Yield what can be changed in the functions' bodies, each with the name of the innermost function around it."""
    for item in source.functions:  # in the order of the text: an inner function comes after the one around it
        if item.is_given:
            continue
        stack: list[ast.AST] = list(item.node.body)
        while stack:
            node = stack.pop()
            yield item.name, node
            if not _only_says(node):
                stack += [child for child in ast.iter_child_nodes(node) if not isinstance(child, ast.arguments)]


def _only_says(node: ast.AST) -> bool:
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.AnnAssign):
        return not (isinstance(node, ast.AnnAssign) and node.value is not None)
    return isinstance(node, ast.Call) and call_name(node).rpartition(".")[2] in SAYING


def _end_line(node: ast.AST) -> int:
    """Return the last line of a node; of a branch, that of its condition."""
    last = node.test if isinstance(node, ast.If) else node
    return getattr(last, "end_lineno", 0) or 0


def _is_text(node: ast.BinOp) -> bool:
    """Whether texts are put together or filled in: another operator would only break."""
    sides = (node.left, node.right)
    return any(
        isinstance(side, ast.JoinedStr | ast.List) or (isinstance(side, ast.Constant) and isinstance(side.value, str))
        for side in sides
    )


def _is_none(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is None
