"""Project 04 beyond its proof: other right ways lose nothing, and words in the place of work earn nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_grader.api import GradeOptions, grade
from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Scorecard

REPOSITORY = Path(__file__).parents[2]
RUBRIC = REPOSITORY / "rubrics/junior/project-04-monitoring-alerting.yaml"
EXERCISE = REPOSITORY / "exercises/project-04-monitoring-alerting"
FASTAPI = EXERCISE / "alternatives/fastapi-and-other-places"
OPSGENIE = "opsgenie_configs:\n      - api_key_file"
SANDBOX = "bubblewrap"
"""Starts at once; the proof of the solution runs in that of Docker, where there is one."""
CACHES = shutil.ignore_patterns(".*_cache", "__pycache__")
"""What tools leave behind that are run in the solution's folder."""


def graded(folder: Path, only: tuple[str, ...] = (), live: str = "auto") -> Scorecard:
    return grade(folder, RUBRIC, options=GradeOptions(needs_commit=False, sandbox=SANDBOX, only=only, live=live))


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


def as_literal(file: Path, text: str) -> str:
    return f"MINE = {text!r}\n" if file.suffix == ".py" else text


def lost(scorecard: Scorecard) -> list[str]:
    return [
        f"{check.id}: {check.message}"
        for check in scorecard.all_checks()
        if not check.status.is_open and check.status is not Status.PASSED
    ]


def test_fastapi_with_files_in_other_places_loses_nothing():
    scorecard = graded(FASTAPI)
    assert lost(scorecard) == []
    assert scorecard.score.penalty == 0


def test_fork_of_the_course_is_graded_in_its_project_folder(tmp_path):
    fork = tmp_path / "fork"
    shutil.copytree(EXERCISE / "solution", fork / "projects/project-04-monitoring-alerting", ignore=CACHES)
    (fork / "README.md").write_text("# The course\n", encoding="utf-8")
    assert lost(graded(fork, only=("static",))) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("docker-compose.yml", 'ports: ["9090:9090"]', "ports: [{target: 9090, published: 9090}]"),
        ("docker-compose.yml", "--storage.tsdb.retention.time=30d", "--storage.tsdb.retention.time=6w"),
        ("docker-compose.yml", "${GRAFANA_ADMIN_PASSWORD:?set it in .env}", "${GRAFANA_ADMIN_PASSWORD:-admin123}"),
        ("prometheus/alerts.yml", "100 * node_filesystem_avail_bytes", "100 - 100 * node_filesystem_avail_bytes"),
        ("prometheus/alerts.yml", "expr: up == 0", "expr: sum by (job, instance) (up) < 1"),
        ("prometheus/alerts.yml", "model_accuracy < 0.85", "0.85 > model_accuracy"),
        ("alertmanager/alertmanager.yml", "pagerduty_configs:\n      - routing_key_file", OPSGENIE),
        ("grafana/dashboards/application.json", r"status=~\"5..\"", r"status=~\"5[0-9]+\""),
        ("elasticsearch/ilm-policy.json", '"90d"', '"2160h"'),
        ("src/logs.py", '"timestamp":', '"@timestamp":'),
    ],
)
def test_other_spellings_lose_nothing(copy, file, old, new):
    submission = copy(EXERCISE / "solution")
    text = (submission / file).read_text(encoding="utf-8")
    assert old in text
    if old.startswith("100 * node_filesystem"):  # the share in use, not that which is free
        text = text.replace("node_filesystem_size_bytes < 15", "node_filesystem_size_bytes > 85")
    (submission / file).write_text(text.replace(old, new), encoding="utf-8")
    assert lost(graded(submission, only=("static",))) == []


def test_windows_line_ends_lose_nothing(copy):
    submission = copy(EXERCISE / "solution")
    for file in submission.rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert lost(graded(submission, live="none")) == []  # the proof starts the stack


def test_empty_folder_scores_nothing_and_leaves_nothing_open(tmp_path):
    score = graded(tmp_path).score
    assert (score.earned, score.possible) == (0, 0)


def test_untouched_starter_scores_nothing_and_leaves_nothing_open():
    score = graded(EXERCISE / "starter").score
    assert (score.earned, score.possible) == (0, 0)


def test_comments_only_score_no_more_than_the_starter(copy):
    submission = copy(EXERCISE / "solution")
    change_texts(submission, as_comment)
    score = graded(submission).score
    assert (score.earned, score.possible) == (0, 0)


def test_claims_only_score_no_more_than_the_starter(copy):
    submission = copy(EXERCISE / "starter")
    shutil.copy(EXERCISE / "solution/README.md", submission / "README.md")
    for folder in ("docs", "runbooks"):
        shutil.copytree(EXERCISE / "solution" / folder, submission / folder, dirs_exist_ok=True)
    score = graded(submission).score
    assert (score.earned, score.possible) == (0, 0)


def test_code_in_string_literals_is_no_code(copy):
    submission = copy(EXERCISE / "solution")
    change_texts(submission, as_literal)
    scorecard = graded(submission, live="none")
    earned = {check.id for check in scorecard.all_checks() if check.fraction}
    assert not earned & {"http-metrics", "metrics-move", "custom-metrics", "api-starts", "own-tests", "json-logs"}
    assert not earned & {"dashboard-queries", "alert-queries", "readme", "setup-guide"}


@pytest.mark.parametrize("line", ["X = 5\n", "def main(): return open('x').read()\n"])
def test_starter_with_a_line_added_to_every_file_stays_below_the_ceiling(copy, line):
    folder = copy(EXERCISE / "starter")
    change_texts(folder, lambda file, text: touched(file, text, line))
    assert graded(folder).score.possible <= 10


def touched(file: Path, text: str, line: str) -> str:
    if file.suffix == ".json":
        return text.replace('"refresh": "30s"', '"refresh": "15s"')
    return text + (line if file.suffix == ".py" else "\n# Mine\n")


def test_starter_whose_functions_pretend_to_work_earns_nothing_for_metrics(copy):
    submission = copy(EXERCISE / "starter")
    change_texts(submission, lambda file, text: text.replace("    pass", "    return None"))
    rows = {row.id: row for row in graded(submission).criteria}
    assert rows["metrics-collection"].earned == 0


def test_points_are_the_official_ones():
    scorecard = graded(EXERCISE / "solution", only=("static",))
    assert {row.id: int(row.points) for row in scorecard.criteria} == {
        "metrics-collection": 25,
        "dashboard-quality": 25,
        "alerting": 20,
        "log-management": 20,
        "documentation": 10,
    }
