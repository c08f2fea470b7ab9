"""The cases of the check kinds: folders that become tests by existing."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

CASES = Path(__file__).parents[1] / "checks"
IDENTITY = {
    "GIT_AUTHOR_NAME": "Ada",
    "GIT_AUTHOR_EMAIL": "ada@example.com",
    "GIT_COMMITTER_NAME": "Ada",
    "GIT_COMMITTER_EMAIL": "ada@example.com",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}


@dataclass(frozen=True, kw_only=True)
class Case:
    """One case: where it lies, which kind it asks, and whether it should pass."""

    folder: Path

    @property
    def kind(self) -> str:
        """The kind's name, from the case's place: <family>/<verb>/pass/<name>."""
        family, verb = self.folder.parts[-4:-2]
        return f"{family}.{verb}"

    @property
    def should_pass(self) -> bool:
        """Whether it lies in `pass/`."""
        return self.folder.parent.name == "pass"

    def read(self) -> dict[str, Any]:
        """Return what check.yaml says."""
        return yaml.safe_load((self.folder / "check.yaml").read_text(encoding="utf-8"))

    def starter(self) -> Path | None:
        """Return the folder with what was handed out, if the case has one."""
        starter = self.folder / "starter"
        return starter if starter.is_dir() else None


def find_cases() -> list[Case]:
    """Return every case, sorted by place."""
    return [Case(folder=file.parent) for file in sorted(CASES.glob("*/*/*/*/check.yaml"))]


def make_workspace(case: Case, folder: Path) -> None:
    """Lay out a case's workspace: its files, odd names, links and history."""
    source = case.folder / "workspace"
    if source.is_dir():
        shutil.copytree(source, folder, dirs_exist_ok=True, symlinks=True)
    facts = case.read()
    write_files(folder, facts.get("files") or {})
    for name, target in (facts.get("links") or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).symlink_to(target)
    if facts.get("history"):
        make_history(folder, facts["history"])


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write text files, with the folders that they need."""
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


def make_history(folder: Path, history: list[dict[str, Any]]) -> None:
    """Make a git repository of the folder, one commit after another."""
    git(folder, "init", "--quiet", "--initial-branch", "main")
    for number, step in enumerate(history):
        if (branch := step.get("branch")) and (number or branch != "main"):
            exists = git(folder, "branch", "--list", branch).strip()
            git(folder, "switch", "--quiet", *([] if exists else ["-c"]), branch)
        write_files(folder, step.get("files") or {})
        when = step.get("date", f"2026-03-{1 + number % 28:02d}T10:00:00Z")
        dates = {"GIT_AUTHOR_DATE": when, "GIT_COMMITTER_DATE": when}
        if other := step.get("merge"):
            git(folder, "merge", "--quiet", "--no-ff", "-m", step["message"], other, variables=dates)
        else:
            git(folder, "add", "--all", *(["--force"] if step.get("force") else []))
            git(folder, "commit", "--quiet", "--allow-empty", "-m", step["message"], variables=dates)
        if tag := step.get("tag"):
            git(folder, "tag", *(["-a", "-m", tag] if step.get("annotated") else []), tag, variables=dates)


def git(folder: Path, *arguments: str, variables: dict[str, str] | None = None) -> str:
    """Run git with no configuration but ours."""
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder), **IDENTITY, **(variables or {})}
    return subprocess.run(
        ["git", *arguments], cwd=folder, env=environment, check=True, capture_output=True, text=True
    ).stdout
