from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import time
from pathlib import Path

import pytest
import sandboxes

from infra_grader.capabilities import home
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import Job, Limits, how_ended
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import NotAssessed
from infra_grader.sandboxes import _scratch, bubblewrap_sandbox
from infra_grader.sandboxes._system_calls import call_filter
from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap

ECHO = """\
import sys
for line in sys.stdin:
    print(line, end="", flush=True)
"""


def python(sandbox, code, *, folder=None, keep=(), files=None, seconds=30.0, **limits):
    """Run a Python program in a sandbox."""
    job = Job(
        arguments=(sandbox.python, "-I", "-B", "-c", textwrap.dedent(code)),
        workspace=Workspace(folder) if folder else None,
        files=files or {},
        keep=keep,
        limits=Limits(**limits),
    )
    return sandbox.run(job, Deadline(seconds))


def job_of(sandbox, code, **limits):
    return Job(arguments=(sandbox.python, "-I", "-B", "-c", textwrap.dedent(code)), limits=Limits(**limits))


def processes_with(mark):
    """Return the processes of this machine whose command line holds a mark."""
    found = []
    for place in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            if mark.encode() in place.read_bytes():
                found.append(int(place.parent.name))
        except OSError:
            continue
    return [process for process in found if process != os.getpid()]


def gone(mark, seconds=5.0):
    """Whether no process with this mark is left, at the latest after some seconds."""
    until = time.monotonic() + seconds
    while processes_with(mark):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True


# Walls


def test_the_environment_is_ours(bubblewrap, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    said = json.loads(python(bubblewrap, "import json, os; print(json.dumps(dict(os.environ)))").stdout)
    assert set(said) == {"PATH", "HOME", "LANG", "LC_ALL", "PWD"}
    job = job_of(bubblewrap, "import os; print(os.environ['MODEL'])").replace(variables={"MODEL": "small"})
    assert bubblewrap.run(job, Deadline(20)).stdout == b"small\n"


def test_files_of_the_grader_cannot_be_read(bubblewrap, tmp_path):
    secret = tmp_path / "rubric.yaml"
    secret.write_text("expected: 42")
    here = Path(__file__)
    code = f"""
        import os
        for path in ({str(secret)!r}, {str(here)!r}, "/etc/passwd", "/etc/shadow", "/proc/1/environ", "/proc/1/mem"):
            try:
                print(open(path).read())
            except OSError as error:
                print(error.errno)
        print(sorted(os.listdir("/")))
        print([name for name in os.listdir("/proc") if name.isdigit()])
    """
    said = python(bubblewrap, code).stdout.decode()
    assert "expected" not in said
    assert "root:" not in said
    assert "home" not in said.splitlines()[-2]
    assert len(json.loads(said.splitlines()[-1].replace("'", '"'))) <= 2


def test_a_hidden_folder_looks_empty(tmp_path):
    sandboxes.require_bubblewrap()
    hidden = Path(json.__file__).parent  # stands for the grader installed into the interpreter's own folder
    sandbox = open_bubblewrap([hidden, tmp_path])
    try:
        code = f"""
            import os
            try:
                print(os.listdir({str(hidden)!r}))
            except OSError as error:
                print([])
        """
        assert python(sandbox, code).stdout == b"[]\n"
    finally:
        sandbox.close()


def test_system_calls_that_nobody_needs_are_refused(bubblewrap):
    code = """
        import ctypes, errno, os, threading
        libc = ctypes.CDLL(None, use_errno=True)
        calls = {
            "unshare": lambda: libc.unshare(0x10000000),
            "clone": lambda: libc.syscall(56 if os.uname().machine == "x86_64" else 220, 0x10000011, 0, 0, 0, 0),
            "ptrace": lambda: libc.ptrace(0, 0, 0, 0),
            "mount": lambda: libc.mount(b"none", b"/tmp", b"tmpfs", 0, None),
        }
        for name, call in calls.items():
            if call() == 0:
                print(name, "worked")
            elif ctypes.get_errno() != errno.EPERM:
                print(name, errno.errorcode[ctypes.get_errno()])
        print(libc.syscall(435, 0, 0), errno.errorcode[ctypes.get_errno()])
        thread = threading.Thread(target=print, args=("a thread",))
        thread.start()
        thread.join()
        if not os.fork():
            os._exit(7)
        print(os.waitstatus_to_exitcode(os.wait()[1]))
        print([line.split()[1] for line in open("/proc/self/status") if line.startswith("Seccomp:")])
    """
    assert python(bubblewrap, code).stdout.decode().splitlines() == ["-1 ENOSYS", "a thread", "7", "['2']"]


def test_a_machine_that_is_not_known_has_no_filter():
    assert call_filter("riscv64") == b""
    assert len(call_filter("aarch64")) % 8 == 0


# The end


def test_closing_leaves_nothing():
    sandboxes.require_bubblewrap()
    sandbox = open_bubblewrap([])
    python(sandbox, "print(1)")
    home = sandbox._home.folder
    sandbox.close()
    assert not home.exists()


GRADER = """
import sys
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import Job
from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap
sandbox = open_bubblewrap([])
print(sandbox._home.folder, flush=True)
sandbox.run(Job(arguments=("/bin/sh", "-c", "trap '' TERM; echo up > up; sleep 876.25 & wait")), Deadline(60))
"""


def test_a_grader_that_is_killed_leaves_nothing_after_the_next_start():
    sandboxes.require_bubblewrap()
    with subprocess.Popen([sys.executable, "-c", GRADER], stdout=subprocess.PIPE, text=True) as grader:
        home = Path(grader.stdout.readline().strip())
        until = time.monotonic() + 20
        while not (home / "run-1" / "work" / "up").exists() and time.monotonic() < until:
            time.sleep(0.05)
        other = open_bubblewrap([])  # a grader beside it leaves it alone
        assert (home / "run-1" / "work" / "up").exists()
        grader.send_signal(signal.SIGKILL)
        grader.wait()
    assert gone("876.25"), "the program ends with the grader"
    other.close()
    assert home.exists()
    open_bubblewrap([]).close()
    assert not home.exists()
    assert not [*Path("/sys/fs/cgroup").glob(f"**/{home.name}*")]


def test_a_folder_of_this_name_that_is_a_link_is_left_alone(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    (tmp_path / "target").mkdir()
    (tmp_path / f"{_scratch.PREFIX}1").symlink_to(tmp_path / "target")
    assert list(home.sweep(_scratch.PREFIX)) == []
    assert (tmp_path / "target").is_dir()


# What is missing


def test_a_sandbox_that_does_not_start_is_no_learner_s_fault(bubblewrap, monkeypatch):
    monkeypatch.setattr(bubblewrap_sandbox, "_system", lambda: ("--ro-bind", "/no/such/folder", "/usr"))
    with pytest.raises(NotAssessed, match="ended before the program began"):
        python(bubblewrap, "print(1)")
    with bubblewrap.converse(job_of(bubblewrap, ECHO), Deadline(20)) as dialogue, pytest.raises(NotAssessed):
        dialogue.ask({"id": 1}, Deadline(20))


def test_a_missing_program_says_how_to_get_it(monkeypatch):
    monkeypatch.setattr(bubblewrap_sandbox, "find_program", lambda name: "")
    monkeypatch.setattr(sys, "platform", "linux")
    assert "apt-get install bubblewrap" in bubblewrap_sandbox.find_problem()
    with pytest.raises(NotAssessed, match="bwrap is not installed"):
        open_bubblewrap([])


def test_another_system_is_named(monkeypatch):
    monkeypatch.setattr(sys, "platform", "darwin")
    assert bubblewrap_sandbox.find_problem() == "bubblewrap needs Linux"


def test_exit_statuses_are_said_in_words():
    assert how_ended(0) == "exit status 0"
    assert how_ended(139) == "ended by SIGSEGV"
    assert how_ended(255) == "exit status 255"
