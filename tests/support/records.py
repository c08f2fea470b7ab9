"""Records of gradings in tests: what a replay has to give again, and which checks of one say what they saw."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from infra_grader.engine.recorder import decoded
from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import RenderOptions
from infra_grader.reports.json_report import render

TIMES = {"started", "finished", "duration_s"}


def told(card: Scorecard) -> dict[str, Any]:
    """Return a scorecard's JSON without its times, and without the place where the submission lay."""
    found: dict[str, Any] = json.loads(
        render(card, RenderOptions()),
        object_hook=lambda fields: {name: value for name, value in fields.items() if name not in TIMES},
    )
    del found["submission"]["path"]
    return found


def told_of(card: Scorecard) -> dict[str, Any]:
    """Return the JSON of each check of a scorecard without its times, by id."""
    found = told(card)
    groups = [*found["criteria"], found.get("bonus") or {}, {"checks": found.get("penalties") or []}]
    return {check["id"]: check for group in groups for check in group.get("checks", ())}


def observed(record: Path) -> Iterator[str]:
    """Yield the ids of the checks that a record has more of than the outcome: what they saw."""
    for file in sorted((record / "checks").iterdir()):
        if (kept := decoded(file.read_bytes())).seen:
            yield kept.id


def go_elsewhere(monkeypatch: pytest.MonkeyPatch, folder: Path) -> None:
    """Make it so that there is neither a Docker daemon nor a cluster."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/nowhere.sock")
    monkeypatch.setenv("KUBECONFIG", str(folder / "nowhere"))
