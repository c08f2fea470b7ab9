"""What became of a release's steps, and the evidence for what went wrong."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from infra_grader.model.record import Record
from infra_grader.plugin import Evidence, EvidenceKind, NotAssessed, Unavailable
from infra_grader.reading.helm_release import ACCOUNT, KEPT, RELEASE
from infra_grader.reading.kube_apply import OURS, steps_of
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_chart import Chart

NAMED = re.compile(r'(?P<kind>[A-Z]\w+)(?:\.[\w.]+)? "(?P<name>[^"]+)" is invalid: \[?(?P<field>[\w.\[\]]+)')
UNREACHABLE = re.compile(r"Kubernetes cluster unreachable|connection refused|no route to host|TLS handshake timeout")
STEPS = ("install", "upgrade", "rollback", "uninstall")
"""In the order in which they are done."""


class StepSeen(Record):
    """One step, and how it ended."""

    name: str
    exit_status: int
    message: str
    """Helm's words where it failed."""
    seconds: float


class Released(Record):
    """A release as it was seen."""

    namespace: str
    images: Mapping[str, str]
    steps: tuple[StepSeen, ...]
    """Those that were done; after one that fails there is no other."""
    changed: tuple[str, ...] = ()
    """Titles of the objects that the rollback did not make what they were."""
    left: tuple[str, ...] = ()
    """Titles of what the end of the release left behind."""
    plurals: Mapping[str, str] = {}
    """How the API calls each kind, by `apiVersion kind`."""


def step_evidence(step: StepSeen) -> Evidence:
    """Return the evidence of a step that went well."""
    return Evidence(kind=EvidenceKind.COMMAND, path=f"helm {step.name} {RELEASE}", actual=f"done in {step.seconds:g} s")


def fault_of(
    name: str, step: StepSeen | None, released: Released, manifests: Sequence[Manifest], chart: Chart
) -> list[Evidence]:
    """Return what is wrong with a step; nothing where it went well.

    Raises `NotAssessed` for what the lab is the reason of.
    """
    title = f"helm {name} {RELEASE}"
    if step is None:
        return [Evidence(kind=EvidenceKind.COMMAND, path=title, expected="done", actual="not reached")]
    if step.exit_status:
        return [_of_command(title, step, manifests, chart)]
    if name == "rollback" and released.changed:
        return [
            Evidence(
                kind=EvidenceKind.COMMAND,
                path=title,
                expected="every object as it was before the upgrade",
                actual=f"{', '.join(released.changed[:8])} differ",
            )
        ]
    kept = _kept(manifests)
    left = [each for each in released.left if not _may_stay(each, kept, manifests)]
    if name == "uninstall" and left:
        return [
            Evidence(
                kind=EvidenceKind.COMMAND, path=title, expected="nothing of the release", actual=", ".join(left[:12])
            )
        ]
    return []


def _of_command(title: str, step: StepSeen, manifests: Sequence[Manifest], chart: Chart) -> Evidence:
    """Return the line at fault, where helm's message names an object or a template, else the command."""
    message = step.message or f"exit status {step.exit_status}"
    if UNREACHABLE.search(message):
        raise Unavailable(f"Helm does not reach the cluster: {message}.", "Grade again when it answers.")
    if OURS.search(message) or ACCOUNT in message:
        raise NotAssessed(f"The lab's own rules keep helm from this: {message}.", "Tell the author of the rubric.")
    if named := NAMED.search(message):
        for each in manifests:
            if (each.kind, each.name) == (named["kind"], named["name"]):
                field = each.field(*steps_of(each, named["field"]))
                return (field if field.path else each.field("kind")).evidence(f"{title}: done").replace(text=message)
    path, line = chart.place(message) or (chart.path, None)
    return Evidence(path=path, line=line, expected=f"{title}: done", actual=message)


def _kept(manifests: Sequence[Manifest]) -> set[str]:
    return {each.title for each in manifests if each.annotations.get(KEPT) == "keep"}


def _may_stay(title: str, kept: set[str], manifests: Sequence[Manifest]) -> bool:
    """Whether helm leaves an object by design: the claims of a StatefulSet, and what the chart says to keep."""
    templates = [
        f"PersistentVolumeClaim {claim.get('metadata', 'name').text}-{each.name}-"
        for each in manifests
        if each.kind == "StatefulSet"
        for claim in each.field("spec", "volumeClaimTemplates").items()
    ]
    return title in kept or title.startswith(tuple(templates))
