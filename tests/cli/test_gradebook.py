"""The command `gradebook`, on the journal of a small class."""

from __future__ import annotations

import csv
import io
import json
import sqlite3

import pytest
from command_line import run

from infra_grader.engine.journal import Entry, Journal
from infra_grader.model.gradebook import State
from infra_grader.plugin import Outcome
from tests.support.batches import FULL, add_result, write_batch

MOODLE = """\
Identifier,Email address,Grade,Maximum Grade,Last modified (grade)
Participant 1,ada@example.org,,100.00,-
Participant 2,ben@example.org,,100.00,-
"""


@pytest.fixture
def out(tmp_path):
    return write_batch(tmp_path / "out")


def rows(text):
    return list(csv.DictReader(io.StringIO(text)))


def test_a_table_on_standard_output_is_what_is_written_by_default(tmp_path, out):
    ended = run("gradebook", out, folder=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert [row["earned"] for row in rows(ended.out)] == ["72.5", "70", "", "", "", "105"]
    again = run("gradebook", out, "--format", "csv", "--bom", "--output", "g.csv", folder=tmp_path)
    assert (again.code, again.out) == (0, "")
    assert (tmp_path / "g.csv").read_bytes() == b"\xef\xbb\xbf" + ended.out.encode()


def test_it_is_in_utf_8_whatever_the_terminal_has(tmp_path, out):
    ended = run("gradebook", out, folder=tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONIOENCODING="latin-1")
    assert (ended.code, "Čyd Ōno" in ended.out) == (0, True)


def test_json_is_one_object(tmp_path, out):
    ended = run("gradebook", out, "--format", "json", folder=tmp_path)
    assert ended.code == 0
    assert json.loads(ended.out)["schema"] == "infra-grader/gradebook/v1"


def test_the_class_page_links_to_the_results_from_where_it_is(tmp_path, out):
    (tmp_path / "pages").mkdir()
    ended = run("gradebook", out, "--format", "html", "--output", "pages/class.html", folder=tmp_path)
    assert (ended.code, ended.err) == (0, "")
    assert "../out/results/ada/" in (tmp_path / "pages" / "class.html").read_text()
    hidden = run("gradebook", out, "--format", "html", "--anonymise", "--output", "a.html", folder=tmp_path)
    assert hidden.code == 0
    assert "results/" not in (tmp_path / "a.html").read_text()


def test_a_worksheet_is_filled_in_and_said_who_got_what(tmp_path, out):
    (tmp_path / "w.csv").write_text(MOODLE)
    ended = run("gradebook", out, "--format", "moodle", "--fill", "w.csv", "--output", "f.csv", folder=tmp_path)
    assert ended.code == 0
    assert "infra-grader: 1 filled in" in ended.err
    assert (tmp_path / "f.csv").read_text() == MOODLE.replace("ada@example.org,", "ada@example.org,72.5")
    certain = run("gradebook", out, "--format", "moodle", "--fill", "w.csv", "--provisional", folder=tmp_path)
    assert "ben@example.org,70,100.00" in certain.out


def test_gradescope_gets_a_folder_of_its_own(tmp_path, out):
    ended = run("gradebook", out, "--format", "gradescope", "--output", "gs", folder=tmp_path)
    assert ended.code == 0
    assert sorted(file.relative_to(tmp_path).as_posix() for file in (tmp_path / "gs").rglob("*.json")) == [
        "gs/ada/results.json", "gs/fay/results.json",
    ]  # fmt: skip
    again = run("gradebook", out, "--format", "gradescope", "--output", "gs", folder=tmp_path)
    assert (again.code, "is there already" in again.err) == (2, True)
    (tmp_path / "empty").mkdir()
    assert run("gradebook", out, "--format", "gradescope", "--output", "empty", folder=tmp_path).code == 0
    assert {file.name for file in tmp_path.iterdir()} == {"out", "gs", "empty"}


def test_pseudonyms_stay_and_lead_back_to_the_learner(tmp_path, out):
    first = run("gradebook", out, "--anonymise", folder=tmp_path)
    assert (first.code, first.err) == (0, "")
    assert run("gradebook", out, "--anonymise", folder=tmp_path).out == first.out
    [ada] = [row["id"] for row in rows(first.out) if row["earned"] == "72.5"]
    assert run("gradebook", out, "--who", ada, folder=tmp_path).out == "ada\n"
    unknown = run("gradebook", out, "--who", "learner-9", folder=tmp_path)
    assert (unknown.code, "no learner of this batch has the pseudonym" in unknown.err) == (2, True)


@pytest.mark.parametrize("form", ["canvas", "moodle", "gradescope"])
def test_a_format_that_has_to_name_learners_is_not_anonymised(tmp_path, out, form):
    (tmp_path / "w.csv").write_text(MOODLE)
    more = ["--fill", "w.csv"] if form == "moodle" else []
    ended = run("gradebook", out, "--format", form, *more, "--anonymise", "--output", "o", folder=tmp_path)
    assert (ended.code, "has to name learners" in ended.err) == (2, True)
    assert not (tmp_path / "o").exists()


@pytest.fixture
def changed(out):
    journal = Journal(out)
    journal.add(Entry(learner="ada", cause="regrade", state=State.OPEN, message="No network for \x1b[31m a while."))
    add_result(journal, "ada", FULL | {"review": Outcome.awaiting("A person reads it.")}, "regrade")
    add_result(journal, "ada", FULL, "mark by grace \x1b[2J 王")
    journal.close()
    return out


def test_the_history_of_a_learner_is_told_from_the_start(tmp_path, changed):
    ended = run("gradebook", changed, "--history", "ada", folder=tmp_path, COLUMNS="200")
    assert ended.code == 0
    head, *lines = ended.out.splitlines()
    assert head.split() == ["when", "cause", "state", "score", "change", "rubric", "work"]
    assert [line.split()[1] for line in lines if line.startswith("20")] == ["batch", "regrade", "regrade", "mark"]
    assert "70 up to 100  -2.5" in ended.out
    assert "  +30 " in lines[-1]
    assert "5ca1ab1e" in lines[-1]
    assert "c0ffeec0" in lines[-1]
    assert "\x1b" not in ended.out
    assert "No network for \\x1b[31m a while." in ended.out


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_history_keeps_within_the_terminal(tmp_path, changed, width):
    from rich.cells import cell_len

    ended = run("gradebook", changed, "--history", "ada", folder=tmp_path, COLUMNS=str(width))
    assert ended.code == 0
    assert max(map(cell_len, ended.out.splitlines())) <= width
    assert "+30" in ended.out
    assert "-2.5" in ended.out


def test_changes_have_colours_where_they_are_wanted(tmp_path, changed):
    shown = run("gradebook", changed, "--history", "ada", "--color", "always", folder=tmp_path, COLUMNS="200")
    assert "\x1b[32m+30" in shown.out
    assert "\x1b[31m-2.5" in shown.out
    narrow = run("gradebook", changed, "--history", "ada", "--color", "always", folder=tmp_path, COLUMNS="40")
    assert "\x1b[32m+30" in narrow.out
    plain = run("gradebook", changed, "--history", "ada", "--color", "never", folder=tmp_path, COLUMNS="200")
    assert "\x1b" not in plain.out


def test_who_is_not_there_has_no_history(tmp_path, out):
    ended = run("gradebook", out, "--history", "fai", folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err == "infra-grader: no learner 'fai' is in this batch. Did you mean 'fay'?\n"
    waiting = run("gradebook", out, "--history", "eve", folder=tmp_path)
    assert (waiting.code, waiting.out) == (0, "eve has not been graded yet.\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--format", "csv", "--fill", "w.csv"], "the format csv knows no --fill"),
        (["--format", "json", "--bom"], "the format json knows no --bom"),
        (["--format", "moodle"], "moodle only takes a file of its own"),
        (["--format", "gradescope"], "makes a folder"),
        (["--output", "nowhere/g.csv"], "its folder is missing"),
        (["--output", "out"], "it is a folder"),
        (["--output", "out/journal.sqlite"], "would overwrite the journal"),
        (["--format", "moodle", "--fill", "w.csv", "--output", "w.csv"], "would overwrite the export"),
        (["--history", "ada", "--anonymise"], "do not go together"),
        (["--history", "ada", "--who", "learner-001"], "do not go together"),
        (["--format", "moodle", "--fill", "none.csv"], "none.csv cannot be used"),
        (["--format", "canvas", "--fill", "w.csv"], "w.csv:1: its first line is not the header"),
    ],
)
def test_what_cannot_be_done_as_asked_is_told_and_nothing_written(tmp_path, out, arguments, said):
    (tmp_path / "w.csv").write_text(MOODLE)
    before = {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()}
    ended = run("gradebook", out, *arguments, folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert {file: file.read_bytes() for file in tmp_path.rglob("*") if file.is_file()} == before


def test_a_refused_export_leaves_the_old_file(tmp_path, out):
    (tmp_path / "w.csv").write_text(MOODLE + "Participant 3,ada@example.org,,100.00,-\n")
    (tmp_path / "f.csv").write_text("old")
    ended = run("gradebook", out, "--format", "moodle", "--fill", "w.csv", "--output", "f.csv", folder=tmp_path)
    assert (ended.code, "w.csv:4: the row is of 'ada', as is line 2." in ended.err) == (2, True)
    assert (tmp_path / "f.csv").read_text() == "old"
    assert {file.name for file in tmp_path.iterdir()} == {"out", "w.csv", "f.csv"}


def test_no_batch_a_newer_one_and_a_damaged_one_are_told(tmp_path, out):
    none = run("gradebook", "nowhere", folder=tmp_path)
    assert (none.code, "no batch has been graded here" in none.err) == (2, True)
    database = sqlite3.connect(out / "journal.sqlite")
    database.execute("PRAGMA user_version = 99")
    database.commit()
    database.close()
    newer = run("gradebook", out, folder=tmp_path)
    assert (newer.code, newer.out, "newer version (99" in newer.err) == (2, "", True)
    (out / "journal.sqlite").write_bytes(b"no database" * 100)
    damaged = run("gradebook", out, "--output", "g.csv", folder=tmp_path)
    assert (damaged.code, "damaged" in damaged.err) == (2, True)
    assert not (tmp_path / "g.csv").exists()


def test_a_full_disk_is_told(tmp_path, out):
    ended = run("gradebook", out, "--output", "/dev/full", folder=tmp_path)
    assert ended.code == 4
    assert ended.err == "infra-grader: /dev/full could not be written: No space left on device\n"
