"""The Git history that a proof's submissions get from a file."""

from __future__ import annotations

import subprocess

import pytest

from infra_grader.errors import UsageError
from infra_grader.loading.exercise_history import FILE, make_history, read_history, with_history

HISTORY = """
commits:
  - {message: First, files: {data.dvc: "1\\n"}, tags: {data-v1.0: The first data}}
  - {message: Second, tags: {data-v1.1: More data}}
"""


@pytest.fixture
def submission(tmp_path):
    folder = tmp_path / "solution"
    (folder / "bin").mkdir(parents=True)
    (folder / "data.dvc").write_text("2\n")
    (folder / "bin/run").write_text("#!/bin/sh\n")
    (folder / "bin/run").chmod(0o755)
    (folder / "link").symlink_to("data.dvc")
    return folder


def git(folder, *arguments):
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_git_reads_the_history_as_it_is_said(submission, tmp_path):
    (tmp_path / FILE).write_text(HISTORY)
    with with_history(submission, tmp_path) as copy:
        assert git(copy, "log", "--reverse", "--format=%s", "main") == "First\nSecond"
        assert git(copy, "tag", "-n1").split("\n") == ["data-v1.0       The first data", "data-v1.1       More data"]
        assert git(copy, "show", "data-v1.0:data.dvc") == "1"
        git(copy, "read-tree", "HEAD")
        assert git(copy, "status", "--porcelain") == ""  # modes and links too
        assert git(copy, "fsck", "--strict") == ""
    assert not copy.exists()
    assert not (submission / ".git").exists()


def test_the_same_history_has_the_same_commits(submission, tmp_path):
    (tmp_path / FILE).write_text(HISTORY)
    heads = []
    for _ in range(2):
        with with_history(submission, tmp_path) as copy:
            heads.append(git(copy, "rev-parse", "HEAD"))
    assert heads[0] == heads[1]


def test_without_a_file_the_submission_stays_where_it_is(submission, tmp_path):
    assert read_history(tmp_path) is None
    with with_history(submission, tmp_path) as place:
        assert place == submission


@pytest.mark.parametrize("text", ["commits: 3", "commits: [{files: {}}]", "tags: [v1]", "commits: ["])
def test_a_wrong_file_is_named(tmp_path, text):
    (tmp_path / FILE).write_text(text)
    with pytest.raises(UsageError, match=FILE):
        read_history(tmp_path)


def test_without_commits_there_is_a_repository_alone(submission, tmp_path):
    (tmp_path / FILE).write_text("commits: []\n")
    make_history(submission, read_history(tmp_path))
    assert git(submission, "tag") == ""
    assert git(submission, "symbolic-ref", "HEAD") == "refs/heads/main"
