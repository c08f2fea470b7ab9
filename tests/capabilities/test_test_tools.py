from __future__ import annotations

import importlib.metadata
import stat
import subprocess
import sys

import pytest

from infra_grader.capabilities import test_tools as module
from infra_grader.model.outcome import NotAssessed


@pytest.fixture
def make(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return module.test_tools.__wrapped__


def test_the_folder_holds_a_pytest_that_runs_without_anything_else(make, tmp_path):
    tools = make()
    code = f"import sys; sys.path.insert(0, {str(tools.folder)!r}); import pytest, coverage; print(pytest.__file__)"
    ended = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=True)
    assert ended.stdout.strip() == f"{tools.folder}/pytest/__init__.py"


def test_everybody_can_read_it_and_nobody_can_write(make):
    modes = [stat.S_IMODE(place.stat().st_mode) for place in make().folder.rglob("*")]
    assert set(modes) == {0o755, 0o444}
    assert stat.S_IMODE(make().folder.stat().st_mode) == 0o755


def test_it_is_put_together_once(make):
    before = make().folder.stat()
    assert make().folder.stat().st_ctime_ns == before.st_ctime_ns
    assert [place.name for place in make().folder.parent.iterdir()] == [make().folder.name]


def test_a_folder_that_others_can_write_is_not_trusted(make):
    folder = make().folder
    folder.chmod(0o777)
    assert make().folder != folder


def test_a_cache_that_cannot_be_written_is_done_without(make, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    assert (make().folder / "pytest").is_dir()


def test_without_pytest_nothing_is_assessed(make, monkeypatch):
    def version(name):
        raise importlib.metadata.PackageNotFoundError(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(NotAssessed) as told:
        make()
    assert told.value.reason == "pytest is not installed beside infra-grader."
    assert "infra-grader[pytest]" in told.value.remedy
