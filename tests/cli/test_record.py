import json

import pytest
from command_line import run, write_rubric, write_submission


@pytest.fixture
def rubric(tmp_path):
    return write_rubric(tmp_path)


@pytest.fixture
def work(tmp_path):
    return write_submission(tmp_path, README__md="Hello\n")


def test_a_record_is_written_and_replayed(tmp_path, rubric, work):
    first = run("grade", work, "--rubric", rubric, "--record", "kept", "--report", "json", folder=tmp_path)
    again = run("grade", work, "--rubric", rubric, "--replay", "kept", "--report", "json", folder=tmp_path)
    assert (first.code, again.code) == (0, 0), again.err
    assert first.err == again.err == ""
    cards = [json.loads(ended.out) for ended in (first, again)]
    assert cards[0]["score"] == cards[1]["score"]
    assert cards[0]["environment"] == cards[1]["environment"]
    assert sorted(file.name for file in (tmp_path / "kept" / "checks").iterdir()) == ["notes.json", "readme.json"]


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--record", "a", "--replay", "b"], "not allowed with argument"),
        (["--replay", "nowhere"], "holds no record"),
        (["--record", "ada/kept"], "lies inside the submission"),
        (["--record", "ada.txt"], "cannot be written"),
        (["--record", "."], "already"),
    ],
)
def test_wrong_use_exits_2_with_a_clear_line(tmp_path, rubric, work, options, said):
    (tmp_path / "ada.txt").write_text("a file")
    ended = run("grade", work, "--rubric", rubric, *options, folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


def test_changed_work_is_named(tmp_path, rubric, work):
    run("grade", work, "--rubric", rubric, "--record", "kept", folder=tmp_path)
    (work / "README.md").write_text("Something else\n")
    ended = run("grade", work, "--rubric", rubric, "--replay", "kept", folder=tmp_path)
    assert ended.code == 2
    assert "README.md is changed" in ended.err
    assert "--record" in ended.err


def test_a_record_that_cannot_be_finished_is_said(tmp_path, rubric, work):
    plugin = tmp_path / "full.py"
    plugin.write_text(
        "from pathlib import Path\n"
        "import shutil\n"
        "from infra_grader.plugin import hookimpl\n\n"
        "@hookimpl\n"
        "def infra_grader_observe_outcome(check, outcome):\n"
        f"    shutil.rmtree({str(tmp_path / 'kept')!r}, ignore_errors=True)\n"
    )
    ended = run("grade", work, "--rubric", rubric, "--record", "kept", "--plugin", plugin, folder=tmp_path)
    assert ended.code == 2
    assert "the record kept cannot be written" in ended.err
