"""A release of a learner's chart in a cluster, made by helm out of objects that are known beforehand.

A template can look at the cluster while it is rendered, or be rendered otherwise the second time. So the learner's
chart is rendered once, without a cluster; its objects, hooks among them, are held to the same bounds as plain manifests
and moved to our namespace; and what helm installs is a chart of ours that holds exactly those. Helm itself acts as an
account of the run that has rights in that one namespace, for the time of the steps.
"""

from __future__ import annotations

import json
import re
import shutil
import tempfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from infra_grader.capabilities.command import CommandOutput
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.kubernetes import Cluster, Refused, Resource
from infra_grader.capabilities.live_kubernetes import LiveKubernetes
from infra_grader.model.outcome import NotAssessed
from infra_grader.plugin import Context
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_chart import REMEDY, Chart

RELEASE = "release"
NAMESPACE = "release-namespace"
"""What templates are told as the namespace of the release; ours takes its place everywhere."""
ACCOUNT = "infra-grader-helm"
HOOK = "helm.sh/hook"
KEPT = "helm.sh/resource-policy"
RIGHTS = "rbac.authorization.k8s.io"
VERSION = re.compile(r"v?(\d{1,9})\.(\d{1,9})\.(\d{1,9})")
NOT_OF_A_SPEC = ("apiVersion", "kind", "metadata", "status")
FILLED_IN = {"PersistentVolumeClaim": ("volumeName",), "Pod": ("nodeName",)}
"""Fields of a kind's spec that the cluster sets some time after the object is made."""
LATE = 124
"""The exit status that a command gets here which did not end in time."""


def is_hook(manifest: Manifest) -> bool:
    """Whether helm runs an object at some moment of a release, and does not count it among its objects."""
    return HOOK in manifest.annotations


def next_version(context: Context, chart: Chart) -> Chart:
    """Return a chart as its author would give it out the next time: the same, with a higher version."""
    folder = Path(tempfile.mkdtemp(prefix="next-", dir=context.command.scratch)) / "chart"
    shutil.copytree(chart.copy, folder)
    found = VERSION.match(str(chart.metadata.data.get("version") or ""))
    version = f"{found[1]}.{found[2]}.{int(found[3]) + 1}" if found else "0.0.1"
    metadata = json.loads((folder / "Chart.yaml").read_text()) if chart.missing else chart.metadata.data
    (folder / "Chart.yaml").write_text(json.dumps({**metadata, "version": version}), encoding="utf-8")
    return chart.replace(copy=folder)


def write_chart(folder: Path, version: int, manifests: Sequence[Manifest]) -> Path:
    """Write a chart that holds objects as they are, none of which is taken for a template, and return its folder."""
    chart = folder / f"chart-{version}"
    for part in ("objects", "templates"):
        (chart / part).mkdir(parents=True)
    metadata = {"apiVersion": "v2", "name": "submission", "version": f"{version}.0.0"}
    (chart / "Chart.yaml").write_text(json.dumps(metadata), encoding="utf-8")
    for number, manifest in enumerate(manifests):
        (chart / "objects" / f"{number:04}.json").write_text(json.dumps(manifest.data), encoding="utf-8")
        text = f'{{{{ .Files.Get "objects/{number:04}.json" }}}}\n'
        (chart / "templates" / f"{number:04}.yaml").write_text(text, encoding="utf-8")
    return chart


class Helm:
    """Helm, acting on one namespace."""

    def __init__(self, context: Context, kubeconfig: Path, namespace: str) -> None:
        self._context = context
        self._kubeconfig = kubeconfig
        self._namespace = namespace
        self._tool = context.command.find_tool("helm", REMEDY)

    def run(self, seconds: float, *arguments: str) -> CommandOutput:
        """Run a command of helm's; one that does not end in time has the exit status `LATE`."""
        home = self._kubeconfig.parent
        variables = {f"HELM_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        variables |= {"HELM_PLUGINS": str(home / "plugins"), "KUBECONFIG": str(self._kubeconfig)}
        command = [self._tool, *arguments, "--namespace", self._namespace]
        deadline = Deadline(min(seconds, self._context.deadline.remaining()))
        try:
            found: CommandOutput = self._context.command.run(command, deadline, variables=variables)
        except Overrun:
            self._context.deadline.check()
            return CommandOutput(tuple(command), LATE, "", f"it does not end within {seconds:g} s", False)
        return found


@contextmanager
def lent_helm(context: Context, namespace: str, seconds: int) -> Iterator[Helm]:
    """Give helm rights in a namespace of this run until the block ends; the account is in another one, out of reach."""
    live = context.kubernetes
    with context.deadline.paused():
        home = live.other_namespace("access")
    folder = Path(tempfile.mkdtemp(prefix="release-", dir=context.command.scratch))
    kubeconfig = folder / "kubeconfig"
    kubeconfig.touch(mode=0o600)
    try:
        _lend(live, home, namespace)
        kubeconfig.write_text(json.dumps(live.cluster.account_kubeconfig(ACCOUNT, home, seconds)), encoding="utf-8")
        yield Helm(context, kubeconfig, namespace)
    finally:
        _take_back(live.cluster, namespace)
        kubeconfig.unlink(missing_ok=True)


def _lend(live: LiveKubernetes, home: str, namespace: str) -> None:
    every = {"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}
    account = {"kind": "ServiceAccount", "name": ACCOUNT, "namespace": home}
    role = {"apiGroup": RIGHTS, "kind": "Role", "name": ACCOUNT}
    version = f"{RIGHTS}/v1"
    try:
        live.cluster.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": ACCOUNT}}, home)
        for kind, rest in (("Role", {"rules": [every]}), ("RoleBinding", {"roleRef": role, "subjects": [account]})):
            metadata = {"name": ACCOUNT, "namespace": namespace}
            live.cluster.apply({"apiVersion": version, "kind": kind, "metadata": metadata, **rest}, namespace)
    except Refused as error:
        raise NotAssessed(
            f"Helm cannot be given rights in a namespace of the lab: {error.message}.",
            "Use a context that may grant rights in the namespaces that it makes.",
        ) from error


def _take_back(cluster: Cluster, namespace: str) -> None:
    for kind in ("RoleBinding", "Role"):
        resource = cluster.resource(f"{RIGHTS}/v1", kind)
        if resource is not None:
            with suppress(NotAssessed):  # the namespace itself goes soon
                cluster.delete(resource, ACCOUNT, namespace)


def live_spec(
    cluster: Cluster, manifest: Manifest, namespace: str, scaled: Collection[str] = ()
) -> Mapping[str, Any] | None:
    """Return what an object says in the cluster, besides who it is and how it fares; `None` where it is not there.

    What the cluster itself fills in while it runs is left out: where an object is placed, and the number of pods of
    those that an autoscaler scales, `scaled` by their titles.
    """
    resource = cluster.resource(manifest.api_version, manifest.kind)
    found = cluster.get(resource, manifest.name, namespace) if resource is not None else None
    if found is None:
        return None
    said = {key: value for key, value in found.items() if key not in NOT_OF_A_SPEC}
    spec = said.get("spec")
    if isinstance(spec, dict):
        is_scaled = manifest.title in scaled or not manifest.field("spec", "replicas").is_there
        filled = {*FILLED_IN.get(manifest.kind, ()), *(("replicas",) if is_scaled else ())}
        said["spec"] = {key: value for key, value in spec.items() if key not in filled}
    return said


def scaled_titles(manifests: Sequence[Manifest]) -> frozenset[str]:
    """Return kind and name of what autoscalers among some objects scale."""
    targets = [each.field("spec", "scaleTargetRef") for each in manifests if each.kind == "HorizontalPodAutoscaler"]
    return frozenset(f"{each.get('kind').text} {each.get('name').text}" for each in targets)


def titles(lists: Sequence[tuple[Resource, Sequence[Mapping[str, Any]]]]) -> set[str]:
    """Return kind and name of all objects in some lists."""
    return {f"{resource.kind} {each['metadata']['name']}" for resource, found in lists for each in found}
