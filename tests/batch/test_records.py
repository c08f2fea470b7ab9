"""A class with records: judged again where what was looked at is gone, and the rubric may be another one."""

import json
import os
from contextlib import closing
from functools import partial

import pytest
from classes import results, write
from command_line import run, write_rubric, write_submission
from records import told

from infra_grader.api import GradeOptions, grade, load_rubric
from infra_grader.batch.records import NotKept, kept_record, pack, settle_records, stage_record, take_record
from infra_grader.cli.main import main
from infra_grader.engine.journal import Journal
from infra_grader.loading.result_file import load_result

PLUGIN = '''\
from pathlib import Path
from infra_grader.plugin import CheckFailed, Context, Outcome, Params, check

RUNNING = Path("@RUNNING@")

class Look(Params):
    least: int = 1
    at: str = "count"

@check("course.look", capabilities=("http",))
def look(context: Context, params: Look) -> Outcome:
    """Counts what runs."""
    def make() -> int:
        if not (RUNNING / params.at).exists():
            raise CheckFailed("Nothing runs.")
        return int((RUNNING / params.at).read_text())

    seen = context.observe("count", int, make, asked=(params.at,))
    return Outcome.passed_if(seen >= params.least, f"{seen} run.")

@check("course.mute", capabilities=("http",))
def mute(context: Context, params: Look) -> Outcome:
    """Looks without saying what it sees."""
    return Outcome.passed_if((RUNNING / params.at).exists(), "It was looked at.")
'''
RUBRIC = """\
schema: infra-grader/rubric/v1
id: class
version: 1
title: A rubric for a class
points: 9
pass_mark: 6
criteria:
  - id: all
    title: All
    points: 9
    checks:
      - {id: readme, title: A README, uses: file.exists, with: {paths: [README.md]}}
      - {id: look, title: Enough runs, uses: course.look, with: {least: 3}}
      - {id: mute, title: It is there, uses: course.mute}
"""


class Class:
    """A class of two, a rubric with live checks, and something that runs."""

    def __init__(self, folder):
        self.folder = folder
        self.running = folder / "running"
        write(self.running, {"count": "5"})
        self.plugin = folder / "course.py"
        self.plugin.write_text(PLUGIN.replace("@RUNNING@", str(self.running)))
        for learner in ("ada", "ben"):
            write(folder / "class" / learner, {"README.md": "Hello\n"})

    def batch(self, *options, rubric=RUBRIC):
        file = write_rubric(self.folder, rubric)
        base = ["batch", "class", "--rubric", file, "--out", "out", "--plugin", self.plugin, "--jobs", "2"]
        return run(*base, *options, folder=self.folder)

    def recorded(self, *options, code=0):
        """Grade the class with records, and end what runs."""
        ended = self.batch("--record", *options)
        assert ended.code == code, ended.err
        (self.running / "count").unlink()

    def record(self, learner="ada"):
        return self.folder / "out" / "records" / learner

    def checks(self, learner="ada"):
        card = load_result(self.folder / "out" / "results" / learner / "result.json")
        return {check.id: check for check in card.all_checks()}

    def journal(self):
        """Return the newest entries by learner."""
        with closing(Journal(self.folder / "out", to_read=True)) as journal:
            return journal.newest()

    def gradebook(self):
        return (self.folder / "out" / "gradebook.csv").read_bytes()

    def earned(self):
        return {name: card["score"]["earned"] for name, card in results(self.folder / "out").items()}


@pytest.fixture
def course(tmp_path):
    return Class(tmp_path)


def test_a_changed_rubric_is_applied_with_nothing_running(course):
    course.recorded()
    before = {
        learner: told(load_result(course.folder / "out" / "results" / learner / "result.json"))
        for learner in ("ada", "ben")
    }
    gradebook = course.gradebook()
    record = {file.name: file.read_bytes() for file in course.record().rglob("*.json")}
    assert course.record().parent.stat().st_mode & 0o77 == course.record().stat().st_mode & 0o77 == 0
    ended = course.batch("--regrade", "all", "--replay")
    assert ended.code == 0, ended.err
    assert "2 of 2 have a scorecard (2 of this run)." in ended.out
    for learner, card in before.items():
        assert told(load_result(course.folder / "out" / "results" / learner / "result.json")) == card
    assert course.gradebook() == gradebook
    changed = RUBRIC.replace("version: 1", "version: 2").replace("least: 3", "least: 6")
    ended = course.batch("--regrade", "rubric", "--replay", rubric=changed)
    assert ended.code == 0, ended.err
    assert course.earned() == {"ada": 6, "ben": 6}
    assert course.checks()["look"].message == "5 run."
    assert course.checks()["mute"].status == "passed"
    assert {file.name: file.read_bytes() for file in course.record().rglob("*.json")} == record
    journal = Journal(course.folder / "out", to_read=True)
    assert [entry.cause for entry in journal.history("ada")] == [
        "batch",
        "regrade all, by its record",
        "regrade rubric, by its record",
    ]
    journal.close()


def test_what_no_record_answers_is_open_and_asked_alone_afterwards(course):
    course.recorded()
    write(course.running, {"other": "4"})
    changed = RUBRIC.replace("{least: 3}", "{least: 3, at: other}")
    assert course.batch("--regrade", "rubric", "--replay", rubric=changed).code == 0
    assert course.checks()["look"].status == "not_assessed"
    assert course.checks()["mute"].status == "passed"
    assert course.batch("--regrade", "open", rubric=changed).code == 0
    assert course.checks()["look"].message == "4 run."
    assert course.checks()["mute"].status == "passed"
    # The record knows it from now on, beside what it knew before.
    (course.running / "other").unlink()
    assert course.batch("--regrade", "all", "--replay", rubric=changed).code == 0
    assert course.checks()["look"].message == "4 run."
    assert course.earned() == {"ada": 9, "ben": 9}


def test_without_a_record_the_score_of_before_stands(course):
    assert course.batch().code == 0
    assert not course.record().parent.exists()
    (course.running / "count").unlink()
    ended = course.batch("--regrade", "all", "--replay")
    assert ended.code == 3
    assert "2 could not be graded again; the score of before stands." in ended.out
    assert course.earned() == {"ada": 9, "ben": 9}
    # A part alone is no record either.
    (course.running / "count").write_text("5")
    ended = course.batch("--regrade", "check:look", "--record")
    assert ended.code == 0
    said = "Its record is not kept: only some checks were asked again, and no record holds the others. "
    assert f"ada  graded: {said}To have one: --regrade learner:ada --record" in ended.err
    assert course.journal()["ben"].message == f"{said}To have one: --regrade learner:ben --record"
    assert not course.record().exists()
    assert course.batch("--regrade", "learner:ada").code == 0
    assert course.record().is_dir()


def test_a_record_that_cannot_be_used_costs_nothing(course):
    write(course.folder / "class" / "cyd", {"README.md": "Hi\n"})
    (course.folder / "class" / "zed.zip").write_bytes(b"no archive")
    course.recorded(code=3)
    write(course.folder / "class" / "ada", {"README.md": "Else\n"})
    (course.record("ben") / "checks" / "look.json").write_text("{}")
    (course.record("cyd") / "record.json").unlink()
    ended = course.batch("--regrade", "all", "--replay")
    assert ended.code == 3
    assert "3 could not be graded again" in ended.out
    assert course.earned() == {"ada": 9, "ben": 9, "cyd": 9}
    assert "1 have handed in nothing that can be graded." in ended.out, "and no record could say more of zed"
    said = {learner: entry.message for learner, entry in course.journal().items()}
    assert "README.md is changed" in said["ada"]
    assert "the record is damaged: records/ben/checks/look.json: it was changed after it was written" in said["ben"]
    assert said["cyd"] == "There is no record of this work. Grade it again without --replay."


def test_an_appeal_is_looked_at_alone(course):
    course.recorded("--limit", "1", code=3)
    file = write_rubric(course.folder, RUBRIC)
    more = ["--rubric", file, "--plugin", course.plugin, "--replay", course.record(), "--report", "json"]
    ended = run("grade", course.folder / "class" / "ada", *more, folder=course.folder)
    assert ended.code == 0, ended.err
    assert json.loads(ended.out)["score"] == results(course.folder / "out")["ada"]["score"]
    # And the class goes on with records.
    write(course.running, {"count": "5"})
    assert course.batch().code == 0
    assert course.record("ben").is_dir()
    assert not list((course.folder / "out" / "records").glob(".*"))


@pytest.fixture
def kept(tmp_path):
    """A record: its archive, the folder of the class that is to hold it, and what stages it for `ada`."""
    rubric = load_rubric(write_rubric(tmp_path))
    work = write_submission(tmp_path, README__md="Hello\n")
    grade(work, rubric, options=GradeOptions(record=tmp_path / "kept"))
    out = tmp_path / "out"
    stage = partial(stage_record, out, "ada", pack(tmp_path / "kept"), rubric, result=b"{}", is_part=False)
    return work, rubric, out, stage


def test_a_kill_while_a_record_is_replaced_loses_none(kept):
    work, rubric, out, stage = kept
    place = out / "records" / "ada"
    take_record(out, "ada", stage(number=1))
    place.rename(place.with_name(".ada.old"))
    assert kept_record(out, "ada") is not None
    place.rename(place.with_name(".ada.old"))
    take_record(out, "ada", stage(number=2, is_part=True))
    assert [entry.name for entry in place.parent.iterdir()] == ["ada"]
    assert grade(work, rubric, options=GradeOptions(replay=place)).score.earned == 6


@pytest.mark.parametrize(
    ("results", "is_new"),
    [({}, False), ({2: b"{}"}, True), ({2: b'{"mark": 1}'}, False), ({1: b"{}"}, False)],
    ids=["killed before the entry", "killed after it", "the number went to another", "the entry of before"],
)
def test_a_staged_record_counts_only_with_its_entry_in_the_journal(kept, results, is_new):
    *_, out, stage = kept
    place = out / "records" / "ada"
    take_record(out, "ada", stage(number=1))
    (place / "before").touch()
    stage(number=2)
    settle_records(out, results.get)
    assert [entry.name for entry in place.parent.iterdir()] == ["ada"]
    assert (place / "before").exists() is not is_new


def test_a_run_killed_before_its_score_is_down_leaves_the_record_of_before(course, monkeypatch):
    course.recorded()
    (course.running / "count").write_text("1")
    before = (course.record() / "record.json").read_bytes()

    def killed(*_):
        raise KeyboardInterrupt

    monkeypatch.chdir(course.folder)
    base = ["batch", "class", "--rubric", str(write_rubric(course.folder, RUBRIC)), "--out", "out"]
    with monkeypatch.context() as patched:
        patched.setattr(Journal, "add", killed)
        assert main([*base, "--plugin", str(course.plugin), "--jobs", "1", "--regrade", "learner:ada"]) == 130
    assert len(list(course.record().parent.glob(".ada.3-*.new"))) == 1
    assert course.batch().code == 0
    assert (course.record() / "record.json").read_bytes() == before
    assert not list(course.record().parent.glob(".*"))


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda place: (place / "checks" / "readme.json").write_text("{}"), r"is damaged: records/ada/checks/readme"),
        (lambda place: (place / "record.json").unlink(), "no record holds the others"),
        (lambda place: _replace(place / "record.json", "README.md", "README"), "of other files or another seed"),
    ],
    ids=["damaged", "missing", "of other files"],
)
def test_a_part_that_no_record_completes_is_not_kept_and_says_why(kept, spoil, said):
    *_, out, stage = kept
    place = out / "records" / "ada"
    take_record(out, "ada", stage(number=1))
    spoil(place)
    with pytest.raises(NotKept, match=said):
        stage(number=2, is_part=True)
    assert [entry.name for entry in place.parent.iterdir()] == ["ada"]


def _replace(file, old, new):
    file.write_text(file.read_text().replace(old, new))


def test_a_record_from_before_1980_travels_too(tmp_path, kept):
    os.utime(tmp_path / "kept" / "record.json", (0, 0))
    assert pack(tmp_path / "kept")[:2] == b"PK"


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--replay"], "--replay without --regrade"),
        (["--replay", "--record", "--regrade", "all"], "not allowed with argument"),
        (["--replay", "--regrade", "all", "--live", "docker"], "--replay takes no --live"),
        (["--replay", "--regrade", "all", "--kube-context", "lab"], "--replay takes no --kube-context"),
        (["--replay", "--regrade", "all", "--seed", "1"], "--replay takes no --seed"),
        (["--replay", "--regrade", "all", "--refetch"], "--replay takes no --refetch"),
    ],
)
def test_wrong_use_is_said_before_anything_is_graded(course, options, said):
    ended = course.batch(*options)
    assert (ended.code, ended.out) == (2, "")
    assert said in ended.err
    assert not (course.folder / "out").exists()
