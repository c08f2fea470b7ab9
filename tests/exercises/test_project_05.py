"""Project 05 beyond its proof: other right ways lose nothing, and words in the place of work earn nothing."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import tools

from infra_grader.api import GradeOptions, grade
from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Scorecard

tools.put_on_path()

REPOSITORY = Path(__file__).parents[2]
RUBRIC = REPOSITORY / "rubrics/junior/project-05-production-ml-capstone.yaml"
EXERCISE = REPOSITORY / "exercises/project-05-production-ml-capstone"
SANDBOX = "bubblewrap"
"""Starts at once; the proof of the solution runs in that of Docker, where there is one."""
REPLACED = ("kubernetes", ".github", "src", "tests", "Dockerfile", "requirements.txt", "scripts")
"""What the other way of doing it has no use for."""


def graded(folder: Path, *only: str) -> Scorecard:
    """Grade a submission; its image is built in the proof."""
    return grade(folder, RUBRIC, options=GradeOptions(needs_commit=False, sandbox=SANDBOX, only=only, live="none"))


@pytest.fixture
def solution(tmp_path) -> Path:
    return shutil.copytree(EXERCISE / "solution", tmp_path / "submission")


def lost(scorecard: Scorecard) -> list[str]:
    return [
        f"{check.id}: {check.message}"
        for row in scorecard.criteria
        for check in row.checks
        if not check.status.is_open and check.status is not Status.PASSED
    ]


def as_comment(file: Path, text: str) -> str:
    if file.suffix == ".md":
        return f"<!--\n{text.replace('-->', '')}\n-->\n"
    return "".join(f"# {line}\n" for line in text.splitlines())


def test_chart_gitlab_and_fastapi_lose_nothing(solution):
    for name in REPLACED:
        place = solution / name
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    shutil.copytree(EXERCISE / "alternatives/helm-gitlab-fastapi", solution, dirs_exist_ok=True)
    assert lost(graded(solution)) == []


def test_image_is_left_open_without_docker():
    scorecard = graded(EXERCISE / "solution", "image-builds", "image-sound")
    told = {check.id: check.message for check in scorecard.all_checks() if check.status is Status.NOT_ASSESSED}
    assert told["image-builds"] == "Live checks on Docker were not asked for."
    assert told["image-sound"] == "Waits for image-builds, which is open."
    assert scorecard.score.possible == 110


def test_workflows_where_the_course_puts_them_lose_nothing(solution):
    (solution / "cicd").mkdir()
    (solution / ".github").rename(solution / "cicd/.github")
    wanted = [check.id for check in graded(solution, "triggers").all_checks() if check.uses.startswith("workflow.")]
    assert lost(graded(solution, *wanted)) == []


def test_comments_only_score_no_more_than_the_starter(solution):
    for file in solution.rglob("*"):
        if file.is_file():
            file.write_text(as_comment(file, file.read_text(encoding="utf-8")), encoding="utf-8")
    scorecard = graded(solution)
    assert scorecard.score.earned == 0
    assert [check.id for check in scorecard.all_checks() if check.fraction] in ([], ["no-secrets"])


def test_claims_only_score_no_more_than_the_starter(tmp_path):
    submission = shutil.copytree(EXERCISE / "starter", tmp_path / "submission")
    shutil.copy(EXERCISE / "solution/README.md", submission / "README.md")
    shutil.copytree(EXERCISE / "solution/docs", submission / "docs", dirs_exist_ok=True)
    assert graded(submission).score.earned == 0


def test_empty_folder_scores_nothing_and_leaves_nothing_open(tmp_path):
    score = graded(tmp_path).score
    assert (score.earned, score.possible) == (0, 0)


def test_starter_with_a_line_added_to_every_file_stays_below_the_ceiling(tmp_path):
    submission = shutil.copytree(EXERCISE / "starter", tmp_path / "submission")
    for file in submission.rglob("*"):
        if file.is_file():
            line = "\nMine.\n" if file.suffix == ".md" else "\n# mine\n"
            file.write_text(file.read_text(encoding="utf-8") + line, encoding="utf-8")
    assert graded(submission).score.earned <= 10


def test_points_are_the_official_ones():
    assert {row.id: int(row.points) for row in graded(EXERCISE / "starter").criteria} == {
        "integration": 30,
        "pipelines": 20,
        "security": 20,
        "documentation": 20,
        "presentation": 10,
    }


def test_refusing_every_prediction_is_no_speed(solution):
    file = solution / "src/main.py"
    text = file.read_text(encoding="utf-8").replace("    upload = ", '    raise Refused(429, "Later.")\n    upload = ')
    file.write_text(text, encoding="utf-8")
    told = {check.id: check for check in graded(solution, "speed").all_checks()}
    assert told["predict-works"].status is Status.FAILED
    assert (told["speed"].status, told["speed"].fraction) == (Status.BLOCKED, 0)
