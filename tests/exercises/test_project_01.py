"""Project 01 beyond its proof: other right ways lose nothing, and words in the place of work earn nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from infra_grader.api import GradeOptions, grade
from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Scorecard

REPOSITORY = Path(__file__).parents[2]
RUBRIC = REPOSITORY / "rubrics/junior/project-01-simple-model-api.yaml"
EXERCISE = REPOSITORY / "exercises/project-01-simple-model-api"
SANDBOX = "bubblewrap"
"""Starts at once; the proof of the solution runs in that of Docker, where there is one."""
STATIC = GradeOptions(needs_commit=False, sandbox=SANDBOX, only=["static"])
WHOLE = GradeOptions(needs_commit=False, sandbox=SANDBOX, live="none")  # images are built in the proof
CACHES = shutil.ignore_patterns(".*_cache", "__pycache__")
"""What tools leave behind that are run in the solution's folder."""


def graded(folder: Path, options: GradeOptions = STATIC) -> Scorecard:
    """Grade a submission from its files alone; for most of what is asked here, it need not run."""
    return grade(folder, RUBRIC, options=options)


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


def lost(scorecard: Scorecard, criteria: tuple[str, ...] | None = None) -> list[str]:
    return [
        f"{check.id}: {check.message}"
        for row in scorecard.criteria
        if criteria is None or row.id in criteria
        for check in row.checks
        if not check.status.is_open and check.status is not Status.PASSED
    ]


@pytest.mark.parametrize("name", ["fastapi-weights", "flask-functions"])
def test_another_right_way_loses_nothing(name):
    scorecard = graded(EXERCISE / "alternatives" / name, WHOLE)
    assert lost(scorecard) == []
    assert scorecard.score.penalty == 0


def test_fork_of_the_course_is_graded_in_its_project_folder(tmp_path):
    fork = tmp_path / "fork"
    shutil.copytree(EXERCISE / "solution", fork / "projects/project-01-simple-model-api")
    (fork / "README.md").write_text("# The course\n", encoding="utf-8")
    assert lost(graded(fork)) == []


@pytest.mark.parametrize(
    "places",
    [
        {"docker/Dockerfile": "Dockerfile", "docker/docker-compose.yml": "compose.yaml"},
        {"docker/docker-compose.yml": "docker-compose.yaml", "requirements.txt": "src/requirements.txt"},
        {"src/config.py": "src/config/__init__.py", "docs/DEPLOYMENT.md": "docs/deployment-guide.md"},
    ],
    ids=lambda places: ", ".join(places.values()),
)
def test_every_place_that_the_course_names_is_a_place(copy, places):
    submission = copy(EXERCISE / "solution")
    for old, new in places.items():
        (submission / new).parent.mkdir(exist_ok=True)
        (submission / old).rename(submission / new)
    if compose := places.get("docker/docker-compose.yml"):
        text = (submission / compose).read_text(encoding="utf-8").replace("context: ..", "context: .")
        text = text.replace("docker/Dockerfile", places.get("docker/Dockerfile", "docker/Dockerfile"))
        (submission / compose).write_text(text, encoding="utf-8")
    assert lost(graded(submission)) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("src/app.py", '"/info"', '"/model/info"'),
        ("docker/docker-compose.yml", '- "5000:5000"', "- {target: 5000, published: 5000}"),
        ("docker/docker-compose.yml", '- "5000:5000"', '- "127.0.0.1:${PORT:-5000}:5000"'),
        ("docker/docker-compose.yml", '- "5000:5000"', "- 5000:5000"),
        ("docker/docker-compose.yml", "services:\n", "services:\n  cache: {image: redis}\n"),
        ("docker/docker-compose.yml", "restart: unless-stopped", "restart: always"),
        ("requirements.txt", "fastapi==0.165.0", "fastapi[standard]~=0.165.0  # the framework"),
        ("requirements.txt", "torch==2.9.1\n", "--extra-index-url https://example.org/cpu\ntorch==2.9.1+cpu\n"),
    ],
)
def test_other_spellings_lose_nothing(copy, file, old, new):
    submission = copy(EXERCISE / "solution")
    text = (submission / file).read_text(encoding="utf-8")
    assert old in text
    (submission / file).write_text(text.replace(old, new), encoding="utf-8")
    assert lost(graded(submission)) == []


def test_windows_line_ends_lose_nothing(copy):
    submission = copy(EXERCISE / "solution")
    for file in submission.rglob("*"):
        if file.is_file():
            file.write_bytes(file.read_bytes().replace(b"\n", b"\r\n"))
    assert lost(graded(submission)) == []


def test_empty_folder_scores_nothing_and_leaves_nothing_open(tmp_path):
    score = graded(tmp_path, WHOLE).score
    assert (score.earned, score.possible) == (0, 0)


def test_untouched_starter_scores_nothing_and_leaves_nothing_open():
    score = graded(EXERCISE / "starter", WHOLE).score
    assert (score.earned, score.possible) == (0, 0)


def test_comments_only_score_no_more_than_the_starter(copy):
    submission = copy(EXERCISE / "solution")
    change_texts(submission, as_comment)
    scorecard = graded(submission, WHOLE)
    assert scorecard.score.earned == 0
    assert [check.id for check in scorecard.all_checks() if check.fraction] in ([], ["no-secrets"])


def test_claims_only_score_no_more_than_the_starter(copy):
    submission = copy(EXERCISE / "starter")
    shutil.copy(EXERCISE / "solution/README.md", submission / "README.md")
    shutil.copytree(EXERCISE / "solution/docs", submission / "docs")
    score = graded(submission, WHOLE).score
    assert (score.earned, score.possible) == (0, 0)


def test_code_in_string_literals_earns_nothing_for_code(copy):
    submission = copy(EXERCISE / "solution")
    change_texts(submission, as_literal)
    scorecard = graded(submission)
    rows = {row.id: row for row in scorecard.criteria}
    assert rows["code-quality"].earned == 0
    assert rows["functionality"].earned == 0
    assert rows["documentation"].earned == 0
    assert rows["performance"].earned == 0


def test_starter_with_a_comment_added_to_every_file_stays_below_the_ceiling(copy):
    submission = copy(EXERCISE / "starter")
    change_texts(submission, lambda file, text: text + ("\nMine.\n" if file.suffix == ".md" else "\n# mine\n"))
    assert graded(submission, WHOLE).score.possible <= 5


@pytest.mark.parametrize(
    "line", ["X = 5\n", "def main(): return open('x').read()\n", "import flask; app = flask.Flask('x')\n"]
)
def test_starter_with_a_line_added_to_every_file_stays_below_the_ceiling(copy, line):
    folder = copy(EXERCISE / "starter")
    change_texts(folder, lambda file, text: text + (line if file.suffix == ".py" else "\n# Mine\n"))
    assert graded(folder, WHOLE).score.earned <= 5


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
def test_starter_in_another_encoding_scores_nothing(copy, encoding):
    folder = copy(EXERCISE / "starter")
    for file in folder.rglob("*"):
        if file.is_file():
            file.write_text(file.read_text(encoding="utf-8") + " \n\n", encoding=encoding)
    assert graded(folder).score.earned == 0


def test_starter_whose_functions_pretend_to_work_earns_nothing_for_function(copy):
    submission = copy(EXERCISE / "starter")
    change_texts(submission, lambda file, text: text.replace("    pass\n", "    return None\n"))
    rows = {row.id: row for row in graded(submission).criteria}
    assert rows["functionality"].earned == 0


def test_missing_source_is_told_in_few_messages(copy):
    submission = copy(EXERCISE / "solution")
    shutil.rmtree(submission / "src")
    failed = [check.id for check in graded(submission).all_checks() if check.status is Status.FAILED]
    assert failed == ["source", "own-tests", "libraries"]


def test_points_are_the_official_ones():
    scorecard = graded(EXERCISE / "solution")
    assert {row.id: int(row.points) for row in scorecard.criteria} == {
        "code-quality": 25,
        "functionality": 30,
        "deployment": 20,
        "documentation": 15,
        "performance": 10,
    }
    assert scorecard.score.possible == 110
