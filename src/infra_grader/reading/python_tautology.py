"""Conditions of tests that hold whatever the learner's code answers."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Mapping, Sequence

from infra_grader.reading.python_body import FunctionNode
from infra_grader.reading.python_flow import UNKNOWN, call_name, decide, literal, live_nodes

CLASS = re.compile(r"_*[A-Z]")
SAMENESS = re.compile(
    r"determin|reproduc|repeat|same|stable|seed|random|idempot|consisten|cache|twice|again|once|equal|identi",
    re.IGNORECASE,
)
"""Words of tests that ask whether a second call answers like the first."""
ALWAYS_TRUE = frozenset({"id", "repr", "type"})
"""Builtins whose answer is never empty."""
LEAST = {"len": 0, "status_code": 100}
"""The least that a length, or the status of an answer over HTTP, can be."""
UNITTEST: Mapping[str, type[ast.cmpop]] = {
    "assertEqual": ast.Eq,
    "assertEquals": ast.Eq,
    "assertGreater": ast.Gt,
    "assertGreaterEqual": ast.GtE,
    "assertIs": ast.Is,
    "assertIsNot": ast.IsNot,
    "assertNotEqual": ast.NotEq,
}
"""Assertions of unittest that compare their first two arguments."""


def objects_made(nodes: Sequence[ast.AST]) -> dict[str, str]:
    """Return the names that only ever hold an object of a class, with the class as it is written."""
    found: dict[str, str] = {}
    for node in nodes:
        if isinstance(node, ast.Assign) and (made := _class_of(node.value, {})):
            found |= {target.id: made for target in node.targets if isinstance(target, ast.Name)}
    stored = [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)]
    return {name: made for name, made in found.items() if stored.count(name) == 1}


def asks_for_sameness(function: FunctionNode) -> bool:
    """Whether a test says that it calls something twice to see the same."""
    return SAMENESS.search(f"{function.name} {ast.get_docstring(function) or ''}") is not None


def condition_of(call: ast.Call) -> ast.expr | None:
    """Return what an assertion of unittest asks as an expression, or `None` for others."""
    name = call_name(call.func).rpartition(".")[2]
    match name, call.args:
        case "assertTrue", [test, *_]:
            return test
        case "assertIsNotNone", [left, *_]:
            return ast.Compare(left=left, ops=[ast.IsNot()], comparators=[ast.Constant(value=None)])
        case "assertIsInstance", [left, kind, *_]:
            return ast.Call(func=ast.Name(id="isinstance", ctx=ast.Load()), args=[left, kind], keywords=[])
        case _, [left, right, *_] if name in UNITTEST:
            return ast.Compare(left=left, ops=[UNITTEST[name]()], comparators=[right])
    return None


def is_tautology(test: ast.expr, made: Mapping[str, str], *, sameness: bool = False) -> bool:  # noqa: PLR0911 - one for each shape
    """Whether a condition holds whatever is answered: a thing is itself, an object is there, a length not negative.

    `made` is what `objects_made` gives. With `sameness` two equal calls may be compared: a test that says so asks
    whether they answer alike.
    """
    match test:
        case ast.BoolOp(op=ast.Or(), values=values):
            return any(decide(value) is True or is_tautology(value, made, sameness=sameness) for value in values)
        case ast.BoolOp(op=ast.And(), values=values):
            return all(decide(value) is True or is_tautology(value, made, sameness=sameness) for value in values)
        case ast.Compare(left=left, ops=[operator], comparators=[right]):
            return _is_settled(left, operator, right, made, sameness=sameness)
        case ast.Call(func=ast.Name(id="isinstance"), args=[left, kind]):
            return _is_any_kind(kind) or _class_of(left, made) == ast.unparse(kind)
        case ast.Call(func=ast.Name(id=name), args=[_]) if name in ALWAYS_TRUE:
            return True
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items) | ast.Dict(values=items):
            return any(not isinstance(item, ast.Starred) for item in items)
        case ast.Attribute(attr="status_code"):
            return True
    return False


def _is_settled(
    left: ast.expr, operator: ast.cmpop, right: ast.expr, made: Mapping[str, str], *, sameness: bool
) -> bool:
    if ast.dump(left) == ast.dump(right):
        calls = [node for node in live_nodes(left) if isinstance(node, ast.Call)]
        return not calls or (isinstance(operator, ast.Eq) and not sameness and not _may_differ(left, calls))
    if isinstance(operator, ast.IsNot | ast.NotEq) and isinstance(right, ast.Constant) and right.value is None:
        return bool(_class_of(left, made)) or _measured(left) is not None
    least, bound = _measured(left), literal(right)
    if least is None or bound is UNKNOWN or not isinstance(bound, int | float):
        return False
    return (isinstance(operator, ast.GtE) and bound <= least) or (
        isinstance(operator, ast.Gt | ast.NotEq) and bound < least
    )


def _may_differ(compared: ast.expr, calls: Iterable[ast.Call]) -> bool:
    """Whether two equal calls are worth comparing: objects may be unequal, and a seed may be forgotten."""
    if _class_of(compared, {}):
        return True
    words = [keyword.arg or "" for call in calls for keyword in call.keywords]
    return any(SAMENESS.search(word) for word in words)


def _measured(node: ast.expr) -> int | None:
    """Return the least that an expression can be, where it is a length or a status."""
    match node:
        case ast.Call(func=ast.Name(id="len"), args=[_]):
            return LEAST["len"]
        case ast.Attribute(attr="status_code"):
            return LEAST["status_code"]
    return None


def _class_of(node: ast.expr, made: Mapping[str, str]) -> str:
    """Return the class whose object an expression makes or names, as it is written, or nothing."""
    if isinstance(node, ast.Name):
        return made.get(node.id, "")
    if not isinstance(node, ast.Call):
        return ""
    name = call_name(node.func)
    return name if CLASS.match(name.rpartition(".")[2]) else ""


def _is_any_kind(kind: ast.expr) -> bool:
    kinds = kind.elts if isinstance(kind, ast.Tuple) else [kind]
    return any(isinstance(item, ast.Name) and item.id == "object" for item in kinds)
