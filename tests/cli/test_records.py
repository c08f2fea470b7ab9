import json

import pytest
from command_line import SIMPLE, run, write_rubric, write_submission


@pytest.fixture
def record(tmp_path):
    rubric = write_rubric(tmp_path)
    work = write_submission(tmp_path, README__md="Hello\n")
    ended = run("grade", work, "--rubric", rubric, "--report", "json=r.json", folder=tmp_path)
    assert ended.code == 0, ended.err
    return tmp_path / "r.json"


def test_a_record_can_be_rendered_again(tmp_path, record):
    ended = run("report", record, folder=tmp_path)
    assert ended.code == 0
    assert "6 of 10" in ended.out
    again = run("report", record, "--report", "json", folder=tmp_path)
    assert json.loads(again.out) == json.loads(record.read_text())


def test_rendering_a_record_succeeds_whatever_it_says(tmp_path, record):
    ended = run(
        "grade", "ada", "--rubric", "rubrics/simple.yaml", "--only", "notes", "--report", "json=r.json", folder=tmp_path
    )
    assert ended.code == 3, ended.err
    assert run("report", record, folder=tmp_path).code == 0
    full = run("report", record, "--report", "json=/dev/full", folder=tmp_path)
    assert (full.code, "No space left" in full.err) == (4, True)


def test_a_changed_pass_mark_is_applied_without_the_submission(tmp_path, record):
    stricter = write_rubric(tmp_path, SIMPLE.replace("pass_mark: 6", "pass_mark: 7"), "stricter.yaml")
    (tmp_path / "ada/README.md").unlink()
    ended = run("rescore", record, "--rubric", stricter, "--report", "json", folder=tmp_path)
    assert ended.code == 1
    assert json.loads(ended.out)["score"] | {"passed": None} == json.loads(record.read_text())["score"] | {
        "passed": None
    }


def test_another_rubric_is_refused(tmp_path, record):
    other = write_rubric(tmp_path, SIMPLE.replace("id: simple", "id: other"), "other.yaml")
    ended = run("rescore", record, "--rubric", other, folder=tmp_path)
    assert (ended.code, "the record is of the rubric simple" in ended.err) == (2, True)


def test_a_changed_question_has_to_be_asked_again(tmp_path, record):
    changed = write_rubric(tmp_path, SIMPLE.replace("paths: [README.md]", "paths: [LIESMICH.md]"), "changed.yaml")
    ended = run("rescore", record, "--rubric", changed, folder=tmp_path)
    assert ended.code == 3
    assert "parameters have changed" in ended.out.replace("\n", " ")


@pytest.mark.parametrize("content", ["", "{}", "[1", '{"schema": "infra-grader/result/v9"}', "[" * 100_000])
def test_what_is_no_record_is_refused(tmp_path, content):
    (tmp_path / "r.json").write_text(content)
    ended = run("report", "r.json", folder=tmp_path)
    assert ended.code == 2
    assert "r.json" in ended.err
    assert "Traceback" not in ended.err


def test_a_record_that_is_not_there_is_refused(tmp_path):
    ended = run("report", "nowhere.json", folder=tmp_path)
    assert (ended.code, "nowhere.json" in ended.err) == (2, True)


def test_what_the_command_line_said_of_open_checks_holds_for_the_record(tmp_path):
    manual = "uses: manual.points, with: {look_for: [One]}"
    rubric = write_rubric(tmp_path, SIMPLE.replace("uses: file.exists, with: {paths: [notes.md]}", manual))
    work = write_submission(tmp_path, README__md="Hello\n")
    chosen = ("--rubric", rubric, "--report", "json=r.json")
    run("grade", work, *chosen, "--unassessed", "zero", folder=tmp_path)
    first = json.loads((tmp_path / "r.json").read_text())
    assert (first["score"]["possible"], first["environment"]["unassessed"]) == (6, "zero")
    run("rescore", "r.json", *chosen, folder=tmp_path)
    assert json.loads((tmp_path / "r.json").read_text()) == first
    run("grade", work, *chosen, folder=tmp_path)
    assert "unassessed" not in json.loads((tmp_path / "r.json").read_text())["environment"]
