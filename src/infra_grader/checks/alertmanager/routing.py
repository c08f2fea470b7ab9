"""The alertmanager.routing check kind."""

from __future__ import annotations

from infra_grader.checks.alertmanager._settings import Channel, Route, Settings, reached, read_settings
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.pieces import Piece, cut, judge, whole
from infra_grader.reading.prometheus_files import seconds


class RoutedAlert(Params):
    """An alert, and how somebody must hear of it."""

    labels: Annotated[dict[str, str], Meta(min_length=1, description="Its labels: `{severity: critical}`.")]
    channels: Annotated[
        tuple[str, ...], Meta(description="Ways in which it is told, all of them; `slack|webhook` for either.")
    ] = ()


class Routing(Params):
    """Where the configuration is, and where alerts must go."""

    path: Annotated[
        Places, Meta(description="alertmanager.yml, or what holds it; the first place that is there is read.")
    ]
    alerts: Annotated[tuple[RoutedAlert, ...], Meta(description="Alerts that are sent through the routes.")] = ()
    apart: Annotated[
        tuple[str, ...],
        Meta(description="Values of `severity`, such as critical and warning, that go to different places."),
    ] = ()
    group_by: Annotated[
        tuple[str, ...], Meta(description="Labels by which alerts are grouped; `a|b` for either, `...` groups by all.")
    ] = ()
    repeat_at_most: Annotated[
        str | None, Meta(description="Longest `repeat_interval` of a critical alert, such as `1h`.")
    ] = None
    repeat_at_least: Annotated[
        str | None, Meta(description="Shortest `repeat_interval` of any alert, such as `1h`.")
    ] = None

    def __post_init__(self) -> None:
        """Refuse a question about nothing, and what is no span of time."""
        if not (self.alerts or self.apart or self.group_by or self.repeat_at_most or self.repeat_at_least):
            raise ValueError("give `alerts`, `apart`, `group_by`, `repeat_at_most` or `repeat_at_least`")
        for text in (self.repeat_at_most, self.repeat_at_least):
            if text is not None and not seconds(text):
                raise ValueError(f"{text!r} is no span of time such as `1h`")


@check("alertmanager.routing")
def routing(context: Context, params: Routing) -> Outcome:
    """Alerts go where they should: severities apart, grouped, and told in the ways asked for.

    Alerts are sent through the tree of routes as Alertmanager does it (`match`, `match_re`, `matchers`, `continue`,
    inherited settings). Only ways that really notify somebody count.
    """
    settings = read_settings(context, places(params.path))
    if not any(receiver.notifying for receiver in settings.receivers):
        shown = Evidence(path=settings.path, line=settings.root.line, expected="receivers that notify", actual="none")
        raise CheckFailed(f"{settings.path} notifies nobody.", shown)
    pieces = [_told(settings, alert) for alert in params.alerts]
    if params.apart:
        pieces.append(_apart(settings, params.apart))
    pieces += [_grouped(settings, label) for label in params.group_by]
    if params.repeat_at_most is not None:
        pieces.append(_repeated(settings, reached(settings, {"severity": "critical"}), most=params.repeat_at_most))
    if params.repeat_at_least is not None:
        pieces.append(_repeated(settings, list(settings.root.walk()), least=params.repeat_at_least))
    return judge(settings.path, pieces)


def _channels(settings: Settings, labels: dict[str, str]) -> list[Channel]:
    receivers = [settings.receiver(route.receiver) for route in reached(settings, labels)]
    return [channel for receiver in receivers if receiver is not None for channel in receiver.notifying]


def _told(settings: Settings, alert: RoutedAlert) -> Piece:
    ends = reached(settings, alert.labels)
    found = _channels(settings, alert.labels)
    kinds = {channel.kind for channel in found}
    missing = [wanted for wanted in alert.channels if not kinds & set(wanted.split("|"))]
    named = ", ".join(f"{label}={value}" for label, value in alert.labels.items())
    shown = Evidence(
        path=settings.path,
        line=ends[0].line,
        expected=f"{named} is told by {' and '.join(alert.channels) or 'some way'}",
        actual=", ".join(sorted(kinds)) or "nobody hears of it",
        text=", ".join(route.receiver for route in ends),
    )
    lacking = f"{named} is not told by {missing[0].replace('|', ' or ')}" if missing else f"nobody hears of {named}"
    return whole(bool(kinds) and not missing, lacking, shown)


def _apart(settings: Settings, severities: tuple[str, ...]) -> Piece:
    places_of: dict[str, frozenset[tuple[str, str]]] = {}
    shown: list[Evidence] = []
    for severity in severities:
        found = _channels(settings, {"severity": severity})
        places_of[severity] = frozenset((channel.kind, channel.target) for channel in found)
        ends = reached(settings, {"severity": severity})
        told = ", ".join(f"{channel.kind} {channel.target}" for channel in found) or "nobody"
        shown.append(
            Evidence(
                path=settings.path, line=ends[0].line, expected=f"a way of its own for {severity}", actual=told[:300]
            )
        )
    are_apart = all(places_of.values()) and len(set(places_of.values())) == len(severities)
    return whole(are_apart, f"{' and '.join(severities)} do not all go to places of their own", *cut(shown))


def _grouped(settings: Settings, label: str) -> Piece:
    grouped = settings.root.group_by
    wanted = label.split("|")
    is_there = bool(set(wanted) & set(grouped)) or "..." in grouped
    shown = Evidence(
        path=settings.path,
        line=settings.root.line,
        expected=f"group_by {' or '.join(wanted)}",
        actual=", ".join(grouped) or "none",
    )
    return whole(is_there, f"alerts are not grouped by {' or '.join(wanted)}", shown)


def _repeated(settings: Settings, routes: list[Route], *, most: str = "", least: str = "") -> Piece:
    upper, lower = seconds(most) or float("inf"), seconds(least) or 0.0
    wrong = [route for route in routes if not lower <= route.repeat_s <= upper]
    bounds = f"at most {most}" if most else f"at least {least}"
    route = wrong[0] if wrong else routes[0]
    shown = Evidence(
        path=settings.path, line=route.line, expected=f"repeated after {bounds}", actual=f"{route.repeat_s:g} s"
    )
    return whole(not wrong, f"an alert is repeated after {route.repeat_s:g} s, not {bounds}", shown)
