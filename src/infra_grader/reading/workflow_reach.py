"""What of a workflow can plainly never run: workflows that nothing starts, and conditions that cannot hold."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from typing import Any

from infra_grader.reading.workflow import Job, Pipeline, is_false, mapping_of, text_of, texts_of

CALLED = "workflow_call"
EVENT = re.compile(r"github\.event_name==(?:'([^']*)'|\"([^\"]*)\")")
REF = re.compile(r"github\.(?:ref=='refs/heads/([^']*)'|ref_name=='([^']*)')")
ALWAYS = re.compile(r"always\(\)|failure\(\)|cancelled\(\)|needs\.")
"""What lets a job run although one that it needs was skipped."""


def is_started(pipeline: Pipeline, others: Sequence[Pipeline]) -> bool:
    """Whether something starts a pipeline by itself; a workflow that is only called runs as part of its callers."""
    if pipeline.is_gitlab:
        return True
    after = mapping_of(pipeline.events.get("workflow_run"))
    names = {other.name or other.path for other in others}
    alive = {
        event
        for event in pipeline.events
        if event != CALLED and not (event == "workflow_run" and not names & set(texts_of(after.get("workflows"))))
    }
    return bool(alive)


def can_hold(condition: object, events: Mapping[str, Any]) -> bool:
    """Whether a condition may be true in a workflow with these events; what is not understood may be."""
    if is_false(condition):
        return False
    bare = text_of(condition).replace("${{", "").replace("}}", "").replace(" ", "")
    if "||" in bare:
        return any(can_hold(part, events) for part in bare.split("||")) if "(" not in bare else True
    return all(_may_be(part.strip("()"), events) for part in bare.split("&&"))


def _may_be(part: str, events: Mapping[str, Any]) -> bool:
    if is_false(part):
        return False
    if found := EVENT.fullmatch(part):
        return not events or (found[1] or found[2]) in events or CALLED in events
    if (found := REF.fullmatch(part)) and events and set(events) <= {"push"}:
        branches = texts_of(mapping_of(events["push"]).get("branches"))
        wanted = found[1] or found[2]
        return not branches or any(_fits(wanted, branch) for branch in branches)
    return True


def _fits(name: str, pattern: str) -> bool:
    return fnmatchcase(name, pattern.replace("**", "*").lstrip("!"))


def running(pipeline: Pipeline, events: Mapping[str, Any]) -> Iterator[Job]:
    """Yield the jobs that may run: their conditions can hold, and so can those of the jobs that they need."""
    if pipeline.is_gitlab:  # whose stages go on without jobs that are left out
        yield from (job for job in pipeline.jobs if not job.never_runs)
        return
    alive: set[str] = set()
    waiting = [job for job in pipeline.jobs if can_hold(job.condition, events)]
    while ready := [job for job in waiting if job.id not in alive and _has(job, alive)]:
        alive |= {job.id for job in ready}
    yield from (job for job in waiting if job.id in alive)


def _has(job: Job, alive: Collection[str]) -> bool:
    """Whether the jobs that one needs run; `if: always()` does without them."""
    return ALWAYS.search(text_of(job.condition)) is not None or all(need in alive for need in job.needs)
