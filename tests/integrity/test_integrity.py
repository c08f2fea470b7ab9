"""Submissions that try to get marks they did not earn, each derived from a wrong solution: none earns more than it."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
import time
from pathlib import Path

import pytest
import sandboxes
import yaml

from infra_grader.model.outcome import Outcome, Status
from infra_grader.testing import run_check

HERE = Path(__file__).parent
FAMILIES = sorted(file.parent for file in HERE.glob("*/check.yaml"))
TRICKS = sorted(folder for family in FAMILIES for folder in (family / "tricks").iterdir())
IN_CONTAINERS = {
    "command/a-child-prints-later",
    "command/eats-memory",
    "command/fork-bomb",
    "command/leaves-a-link",
    "command/prints-fifty-megabytes",
    "command/writes-into-the-next-run",
    "coverage/leaves-with-success",
    "coverage_faults/leaves-with-success",
    "coverage_mutants/compares-the-text",
    "function/a-child-answers-later",
    "function/crashes-the-interpreter",
    "function/fills-the-disk",
    "function/forges-replies-at-import",
    "function/ignores-signals",
    "function/looks-for-the-answers",
    "own_tests/start-up-files",
    "pytest_run/os-exit-in-a-call",
    "pytest_run/looks-for-the-suite",
    "service/the-port-is-taken-before",
    "service/writes-to-the-relay",
    "shell/kills-its-shell",
}
"""What is tried in containers too: some of each family, above all on the sandbox itself. Each start takes long."""
TRIED = [
    (trick, wall)
    for trick in TRICKS
    for wall in sandboxes.WALLS
    if wall != "docker" or f"{trick.parts[-3]}/{trick.name}" in IN_CONTAINERS
]


def ask(sandbox: str, family: Path, *folders: Path, **parameters: object) -> Outcome:
    """Ask a family's question of a submission: the files of these folders, one laid over the other."""
    facts = yaml.safe_load((family / "check.yaml").read_text(encoding="utf-8"))
    for asked in (facts, *facts.get("before", {}).values()):
        asked["with"] |= parameters
    with tempfile.TemporaryDirectory() as work:
        for folder in folders:
            shutil.copytree(folder, work, dirs_exist_ok=True)
        before = facts.get("before", {})
        return run_check(facts["uses"], facts["with"], Path(work), rubric_folder=family, sandbox=sandbox, before=before)


@functools.cache
def baseline(family: Path) -> Outcome:
    """Return what the wrong solution earns, which is the same in every sandbox."""
    wall = "docker" if sandboxes.bubblewrap_problem() else "bubblewrap"
    return ask(wall, family, family / "wrong", seconds=20)


@pytest.mark.parametrize(
    ("trick", "sandbox"), TRIED, ids=lambda value: value if isinstance(value, str) else "/".join(value.parts[-3::2])
)
def test_a_trick_earns_no_more_than_the_wrong_solution(trick, sandbox):
    sandboxes.require(sandbox)
    family = trick.parents[1]
    started = time.monotonic()
    outcome = ask(sandbox, family, family / "wrong", trick)
    wrong = baseline(family)
    assert outcome.status in {Status.PASSED, Status.PARTIAL, Status.FAILED}, outcome
    assert outcome.fraction <= wrong.fraction, outcome
    if outcome.measure is not None:
        assert outcome.measure.value <= wrong.measure.value, outcome
    assert outcome.claimed <= wrong.claimed
    assert time.monotonic() - started < 90  # the time of a check, and what a busy machine takes to clean up


@pytest.mark.parametrize("sandbox", sandboxes.WALLS)
@pytest.mark.parametrize("family", FAMILIES, ids=lambda folder: folder.name)
def test_the_right_solution_earns_all(family, sandbox):
    """Runs after the tricks: what they did to the machine must not change what the next submission gets."""
    sandboxes.require(sandbox)
    outcome = ask(sandbox, family, family / "right", seconds=20)
    assert outcome.status == Status.PASSED, outcome
    assert 0 < baseline(family).measure.value < 100


def test_what_is_tried_in_containers_is_there():
    assert {f"{trick.parts[-3]}/{trick.name}" for trick, wall in TRIED if wall == "docker"} == IN_CONTAINERS


def test_tricks_leave_nothing_behind():
    assert not [*Path(tempfile.gettempdir()).glob(f"infra-grader-sandbox-{os.getpid()}-*")]
