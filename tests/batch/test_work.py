"""One learner's work in a worker: what of an earlier run stands, and how faults of ours and theirs are told apart."""

from decimal import Decimal

import pytest
from classes import RUBRIC, commit, write
from command_line import write_rubric

from infra_grader.api import GradeOptions, rescore
from infra_grader.batch import work
from infra_grader.batch.assignment import Assignment
from infra_grader.batch.files import FORMATS, RESULT, render_files
from infra_grader.batch.work import FETCHING, grade_one
from infra_grader.engine.marks import give
from infra_grader.loading.fetch_outcome import Extras, FetchFailed
from infra_grader.loading.fetch_work import Work
from infra_grader.loading.result_file import parse_result
from infra_grader.model.gradebook import State
from infra_grader.model.mark import Mark
from infra_grader.model.outcome import Status
from infra_grader.model.roster import Learner

CLASS = RUBRIC.format(version=1)
NEEDY = """\
schema: infra-grader/rubric/v1
id: needy
version: 1
title: Checks that need each other
points: 8
pass_mark: 1
criteria:
  - id: files
    title: Files
    points: 8
    checks:
      - {id: a, title: A, uses: file.exists, with: {paths: [a]}}
      - {id: b, title: B, uses: file.exists, with: {paths: [b]}, needs: [a]}
      - {id: c, title: C, uses: file.exists, with: {paths: [c]}, needs: [b]}
      - {id: d, title: D, uses: file.exists, with: {paths: [d]}}
"""


@pytest.fixture
def assignment(tmp_path):
    """Makes an assignment of `ada`, whose work lies in the folder `ada`."""

    def assignment(text=CLASS, **more):
        rubric = str(write_rubric(tmp_path, text, "class.yaml"))
        work._loaded.cache_clear()
        sha256 = work._loaded(rubric, ())[1].sha256
        learner = more.pop("learner", Learner(id="ada", source=str(tmp_path / "ada")))
        options = GradeOptions(sandbox="none", live="none", seed=1)
        return Assignment(learner=learner, rubric=rubric, sha256=sha256, options=options, **more)

    return assignment


def statuses(graded):
    return {check.id: check.status for check in parse_result(graded.files[RESULT], "ada").all_checks()}


def silent(what, seconds=None):
    pass


def test_each_check_that_reads_is_told_with_its_seconds(tmp_path, assignment):
    write(tmp_path / "ada", {"README.md": "Hello\n"})
    said = []
    graded = grade_one(assignment(), lambda what, seconds=None: said.append((what, seconds)))
    assert said == [
        (FETCHING, None),
        *[pair for check in ("readme", "notes", "talk") for pair in ((check, 65), ("", None))],
    ]
    assert set(graded.files) == set(FORMATS)
    assert (graded.state, graded.earned, graded.possible, graded.passed) == (State.GRADED, "4.00", "8.00", None)


def test_of_what_is_asked_again_everything_connected_is(tmp_path, assignment):
    write(tmp_path / "ada", dict.fromkeys("abcd", "x\n"))
    first = grade_one(assignment(NEEDY), silent)
    for name in ("a", "d"):
        (tmp_path / "ada" / name).rename(tmp_path / "ada" / f"{name}-gone")
    again = assignment(NEEDY, previous=first.files[RESULT], stamp=first.work)
    # The folder has changed since, so that nothing of then stands.
    assert list(statuses(grade_one(again.replace(redo=frozenset({"b"})), silent)).values()) == [
        Status.FAILED,
        Status.BLOCKED,
        Status.BLOCKED,
        Status.FAILED,
    ]
    # As if it had not: only what hangs together with `b` is asked.
    same = again.replace(redo=frozenset({"b"}), stamp=grade_one(assignment(NEEDY), silent).work)
    assert statuses(grade_one(same, silent)) == {
        "a": Status.FAILED,
        "b": Status.BLOCKED,
        "c": Status.BLOCKED,
        "d": Status.PASSED,
    }
    # And of `d` none other.
    same = same.replace(redo=frozenset({"d"}))
    assert [status.value for status in statuses(grade_one(same, silent)).values()] == ["passed"] * 3 + ["failed"]


def test_what_hangs_on_the_same_need_is_decided_together(tmp_path, assignment):
    text = NEEDY.replace("needs: [b]", "needs: [a]")
    write(tmp_path / "ada", dict.fromkeys("bcd", "x\n"))
    first = grade_one(assignment(text), silent)
    assert list(statuses(first).values()) == [Status.FAILED, Status.BLOCKED, Status.BLOCKED, Status.PASSED]
    write(tmp_path / "ada", {"a": "x\n"})
    given = assignment(text)
    again = given.replace(previous=first.files[RESULT], redo=frozenset({"b"}), stamp=grade_one(given, silent).work)
    assert set(statuses(grade_one(again, silent)).values()) == {Status.PASSED}


def test_a_persons_marks_outlive_a_new_grading_and_what_nobody_marked_does_not(tmp_path, assignment):
    write(tmp_path / "ada", {"README.md": "Hello\n"})
    text = CLASS.replace("[It was heard, It was understood]", "[It was heard], paths: [talk.md]")
    given = assignment(text)
    first = grade_one(given, silent)
    assert statuses(first)["talk"] is Status.FAILED, "there is nothing to judge"
    (tmp_path / "ada" / "talk.md").write_text("Slides\n")
    second = grade_one(given.replace(previous=first.files[RESULT], stamp=first.work), silent)
    assert statuses(second)["talk"] is Status.AWAITING
    rubric = work._loaded(given.rubric, ())[1]
    mark = Mark(learner="ada", check="talk", points=Decimal(3))
    card, _ = give(parse_result(second.files[RESULT], "ada"), rubric, [mark], by="Eve", at="2026-11-26")
    marked = render_files(rescore(card, rubric), work._loaded(given.rubric, ())[0])
    (tmp_path / "ada" / "notes.md").write_text("Notes\n")
    third = grade_one(given.replace(previous=marked[RESULT], stamp=second.work), silent)
    assert statuses(third) == {"readme": Status.PASSED, "notes": Status.PASSED, "talk": Status.PARTIAL}
    assert third.earned == "9.00"


def test_what_is_open_stays_open_where_another_check_is_asked_again(tmp_path, assignment):
    write(tmp_path / "ada", dict.fromkeys("abcd", "x\n"))
    given = assignment(NEEDY)
    left_out = given.replace(options=given.options.replace(only=("d",)))
    first = grade_one(left_out, silent)
    assert [status.value for status in statuses(first).values()] == ["not_assessed"] * 3 + ["passed"]
    again = given.replace(previous=first.files[RESULT], stamp=first.work, redo=frozenset({"d"}))
    assert statuses(grade_one(again, silent)) == statuses(first)
    opened = statuses(grade_one(again.replace(redo=frozenset({"b"})), silent))
    assert set(opened.values()) == {Status.PASSED}


def test_a_check_that_cost_a_worker_is_our_error_and_not_tried_again(tmp_path, assignment):
    write(tmp_path / "ada", {"README.md": "Hello\n"})
    graded = grade_one(assignment(lost={"readme": "its worker was ended by SIGKILL"}), silent)
    card = parse_result(graded.files[RESULT], "ada")
    check = next(check for check in card.all_checks() if check.id == "readme")
    assert check.status is Status.ERROR
    assert "SIGKILL" in check.message
    assert card.score.provisional


def test_a_rubric_that_differs_on_a_worker_is_not_graded_by(tmp_path, assignment):
    write(tmp_path / "ada", {})
    graded = grade_one(assignment().replace(sha256="0" * 64), silent)
    assert graded.state is State.OPEN
    assert "another one on this worker" in graded.message


def test_what_has_failed_on_our_side_is_fetched_again_with_patience(tmp_path, assignment, monkeypatch):
    waited, asked = [], []
    monkeypatch.setattr(work.time, "sleep", waited.append)

    def fails_twice(learner, folder, command, **options):
        asked.append(folder)
        if len(asked) < 3:
            raise FetchFailed("No route.", "Fetch again later.", is_ours=True)
        return fetched(learner, folder, command, **options)

    fetched = work.fetch_work
    monkeypatch.setattr(work, "fetch_work", fails_twice)
    write(tmp_path / "ada", {})
    assert grade_one(assignment(), silent).state is State.GRADED
    assert waited == list(work.WAITS_S)
    assert len(set(asked)) == 3
    asked.clear()
    monkeypatch.setattr(work, "WAITS_S", (1.0,))
    graded = grade_one(assignment(), silent)
    assert (graded.state, graded.message) == (State.OPEN, "No route. Fetch again later.")


def test_what_has_failed_on_theirs_is_not_asked_twice(tmp_path, assignment, monkeypatch):
    monkeypatch.setattr(work.time, "sleep", lambda seconds: pytest.fail("it waits for nothing"))
    graded = grade_one(assignment(learner=Learner(id="ada", source=(tmp_path / "gone").as_uri())), silent)
    assert graded.state is State.ABSENT
    assert "Make it, push to it" in graded.message


def test_nothing_that_was_fetched_is_left_behind(tmp_path, assignment, monkeypatch):
    commit(tmp_path / "ada", {"README.md": "Hello\n"})
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    assert grade_one(assignment(), silent).state is State.GRADED
    assert list((tmp_path / "temporary").iterdir()) == []


def test_what_is_gone_since_costs_nobody_the_score(tmp_path, assignment, monkeypatch):
    write(tmp_path / "ada", {"README.md": "Hello\n"})
    private, gone = "Submodule a: it is private.", "Submodule b\n: there is nothing."
    notices = [private]

    def fetch(*_args, **_more):
        return Work(folder=tmp_path / "ada", stamp="c0ffee", notices=tuple(notices))

    monkeypatch.setattr(work, "fetch_work", fetch)
    plain = grade_one(assignment(), silent)
    given = assignment(extras=Extras(submodules=True), stamp="c0ffee")
    # Graded without submodules before: none of them was ever there.
    first = grade_one(given.replace(previous=plain.files[RESULT]), silent)
    assert (first.state, first.message) == (State.GRADED, f"Not fetched: {private}")
    again = given.replace(previous=first.files[RESULT])
    assert grade_one(again, silent).state is State.GRADED
    notices.append(gone)
    ended = grade_one(again, silent)
    assert (ended.state, ended.files) == (State.OPEN, {})
    assert ended.message.startswith(r"It was graded with what is gone by now: Submodule b\n: there is nothing. Have it")
    # Other work, and work that lacked it all the time, is graded.
    assert grade_one(again.replace(stamp="decade"), silent).state is State.GRADED
    both = grade_one(given, silent)
    assert grade_one(given.replace(previous=both.files[RESULT]), silent).state is State.GRADED
    notices.pop(0)
    assert grade_one(given.replace(previous=both.files[RESULT]), silent).state is State.GRADED
