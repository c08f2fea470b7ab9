"""A copy of a submission that programs of the machine may read: nothing in it leads out."""

from __future__ import annotations

import os
import stat

import pytest

from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading import submission_copy
from infra_grader.reading.submission_copy import copy_submission


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "submission"
    (made / "a" / "b").mkdir(parents=True)
    (made / "a" / "b" / "file.txt").write_text("text", encoding="utf-8")
    return made


def test_links_that_lead_out_are_left_and_others_stay_relative(folder, tmp_path):
    (folder / "out").symlink_to("/etc/passwd")
    (folder / "up").symlink_to("../..")
    (folder / "chain").symlink_to("out")
    (folder / "a" / "inside").symlink_to(folder / "a" / "b" / "file.txt")
    (folder / "folder").symlink_to("a/b")
    target = tmp_path / "copy"
    copy_submission(Workspace(folder), target)
    assert sorted(os.listdir(target)) == ["a", "folder"]
    assert os.readlink(target / "a" / "inside") == "b/file.txt"
    assert (target / "folder" / "file.txt").read_text(encoding="utf-8") == "text"


def test_modes_are_those_of_a_checkout(folder, tmp_path):
    (folder / "a" / "b" / "file.txt").chmod(0o600)
    (folder / "run.sh").write_text("", encoding="utf-8")
    (folder / "run.sh").chmod(0o4700)
    target = tmp_path / "copy"
    copy_submission(Workspace(folder), target)
    assert stat.S_IMODE((target / "a" / "b" / "file.txt").stat().st_mode) == 0o644
    assert stat.S_IMODE((target / "run.sh").stat().st_mode) == 0o755
    assert stat.S_IMODE((target / "a").stat().st_mode) == 0o777, "whoever a container runs as writes there"


def test_one_that_is_too_large_is_told(folder, tmp_path, monkeypatch):
    monkeypatch.setattr(submission_copy, "MAX_COPY_BYTES", 3)
    with pytest.raises(CheckFailed, match="too large"):
        copy_submission(Workspace(folder), tmp_path / "copy")
