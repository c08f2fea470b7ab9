"""The workflows that the documentation hands out, run by act in hostile repositories of learners."""

from __future__ import annotations

import hashlib
import importlib.util
import re
import secrets
import shutil
from pathlib import Path
from xml.etree import ElementTree as ET

import acting
import pytest

HERE = Path(__file__).parent
TEMPLATES = acting.ROOT / "docs" / "templates"
RUBRICS = {"hostile.yaml": "project-01.yaml", "review.yaml": "project-02.yaml"}
"""Our rubrics by the names that the course gives them."""
TOKEN = secrets.token_hex(20)
SECRET = ("-s", f"COURSE_READ_TOKEN={TOKEN}")
COURSE = "your-organisation/your-course"


def _load_learner():
    # Tests are no packages (importlib mode), so the module beside this file is loaded by its place.
    spec = importlib.util.spec_from_file_location("workflow_learner", HERE / "learner.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


LEARNER = _load_learner()


class Class:
    """A machine, the project as it would be published, a course, and a learner."""

    def __init__(self, folder: Path) -> None:
        self.runner = acting.Runner(folder / "runner")
        self.project = acting.project_copy(folder / "project")
        self.work = folder / "work"
        self.course = self.runner.repositories / COURSE
        (self.course / "git" / "rubrics").mkdir(parents=True)
        for ours, theirs in RUBRICS.items():
            shutil.copy(HERE / "rubrics" / ours, self.course / "git" / "rubrics" / theirs)
        self.course_commit = acting.commit_all(self.course / "git")
        (self.course / "needs-token").write_text(TOKEN, encoding="utf-8")

    def hand_in(self, case: str, workflow: str) -> None:
        """Make the learner's repository, in which this workflow is committed."""
        text = workflow.replace("0" * 40, self.course_commit)
        # The environment is made beforehand; else each of these would install the grader anew.
        if "grade.yml@" in text:
            text = text.replace("    with:\n      course:", "    with:\n      cache: true\n      course:")
        LEARNER.make(case, self.work, {".github/workflows/grade.yml": text})
        mirror = self.runner.repositories / "nektos" / "act"  # what act calls a repository without a remote
        mirror.mkdir(parents=True)
        (mirror / "git").symlink_to(self.work)

    def push(self, rubric: Path, name: str, *options: str) -> acting.Acted:
        self.runner.install(self.project, name, workspace=rubric)
        return self.runner.push(self.work, ".github/workflows/grade.yml", *options, replaced={acting.US: self.project})


@pytest.fixture
def people(tmp_path):
    return Class(tmp_path)


def template(name: str) -> str:
    return (TEMPLATES / f"{name}.yml").read_text(encoding="utf-8")


def test_a_learner_alone_is_graded_by_a_bundled_rubric(people):
    people.hand_in("passing", template("learner").replace("project-01-simple-model-api", "exercise-01-overview"))
    acted = people.push(people.work, "exercise-01-overview")
    assert acted.code == 0, acted.output
    assert acted.results() == {"grade": "success"}
    assert acted.annotations()[0].properties["title"].endswith(": passed")
    assert "**100 of 100**" in acted.summary()
    assert {file.name for file in (people.runner.artifacts / "infra-grader").iterdir()} == {
        "report.html", "junit.xml", "score.json",
    }  # fmt: skip


def test_a_course_grades_hostile_work_by_its_own_rubric(people):
    people.hand_in("hostile", template("course"))
    acted = people.push(people.course / "git", "rubrics/project-01.yaml", "--no-skip-checkout", *SECRET)
    assert acted.code == 1, acted.output
    assert acted.annotation("What learners write: did not pass").text.startswith("15 of 100")
    assert acted.annotation("Did not pass").name == "error"
    assert {entry.name for entry in acted.commands()} <= {"error", "warning", "notice", "set-output", "summary"}
    assert not list(people.runner.folder.rglob("pwned*"))
    assert not list(people.work.rglob("pwned*"))
    # The learner's program ran, and found no token; none is left where it was.
    assert any("[]" in entry.text for entry in acted.annotations())
    assert TOKEN not in acted.output
    holders = [
        file for file in people.runner.cache.rglob("*") if file.is_file() and TOKEN.encode() in file.read_bytes()
    ]
    assert holders == []


def test_a_course_without_its_token_grades_nothing(people):
    people.hand_in("passing", template("course"))
    acted = people.push(people.course / "git", "rubrics/project-01.yaml", "--no-skip-checkout")
    assert acted.code == 1
    assert acted.annotations() == []
    assert "is private" in acted.printed()


def test_a_course_that_names_no_commit_grades_nothing(people):
    lines = template("course").splitlines(keepends=True)
    people.hand_in("passing", "".join(line for line in lines if "course-ref:" not in line))
    acted = people.push(people.course / "git", "rubrics/project-01.yaml", "--no-skip-checkout", *SECRET)
    assert acted.code == 1
    (refusal,) = acted.annotations()
    assert refusal.text.startswith("course-ref must name the commit")


def test_what_was_graded_is_attested_by_a_job_of_its_own(people):
    called = (
        template("course")
        .replace("grade.yml@", "grade-attested.yml@")
        .replace("project-01.yaml", "project-02.yaml")
        .replace("permissions: {contents: read}", "permissions: {contents: read, id-token: write, attestations: write}")
    )
    attested = people.project / ".github" / "workflows" / "grade-attested.yml"
    attested.write_text(attested.read_text(encoding="utf-8").replace("cache: false", "cache: true"), encoding="utf-8")
    people.hand_in("undecided", called)
    acted = people.push(people.course / "git", "rubrics/project-02.yaml", "--no-skip-checkout", *SECRET)
    assert (people.runner.artifacts / "attested").exists(), acted.output
    signed = (people.runner.artifacts / "attested").read_text(encoding="utf-8").split()
    assert signed[1::2] == ["reports/junit.xml", "reports/report.html", "reports/score.json"]
    suite = ET.parse(people.runner.artifacts / "infra-grader" / "junit.xml")
    said = {entry.get("name"): entry.get("value") for entry in suite.iter("property")}
    assert said["rubric"] == "workflow-review"
    assert said["rubric.sha256"] == hashlib.sha256((HERE / "rubrics" / "review.yaml").read_bytes()).hexdigest()
    assert re.fullmatch(r"[0-9a-f]{40}", said["commit"])
    assert acted.code == 0
