import os
import subprocess
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

import pytest

from infra_grader.capabilities.command import MAX_MEMORY_BYTES, MAX_OUTPUT_BYTES, Command
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.model.outcome import NotAssessed


@pytest.fixture
def command():
    opened = Command()
    yield opened
    opened.close()


def sh(command, script, seconds=30, **more):
    return command.run(["/bin/sh", "-c", script], Deadline(seconds), **more)


def test_output_and_exit_status_are_kept_together(command):
    output = sh(command, "echo out; echo err >&2; exit 3")
    assert (output.stdout, output.stderr, output.exit_status, output.is_cut) == ("out\n", "err\n", 3, False)


def test_the_environment_is_ours(command, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "hunter2")
    monkeypatch.setenv("PYTHONPATH", "/somewhere")
    output = sh(command, "env; pwd")
    assert "hunter2" not in output.stdout
    assert "PYTHONPATH" not in output.stdout
    assert str(command.scratch) in output.stdout


def test_endless_output_is_cut_and_drained(command):
    output = command.run(
        [sys.executable, "-c", f"import sys; sys.stdout.write('x' * {MAX_OUTPUT_BYTES + 10})"], Deadline(60)
    )
    assert output.is_cut
    assert len(output.stdout) == MAX_OUTPUT_BYTES
    assert output.exit_status == 0


def test_a_tool_that_never_ends_overruns_and_is_killed_with_its_children(command, tmp_path):
    started = time.monotonic()
    with pytest.raises(Overrun):
        sh(command, "trap '' TERM INT; (trap '' TERM; sleep 60) & echo $! > child; wait", 0.5, folder=tmp_path)
    assert time.monotonic() - started < 20
    child = int((tmp_path / "child").read_text())
    time.sleep(0.1)
    try:
        state = Path(f"/proc/{child}/stat").read_text().split()[2]
    except FileNotFoundError:
        state = "gone"
    assert state in ("gone", "Z")


def test_a_child_left_behind_does_not_hold_the_output_open(command):
    started = time.monotonic()
    assert sh(command, "sleep 60 & echo done").stdout == "done\n"
    assert time.monotonic() - started < 20


def test_standard_input_is_given_or_empty(command):
    assert sh(command, "cat", stdin=b"hello").stdout == "hello"
    assert sh(command, "cat").stdout == ""
    assert sh(command, "true", stdin=b"x" * 1_000_000).exit_status == 0


def test_a_tool_that_is_missing_is_not_assessed_with_its_remedy(command):
    with pytest.raises(NotAssessed) as caught:
        command.find_tool("no-such-tool-here", "pip install no-such-tool")
    assert caught.value.remedy == "pip install no-such-tool"


def test_a_tool_in_the_current_folder_is_never_found(command, monkeypatch, tmp_path):
    (tmp_path / "evil").write_text("#!/bin/sh\n")
    (tmp_path / "evil").chmod(0o755)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PATH", f".{os.pathsep}{os.pathsep}/bin")
    with pytest.raises(NotAssessed):
        command.find_tool("evil", "remedy")


def test_the_scratch_folder_is_removed(command):
    scratch = command.scratch
    assert scratch.is_dir()
    command.close()
    assert not scratch.exists()


def test_the_scratch_folder_is_removed_even_while_a_check_writes_there(command):
    scratch = command.scratch
    begun = threading.Event()

    def write():
        folder = command.scratch
        for number in range(200):
            (folder / f"folder{number}").mkdir()
            for file in range(20):
                (folder / f"folder{number}" / f"{file}").write_text("x")
            begun.set()

    def write_until_it_is_gone():
        with suppress(OSError):
            write()

    writer = threading.Thread(target=write_until_it_is_gone)
    writer.start()
    begun.wait(10)
    command.close()
    writer.join(10)
    assert not scratch.exists()


def test_threads_that_do_not_know_the_scratch_folder_are_not_waited_for(command, monkeypatch):
    assert command.scratch
    is_over = threading.Event()
    idle = threading.Thread(target=is_over.wait)
    idle.start()
    monkeypatch.setattr(time, "sleep", lambda _: pytest.fail("waited for nobody"))
    command.close()
    is_over.set()
    idle.join(10)


def test_nothing_is_started_after_the_end(command, tmp_path):
    command.close()
    with pytest.raises(NotAssessed, match="has ended"):
        sh(command, f"touch {tmp_path}/started")
    with pytest.raises(NotAssessed, match="has ended"):
        assert command.scratch
    assert not (tmp_path / "started").exists()


def test_invalid_bytes_are_replaced(command):
    assert sh(command, r"printf 'a\377b'").stdout == "a\N{REPLACEMENT CHARACTER}b"


@pytest.mark.skipif(sys.platform != "linux", reason="memory is limited on Linux alone")
def test_a_tool_is_limited_in_the_memory_it_uses_and_not_in_what_it_reserves(command):
    reserves = f"import mmap; mmap.mmap(-1, {MAX_MEMORY_BYTES * 4}, prot=mmap.PROT_READ)"
    assert (
        command.run([sys.executable, "-c", f"import time; time.sleep(0.5); {reserves}"], Deadline(30)).exit_status == 0
    )
    uses = f"import time; time.sleep(0.5); bytearray({MAX_MEMORY_BYTES})"
    assert "MemoryError" in command.run([sys.executable, "-c", uses], Deadline(30)).stderr


OPENED = """
import sys, time
from infra_grader.capabilities.command import Command
command = Command()
(command.scratch / "draft").write_text("half done")
print(command.scratch, flush=True)
time.sleep(60)
"""


@pytest.mark.skipif(os.name != "posix", reason="signals are those of POSIX")
def test_the_folder_of_a_grader_that_was_killed_is_removed_by_the_next(command):
    graders = [subprocess.Popen([sys.executable, "-c", OPENED], stdout=subprocess.PIPE, text=True) for _ in range(2)]
    killed, running = (Path(grader.stdout.readline().strip()) for grader in graders)
    try:
        graders[0].kill()
        graders[0].wait()
        assert (killed / "draft").exists()
        assert command.scratch.is_dir()
        assert not killed.parent.exists()
        assert (running / "draft").exists(), "that of one which runs is left alone"
    finally:
        for grader in graders:
            grader.kill()
            grader.communicate()
