"""Project 02 beyond its proof: other right ways lose nothing, and words in the place of work earn nothing."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import containers
import pytest
import tools

from infra_grader.api import GradeOptions, grade
from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Scorecard

tools.put_on_path()

REPOSITORY = Path(__file__).parents[2]
RUBRIC = REPOSITORY / "rubrics/junior/project-02-kubernetes-serving.yaml"
EXERCISE = REPOSITORY / "exercises/project-02-kubernetes-serving"
FASTAPI = EXERCISE / "alternatives/fastapi-chart-k6"
SANDBOX = "bubblewrap"
"""Starts at once; the proof of the solution runs in that of Docker, where there is one."""
CACHES = shutil.ignore_patterns(".*_cache", "__pycache__")
"""What tools leave behind that are run in the solution's folder."""
FILES_ONLY = ("static", "manual")


def graded(folder: Path, only: tuple[str, ...] = FILES_ONLY, live: str = "none") -> Scorecard:
    """Grade a submission; its image is built where a test asks for it, and in the proof."""
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


def touched(file: Path, text: str) -> str:
    ends = {".md": "\nMine.\n", ".tpl": "{{/* mine */}}\n", ".json": "\n\n"}
    return text.replace('"title": "Model API"', '"title": "Mine"') + ends.get(file.suffix, "\n# Mine\n")


def pretending(file: Path, text: str) -> str:
    return text.replace("    pass\n", "    return None\n") + ("X = 1\n" if file.suffix == ".py" else "\n")


def lost(scorecard: Scorecard) -> list[str]:
    return [
        f"{check.id}: {check.message}"
        for check in scorecard.all_checks()
        if not check.status.is_open and check.status is not Status.PASSED
    ]


def lost_ids(scorecard: Scorecard) -> set[str]:
    return {line.partition(":")[0] for line in lost(scorecard)}


def test_fastapi_with_a_chart_alone_and_k6_loses_no_point_but_of_the_bonus():
    scorecard = graded(FASTAPI, only=())
    assert lost_ids(scorecard) == {"bonus-tls", "bonus-egress"}


def test_image_elsewhere_on_another_port_is_built_and_asked(copy):
    containers.require()
    submission = copy(FASTAPI)
    text = (submission / "Dockerfile").read_text(encoding="utf-8").replace("5000", "8080")
    (submission / "Dockerfile").unlink()
    (submission / "docker").mkdir()
    (submission / "docker/Dockerfile").write_text(text, encoding="utf-8")
    scorecard = graded(submission, only=("live",), live="docker")
    assert lost(scorecard) == []
    passed = {check.id for check in scorecard.all_checks() if check.status is Status.PASSED}
    assert {"image-builds", "container-healthy", "container-predicts", "container-metrics"} < passed
    assert {"container-user", "container-stops"} < passed


def test_image_is_left_open_without_docker():
    scorecard = graded(EXERCISE / "solution", only=("live",))
    (image,) = [check for check in scorecard.all_checks() if check.id == "image-builds"]
    assert (image.status, image.message) == (Status.NOT_ASSESSED, "Live checks on Docker were not asked for.")
    assert scorecard.score.possible == 110


def test_fork_of_the_course_is_graded_in_its_project_folder(tmp_path):
    fork = tmp_path / "fork"
    shutil.copytree(EXERCISE / "solution", fork / "projects/project-02-kubernetes-serving", ignore=CACHES)
    (fork / "README.md").write_text("# The course\n", encoding="utf-8")
    assert lost(graded(fork)) == []


def test_plain_manifests_alone_lose_only_what_is_asked_of_the_chart(copy):
    submission = copy(EXERCISE / "solution")
    shutil.rmtree(submission / "helm")
    assert lost_ids(graded(submission)) == {
        "chart-fits", "chart-complete", "chart-lint", "chart-readme", "bonus-environments",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("base", "overlay"),
    [
        ("kubernetes/base", "kubernetes/overlays/production"),
        ("k8s/base", "k8s/overlays/prod"),
        ("deploy/base", "deploy/overlays/prod"),
    ],
)
def test_base_with_an_overlay_is_as_good_as_plain_manifests(copy, base, overlay):
    submission = copy(EXERCISE / "solution")
    shutil.rmtree(submission / "helm")
    base, overlay = submission / base, submission / overlay
    base.mkdir(parents=True)
    overlay.mkdir(parents=True)
    for file in (submission / "kubernetes").glob("*.yaml"):
        file.rename(base / file.name)
    (submission / "monitoring/servicemonitor.yaml").rename(base / "servicemonitor.yaml")
    names = ", ".join(sorted(file.name for file in base.glob("*.yaml")))
    (base / "kustomization.yaml").write_text(f"resources: [{names}]\n", encoding="utf-8")
    overlay_text = "resources: [../../base]\nimages: [{name: model-api, newTag: v1.0}]\n"
    (overlay / "kustomization.yaml").write_text(overlay_text, encoding="utf-8")
    assert lost_ids(graded(submission)) == {
        "chart-fits", "chart-complete", "chart-lint", "chart-readme", "bonus-environments",
    }  # fmt: skip


@pytest.mark.parametrize(
    "places",
    [
        {"Dockerfile": "docker/Dockerfile", "kubernetes": "k8s", "docs/SETUP.md": "docs/setup.md"},
        {"grafana/model-api-dashboard.json": "monitoring/grafana-dashboard.json", "helm/model-api": "helm/classifier"},
        {"monitoring/alerts.yaml": "prometheus/alerts.yml", "loadtest/locustfile.py": "loadtest/load_test.py"},
    ],
    ids=lambda places: ", ".join(places.values()),
)
def test_every_place_that_the_course_names_is_a_place(copy, places):
    submission = copy(EXERCISE / "solution")
    for old, new in places.items():
        (submission / new).parent.mkdir(parents=True, exist_ok=True)
        (submission / old).rename(submission / new)
    assert lost(graded(submission)) == []


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("kubernetes/deployment.yaml", "port: http}", "port: 5000}"),
        ("kubernetes/deployment.yaml", "image: model-api:v1.0", "image: registry.example.com/ml/model-api:v1.2.3"),
        ("kubernetes/deployment.yaml", "/health/ready", "/health"),
        ("kubernetes/deployment.yaml", "/health/live", "/health"),
        ("kubernetes/service.yaml", "targetPort: http", "targetPort: 5000"),
        ("kubernetes/ingress.yaml", "port: {name: http}", "port: {number: 80}"),
        ("kubernetes/hpa.yaml", "averageUtilization: 70", "averageUtilization: 60"),
        ("kubernetes/hpa.yaml", "minReplicas: 3", "minReplicas: 2"),
        ("monitoring/servicemonitor.yaml", "name: model-api-monitor", "name: model-api-metrics"),
    ],
)
def test_other_spellings_lose_nothing(copy, file, old, new):
    submission = copy(EXERCISE / "solution")
    text = (submission / file).read_text(encoding="utf-8")
    assert old in text
    (submission / file).write_text(text.replace(old, new), encoding="utf-8")
    shutil.rmtree(submission / "helm")
    assert all("chart" in check or "environments" in check for check in lost_ids(graded(submission)))


def test_empty_folder_scores_nothing_and_leaves_nothing_open(tmp_path):
    score = graded(tmp_path, only=()).score
    assert (score.earned, score.possible) == (0, 0)


def test_untouched_starter_scores_nothing_and_leaves_nothing_open():
    score = graded(EXERCISE / "starter", only=()).score
    assert (score.earned, score.possible) == (0, 0)


@pytest.mark.parametrize("change", [touched, pretending])
def test_starter_without_work_scores_nothing(copy, change):
    submission = copy(EXERCISE / "starter")
    change_texts(submission, change)
    score = graded(submission, only=()).score
    assert (score.earned, score.possible) == (0, 0)


def test_comments_only_score_no_more_than_the_starter(copy):
    submission = copy(EXERCISE / "solution")
    change_texts(submission, as_comment)
    score = graded(submission, only=()).score
    assert (score.earned, score.possible) == (0, 0)


def test_claims_only_score_no_more_than_the_starter(copy):
    submission = copy(EXERCISE / "starter")
    shutil.copy(EXERCISE / "solution/README.md", submission / "README.md")
    shutil.copy(EXERCISE / "solution/helm/model-api/README.md", submission / "helm/model-api/README.md")
    shutil.copytree(EXERCISE / "solution/docs", submission / "docs")
    shutil.copytree(EXERCISE / "solution/loadtest/results", submission / "loadtest/results")
    score = graded(submission, only=()).score
    assert (score.earned, score.possible) == (0, 0)


def test_points_are_the_official_ones(tmp_path):
    scorecard = graded(tmp_path)
    assert {row.id: int(row.points) for row in scorecard.criteria} == {
        "infrastructure": 30,
        "functionality": 25,
        "monitoring": 20,
        "documentation": 15,
        "scalability": 10,
    }
