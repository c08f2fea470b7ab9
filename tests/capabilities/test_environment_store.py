"""Environments that are kept: made once, by one grader at a time, never half, and forgotten when unused."""

from __future__ import annotations

import os
import threading
import time

import pytest

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.environment_store import Store, remove, writable
from infra_grader.model.outcome import CheckFailed, NotAssessed


def make(folder):
    (folder / "bin").mkdir()
    (folder / "bin" / "python").write_text("x" * 100)
    return {"packages": ["core 1.0"]}


def never(_folder):
    raise AssertionError("it is there already")


def hold(store, key, maker=make, seconds=5.0):
    return store.hold(key, maker, Deadline(seconds))


def test_an_entry_is_made_once(tmp_path):
    store = Store(tmp_path / "environments")
    first, second = hold(store, "a"), hold(store, "a", never)
    assert (first.is_new, second.is_new) == (True, False)
    assert first.folder == second.folder == tmp_path / "environments" / "a" / "packages"
    assert second.facts == {"packages": ["core 1.0"], "bytes": 100}
    assert first.folder.stat().st_mode & 0o777 == 0o755


@pytest.mark.parametrize("fault", [CheckFailed("no"), NotAssessed("no"), Overrun(), KeyboardInterrupt()])
def test_what_fails_halfway_leaves_nothing(tmp_path, fault):
    store = Store(tmp_path)

    def fail(folder):
        make(folder)
        raise fault

    with pytest.raises(type(fault)):
        hold(store, "a", fail)
    assert not (tmp_path / "a").exists()
    assert hold(store, "a").is_new


def test_what_a_crash_left_is_made_anew(tmp_path):
    (tmp_path / "a" / "packages" / "lib").mkdir(parents=True)
    (tmp_path / "a" / "draft.json").write_text("{}")
    entry = hold(Store(tmp_path), "a")
    assert entry.is_new
    assert sorted(os.listdir(entry.folder)) == ["bin"]


@pytest.mark.parametrize("facts", ["", "{", "[]", "\xff"])
def test_damaged_facts_make_it_anew(tmp_path, facts):
    hold(Store(tmp_path), "a").release()
    (tmp_path / "a" / "facts.json").write_bytes(facts.encode("latin-1"))
    assert hold(Store(tmp_path), "a").is_new


def test_another_grader_waits_and_finds_it_made(tmp_path):
    store = Store(tmp_path)
    begun, made = threading.Event(), []

    def slowly(folder):
        begun.set()
        time.sleep(0.3)
        return make(folder)

    thread = threading.Thread(target=lambda: made.append(hold(store, "a", slowly)))
    thread.start()
    begun.wait()
    with pytest.raises(Overrun):
        hold(store, "a", never, seconds=0.05)
    assert not hold(store, "a", never).is_new
    thread.join()
    assert made[0].is_new


def test_the_ones_that_were_not_used_for_longest_are_forgotten(tmp_path):
    store = Store(tmp_path, max_entries=2)
    for age, key in enumerate(["a", "b"]):
        hold(store, key).release()
        os.utime(tmp_path / key / "facts.json", (1000 + age, 1000 + age))
    hold(store, "a", never).release()
    hold(store, "c").release()
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_dir()) == ["a", "c"]
    assert not (tmp_path / "b.lock").exists()


def test_the_size_of_all_is_bounded_and_what_is_used_stays(tmp_path):
    store = Store(tmp_path, max_bytes=250)
    used = hold(store, "a")
    for key in ("b", "c", "d"):
        hold(store, key).release()
    assert used.folder.is_dir()
    assert (tmp_path / "d").is_dir()
    assert not (tmp_path / "b").exists()


def test_a_disk_that_refuses_is_not_assessed(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(NotAssessed, match="cannot be kept"):
        hold(Store(tmp_path / "file" / "environments"), "a")

    def no_room(_folder):
        raise OSError(28, "No space left on device")

    with pytest.raises(NotAssessed, match="No space left") as verdict:
        hold(Store(tmp_path), "a", no_room)
    assert "Make room" in verdict.value.remedy
    assert not (tmp_path / "a").exists()


def test_what_was_filled_is_sealed_and_can_still_be_removed(tmp_path):
    folder = tmp_path / "a"
    folder.mkdir()
    with writable(folder):
        make(folder)
        (folder / "link").symlink_to("/etc/passwd")
    assert folder.stat().st_mode & 0o222 == 0
    assert (folder / "bin" / "python").stat().st_mode & 0o777 == 0o444
    assert os.stat("/etc/passwd").st_mode & 0o200
    remove(folder)
    assert not folder.exists()
