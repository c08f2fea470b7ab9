"""Workflows run on this machine by act: the project's copy, stand-ins for the actions of others, and what came out.

The environment that the action would install is made beforehand, as if a cache had been restored: in it stand the
program and the Python that the tests run with.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tools

ROOT = Path(__file__).parents[2]
STAND_INS = ROOT / "tests" / "workflows" / "stand-ins"
OWNERS = {
    "actions/checkout": "checkout",
    "actions/setup-python": "setup-python",
    "actions/cache": "cache",
    "actions/upload-artifact": "upload-artifact",
    "actions/download-artifact": "download-artifact",
    "actions/attest-build-provenance": "attest",
}
"""Actions of others, by their stand-in."""
US = "ai-infra-curriculum/infra-grader"
USES = re.compile(r"uses: *([\w.-]+/[\w.-]+)(?:/[\w./-]+)?@([\w.-]+)")
PARTS = (
    ".github",
    "action",
    "action.yml",
    "pyproject.toml",
    "rubrics",
    "tests/workflows",
    "exercises/exercise-01-overview",
)
"""What a workflow needs of the project, besides the installed package."""
SHELL = """#!/bin/sh
/bin/bash "$@" && exit
code=$?
sleep 1
exit "$code"
"""
"""The bash of steps. When a step fails, act stops reading its terminal at once, and would lose what it printed last."""
UNNEEDED = shutil.ignore_patterns("__pycache__", "flawed", "test_*.py")
ACT_S = 300


class Entry(NamedTuple):
    """A command to the runner, as act understood it."""

    name: str
    properties: dict[str, str]
    text: str


def _entry(line: Mapping[str, Any]) -> Entry:
    """Return a command. act takes the last `::` of a line for the end of the properties, GitHub's runner the first."""
    given = line["msg"].partition("::")[2]
    if line["command"] not in ("error", "warning", "notice"):
        return Entry(line["command"], line.get("kvPairs") or {}, line.get("arg") or "")
    head, _, data = given.partition("::")
    pairs = (pair.partition("=") for pair in head.partition(" ")[2].split(","))
    return Entry(
        line["command"], {name: _unescaped(value) for name, _, value in pairs}, _unescaped(data.removesuffix("\n"))
    )


def _unescaped(text: str) -> str:
    for code, sign in (("%3A", ":"), ("%2C", ","), ("%0D", "\r"), ("%0A", "\n"), ("%25", "%")):
        text = text.replace(code, sign)
    return text


class Acted:
    """What came out of a run."""

    def __init__(self, code: int, output: str) -> None:
        self.code, self.output = code, output

    @cached_property
    def lines(self) -> list[dict[str, Any]]:
        """The lines of act's log."""
        return [json.loads(line) for line in self.output.splitlines() if line.startswith("{")]

    def commands(self, case: str = "") -> list[Entry]:
        """Return the commands that steps gave the runner, in order; of one case of a matrix, if it is named."""
        return [_entry(line) for line in self.lines if line.get("command") and line["matrix"].get("case", "") == case]

    def annotations(self, case: str = "") -> list[Entry]:
        """Return those that are shown to people."""
        return [entry for entry in self.commands(case) if entry.name in ("error", "warning", "notice")]

    def annotation(self, title: str, case: str = "") -> Entry:
        """Return the one with this title. act's log keeps the order within a step, but not between steps."""
        (found,) = [entry for entry in self.annotations(case) if entry.properties["title"] == title]
        return found

    def results(self) -> dict[str, str]:
        """Return how the jobs ended, by case, or by the id of the job where there is no matrix."""
        return {
            line["matrix"].get("case") or line["jobID"]: line["jobResult"] for line in self.lines if "jobResult" in line
        }

    def printed(self, case: str = "") -> str:
        """Return what the steps printed."""
        return "".join(
            line["msg"] for line in self.lines if line.get("raw_output") and line["matrix"].get("case", "") == case
        )

    def summary(self, case: str = "") -> str:
        """Return the summary of the job."""
        return "".join(
            line["content"]
            for line in self.lines
            if line.get("command") == "summary" and line["matrix"].get("case", "") == case
        )


def project_copy(place: Path) -> Path:
    """Make a folder of the project as its workflows need it, in a repository of its own."""
    for part in PARTS:
        source = ROOT / part
        target = place / part
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=UNNEEDED)
        else:
            shutil.copy2(source, target)
    commit_all(place)
    return place


def commit_all(folder: Path) -> str:
    """Put a folder into a repository of its own, and return the commit."""
    settings = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", "PATH": os.environ["PATH"]}
    who = ("-c", "user.name=Us", "-c", "user.email=us@example.org")
    for words in (["init", "--quiet", "-b", "main"], ["add", "--all"], [*who, "commit", "--quiet", "-m", "All"]):
        subprocess.run(["git", *words], cwd=folder, env=settings, check=True)
    return subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=folder, env=settings, check=True, capture_output=True, text=True
    ).stdout.strip()


class Runner:
    """A machine's act with its folders, which keep nothing after the test."""

    def __init__(self, folder: Path) -> None:
        tools.put_on_path()
        self.program = shutil.which("act")
        if self.program is None:
            missing = "act is not installed. tests/tools/install installs what the tests need"
            pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
        self.folder = folder
        self.cache = folder / "cache"
        self.artifacts = folder / "artifacts"
        self.repositories = folder / "repositories"
        for each in (self.cache, self.artifacts, self.repositories):
            each.mkdir(parents=True)
        self.path = f"{folder / 'bin'}:{os.environ['PATH']}"
        shell = folder / "bin" / "bash"
        shell.parent.mkdir()
        shell.write_text(SHELL, encoding="utf-8")
        shell.chmod(0o755)

    def install(self, project: Path, rubric: str, workspace: Path | None = None, **inputs: str) -> Path:
        """Make the environment that the action plans for a rubric, and return its folder."""
        variables = {
            "PATH": os.environ["PATH"],
            "RUBRIC": rubric,
            "RUNNER_TOOL_CACHE": str(self.cache / "tool_cache"),
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_WORKSPACE": str(workspace or project),
            **inputs,
        }
        found = _said([str(project / "action" / "find-python")], variables)
        plan = [found["path"], "-I", str(project / "action" / "environment.py"), "plan"]
        folder = Path(_said(plan, variables)["folder"])
        (folder / "bin").mkdir(parents=True, exist_ok=True)
        if not (folder / ".complete").exists():
            for name in ("python", "infra-grader"):
                (folder / "bin" / name).symlink_to(Path(sys.executable).with_name(name))
            (folder / ".complete").touch()
        return folder

    def push(self, project: Path, workflow: str, *options: str, replaced: Mapping[str, Path] | None = None) -> Acted:
        """Run a workflow of a repository as GitHub would after a push."""
        command = [
            str(self.program), "push", "--json", "-W", workflow, "-P", "ubuntu-latest=-self-hosted", "--pull=false",
            "--no-cache-server", "--action-cache-path", str(self.cache), "--use-new-action-cache",
            "--env", f"STAND_IN_REPOSITORIES={self.repositories}", "--env", f"STAND_IN_ARTIFACTS={self.artifacts}",
            *options,
        ]  # fmt: skip
        for uses, folder in stand_ins([project, *(replaced or {}).values()], replaced or {}).items():
            command += ["--local-repository", f"{uses}={folder}"]
        variables = {
            "PATH": self.path,
            "HOME": str(self.folder),
            "XDG_CACHE_HOME": str(self.cache),
            "LANG": "C.UTF-8",
            "DOCKER_HOST": "unix:///nowhere",
        }
        ended = subprocess.run(
            command, cwd=project, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True, errors="backslashreplace", timeout=ACT_S, check=False,
        )  # fmt: skip
        return Acted(ended.returncode, ended.stdout)


def stand_ins(projects: Iterable[Path], replaced: Mapping[str, Path]) -> dict[str, Path]:
    """Return the folders that stand for the actions which workflows use, by `owner/name@ref`."""
    found: dict[str, Path] = {}
    for project in projects:
        for file in [project / "action.yml", *project.glob(".github/workflows/*.yml")]:
            for owner, ref in USES.findall(file.read_text(encoding="utf-8")) if file.exists() else []:
                if owner in replaced:
                    found[f"{owner}@{ref}"] = replaced[owner]
                elif owner in OWNERS:
                    found[f"{owner}@{ref}"] = STAND_INS / OWNERS[owner]
    return found


def _said(command: list[str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return the outputs that a program of the action prints."""
    ended = subprocess.run(command, env=dict(variables), capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return dict(line.partition("=")[::2] for line in ended.stdout.splitlines())
