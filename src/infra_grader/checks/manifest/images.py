"""The manifest.images check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.checks.manifest._findings import (
    Finding,
    WorkloadParams,
    chosen_containers,
    chosen_workloads,
    no_containers,
    outcome_of,
)
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.dockerfile_reference import read_reference
from infra_grader.reading.manifest import Field, ManifestSet
from infra_grader.reading.manifest_source import judge_manifests
from infra_grader.reading.manifest_workload import WORKLOADS, Container

NAME = re.compile(r"[a-z0-9]+(?:[._-]+[a-z0-9]+)*")
HOST = re.compile(r"[A-Za-z0-9.-]+(?::[0-9]{1,5})?")
TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
BLANK = re.compile(
    r"(?i)(?:^|[/:])(?:your|my)[-_]|placeholder|changeme|replace[-_]?(?:me|with)|to-?do\b|<|>|\$\{|\{\{|xxx"
)
MOVING = frozenset(
    {"latest", "stable", "edge", "nightly", "main", "master", "develop", "dev", "head", "canary", "current", "lts"}
)
"""Tags that name another image tomorrow."""
POLICIES = ("Always", "IfNotPresent", "Never")


class Images(WorkloadParams):
    """Which images containers may have."""

    kinds: Annotated[
        tuple[str, ...],
        Meta(min_length=1, description="Kinds of workloads that are looked at; every one of them counts."),
    ] = WORKLOADS
    pull_policy: Annotated[
        tuple[str, ...],
        Meta(description="Pull policies that a container must name one of; without this it need name none."),
    ] = ()


@check("manifest.images", capabilities=("command",), measure="percent")
def images(context: Context, params: Images) -> Outcome:
    """Containers name images by a version that stays the same: a digest, or a tag that does not move."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Images) -> Outcome:
    findings: list[Finding] = []
    for workload in chosen_workloads(found, params):
        containers = chosen_containers(workload.all_containers, params)
        findings += [
            _finding(container, f"{workload.title}, container {container.name or '?'}", params)
            for container in containers
        ] or [no_containers(workload)]
    return outcome_of(findings, "Images", found)


def _finding(container: Container, whose: str, params: Images) -> Finding:
    for field, expected, problem in _faults(container, params):
        return Finding(False, field.evidence(expected), f"{whose}: {problem}")
    return Finding(True, container.field.get("image").evidence("a pinned image"))


def _faults(container: Container, params: Images) -> Iterator[tuple[Field, str, str]]:
    field = container.field.get("image")
    text = container.image
    shown = text[:100]
    reference = read_reference(text)
    if not text or not _is_reference(reference.name, reference.tag):
        yield field, "the name of an image", "it names no image" if not text.strip() else f"{shown} is no image's name"
    elif BLANK.search(text):
        yield field, "the name of your image", f"{shown} is a blank to fill in"
    elif not reference.digest and not reference.tag:
        yield field, "a tag or a digest", f"{shown} has no tag, which means latest"
    elif not reference.digest and reference.tag.lower() in MOVING:
        yield field, "a tag that stays the same", f"{shown} names whatever is {reference.tag} at the time"
    policy = container.field.get("imagePullPolicy")
    if policy.is_there and policy.value not in POLICIES:
        yield policy, " or ".join(POLICIES), "its pull policy is none that Kubernetes knows"
    elif params.pull_policy and policy.value not in params.pull_policy:
        yield policy, " or ".join(params.pull_policy), f"its pull policy is {policy.text or 'not said'}"


def _is_reference(name: str, tag: str) -> bool:
    first, _, rest = name.partition("/")
    is_host = bool(rest) and ("." in first or ":" in first or first == "localhost")
    parts = (rest if is_host else name).split("/")
    has_host = not is_host or HOST.fullmatch(first[:300]) is not None
    return (
        has_host and all(NAME.fullmatch(part[:300]) for part in parts) and (not tag or TAG.fullmatch(tag) is not None)
    )
