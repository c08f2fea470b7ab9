"""mark: people's points for a class and for a single result."""

import json
import sqlite3

import pytest
from command_line import run

RUBRIC = """\
schema: infra-grader/rubric/v1
id: marked
title: Marked by people
points: 100
pass_mark: 60
late: {per_day: 10%}
criteria:
  - id: all
    title: All
    points: 100
    checks:
      - {id: readme, title: A README, uses: file.exists, with: {paths: [README.md]}, weight: 4}
      - id: quality
        title: Reads well
        uses: manual.levels
        weight: 4
        with: {levels: {"5": Clear., "4": Mostly., "3": Some., "2": Little., "1": Hardly.}}
      - {id: design, title: Design, uses: manual.points, weight: 2, with: {look_for: [One]}}
"""
ROSTER = """\
id,source,due,submitted
ada,ada,2026-11-20T12:00Z,2026-11-20T11:00Z
0042,ben,2026-11-20T12:00Z,2026-11-21T11:00Z
cyd,cyd.zip,,
"""
MARKS = """\
.by: Grace
ada: {quality: {level: 4, comment: Nice.}, design: {points: 12.5}}
0042: {quality: {level: 5}}
"""


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """A folder with a class of three that has been graded in `out`; one of them handed in nothing that opens."""
    folder = tmp_path_factory.mktemp("class")
    for name in ("ada", "ben"):
        (folder / name).mkdir()
        (folder / name / "README.md").write_text(f"# The work of {name}\n")
    (folder / "cyd.zip").write_text("no archive")
    (folder / "rubrics").mkdir()
    (folder / "rubrics/marked.yaml").write_text(RUBRIC)
    (folder / "roster.csv").write_text(ROSTER)
    ended = run("batch", "roster.csv", "--rubric", "rubrics/marked.yaml", "--out", "out", folder=folder)
    assert (folder / "out/results/0042/result.json").exists(), ended.err
    return folder


@pytest.fixture
def course(graded, tmp_path):
    """The same class in a folder of its own."""
    import shutil

    shutil.copytree(graded, tmp_path / "course")
    # The journal names the rubric by its absolute path.
    (tmp_path / "course/marks.yaml").write_text(MARKS)
    return tmp_path / "course"


def score_of(course, learner):
    return json.loads((course / "out/results" / learner / "result.json").read_text())["score"]


def entries(course):
    with sqlite3.connect(course / "out/journal.sqlite") as database:
        return database.execute("SELECT learner, cause, earned FROM entries ORDER BY number").fetchall()


def test_marks_are_given_shown_and_taken_back(course):
    before = {path: path.read_bytes() for path in sorted((course / "out").rglob("*.*")) if "journal" not in path.name}
    waiting = run("mark", "out", "--awaiting", folder=course)
    assert waiting.out.splitlines() == ["ada\tquality", "ada\tdesign", "0042\tquality", "0042\tdesign"]

    ended = run("mark", "out", "--from", "marks.yaml", folder=course)
    assert (ended.code, ended.err) == (0, "")
    assert ended.out.splitlines() == [
        "ada  quality: awaiting a person -> level 4 of 5",
        "ada  design: awaiting a person -> 12.5 of 20 points",
        "ada  score: 40 of 100, up to 100 -> 84.5 of 100",
        "0042  quality: awaiting a person -> level 5 of 5",
        "0042  score: 36 of 100, up to 90 -> 72 of 100, up to 90",
        "3 marks given, 2 learners changed.",
        "Still awaiting a person:",
        "  design: 1 learner",
    ]
    assert score_of(course, "0042") | {"grade": None} == {
        "earned": 72, "possible": 90, "points": 100, "bonus": 0, "penalty": 8, "percent": 72, "grade": None,
        "passed": True, "status": "provisional",
    }  # fmt: skip
    assert [row[1:] for row in entries(course)][-2:] == [("mark by Grace", "84.50"), ("mark by Grace", "72.00")]
    assert "84.5" in (course / "out/gradebook.csv").read_text()
    assert "Nice." in (course / "out/results/ada/feedback.html").read_text()

    again = run("mark", "out", "--from", "marks.yaml", folder=course)
    assert "0 marks given, 0 learners changed." in again.out
    assert "3 marks there already." in again.out
    count = len(entries(course))

    undone = run("mark", "out", "--from", "marks.yaml", "--undo", "--by", "Ben", folder=course)
    assert "0042  score: 72 of 100, up to 90 -> 36 of 100, up to 90" in undone.out
    assert len(entries(course)) == count + 2
    assert entries(course)[-1][1] == "mark undone by Ben"
    after = {path: path.read_bytes() for path in before}
    assert [path.name for path in before if before[path] != after[path] and path.name == "result.json"] == []

    nothing = run("mark", "out", "--from", "marks.yaml", "--undo", folder=course)
    assert "ada  not undone: quality is awaiting a person: what this file gave is not there" in nothing.out
    assert len(entries(course)) == count + 2


def test_undoing_brings_back_the_mark_before_and_then_none(course):
    for level in (3, 4):
        (course / f"{level}.yaml").write_text(f"ada: {{quality: {{level: {level}}}}}\n")
        run("mark", "out", "--from", f"{level}.yaml", folder=course)
    first = run("mark", "out", "--from", "4.yaml", "--undo", folder=course)
    assert "ada  quality: level 4 of 5 -> level 3 of 5" in first.out
    second = run("mark", "out", "--from", "3.yaml", "--undo", folder=course)
    assert "ada  quality: level 3 of 5 -> awaiting a person" in second.out


def test_nothing_is_written_where_any_mark_is_wrong_and_all_is_said_at_once(course):
    (course / "marks.yaml").write_text(
        "ada:\n  quality: {level: 4}\n  qualiti: {level: 4}\n  readme: {points: 1}\n  design: {points: 21}\n"
        "adda: {quality: {level: 4}}\ncyd: {quality: {level: 9}}\n"
    )
    before = entries(course)
    ended = run("mark", "out", "--from", "marks.yaml", folder=course)
    assert ended.code == 2
    lines = [line.strip() for line in ended.err.splitlines()]
    assert lines[0] == "infra-grader: the file of marks marks.yaml cannot be used: 5 problems"
    assert "marks.yaml:3:3: ada.qualiti: the rubric marked has no check 'qualiti'. Did you mean 'quality'?" in lines
    assert any(line.startswith("marks.yaml:4:3: ada.readme: the check is passed, and does not wait") for line in lines)
    assert "marks.yaml:5:20: ada.design: 21 points are more than the check counts. Allowed: 0 to 20." in lines
    assert "marks.yaml:6:1: the roster has no 'adda'. Did you mean 'ada'?" in lines
    assert lines[5].startswith("marks.yaml:7:1: cyd has no scorecard: ")
    assert entries(course) == before


def test_a_template_can_be_filled_in(course):
    ended = run("mark", "out", "--template", folder=course)
    assert (ended.code, ended.err) == (0, "marks to fill in: MARKS.yaml\n")
    text = (course / "MARKS.yaml").read_text()
    assert "# quality: Reads well (40 points)\n#   level 5: Clear.\n" in text
    untouched = run("mark", "out", "--from", "MARKS.yaml", folder=course)
    assert "0 marks given" in untouched.out
    (course / "MARKS.yaml").write_text(text.replace("    level:\n", "    level: 5\n", 1))
    filled = run("mark", "out", "--from", "MARKS.yaml", folder=course)
    assert "ada  quality: awaiting a person -> level 5 of 5" in filled.out
    refused = run("mark", "out", "--template", folder=course)
    assert (refused.code, "MARKS.yaml is there already" in refused.err) == (2, True)


def test_another_version_of_the_rubric_is_refused(course):
    (course / "rubrics/other.yaml").write_text(RUBRIC.replace("pass_mark: 60", "pass_mark: 50"))
    ended = run("mark", "out", "--from", "marks.yaml", "--rubric", "rubrics/other.yaml", folder=course)
    assert (ended.code, ended.err.count("was graded by another version of the rubric marked")) == (2, 2)
    assert "--regrade" in ended.err


def test_a_single_result_is_marked_in_its_place_and_taken_back(course):
    result = course / "out/results/ada/result.json"
    before = result.read_bytes()
    (course / "one.yaml").write_text("quality: {level: 2}\n")
    unnamed = run("mark", result, "--from", "one.yaml", folder=course)
    assert (unnamed.code, "Name its file: --rubric FILE." in unnamed.err) == (2, True)
    rubric = ("--rubric", "rubrics/marked.yaml")
    assert run("mark", result, "--from", "one.yaml", *rubric, folder=course).code == 0
    assert score_of(course, "ada")["earned"] == 56
    assert run("mark", result, "--from", "marks.yaml", *rubric, folder=course).code == 2  # it names another learner
    assert run("mark", result, "--from", "one.yaml", "--undo", *rubric, folder=course).code == 0
    assert result.read_bytes() == before


def test_a_folder_without_a_class_is_left_as_it_is(course):
    (course / "empty").mkdir()
    for what in (("--awaiting",), ("--from", "marks.yaml"), ("--template",)):
        ended = run("mark", "empty", *what, folder=course)
        assert (ended.code, "no batch has been graded here" in ended.err) == (2, True)
    assert list((course / "empty").iterdir()) == []
    assert run("mark", "out", "--awaiting", "--undo", folder=course).code == 2
