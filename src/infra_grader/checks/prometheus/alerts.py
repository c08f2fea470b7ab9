"""The prometheus.alerts check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.prometheus._rule_files import (
    all_rules,
    read_rule_files,
    recorded_queries,
    rule_evidence,
    working_alerts,
)
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.pieces import Piece, cut, judge, whole
from infra_grader.reading.prometheus_files import seconds
from infra_grader.reading.prometheus_rules import Rule
from infra_grader.reading.promql_question import Facts, Form, any_form, facts_of, pair_off


class Alert(Params):
    """An alert that is asked for, by what it means."""

    title: Annotated[str, Meta(min_length=1, description="What it warns of, in a few words.")]
    any_of: Annotated[tuple[Form, ...], Meta(min_length=1, description="Ways to ask it; one of them will do.")]
    severities: Annotated[
        tuple[str, ...], Meta(description="Values of `severity` that fit; any, where none is given.")
    ] = ()
    waits_at_least: Annotated[str | None, Meta(description="Shortest `for`, such as `1m`.")] = None
    waits_at_most: Annotated[str | None, Meta(description="Longest `for`, such as `15m`.")] = None

    def __post_init__(self) -> None:
        """Refuse what is no span of time."""
        for text in (self.waits_at_least, self.waits_at_most):
            if text is not None and seconds(text) is None:
                raise ValueError(f"{text!r} is no span of time such as `5m`")


class Alerts(Params):
    """Where the rule files are, and the alerts that they must hold."""

    path: Annotated[Places, Meta(description="Rule files or globs; every file that one of them names is read.")]
    alerts: Annotated[tuple[Alert, ...], Meta(min_length=1, description="Alerts; each earns an equal share.")]
    at_least: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="How many of them earn everything; all, if not given.")
    ] = None


@check("prometheus.alerts")
def alerts(context: Context, params: Alerts) -> Outcome:
    """There are alerts on what is asked for, found by what their expressions mean and not by their names.

    Looked at are the metrics that an expression reads, the functions, the labels selected and the numbers compared
    with; recording rules in the same files are followed. One rule serves one alert. Half of an alert's share is for its
    expression alone, where severity or `for` are not as asked. Expressions that are always true, never true, or read no
    metric count for nothing.
    """
    files, unread = read_rule_files(context, places(params.path))
    found = all_rules(files)
    working, refused = working_alerts(found)
    if not working:
        raise CheckFailed(f"{files[0].path} holds no alert that can fire and can rest.", *cut(refused), *cut(unread))
    recorded = recorded_queries(found)
    facts = [facts_of(rule.query, recorded) for rule in working if rule.query is not None]
    pieces = _pieces(params, working, facts)
    if params.at_least is not None and params.at_least < len(pieces):
        pieces = sorted(pieces, key=lambda piece: piece.share, reverse=True)[: params.at_least]
    if not any(piece.share for piece in pieces):
        pieces = [piece._replace(share=Fraction(0)) for piece in pieces]
    return judge(files[0].path, pieces, (*cut(refused, 3), *cut(unread, 3)))


def _pieces(params: Alerts, working: list[Rule], facts: list[Facts]) -> list[Piece]:
    def suits(wanted: int, offer: int) -> bool:
        alert = params.alerts[wanted]
        return any_form(facts[offer], alert.any_of) and not _unlike(alert, working[offer])

    def speaks(wanted: int, offer: int) -> bool:
        return any_form(facts[offer], params.alerts[wanted].any_of)

    served = pair_off(len(params.alerts), len(working), suits)
    # what is left over may still serve with a severity or a `for` that was not asked for
    taken = {offer for offer in served if offer is not None}
    open_ones = [index for index, offer in enumerate(served) if offer is None]
    rest = [offer for offer in range(len(working)) if offer not in taken]
    second = pair_off(len(open_ones), len(rest), lambda one, other: speaks(open_ones[one], rest[other]))
    partly = {open_ones[index]: rest[offer] for index, offer in enumerate(second) if offer is not None}
    return [_piece(alert, working, served[index], partly.get(index)) for index, alert in enumerate(params.alerts)]


def _piece(alert: Alert, working: list[Rule], served: int | None, partly: int | None) -> Piece:
    if served is not None:
        return whole(True, "", rule_evidence(working[served], alert.title))
    if partly is not None:
        rule = working[partly]
        problem = _unlike(alert, rule)
        return Piece(Fraction(1, 2), f"{rule.title} has {problem}", (rule_evidence(rule, alert.title, problem),))
    wanted = " | ".join(form.words for form in alert.any_of)
    missing = Evidence(path=working[0].path, expected=f"an alert: {alert.title}", actual="none", text=wanted)
    return whole(False, f"no alert asks for: {alert.title}", missing)


def _unlike(alert: Alert, rule: Rule) -> str:
    """Return in what an alert differs from what is asked beyond its expression, or nothing."""
    severity = rule.labels.get("severity", "")
    if alert.severities and severity.casefold() not in {name.casefold() for name in alert.severities}:
        return f"the severity {severity or 'none'}, not {' or '.join(alert.severities)}"
    least, most = seconds(alert.waits_at_least or "0") or 0.0, seconds(alert.waits_at_most or "")
    if rule.for_s < least or (most is not None and rule.for_s > most):
        bounds = " and ".join(
            filter(None, (alert.waits_at_least and f"at least {alert.waits_at_least}",
                          alert.waits_at_most and f"at most {alert.waits_at_most}"))
        )  # fmt: skip
        return f"a `for` of {rule.for_s:g} s, not {bounds}"
    return ""
