"""The steps of a release: done by helm, and what the cluster shows after each."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Resource
from infra_grader.checks.helm._release import STEPS, StepSeen
from infra_grader.plugin import Context
from infra_grader.reading.helm_release import RELEASE, Helm, is_hook, live_spec, scaled_titles, titles
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_chart import Chart, helm_problem

ALWAYS = (
    ("v1", "Pod"), ("v1", "PersistentVolumeClaim"), ("v1", "Secret"), ("v1", "ConfigMap"), ("v1", "Service"),
    ("batch/v1", "Job"), ("apps/v1", "Deployment"), ("apps/v1", "ReplicaSet"), ("apps/v1", "StatefulSet"),
)  # fmt: skip
"""Kinds that are looked for after the end of a release, besides those that it has."""


class Steps:
    """The steps of one release, one after another until one fails."""

    def __init__(
        self,
        context: Context,
        chart: Chart,
        namespace: str,
        charts: Sequence[Path],
        manifests: Sequence[Manifest],
        resources: Sequence[Resource],
        seconds: float,
    ) -> None:
        self.steps: list[StepSeen] = []
        self.changed: tuple[str, ...] = ()
        self.left: tuple[str, ...] = ()
        self._context = context
        self._seconds = seconds
        self._chart = chart
        self._namespace = namespace
        self._charts = charts
        self._manifests = [each for each in manifests if not is_hook(each)]
        self._resources = resources

    def all(self, helm: Helm, wanted: Sequence[str]) -> None:
        """Do the steps that are asked for; there is no other without the first."""
        limit = f"{max(1, int(self._seconds))}s"
        first, second = map(str, self._charts)
        commands = {
            "install": ("upgrade", "--install", RELEASE, first, "--timeout", limit),
            "upgrade": ("upgrade", RELEASE, second, "--timeout", limit),
            "rollback": ("rollback", RELEASE, "1", "--timeout", limit),
            "uninstall": ("uninstall", RELEASE, "--timeout", limit),
        }
        before = self._there()
        specs: list[Any] = []
        for step in (step for step in STEPS if step in wanted or step == "install"):
            self._context.tell(f"helm {step}")
            if not self._do(helm, step, commands[step]):
                return
            if step == "install":
                specs = self._specs()
            elif step == "rollback":
                pairs = zip(self._manifests, specs, self._specs(), strict=True)
                self.changed = tuple(each.title for each, was, is_now in pairs if was != is_now)
        if "uninstall" in wanted:
            self.left = self._await_end(before)

    def _do(self, helm: Helm, step: str, command: Sequence[str]) -> bool:
        began = time.monotonic()
        output = helm.run(self._seconds + 10, *command)
        message = helm_problem(output.stderr, self._chart) if output.exit_status else ""
        seconds = round(time.monotonic() - began, 2)
        self.steps.append(StepSeen(name=step, exit_status=output.exit_status, message=message, seconds=seconds))
        return not output.exit_status

    def _specs(self) -> list[Any]:
        cluster = self._context.kubernetes.cluster
        scaled = scaled_titles(self._manifests)
        return [live_spec(cluster, each, self._namespace, scaled) for each in self._manifests]

    def _there(self) -> set[str]:
        cluster = self._context.kubernetes.cluster
        return titles([(each, cluster.list(each, self._namespace)) for each in self._resources])

    def _await_end(self, before: set[str]) -> tuple[str, ...]:
        """Return what is left of the release when its time is up, or as soon as nothing is."""
        last: set[str] = set()

        def look(lists: list[list[Mapping[str, Any]]]) -> bool | None:
            last.clear()
            last.update(titles(list(zip(self._resources, lists, strict=True))) - before)
            return None if last else True

        deadline = Deadline(min(self._seconds, self._context.deadline.remaining()))
        with self._context.kubernetes.cluster.watch(*((each, self._namespace) for each in self._resources)) as watch:
            watch.until(look, deadline)
        return tuple(sorted(last))
