"""PromQL, read into a tree of ours: which series, functions and comparisons a query is made of.

The grammar is that of `promql-parser`, which follows Prometheus. Its recursion has no bound and ends the whole process,
so that what is too long or too deep is refused before it is asked.
"""

from __future__ import annotations

import math
import operator
import re
from collections.abc import Callable, Iterator, Mapping
from functools import lru_cache
from typing import Any, Literal

from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

REMEDY = "pip install 'infra-grader[prometheus]'"

LONGEST = 20_000
MOST_OPERATORS = 250
"""Operators and brackets in one query; each may be a level of its tree."""
QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'|`[^`]*`", re.DOTALL)
COMMENT = re.compile(r"#[^\n]*")
MATCHERS = re.compile(r"\{[^{}]*\}")
OPERATOR = re.compile(r"[-+*/%^(<>=!@\[]|\b(?:and|or|unless|atan2|offset)\b", re.IGNORECASE)

COMPARISONS = frozenset({"==", "!=", ">", "<", ">=", "<="})
FLIPPED = {">": "<", "<": ">", ">=": "<=", "<=": ">="}
SET_OPERATORS = frozenset({"and", "or", "unless"})

Kind = Literal["selector", "number", "text", "call", "aggregation", "binary", "other"]


class PromqlError(Exception):
    """A text is no query; the message says why."""


class Matcher(Record):
    """A condition on a label: `status=~"5.."`."""

    label: str
    operator: str
    """`=`, `!=`, `=~` or `!~`."""
    value: str

    def admits(self, value: str) -> bool:
        """Whether a series with this value of the label is selected; false for an expression that cannot be tried."""
        if self.operator in ("=", "!="):
            return (self.value == value) is (self.operator == "=")
        try:
            found = re.fullmatch(self.value[:200], value)
        except (re.error, RecursionError, OverflowError):
            return False
        return (found is not None) is (self.operator == "=~")


class Expression(Record):
    """A part of a query with its own parts."""

    kind: Kind
    name: str = ""
    """Metric of a selector, or name of the function, aggregation or operator."""
    parts: tuple[Expression, ...] = ()
    matchers: tuple[Matcher, ...] = ()
    number: float | None = None
    """Value of a number, and of what is calculated from numbers alone."""
    range_s: float | None = None
    """Seconds that a range covers: 300 in `rate(x[5m])`."""
    labels: tuple[str, ...] = ()
    """Labels that an aggregation keeps or leaves out."""
    leaves_out: bool = False
    """Whether it leaves them out: `without (le)`."""
    pairs_by_label: bool = False
    """Whether an operator pairs series by chosen labels alone: `on (job)`, `ignoring (instance)`."""
    returns_bool: bool = False
    """Whether a comparison answers with 0 and 1 instead of leaving series out."""

    def walk(self) -> Iterator[Expression]:
        """Yield this and every part below it, in the order of the text."""
        stack = [self]
        while stack:
            found = stack.pop()
            yield found
            stack += reversed(found.parts)


class Comparison(Record):
    """A value held against a number, the number on the right: `x > 0.05`."""

    operator: str
    number: float
    value: Expression


class Query(Record):
    """A query that could be read."""

    text: str
    """In the parser's own spacing: the same for queries that differ in spaces and comments alone."""
    root: Expression

    @property
    def selectors(self) -> list[Expression]:
        """What it reads series from, in order."""
        return [part for part in self.root.walk() if part.kind == "selector"]

    @property
    def metrics(self) -> list[str]:
        """The names of the metrics that it reads, in order, each once."""
        return list(dict.fromkeys(part.name for part in self.selectors if part.name))

    @property
    def functions(self) -> frozenset[str]:
        """The functions and aggregations that it uses."""
        return frozenset(part.name for part in self.root.walk() if part.kind in ("call", "aggregation"))

    @property
    def comparisons(self) -> list[Comparison]:
        """The values that it holds against a number."""
        return [found for part in self.root.walk() if (found := as_comparison(part))]


def as_comparison(part: Expression) -> Comparison | None:
    """Return a part as the comparison of a value with a number, if it is one."""
    if part.kind != "binary" or part.name not in COMPARISONS:
        return None
    left, right = part.parts
    if right.number is not None and left.number is None:
        return Comparison(operator=part.name, number=right.number, value=left)
    if left.number is not None and right.number is None:
        return Comparison(operator=FLIPPED.get(part.name, part.name), number=left.number, value=right)
    return None


@lru_cache(maxsize=4096)
def read_query(text: str) -> Query:
    """Return a query's facts. Raises `PromqlError` if it is none, `NotAssessed` if the parser is not installed."""
    try:
        # a compiled library that only these families pay for
        import promql_parser
    except ImportError as error:
        raise NotAssessed("promql-parser is not installed.", REMEDY) from error
    _refuse_early(text)
    try:
        tree = promql_parser.parse(text)
    except ValueError as error:
        raise PromqlError(" ".join(str(error).split())[:300]) from error
    return Query(text=str(tree.prettify()), root=_convert(tree))


def _refuse_early(text: str) -> None:
    if len(text) > LONGEST:
        raise PromqlError(f"it is longer than {LONGEST} characters")
    if "\0" in text or any("\ud800" <= sign <= "\udfff" for sign in text):
        raise PromqlError("it holds characters that are no text")
    bare = MATCHERS.sub("", COMMENT.sub("", QUOTED.sub('""', text)))
    if sum(1 for _ in OPERATOR.finditer(bare)) > MOST_OPERATORS:
        raise PromqlError(f"it has more than {MOST_OPERATORS} operators and brackets")


def _convert(node: Any) -> Expression:  # noqa: C901, PLR0911 - one for each kind of node
    """Return a node of the parser as ours; recursion is bounded by `_refuse_early`."""
    match type(node).__name__:
        case "NumberLiteral":
            return Expression(kind="number", number=float(node.val))
        case "StringLiteral":
            return Expression(kind="text", name=node.val)
        case "ParenExpr":
            return _convert(node.expr)
        case "UnaryExpr":
            inner = _convert(node.expr)
            # written with a minus: the parser drops signs of plus
            number = None if inner.number is None else -inner.number
            return Expression(kind="number" if number is not None else "other", name="-", parts=(inner,), number=number)
        case "VectorSelector":
            return _selector(node)
        case "MatrixSelector":
            return _selector(node.vector_selector, range_s=node.range.total_seconds())
        case "Call":
            parts = tuple(_convert(part) for part in node.args)
            return Expression(kind="call", name=node.func.name, parts=parts)
        case "AggregateExpr":
            return _aggregation(node)
        case "BinaryExpr":
            return _binary(node)
        case "SubqueryExpr":
            return Expression(
                kind="other", name="subquery", parts=(_convert(node.expr),), range_s=node.range.total_seconds()
            )
    return Expression(kind="other", name=type(node).__name__)


SIGNS = {"Equal": "=", "NotEqual": "!=", "Re": "=~", "NotRe": "!~"}


def _selector(node: Any, *, range_s: float | None = None) -> Expression:
    written = [*node.matchers.matchers, *(item for group in node.matchers.or_matchers for item in group)]
    matchers = tuple(
        Matcher(label=item.name, operator=SIGNS[str(item.op).rpartition(".")[2]], value=item.value) for item in written
    )
    by_label = next((item.value for item in matchers if item.label == "__name__" and item.operator == "="), "")
    return Expression(
        kind="selector",
        name=node.name or by_label,
        matchers=tuple(item for item in matchers if item.label != "__name__" or item.operator != "="),
        range_s=range_s,
    )


def _aggregation(node: Any) -> Expression:
    parts = [_convert(node.expr)]
    # the number of topk and quantile: its value may come as the parser's node or as a plain number
    if node.param is not None and type(node.param).__name__ not in ("str", "float", "int"):
        parts.append(_convert(node.param))
    labels = tuple(node.modifier.labels) if node.modifier is not None else ()
    leaves_out = node.modifier is not None and str(node.modifier.type).endswith("Without")
    return Expression(kind="aggregation", name=str(node.op), parts=tuple(parts), labels=labels, leaves_out=leaves_out)


def _binary(node: Any) -> Expression:
    left, right = _convert(node.lhs), _convert(node.rhs)
    name = str(node.op)
    modifier = node.modifier
    return Expression(
        kind="binary",
        name=name,
        parts=(left, right),
        number=_calculate(name, left.number, right.number),
        returns_bool=bool(modifier is not None and modifier.return_bool),
        pairs_by_label=bool(modifier is not None and modifier.matching is not None),
    )


CALCULATIONS: Mapping[str, Callable[[float, float], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "^": operator.pow,
}


def _calculate(sign: str, left: float | None, right: float | None) -> float | None:
    """Return what a calculation with numbers gives: thresholds are written as `5 / 100` or `10 * 1024 ^ 2`."""
    if left is None or right is None:
        return None
    try:
        found = CALCULATIONS[sign](left, right)
    except (KeyError, ZeroDivisionError, OverflowError):
        return None
    return found if isinstance(found, float) and not math.isnan(found) else None
