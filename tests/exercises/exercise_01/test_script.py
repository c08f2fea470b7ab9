"""`python scripts/validate_exercise01.py`, as a learner runs it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXERCISE = Path(__file__).parents[3] / "exercises" / "exercise-01-overview"
DONE = (
    "✅ Skills assessment completed\n"
    "✅ Learning plan created\n"
    "✅ Career roadmap defined\n"
    "✅ Job market research done\n"
    "\n"
    "🎉 Exercise 01 Complete! Ready for Exercise 02.\n"
)
SCRIPT = Path("scripts", "validate_exercise01.py")


@pytest.fixture
def folder(tmp_path):
    place = tmp_path / "my exercise"
    shutil.copytree(EXERCISE / "starter", place)
    shutil.copytree(EXERCISE / "solution", place, dirs_exist_ok=True)
    return place


def validate(folder, cwd, *options, **variables):
    return subprocess.run(
        [sys.executable, *options, folder / SCRIPT],
        cwd=cwd,
        env=os.environ | variables,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )


@pytest.mark.parametrize("where", [".", "scripts", "docs", "..", "/"])
def test_six_lines_from_any_folder(folder, where):
    before = sorted(folder.rglob("*"))
    run = validate(folder, folder / where)
    assert (run.returncode, run.stdout, run.stderr) == (0, DONE, "")
    assert sorted(folder.rglob("*")) == before, "the repository is never written to"


def test_plain_signs_where_emoji_cannot_be_shown(folder):
    run = validate(folder, folder, PYTHONIOENCODING="ascii", PYTHONUTF8="0")
    assert run.returncode == 0
    assert run.stderr == ""
    lines = run.stdout.split("\n")
    assert lines[0] == "[ok] Skills assessment completed"
    assert lines[4] == ""
    assert lines[5].endswith("Exercise 01 Complete! Ready for Exercise 02.")
    assert run.stdout.isascii()


def test_missing_document_keeps_the_other_ticks(folder):
    (folder / "docs" / "learning-plan.md").unlink()
    run = validate(folder, folder)
    assert run.returncode == 1
    assert "✅ Skills assessment completed\n" in run.stdout
    assert "✅ Job market research done\n" in run.stdout
    assert "✅ Learning plan created" not in run.stdout
    assert "docs/learning-plan.md is missing" in run.stdout
    assert "Copy docs/learning-plan-template.md" in run.stdout
    assert "🎉" not in run.stdout


def test_untouched_starter_has_no_tick(tmp_path):
    shutil.copytree(EXERCISE / "starter", tmp_path / "fresh")
    run = validate(tmp_path / "fresh", tmp_path)
    assert run.returncode == 1
    assert "✅" not in run.stdout


@pytest.mark.parametrize("place", [".", "scripts"])
def test_names_of_libraries_in_the_submission_change_nothing(folder, place):
    for name in ("yaml", "msgspec", "pluggy", "markdown_it", "re", "json", "typing"):
        (folder / place / f"{name}.py").write_text("raise SystemExit('taken')\n")
    package = folder / place / "infra_grader"
    package.mkdir()
    (package / "__init__.py").write_text("raise SystemExit('taken')\n")
    run = validate(folder, folder / place)
    assert (run.returncode, run.stdout, run.stderr) == (0, DONE, "")


def test_missing_package_says_how_to_install(folder):
    run = validate(folder, folder, "-S", "-I")
    assert run.returncode == 2
    assert run.stdout == ""
    assert run.stderr == "infra-grader is not installed. Install it with: pip install infra-grader\n"


def test_script_says_what_it_needs():
    head = (EXERCISE / "starter" / SCRIPT).read_text(encoding="utf-8").split("\n")
    assert head[0] == "# /// script"
    assert '# dependencies = ["infra-grader"]' in head
