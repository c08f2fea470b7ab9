"""The journal of a batch: nothing finished is lost, and nothing damaged is overwritten."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from infra_grader.engine.journal import LOCK, NAME, VERSION, Entry, Journal
from infra_grader.errors import JournalError
from infra_grader.model.gradebook import State


def graded(learner, earned="50"):
    return Entry(learner=learner, cause="batch", state=State.GRADED, earned=earned, possible="100", work="abc")


@pytest.fixture
def journal(tmp_path):
    opened = Journal(tmp_path / "out")
    yield opened
    opened.close()


def test_what_is_added_is_there_when_it_is_opened_again(tmp_path):
    first = Journal(tmp_path)
    first.set_fact("rubric", "r1")
    added = first.add(graded("ada"), b'{"score": 50}')
    first.close()
    again = Journal(tmp_path)
    assert again.facts == {"rubric": "r1"}
    assert (again.fact("rubric"), again.fact("seed")) == ("r1", "")
    assert again.newest() == {"ada": added}
    assert again.result(added.number) == b'{"score": 50}'
    assert added.at.endswith("Z")
    again.close()


def test_the_newest_entry_counts_and_the_others_are_history(journal):
    for earned in ("50", "60"):
        journal.add(graded("ada", earned))
    journal.add(Entry(learner="ben", cause="batch", state=State.OPEN, message="no network"))
    assert {learner: entry.earned for learner, entry in journal.newest().items()} == {"ada": "60", "ben": ""}
    assert [entry.earned for entry in journal.history("ada")] == ["50", "60"]
    assert [entry.learner for entry in journal.history()] == ["ada", "ada", "ben"]
    assert journal.result(journal.newest()["ben"].number) is None
    assert journal.history("nobody") == []


def test_two_runs_cannot_be_at_work_in_one_folder(tmp_path, journal):
    with pytest.raises(JournalError, match=f"process {os.getpid()} on .* is at work here"):
        Journal(tmp_path / "out")
    journal.add(graded("ada"))


@pytest.mark.parametrize("content", [b"no database at all" * 100, b"SQLite format 3\0" + b"\xff" * 4080])
def test_a_damaged_journal_is_left_as_it_is(tmp_path, content):
    (tmp_path / NAME).write_bytes(content)
    with pytest.raises(JournalError, match="it is damaged"):
        Journal(tmp_path)
    assert (tmp_path / NAME).read_bytes() == content


def test_a_cut_journal_is_left_as_it_is(tmp_path):
    journal = Journal(tmp_path)
    for number in range(200):
        journal.add(graded(f"learner-{number}"), os.urandom(2000))
    journal.close()
    whole = (tmp_path / NAME).read_bytes()
    (tmp_path / NAME).write_bytes(whole[: len(whole) // 2])
    with pytest.raises(JournalError, match="it is damaged"):
        Journal(tmp_path)
    assert (tmp_path / NAME).stat().st_size == len(whole) // 2


def test_a_journal_of_a_newer_version_is_left_alone(tmp_path):
    Journal(tmp_path).close()
    with sqlite3.connect(tmp_path / NAME) as database:
        database.execute(f"PRAGMA user_version = {VERSION + 1}")
    with pytest.raises(JournalError, match="written by a newer version"):
        Journal(tmp_path)


def test_the_database_of_another_program_is_left_alone(tmp_path):
    with sqlite3.connect(tmp_path / NAME) as database:
        database.execute("CREATE TABLE theirs (x)")
    with pytest.raises(JournalError, match="no journal of infra-grader"):
        Journal(tmp_path)
    with sqlite3.connect(tmp_path / NAME) as database:
        assert database.execute("SELECT name FROM sqlite_master").fetchall() == [("theirs",)]


def test_a_locked_journal_is_said(tmp_path, monkeypatch):
    monkeypatch.setattr("infra_grader.engine.journal.BUSY_S", 0.1)
    journal = Journal(tmp_path)
    other = sqlite3.connect(tmp_path / NAME, isolation_level=None)
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(JournalError, match="another program uses it"):
        journal.add(graded("ada"))
    other.execute("ROLLBACK")
    other.close()
    assert journal.add(graded("ada")).number == 1
    journal.close()


def test_a_folder_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "out").write_text("a file")
    with pytest.raises(JournalError, match="it cannot be opened"):
        Journal(tmp_path / "out")


FULL = """
import resource, signal, sys
from pathlib import Path
from infra_grader.engine.journal import Entry, Journal
from infra_grader.model.gradebook import State
from infra_grader.errors import JournalError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
journal = Journal(Path(sys.argv[1]))
resource.setrlimit(resource.RLIMIT_FSIZE, (300_000, resource.RLIM_INFINITY))
import os
try:
    for number in range(1000):
        journal.add(Entry(learner=str(number), cause="batch", state=State.GRADED), os.urandom(5000))
        print(number, flush=True)
except JournalError as error:
    print(error.problem, error.remedy, file=sys.stderr)
    sys.exit(7)
"""


def test_a_full_disk_loses_nothing_that_was_finished(tmp_path):
    ended = subprocess.run([sys.executable, "-c", FULL, tmp_path], capture_output=True, text=True, check=False)
    assert ended.returncode == 7, ended.stderr
    assert "cannot be written" in ended.stderr
    assert "Free some space" in ended.stderr
    done = ended.stdout.split()
    assert len(done) > 10
    journal = Journal(tmp_path)
    assert set(journal.newest()) == set(done)
    journal.add(graded("later"))
    journal.close()


ADDING = """
import os, sys
from pathlib import Path
from infra_grader.engine.journal import Entry, Journal
from infra_grader.model.gradebook import State
journal = Journal(Path(sys.argv[1]))
start = len(journal.newest())
for number in range(start, 100_000):
    journal.add(Entry(learner=str(number), cause="batch", state=State.GRADED), str(number).encode() * 500)
    print(number, flush=True)
"""


def test_kill_9_at_random_moments_loses_nothing_and_repeats_nothing(tmp_path):
    said: list[str] = []
    for _ in range(8):
        with subprocess.Popen([sys.executable, "-c", ADDING, tmp_path], stdout=subprocess.PIPE, text=True) as process:
            said.append(process.stdout.readline().strip())
            time.sleep(random.uniform(0, 0.2))
            process.send_signal(signal.SIGKILL)
            said += process.stdout.read().split()
    journal = Journal(tmp_path)
    newest = journal.newest()
    assert set(said) <= set(newest)
    assert len(journal.history()) == len(newest) == 1 + max(map(int, newest))
    for learner, entry in newest.items():
        assert journal.result(entry.number) == learner.encode() * 500
    journal.close()


def test_the_lock_goes_with_its_process(tmp_path):
    (tmp_path / LOCK).write_text("process 1 on nowhere")
    journal = Journal(tmp_path)
    assert f"process {os.getpid()}" in (tmp_path / LOCK).read_text()
    journal.close()


def test_the_newest_entry_of_one_learner_is_that_of_all(tmp_path):
    journal = Journal(tmp_path)
    for learner in ("ada", "ben", "ada"):
        journal.add(Entry(learner=learner, cause="batch", state=State.OPEN))
    assert [entry.number for entry in map(journal.newest_of, ("ada", "ben")) if entry] == [3, 2]
    assert {learner: journal.newest_of(learner) for learner in ("ada", "ben")} == journal.newest()
    assert journal.newest_of("cyd") is None
    journal.close()
