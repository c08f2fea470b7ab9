"""The grafana.panels check kind."""

from __future__ import annotations

from collections.abc import Mapping

from infra_grader.checks.grafana._boards import asking_panels, find_boards
from infra_grader.checks.prometheus._rule_files import recorded_in
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    RelativePath,
    check,
    places,
)
from infra_grader.reading.grafana import Dashboard, Panel
from infra_grader.reading.grafana_query import STAND_IN_METRIC, fill_in, is_promql
from infra_grader.reading.pieces import Piece, cut, judge, whole
from infra_grader.reading.prometheus_known import is_named_by
from infra_grader.reading.promql import PromqlError, Query, read_query
from infra_grader.reading.promql_question import Facts, Form, any_form, facts_of, pair_off

RULES = tuple(
    f"{folder}/**/*.{suffix}"
    for folder in ("prometheus", "monitoring", "kubernetes/monitoring", "k8s/monitoring")
    for suffix in ("yml", "yaml")
)


class WantedPanel(Params):
    """A panel that is asked for, by what it shows."""

    title: Annotated[str, Meta(min_length=1, description="What it shows, in a few words.")]
    any_of: Annotated[
        tuple[Form, ...], Meta(description="Ways to ask it in PromQL; one of its queries is one of them.")
    ] = ()
    types: Annotated[tuple[str, ...], Meta(description="Types of panel that fit; any, where none is given.")] = ()
    sources: Annotated[
        tuple[str, ...],
        Meta(
            description="Types of data source whose queries fit though they are no PromQL: `*elasticsearch*`, `*loki*`."
        ),
    ] = ()

    def __post_init__(self) -> None:
        """Refuse a question about nothing."""
        if not (self.any_of or self.sources):
            raise ValueError("give `any_of` or `sources`")


class Panels(Params):
    """Where the dashboards are, and the panels that they must have."""

    path: Annotated[Places, Meta(description="Dashboards (JSON, or ConfigMaps) or globs; all that are named are read.")]
    panels: Annotated[tuple[WantedPanel, ...], Meta(min_length=1, description="Panels; each earns an equal share.")]
    at_least: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="How many of them earn everything; all, if not given.")
    ] = None
    rules: Annotated[
        tuple[RelativePath, ...], Meta(description="Rule files, whose recording rules are followed; globs.")
    ] = RULES


@check("grafana.panels")
def panels(context: Context, params: Panels) -> Outcome:
    """Dashboards have panels that show what is asked for, found by what their queries mean and not by their titles.

    Looked at are the metrics that a query reads, its functions, the labels selected and the numbers compared with; the
    learner's recording rules are followed. One panel serves one thing asked for.
    """
    boards, unread = find_boards(context, places(params.path))
    offers = [(board, panel) for board in boards for panel in asking_panels(board)[0]]
    if not offers:
        raise CheckFailed(
            f"{boards[0].path} has no panel that queries something.", *cut(unread), Evidence(path=boards[0].path)
        )
    recorded = recorded_in(context, params.rules)
    facts = [_facts(panel, recorded) for _, panel in offers]
    served = pair_off(
        len(params.panels), len(offers), lambda one, other: _suits(params.panels[one], offers[other][1], facts[other])
    )
    pieces = [
        _piece(wanted, boards[0], None if offer is None else offers[offer])
        for wanted, offer in zip(params.panels, served, strict=True)
    ]
    if params.at_least is not None and params.at_least < len(pieces):
        pieces = sorted(pieces, key=lambda piece: piece.share, reverse=True)[: params.at_least]
    return judge(boards[0].path, pieces, cut(unread, 3))


def _facts(panel: Panel, recorded: Mapping[str, Query]) -> list[Facts]:
    found: list[Facts] = []
    for target in panel.targets:
        for stand_in in (STAND_IN_METRIC, "5") if is_promql(target) else ():
            try:
                found.append(facts_of(read_query(fill_in(target.text, stand_in)), recorded))
                break
            except PromqlError:
                continue
    return found


def _suits(wanted: WantedPanel, panel: Panel, facts: list[Facts]) -> bool:
    if wanted.types and panel.type not in wanted.types:
        return False
    if wanted.sources and any(
        not is_promql(target) and is_named_by(target.source.lower(), wanted.sources) for target in panel.targets
    ):
        return True
    return any(any_form(item, wanted.any_of) for item in facts)


def _piece(wanted: WantedPanel, first: Dashboard, found: tuple[Dashboard, Panel] | None) -> Piece:
    if found is None:
        asked = " | ".join(form.words for form in wanted.any_of) or ", ".join(wanted.sources)
        kind = f" ({' or '.join(wanted.types)})" if wanted.types else ""
        missing = Evidence(path=first.path, expected=f"a panel: {wanted.title}{kind}", actual="none", text=asked)
        return whole(False, f"no panel shows: {wanted.title}", missing)
    board, panel = found
    query = panel.targets[0].text
    shown = Evidence(
        path=board.path, line=board.line_of(query), expected=wanted.title, actual=query[:300], text=panel.title
    )
    return whole(True, "", shown)
