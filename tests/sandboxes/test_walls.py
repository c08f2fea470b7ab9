"""What every sandbox that is a wall must do, asked of each for real."""

from __future__ import annotations

import os
import textwrap
import threading
import time
from pathlib import Path

import pytest

from infra_grader.capabilities import home
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.sandbox import MIB, Job, Limit, Limits, NoReply
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.sandboxes import _scratch

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


def test_a_program_prints_and_ends(wall):
    ended = python(wall, "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)")
    assert (ended.exit_status, ended.stdout, ended.stderr, ended.limit) == (3, b"out\n", b"err\n", None)
    assert ended.how == "exit status 3"


def test_standard_input_is_what_was_given(wall):
    large = b"x" * 300_000
    job = job_of(wall, "import sys; print(len(sys.stdin.buffer.read()))").replace(stdin=large)
    assert wall.run(job, Deadline(20)).stdout == b"300000\n"
    assert wall.run(job.replace(stdin=b""), Deadline(20)).stdout == b"0\n"
    assert wall.run(job.replace(arguments=("/usr/bin/true",)), Deadline(20)).exit_status == 0


# Limits, each hit for real and named


def test_memory(wall):
    ended = python(wall, "bytearray(10**9)", memory_bytes=64 * MIB)
    if any(weakness.startswith("memory") for weakness in wall.cannot_enforce):
        assert b"MemoryError" in ended.stderr
    else:
        assert ended.limit is Limit.MEMORY
        assert ended.how == "it was ended: out of memory"


def test_memory_of_all_processes_together(wall):
    if any(weakness.startswith("memory") for weakness in wall.cannot_enforce):
        pytest.skip("no control group for memory can be made here")
    code = """
        import os, time
        for _ in range(8):
            if not os.fork():
                kept = b"x" * 20_000_000
                time.sleep(20)
        time.sleep(20)
    """
    assert python(wall, code, memory_bytes=64 * MIB).limit is Limit.MEMORY


def test_processes(wall):
    # The groups of a container are found once it has started: what ends before that has hit a limit without a name.
    code = """
        import os, time
        time.sleep(0.3)
        while True:
            if not os.fork():
                time.sleep(30)
    """
    ended = python(wall, code, processes=16)
    assert ended.limit is Limit.PROCESSES or any(w.startswith("processes") for w in wall.cannot_enforce)
    assert ended.exit_status == 1


def test_file_size(wall):
    code = """
        import signal
        signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
        with open("large", "wb") as file:
            file.write(b"x" * 3_000_000)
    """
    ended = python(wall, code, file_bytes=MIB, keep=("large",))
    assert ended.limit is Limit.FILE_SIZE
    assert len(ended.left.get("large", b"")) <= MIB


def test_disk(wall):
    code = """
        for number in range(100_000):
            with open(f"f{number}", "wb") as file:
                file.write(b"x" * 100_000)
    """
    assert python(wall, code, disk_bytes=8 * MIB).limit is Limit.DISK


def test_temporary_files_are_limited(wall):
    code = """
        import errno
        try:
            with open("/tmp/large", "wb") as file:
                for _ in range(64):
                    file.write(b"x" * 1_000_000)
        except OSError as error:
            print(errno.errorcode[error.errno])
    """
    assert python(wall, code, disk_bytes=4 * MIB).stdout == b"ENOSPC\n"


def test_wall_time_even_if_signals_are_ignored(wall):
    code = """
        import signal, time
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP, signal.SIGALRM):
            signal.signal(number, signal.SIG_IGN)
        time.sleep(60)
    """
    started = time.monotonic()
    ended = python(wall, code, wall_s=0.5)
    assert ended.limit is Limit.TIME
    assert time.monotonic() - started < 5


def test_processor_time(wall):
    assert python(wall, "while True: pass", cpu_s=1).limit is Limit.TIME


def test_limits_of_each_process_are_held_from_its_first_moment(wall):
    code = """
        import resource
        print([resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in ("CORE", "FSIZE", "NOFILE", "CPU")])
    """
    said = python(wall, code, file_bytes=MIB, open_files=100, cpu_s=7).stdout
    assert said == b"[(0, 0), (1048576, 1048576), (100, 100), (7, 8)]\n"


def test_output(wall):
    ended = python(wall, "while True: print('x' * 1000)", output_bytes=50_000)
    assert ended.limit is Limit.OUTPUT
    assert len(ended.stdout) == 50_000


def test_output_to_a_closed_pipe_ends_by_time(wall):
    ended = python(wall, "import os, time; os.close(1); os.close(2); time.sleep(60)", wall_s=0.5)
    assert ended.limit is Limit.TIME


def test_the_check_s_own_time_is_no_limit_of_the_program(wall):
    with pytest.raises(Overrun):
        python(wall, "import time; time.sleep(60)", seconds=2)


# Walls


def test_there_is_no_network(wall):
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
    said = python(wall, code).stdout.decode()
    assert "reached" not in said
    assert "['lo']" in said


def test_it_runs_as_nobody_without_any_right(wall):
    code = """
        import os
        print(os.getuid(), os.getgid(), os.getgroups())
        print([line.split()[1] for line in open("/proc/self/status") if line.startswith(("Cap", "NoNewPrivs"))])
    """
    first, second = python(wall, code).stdout.decode().splitlines()
    assert first.startswith("65534 65534 [")
    assert second == str(["0" * 16] * 5 + ["1"])


def test_nothing_can_be_written_outside(wall):
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
    ended = python(wall, code)
    assert (ended.stdout, ended.exit_status) == (b"", 0), ended.stderr


def test_no_descriptor_is_inherited(wall, tmp_path):
    with (tmp_path / "secret").open("w") as file:
        os.set_inheritable(file.fileno(), True)
        assert python(wall, "import os; print(len(os.listdir('/proc/self/fd')))").stdout == b"4\n"


def test_programs_do_not_see_one_another(wall):
    code = (
        "import os, time; time.sleep(1); print(os.listdir('.'), len([n for n in os.listdir('/proc') if n.isdigit()]))"
    )
    said = []
    threads = [threading.Thread(target=lambda: said.append(python(wall, code).stdout)) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == [b"[] 2\n"] * 3


# The copy of the submission


def test_each_run_has_a_fresh_copy(wall, tmp_path):
    (tmp_path / "a.txt").write_text("one")
    code = "print(open('a.txt').read()); open('a.txt', 'w').write('two'); open('b.txt', 'w').write('new')"
    for _ in range(2):
        ended = python(wall, code, folder=tmp_path, keep=("a.txt", "b.txt", "c.txt"))
        assert ended.stdout == b"one\n"
        assert ended.left == {"a.txt": b"two", "b.txt": b"new"}
    assert (tmp_path / "a.txt").read_text() == "one"
    assert not (tmp_path / "b.txt").exists()


def test_files_can_be_added(wall, tmp_path):
    (tmp_path / "a.txt").write_text("one")
    ended = python(
        wall,
        "print(open('a.txt').read(), open('in/b').read())",
        folder=tmp_path,
        files={"a.txt": b"1", "in/b": b"2"},
    )
    assert ended.stdout == b"1 2\n"


def test_a_file_is_not_added_through_a_link(wall, tmp_path):
    work = tmp_path / "work"
    work.mkdir()
    (work / "out").symlink_to(tmp_path)
    with pytest.raises(CheckFailed, match="leads out"):
        python(wall, "", folder=work, files={"out/x": b"1"})
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
def test_only_regular_small_files_are_kept(wall, code):
    assert python(wall, f"import os; {code}", keep=("kept", "../kept", "no/kept")).left == {}


def test_links_and_modes_are_copied(wall, tmp_path):
    (tmp_path / "run.sh").write_text("#!/bin/sh\ncat link\n")
    (tmp_path / "run.sh").chmod(0o755)
    (tmp_path / "link").symlink_to("run.sh")
    (tmp_path / "out").symlink_to("/etc/shadow")
    job = Job(arguments=("./run.sh",), workspace=Workspace(tmp_path))
    assert b"cat link" in wall.run(job, Deadline(20)).stdout


def test_a_submission_that_is_too_large_is_not_copied(wall, tmp_path, monkeypatch):
    monkeypatch.setattr(_scratch, "MAX_COPY_BYTES", 1000)
    (tmp_path / "model.bin").write_bytes(b"x" * 2000)
    with pytest.raises(CheckFailed, match="too large to be run"):
        python(wall, "", folder=tmp_path)


# The end


def test_children_end_with_the_program(wall):
    code = """
        import os, time
        if not os.fork():
            os.setsid()
            if not os.fork():
                time.sleep(987.25)  # a mark on the command line
    """
    assert python(wall, code).exit_status == 0
    assert gone("987.25")


def test_deep_and_unreadable_folders_are_removed(wall):
    code = """
        import os
        for _ in range(2000):
            os.mkdir("d")
            os.chdir("d")
        open("x", "w").close()
        os.chmod(".", 0)
    """
    assert python(wall, code).exit_status == 0
    assert [entry.name for entry in wall._home.folder.iterdir()] == [home.LOCK]


# Dialogues


def test_a_dialogue_answers_line_by_line(wall):
    with wall.converse(job_of(wall, ECHO), Deadline(20)) as dialogue:
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
def test_a_reply_that_cannot_be_used_is_named(wall, reply, reason):
    job = job_of(wall, f"import os, sys, time\ninput()\n{reply}\nsys.stdout.flush()", wall_s=2, memory_bytes=64 * MIB)
    with wall.converse(job, Deadline(20)) as dialogue, pytest.raises(NoReply) as error:
        dialogue.ask({"id": 1}, Deadline(20))
    assert reason in error.value.reason


def test_a_process_that_ran_out_of_memory_is_named(wall):
    if any(weakness.startswith("memory") for weakness in wall.cannot_enforce):
        pytest.skip("no control group for memory can be made here")
    job = job_of(wall, "input(); bytearray(10**9)", memory_bytes=64 * MIB)
    with wall.converse(job, Deadline(20)) as dialogue, pytest.raises(NoReply) as error:
        dialogue.ask({"id": 1}, Deadline(20))
    assert error.value.limit is Limit.MEMORY


def test_what_was_not_asked_for_ends_a_dialogue(wall):
    job = job_of(wall, 'input(); print(\'{"id": 1}\\n{"id": 2}\', flush=True); input()')
    with wall.converse(job, Deadline(20)) as dialogue:
        dialogue.ask({"id": 1}, Deadline(20))
        with pytest.raises(NoReply, match="not asked for"):
            dialogue.ask({"id": 2}, Deadline(20))


def test_the_check_s_own_time_ends_a_dialogue(wall):
    with (
        wall.converse(job_of(wall, "import time; time.sleep(60)"), Deadline(20)) as dialogue,
        pytest.raises(Overrun),
    ):
        dialogue.ask({"id": 1}, Deadline(0.3))


def test_a_program_that_does_not_listen_ends_a_dialogue(wall):
    job = job_of(wall, "import time; time.sleep(60)", wall_s=0.5)
    with (
        wall.converse(job, Deadline(20)) as dialogue,
        pytest.raises(NoReply, match="too long"),
    ):
        dialogue.ask({"id": 1, "much": "x" * 5_000_000}, Deadline(20))


# What is missing


@pytest.mark.parametrize("code", ["import os; os.kill(1, 9)", "import os; os.kill(-1, 9)", "import os; os.abort()"])
def test_a_program_cannot_make_it_look_so(wall, code):
    assert python(wall, code).exit_status in {0, 1, 134, 137}


def test_a_program_finds_localhost_and_its_own_user(wall):
    code = "import getpass, os, socket; print(socket.gethostbyname('localhost'), os.path.isdir('/etc/alternatives'))"
    ended = wall.run(Job(arguments=(wall.python, "-I", "-c", f"{code}; print(getpass.getuser())")), Deadline(20))
    assert ended.stdout.decode().split()[:2] == ["127.0.0.1", "True"], ended
