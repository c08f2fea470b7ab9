"""The prometheus.rules check kind."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction

from infra_grader.checks.prometheus._rule_files import (
    all_rules,
    read_rule_files,
    rule_evidence,
    validity,
    working_alerts,
)
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.pieces import Piece, counted, cut, judge, plural, whole
from infra_grader.reading.prometheus_rules import Rule, RuleFile
from infra_grader.reading.stand_in import is_undone


class Rules(Params):
    """Where the rule files are, and what they must hold."""

    path: Annotated[Places, Meta(description="Rule files or globs; every file that one of them names is read.")]
    alerts: Annotated[int, Meta(ge=0, description="Alerts that can fire and can rest, each expression once.")] = 1
    records: Annotated[int, Meta(ge=0, description="Recording rules, each expression once.")] = 0
    groups: Annotated[int, Meta(ge=0, description="Groups with rules.")] = 0
    waiting: Annotated[int, Meta(ge=0, description="Alerts with a `for`, so that a short peak does not fire.")] = 0
    labels: Annotated[tuple[str, ...], Meta(description="Labels that every alert carries.")] = ()
    severities: Annotated[
        tuple[str, ...], Meta(description="Values of the label `severity` that alerts use, each at least once.")
    ] = ()
    annotations: Annotated[tuple[str, ...], Meta(description="Annotations that every alert carries.")] = ()


@check("prometheus.rules", capabilities=("command",))
def rules(context: Context, params: Rules) -> Outcome:
    """Rule files of Prometheus are valid, and hold alerts and recording rules with what is asked of them.

    Read are plain rule files, PrometheusRule objects, ConfigMaps and Helm values. An alert counts if its expression
    parses, reads a metric, and can be both true and false. Validity is decided by our own reading (fields, names,
    spans of time, every expression, functions in templates), and by `promtool check rules` as well where it is found.
    """
    files, unread = read_rule_files(context, places(params.path))
    found = all_rules(files)
    alerts, refused = working_alerts(found)
    if params.alerts and not alerts:
        raise CheckFailed(f"{_named(files)} holds no alert that can fire and can rest.", *cut(refused), *cut(unread))
    invalid = validity(context, files)
    sound = Evidence(path=files[0].path, expected="valid rules", actual=f"{plural(len(found), 'rule')}, all valid")
    pieces = [
        whole(not invalid and not unread, "not all of it is valid", *(cut([*unread, *invalid]) or (sound,))),
        *_counts(params, files, found, alerts, refused),
        *(_carried("label", name, alerts, lambda rule: rule.labels) for name in params.labels),
        *(_severity(name, alerts) for name in params.severities),
        *(_carried("annotation", name, alerts, lambda rule: rule.annotations) for name in params.annotations),
    ]
    return judge(_named(files), pieces)


def _named(files: Sequence[RuleFile]) -> str:
    return files[0].path if len(files) == 1 else f"{files[0].path} and {plural(len(files) - 1, 'more file')}"


def _counts(
    params: Rules, files: Sequence[RuleFile], found: list[Rule], alerts: list[Rule], refused: list[Evidence]
) -> list[Piece]:
    records = {rule.query.text: rule for rule in found if not rule.is_alert and rule.query and not rule.faults}
    reading = [rule for rule in records.values() if rule.query and rule.query.selectors]
    groups = sum(file.groups for file in files)
    waiting = [rule for rule in alerts if rule.for_s > 0]
    wanted: tuple[tuple[int, int, str, list[Evidence]], ...] = (
        (params.alerts, len(alerts), "alerts", refused),
        (params.records, len(reading), "recording rules", []),
        (params.groups, groups, "groups", []),
        (params.waiting, len(waiting), "alerts with `for`", []),
    )
    return [
        counted(
            number, minimum, f"it has {number} of {minimum} {noun}",
            Evidence.number(number, f"at least {minimum}", noun), *cut(lost),
        )
        for minimum, number, noun, lost in wanted
        if minimum
    ]  # fmt: skip


def _carried(kind: str, name: str, alerts: Sequence[Rule], read: Callable[[Rule], dict[str, str]]) -> Piece:
    """Return how many alerts carry a label or annotation with something in it."""
    lost = [rule for rule in alerts if not read(rule).get(name) or is_undone(read(rule)[name])]
    if not alerts:
        return whole(False, f"there is no alert with the {kind} {name}")
    if not lost:
        return whole(True, "", rule_evidence(alerts[0], f"the {kind} {name}", read(alerts[0])[name]))
    shown = cut([rule_evidence(rule, f"the {kind} {name}", read(rule).get(name) or "not there") for rule in lost])
    share = Fraction(len(alerts) - len(lost), len(alerts))
    return Piece(share, f"{plural(len(lost), 'alert')} without the {kind} {name}", shown)


def _severity(name: str, alerts: Sequence[Rule]) -> Piece:
    found = next((rule for rule in alerts if rule.labels.get("severity", "").casefold() == name.casefold()), None)
    expected = f"an alert with severity {name}"
    if found is None:
        return whole(False, f"no alert has the severity {name}", Evidence(expected=expected, actual="none"))
    return whole(True, "", rule_evidence(found, expected, name))
