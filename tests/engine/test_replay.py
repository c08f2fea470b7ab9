"""A grading is recorded and replayed: what was looked at is gone by then, and what is asked may have changed."""

from __future__ import annotations

import os
from decimal import Decimal
from fractions import Fraction

import msgspec
import pytest
from records import told

from infra_grader.api import GradeOptions, grade
from infra_grader.engine import openers
from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.testing import run_check

PLUGIN = '''
from __future__ import annotations
from pathlib import Path
from infra_grader.plugin import (
    CheckFailed, Context, Evidence, Handle, Measure, NotAssessed, Outcome, Params, Unavailable, all_but, check,
)

RUNNING = Path("@RUNNING@")


class Look(Params):
    least: int = 1
    at: str = "count"
    of: Handle | None = None


class Mute(Params):
    word: str = "up"
    rules: str = ""


@check("course.look", capabilities=("http",), measure="pieces")
def look(context: Context, params: Look) -> Outcome:
    """Counts what runs."""
    def make() -> int:
        if not (RUNNING / params.at).exists():
            raise CheckFailed("Nothing runs.", Evidence(path="a.txt", actual="nothing"))
        return int((RUNNING / params.at).read_text())

    seen = context.observe("count", int, make, asked=all_but(params, "least", "of"))
    outcome = Outcome.passed_if(seen >= params.least, f"{seen} run.", measure=Measure(value=seen, unit="pieces"))
    return outcome.replace(provides=(("thing", "here"),))


@check("course.mute", capabilities=("http",), measure="letters")
def mute(context: Context, params: Mute) -> Outcome:
    """Looks without saying what it sees."""
    if params.rules:
        context.rubric_file(params.rules)
    text = (RUNNING / "state").read_text()
    return Outcome.passed_if(params.word in text, f"It is {text}.", measure=Measure(value=len(text), unit="letters"))


@check("course.hidden", capabilities=("docker",))
def hidden(context: Context, params: Mute) -> Outcome:
    """Says a part of what it sees, and hides that it cannot see the rest."""
    seen = context.observe("state", str, lambda: (RUNNING / "state").read_text(), asked=())
    try:
        more = context.docker.version
    except NotAssessed:
        more = ""
    return Outcome.passed_if(bool(more) and params.word in seen, f"It is {seen}, {more}.")


@check("course.down", capabilities=("docker",))
def down(context: Context, params: Look) -> Outcome:
    """Sees nothing right, since what it looks at goes down."""
    context.observe("before", int, lambda: 0, asked=())
    raise Unavailable("It does not answer.", "Start it.")


@check("course.odd", capabilities=("http",))
def odd(context: Context, params: Look) -> Outcome:
    """Sees what no file can hold."""
    text = context.observe("text", str, lambda: "\\udcff" * params.least, asked=())
    return Outcome.passed_if(len(text) == params.least, "It is odd.", Evidence(path=text))


@check("course.twice", capabilities=("http",))
def twice(context: Context, params: Look) -> Outcome:
    """Sees two things under one name."""
    seen = [context.observe("it", int, lambda number=number: number, asked=()) for number in (1, 2)]
    return Outcome.passed_if(seen == [1, 2], f"There are {seen}.")


@check("course.secret", capabilities=("http",))
def secret(context: Context, params: Look) -> Outcome:
    """Sees a password."""
    seen = context.observe("it", list[str], lambda: ["DB_PASSWORD=hunter2", "curl http://me:hunter2@host"], asked=())
    return Outcome.passed_if(len(seen) == 2, "There it is.")


@check("course.reads")
def reads(context: Context, params: Look) -> Outcome:
    """Reads a file."""
    return Outcome.passed_if(len(context.workspace.read_text("a.txt")) >= params.least, "It was read.")
'''
RUBRIC = """\
schema: infra-grader/rubric/v1
id: taped
version: 1
title: A rubric
points: 10
pass_mark: 5
criteria:
  - id: all
    title: All
    points: 10
    checks:
"""
LOOK = "{id: look, title: Look, uses: course.look, with: {least: 3}}"
MUTE = "{id: mute, title: Mute, uses: course.mute, with: {word: up}}"
READS = "{id: reads, title: Reads, uses: course.reads}"


class FakeDaemon:
    """A daemon that is there while it is recorded."""

    version = "20.10"

    def probe(self) -> None:
        """Answer."""


class Course:
    """A rubric, a submission, and something that runs."""

    def __init__(self, folder) -> None:
        self.folder = folder
        self.running = folder / "running"
        self.running.mkdir()
        (self.running / "count").write_text("5")
        (self.running / "state").write_text("up and well")
        self.work = folder / "ada"
        self.work.mkdir()
        (self.work / "a.txt").write_text("work")
        self.plugin = folder / "course_kinds.py"
        self.plugin.write_text(PLUGIN.replace("@RUNNING@", str(self.running)))
        self.record = folder / "record"

    def grade(self, *checks: str, **options):
        rubric = self.folder / "rubric.yaml"
        rubric.write_text(RUBRIC + "".join(f"      - {check}\n" for check in checks))
        return grade(self.work, rubric, options=GradeOptions(**options), registry=Registry([self.plugin]))

    def recorded(self, *checks: str, **options):
        """Grade with a record, and end what was looked at."""
        card = self.grade(*checks, record=self.record, **options)
        for file in self.running.iterdir():
            file.unlink()
        return card

    def replayed(self, *checks: str, **options):
        return self.grade(*checks, replay=self.record, **options)


@pytest.fixture
def course(tmp_path, monkeypatch):
    monkeypatch.setitem(openers.LIVE_OPENERS, "docker", lambda _shared, *_more: FakeDaemon())
    return Course(tmp_path)


def outcome(card, check_id="look"):
    return next(check for check in card.all_checks() if check.id == check_id)


class TestTheSame:
    def test_a_replay_gives_the_same_scorecard(self, course):
        checks = (LOOK, MUTE, READS, "{id: low, title: Low, uses: course.look, with: {least: 9}}")
        then = course.recorded(*checks)
        assert then.score.earned == Decimal("7.5")
        assert told(course.replayed(*checks)) == told(then)

    def test_what_was_raised_is_raised_again(self, course):
        (course.running / "count").unlink()
        then = course.recorded(LOOK)
        assert outcome(then).message == "Nothing runs."
        assert told(course.replayed(LOOK)) == told(then)

    def test_what_was_down_costs_nothing_later_either(self, course, monkeypatch):
        monkeypatch.setattr("infra_grader.engine.attribution.PAUSE_S", 0)
        check = "{id: look, title: Look, uses: course.down}"
        then = course.recorded(check)
        assert outcome(then).status == "not_assessed"
        assert told(course.replayed(check)) == told(then)

    @pytest.mark.parametrize("kind", ["odd", "twice"])
    def test_what_no_file_can_hold_leaves_the_outcome(self, course, kind):
        check = f"{{id: look, title: Look, uses: course.{kind}}}"
        then = course.recorded(check)
        assert outcome(then).status == "passed"
        assert told(course.replayed(check)) == told(then)

    def test_a_check_that_hides_what_it_lacks_has_the_outcome_of_then(self, course, monkeypatch):
        check = "{id: look, title: Look, uses: course.hidden}"
        then = course.recorded(check)
        assert outcome(then).message == "It is up and well, 20.10."
        monkeypatch.setitem(openers.LIVE_OPENERS, "docker", lambda *_: pytest.fail("a replay opens nothing"))
        assert told(course.replayed(check)) == told(then)

    def test_what_is_too_large_leaves_the_outcome(self, course, monkeypatch):
        monkeypatch.setattr("infra_grader.engine.recorder.MAX_VALUE_BYTES", 0)
        then = course.recorded(LOOK)
        assert msgspec.json.decode((course.record / "checks" / "look.json").read_bytes())["seen"] == {}
        assert told(course.replayed(LOOK)) == told(then)

    def test_a_record_and_none_give_the_same(self, course):
        plain = course.grade(LOOK, MUTE, READS)
        assert told(course.recorded(LOOK, MUTE, READS)) == told(plain)

    def test_the_seed_is_that_of_the_record(self, course):
        then = course.recorded(LOOK, seed=42)
        assert course.replayed(LOOK).environment["seed"] == then.environment["seed"] == 42
        assert course.replayed(LOOK, seed=42).environment["seed"] == 42

    def test_what_runs_is_named_as_then(self, course):
        check = "{id: look, title: Look, uses: course.hidden}"
        course.recorded(check)
        (course.record / "record.json").write_text(
            (course.record / "record.json").read_text().replace('"tools": {}', '"tools": {"docker": "20.10"}')
        )
        assert course.replayed(check).environment["docker"] == "20.10"

    def test_nothing_that_is_generated_counts_as_work(self, course):
        course.recorded(LOOK)
        (course.work / "__pycache__").mkdir()
        (course.work / "__pycache__" / "a.pyc").write_bytes(b"\0")
        assert outcome(course.replayed(LOOK)).status == "passed"


class TestAnotherRubric:
    def test_an_expectation_is_judged_anew(self, course):
        course.recorded(LOOK)
        again = outcome(course.replayed(LOOK.replace("least: 3", "least: 6")))
        assert (again.status, again.message) == ("failed", "5 run.")

    def test_another_question_has_no_answer(self, course):
        course.recorded(LOOK)
        again = outcome(course.replayed(LOOK.replace("least: 3", "at: other")))
        assert again.status == "not_assessed"
        assert "no answer" in again.message
        assert "--record" in again.remedy

    def test_a_kind_that_says_nothing_is_held_to_its_question(self, course):
        course.recorded(MUTE)
        assert outcome(course.replayed(MUTE), "mute").status == "passed"
        assert outcome(course.replayed(MUTE.replace("word: up", "word: well")), "mute").status == "not_assessed"

    def test_an_award_table_is_applied_to_what_was_measured(self, course):
        course.recorded(MUTE[:-1] + ', award: {">= 3": 1}}')
        again = outcome(course.replayed(MUTE[:-1] + ', award: {">= 5": 0.5}}'), "mute")
        assert (again.fraction, again.own_fraction) == (Fraction(1, 2), Fraction(1))

    def test_a_file_of_the_rubric_is_part_of_the_question(self, course):
        check = MUTE.replace("word: up", "rules: rules.txt")
        (course.folder / "one.txt").write_text("one")
        (course.folder / "rules.txt").symlink_to("one.txt")
        course.recorded(check)
        assert outcome(course.replayed(check), "mute").status == "passed"
        (course.folder / "rules.txt").write_text("two")
        assert outcome(course.replayed(check), "mute").status == "not_assessed"

    def test_a_check_that_was_left_out_is_not_in_the_record(self, course):
        course.recorded(LOOK, MUTE, only=["look"])
        again = course.replayed(LOOK, MUTE)
        assert outcome(again).status == "passed"
        assert outcome(again, "mute").message == "The record does not hold this check."

    def test_what_another_check_provides_is_part_of_the_question(self, course):
        other = "{id: other, title: Other, uses: course.look, with: {least: 1}}"
        user = "{id: user, title: User, uses: course.look, with: {of: look}}"
        course.recorded(LOOK, other, user)
        assert outcome(course.replayed(LOOK, other, user), "user").status == "passed"
        moved = user.replace("of: look", "of: other")
        assert outcome(course.replayed(LOOK, other, moved), "user").status == "not_assessed"

    def test_another_kind_is_another_question(self, course):
        course.recorded(LOOK)
        assert outcome(course.replayed(MUTE.replace("id: mute", "id: look"))).status == "not_assessed"

    def test_what_only_reads_is_run_again(self, course):
        course.recorded(READS)
        again = READS[:-1] + ", with: {least: 9}}"
        assert outcome(course.replayed(again), "reads").status == "failed"


def refusal(course, **options) -> UsageError:
    with pytest.raises(UsageError) as refused:
        course.grade(LOOK, **{"replay": course.record, **options})
    assert refused.value.remedy
    return refused.value


class TestRefused:
    @pytest.mark.parametrize(
        ("change", "said"),
        [
            (lambda work: (work / "a.txt").write_text("else"), "a.txt is changed"),
            (lambda work: (work / "b.txt").write_text("new"), "b.txt is new"),
            (lambda work: (work / "a.txt").unlink(), "a.txt is gone"),
            (lambda work: (work / "a.txt").chmod(0o755), "a.txt is changed"),
            (lambda work: os.symlink("a.txt", work / "c"), "c is new"),
        ],
    )
    def test_other_files(self, course, change, said):
        course.recorded(LOOK)
        change(course.work)
        assert said in refusal(course).problem

    @pytest.mark.parametrize(
        ("damage", "said"),
        [
            (lambda record: (record / "record.json").write_text("{"), "is damaged"),
            (lambda record: (record / "record.json").write_text('{"schema": "infra-grader/record/v9"}'), "v9"),
            (lambda record: (record / "record.json").write_text('{"schema": "other"}'), "is no record"),
            (lambda record: (record / "checks" / "look.json").unlink(), "is damaged"),
            (lambda record: (record / "checks" / "look.json").write_text("{}"), "changed after it was written"),
            (lambda record: (record / "record.json").unlink(), "not whole"),
            (lambda record: record.rename(record.with_name("moved")), "holds no record"),
        ],
    )
    def test_a_record_that_is_not_whole(self, course, damage, said):
        course.recorded(LOOK)
        damage(course.record)
        assert said in refusal(course).problem

    def test_a_name_that_leads_out_of_the_record(self, course):
        course.recorded(LOOK)
        head = course.record / "record.json"
        head.write_text(head.read_text().replace('"look":', '"../look":'))
        assert "no id of a check" in refusal(course).problem

    def test_another_rubric(self, course):
        course.recorded(LOOK)
        head = course.record / "record.json"
        head.write_text(head.read_text().replace('"taped"', '"other"'))
        assert "of the rubric other" in refusal(course).problem

    def test_options_that_contradict_it(self, course):
        course.recorded(LOOK, seed=1)
        assert "the seed 1" in refusal(course, seed=2).problem
        assert "--live" in refusal(course, live="docker").problem
        assert "--sandbox" in refusal(course, sandbox="none").problem
        assert "exclude each other" in refusal(course, record=course.folder / "again").problem

    def test_a_record_of_the_learners(self, course):
        course.recorded(LOOK)
        inside = course.work / "record"
        course.record.rename(inside)
        assert "lies inside the submission" in refusal(course, replay=inside).problem
        assert "lies inside the submission" in refusal(course, replay=None, record=course.work / "x").problem
        assert not (course.work / "x").exists()

    def test_a_folder_with_something_in_it(self, course):
        course.recorded(LOOK)
        assert "holds a record already" in refusal(course, replay=None, record=course.record).problem
        assert "already" in refusal(course, replay=None, record=course.folder).problem


class TestOneCheck:
    """`run_check`, for the tests of a plugin author."""

    def ask(self, course, parameters, **options):
        kind = Registry([course.plugin]).find_kind("course.look")
        return run_check(kind.run, parameters, course.work, **options)

    def test_a_check_is_judged_again_by_what_it_saw(self, course):
        assert self.ask(course, {"least": 3}, record=course.record, seed=7).message == "5 run."
        (course.running / "count").unlink()
        assert self.ask(course, {"least": 3}, replay=course.record).status == "passed"
        assert self.ask(course, {"least": 6}, replay=course.record).message == "5 run."
        assert self.ask(course, {"at": "other"}, replay=course.record).status == "not_assessed"
        assert self.ask(course, {"least": 3}).message == "Nothing runs."

    def test_a_record_of_other_files_is_refused(self, course):
        self.ask(course, {}, record=course.record)
        (course.work / "a.txt").write_text("else")
        with pytest.raises(UsageError, match=r"a\.txt is changed"):
            self.ask(course, {}, replay=course.record)


class TestFiles:
    def test_a_record_that_was_cut_short_is_refused_and_made_anew(self, course):
        class Ended(BaseException):
            pass

        def end(_check, _outcome):
            raise Ended

        with pytest.raises(Ended):
            grade(
                course.work,
                course.folder / "rubric.yaml" if course.grade(LOOK) else "",
                options=GradeOptions(record=course.record),
                registry=Registry([course.plugin]),
                observe=end,
            )
        assert (course.record / "checks" / "look.json").is_file()
        assert "not whole" in refusal(course).problem
        course.recorded(LOOK)
        assert outcome(course.replayed(LOOK)).status == "passed"

    def test_only_the_grader_can_enter_it_and_no_part_is_left(self, course):
        course.recorded(LOOK, MUTE)
        assert course.record.stat().st_mode & 0o77 == 0
        names = sorted(path.relative_to(course.record).as_posix() for path in course.record.rglob("*"))
        assert names == ["checks", "checks/look.json", "checks/mute.json", "record.json"]

    def test_passwords_are_not_kept(self, course):
        check = "{id: look, title: Look, uses: course.secret}"
        course.recorded(check)
        kept = (course.record / "checks" / "look.json").read_text()
        assert "DB_PASSWORD" in kept
        assert "hunter2" not in kept
        assert outcome(course.replayed(check)).status == "passed"

    def test_a_record_says_what_it_is_of(self, course):
        course.recorded(LOOK, live="none")
        head = msgspec.json.decode((course.record / "record.json").read_bytes())
        assert head["schema"] == "infra-grader/record/v1"
        assert (head["rubric"], head["submission"], head["live"]) == ("taped", "ada", "none")
        assert list(head["files"]) == ["a.txt"]
