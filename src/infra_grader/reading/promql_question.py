"""What a query asks, told by its meaning: the series it reads, how it treats them and what it holds them against."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Annotated, NamedTuple

from msgspec import Meta

from infra_grader.plugin import Params
from infra_grader.reading.prometheus_known import is_named_by
from infra_grader.reading.promql import Comparison, Expression, Query

NUMBER = r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:e[-+]?[0-9]+)?"
COMPARES = re.compile(rf"(==|!=|>|<)\s*({NUMBER})(?:\s+to\s+({NUMBER}))?", re.IGNORECASE)
WIDER = {">": (">", ">="), "<": ("<", "<=")}
SUFFIX = re.compile(r"_(?:total|bucket|sum|count)\Z")
MOST_SUBJECTS = 6
"""Metrics that a question may be about: one that reads everything asks nothing."""
MOST_RECORDED = 20
"""Recording rules that may stand between an alert and what it is about."""


class Form(Params):
    """One way to ask something in PromQL; all that is given must hold."""

    metrics: Annotated[
        tuple[str, ...], Meta(description="Names of metrics, `*` for anything; the query reads one of them.")
    ] = ()
    functions: Annotated[
        tuple[str, ...], Meta(description="Functions or aggregations such as `rate`; the query uses one of them.")
    ] = ()
    selects: Annotated[
        tuple[str, ...],
        Meta(
            description='Values of a label that the query selects, such as "500": a matcher lets all of them through.'
        ),
    ] = ()
    leaves_out: Annotated[
        tuple[str, ...], Meta(description='Values of the same label that it leaves out, such as "200".')
    ] = ()
    compares: Annotated[
        tuple[str, ...],
        Meta(
            description="Comparisons, of which it makes one: an operator (`>`, `<`, `==`, `!=`) and a number or range, "
            "such as `> 0.01 to 0.1`; `>=` counts as `>`, and sides may be swapped."
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse a form that says nothing, and comparisons that cannot be read."""
        if not (self.metrics or self.functions or self.selects or self.compares):
            raise ValueError("give `metrics`, `functions`, `selects` or `compares`")
        for text in self.compares:
            if not COMPARES.fullmatch(text.strip()):
                raise ValueError(f"{text!r} is no comparison such as `> 0.01 to 0.1` or `== 0`")

    @property
    def words(self) -> str:
        """The form in words."""
        parts = [" or ".join(self.metrics), " or ".join(self.functions), " or ".join(self.compares)]
        selected = f"selecting {', '.join(self.selects)}" if self.selects else ""
        return ", ".join(filter(None, (*parts, selected)))


class Facts(NamedTuple):
    """What a query is made of, with that of the recording rules whose series it reads."""

    metrics: frozenset[str]
    functions: frozenset[str]
    selectors: tuple[Expression, ...]
    comparisons: tuple[Comparison, ...]
    subjects: int
    """How many metrics it reads by itself, a histogram counting once."""
    operators: frozenset[str] = frozenset()
    """The operators that it uses: `/`."""
    subtracted: tuple[Expression, ...] = ()
    """The selectors among what is taken from something: `b` in `1 - b`, of which the rest counts."""


def facts_of(query: Query, recorded: Mapping[str, Query]) -> Facts:
    """Return a query's facts; `recorded` gives the queries of recording rules by the names of their series."""
    pending, known = [query], {query.text}
    metrics: set[str] = set()
    functions: set[str] = set()
    selectors: list[Expression] = []
    subtracted: list[Expression] = []
    operators: set[str] = set()
    while pending and len(known) <= MOST_RECORDED:
        item = pending.pop()
        metrics.update(item.metrics)
        functions |= item.functions
        selectors += item.selectors
        subtracted += _subtracted(item, recorded)
        operators |= {part.name for part in item.root.walk() if part.kind == "binary"}
        for name in item.metrics:
            behind = recorded.get(name)
            if behind is not None and behind.text not in known:
                known.add(behind.text)
                pending.append(behind)
    subjects = len({SUFFIX.sub("", name) for name in query.metrics})
    return Facts(
        metrics=frozenset(metrics),
        functions=frozenset(functions),
        selectors=tuple(selectors),
        comparisons=tuple(query.comparisons),
        subjects=subjects,
        operators=frozenset(operators),
        subtracted=tuple(subtracted),
    )


def _subtracted(query: Query, recorded: Mapping[str, Query]) -> list[Expression]:
    takings = [part for part in query.root.walk() if part.kind == "binary" and part.name == "-"]
    found = [part for taking in takings for part in taking.parts[1].walk() if part.kind == "selector"]
    behind = [recorded[part.name] for part in found if part.name in recorded]
    return [*found, *(part for other in behind for part in other.selectors)]


def asks(facts: Facts, form: Form) -> bool:
    """Whether a query asks what a form says."""
    if facts.subjects > MOST_SUBJECTS:
        return False
    if form.metrics and not any(is_named_by(name, form.metrics) for name in facts.metrics):
        return False
    if form.functions and not facts.functions & set(form.functions):
        return False
    compares = not form.compares or any(_compares(made, form.compares) for made in facts.comparisons)
    if not form.selects or any(_selects(selector, form) for selector in facts.selectors):
        return compares
    if any(_selects_the_rest(selector, form) for selector in facts.subtracted):
        return compares
    # the share of all others is held against what it must not fall below: more than 0.95 is right
    is_share_of_rest = "/" in facts.operators and any(_selects_the_rest(item, form) for item in facts.selectors)
    return is_share_of_rest and any(_compares(_mirrored(made), form.compares) for made in facts.comparisons)


def _selects(selector: Expression, form: Form) -> bool:
    return any(
        all(matcher.admits(value) for value in form.selects)
        and not any(matcher.admits(value) for value in form.leaves_out)
        for matcher in selector.matchers
    )


def _selects_the_rest(selector: Expression, form: Form) -> bool:
    """Whether a selector leaves out what a form selects, and lets through what that leaves out: `status!~"5.."`."""
    return any(
        not any(matcher.admits(value) for value in form.selects)
        and (matcher.operator in ("!=", "!~") or bool(form.leaves_out))
        and all(matcher.admits(value) for value in form.leaves_out)
        for matcher in selector.matchers
    )


def _mirrored(made: Comparison) -> Comparison:
    """Return what a comparison of a share says about the rest: above 0.05 for below 0.95, above 5 for below 95."""
    whole = 1 if made.number <= 1 else 100
    other = {"<": ">", "<=": ">=", ">": "<", ">=": "<="}.get(made.operator, made.operator)
    return made.replace(operator=other, number=whole - made.number)


def _compares(made: Comparison, wanted: Iterable[str]) -> bool:
    for text in wanted:
        found = COMPARES.fullmatch(text.strip())
        assert found is not None
        operator, low = found[1], float(found[2])
        high = float(found[3]) if found[3] else low
        slack = 1e-9 * max(abs(low), abs(high))
        if made.operator in WIDER.get(operator, (operator,)) and low - slack <= made.number <= high + slack:
            return True
    return False


def pair_off(wanted: int, offers: int, fits: Callable[[int, int], bool]) -> list[int | None]:
    """Return for each thing wanted the offer that serves it, none twice, so that as many as possible are served."""
    taken: dict[int, int] = {}

    def serve(index: int, tried: set[int]) -> bool:
        for offer in range(offers):
            if offer in tried or not fits(index, offer):
                continue
            tried.add(offer)
            if offer not in taken or serve(taken[offer], tried):
                taken[offer] = index
                return True
        return False

    for index in range(wanted):
        serve(index, set())
    served = {index: offer for offer, index in taken.items()}
    return [served.get(index) for index in range(wanted)]


def any_form(facts: Facts, forms: Sequence[Form]) -> bool:
    """Whether a query asks what one of the forms says."""
    return any(asks(facts, form) for form in forms)
