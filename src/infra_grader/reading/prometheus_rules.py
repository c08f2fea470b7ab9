"""Rule files of Prometheus: alerting and recording rules with positions, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.record import Record
from infra_grader.reading.prometheus_files import Found, as_list, as_mapping, find_mappings, seconds
from infra_grader.reading.promql import PromqlError, Query, read_query

GROUP_KEYS = frozenset(
    {"name", "interval", "limit", "rules", "query_offset", "evaluation_delay", "labels", "partial_response_strategy",
     "source_tenants"}
)  # fmt: skip
RULE_KEYS = frozenset({"alert", "record", "expr", "for", "keep_firing_for", "labels", "annotations"})
METRIC = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*")

ACTION = re.compile(r"\{\{-?(.*?)-?\}\}", re.DOTALL)
QUOTED = re.compile(r"\"(?:[^\"\\]|\\.)*\"|`[^`]*`")
WORD = re.compile(r"(?<![\w.$])[A-Za-z_]\w*")
TEMPLATE_NAMES = """
and break call continue define else end eq false ge gt html if index js le len lt ne nil not or print printf println
range slice template true urlquery with block query first label value sortByLabel humanize humanize1024
humanizeDuration humanizePercentage humanizeTimestamp title toLower toUpper stripPort stripDomain match reReplaceAll
graphLink tableLink parseDuration toTime pathPrefix externalURL externalLabels args tmpl safeHtml strvalue now
toDuration urlQueryEscape
"""
TEMPLATE_WORDS = frozenset(TEMPLATE_NAMES.split())
"""What may stand in a template of Prometheus: keywords of Go's templates and the functions that Prometheus adds."""


class Rule(Record):
    """An alerting or recording rule."""

    found: Found
    steps: tuple[str | int, ...]
    """Where it stands below the mapping that holds the groups."""
    group: str
    is_alert: bool
    name: str
    query: Query | None
    """Its expression; nothing where that cannot be read."""
    for_s: float
    """Seconds for which an alert must hold before it fires."""
    labels: dict[str, str]
    annotations: dict[str, str]
    faults: tuple[str, ...]
    """Why Prometheus would refuse it; none for a sound rule."""

    @property
    def path(self) -> str:
        """The file it stands in."""
        return self.found.path

    @property
    def line(self) -> int:
        """The line it starts on."""
        return self.found.line(*self.steps)

    @property
    def title(self) -> str:
        """Its name, shown so that it can be found."""
        return self.name or f"the rule on line {self.line}"


class RuleFile(Record):
    """What a file holds of rules."""

    path: str
    found: tuple[Found, ...]
    rules: tuple[Rule, ...]
    faults: tuple[tuple[int, str], ...]
    """Faults outside of rules: the line, and what is wrong."""
    groups: int
    """Groups that hold a rule."""


def read_rules(file: TextFile) -> RuleFile:
    """Return the rules of a file, those inside a PrometheusRule, a ConfigMap or Helm values too.

    Raises `CheckFailed` where the file is not YAML, `NotAssessed` where no parser for expressions is installed.
    """
    found = [item for item in find_mappings(file, _holds_groups) if not _is_foreign(item)]
    rules: list[Rule] = []
    faults: list[tuple[int, str]] = []
    groups = 0
    for item in found:
        names: set[str] = set()
        for index, group in enumerate(as_list(item.data["groups"])):
            before = len(rules)
            faults += [(item.line("groups", index), fault) for fault in _group_faults(group, names)]
            rules += _rules(item, index, as_mapping(group))
            groups += len(rules) > before
    return RuleFile(path=file.path, found=tuple(found), rules=tuple(rules), faults=tuple(faults), groups=groups)


def _holds_groups(mapping: dict[str, object]) -> bool:
    groups = mapping.get("groups")
    return isinstance(groups, list) and any(isinstance(group, dict) and "rules" in group for group in groups)


def _is_foreign(found: Found) -> bool:
    """Whether these are the groups of Grafana's own alerts, which ask their questions another way."""
    groups = [as_mapping(group) for group in as_list(found.data["groups"])]
    rules = [as_mapping(rule) for group in groups for rule in as_list(group.get("rules"))]
    return bool(rules) and all("expr" not in rule and "data" in rule for rule in rules)


def _group_faults(group: object, names: set[str]) -> Iterator[str]:
    if not isinstance(group, dict):
        yield "a group is a mapping with `name` and `rules`"
        return
    name = group.get("name")
    if not isinstance(name, str) or not name:
        yield "a group has no name"
    elif name in names:
        yield f"the group {name} is there twice"
    else:
        names.add(name)
    for key in sorted(group.keys() - GROUP_KEYS):
        yield f"a group has no field `{key}`"
    if "interval" in group and seconds(group["interval"]) is None:
        yield f"`{group['interval']}` is no span of time"
    if not isinstance(group.get("rules"), list | None):
        yield "the rules of a group are a list"


def _rules(found: Found, index: int, group: dict[str, object]) -> Iterator[Rule]:
    for number, rule in enumerate(as_list(group.get("rules"))):
        data = as_mapping(rule)
        faults = list(_rule_faults(data))
        query: Query | None = None
        try:
            query = read_query(str(data.get("expr") or ""))
        except PromqlError as error:
            faults.append(f"its expression cannot be read: {error}")
        yield Rule(
            found=found,
            steps=("groups", index, "rules", number),
            group=str(group.get("name") or ""),
            is_alert="alert" in data,
            name=str(data.get("alert") or data.get("record") or ""),
            query=query,
            for_s=seconds(data.get("for", "0")) or 0.0,
            labels=_scalars(data.get("labels")),
            annotations=_scalars(data.get("annotations")),
            faults=tuple(faults),
        )


def _rule_faults(rule: dict[str, object]) -> Iterator[str]:
    named = [key for key in ("alert", "record") if rule.get(key)]
    if len(named) != 1:
        yield "a rule has either `alert` or `record`"
    for key in sorted(rule.keys() - RULE_KEYS):
        yield f"a rule has no field `{key}`"
    if "record" in rule:
        if not METRIC.fullmatch(str(rule["record"])):
            yield f"`{rule['record']}` is no name of a metric"
        yield from (f"a recording rule has no `{key}`" for key in ("for", "annotations") if key in rule)
    for key in ("for", "keep_firing_for"):
        if key in rule and seconds(rule[key]) is None:
            yield f"`{rule[key]}` is no span of time"
    for key in ("labels", "annotations"):
        if rule.get(key) is not None:
            yield from _label_faults(key, rule[key])


def _label_faults(key: str, labels: object) -> Iterator[str]:
    if not isinstance(labels, dict):
        yield f"`{key}` is a mapping"
    for name, text in as_mapping(labels).items():
        if not LABEL.fullmatch(name) or name == "__name__":
            yield f"`{name}` is no name of a label"
        if isinstance(text, dict | list):
            yield f"`{name}` is no text"
        elif isinstance(text, str) and (problem := template_fault(text)):
            yield f"the template in `{name}` {problem}"


def _scalars(value: object) -> dict[str, str]:
    return {
        name: str(text).strip()
        for name, text in as_mapping(value).items()
        if text is not None and not isinstance(text, dict | list)
    }


def template_fault(text: str) -> str:
    """Return what is wrong with a template of Go, or nothing: an action left open, a function that is not there."""
    if "{{" not in text:
        return ""
    rest = ACTION.sub("", text)
    if "{{" in rest:
        return "opens {{ without closing it"
    for action in ACTION.findall(text):
        if action.strip().startswith("/*"):
            continue
        bare = QUOTED.sub(" ", action)
        for word in WORD.findall(bare):
            if word not in TEMPLATE_WORDS:
                return f"calls `{word}`, which Prometheus does not know"
    return ""
