"""Whether an alert's expression can be right or wrong at all, or says the same whatever happens."""

from __future__ import annotations

from infra_grader.reading.promql import COMPARISONS, SET_OPERATORS, Expression, Query, as_comparison

ABSENT = frozenset({"absent", "absent_over_time"})
SIGNED = frozenset(
    {"predict_linear", "deriv", "delta", "idelta", "ln", "log2", "log10", "sgn", "timestamp", "time", "changes"}
)
"""Functions whose value may lie below zero, or is no plain amount."""
SIGNED_NAMES = ("celsius", "temperature", "offset", "delta", "diff", "change", "skew", "drift", "balance")
"""Parts of the names of gauges that may lie below zero."""


def idle_reason(query: Query) -> str:
    """Return why an alert on this query says nothing, or an empty text where it can fire and can rest."""
    if not query.selectors:
        return "it reads no metric"
    return _idle(query.root)


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
