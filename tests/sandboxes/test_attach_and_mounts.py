"""What every sandbox with programs that live on must do."""

from __future__ import annotations

import textwrap
import threading
import time

import pytest

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.sandbox import MIB, Job, Limit, Limits, Mount, NoReply

CAT = "import os\nwhile block := os.read(0, 65536): os.write(1, block)"


@pytest.fixture(params=["bubblewrap", "docker", "host"])
def sandbox(request):
    return request.getfixturevalue(request.param)


def job_of(sandbox, code, **changes):
    return Job(arguments=(sandbox.python, "-I", "-B", "-c", code)).replace(**changes)


def received(channel, size):
    content = b""
    while len(content) < size:
        content += channel.receive(Deadline(20))
    return content


def test_bytes_go_there_and_back(sandbox):
    content = bytes(range(256)) * 4000
    with sandbox.attach(job_of(sandbox, CAT), Deadline(20)) as channel:
        sending = threading.Thread(target=channel.send, args=(content, Deadline(20)))
        sending.start()
        assert received(channel, len(content)) == content
        sending.join()


def test_the_program_outlives_the_thread_that_started_it(sandbox):
    opened = []

    def start():
        context = sandbox.attach(job_of(sandbox, CAT), Deadline(20))
        opened.extend([context, context.__enter__()])

    starting = threading.Thread(target=start)
    starting.start()
    starting.join()
    context, channel = opened
    time.sleep(0.3)  # the kernel would have ended it by now
    channel.send(b"still here", Deadline(20))
    assert received(channel, 10) == b"still here"
    context.__exit__(None, None, None)


def test_the_wall_limit_of_a_job_is_not_held(sandbox):
    job = job_of(sandbox, CAT, limits=Limits(wall_s=0.1))
    with sandbox.attach(job, Deadline(20)) as channel:
        time.sleep(0.5)
        channel.send(b"x", Deadline(20))
        assert channel.receive(Deadline(20)) == b"x"


def test_the_end_of_the_program_is_told(sandbox):
    with (
        sandbox.attach(job_of(sandbox, "raise SystemExit(3)"), Deadline(20)) as channel,
        pytest.raises(NoReply) as told,
    ):
        channel.receive(Deadline(20))
    assert told.value.reason == "the end of the process: exit status 3"


def test_what_was_said_before_the_end_is_received(sandbox):
    with sandbox.attach(job_of(sandbox, "print('last words')"), Deadline(20)) as channel:
        assert received(channel, 11) == b"last words\n"


def test_the_check_s_own_time_ends_waiting_and_not_the_program(sandbox):
    with sandbox.attach(job_of(sandbox, CAT), Deadline(20)) as channel:
        with pytest.raises(Overrun):
            channel.receive(Deadline(0.2))
        channel.send(b"x", Deadline(20))
        assert channel.receive(Deadline(20)) == b"x"


def test_a_limit_is_told(wall):
    code = "held = []\nwhile True: held.append(bytearray(4_000_000))"
    job = job_of(wall, code, limits=Limits(memory_bytes=64 * MIB))
    with wall.attach(job, Deadline(30)) as channel, pytest.raises(NoReply) as told:
        channel.receive(Deadline(20))
    if "memory" not in " ".join(wall.cannot_enforce):
        assert told.value.limit is Limit.MEMORY


def test_a_mount_can_be_read_and_not_written(wall, tmp_path):
    tmp_path.chmod(0o755)
    (tmp_path / "a.txt").write_text("ours")
    code = "print(open('/ours/a.txt').read()); open('/ours/b.txt', 'w')"
    ended = wall.run(job_of(wall, code, mounts={"/ours": Mount(folder=tmp_path)}), Deadline(20))
    assert ended.stdout == b"ours\n"
    assert b"Read-only file system" in ended.stderr


def test_a_writable_mount_keeps_what_is_written(sandbox, tmp_path):
    mount = Mount(folder=tmp_path, is_writable=True)
    place = sandbox.place_inside("/ours", mount)
    job = job_of(sandbox, f"open('{place}/b.txt', 'w').write('theirs')", mounts={"/ours": mount})
    assert sandbox.run(job, Deadline(20)).exit_status == 0
    assert (tmp_path / "b.txt").read_text() == "theirs"


def test_a_mount_below_a_hidden_folder_is_seen(tmp_path):
    from infra_grader.sandboxes.bubblewrap_sandbox import open_bubblewrap

    sandbox = open_bubblewrap([tmp_path])
    try:
        (tmp_path / "a.txt").write_text("ours")
        tmp_path.chmod(0o755)
        job = job_of(sandbox, "print(open('/ours/a.txt').read())", mounts={"/ours": Mount(folder=tmp_path)})
        assert sandbox.run(job, Deadline(20)).stdout == b"ours\n"
    finally:
        sandbox.close()


def test_a_service_may_listen_below_1024_and_asks_for_its_own_host(wall):
    code = """
        import os, socket
        here = socket.gethostbyname(socket.gethostname())
        with socket.create_server(("0.0.0.0", 80)):
            os.write(1, here.encode())
    """
    with wall.attach(job_of(wall, textwrap.dedent(code)), Deadline(20)) as channel:
        assert received(channel, len("127.0.0.1")) == b"127.0.0.1"
