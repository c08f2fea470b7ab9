"""Which lines of a Python file hold statements that run, counted from its syntax tree."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from infra_grader.model.record import Record
from infra_grader.reading.python_flow import decide, live_nodes

DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
SILENT = (ast.Global, ast.Nonlocal)
"""Statements that tell the compiler something and do nothing."""


class Span(Record):
    """The lines of one statement, of a compound one only those of its head."""

    first: int
    last: int

    def is_in(self, lines: frozenset[int]) -> bool:
        """Whether any of its lines is among these."""
        return any(line in lines for line in range(self.first, self.last + 1))


def statement_spans(tree: ast.Module) -> list[Span]:
    """Return the statements that can run, one for each line that one begins on, in order.

    Left out is what no run could reach, such as the body of `if TYPE_CHECKING:`, and what does nothing: docstrings,
    declarations, conditions that are constant. Comments cannot take a line out.
    """
    found: dict[int, Span] = {}
    for node in live_nodes(tree):
        if isinstance(node, ast.stmt) and _does_something(node):
            span = _span(node)
            found.setdefault(span.first, span)
    return [found[line] for line in sorted(found)]


def missing_ranges(spans: list[Span], ran: frozenset[int]) -> str:
    """Return the lines of the statements that did not run, neighbours put together: `3-5, 9`."""
    ranges: list[list[int]] = []
    is_open = False
    for span in spans:
        if span.is_in(ran):
            is_open = False
            continue
        if is_open:
            ranges[-1][1] = span.last
        else:
            ranges.append([span.first, span.last])
        is_open = True
    return ", ".join(f"{first}-{last}" if last > first else str(first) for first, last in ranges)


def _does_something(node: ast.stmt) -> bool:
    if isinstance(node, ast.Expr):
        return not isinstance(node.value, ast.Constant)
    if isinstance(node, ast.AnnAssign):
        return node.value is not None
    if isinstance(node, ast.If | ast.While):
        return decide(node.test) is None
    return not isinstance(node, SILENT)


def _span(node: ast.stmt) -> Span:
    first = node.lineno
    if isinstance(node, DEFINING) and node.decorator_list:
        first = min(first, *(item.lineno for item in node.decorator_list))
    body = min((inner.lineno for inner in _blocks(node)), default=0)
    last = max(first, body - 1) if body else node.end_lineno or first
    return Span(first=first, last=last)


def _blocks(node: ast.stmt) -> Iterator[ast.stmt]:
    """Yield what stands in the blocks of a compound statement."""
    for name in ("body", "orelse", "finalbody", "handlers", "cases"):
        for item in getattr(node, name, []):
            if isinstance(item, ast.stmt):
                yield item
            elif isinstance(item, ast.ExceptHandler | ast.match_case):
                yield from item.body
