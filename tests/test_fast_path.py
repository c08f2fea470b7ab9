"""What starts with `validate`, `--version` and `--help`, and that a machine without POSIX can run them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "exercises" / "exercise-01-overview" / "solution"
SCRIPTS = ROOT / "exercises" / "exercise-01-overview" / "starter" / "scripts"
HEAVY = {
    "asyncio",
    "concurrent.futures.process",
    "docker",
    "importlib.metadata",
    "jinja2",
    "jsonschema",
    "kubernetes",
    "multiprocessing",
    "rich",
    "sqlite3",
    "yaml",
}
NO_POSIX = """
import os, runpy, signal, sys

for name in ("fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"):
    sys.modules[name] = None
for module, names in {
    os: ("getuid", "geteuid", "getpgid", "killpg", "setsid", "O_NOFOLLOW", "O_DIRECTORY", "O_NONBLOCK", "O_CLOEXEC"),
    signal: ("SIGALRM", "SIGVTALRM", "SIGHUP", "setitimer", "ITIMER_REAL", "pthread_sigmask", "pthread_kill"),
}.items():
    for name in names:
        if hasattr(module, name):
            delattr(module, name)
del sys.argv[1]
runpy.run_module("infra_grader", run_name="__main__", alter_sys=True)
"""


def environment(tmp_path: Path) -> dict[str, str]:
    """Return an environment in which every cache of a user is empty and can be written."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTHON", "INFRA_GRADER"))}
    home = {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache"), "LOCALAPPDATA": str(tmp_path / "cache")}
    return {**kept, **home, "PYTHONUTF8": "1"}


def run(tmp_path: Path, *arguments: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, *map(str, arguments)]
    return subprocess.run(
        command, cwd=tmp_path, env=environment(tmp_path), capture_output=True, encoding="utf-8", timeout=60, check=False
    )


def imported_by(outcome: subprocess.CompletedProcess[str]) -> set[str]:
    lines = [line for line in outcome.stderr.splitlines() if line.startswith("import time:")]
    assert lines, outcome.stderr
    names = {line.rpartition("|")[2].strip() for line in lines}
    return {name for name in names if name in HEAVY or name.partition(".")[0] in HEAVY}


@pytest.fixture
def exercise(tmp_path: Path) -> Path:
    """Return an exercise folder as a learner has it: the solution, and the script that was handed out."""
    folder = tmp_path / "exercise"
    shutil.copytree(SOLUTION, folder)
    shutil.copytree(SCRIPTS, folder / "scripts", dirs_exist_ok=True)
    return folder


def test_what_only_leaves_out_is_not_imported(tmp_path):
    solution = ROOT / "exercises" / "project-04-monitoring-alerting" / "solution"
    grade = ["-m", "infra_grader", "grade", solution, "--rubric", solution.parent.name, "--sandbox", "none", "--only"]
    shared = {}
    for only in ("static", "static", "stack-starts"):  # the first one fills the cache
        outcome = run(tmp_path, "-X", "importtime", *grade, only)
        found = (line.rpartition("|")[2].strip() for line in outcome.stderr.splitlines())
        shared[only] = {name.removeprefix("infra_grader.checks.") for name in found}
    wanted = {"compose._live", "prometheus._places", "pytest._suite"}
    assert shared["static"] & wanted == {"prometheus._places"}
    assert shared["stack-starts"] & wanted == {"compose._live"}


@pytest.mark.parametrize(
    "arguments",
    [
        ["-m", "infra_grader", "validate", "exercise-01-overview", "exercise"],
        ["exercise/scripts/validate_exercise01.py"],
    ],
    ids=["command", "script"],
)
@pytest.mark.usefixtures("exercise")
def test_validate_imports_nothing_heavy_once_its_rubric_is_cached(tmp_path: Path, arguments: list[str]) -> None:
    first = run(tmp_path, *arguments)
    assert first.returncode == 0, first.stdout + first.stderr
    second = run(tmp_path, "-X", "importtime", *arguments)
    assert second.returncode == 0
    assert imported_by(second) == set()


@pytest.mark.parametrize("option", ["--help", "--version"])
def test_help_and_version_import_nothing_heavy(tmp_path: Path, option: str) -> None:
    outcome = run(tmp_path, "-X", "importtime", "-m", "infra_grader", option)
    assert outcome.returncode == 0
    assert imported_by(outcome) == set()
    assert "msgspec" not in outcome.stderr
    assert "pluggy" not in outcome.stderr


def test_validate_works_without_posix(tmp_path: Path) -> None:
    outcome = run(tmp_path, "-c", NO_POSIX, "-", "validate", "exercise-01-overview", SOLUTION)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert outcome.stdout.count("✅") == 4


def test_grade_and_reports_work_without_posix(tmp_path: Path) -> None:
    names = ("terminal", "json", "junit", "markdown", "html", "sarif", "github")
    reports = {name: tmp_path / f"report.{name}" for name in names}
    options = [f"--report={name}={file}" for name, file in reports.items()]
    outcome = run(tmp_path, "-c", NO_POSIX, "-", "grade", SOLUTION, "--rubric", "exercise-01-overview", *options)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    assert [name for name, file in reports.items() if not file.stat().st_size] == []
