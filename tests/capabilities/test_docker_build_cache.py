"""The cache of builds, as a daemon tells of it that is busy."""

from __future__ import annotations

import tempfile

import docker.errors
import pytest

from infra_grader.capabilities import docker_build_cache
from infra_grader.capabilities.docker_build_cache import BuildCache
from infra_grader.model.outcome import NotAssessed


class Daemon:
    """A daemon that refuses to count some times, and what it is told to do at the end."""

    def __init__(self, refusals: list[str]) -> None:
        self.refusals = refusals
        self.api = self
        self.ends = []

    def df(self):
        if self.refusals:
            raise docker.errors.APIError("", explanation=self.refusals.pop(0))
        return {"BuildCache": [{"ID": "base"}]}

    def on_close(self, end):
        self.ends.append(end)

    def close(self):
        for end in self.ends:
            end()


@pytest.fixture(autouse=True)
def _place(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setattr(docker_build_cache, "PAUSE_S", 0)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))


def test_a_daemon_that_counts_for_another_is_asked_again(tmp_path):
    daemon = Daemon(["a disk usage operation is already running"] * 3)
    BuildCache(daemon)
    assert daemon.refusals == []
    daemon.close()
    assert list(tmp_path.iterdir()) == []


def test_a_daemon_that_does_not_finish_counting_is_not_waited_for_for_ever(monkeypatch):
    monkeypatch.setattr(docker_build_cache, "BUSY_S", -1)
    daemon = Daemon(["a disk usage operation is already running"])
    with pytest.raises(NotAssessed, match="already running"):
        BuildCache(daemon)


def test_another_refusal_is_told_at_once_and_leaves_nothing(tmp_path):
    daemon = Daemon(["no such thing", "no such thing"])
    with pytest.raises(NotAssessed, match="no such thing"):
        BuildCache(daemon)
    assert len(daemon.refusals) == 1
    assert list(tmp_path.iterdir()) == []
