"""The kubernetes.events check kind."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import Annotated, Any

import msgspec

from infra_grader.capabilities.deadline import Deadline
from infra_grader.model.record import Record
from infra_grader.plugin import Context, Evidence, EvidenceKind, Handle, Measure, Meta, Outcome, Params, all_but, check
from infra_grader.reading.kube_lab import NO_IMAGE, OF_THE_LAB
from infra_grader.reading.kube_rollout import EVENTS
from infra_grader.reading.live_deployed import deployed_of

TROUBLE = [
    "BackOff", "Failed", "FailedMount", "FailedAttachVolume", "FailedCreate", "FailedPostStartHook",
    "FailedPreStopHook", "Evicted", "OOMKilling", "FailedGetScale", "InvalidSelector",
]  # fmt: skip
"""Reasons of events that sound work does not have. That a probe fails while a pod starts is none of them."""
OURS = "infra-grader"
MOST = 200


class Events(Params):
    """What the cluster tells of what was deployed, and what not."""

    of: Annotated[Handle, Meta(description="Id of the check that put it into the cluster.")]
    names: Annotated[
        list[str], Meta(description="Names of the objects that events are about, as globs, pods too; any without them.")
    ] = msgspec.field(default_factory=list)
    contains: Annotated[list[str], Meta(description="Reasons, as globs, that are told.")] = msgspec.field(
        default_factory=list
    )
    lacks: Annotated[list[str], Meta(description="Reasons, as globs, that are not told as warnings.")] = msgspec.field(
        default_factory=lambda: list(TROUBLE)
    )
    seconds: Annotated[float, Meta(ge=0, le=280, description="Time until `contains` is told.")] = 0.0


class Told(Record):
    """An event."""

    kind: str
    name: str
    reason: str
    message: str
    count: int
    is_warning: bool


class Seen(Record):
    """The events of the submission's namespace."""

    events: tuple[Told, ...]


@check("kubernetes.events", capabilities=("kubernetes",), measure="%")
def events(context: Context, params: Events) -> Outcome:
    """The cluster tells what is to be told of what was deployed, and warns of nothing that it should not.

    Each reason that is asked for or must not be told is worth the same. Events about pods of ours, and warnings whose
    cause is the lab's, do not count.
    """
    found = context.observe("events", Seen, lambda: _look(context, params), asked=all_but(params, "lacks"))
    chosen = [each for each in found.events if _is_named(each.name, params.names)]
    evidence: list[Evidence] = []
    for reason in params.contains:
        if not any(fnmatchcase(each.reason, reason) for each in chosen):
            told = ", ".join(sorted({each.reason for each in chosen})) or "nothing"
            evidence.append(_evidence("events", f"an event {reason}", told))
    for reason in params.lacks:
        warned = [each for each in chosen if each.is_warning and fnmatchcase(each.reason, reason)]
        if warned:
            first = warned[0]
            times = f", {first.count} times" if first.count > 1 else ""
            title = f"events of {first.kind} {first.name}"
            evidence.append(_evidence(title, f"no warning {reason}", f"{first.reason}{times}", first.message))
    asked = len(params.contains) + len(params.lacks)
    right = asked - len(evidence)
    measure = Measure(value=round(100 * right / max(1, asked), 2), unit="%", threshold=100)
    if evidence:
        message = f"The cluster tells something else than asked: {evidence[0].expected}; there is {evidence[0].actual}."
        return Outcome.partial(Fraction(right, asked), message, *evidence, measure=measure)
    summary = _evidence("events", f"{asked} reasons as asked", f"{len(chosen)} events, none amiss")
    return Outcome.passed(f"Of {len(chosen)} events none is amiss.", summary, measure=measure)


def _look(context: Context, params: Events) -> Seen:
    namespace = deployed_of(context, params.of).namespace
    last: list[Told] = []

    def look(objects: list[Mapping[str, Any]]) -> bool | None:
        last[:] = told_of(objects)
        chosen = [each for each in last if _is_named(each.name, params.names)]
        is_told = all(any(fnmatchcase(each.reason, wanted) for each in chosen) for wanted in params.contains)
        return True if is_told else None

    limit = Deadline(min(params.seconds, context.deadline.remaining()))
    context.kubernetes.cluster.await_(EVENTS, namespace, look, limit)
    return Seen(events=tuple(last[-MOST:]))


def told_of(objects: Sequence[Mapping[str, Any]]) -> list[Told]:
    """Return events but for those about us or the lab, and about pods that only came of an update of ours."""
    broken = {_name(each) for each in objects if NO_IMAGE in str(each.get("message"))}
    kept = (each for each in objects if _name(each) not in broken)
    return [told for each in kept if (told := _told(each)) is not None]


def _name(found: Mapping[str, Any]) -> str:
    return str((found.get("involvedObject") or {}).get("name") or "")


def _told(found: Mapping[str, Any]) -> Told | None:
    """Return an event; `None` for one that is about us or the lab."""
    about = found.get("involvedObject") or {}
    name, message = _name(found), str(found.get("message") or "")
    if name.startswith(OURS) or OF_THE_LAB.search(message):
        return None
    return Told(
        kind=str(about.get("kind") or ""),
        name=name,
        reason=str(found.get("reason") or ""),
        message=message,
        count=int(found.get("count") or (found.get("series") or {}).get("count") or 1),
        is_warning=found.get("type") == "Warning",
    )


def _is_named(name: str, globs: list[str]) -> bool:
    return not globs or any(fnmatchcase(name, each) for each in globs)


def _evidence(path: str, expected: str, actual: str, text: str | None = None) -> Evidence:
    return Evidence(kind=EvidenceKind.FIELD, path=path, expected=expected, actual=actual, text=text)
