"""The dashboards of a submission, for the kinds of this family."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from infra_grader.plugin import CheckFailed, Context, Evidence
from infra_grader.reading.grafana import Dashboard, Panel, read_dashboards
from infra_grader.reading.grafana_query import PanelQuery, is_promql, panel_queries
from infra_grader.reading.pieces import cut
from infra_grader.reading.stand_in import is_undone

ASKING = "a panel that queries something"
MOST_PLACED = 20
SCALED = re.compile(r"\s*[-+*/]\s*[0-9][0-9.]*\b")
"""What makes another number of the same answer: `* 100`, `+ 1`."""


def find_boards(context: Context, paths: Sequence[str]) -> tuple[list[Dashboard], list[Evidence]]:
    """Return the dashboards in all files that are named, and evidence for those that cannot be read.

    Raises `CheckFailed` where there is none of the learner's own.
    """
    found = context.workspace.find(*paths)
    if not found:
        context.workspace.first(paths)  # words what is missing
    unread: list[Evidence] = []
    boards = read_dashboards(context, found, unread)
    if not boards:
        raise CheckFailed(f"{found[0]} holds no dashboard of Grafana that can be read.", *cut(unread))
    return boards, unread


def asking_panels(board: Dashboard) -> tuple[list[Panel], list[Evidence]]:
    """Return the panels that query something, each question once, and evidence for those that do not."""
    asked = {item.target.text: item for item in panel_queries(board)}
    panels: list[Panel] = []
    idle: list[Evidence] = []
    seen: set[tuple[str, ...]] = set()
    for panel in board.panels:
        if not panel.shows_data:
            continue
        reason = _idle(panel, asked)
        question = (*sorted(SCALED.sub("", target.text) for target in panel.targets), panel.type)
        if not reason and question in seen:
            reason = "another panel asks the same"
        if reason:
            # looking for a line takes time in a large file, and only the first few are shown
            line = board.line_of(panel.title) if len(idle) < MOST_PLACED else None
            idle.append(
                Evidence(path=board.path, line=line, expected=ASKING, actual=reason, text=panel.title or panel.type)
            )
            continue
        seen.add(question)
        panels.append(panel)
    return panels, idle


def _idle(panel: Panel, asked: Mapping[str, PanelQuery]) -> str:
    """Return why a panel shows nothing, or an empty text."""
    reason = "no query"
    for target in panel.targets:
        if not is_promql(target):
            if target.has_metrics or not is_undone(target.text):
                return ""
            reason = "the query is still to be written"
            continue
        item = asked[target.text]
        if item.query is not None and item.query.selectors:
            return ""
        reason = f"the query cannot be read: {item.problem}" if item.problem else "the query reads no metric"
    return reason
