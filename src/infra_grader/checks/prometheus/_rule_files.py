"""The rule files of a submission, read once for every kind that asks about them."""

from __future__ import annotations

import json
from collections.abc import Sequence

from infra_grader.plugin import CheckFailed, Context, Evidence, TextFile
from infra_grader.reading.prometheus_firing import idle_reason
from infra_grader.reading.prometheus_rules import Rule, RuleFile, read_rules
from infra_grader.reading.prometheus_tool import Verdict, ask_tool
from infra_grader.reading.promql import Query

NEWER_FIELDS = frozenset(
    {"keep_firing_for", "query_offset", "limit", "labels", "scrape_config_files", "scrape_protocols", "otlp",
     "fallback_scrape_protocol", "rule_query_offset", "keep_dropped_targets", "track_timestamps_staleness",
     "enable_compression", "http_headers", "runtime", "native_histogram_min_bucket_factor",
     "metric_name_validation_scheme", "metric_name_escaping_scheme", "always_scrape_classic_histograms",
     "convert_classic_histograms_to_nhcb", "scrape_failure_log_file", "scrape_native_histograms"}
)  # fmt: skip
"""Settings that an older promtool refuses though Prometheus knows them; our own reading holds them to a table."""


def read_rule_files(context: Context, paths: Sequence[str]) -> tuple[list[RuleFile], list[Evidence]]:
    """Return the files that hold rules, and evidence for those that cannot be read.

    Raises `CheckFailed` where there is none: no such file of the learner's own, or groups without a rule in all.
    """
    found = context.workspace.find(*paths)
    if not found:
        context.workspace.first(paths)  # words what is missing
    files: list[RuleFile] = []
    faults: list[Evidence] = []
    for path in found:
        try:
            files.append(context.shared(("prometheus.rules", path), lambda path=path: _read(context, path)))  # type: ignore[misc]
        except CheckFailed as verdict:
            if _may_hold_rules(context, path):  # a template of Helm beside them is no fault of theirs
                faults += verdict.evidence or (Evidence(path=path, actual=verdict.message),)
    files = [file for file in files if file.found]
    if not any(file.rules for file in files):
        raise CheckFailed(
            f"{found[0] if len(found) == 1 else ' or '.join(paths)} holds no rule of Prometheus.",
            *faults[:5],
            Evidence(path=found[0], line=1, expected="groups with rules", actual="none, comments aside"),
        )
    return files, faults


def _read(context: Context, path: str) -> RuleFile:
    return read_rules(TextFile(path, context.workspace.read_text(path)))


def _may_hold_rules(context: Context, path: str) -> bool:
    try:
        return "groups:" in context.workspace.read_text(path)
    except CheckFailed:
        return True


def all_rules(files: Sequence[RuleFile]) -> list[Rule]:
    """Return the rules of all files, in order."""
    return [rule for file in files for rule in file.rules]


def recorded_queries(rules: Sequence[Rule]) -> dict[str, Query]:
    """Return the queries of the recording rules by the names of the series that they make."""
    return {rule.name: rule.query for rule in rules if not rule.is_alert and rule.query is not None}


def recorded_in(context: Context, places: Sequence[str]) -> dict[str, Query]:
    """Return the queries of the recording rules in some files, of those that can be read; there may be none."""
    if not context.workspace.find(*places):
        return {}
    try:
        files, _ = read_rule_files(context, places)
    except CheckFailed:  # costs the checks that are about rules
        return {}
    return recorded_queries(all_rules(files))


def working_alerts(rules: Sequence[Rule]) -> tuple[list[Rule], list[Evidence]]:
    """Return the alerts that can fire and can rest, each expression once, and evidence for the others."""
    kept: list[Rule] = []
    refused: list[Evidence] = []
    seen: set[str] = set()
    for rule in rules:
        if not rule.is_alert:
            continue
        reason = why_idle(rule)
        if not reason and rule.query is not None and rule.query.text in seen:
            reason = "another alert has the same expression"
        if reason:
            refused.append(rule_evidence(rule, "an alert that can fire and can rest", reason))
            continue
        assert rule.query is not None
        seen.add(rule.query.text)
        kept.append(rule)
    return kept, refused


def why_idle(rule: Rule) -> str:
    """Return why an alert does not work, or nothing."""
    if rule.query is None or rule.faults:
        return next(iter(rule.faults), "it has no expression")
    return idle_reason(rule.query)


def rule_evidence(rule: Rule, expected: str, actual: str | None = None) -> Evidence:
    """Point at a rule; without `actual`, at its expression."""
    steps = (*rule.steps, "expr") if actual is None else rule.steps
    shown = actual if actual is not None else " ".join((rule.query.text if rule.query else "").split())
    return Evidence(
        path=rule.path, line=rule.found.line(*steps), expected=expected, actual=shown[:300], text=rule.title
    )


def validity(context: Context, files: Sequence[RuleFile]) -> list[Evidence]:
    """Return what makes Prometheus refuse these files: by our own reading, and by promtool where it is installed."""
    refused: list[Evidence] = []
    for file in files:
        own = [
            *(Evidence(path=file.path, line=line, expected="a valid rule file", actual=fault)
              for line, fault in file.faults),
            *(rule_evidence(rule, "a valid rule", fault) for rule in file.rules for fault in rule.faults),
        ]  # fmt: skip
        refused += own or _refused_by_promtool(context, file)
    return refused


def _refused_by_promtool(context: Context, file: RuleFile) -> list[Evidence]:
    refused: list[Evidence] = []
    for found in file.found:
        # a PrometheusRule or Helm values wrap the groups; what Prometheus gets is the groups alone
        text = found.text if found.is_alone else json.dumps({"groups": found.data["groups"]})
        verdict = ask_tool(context, "promtool", ("check", "rules"), text)
        if verdict is not None and is_refusal(verdict):
            line = found.lines_before + verdict.line if verdict.line and found.is_alone else found.line()
            refused.append(Evidence(path=file.path, line=line, expected="accepted by promtool", actual=verdict.problem))
    return refused


def is_refusal(verdict: Verdict) -> bool:
    """Whether a tool refuses a text for more than settings newer than it, or discovery that it was built without."""
    return not verdict.is_valid and not (
        verdict.unknown and all(name in NEWER_FIELDS or name.endswith("_sd_configs") for name in verdict.unknown)
    )
