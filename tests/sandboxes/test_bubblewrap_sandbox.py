from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
from pathlib import Path

import pytest
import sandboxes

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.sandbox import MIB, Job, Limit, Limits, NoReply, how_ended
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed, NotAssessed
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


def test_a_program_prints_and_ends(bubblewrap):
    ended = python(bubblewrap, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (ended.exit_status, ended.stdout, ended.stderr, ended.limit) == (3, b"out\n", b"err\n", None)
    assert ended.how == "exit status 3"


def test_standard_input_is_what_was_given(bubblewrap):
    large = b"x" * 300_000
    job = job_of(bubblewrap, "import sys; print(len(sys.stdin.buffer.read()))").replace(stdin=large)
    assert bubblewrap.run(job, Deadline(20)).stdout == b"300000\n"
    assert bubblewrap.run(job.replace(stdin=b""), Deadline(20)).stdout == b"0\n"
    assert bubblewrap.run(job.replace(arguments=("/usr/bin/true",)), Deadline(20)).exit_status == 0


# Limits, each hit for real and named


def test_memory(bubblewrap):
    ended = python(bubblewrap, "bytearray(10**9)", memory_bytes=64 * MIB)
    if any(weakness.startswith("memory") for weakness in bubblewrap.cannot_enforce):
        assert b"MemoryError" in ended.stderr
    else:
        assert ended.limit is Limit.MEMORY
        assert ended.how == "it was ended: out of memory"


def test_memory_of_all_processes_together(bubblewrap):
    if any(weakness.startswith("memory") for weakness in bubblewrap.cannot_enforce):
        pytest.skip("no control group for memory can be made here")
    code = """
        import os, time
        for _ in range(8):
            if not os.fork():
                kept = b"x" * 20_000_000
                time.sleep(20)
        time.sleep(20)
    """
    assert python(bubblewrap, code, memory_bytes=64 * MIB).limit is Limit.MEMORY


def test_processes(bubblewrap):
    code = """
        import os, time
        while True:
            if not os.fork():
                time.sleep(30)
    """
    ended = python(bubblewrap, code, processes=16)
    assert ended.limit is Limit.PROCESSES or any(w.startswith("processes") for w in bubblewrap.cannot_enforce)
    assert ended.exit_status == 1


def test_file_size(bubblewrap):
    code = """
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        with open("large", "wb") as file:
            file.write(b"x" * 3_000_000)
    """
    ended = python(bubblewrap, code, file_bytes=MIB, keep=("large",))
    assert ended.limit is Limit.FILE_SIZE
    assert len(ended.left.get("large", b"")) <= MIB


def test_disk(bubblewrap):
    code = """
        for number in range(100_000):
            with open(f"f{number}", "wb") as file:
                file.write(b"x" * 100_000)
    """
    assert python(bubblewrap, code, disk_bytes=8 * MIB).limit is Limit.DISK


def test_temporary_files_are_limited(bubblewrap):
    code = """
        import errno
        try:
            with open("/tmp/large", "wb") as file:
                for _ in range(64):
                    file.write(b"x" * 1_000_000)
        except OSError as error:
            print(errno.errorcode[error.errno])
    """
    assert python(bubblewrap, code, disk_bytes=4 * MIB).stdout == b"ENOSPC\n"


def test_wall_time_even_if_signals_are_ignored(bubblewrap):
    code = """
        import signal, time
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(60)
    """
    started = time.monotonic()
    ended = python(bubblewrap, code, wall_s=0.5)
    assert ended.limit is Limit.TIME
    assert time.monotonic() - started < 5


def test_processor_time(bubblewrap):
    assert python(bubblewrap, "while True: pass", cpu_s=1).limit is Limit.TIME


def test_output(bubblewrap):
    ended = python(bubblewrap, "while True: print('x' * 1000)", output_bytes=50_000)
    assert ended.limit is Limit.OUTPUT
    assert len(ended.stdout) == 50_000


def test_output_to_a_closed_pipe_ends_by_time(bubblewrap):
    ended = python(bubblewrap, "import os, time; os.close(1); os.close(2); time.sleep(60)", wall_s=0.5)
    assert ended.limit is Limit.TIME


def test_the_check_s_own_time_is_no_limit_of_the_program(bubblewrap):
    with pytest.raises(Overrun):
        python(bubblewrap, "import time; time.sleep(60)", seconds=0.4)


# Walls


def test_there_is_no_network(bubblewrap):
    code = """
        import socket
        for address in (("127.0.0.1", 22), ("192.0.2.1", 80)):
            try:
                socket.create_connection(address, 2)
                print("reached")
            except OSError as error:
                print(type(error).__name__, error.errno)
        print([name for _, name in socket.if_nameindex()])
    """
    said = python(bubblewrap, code).stdout.decode()
    assert "reached" not in said
    assert "['lo']" in said


def test_the_environment_is_ours(bubblewrap, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    said = json.loads(python(bubblewrap, "import json, os; print(json.dumps(dict(os.environ)))").stdout)
    assert set(said) == {"PATH", "HOME", "LANG", "LC_ALL", "PWD"}
    job = job_of(bubblewrap, "import os; print(os.environ['MODEL'])").replace(variables={"MODEL": "small"})
    assert bubblewrap.run(job, Deadline(20)).stdout == b"small\n"


def test_it_runs_as_nobody_without_any_right(bubblewrap):
    code = """
        import os
        print(os.getuid(), os.getgid(), os.getgroups())
        print([line.split()[1] for line in open("/proc/self/status") if line.startswith(("Cap", "NoNewPrivs"))])
    """
    first, second = python(bubblewrap, code).stdout.decode().splitlines()
    assert first.startswith("65534 65534 [")
    assert second == str(["0" * 16] * 5 + ["1"])


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


def test_nothing_can_be_written_outside(bubblewrap):
    code = f"""
        import os
        for path in ("/x", "/usr/x", "/dev/x", "/proc/sys/kernel/hostname", {os.path.dirname(os.__file__)!r} + "/x"):
            try:
                open(path, "w")
                print("wrote", path)
            except OSError:
                pass
        open("/work/x", "w"), open("/tmp/x", "w"), open("/dev/shm/x", "w")
    """
    ended = python(bubblewrap, code)
    assert (ended.stdout, ended.exit_status) == (b"", 0), ended.stderr


def test_no_descriptor_is_inherited(bubblewrap, tmp_path):
    with (tmp_path / "secret").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        assert python(bubblewrap, "import os; print(len(os.listdir('/proc/self/fd')))").stdout == b"4\n"


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


def test_programs_do_not_see_one_another(bubblewrap):
    code = (
        "import os, time; time.sleep(1); print(os.listdir('.'), len([n for n in os.listdir('/proc') if n.isdigit()]))"
    )
    said = []
    threads = [threading.Thread(target=lambda: said.append(python(bubblewrap, code).stdout)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [b"[] 2\n"] * 3


# The copy of the submission


def test_each_run_has_a_fresh_copy(bubblewrap, tmp_path):
    (tmp_path / "a.txt").write_text("one")
    code = "print(open('a.txt').read()); open('a.txt', 'w').write('two'); open('b.txt', 'w').write('new')"
    for _ in range(2):
        ended = python(bubblewrap, code, folder=tmp_path, keep=("a.txt", "b.txt", "c.txt"))
        assert ended.stdout == b"one\n"
        assert ended.left == {"a.txt": b"two", "b.txt": b"new"}
    assert (tmp_path / "a.txt").read_text() == "one"
    assert not (tmp_path / "b.txt").exists()


def test_files_can_be_added(bubblewrap, tmp_path):
    (tmp_path / "a.txt").write_text("one")
    ended = python(
        bubblewrap,
        "print(open('a.txt').read(), open('in/b').read())",
        folder=tmp_path,
        files={"a.txt": b"1", "in/b": b"2"},
    )
    assert ended.stdout == b"1 2\n"


def test_a_file_is_not_added_through_a_link(bubblewrap, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "out").symlink_to(tmp_path)
    with pytest.raises(CheckFailed, match="leads out"):
        python(bubblewrap, "", folder=work, files={"out/x": b"1"})
    assert not (tmp_path / "x").exists()


@pytest.mark.parametrize(
    "code",
    [
        "os.symlink('/etc/hostname', 'kept')",
        "os.mkfifo('kept')",
        "os.mkdir('kept')",
        "open('kept', 'wb').write(b'x' * 3_000_000)",
    ],
)
def test_only_regular_small_files_are_kept(bubblewrap, code):
    assert python(bubblewrap, f"import os; {code}", keep=("kept", "../kept", "no/kept")).left == {}


def test_links_and_modes_are_copied(bubblewrap, tmp_path):
    (tmp_path / "run.sh").write_text("#!/bin/sh\ncat link\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("run.sh")
    (tmp_path / "out").symlink_to("/etc/shadow")
    job = Job(arguments=("./run.sh",), workspace=Workspace(tmp_path))
    assert b"cat link" in bubblewrap.run(job, Deadline(20)).stdout


def test_a_submission_that_is_too_large_is_not_copied(bubblewrap, tmp_path, monkeypatch):
    monkeypatch.setattr(_scratch, "MAX_COPY_BYTES", 1000)
    (tmp_path / "model.bin").write_bytes(b"x" * 2000)
    with pytest.raises(CheckFailed, match="too large to be run"):
        python(bubblewrap, "", folder=tmp_path)


# The end


def test_children_end_with_the_program(bubblewrap):
    code = """
        import os, time
        if not os.fork():
            os.setsid()
            if not os.fork():
                time.sleep(987.25)  # a mark on the command line
    """
    assert python(bubblewrap, code).exit_status == 0
    assert gone("987.25")


def test_deep_and_unreadable_folders_are_removed(bubblewrap):
    code = """
        import os
        for _ in range(2000):
            os.mkdir("d")
            os.chdir("d")
        open("x", "w").close()
        os.chmod(".", 0)
    """
    assert python(bubblewrap, code).exit_status == 0
    assert [entry.name for entry in bubblewrap._home.folder.iterdir()] == [_scratch.LOCK]


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
    assert list(_scratch.sweep()) == []
    assert (tmp_path / "target").is_dir()


# Dialogues


def test_a_dialogue_answers_line_by_line(bubblewrap):
    with bubblewrap.converse(job_of(bubblewrap, ECHO), Deadline(20)) as dialogue:
        assert dialogue.ask({"id": 1, "text": "é\n"}, Deadline(20)) == {"id": 1, "text": "é\n"}
        assert dialogue.ask({"id": 2, "many": ["x" * 100_000]}, Deadline(20))["many"] == ["x" * 100_000]


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        ("print('hello')", "no JSON"),
        ('print(\'{"id": 1, "value": NaN}\')', "no JSON"),
        ("print('[' * 100_000)", "no JSON"),
        ("print('{\"id\": 2}')", "a reply to something else"),
        ("print('{\"id\": true}')", "a reply to something else"),
        ("print('[1]')", "a reply to something else"),
        ("print('x' * 10_000_000)", "too much output"),
        ("sys.stdout.buffer.write(b'\\xff\\n')", "no JSON"),
        ("time.sleep(60)", "too long"),
        ("os._exit(0)", "the end of the process: exit status 0"),
        ("os.kill(os.getpid(), 11)", "the end of the process: ended by SIGSEGV"),
    ],
)
def test_a_reply_that_cannot_be_used_is_named(bubblewrap, reply, reason):
    job = job_of(
        bubblewrap, f"import os, sys, time\ninput()\n{reply}\nsys.stdout.flush()", wall_s=2, memory_bytes=64 * MIB
    )
    with bubblewrap.converse(job, Deadline(20)) as dialogue, pytest.raises(NoReply) as error:
        dialogue.ask({"id": 1}, Deadline(20))
    assert reason in error.value.reason


def test_a_process_that_ran_out_of_memory_is_named(bubblewrap):
    if any(weakness.startswith("memory") for weakness in bubblewrap.cannot_enforce):
        pytest.skip("no control group for memory can be made here")
    job = job_of(bubblewrap, "input(); bytearray(10**9)", memory_bytes=64 * MIB)
    with bubblewrap.converse(job, Deadline(20)) as dialogue, pytest.raises(NoReply) as error:
        dialogue.ask({"id": 1}, Deadline(20))
    assert error.value.limit is Limit.MEMORY


def test_what_was_not_asked_for_ends_a_dialogue(bubblewrap):
    job = job_of(bubblewrap, 'input(); print(\'{"id": 1}\\n{"id": 2}\', flush=True); input()')
    with bubblewrap.converse(job, Deadline(20)) as dialogue:
        dialogue.ask({"id": 1}, Deadline(20))
        with pytest.raises(NoReply, match="not asked for"):
            dialogue.ask({"id": 2}, Deadline(20))


def test_the_check_s_own_time_ends_a_dialogue(bubblewrap):
    with (
        bubblewrap.converse(job_of(bubblewrap, "import time; time.sleep(60)"), Deadline(20)) as dialogue,
        pytest.raises(Overrun),
    ):
        dialogue.ask({"id": 1}, Deadline(0.3))


def test_a_program_that_does_not_listen_ends_a_dialogue(bubblewrap):
    job = job_of(bubblewrap, "import time; time.sleep(60)", wall_s=0.5)
    with (
        bubblewrap.converse(job, Deadline(20)) as dialogue,
        pytest.raises(NoReply, match="too long"),
    ):
        dialogue.ask({"id": 1, "much": "x" * 5_000_000}, Deadline(20))


# What is missing


def test_a_sandbox_that_does_not_start_is_no_learner_s_fault(bubblewrap, monkeypatch):
    monkeypatch.setattr(bubblewrap_sandbox, "_system", lambda: ("--ro-bind", "/no/such/folder", "/usr"))
    with pytest.raises(NotAssessed, match="ended before the program began"):
        python(bubblewrap, "print(1)")
    with bubblewrap.converse(job_of(bubblewrap, ECHO), Deadline(20)) as dialogue, pytest.raises(NotAssessed):
        dialogue.ask({"id": 1}, Deadline(20))


@pytest.mark.parametrize("code", ["import os; os.kill(1, 9)", "import os; os.kill(-1, 9)", "import os; os.abort()"])
def test_a_program_cannot_make_it_look_so(bubblewrap, code):
    assert python(bubblewrap, code).exit_status in {0, 1, 134, 137}


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


def test_a_program_finds_localhost_and_its_own_user(bubblewrap):
    code = "import getpass, os, socket; print(socket.gethostbyname('localhost'), os.path.isdir('/etc/alternatives'))"
    ended = bubblewrap.run(
        Job(arguments=(bubblewrap.python, "-I", "-c", f"{code}; print(getpass.getuser())")), Deadline(20)
    )
    assert ended.stdout.decode().split()[:2] == ["127.0.0.1", "True"], ended
