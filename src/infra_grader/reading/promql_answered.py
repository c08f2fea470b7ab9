"""Whether a running Prometheus has an answer to a query, and if not, why: nothing has happened yet, or nothing can.

A query about what cannot happen within minutes, such as errors, has no answer in a stack that has just been started and
is right all the same. So every part that reads series is held against what the targets export: a metric that nobody
exports, a label that no series has and a target that there is not will never have an answer.
"""

from __future__ import annotations

import difflib
import json
import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal

from infra_grader.model.record import Record
from infra_grader.reading.prometheus_known import EXPORTERS, exporter_of, is_called, is_named_by
from infra_grader.reading.prometheus_live import Scraped
from infra_grader.reading.prometheus_series import RefusedQuery, Series
from infra_grader.reading.promql import COMPARISONS, SET_OPERATORS, Expression, Matcher, PromqlError, Query, read_query

State = Literal["never", "aside", "waits", "shows"]
STATES: Sequence[State] = ("never", "aside", "waits", "shows")
"""From the worst: a part of a query that never has an answer leaves the whole without one."""
OFFSET = re.compile(r"\boffset\b|@")
MADE_BY_RULES = frozenset({"ALERTS", "ALERTS_FOR_STATE"})
RELABELS = frozenset({"label_replace", "label_join", "count_values"})
MACHINE = (
    "node_hwmon_*", "node_thermal_*", "node_cooling_*", "node_power_*", "node_rapl_*", "node_edac_*", "node_md_*",
    "node_infiniband_*", "node_zfs_*", "node_nvme_*", "node_bonding_*", "node_systemd_*", "node_pressure_*",
    "node_dmi_*", "node_textfile_*", "node_wifi_*", "node_ipvs_*", "node_nfs*", "node_xfs_*", "node_btrfs_*",
    "node_cpu_scaling_*", "node_cpu_frequency_*", "node_cpu_core_throttles_*", "node_cpu_package_throttles_*",
    "node_drbd_*", "node_fibrechannel_*", "node_selinux_*", "node_ntp_*", "node_timex_*", "node_disk_*",
    "node_network_speed_bytes", "node_entropy_*", "node_processes_*", "node_tcp_*", "node_logind_*",
)  # fmt: skip
"""What a node exporter exports only on some machines, or when told to."""


class Finding(Record):
    """How a query, or a part of one, fares."""

    state: State
    """`shows`: it has series now. `waits`: it has none and may yet. `aside`: who would export it was not started, or it
    depends on the machine. `never`: it has none and will have none."""
    said: str = ""
    """Why, as a clause."""


SHOWS = Finding(state="shows")
UP = Expression(kind="selector", name="up")
"""Has a series for each target, with its labels."""


class Witness:
    """Judges queries by what a Prometheus has at one moment."""

    def __init__(
        self,
        series: Series,
        absent: Sequence[Scraped],
        blind: Sequence[Scraped] = (),
        unstarted: Collection[str] = (),
    ) -> None:
        """`absent` are the targets that do not count, as what they lead to was not started.

        `blind` are those whose exporter was started without the folders of the machine that it is to look at, and
        `unstarted` the names of what programs of the learner's own that were not started export.
        """
        self._series = series
        self._absent = absent
        self._blind = blind
        self._unstarted = unstarted
        self._target_labels = {label for one in series.targets for label, _ in one.labels}

    def judge(self, text: str) -> Finding | None:
        """Return how a query fares; `None` for one that reads no series, or only asks whether some are absent."""
        try:
            return self._judge(text)
        except RefusedQuery as error:
            return Finding(state="never", said=f"Prometheus refuses it: {error}")

    def _judge(self, text: str) -> Finding | None:
        number = self._series.number(text)
        if (query := _read(text)) is None:
            return SHOWS if number else Finding(state="aside", said="it cannot be read by us, and gives nothing now")
        found = self._part(query.root, ())
        if found is None or found.state != "shows":
            return found
        return (self._split(query.root) or SHOWS) if number else self._empty(query)

    def selector(self, part: Expression) -> Finding:
        """Return how what reads series fares by itself."""
        try:
            return self._selector(part, ())
        except RefusedQuery as error:
            return Finding(state="never", said=f"Prometheus refuses {selector_text(part)}: {error}")

    # --- the parts of a query ---

    def _part(self, part: Expression, rules: tuple[str, ...]) -> Finding | None:
        if part.kind == "selector":
            return self._selector(part, rules)
        if part.name in ("absent", "absent_over_time"):
            return None
        parts = part.parts[:1] if part.name == "unless" else part.parts
        found = [one for inner in parts if (one := self._part(inner, rules)) is not None]
        choose = max if part.name == "or" else min
        return choose(found, key=lambda one: STATES.index(one.state)) if found else None

    def _selector(self, part: Expression, rules: tuple[str, ...]) -> Finding:
        """Return how a selector fares; `rules` are the recording rules in which it stands."""
        if self._series.number(selector_text(part)):
            return SHOWS
        if not part.name:
            return Finding(state="never", said=f"no series is selected by {selector_text(part)}")
        own = tuple(one for one in part.matchers if one.label in self._target_labels)
        by_target = part.replace(matchers=own)
        # the series of alerts have the labels of those that are raised, which says nothing of others
        if part.name not in MADE_BY_RULES and self._series.number(selector_text(by_target)):
            return self._lacking(part, by_target)
        declared = [one for one in self._series.declared if one.makes(part.name)]
        if any(self._is_selected(dict(one.target), own) for one in declared):
            return Finding(state="waits", said=f"{part.name} is exported, and has no series yet")
        made = self._made(part.name, rules)
        if made is None and (declared or part.name in self._series.names):
            return Finding(state="never", said=self._elsewhere(part, own, [dict(one.target) for one in declared]))
        return made or self._unknown(part.name)

    def _is_selected(self, target: Mapping[str, str], own: Sequence[Matcher]) -> bool:
        """Whether conditions let a target through. Prometheus is asked: its expressions cannot be made to take long."""
        itself = [Matcher(label=label, operator="=", value=target.get(label, "")) for label in ("job", "instance")]
        return not own or self._series.number(selector_text(UP.replace(matchers=(*itself, *own)))) > 0

    def _lacking(self, part: Expression, by_target: Expression) -> Finding:
        """Return how a selector fares whose metric has series, none of which it selects."""
        labels = self._series.labels(selector_text(by_target)) - {"__name__"}
        others = [one for one in part.matchers if one not in by_target.matchers]
        for matcher in others:
            if matcher.label not in labels and not matcher.admits(""):
                there = ", ".join(sorted(labels))
                return Finding(
                    state="never", said=f"no series of {part.name} has the label {matcher.label}; there are {there}"
                )
        return Finding(state="waits", said=f"no series of {part.name} has {', '.join(map(_words, others))} yet")

    def _elsewhere(self, part: Expression, own: Sequence[Matcher], targets: Sequence[dict[str, str]]) -> str:
        """Return why no target that a selector admits exports its metric."""
        asked = ", ".join(map(_words, own))
        first = own[0].label if own else "job"
        there = sorted({one[first] for one in targets if first in one})
        where = f"; {first} is {' or '.join(there)}" if there else ""
        return (
            f"no target with {asked} exports {part.name}{where}" if own else f"no target exports {part.name} any more"
        )

    def _made(self, name: str, rules: tuple[str, ...]) -> Finding | None:
        """Return how a metric fares that Prometheus makes of its rules."""
        if name in MADE_BY_RULES and any(rule.is_alert for rule in self._series.rules):
            return Finding(state="waits", said="no alert is raised yet")
        rule = next((one for one in self._series.rules if one.name == name and not one.is_alert), None)
        if rule is None or name in rules:
            return None
        query = _read(rule.query)
        found = self._part(query.root, (*rules, name)) if query else None
        if found is None or found.state in ("shows", "waits"):
            return Finding(state="waits", said=f"the rule of {name} has made no series yet")
        return found.replace(said=f"the rule of {name} makes nothing: {found.said}"[:300])

    def _unknown(self, name: str) -> Finding:
        """Return how a metric fares that is not here at all."""
        histogram = next((one for one in self._series.declared if one.family == name), None)
        if histogram is not None:
            series = f"{name}_bucket, {name}_sum and {name}_count"
            return Finding(state="never", said=f"{name} is a {histogram.type}, whose series are {series}")
        if is_named_by(name, MACHINE) and self._has_any(EXPORTERS["node"]):
            return Finding(state="aside", said=f"{name} is not exported on this machine")
        if name in self._unstarted:
            return Finding(
                state="aside", said=f"{name} is exported by a program of the submission that was not started"
            )
        exporter = exporter_of(name)
        if exporter is not None:
            runs = self._has_any(EXPORTERS[exporter])
            if not runs and any(is_called(exporter, one.job, one.host) for one in self._absent):
                return Finding(state="aside", said=f"{name} is exported by what was not started")
            if runs and any(is_called(exporter, one.job, one.host) for one in self._blind):
                return Finding(state="aside", said=f"{name} is not exported, as the machine is kept from its exporter")
        close = difflib.get_close_matches(name, self._series.names, n=1, cutoff=0.8)
        return Finding(state="never", said=f"nobody exports {name}" + (f"; there is {close[0]}" if close else ""))

    def _has_any(self, patterns: Sequence[str]) -> bool:
        own = [pattern for pattern in patterns if pattern not in ("up", "scrape_*")]
        return any(is_named_by(name, own) for name in self._series.names)

    def _has_two(self, part: Expression) -> bool:
        """Whether a series of a range has two samples, which most functions of ranges need."""
        milliseconds = round(1000 * (part.range_s or 0))
        return self._series.number(f"count_over_time({selector_text(part)}[{milliseconds}ms]) > 1") > 0

    # --- the whole of it ---

    def _split(self, root: Expression) -> Finding | None:
        """Return that a query splits by labels which none of its series has, if so."""
        if any(part.pairs_by_label or part.name in RELABELS for part in root.walk()):
            return None
        for part in root.walk():
            if part.kind != "aggregation" or part.leaves_out or not part.labels:
                continue
            read = [inner for inner in part.walk() if inner.kind == "selector"]
            labels = frozenset[str]().union(*(self._series.labels(selector_text(inner)) for inner in read))
            if labels and not labels & set(part.labels):
                return Finding(
                    state="never",
                    said=f"no series has the label {', '.join(part.labels)}, by which it is split;"
                    f" there are {', '.join(sorted(labels - {'__name__'}))}"[:300],
                )
        return None

    def _empty(self, query: Query) -> Finding:
        """Return how a query fares that gives nothing though each of its parts has series."""
        if OFFSET.search(query.text):
            return Finding(state="waits", said="it asks about a time before the stack was started")
        parts = list(query.root.walk())
        if any(part.name in SET_OPERATORS or (part.name in COMPARISONS and not part.returns_bool) for part in parts):
            return Finding(state="waits", said="nothing is as it asks for yet")
        slow = max((one for one in map(_interval_s, self._series.targets) if one), default=0.0)
        short = next((part for part in parts if part.range_s is not None and part.range_s < 2 * slow), None)
        if short is not None and short.range_s is not None:
            return Finding(
                state="never",
                said=f"within {short.range_s:g} s there are no two samples, as one comes every {slow:g} s",
            )
        if any(part.range_s and part.kind == "selector" and not self._has_two(part) for part in parts):
            return Finding(state="waits", said="there are not enough samples yet")
        return Finding(state="never", said="each part has series, and the sides of an operator share no labels")


def selector_text(part: Expression) -> str:
    """Return what reads series as a query for those that are there now."""
    return part.name + "{" + ",".join(map(_words, part.matchers)) + "}"


def interval_s(targets: Sequence[Scraped]) -> float:
    """Return how often the slowest of some targets is scraped, in seconds; 15 where Prometheus does not say."""
    return max((one for one in map(_interval_s, targets) if one), default=15.0)


def _interval_s(target: Scraped) -> float:
    query = _read(f"up[{target.interval}]") if target.interval else None
    return (query.root.range_s or 0.0) if query else 0.0


def _words(matcher: Matcher) -> str:
    return f"{matcher.label}{matcher.operator}{json.dumps(matcher.value, ensure_ascii=False)}"


def _read(text: str) -> Query | None:
    try:
        return read_query(text)
    except PromqlError:
        return None


def selectors_in(text: str) -> Iterator[Expression]:
    """Yield what a text reads series from, if it is a query."""
    if (query := _read(text)) is not None:
        yield from query.selectors
