"""Whether an alert's expression can be right or wrong at all, or says the same whatever happens."""

from __future__ import annotations

import operator

from infra_grader.reading.promql import COMPARISONS, SET_OPERATORS, Comparison, Expression, Query, as_comparison

HOLDS = {
    "==": operator.eq, "!=": operator.ne, ">": operator.gt, "<": operator.lt, ">=": operator.ge, "<=": operator.le,
}  # fmt: skip
ABSENT = frozenset({"absent", "absent_over_time"})
SIGNED = frozenset(
    {"predict_linear", "deriv", "delta", "idelta", "ln", "log2", "log10", "sgn", "timestamp", "time", "changes"}
)
"""Functions whose value may lie below zero, or is no plain amount."""
SIGNED_NAMES = ("celsius", "temperature", "offset", "delta", "diff", "change", "skew", "drift", "balance")
"""Parts of the names of gauges that may lie below zero."""


KEEPING = frozenset({"topk", "bottomk", "limitk", "limit_ratio"})
"""Aggregations that choose series and leave their labels as they are."""


def idle_reason(query: Query) -> str:
    """Return why an alert on this query says nothing, or an empty text where it can fire and can rest."""
    if not query.selectors:
        return "it reads no metric"
    return _never(query.root) or _idle(query.root)


def empty_reason(query: Query) -> str:
    """Return why a query never has an answer, whatever the series are, or an empty text."""
    return _never(query.root)


def _never(part: Expression) -> str:
    """Return why a part never has a series, or nothing."""
    if part.kind == "binary" and part.name in SET_OPERATORS:
        left, right = (_never(side) for side in part.parts)
        if part.name == "or":
            return left if right else ""
        return left or (right or _contradiction(part) if part.name == "and" else "")
    if part.kind == "call" and part.name in ABSENT:
        return ""
    if part.kind == "call" and part.name == "histogram_quantile" and len(part.parts) > 1 and _loses_le(part.parts[1]):
        return "its buckets have lost the label le, by which they are told apart"
    if part.kind == "binary" and part.name in COMPARISONS and not part.returns_bool:
        one, other = (_constant(side) for side in part.parts)
        if one is not None and other is not None and not HOLDS[part.name](one, other):
            return f"{one:g} {part.name} {other:g} never holds"
    return next((reason for inner in part.parts if (reason := _never(inner))), "")


def _constant(part: Expression) -> float | None:
    """Return what a part always is: a number, `vector(1)`, something times nothing."""
    if part.number is not None:
        return part.number
    if part.kind == "call" and part.name in ("vector", "scalar") and part.parts:
        return _constant(part.parts[0])
    if part.kind == "binary" and part.name == "*" and 0 in [_constant(side) for side in part.parts]:
        return 0.0
    return None


def _loses_le(part: Expression) -> bool:
    """Whether an aggregation of buckets leaves their label `le` out."""
    if part.kind != "aggregation" or part.name in KEEPING:
        return False
    read = [inner.name for inner in part.walk() if inner.kind == "selector"]
    return any(name.endswith("_bucket") for name in read) and ("le" in part.labels) is part.leaves_out


def _contradiction(part: Expression) -> str:
    """Return why two sides of an `and` cannot both hold for a series, or nothing."""
    made: list[Comparison] = []
    stack = [part]
    while stack:
        side = stack.pop()
        if side.kind == "binary" and side.name == "and" and not side.pairs_by_label:
            stack += side.parts
        elif (found := as_comparison(side)) and not side.returns_bool:
            made.append(found)
    for index, one in enumerate(made):
        for other in made[:index]:
            if one.value == other.value and not _both_hold(one, other):
                written = " and ".join(f"{item.operator} {item.number:g}" for item in (other, one))
                return f"{written} never hold together"
    return ""


def _both_hold(one: Comparison, other: Comparison) -> bool:
    """Whether there is a number for which two comparisons hold; between two numbers there is always one more."""
    edges = sorted({one.number, other.number})
    tried = [edges[0] - 1, *edges, sum(edges) / len(edges), edges[-1] + 1]
    return any(all(HOLDS[item.operator](value, item.number) for item in (one, other)) for value in tried)


def _idle(part: Expression) -> str:
    if part.kind == "binary" and part.name in SET_OPERATORS:
        return _idle_set(part)
    if part.kind == "binary" and part.name in COMPARISONS:
        return _idle_comparison(part)
    if part.kind == "call" and part.name in ABSENT:
        return ""
    if part.kind in ("call", "aggregation", "other", "binary"):  # sum(up == 0), count(x > 1) ...
        inner = [_idle(item) for item in part.parts if item.number is None and item.kind != "text"]
        return inner[0] if inner and all(inner) else "" if inner else "it reads no metric"
    return "it compares nothing, so that it fires as long as there is a series"


def _idle_set(part: Expression) -> str:
    left, right = part.parts
    reads = [any(inner.kind == "selector" for inner in side.walk()) for side in part.parts]
    if part.name == "or":
        if not all(reads):
            return "one side of its `or` is always there"
        return _idle(left) or _idle(right)
    if part.name == "unless":
        return "it takes itself away" if left == right else "" if reads[0] else "it reads no metric"
    found = [_idle(side) for side in part.parts]  # and: one side that can rest is enough
    return found[0] if all(found) else ""


def _idle_comparison(part: Expression) -> str:
    left, right = part.parts
    if part.returns_bool:
        return "its comparison answers 0 or 1, and any answer fires"
    if left == right:
        return "it compares something with itself"
    made = as_comparison(part)
    if made is None or _may_be_negative(made.value):
        return ""
    always = (
        (made.operator == ">=" and made.number <= 0)
        or (made.operator == ">" and made.number < 0)
        or (made.operator == "!=" and made.number < 0)
    )
    never = (made.operator == "<" and made.number <= 0) or (made.operator in ("<=", "==") and made.number < 0)
    if always:
        return f"{made.operator} {made.number:g} always holds"
    return f"{made.operator} {made.number:g} never holds" if never else ""


def _may_be_negative(value: Expression) -> bool:
    return any(
        (part.kind == "call" and part.name in SIGNED)
        or (part.name == "-" and part.kind in ("binary", "other"))
        or (part.kind == "selector" and any(word in part.name for word in SIGNED_NAMES))
        for part in value.walk()
    )
