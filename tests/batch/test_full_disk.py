"""A disk that fills while a class is graded: the run stops, says so, and goes on once there is room."""

import subprocess

import pytest
from classes import results, write_class
from command_line import run

from infra_grader.engine.journal import Journal

LEARNERS = 24


@pytest.fixture
def small_disk(tmp_path):
    """A folder on a disk of its own, too small for the class."""
    place = tmp_path / "small"
    place.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=400k", "none", place], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("a disk of its own takes root: mount was refused")
    yield place
    subprocess.run(["umount", place], check=True)


def test_what_is_finished_stays_finished_and_the_rest_follows(tmp_path, small_disk):
    arguments = [*write_class(tmp_path, LEARNERS), "--out", small_disk / "out", "--jobs", 2]
    ended = run(*arguments, folder=tmp_path)
    assert ended.code == 2, ended.err
    assert "what is finished stays finished" in ended.err
    assert "Traceback" not in ended.err
    journal = Journal(small_disk / "out", to_read=True)
    done = [entry.learner for entry in journal.history()]
    journal.close()
    assert 0 < len(done) < LEARNERS
    subprocess.run(["mount", "-o", "remount,size=64m", small_disk], check=True)
    assert run(*arguments, folder=tmp_path).code == 0
    assert len(results(small_disk / "out")) == LEARNERS
    journal = Journal(small_disk / "out", to_read=True)
    graded = [entry.learner for entry in journal.history()]
    journal.close()
    assert sorted(graded) == sorted(set(graded)) == [f"l{number:02}" for number in range(LEARNERS)]
    assert graded[: len(done)] == done
