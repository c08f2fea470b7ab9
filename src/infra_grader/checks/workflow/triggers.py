"""The workflow.triggers check kind."""

from __future__ import annotations

from collections.abc import Sequence
from fnmatch import fnmatchcase
from typing import Any

import msgspec

from infra_grader.checks.workflow._pipelines import WorkflowParams, acts_of, is_work, read_pipelines
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.pieces import Piece, judge, whole
from infra_grader.reading.workflow import Pipeline, mapping_of, texts_of

SAME = {"pull_request": ("pull_request_target", "merge_group"), "workflow_dispatch": ("repository_dispatch",)}
"""Events that do for another."""


class Triggers(WorkflowParams, kw_only=True):
    """What has to start a pipeline."""

    events: Annotated[
        list[str], Meta(min_length=1, description="Events in GitHub's words: push, pull_request, schedule, ...")
    ]
    branches: Annotated[
        list[str],
        Meta(description="Branches of which a push must start one; any of them will do, so that main and master do."),
    ] = msgspec.field(default_factory=list)


@check("workflow.triggers")
def triggers(context: Context, params: Triggers) -> Outcome:
    """Pipelines that do something are started by these events.

    A pipeline all of whose steps only say something is started for nothing, and does not count.
    """
    pipelines, faults = read_pipelines(context, params)
    working = [item for item in pipelines if any(is_work(act) for act in acts_of(context, [item]))]
    pieces = [_event(pipelines, working, event, params.branches) for event in params.events]
    return judge(pipelines[0].path, pieces, faults)


def _event(pipelines: Sequence[Pipeline], working: Sequence[Pipeline], event: str, branches: Sequence[str]) -> Piece:
    for pipeline in working:
        for name in (event, *SAME.get(event, ())):
            if name in pipeline.events and (event != "push" or _starts(pipeline.events[name], branches)):
                found = Evidence(path=pipeline.path, line=_line(pipeline, name), actual=name)
                return whole(True, "", found)
    idle = next((item for item in pipelines if item not in working and event in item.events), None)
    if idle is not None:
        gap = Evidence(path=idle.path, line=_line(idle, event), expected="steps that do something", actual=event)
        return whole(False, f"{event} starts nothing that does anything", gap)
    wanted = f"{event} on {' or '.join(branches)}" if event == "push" and branches else event
    place = pipelines[0]
    gap = Evidence(path=place.path, line=_line(place, ""), expected=wanted, actual=", ".join(place.events) or "nothing")
    return whole(False, f"{wanted} starts nothing", gap)


def _starts(filters: Any, branches: Sequence[str]) -> bool:
    """Whether a push to one of the branches starts it."""
    listed = mapping_of(filters)
    if not branches:
        return True
    if "branches-ignore" in listed:
        return any(not _fits(branch, texts_of(listed["branches-ignore"])) for branch in branches)
    if "branches" in listed:
        return any(_fits(branch, texts_of(listed["branches"])) for branch in branches)
    return "tags" not in listed and "tags-ignore" not in listed


def _fits(branch: str, patterns: Sequence[str]) -> bool:
    """Whether a branch fits patterns as GitHub reads them: the last one that fits decides, `!` takes away."""
    fits = False
    for pattern in patterns:
        if fnmatchcase(branch, pattern.removeprefix("!").replace("**", "*")):
            fits = not pattern.startswith("!")
    return fits


def _line(pipeline: Pipeline, event: str) -> int | None:
    return None if pipeline.is_gitlab else pipeline.line("on", event)
