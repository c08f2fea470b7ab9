"""Grading the solution of Exercise 01 with some of its documents replaced."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

import infra_grader
from infra_grader.model.scorecard import Scorecard

EXERCISE = Path(__file__).parents[3] / "exercises" / "exercise-01-overview"
NAMES = {
    "assessment": "skills-assessment-completed.md",
    "plan": "learning-plan.md",
    "roadmap": "career-roadmap.md",
    "research": "job-market-research.md",
}


class Grader:
    """Grades the solution with documents replaced, and says which checks were lost."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(EXERCISE / "solution", folder, dirs_exist_ok=True)

    def replace(self, **documents: str | bytes) -> None:
        for name, content in documents.items():
            written = content.encode() if isinstance(content, str) else content
            (self.folder / "docs" / NAMES[name]).write_bytes(written)

    def solution(self, name: str) -> str:
        return (EXERCISE / "solution" / "docs" / NAMES[name]).read_text(encoding="utf-8")

    def template(self, name: str) -> str:
        return (EXERCISE / "starter" / "docs" / name).read_text(encoding="utf-8")

    def grade(self) -> Scorecard:
        return infra_grader.grade(self.folder, "exercise-01-overview")

    def lost(self) -> dict[str, str]:
        """Return the message of each check that was judged and not passed; blocked ones follow those."""
        return {
            check.id: f"{check.message} {check.evidence}"
            for criterion in self.grade().criteria
            for check in criterion.checks
            if check.status not in {"passed", "blocked"}
        }


@pytest.fixture
def grader(tmp_path: Path) -> Grader:
    return Grader(tmp_path / "submission")
