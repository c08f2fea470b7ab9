"""Which Python statements can run, and what literal expressions are worth.

Everything here reads syntax trees and runs nothing. Trees come from `python_source.parse_source`, which caps
their depth.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from typing import TypeVar

UNKNOWN = object()
"""What `literal` gives for an expression whose value cannot be told by reading."""

Node = TypeVar("Node", bound=ast.AST)

BRANCHING = (ast.If, ast.While, ast.IfExp)
LEAVING = (ast.Return, ast.Raise, ast.Break, ast.Continue)
EXITS = frozenset({"sys.exit", "exit", "quit", "os._exit", "os.abort"})
"""Calls that do not come back."""

MAX_LITERAL_DEPTH = 20
MAX_LITERAL_BITS = 256
MAX_LITERAL_LENGTH = 10_000


def live_nodes(root: ast.AST) -> Iterator[ast.AST]:
    """Yield the nodes that can run, in the order of the text.

    Left out are the branches that a constant condition closes (`if False:`, `if TYPE_CHECKING:`), and what
    follows a `return`, `raise`, `break`, `continue` or `sys.exit()` in its block.
    """
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += reversed(live_children(node))


def all_nodes(root: ast.AST) -> Iterator[ast.AST]:
    """Yield a node and all below it, in no order, but without the contexts of names: a faster `ast.walk`."""
    stack = [root]
    while stack:
        node = stack.pop()
        yield node
        stack += all_children(node)


def all_children(node: ast.AST) -> list[ast.AST]:
    """Return the direct children of a node, but for the context of a name, which says no more than `node.ctx`."""
    # A list made in one go: every node of every file comes by here, some of them several times.
    children: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            children += filter(_is_node, value)
        elif isinstance(value, ast.AST) and name != "ctx":
            children.append(value)
    return children


def live_children(node: ast.AST) -> list[ast.AST]:
    """Return the direct children of a node that can run, as of `all_children`; see `live_nodes`."""
    if isinstance(node, BRANCHING):
        return list(_branches(node))
    if isinstance(node, ast.BoolOp):
        return list(_operands_run(node))
    children: list[ast.AST] = []
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            children += live_block(value) if value and isinstance(value[0], ast.stmt) else filter(_is_node, value)
        elif isinstance(value, ast.AST) and name != "ctx":
            children.append(value)
    return children


def _is_node(value: object) -> bool:
    return isinstance(value, ast.AST)  # the keys of a dict display may be None


def _operands_run(node: ast.BoolOp) -> Iterator[ast.AST]:
    """Yield the operands up to the one that decides."""
    for value in node.values:
        yield value
        if decide(value) is isinstance(node.op, ast.Or):
            return


def live_block(statements: Iterable[Node]) -> Iterator[Node]:
    """Yield the statements of a block up to the one that leaves it."""
    for statement in statements:
        yield statement
        if isinstance(statement, LEAVING) or (isinstance(statement, ast.Expr) and _exits(statement)):
            return


def _exits(statement: ast.Expr) -> bool:
    """Whether a statement ends the program."""
    return isinstance(statement.value, ast.Call) and call_name(statement.value) in EXITS


def _branches(node: ast.If | ast.While | ast.IfExp) -> Iterator[ast.AST]:
    yield node.test
    decided = decide(node.test)
    for branch, is_taken in ((node.body, decided is not False), (node.orelse, decided is not True)):
        if is_taken:
            yield from live_block(branch if isinstance(branch, list) else [branch])


def decide(test: ast.AST) -> bool | None:
    """Return what a condition always is, or `None` where that depends; `TYPE_CHECKING` is false when code runs."""
    is_negated = False
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test, is_negated = test.operand, not is_negated
    name = test.id if isinstance(test, ast.Name) else test.attr if isinstance(test, ast.Attribute) else ""
    if name == "TYPE_CHECKING":
        return is_negated
    if isinstance(test, ast.Compare) and len(test.ops) == 1:
        value = _compare(literal(test.left), test.ops[0], literal(test.comparators[0]))
    else:
        value = literal(test)
    return None if value is UNKNOWN else bool(value) is not is_negated


def _compare(left: object, operator: ast.cmpop, right: object) -> object:
    if left is UNKNOWN or right is UNKNOWN:
        return UNKNOWN
    if isinstance(operator, ast.Eq | ast.Is):
        return left == right
    if isinstance(operator, ast.NotEq | ast.IsNot):
        return left != right
    if isinstance(left, int | float) and isinstance(right, int | float):
        if isinstance(operator, ast.Lt | ast.LtE):
            return left < right or (left == right and isinstance(operator, ast.LtE))
        if isinstance(operator, ast.Gt | ast.GtE):
            return left > right or (left == right and isinstance(operator, ast.GtE))
    return UNKNOWN


def literal(node: ast.AST | None, constants: Mapping[str, object] | None = None, depth: int = 0) -> object:
    """Return the value of an expression of literals, and of names in `constants`, else `UNKNOWN`.

    Sums and products of numbers and sums of texts are worked out, as in `10 * 1024 * 1024`; nothing is
    computed that could grow large.
    """
    if isinstance(node, ast.Constant):
        return node.value
    if isinstance(node, ast.Name):
        return (constants or {}).get(node.id, UNKNOWN)
    operands = _operands(node) if depth < MAX_LITERAL_DEPTH else None
    if operands is None:
        return UNKNOWN
    values = [literal(operand, constants, depth + 1) for operand in operands]
    return UNKNOWN if any(value is UNKNOWN for value in values) else _combine(node, values)


def _operands(node: ast.AST | None) -> list[ast.expr] | None:
    match node:
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items) | ast.JoinedStr(values=items):
            return items
        case ast.BinOp(left=left, right=right):
            return [left, right]
        case ast.UnaryOp(op=ast.USub(), operand=operand) | ast.FormattedValue(value=operand):
            return [operand]
    return None


def _combine(node: ast.AST | None, values: list[object]) -> object:  # noqa: PLR0911 - one for each shape
    """Return the value of an expression from those of its operands."""
    match node, values:
        case ast.JoinedStr(), _:
            return _bounded("".join(map(str, values)))
        case ast.FormattedValue(), [value]:
            return value
        case ast.UnaryOp(), [int() | float() as number]:
            return -number
        case ast.BinOp(op=ast.Add()), [str() as left, str() as right]:
            return _bounded(left + right)
        case ast.BinOp(op=operator), [int() | float() as left, int() | float() as right]:
            return _calculate(operator, left, right)
        case ast.List() | ast.Tuple() | ast.Set(), _:
            return values
    return UNKNOWN


def _calculate(operator: ast.operator, left: float, right: float) -> object:
    if any(isinstance(side, int) and side.bit_length() > MAX_LITERAL_BITS for side in (left, right)):
        return UNKNOWN
    match operator:
        case ast.Add():
            return left + right
        case ast.Sub():
            return left - right
        case ast.Mult():
            return left * right
    return UNKNOWN


def _bounded(text: str) -> object:
    """Return a text that was put together, unless it doubles its way to the end of memory."""
    return text if len(text) <= MAX_LITERAL_LENGTH else UNKNOWN


def call_name(node: ast.AST) -> str:
    """Return the dotted name of what is called or named, as written: `self.app.run`, or nothing."""
    parts: list[str] = []
    while isinstance(node, ast.Attribute | ast.Call):
        if isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        else:
            node = node.func
    if isinstance(node, ast.Name):
        parts.append(node.id)
        return ".".join(reversed(parts))
    return ""
