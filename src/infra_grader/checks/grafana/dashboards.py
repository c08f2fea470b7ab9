"""The grafana.dashboards check kind."""

from __future__ import annotations

import re
from fractions import Fraction

from infra_grader.checks.grafana._boards import asking_panels, find_boards
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.grafana import Dashboard, Panel
from infra_grader.reading.grafana_query import PanelQuery, panel_queries, variables_in
from infra_grader.reading.pieces import Piece, counted, cut, judge, whole

INTERVAL = re.compile(r"([0-9]{1,6})(s|m|h)")
UNIT_S = {"s": 1, "m": 60, "h": 3600}


class Dashboards(Params):
    """Where the dashboards are, and what they must show."""

    path: Annotated[Places, Meta(description="Dashboards (JSON, or ConfigMaps) or globs; all that are named are read.")]
    dashboards: Annotated[int, Meta(ge=1, description="Dashboards with enough panels.")] = 1
    panels: Annotated[int, Meta(ge=1, description="Panels that query something, in each dashboard that counts.")] = 1
    types: Annotated[
        tuple[str, ...],
        Meta(description="Types of panels of which each is there: `timeseries|graph`, `gauge`, `stat`."),
    ] = ()
    titled: Annotated[bool, Meta(description="Whether every dashboard and panel has a title.")] = False
    units: Annotated[float, Meta(ge=0, le=1, description="Share of the panels that name a unit.")] = 0
    thresholds: Annotated[int, Meta(ge=0, description="Panels with thresholds.")] = 0
    variables: Annotated[int, Meta(ge=0, description="Variables that are defined and used in a query.")] = 0
    refresh_at_most: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="Longest time between two refreshes, in seconds.")
    ] = None


@check("grafana.dashboards")
def dashboards(context: Context, params: Dashboards) -> Outcome:
    """Grafana dashboards are valid, and hold panels that query something.

    Panels are found in rows of today and of old, and in dashboards that are wrapped for the API. A panel counts if a
    query of it that is not hidden parses and reads a metric, its variables being defined; the same question counts once
    in a dashboard. Queries for Loki, Elasticsearch and other sources count by being there.
    """
    boards, unread = find_boards(context, places(params.path))
    judged = [(board, *asking_panels(board)) for board in boards]
    panels = [panel for _, asking, _ in judged for panel in asking]
    idle = [piece for _, _, lost in judged for piece in lost]
    if not panels:
        raise CheckFailed(f"{boards[0].path} has no panel that queries something.", *cut(idle, 10), *cut(unread))
    broken = [(board, item) for board in boards for item in panel_queries(board) if item.query is None]
    pieces = [
        whole(
            not unread and not broken,
            "not every file and query can be read",
            *cut(unread),
            *map(_unreadable, broken[:5]),
        ),
        _enough(params, judged),
    ]
    pieces += [_type(panels, wanted, boards[0]) for wanted in params.types]
    pieces += _dress(params, boards, panels)
    return judge(_named(boards), pieces, cut(idle))


def _unreadable(found: tuple[Dashboard, PanelQuery]) -> Evidence:
    board, item = found
    line = board.line_of(item.target.text)
    return Evidence(
        path=board.path, line=line, expected="a query that parses", actual=item.problem, text=item.panel.title
    )


def _named(boards: list[Dashboard]) -> str:
    return boards[0].path if len(boards) == 1 else f"{boards[0].path} and {len(boards) - 1} more"


def _enough(params: Dashboards, judged: list[tuple[Dashboard, list[Panel], list[Evidence]]]) -> Piece:
    """Return how far the dashboards are there: the fullest are taken, each earns its share of panels."""
    # two copies of one dashboard are one
    distinct = {(tuple(target.text for panel in asking for target in panel.targets)): (board, asking)
                for board, asking, _ in judged if asking}  # fmt: skip
    best = sorted(distinct.values(), key=lambda pair: len(pair[1]), reverse=True)[: params.dashboards]
    share = sum((Fraction(min(len(asking), params.panels), params.panels) for _, asking in best), Fraction(0))
    full = sum(len(asking) >= params.panels for _, asking in best)
    lacking = f"{full} of {params.dashboards} dashboards have {params.panels} panels that query something"
    shown = tuple(
        Evidence(
            path=board.path,
            expected=f"at least {params.panels} panels",
            actual=f"{len(asking)} panels",
            text=board.title,
        )
        for board, asking in best
    )
    return Piece(share / params.dashboards, lacking, shown)


def _type(panels: list[Panel], wanted: str, board: Dashboard) -> Piece:
    found = next((panel for panel in panels if panel.type in wanted.split("|")), None)
    named = wanted.replace("|", " or ")
    actual = found.title if found else ", ".join(sorted({panel.type for panel in panels}))
    evidence = Evidence(path=board.path, expected=f"a panel of type {named}", actual=actual)
    return whole(found is not None, f"no panel is of type {named}", evidence)


def _dress(params: Dashboards, boards: list[Dashboard], panels: list[Panel]) -> list[Piece]:
    place = boards[0].path
    pieces: list[Piece] = []
    if params.titled:
        bare = sum(not panel.title.strip() for panel in panels) + sum(not board.title.strip() for board in boards)
        number = len(panels) + len(boards)
        lacking = f"{bare} panels or dashboards have no title"
        pieces.append(
            Piece(
                Fraction(number - bare, number),
                lacking,
                (Evidence(path=place, expected="titles", actual=f"{bare} lack one"),),
            )
        )
    if params.units:
        with_unit = sum(bool(panel.unit) for panel in panels)
        share = min(Fraction(1), Fraction(with_unit, len(panels)) / Fraction(str(params.units)))
        shown = Evidence.number(with_unit, f"at least {params.units:.0%} of {len(panels)}", "panels with a unit")
        pieces.append(Piece(share, f"{with_unit} of {len(panels)} panels name a unit", (shown,)))
    if params.thresholds:
        number = sum(panel.thresholds > 0 for panel in panels)
        shown = Evidence.number(number, f"at least {params.thresholds}", "panels with thresholds")
        pieces.append(counted(number, params.thresholds, f"{number} panels have thresholds", shown))
    if params.variables:
        used = sorted({name for board in boards for name in _used_variables(board)})
        shown = Evidence.number(len(used), f"at least {params.variables}", "variables used", ", ".join(used) or "none")
        pieces.append(counted(len(used), params.variables, f"{len(used)} variables are defined and used", shown))
    if params.refresh_at_most is not None:
        slow = [board for board in boards if not _refreshes(board, params.refresh_at_most)]
        shown_all = cut([Evidence(path=board.path, expected=f"a refresh within {params.refresh_at_most} s",
                                  actual=board.refresh or "none") for board in slow or boards[:1]])  # fmt: skip
        lacking = f"{len(slow)} dashboards do not refresh within {params.refresh_at_most} s"
        pieces.append(Piece(Fraction(len(boards) - len(slow), len(boards)), lacking, shown_all))
    return pieces


def _used_variables(board: Dashboard) -> set[str]:
    asked = {name for panel in board.panels for target in panel.targets for name in variables_in(target.text)}
    asked |= {name for panel in board.panels for target in panel.targets for name in variables_in(target.source)}
    asked |= {name for variable in board.variables for name in variables_in(variable.query)}
    return asked & {variable.name for variable in board.variables}


def _refreshes(board: Dashboard, most_s: int) -> bool:
    found = INTERVAL.fullmatch(board.refresh)
    return found is not None and 0 < int(found[1]) * UNIT_S[found[2]] <= most_s
