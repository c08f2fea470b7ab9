"""A class graded through the command line: what comes out, what stands, and what a second run does."""

import csv
import json
import os
import signal
import subprocess
import sys
import time

import pytest
from classes import HARM_CHECK, HARMFUL, RUBRIC, commit, results, write, write_roster
from command_line import environment, run, write_rubric

from infra_grader.engine.journal import Journal
from infra_grader.model.gradebook import State

GOOD = {"README.md": "Hello\n", "notes.md": "Notes\n"}


@pytest.fixture
def rubric(tmp_path):
    return write_rubric(tmp_path, RUBRIC.format(version=1), "class.yaml")


@pytest.fixture
def grade(tmp_path, rubric):
    """Runs `batch` over a roster into `out`."""

    def grade(roster, *arguments, **more):
        base = ["batch", roster, "--rubric", rubric, "--out", tmp_path / "out", "--sandbox", "none", "--jobs", "2"]
        return run(*base, *arguments, folder=tmp_path, **more)

    return grade


def entries(tmp_path, learner=""):
    journal = Journal(tmp_path / "out", to_read=True)
    try:
        return [(entry.learner, entry.cause, entry.state, entry.earned) for entry in journal.history(learner)]
    finally:
        journal.close()


def marks(tmp_path):
    with (tmp_path / "out" / "gradebook.csv").open(newline="", encoding="utf-8-sig") as stream:
        return list(csv.DictReader(stream))


def test_a_folder_of_submissions_becomes_a_gradebook(tmp_path, grade):
    write(tmp_path / "class" / "ada", GOOD)
    write(tmp_path / "class" / "ben", {"README.md": "Hi\n"})
    write(tmp_path / "class" / "cyd", {})
    ended = grade(tmp_path / "class")
    assert ended.code == 0, ended.err
    assert "3 of 3 have a scorecard (3 of this run)." in ended.out
    assert {name: card["score"]["earned"] for name, card in results(tmp_path / "out").items()} == {
        "ada": 6,
        "ben": 4,
        "cyd": 0,
    }
    assert [row["id"] for row in marks(tmp_path)] == ["ada", "ben", "cyd"]
    for name in ("feedback.html", "junit.xml", "result.json"):
        assert (tmp_path / "out" / "results" / "ada" / name).stat().st_size > 100
    assert "</html>" in (tmp_path / "out" / "class.html").read_text(encoding="utf-8")


def test_a_second_run_grades_nobody_again(tmp_path, grade):
    write(tmp_path / "class" / "ada", GOOD)
    assert grade(tmp_path / "class").code == 0
    before = (tmp_path / "out" / "results" / "ada" / "result.json").read_bytes()
    page = (tmp_path / "out" / "class.html").stat().st_mtime_ns
    ended = grade(tmp_path / "class")
    assert (ended.code, ended.err) == (0, "")
    assert "1 of 1 have a scorecard (0 of this run)." in ended.out
    assert (tmp_path / "out" / "results" / "ada" / "result.json").read_bytes() == before
    assert (tmp_path / "out" / "class.html").stat().st_mtime_ns == page
    assert len(entries(tmp_path)) == 1


def test_who_joins_the_roster_is_graded_and_who_leaves_is_told(tmp_path, grade):
    write(tmp_path / "class" / "ada", GOOD)
    grade(tmp_path / "class")
    write(tmp_path / "next" / "ben", GOOD)
    ended = grade(tmp_path / "next")
    assert "1 of 1 have a scorecard (1 of this run)." in ended.out
    assert "1 with a result are no longer on the roster" in ended.out
    assert [row["id"] for row in marks(tmp_path)] == ["ben"]
    assert [entry[0] for entry in entries(tmp_path)] == ["ada", "ben"]


def test_missing_files_are_written_again_from_the_journal(tmp_path, grade):
    write(tmp_path / "class" / "ada", GOOD)
    grade(tmp_path / "class")
    files = tmp_path / "out" / "results" / "ada"
    kept = {name: (files / name).read_bytes() for name in ("feedback.html", "junit.xml", "result.json")}
    for name in kept:
        (files / name).unlink()
    assert grade(tmp_path / "class").code == 0
    assert {name: (files / name).read_bytes() for name in kept} == kept
    (files / "result.json").write_bytes(b"")  # as a power cut leaves it
    grade(tmp_path / "class")
    assert (files / "result.json").read_bytes() == kept["result.json"]


def test_what_cannot_be_fetched_says_whose_turn_it_is(tmp_path, grade):
    work = tmp_path / "work"
    commit(work / "ada", GOOD)
    (tmp_path / "empty").mkdir()
    subprocess.run(["git", "init", "--quiet", tmp_path / "empty"], check=True)
    roster = write_roster(
        tmp_path / "class.csv",
        [
            {"id": "ada", "source": (work / "ada").as_uri()},
            {"id": "ben", "source": (work / "nowhere").as_uri()},
            {"id": "cyd", "source": (tmp_path / "empty").as_uri()},
        ],
    )
    ended = grade(roster)
    assert ended.code == 3
    assert "class.csv:3: source: There is nothing to fetch" in ended.err
    assert "2 have handed in nothing that can be graded." in ended.out
    states = {row["id"]: row["state"] for row in marks(tmp_path)}
    assert states == {"ada": "graded", "ben": "absent", "cyd": "absent"}
    commit(work / "nowhere", GOOD)
    ended = grade(roster)
    assert "2 of 3 have a scorecard (1 of this run)." in ended.out
    assert [entry[2] for entry in entries(tmp_path, "ben")] == [State.ABSENT, State.GRADED]


def test_the_last_commit_before_the_work_is_due_counts(tmp_path, grade):
    work = tmp_path / "work" / "ada"
    first = commit(work, {"README.md": "Hello\n"}, at="2026-11-01T12:00:00Z")
    second = commit(work, {"notes.md": "Notes\n"}, at="2026-11-02T12:00:00Z")
    rows = [
        {"id": "ada", "source": work.as_uri(), "due": "2026-11-01T18:00Z", "extension_hours": ""},
        {"id": "ben", "source": work.as_uri(), "due": "2026-11-01T18:00Z", "extension_hours": "24"},
        {"id": "cyd", "source": work.as_uri(), "due": "2026-10-01", "extension_hours": ""},
    ]
    ended = grade(write_roster(tmp_path / "class.csv", rows), "--timezone", "UTC")
    cards = results(tmp_path / "out")
    assert {name: card["submission"]["commit"] for name, card in cards.items()} == {"ada": first, "ben": second}
    assert cards["ben"]["submission"]["submitted"] == "2026-11-02T12:00:00Z"
    assert cards["ben"]["submission"]["due"] == "2026-11-02T18:00:00Z"
    assert "No commit was made until" in ended.err
    assert ended.code == 3


def test_late_work_counts_at_its_cost_where_a_policy_says_so(tmp_path, grade):
    work = tmp_path / "work" / "ada"
    commit(work, {"README.md": "Hello\n"}, at="2026-11-01T12:00:00Z")
    late = commit(work, {"notes.md": "Notes\n"}, at="2026-11-03T12:00:00Z")
    rows = [{"id": "ada", "source": work.as_uri(), "due": "2026-11-02T00:00Z"}]
    ended = grade(write_roster(tmp_path / "class.csv", rows), "--late", "per-day=10%,cap=50%")
    assert ended.code == 0, ended.err
    card = results(tmp_path / "out")["ada"]
    assert card["submission"]["commit"] == late
    assert (card["score"]["earned"], card["score"]["penalty"]) == (4.8, 1.2)
    assert "1 day" in card["penalties"][0]["title"]
    assert marks(tmp_path)[0]["penalty"] == "1.2"
    assert "--late has changed since" in grade(tmp_path / "class.csv").err


def test_what_is_graded_again_is_the_commit_of_then(tmp_path, grade):
    work = tmp_path / "work" / "ada"
    first = commit(work, {"README.md": "Hello\n"})
    roster = write_roster(tmp_path / "class.csv", [{"id": "ada", "source": work.as_uri()}])
    grade(roster)
    second = commit(work, {"notes.md": "Notes\n"}, at="2026-11-05T12:00:00Z")
    ended = grade(roster, "--regrade", "learner:ada")
    assert ended.code == 0, ended.err
    assert results(tmp_path / "out")["ada"]["submission"]["commit"] == first
    grade(roster, "--regrade", "learner:ada", "--refetch")
    card = results(tmp_path / "out")["ada"]
    assert (card["submission"]["commit"], card["score"]["earned"]) == (second, 6)
    assert [(cause, earned) for _, cause, _, earned in entries(tmp_path)] == [
        ("batch", "4.00"),
        ("regrade learner:ada", "4.00"),
        ("regrade learner:ada", "6.00"),
    ]


def test_a_rubric_that_has_changed_is_refused_unless_those_before_are_graded_again(tmp_path, grade, rubric):
    write(tmp_path / "class" / "ada", GOOD)
    grade(tmp_path / "class")
    rubric.write_text(RUBRIC.format(version=2).replace("weight: 2", "weight: 5"))
    write(tmp_path / "class" / "ben", {"README.md": "Hi\n"})
    refused = grade(tmp_path / "class")
    assert refused.code == 2
    assert "the rubric has changed since" in refused.err
    assert "--regrade rubric" in refused.err
    assert len(entries(tmp_path)) == 1
    assert grade(tmp_path / "class", "--regrade", "rubric").code == 3
    assert grade(tmp_path / "class").code == 0
    assert {name: card["rubric"]["version"] for name, card in results(tmp_path / "out").items()} == {"ada": 2, "ben": 2}
    assert [entry[:2] for entry in entries(tmp_path)] == [
        ("ada", "batch"),
        ("ada", "regrade rubric"),
        ("ben", "batch"),
    ]


def test_what_cannot_be_graded_again_keeps_its_score(tmp_path, grade):
    work = tmp_path / "work" / "ada"
    commit(work, GOOD)
    commit(tmp_path / "work" / "ben", GOOD)
    rows = [{"id": name, "source": (tmp_path / "work" / name).as_uri()} for name in ("ada", "ben")]
    roster = write_roster(tmp_path / "class.csv", rows)
    assert grade(roster).code == 0
    work.rename(tmp_path / "gone")
    ended = grade(roster, "--regrade", "all")
    assert ended.code == 3, ended.err
    assert "1 could not be graded again; the score of before stands." in ended.out
    assert "ada  absent: There is nothing to fetch" in ended.err
    assert results(tmp_path / "out")["ada"]["score"]["earned"] == 6
    assert [row["state"] for row in marks(tmp_path)] == ["graded", "graded"]
    first, second = entries(tmp_path, "ada")
    assert first[2:] == second[2:]
    assert second[1] == "regrade all failed"
    assert grade(roster).code == 0


def test_other_options_are_another_measure_and_grading_again_by_them_can_be_gone_on_with(tmp_path, grade):
    for name in ("ada", "ben"):
        write(tmp_path / "class" / name, {"README.md": "Hello\n"})
    grade(tmp_path / "class")
    other = ["--unassessed", "zero"]
    assert "--unassessed has changed since" in grade(tmp_path / "class", *other).err
    ended = grade(tmp_path / "class", *other, "--regrade", "rubric", "--limit", 1)
    assert "1 were graded by another version of the rubric, or otherwise" in ended.out
    ended = grade(tmp_path / "class", *other, "--regrade", "rubric")
    assert "(1 of this run)" in ended.out
    assert "otherwise" not in ended.out
    assert [entry[:2] for entry in entries(tmp_path)[2:]] == [("ada", "regrade rubric"), ("ben", "regrade rubric")]


def test_another_seed_is_another_measure_unless_none_is_named(tmp_path, grade):
    for name in ("ada", "ben"):
        write(tmp_path / "class" / name, GOOD)
    assert grade(tmp_path / "class", "--seed", 7).code == 0
    refused = grade(tmp_path / "class", "--seed", 8)
    assert (refused.code, "--seed has changed since" in refused.err) == (2, True)
    assert grade(tmp_path / "class", "--seed", 8, "--regrade", "check:readme").code == 2
    assert grade(tmp_path / "class", "--seed", 7).code == 0
    assert len(entries(tmp_path)) == 2, "nobody was graded again"
    grade(tmp_path / "class", "--seed", 8, "--regrade", "rubric", "--limit", 1)
    ended = grade(tmp_path / "class", "--regrade", "rubric")
    assert "otherwise" not in ended.out
    assert [entry[:2] for entry in entries(tmp_path)[2:]] == [("ada", "regrade rubric"), ("ben", "regrade rubric")]
    assert "--seed has changed since" in grade(tmp_path / "class", "--seed", 7).err


def test_one_check_is_asked_again_and_the_others_stand(tmp_path, grade):
    write(tmp_path / "class" / "ada", {"README.md": "Hello\n"})
    grade(tmp_path / "class", "--only", "notes")
    card = results(tmp_path / "out")["ada"]
    assert [check["status"] for check in card["criteria"][0]["checks"]] == ["not_assessed", "failed"]
    refused = grade(tmp_path / "class")
    assert "--only has changed since" in refused.err
    ended = grade(tmp_path / "class", "--only", "notes", "--regrade", "check:notes")
    assert ended.code == 0, ended.err
    assert grade(tmp_path / "class", "--only", "notes", "--regrade", "check:nots").code == 2


def test_the_order_of_the_roster_and_the_number_of_workers_change_nothing(tmp_path, rubric):
    sources = [write(tmp_path / "class" / f"l{number}", GOOD if number % 2 else {}) for number in range(6)]
    rows = [{"id": source.name, "source": str(source)} for source in sources]
    for name, order, jobs in (("one", rows, 1), ("two", rows[::-1], 3)):
        roster = write_roster(tmp_path / f"{name}.csv", order)
        arguments = ["--rubric", rubric, "--out", tmp_path / name, "--jobs", jobs, "--seed", 7, "--sandbox", "none"]
        assert run("batch", roster, *arguments, folder=tmp_path).code == 0
    assert results(tmp_path / "one") == results(tmp_path / "two")


def test_a_submission_that_harms_its_worker_costs_nobody_else_anything(tmp_path):
    rubric = write_rubric(
        tmp_path, RUBRIC.format(version=1).replace("  - id: talk\n", f"{HARM_CHECK}  - id: talk\n", 1)
    )
    (tmp_path / "harm.py").write_text(HARMFUL)
    for name, harm in (("ada", ""), ("ben", "spin"), ("cyd", "die"), ("dee", "")):
        write(tmp_path / "class" / name, {**GOOD, "harm": harm})
    arguments = ["--rubric", rubric, "--out", tmp_path / "out", "--jobs", 2, "--plugin", tmp_path / "harm.py"]
    ended = run("batch", tmp_path / "class", *arguments, "--sandbox", "none", folder=tmp_path)
    assert ended.code == 0, ended.err
    cards = results(tmp_path / "out")
    checks = {name: card["criteria"][0]["checks"][2] for name, card in cards.items()}
    assert {name: check["status"] for name, check in checks.items()} == {
        "ada": "passed",
        "ben": "error",
        "cyd": "error",
        "dee": "passed",
    }
    assert "worker was lost at this check" in checks["ben"]["message"]
    assert "SIGKILL" in checks["cyd"]["message"]
    for card in cards.values():
        assert [check["status"] for check in card["criteria"][0]["checks"][:2]] == ["passed", "passed"]


def test_a_class_without_a_wall_has_to_be_asked_for_twice(tmp_path, grade):
    write(tmp_path / "class" / "ada", GOOD)
    refused = grade(tmp_path / "class", "--sandbox", "host")
    assert refused.code == 2
    assert "--allow-host" in refused.err
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--regrade", "everything"], "names nothing that can be graded again"),
        (["--regrade", "learner"], "is not complete"),
        (["--regrade", "open:x"], "names too much"),
        (["--regrade", "learner:bem"], "Did you mean ben?"),
        (["--executor", "slurm"], "no executor slurm"),
        (["--executor", "local=here"], "takes no address"),
        (["--late", "per-year=10%"], "per-day"),
        (["--jobs", "0"], "no number from 1"),
        (["--only", "nothing"], "no check and no tag"),
        (["--sandbox", "cage"], "no sandbox cage"),
        (["--live", "moon"], "--live knows no moon"),
    ],
)
def test_wrong_use_is_said_before_anything_is_graded(tmp_path, grade, arguments, said):
    write(tmp_path / "class" / "ben", GOOD)
    ended = grade(tmp_path / "class", *arguments)
    assert ended.code == 2
    assert said in ended.err
    assert not (tmp_path / "out" / "results").exists()


def test_problems_of_the_roster_are_listed_together(tmp_path, grade):
    rows = [{"id": "a/b", "source": "nowhere"}, {"id": "ada", "source": "."}, {"id": "ada", "source": "."}]
    ended = grade(write_roster(tmp_path / "class.csv", rows))
    assert ended.code == 2
    assert "class.csv:2:" in ended.err
    assert "class.csv:4:" in ended.err
    assert not (tmp_path / "out").exists()


def test_a_roster_is_only_looked_at_with_check(tmp_path, grade):
    commit(tmp_path / "work" / "ada", GOOD)
    rows = [{"id": "ada", "source": (tmp_path / "work" / "ada").as_uri()}, {"id": "ben", "source": "file:///nowhere"}]
    ended = grade(write_roster(tmp_path / "class.csv", rows), "--check")
    assert ended.code == 2
    assert "2 learners, 1 repositories that cannot be reached" in ended.err
    assert not (tmp_path / "out").exists()


def test_where_no_repository_can_be_reached_nothing_is_begun(tmp_path, grade):
    rows = [{"id": name, "source": f"file:///nowhere/{name}"} for name in ("ada", "ben")]
    ended = grade(write_roster(tmp_path / "class.csv", rows))
    assert ended.code == 2
    assert "none of the repositories can be reached" in ended.err
    assert entries(tmp_path) == []


def test_a_run_of_at_most_so_many_is_gone_on_with(tmp_path, grade):
    for number in range(5):
        write(tmp_path / "class" / f"l{number}", GOOD)
    ended = grade(tmp_path / "class", "--limit", 2)
    assert ended.code == 3
    assert "2 of 5 have a scorecard (2 of this run)." in ended.out
    assert "3 were not looked at: run again." in ended.out
    assert grade(tmp_path / "class").code == 0
    assert len(entries(tmp_path)) == 5


def test_those_who_were_not_tried_yet_come_first(tmp_path, grade):
    commit(tmp_path / "work" / "ben", GOOD)
    rows = [{"id": name, "source": (tmp_path / "work" / name).as_uri()} for name in ("ada", "ben")]
    roster = write_roster(tmp_path / "class.csv", rows)
    assert [grade(roster, "--limit", 1).code for _ in range(2)] == [3, 3]
    assert [entry[0] for entry in entries(tmp_path)] == ["ada", "ben"]


def test_grading_again_in_parts_grades_nobody_twice(tmp_path, grade):
    for number in range(3):
        write(tmp_path / "class" / f"l{number}", GOOD)
    assert grade(tmp_path / "class").code == 0
    for left in (2, 1):
        ended = grade(tmp_path / "class", "--regrade", "all", "--limit", 1)
        assert "1 of 1" in ended.err, left
    assert "(1 of this run)" in grade(tmp_path / "class", "--regrade", "all").out
    again = [entry[0] for entry in entries(tmp_path) if entry[1] == "regrade all"]
    assert again == ["l0", "l1", "l2"]
    assert "(3 of this run)" in grade(tmp_path / "class", "--regrade", "all").out, "done, so it begins anew"


def test_where_only_unreachable_repositories_are_left_the_class_is_still_written(tmp_path, grade):
    write(tmp_path / "work", GOOD)
    rows = [{"id": "ada", "source": str(tmp_path / "work")}]
    rows += [{"id": name, "source": f"file:///nowhere/{name}"} for name in ("ben", "cyd")]
    roster = write_roster(tmp_path / "class.csv", rows)
    assert grade(roster).code == 3
    for name in ("gradebook.csv", "results/ada/result.json"):
        (tmp_path / "out" / name).unlink()
    ended = grade(roster)
    assert ended.code == 3, ended.err
    assert [row["state"] for row in marks(tmp_path)] == ["graded", "absent", "absent"]
    assert (tmp_path / "out" / "results" / "ada" / "result.json").exists()


def test_a_row_that_has_changed_is_told(tmp_path, grade):
    write(tmp_path / "work", GOOD)
    rows = [{"id": name, "source": str(tmp_path / "work"), "due": "2026-11-01T18:00Z"} for name in ("ada", "ben")]
    grade(write_roster(tmp_path / "class.csv", rows))
    rows[1]["due"] = "2026-11-02T18:00Z"
    ended = grade(write_roster(tmp_path / "class.csv", rows))
    assert "the row of ben has changed since; to count it: --regrade learner:ben" in ended.err
    assert "the row of ada" not in ended.err


def test_a_journal_that_was_cut_short_is_not_begun_anew(tmp_path, grade):
    write(tmp_path / "class" / "ada", GOOD)
    grade(tmp_path / "class")
    (tmp_path / "out" / "journal.sqlite").write_bytes(b"")
    for name in ("journal.sqlite-wal", "journal.sqlite-shm"):
        (tmp_path / "out" / name).unlink(missing_ok=True)
    before = results(tmp_path / "out")
    ended = grade(tmp_path / "class")
    assert ended.code == 2
    assert "the journal that they belong to is empty" in ended.err
    assert results(tmp_path / "out") == before
    assert run("gradebook", tmp_path / "out", folder=tmp_path).code == 2


def test_a_roster_in_the_folder_of_results_is_refused(tmp_path, grade):
    write(tmp_path / "class" / "ada", GOOD)
    grade(tmp_path / "class")
    ended = grade(tmp_path / "out" / "gradebook.csv")
    assert ended.code == 2
    assert "Name another folder with --out" in ended.err


def test_without_git_it_is_said_what_to_install(tmp_path, grade):
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "sh").symlink_to("/bin/sh")
    roster = write_roster(tmp_path / "class.csv", [{"id": "ada", "source": "file:///nowhere"}])
    ended = grade(roster, PATH=str(tmp_path / "bin"))
    assert ended.code == 2
    assert "apt-get install git" in ended.err


def test_two_instructors_cannot_run_over_each_other(tmp_path, grade):
    write(tmp_path / "class" / "ada", GOOD)
    held = Journal(tmp_path / "out")
    try:
        ended = grade(tmp_path / "class")
    finally:
        held.close()
    assert ended.code == 2
    assert "is at work here" in ended.err


def test_ctrl_c_keeps_what_is_done_and_says_how_to_go_on(tmp_path, rubric):
    for number in range(40):
        write(tmp_path / "class" / f"l{number:02}", GOOD)
    command = [sys.executable, "-P", "-m", "infra_grader", "batch", str(tmp_path / "class"), "--rubric", str(rubric)]
    command += ["--out", str(tmp_path / "out"), "--sandbox", "none", "--jobs", "2"]
    running = subprocess.Popen(
        command, cwd=tmp_path, env=environment(tmp_path), stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    running.stderr.readline()
    os.kill(running.pid, signal.SIGINT)
    _, err = running.communicate(timeout=60)
    assert running.returncode == 130
    assert "the same command goes on from there" in err
    done = len(entries(tmp_path))
    assert 1 <= done <= 40
    ended = run(*command[4:], folder=tmp_path)
    assert ended.code == 0
    assert sorted(entry[0] for entry in entries(tmp_path)) == [f"l{number:02}" for number in range(40)]


def test_what_cannot_be_written_stops_the_run_and_loses_nothing(tmp_path, grade):
    for number in range(3):
        write(tmp_path / "class" / f"l{number}", GOOD)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results").write_text("a file where the folder should be")
    ended = grade(tmp_path / "class")
    assert ended.code == 2
    assert "cannot be written" in ended.err
    assert "what is finished stays finished" in ended.err
    (tmp_path / "out" / "results").unlink()
    assert grade(tmp_path / "class").code == 0
    assert len(entries(tmp_path)) == 3
    assert len(results(tmp_path / "out")) == 3


def test_a_terminal_is_told_how_far_the_class_is(tmp_path, rubric):
    for number in range(3):
        write(tmp_path / "class" / f"l{number}", GOOD)
    primary, secondary = os.openpty()
    command = [sys.executable, "-P", "-m", "infra_grader", "batch", str(tmp_path / "class"), "--rubric", str(rubric)]
    command += ["--out", str(tmp_path / "out"), "--sandbox", "none"]
    running = subprocess.Popen(
        command,
        cwd=tmp_path,
        env=environment(tmp_path, TERM="xterm", COLUMNS="80"),
        stderr=secondary,
        stdout=subprocess.DEVNULL,
    )
    os.close(secondary)
    shown = b""
    until = time.monotonic() + 60
    while time.monotonic() < until:
        try:
            if not (piece := os.read(primary, 4096)):
                break
        except OSError:  # the terminal's other end is closed
            break
        shown += piece
    assert running.wait(timeout=60) == 0
    os.close(primary)
    assert b"3 of 3, 3 passing, 0 s left" in shown
    assert shown.endswith(b"\x1b[K")


def test_help_names_every_way_to_grade_again(tmp_path):
    ended = run("batch", "--help", folder=tmp_path)
    assert ended.code == 0
    for word in ("learner:ID", "check:ID", "--refetch", "--allow-host", "dask"):
        assert word in ended.out


def test_a_result_names_the_learner_as_the_roster_does(tmp_path, grade):
    write(tmp_path / "work", GOOD)
    rows = [{"id": "ada", "name": "Ada L.", "source": str(tmp_path / "work"), "group": "7"}]
    assert grade(write_roster(tmp_path / "class.csv", rows)).code == 0
    card = json.loads((tmp_path / "out" / "results" / "ada" / "result.json").read_text())
    assert card["submission"] == {
        "id": "ada",
        "path": str(tmp_path / "work"),
        "root": ".",
        "commit": None,
        "dirty": False,
    }
    assert marks(tmp_path)[0]["group"] == "7"
