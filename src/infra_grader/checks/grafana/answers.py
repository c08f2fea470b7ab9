"""The grafana.answers check kind."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterator
from fractions import Fraction
from typing import NamedTuple

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.checks.grafana._boards import SCALED, find_boards
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Handle,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    Places,
    check,
    places,
)
from infra_grader.reading.asked_request import Asked
from infra_grader.reading.compose_hosts import Hosts, find_hosts
from infra_grader.reading.compose_live import Prepared, project_of
from infra_grader.reading.compose_member import find_service, running_member
from infra_grader.reading.grafana import Dashboard, Panel, Target
from infra_grader.reading.grafana_query import is_promql
from infra_grader.reading.grafana_sources import read_sources, with_types
from infra_grader.reading.grafana_variables import NoValue, Values
from infra_grader.reading.pieces import cut
from infra_grader.reading.prometheus_live import PrometheusApi, Scraped, open_prometheus
from infra_grader.reading.prometheus_metrics import exported_by
from infra_grader.reading.prometheus_series import Series
from infra_grader.reading.promql_answered import Finding, Witness
from infra_grader.reading.python_work import own_python
from infra_grader.reading.running_service import asked
from infra_grader.reading.traffic import send

POLL_S = 1.0
SCRAPES = 2
"""How often each target is asked after our requests: a rate needs two samples."""
MOST_SHOWN = 20
EXCUSED = 4
"""Of so many panels that must be there, one may be left out."""
DATA = "data"


class Answers(Params):
    """Which dashboards, which Prometheus, and what happens meanwhile."""

    project: Annotated[Handle, Meta(description="Id of the check that starts the project.")]
    path: Annotated[Places, Meta(description="Dashboards (JSON, or ConfigMaps) or globs; all that are named are read.")]
    prometheus: Annotated[
        tuple[str, ...], Meta(min_length=1, description="Globs of images or names of the service that is asked.")
    ] = ("*prometheus:*", "*prom/prometheus*", "prometheus")
    service: Annotated[
        Handle | None, Meta(description="Id of the check whose service gets the requests, if there are any.")
    ] = None
    requests: Annotated[
        list[Asked], Meta(description="What is asked of it first, so that something happens.", max_length=50)
    ] = msgspec.field(default_factory=list)
    times: Annotated[int, Meta(ge=1, le=50, description="How often each of them is asked.")] = 3
    panels: Annotated[int, Meta(ge=1, description="Panels that must be there; those lacking have no data.")] = 1
    seconds: Annotated[float, Meta(gt=0, le=300, description="Time until the panels have data.")] = 60.0

    def __post_init__(self) -> None:
        """Refuse requests to nobody."""
        if self.requests and self.service is None:
            raise ValueError("`service` says who gets the requests")


class Judged(NamedTuple):
    """A panel that shows data, with its queries that were asked."""

    board: Dashboard
    panel: Panel
    findings: tuple[tuple[Target, Finding], ...]
    """None where it asks another data source, or for no series."""

    @property
    def is_aside(self) -> bool:
        """Whether nothing of it counts: it asks only for what was not started, or Prometheus for nothing."""
        return all(found.state == "aside" for _, found in self.findings)

    @property
    def share(self) -> Fraction:
        """Of its queries, those that have data, or may have some."""
        states = [found.state for _, found in self.findings if found.state != "aside"]
        return Fraction(sum(state != "never" for state in states), len(states)) if states else Fraction(0)

    @property
    def shows(self) -> bool:
        """Whether one of its queries has data now."""
        return any(found.state == "shows" for _, found in self.findings)


@check("grafana.answers", capabilities=("docker", "command", "http"), measure="%")
def answers(context: Context, params: Answers) -> Outcome:
    """The queries of the panels find data in the Prometheus of a project that runs.

    Each is asked as Grafana asks it, its variables filled in, after requests of ours have been answered and every
    target has been scraped twice. One that finds nothing counts all the same where that may change: its metric is
    exported, and only has no series yet, or none with such a value of a label, as that of errors. A metric that
    nobody exports, a label that no series has, a target that there is not, a range too short for two samples, and
    what Prometheus refuses find nothing ever. What would be exported by services that were not started, or by one
    from which the folders of the machine are kept, is left out, and so are queries for other data sources, panels
    without a query, and queries that read no series, such as `vector(1)`; the same question counts once, whatever it is
    multiplied by. Panels that are left out are among those that must be there, up to a quarter of these. The share of
    the panels is the share of the points; one of them at least must have data now.
    """
    found, unread = find_boards(context, places(params.path))
    boards = [with_types(board, read_sources(context)) for board in found]
    prepared = project_of(context, params.project)
    name = find_service(prepared, params.prometheus)
    if params.service is not None and params.requests:
        context.tell("sending requests")
        with asked(context, params.service) as (_, client):
            send(context, client, params.requests, params.times)
    with prepared.project.turn(context.deadline):
        container = prepared.project.container(running_member(prepared, name))
        api = open_prometheus(container, name, str(context.seed), context.deadline)
        try:
            judged = _settled(context, params, api, boards, find_hosts(prepared, name))
        finally:
            api.monitor.close()
    return _outcome(params, judged, [*_others(boards), *cut(unread, 3)], prepared, name)


def _settled(
    context: Context, params: Answers, api: PrometheusApi, boards: list[Dashboard], known: Hosts
) -> list[Judged]:
    """Return the panels once all have data, no more is to come, or the time is up."""
    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    seen: dict[str, set[str]] = {}
    while True:
        series = Series(api, context.deadline)
        waited = _count(series.targets, known, seen)
        unstarted = _unstarted(context, series, known)
        judged = [one for board in boards for one in _judge(board, series, known, unstarted)]
        unsettled = [one for one in judged if any(found.state in ("never", "waits") for _, found in one.findings)]
        if not unsettled or waited or not limit.remaining():
            if unsettled and not waited:
                context.deadline.check()
            return judged
        context.tell(f"waiting for data: {len(unsettled)} of {len(judged)} panels have none yet")
        time.sleep(POLL_S)


def _count(targets: list[Scraped], known: Hosts, seen: dict[str, set[str]]) -> bool:
    """Note when the targets were scraped, and return whether each of them was often enough."""
    own = [one for one in targets if known.is_own(one.host)]
    for one in own:
        seen.setdefault(one.url, set()).add(one.last)
    # the first time is one from before
    return bool(own) and all(len(seen[one.url]) > SCRAPES for one in own)


def _unstarted(context: Context, series: Series, known: Hosts) -> frozenset[str]:
    """Return the names of the series that programs of the submission export which are targets, and were not started."""
    if not any(one.host in known.left_built for one in series.targets):
        return frozenset()
    try:
        files, _ = own_python(context, ["**/*.py"])
    except NotAssessed:
        return frozenset()  # written for a newer Python, it cannot be read for an excuse

    def is_there(name: str) -> bool:
        return name in series.names or any(one.makes(name) for one in series.declared)

    return exported_by(context, files).apart(is_there)


def _judge(board: Dashboard, series: Series, known: Hosts, unstarted: Collection[str] = ()) -> Iterator[Judged]:
    """Yield the panels that show data, each question to Prometheus once."""
    absent = [one for one in series.targets if not known.is_own(one.host)]
    witness = Witness(series, absent, [one for one in series.targets if known.is_blind(one.host)], unstarted)
    values = Values(board, series, witness)
    asked_before: set[tuple[str, ...]] = set()
    for panel in board.panels:
        targets = [target for target in panel.targets if is_promql(target)]
        question = (*sorted(SCALED.sub("", target.text) for target in targets), panel.type)
        if not panel.shows_data or not panel.targets or (targets and question in asked_before):
            continue
        asked_before.add(question)
        findings = [(target, found) for target in targets if (found := _finding(target, values, witness)) is not None]
        yield Judged(board, panel, tuple(findings))


def _finding(target: Target, values: Values, witness: Witness) -> Finding | None:
    try:
        return witness.judge(values.fill(target.text))
    except NoValue as error:
        return Finding(state="never", said=str(error))


def _outcome(params: Answers, judged: list[Judged], notes: list[Evidence], prepared: Prepared, name: str) -> Outcome:
    counted = [one for one in judged if not one.is_aside]
    aside = [one for one in judged if one.is_aside]
    faults = [_shown(one, target, found) for one in counted for target, found in one.findings if found.state == "never"]
    quiet = [_shown(one, target, found) for one in counted for target, found in one.findings if found.state == "waits"]
    left = [_shown(one, target, found) for one in aside for target, found in one.findings]
    if left and not counted:
        raise NotAssessed(f"Every panel asks for what was not started: {left[0].actual}"[:400], "Look at them by hand.")
    if not any(one.shows for one in counted):
        raise CheckFailed(
            f"No panel finds data in {name}{f': {faults[0].actual}' if faults else ''}."[:400],
            *cut(faults, MOST_SHOWN),
            *cut(quiet),
            *cut(left, 3),
            *notes,
        )
    total = max(len(counted), params.panels - min(len(aside), params.panels // EXCUSED))
    done = sum((one.share for one in counted), Fraction(0))
    share = done / total
    full = sum(one.share == 1 for one in counted)
    shows = sum(one.shows for one in counted)
    asked_for = sum(bool(one.findings) for one in judged)
    message = f"{full} of {total} panels find what they ask for in {name}, {shows} of them with data now"
    if len(counted) < total:
        message += f"; there are {len(counted)} that ask it for series"
    if faults:
        message += f"; {faults[0].text}: {faults[0].actual}"
    return Outcome.partial(
        share,
        f"{message[:400]}.",
        *cut(faults, MOST_SHOWN),
        *cut(quiet),
        *cut(left, 3),
        *notes,
        Evidence(path=prepared.compose.path, actual=f"{name} was asked {asked_for} panels, {len(aside)} left out"),
        measure=Measure(value=round(float(100 * share), 2), unit="%", threshold=100),
    )


def _shown(one: Judged, target: Target, found: Finding) -> Evidence:
    """Return why a query of a panel has no data, and where it stands."""
    title = f"{one.board.title or one.board.path}, {one.panel.title or one.panel.type}"
    return Evidence(
        path=one.board.path,
        line=one.board.line_of(target.text),
        expected=DATA if found.state == "never" else None,
        actual=f"{found.said}: {' '.join(target.text.split())}"[:500],
        text=title,
    )


def _others(boards: list[Dashboard]) -> list[Evidence]:
    """Return a note on the panels that ask other data sources."""
    titles = [
        panel.title or panel.type
        for board in boards
        for panel in board.panels
        if panel.shows_data and panel.targets and not any(map(is_promql, panel.targets))
    ]
    if not titles:
        return []
    return [
        Evidence(
            path=boards[0].path, actual=f"not asked, as they are of another data source: {', '.join(titles)}"[:500]
        )
    ]
