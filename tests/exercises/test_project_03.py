"""Project 03 beyond its proof: other right ways lose nothing, and words in the place of work earn nothing."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_grader.api import GradeOptions, grade
from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Scorecard

REPOSITORY = Path(__file__).parents[2]
RUBRIC = REPOSITORY / "rubrics/junior/project-03-ml-pipeline-tracking.yaml"
EXERCISE = REPOSITORY / "exercises/project-03-ml-pipeline-tracking"
SANDBOX = "bubblewrap"
"""Starts at once; the proof of the solution runs in that of Docker, where there is one."""
CACHES = shutil.ignore_patterns(".*_cache", "__pycache__")
"""What tools leave behind that are run in the solution's folder."""


def graded(folder: Path, *only: str) -> Scorecard:
    return grade(folder, RUBRIC, options=GradeOptions(needs_commit=False, sandbox=SANDBOX, only=only))


@pytest.fixture
def copy(tmp_path) -> Callable[[Path], Path]:
    """Return a function that copies a submission to a place where it may be changed."""

    def make(folder: Path) -> Path:
        return shutil.copytree(folder, tmp_path / "submission", ignore=CACHES)

    return make


def change_texts(folder: Path, change: Callable[[Path, str], str]) -> None:
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_text(change(file, file.read_text(encoding="utf-8")), encoding="utf-8")


def as_comment(file: Path, text: str) -> str:
    if file.suffix == ".md":
        return f"<!--\n{text.replace('-->', '')}\n-->\n"
    return "".join(f"# {line}\n" for line in text.splitlines())


def lost(scorecard: Scorecard) -> list[str]:
    return [
        f"{check.id}: {check.message}"
        for check in scorecard.all_checks()
        if not check.status.is_open and check.status is not Status.PASSED
    ]


def test_prefect_transactions_and_new_expectations_lose_nothing():
    # Its whole stack is not started: the registry of the tests has no image of Prefect.
    scorecard = graded(EXERCISE / "alternatives/prefect-fraud", "static", "run", "database-keeps")
    assert lost(scorecard) == []
    assert scorecard.score.penalty == 0


@pytest.mark.parametrize(
    "places",
    [
        {
            "docker-compose.yml": "compose.yaml",
            "mlflow/MLproject": "MLproject",
            "mlflow/python_env.yaml": "python_env.yaml",
        },
        {"great_expectations/expectations/data_quality_suite.json": "gx/expectations/data_quality_suite.json"},
        {"docs/DVC_WORKFLOW.md": "docs/dvc.md", "docs/SETUP.md": "docs/setup-guide.md"},
    ],
    ids=lambda places: ", ".join(places.values()),
)
def test_every_place_that_the_course_names_is_a_place(copy, places):
    submission = copy(EXERCISE / "solution")
    for old, new in places.items():
        (submission / new).parent.mkdir(parents=True, exist_ok=True)
        (submission / old).rename(submission / new)
    assert lost(graded(submission, "static")) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("dags/ml_pipeline_dag.py", 'schedule="@weekly"', 'schedule_interval="0 3 * * 1"'),
        ("dags/ml_pipeline_dag.py", '"send_success_email"', '"notify_success"'),
        ("dags/ml_pipeline_dag.py", '"email_on_failure": True', '"on_failure_callback": print'),
        ("docker-compose.yml", "redis:7-alpine", "valkey/valkey:8"),
        (".dvc/config", "s3://dvc-storage", "gs://dvc-storage"),
        ("requirements.txt", "pandas==2.1.4", "pandas~=2.1.4"),
    ],
)
def test_other_spellings_lose_nothing(copy, file, old, new):
    submission = copy(EXERCISE / "solution")
    text = (submission / file).read_text(encoding="utf-8")
    assert old in text
    (submission / file).write_text(text.replace(old, new), encoding="utf-8")
    assert lost(graded(submission, "static")) == []


def test_empty_folder_scores_nothing_and_leaves_nothing_open(tmp_path):
    score = graded(tmp_path).score
    assert (score.earned, score.possible) == (0, 0)


def test_untouched_starter_scores_nothing_and_leaves_nothing_open():
    score = graded(EXERCISE / "starter").score
    assert (score.earned, score.possible) == (0, 0)


def test_comments_only_score_no_more_than_the_starter(copy):
    submission = copy(EXERCISE / "solution")
    change_texts(submission, as_comment)
    assert graded(submission).score.possible == 0


def test_claims_only_score_no_more_than_the_starter(copy):
    submission = copy(EXERCISE / "starter")
    shutil.copy(EXERCISE / "solution/README.md", submission / "README.md")
    shutil.copytree(EXERCISE / "solution/docs", submission / "docs")
    score = graded(submission).score
    assert (score.earned, score.possible) == (0, 0)


def test_starter_with_a_comment_added_to_every_file_stays_below_the_ceiling(copy):
    submission = copy(EXERCISE / "starter")
    change_texts(submission, lambda file, text: text + ("\nMine.\n" if file.suffix != ".json" else "\n"))
    scorecard = graded(submission)
    assert scorecard.score.possible <= 10


def test_starter_with_mended_imports_stays_below_the_ceiling(copy):
    submission = copy(EXERCISE / "starter")
    change_texts(
        submission, lambda file, text: f"from typing import Optional\n{text}" if file.suffix == ".py" else text
    )
    change_texts(submission, lambda file, text: f"{text}\n# mine\n" if file.suffix in (".yml", ".yaml") else text)
    assert graded(submission).score.possible <= 10


@pytest.mark.parametrize("gone", [(), ("dags/ml_pipeline_dag.py",)], ids=["all-of-it", "retraining-alone"])
def test_configuration_that_is_nearly_as_given_earns_nothing(copy, gone):
    """Each file with a line added, secrets from the environment, DVC's files moved, one environment, bare images."""
    submission = copy(EXERCISE / "starter")
    suite = submission / "great_expectations/expectations/training_data_suite.json"
    suite.write_text(json.dumps(json.loads(suite.read_text(encoding="utf-8")) | {"meta": {"by": "me"}}))
    change_texts(submission, lambda file, text: text if file.suffix in (".json", ".md") else f"{text}\n# mine\n")
    change_texts(submission, lambda _, text: re.sub(r"(KEY: )your-[a-z-]+-here", r"\1${KEY}", text))
    change_texts(submission, lambda file, text: text.replace("conda_env:", "# ") if file.name == "MLproject" else text)
    for name in ("dvc.yaml", "params.yaml"):
        (submission / "dvc" / name).rename(submission / name)
    for name in gone:
        (submission / name).unlink()
    for name in ("mlflow", "airflow"):
        (submission / name).mkdir(exist_ok=True)
        (submission / name / "Dockerfile").write_text("FROM python:3.11\n", encoding="utf-8")
    score = graded(submission).score
    assert (score.earned, score.possible) == (0, 0)


def test_points_are_the_official_ones():
    scorecard = graded(EXERCISE / "starter", "no-secrets")
    assert {row.id: int(row.points) for row in scorecard.criteria} == {
        "pipeline-design": 25,
        "experiment-tracking": 20,
        "data-versioning": 15,
        "code-quality": 20,
        "documentation": 20,
    }
