"""The alertmanager.inhibition check kind."""

from __future__ import annotations

from infra_grader.checks.alertmanager._settings import Inhibition, Settings, read_settings
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    TextFile,
    check,
    places,
)
from infra_grader.reading.pieces import counted, cut, judge
from infra_grader.reading.prometheus_rules import Rule, read_rules
from infra_grader.reading.promql import Matcher


class InhibitionParams(Params):
    """Where the configuration and the rules are, and how much must be held back."""

    path: Annotated[
        Places, Meta(description="alertmanager.yml, or what holds it; the first place that is there is read.")
    ]
    at_least: Annotated[int, Meta(ge=1, description="Inhibition rules that can hold something back.")] = 1
    rules: Annotated[
        Places | None, Meta(description="Rule files or globs: both sides must match an alert in them.")
    ] = None


@check("alertmanager.inhibition")
def inhibition(context: Context, params: InhibitionParams) -> Outcome:
    """Inhibition rules hold back alerts while a more serious one fires.

    A rule counts if both of its sides match something and differ. Where rule files are named, each side must match an
    alert in them by its name and the labels that it carries, and two of these can be the same in the labels of `equal`;
    labels that alerts get from elsewhere may be anything.
    """
    settings = read_settings(context, places(params.path))
    alerts = _alerts(context, places(params.rules)) if params.rules is not None else None
    judged = [(item, _problem(item, alerts)) for item in settings.inhibitions]
    kept = [item for item, problem in judged if not problem]
    refused = [
        Evidence(path=settings.path, line=item.line, expected="holds alerts back", actual=problem)
        for item, problem in judged
        if problem
    ]
    if not kept:
        shown = cut(refused) or (_none(settings),)
        raise CheckFailed(f"{settings.path} has no inhibition rule that can hold anything back.", *shown)
    good = Evidence(
        path=settings.path, line=kept[0].line, expected=f"at least {params.at_least}", actual=f"{len(kept)} rules"
    )
    lacking = f"{len(kept)} of {params.at_least} inhibition rules can hold something back"
    return judge(settings.path, [counted(len(kept), params.at_least, lacking, good)], cut(refused))


def _none(settings: Settings) -> Evidence:
    return Evidence(
        path=settings.path, line=settings.root.line, expected="inhibit_rules", actual="none, comments aside"
    )


def _alerts(context: Context, paths: list[str]) -> list[Rule]:
    found = context.workspace.find(*paths)
    if not found:
        context.workspace.first(paths)  # words what is missing
    alerts: list[Rule] = []
    for path in found:
        try:
            rules = read_rules(TextFile(path, context.workspace.read_text(path))).rules
        except CheckFailed:  # judged by `prometheus.rules`
            continue
        alerts += [rule for rule in rules if rule.is_alert]
    return alerts


def _problem(item: Inhibition, alerts: list[Rule] | None) -> str:
    """Return why a rule holds nothing back, or nothing."""
    if not item.source or not item.target:
        return "one side matches nothing in particular"
    if item.source == item.target:
        return "both sides are the same"
    if alerts is None:
        return ""
    labels = {name for alert in alerts for name in alert.labels}
    sides = []
    for side, matchers in (("source", item.source), ("target", item.target)):
        matching = [alert for alert in alerts if _matches(alert, matchers, labels)]
        if not matching:
            written = ", ".join(f"{matcher.label}{matcher.operator}{matcher.value}" for matcher in matchers)
            return f"no alert matches its {side}: {written}"
        sides.append(matching)
    sources, targets = sides
    if not any(_can_be_equal(one, other, item.equal) for one in sources for other in targets):
        return f"no two alerts are equal in {', '.join(item.equal)}"
    return ""


def _can_be_equal(one: Rule, other: Rule, labels: tuple[str, ...]) -> bool:
    """Whether two alerts can have the same values of these labels: what rules do not write is not known."""
    ours, theirs = ({"alertname": alert.name, **alert.labels} for alert in (one, other))
    return all(
        ours[label] == theirs[label] or "{{" in ours[label] + theirs[label]
        for label in labels
        if label in ours and label in theirs
    )


def _matches(alert: Rule, matchers: tuple[Matcher, ...], labels: set[str]) -> bool:
    known = {"alertname": alert.name, **alert.labels}
    return all(
        matcher.admits(known.get(matcher.label, "")) or (matcher.label not in labels and matcher.label != "alertname")
        for matcher in matchers
    )
