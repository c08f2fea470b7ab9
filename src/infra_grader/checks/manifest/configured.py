"""The manifest.configured check kind."""

from __future__ import annotations

from typing import Literal

from infra_grader.checks.manifest._findings import Finding, WorkloadParams, chosen_workloads, outcome_of
from infra_grader.plugin import Annotated, Context, Meta, Outcome, check
from infra_grader.reading.manifest import Manifest, ManifestSet
from infra_grader.reading.manifest_reference import Reference, configuration_of, problem_of
from infra_grader.reading.manifest_source import judge_manifests
from infra_grader.reading.manifest_workload import WORKLOADS, workloads
from infra_grader.reading.stand_in import is_undone

FOR_OTHERS = ("grafana_dashboard", "grafana_datasource")
"""Labels of ConfigMaps that a sidecar of another program reads through the API."""


class Configured(WorkloadParams):
    """What workloads must read their configuration from."""

    kinds: Annotated[tuple[str, ...], Meta(min_length=1, description="Kinds of workloads that are looked at.")] = (
        WORKLOADS
    )
    by: Annotated[Literal["ConfigMap", "Secret"], Meta(description="What holds the configuration.")] = "ConfigMap"
    min_keys: Annotated[int, Meta(ge=1, description="How many keys the workloads must read in all.")] = 1


@check("manifest.configured", capabilities=("command",), measure="percent")
def configured(context: Context, params: Configured) -> Outcome:
    """ConfigMaps (or Secrets) are really read by a container, as variables or files, and hold the keys it asks for.

    One that kustomize's `replacements` or `vars` copy from has done its work, and need not be read.
    """
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Configured) -> Outcome:
    chosen = chosen_workloads(found, params)
    read = [
        reference for workload in chosen for reference in configuration_of(workload) if params.by in reference.kinds
    ]
    if not read:
        raise found.absent(f"workload that reads a {params.by}")
    findings = [_resolved(reference, found) for reference in read]
    # Those of workloads that this check is not about are read, too.
    everywhere = [each for workload in workloads(found, given=True) for each in configuration_of(workload)]
    findings += [
        _is_read(each, everywhere, found) for each in found.of_kind(params.by) if not set(FOR_OTHERS) & set(each.labels)
    ]
    keys = _keys(read, found)
    is_known = params.by == "ConfigMap" or params.min_keys > 1
    if is_known:
        evidence = read[0].field.evidence(f"at least {params.min_keys} keys with values", f"{len(keys)} keys")
        findings.append(Finding(len(keys) >= params.min_keys, evidence, f"only {len(keys)} keys with a value are read"))
    return outcome_of(findings, f"Configuration by {params.by}", found)


def _resolved(reference: Reference, found: ManifestSet) -> Finding:
    problem = problem_of(reference, found, secrets_elsewhere=True)
    if not problem and not reference.is_read:
        problem = f"has a volume of {reference.title} that no container mounts"
    field = reference.field if reference.key is None else reference.key
    return Finding(not problem, field.evidence(reference.title), f"{reference.field.manifest.title} {problem}")


def _is_read(manifest: Manifest, read: list[Reference], found: ManifestSet) -> Finding:
    is_read = found.is_spent(manifest) or any(
        each.is_read and found.named(each.kinds, each.name, each.field.manifest) is manifest for each in read
    )
    return Finding(is_read, manifest.evidence("read by a container"), f"no container reads {manifest.title}")


def _keys(read: list[Reference], found: ManifestSet) -> set[tuple[str, str]]:
    """Return the keys with a value that containers read, by the name of what holds them."""
    keys: set[tuple[str, str]] = set()
    for reference in read:
        target = found.named(reference.kinds, reference.name, reference.field.manifest)
        if target is None:
            if reference.key is not None and reference.key.text:
                keys.add((reference.name, reference.key.text))
            continue
        for place in ("data", "stringData", "binaryData"):
            for key, value in target.field(place).mapping.items():
                is_asked = reference.key is None or reference.key.value == key
                if reference.is_read and is_asked and not is_undone(str(value if value is not None else "")):
                    keys.add((reference.name, key))
    return keys
