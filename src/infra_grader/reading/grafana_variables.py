"""The variables of a dashboard with the values that Grafana would give them, asked of a running Prometheus."""

from __future__ import annotations

import json
import re
import time
from collections.abc import Sequence

from infra_grader.reading.grafana import Dashboard, Variable
from infra_grader.reading.grafana_query import VARIABLE, variables_in
from infra_grader.reading.prometheus_series import RefusedQuery, Series
from infra_grader.reading.promql_answered import Witness, interval_s, selectors_in

ALL = frozenset({"$__all", "All", "all"})
ANYTHING = ".*"
LABEL_VALUES = re.compile(r"label_values\(\s*(?:(?P<of>.+),)?\s*(?P<label>\w+)\s*\)", re.DOTALL)
METRICS = re.compile(r"metrics\((.*)\)", re.DOTALL)
SPECIAL = re.compile(r"[\\^$*+?.()|{}\[\]]")
GROUP_REPEATED = re.compile(r"\)[*+?{]")
NAMED_GROUP = re.compile(r"(?<!\\)\(\?<(?![=!])")
"""How JavaScript begins a group with a name."""
EQUALS = re.compile(r"(?<![=!<>])=(?=\s*([\"'`])((?:(?!\1).)*)\1)")
"""What asks for a label to be a text, which is the second group."""
REPEATED = re.compile(r"[*+{]")
MOST_REPEATED = 3
"""Repetitions in an expression of a dashboard that is tried here: more of them may take for ever."""
LONGEST = 200
MOST_ASKED = 2000
RANGE_S = 3600
"""The span that a dashboard shows; a stack that has just been started is younger in any case."""
LEAST_S = 60.0
"""What Grafana takes for the interval of a rate where a data source names no other: four times 15 s."""
SAMPLES = 4


class NoValue(Exception):
    """A query has a variable without a value, so that its panel stays empty; the message is a clause."""


class Values:
    """Fills in the variables of one dashboard."""

    def __init__(self, board: Dashboard, series: Series, witness: Witness) -> None:
        self._series = series
        self._witness = witness
        self._variables = {variable.name: variable for variable in board.variables}
        span = f"{max(LEAST_S, SAMPLES * interval_s(series.targets)):g}"
        now = round(time.time())
        # The interval follows from the zoom, so that it is taken to be wide enough.
        self._built_in = {
            "__rate_interval": f"{span}s",
            "__interval": f"{span}s",
            "__interval_ms": f"{float(span) * 1000:g}",
            "__range": f"{RANGE_S}s",
            "__range_s": f"{RANGE_S}",
            "__range_ms": f"{RANGE_S * 1000}",
            "__from": f"{(now - RANGE_S) * 1000}",
            "__to": f"{now * 1000}",
        }

    def fill(self, text: str) -> str:
        """Return a query as Grafana sends it when the dashboard is opened. Raises `NoValue`."""
        return self._fill(text, ())

    def _fill(self, text: str, within: tuple[str, ...]) -> str:
        """Fill a text in; `within` are the variables on whose behalf it is filled in."""
        known = {name: self._value(name, within) for name in sorted(variables_in(text))}
        # what stands for values that are not known is an expression, wherever the query has the place of a value
        unknown = {name for name, value in known.items() if value == ANYTHING and not self._is_written(name)}
        text = EQUALS.sub(lambda found: "=~" if unknown & variables_in(found[2]) else "=", text)
        return VARIABLE.sub(lambda found: known.get(found[1] or found[2] or found[3], found[0]), text)

    def _is_written(self, name: str) -> bool:
        """Whether the dashboard itself says that anything is the value of a variable."""
        variable = self._variables[name]
        return ANYTHING in (variable.all_value, variable.query)

    def _value(self, name: str, within: tuple[str, ...]) -> str:
        if name in self._built_in:
            return self._built_in[name]
        variable = self._variables.get(name)
        if variable is None:
            raise NoValue(f"the variable ${name} is not defined")
        if name in within:
            raise NoValue(f"the variable ${name} asks for itself")
        if variable.has_all and variable.all_value:
            return variable.all_value
        values = self._choose(variable, self._options(variable, within))
        if not values:
            raise NoValue(f"the variable ${name} has no value")
        if len(values) == 1:
            return values[0]
        return f"({'|'.join(SPECIAL.sub(_escape, value) for value in values)})"

    def _choose(self, variable: Variable, options: list[str]) -> list[str]:
        """Return what is chosen when the dashboard is opened: as it was saved, where that is there, else all or one."""
        chosen = [value for value in variable.chosen if value in options]
        if chosen and not ALL.intersection(variable.chosen):
            return chosen
        return options if variable.has_all else options[:1]

    def _options(self, variable: Variable, within: tuple[str, ...]) -> list[str]:
        if variable.type in ("textbox", "constant"):
            return [variable.query.strip() or next(iter(variable.chosen), "")]
        if variable.type in ("custom", "interval"):
            # `text : value` is how a value gets another name
            options = [word.rpartition(" : ")[2].strip() for word in variable.query.split(",")]
            span = str(self._built_in["__interval"])
            return [span if word == "auto" else word for word in options if word] or list(variable.chosen)
        if variable.type in ("", "query"):
            query = self._fill(variable.query.strip(), (*within, variable.name))
            try:
                return _taken(self._ask(query, variable.name), variable.regex)
            except RefusedQuery as error:
                raise NoValue(f"the variable ${variable.name} has no value: Prometheus refuses it: {error}") from error
        return list(variable.chosen) or [ANYTHING]

    def _ask(self, query: str, name: str) -> list[str]:
        """Return the values that a query of a variable finds, or what stands for those that will come."""
        query = query[:MOST_ASKED]
        if found := METRICS.fullmatch(query):
            selector = f"{{__name__=~{json.dumps(f'.*(?:{found[1].strip()}).*')}}}"
            return self._series.values("__name__", selector) if self._is_sound(selector) else []
        asked = LABEL_VALUES.fullmatch(query)
        if asked is None:  # other questions have answers in texts, of which Grafana takes a part by an expression
            return [ANYTHING]
        selector = (asked["of"] or "").strip()
        values = self._series.values(asked["label"], selector) if self._is_sound(selector) else []
        if values:
            return values
        findings = [self._witness.selector(part) for part in selectors_in(selector)]
        if findings and all(one.state in ("waits", "aside") for one in findings):
            return [ANYTHING]
        reason = next((one.said for one in findings if one.said), f"no series has the label {asked['label']}")
        raise NoValue(f"the variable ${name} has no value: {reason}")

    def _is_sound(self, selector: str) -> bool:
        """Whether Prometheus reads a selector; it does not answer for others."""
        try:
            return not selector or self._series.number(selector) >= 0
        except RefusedQuery:
            return False


def _taken(values: Sequence[str], regex: str) -> list[str]:
    """Return what an expression takes of some values: its first group, if it has one."""
    pattern = regex.strip().removeprefix("/").rpartition("/")[0] if regex.strip().startswith("/") else regex.strip()
    if not pattern or values == [ANYTHING]:
        return list(values)
    if len(pattern) > LONGEST or GROUP_REPEATED.search(pattern) or len(REPEATED.findall(pattern)) > MOST_REPEATED:
        return [ANYTHING]
    try:
        expression = re.compile(NAMED_GROUP.sub("(?P<", pattern))
        found = [expression.search(value[:LONGEST]) for value in values]
    except (re.error, RecursionError, OverflowError):
        return list(values)
    return [_value_in(one) or one.string for one in found if one]


def _value_in(found: re.Match[str]) -> str | None:
    """Return what Grafana takes of a match: the group `value`, or else the first, if there is one."""
    if "value" in found.re.groupindex:
        return str(found["value"] or "")
    return found[1] if found.re.groups else None


def _escape(found: re.Match[str]) -> str:
    return "\\\\" + found[0]
