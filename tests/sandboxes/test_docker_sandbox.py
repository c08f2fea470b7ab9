"""What the Docker sandbox alone must do, and all that may go wrong between us and its daemon."""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import textwrap
import threading
import time
from contextlib import closing
from pathlib import Path

import pytest
import sandboxes

from infra_grader.capabilities import docker as daemons
from infra_grader.capabilities import docker_owner
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.home import sweep
from infra_grader.capabilities.sandbox import Job, Limit, Limits
from infra_grader.engine.registry import Registry
from infra_grader.model.outcome import NotAssessed
from infra_grader.sandboxes import _docker_group, _docker_image, _scratch
from infra_grader.sandboxes._docker_streams import Frames
from infra_grader.sandboxes.docker_sandbox import Docker, find_problem, open_docker

DAEMON = Path(__file__).parents[1] / "docker" / "daemon"
OTHER_IMAGE = "infra-grader-test-image"


def python(sandbox, code, seconds=30.0, **limits):
    job = Job(arguments=(sandbox.python, "-I", "-B", "-c", textwrap.dedent(code)), limits=Limits(**limits))
    return sandbox.run(job, Deadline(seconds))


def containers(home):
    """Return the containers of the grader with this scratch folder."""
    with closing(daemons.connect()) as api:
        label = f"{docker_owner.HOME_LABEL}={home}"
        return api.containers(all=True, filters={"label": label})


@pytest.fixture
def grader(request):
    """A grader in a process of its own, in the middle of a run; gives it and its scratch folder."""
    sandboxes.require_docker()
    code = """
        import sys
        from infra_grader.capabilities.deadline import Deadline
        from infra_grader.capabilities.sandbox import Job
        from infra_grader.sandboxes.docker_sandbox import open_docker
        sandbox = open_docker([])
        print(sandbox._home.folder, flush=True)
        sandbox.run(Job(arguments=("/bin/sh", "-c", "trap '' TERM; echo up > up; sleep 876.5 & wait")), Deadline(60))
    """
    with subprocess.Popen([sys.executable, "-c", textwrap.dedent(code)], stdout=subprocess.PIPE, text=True) as process:
        home = Path(process.stdout.readline().strip())
        until = time.monotonic() + 20
        while not (home / "run-1" / "work" / "up").exists() and time.monotonic() < until:
            time.sleep(0.05)
        yield process, home
        process.kill()


# Walls that are Docker's own


def test_the_environment_is_the_image_s_and_ours(docker, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    monkeypatch.setenv("HTTPS_PROXY", "http://user:word@proxy")
    said = json.loads(python(docker, "import json, os; print(json.dumps(dict(os.environ)))").stdout)
    image = {line.partition("=")[0] for line in docker._daemon.image.variables}
    assert set(said) == {"PATH", "HOME", "LANG", "LC_ALL"} | image
    assert said["HOME"] == "/tmp"


def test_nothing_of_the_machine_is_seen(docker, tmp_path):
    (tmp_path / "rubric.yaml").write_text("expected: 42")
    code = f"""
        import os
        print(os.path.exists({str(tmp_path)!r}), os.path.exists({str(Path(__file__))!r}))
        print(sorted(name for name in os.listdir("/proc") if name.isdigit()))
        print(open("/etc/resolv.conf").read().split(), open("/etc/hostname").read().strip())
        print(os.path.exists("/var/run/docker.sock"))
    """
    first, second, third, last = python(docker, code).stdout.decode().splitlines()
    assert first == "False False"
    assert len(json.loads(second.replace("'", '"'))) == 2  # the init process and itself
    assert third == "['nameserver', '127.0.0.1'] sandbox"
    assert last == "False"


def test_calls_are_filtered_and_files_of_root_stay_root_s(docker):
    code = """
        import os
        print([line.split()[1] for line in open("/proc/self/status") if line.startswith(("Seccomp:", "NoNewPrivs"))])
        for path in ("/etc/shadow", "/proc/sysrq-trigger", "/proc/kcore"):
            try:
                open(path, "r+b")
                print(path)
            except OSError:
                pass
    """
    assert python(docker, code).stdout == b"['1', '2']\n"


def test_the_entry_point_of_the_image_is_not_used(docker):
    ended = docker.run(Job(arguments=("/bin/echo", "a b", "$HOME")), Deadline(30))
    assert ended.stdout == b"a b $HOME\n"


def test_a_program_that_is_not_there_is_the_learner_s(docker):
    ended = docker.run(Job(arguments=("no-such-program",)), Deadline(30))
    assert ended.exit_status == 127
    assert b"no-such-program" in ended.stderr


def test_many_processes_that_give_up_at_once_are_named(docker):
    code = """
        import os, time
        time.sleep(0.3)
        while True:
            try:
                if not os.fork():
                    time.sleep(30)
            except OSError:
                os._exit(0)
    """
    ended = python(docker, code, processes=16)
    assert ended.exit_status == 0
    if os.path.isdir("/sys/fs/cgroup"):
        assert ended.limit is Limit.PROCESSES


# What is left


def test_a_run_leaves_no_container(docker):
    python(docker, "print(1)")
    with pytest.raises(KeyboardInterrupt), docker.attach(Job(arguments=("sleep", "50")), Deadline(30)):
        raise KeyboardInterrupt
    assert containers(docker._home.folder) == []


def test_a_grader_that_is_interrupted_leaves_nothing(grader):
    process, home = grader
    assert len(containers(home)) == 1
    process.send_signal(signal.SIGINT)
    process.wait(30)
    assert containers(home) == []


def test_what_a_killed_grader_leaves_goes_at_the_next_start(grader):
    process, home = grader
    open_docker([]).close()  # a grader beside it leaves it alone
    assert len(containers(home)) == 1
    assert home.exists()
    process.kill()
    process.wait()
    open_docker([]).close()
    assert containers(home) == []
    assert not home.exists()


def test_what_is_left_goes_even_if_its_folder_went_before(grader):
    process, home = grader
    process.kill()
    process.wait()
    list(sweep(_scratch.PREFIX))  # as another sandbox would
    open_docker([]).close()
    assert containers(home) == []


def test_a_container_whose_owner_cannot_be_asked_is_left_for_a_day():
    labels = {docker_owner.HOME_LABEL: "/no/such/folder/home", docker_owner.WHERE_LABEL: "1:2"}
    assert not docker_owner.has_no_owner(labels, time.time() - 3600)
    assert docker_owner.has_no_owner(labels, time.time() - 25 * 3600)
    assert not docker_owner.has_no_owner({}, time.time())


def test_a_container_that_somebody_stops_is_no_learner_s_fault(docker):
    with closing(daemons.connect()) as api:
        stopping = threading.Timer(1.5, lambda: [api.kill(found["Id"]) for found in containers(docker._home.folder)])
        stopping.start()
        with pytest.raises(NotAssessed, match="The container was stopped from outside"):
            python(docker, "import time; time.sleep(30)")
        stopping.join()


@pytest.mark.parametrize("number", [9, 15])
def test_a_program_that_ends_itself_by_a_signal_is_not_taken_for_one(docker, number):
    assert python(docker, f"import os; os.kill(os.getpid(), {number})").exit_status == 128 + number


# The daemon and its image


def test_auto_is_docker_where_it_can_be_used(docker):
    assert find_problem() == ""
    assert Registry().choose_sandbox("auto").name == "docker"


def test_a_missing_image_says_how_to_get_it_and_auto_goes_on(docker, monkeypatch):
    monkeypatch.setenv(_docker_image.VARIABLE, "no.such/image:1")
    assert find_problem() == "The image no.such/image:1 is not here. Get it: docker pull no.such/image:1"
    assert Registry().choose_sandbox("auto").name != "docker"
    with pytest.raises(NotAssessed, match="is not here"):
        open_docker([])


def test_an_image_that_is_removed_in_the_middle_is_no_learner_s_fault(docker):
    gone = docker._daemon.image.replace(id="sha256:" + "0" * 64)
    docker._daemon = docker._daemon._replace(image=gone)
    with pytest.raises(NotAssessed, match="lacks an image") as told:
        python(docker, "print(1)")
    assert "docker pull" in told.value.remedy


def test_the_image_is_that_of_our_own_python(monkeypatch):
    monkeypatch.delenv(_docker_image.VARIABLE, raising=False)
    assert _docker_image.image_name() == f"python:{sys.version_info.major}.{sys.version_info.minor}-slim"


def test_an_image_without_python_is_named(docker, monkeypatch):
    with closing(daemons.connect()) as api:
        api.import_image_from_data(tar_of({"etc/hello": b""}), OTHER_IMAGE, tag="empty")
        try:
            monkeypatch.setenv(_docker_image.VARIABLE, f"{OTHER_IMAGE}:empty")
            assert "has no python3 on its PATH" in find_problem()
        finally:
            api.remove_image(f"{OTHER_IMAGE}:empty")


def test_a_daemon_that_does_not_see_our_folders_is_named(docker, monkeypatch):
    with pytest.raises(NotAssessed, match="does not see this machine's folders"):
        _docker_image._made(docker._daemon.api, docker._daemon.image.id, "/no/such/folder")


def tar_of(files):
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w") as tar:
        for name, data in files.items():
            facts = tarfile.TarInfo(name)
            facts.size, facts.mode = len(data), 0o755
            if name.endswith("/python3"):  # all that is looked at is where it leads
                facts.type, facts.linkname = tarfile.SYMTYPE, "python3.11"
            tar.addfile(facts, io.BytesIO(data))
    return content.getvalue()


def small_system():
    """Return the files of a system that can do nothing but sleep, so that loading it takes no time."""
    sleep = shutil.which("sleep")
    needed = subprocess.run(["ldd", sleep], check=True, capture_output=True, text=True).stdout
    libraries = [Path(word) for word in needed.split() if word.startswith("/")]
    files = {str(library).lstrip("/"): library.read_bytes() for library in libraries}
    return {**files, "usr/bin/sleep": Path(sleep).read_bytes(), "usr/bin/python3": b"", "usr/bin/python3.11": b""}


def test_a_daemon_on_another_machine_is_named(monkeypatch):
    monkeypatch.setenv("DOCKER_HOST", "tcp://192.0.2.1:2376")
    assert find_problem().startswith("The Docker daemon at tcp://192.0.2.1:2376 is reached over a network")


def test_no_daemon_is_named_without_a_library(monkeypatch, tmp_path):
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setitem(sys.modules, "docker", None)
    assert find_problem().startswith(f"No Docker daemon answers at unix://{tmp_path}/docker.sock")
    with pytest.raises(NotAssessed):
        open_docker([])


def test_a_missing_library_says_how_to_get_it(monkeypatch, tmp_path):
    folder = Path(os.path.relpath(tmp_path))  # sockets have short names
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("docker.sock")
        listening.listen()
        monkeypatch.setenv("DOCKER_HOST", "unix://docker.sock")
        monkeypatch.setitem(sys.modules, "docker", None)
        assert find_problem().endswith("pip install 'infra-grader[docker]'")
    assert folder


def test_the_daemon_is_found_as_the_docker_command_finds_it(monkeypatch, tmp_path):
    for name in ("DOCKER_HOST", "DOCKER_CONTEXT"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path))
    assert daemons.address() == "unix:///var/run/docker.sock"
    (tmp_path / "config.json").write_text('{"currentContext": "desktop"}')
    assert daemons.address() == "unix:///var/run/docker.sock"
    meta = tmp_path / "contexts" / "meta" / hashlib.sha256(b"desktop").hexdigest()
    meta.mkdir(parents=True)
    (meta / "meta.json").write_text('{"Endpoints": {"docker": {"Host": "unix:///run/desktop.sock"}}}')
    assert daemons.address() == "unix:///run/desktop.sock"
    monkeypatch.setenv("DOCKER_CONTEXT", "default")
    assert daemons.address() == "unix:///var/run/docker.sock"
    monkeypatch.setenv("DOCKER_HOST", "tcp://127.0.0.1:1")
    assert daemons.address() == "tcp://127.0.0.1:1"
    monkeypatch.delenv("DOCKER_HOST")
    monkeypatch.delenv("DOCKER_CONTEXT")
    (tmp_path / "config.json").write_text("[")
    assert daemons.address() == "unix:///var/run/docker.sock"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="dockerd is started by root")
def test_a_daemon_that_stops_in_the_middle_is_no_learner_s_fault(docker, monkeypatch, number):
    """With a daemon of its own, from which nothing but the script of the tests cleans up."""
    folder = Path(f"/tmp/infra-grader-stops-{os.getpid()}")
    try:
        subprocess.run([DAEMON, "start", folder], check=True, capture_output=True)
        monkeypatch.setenv("DOCKER_HOST", f"unix://{folder}/docker.sock")
        with closing(daemons.connect()) as api:
            api.import_image_from_data(tar_of(small_system()), OTHER_IMAGE, tag="1")
        monkeypatch.setenv(_docker_image.VARIABLE, f"{OTHER_IMAGE}:1")
        with closing(open_docker([])) as sandbox:
            stopping = threading.Timer(1.5, lambda: os.kill(int((folder / "docker.pid").read_text()), number))
            stopping.start()
            with pytest.raises(NotAssessed, match="does not answer|was stopped") as told:  # noqa: RUF043
                sandbox.run(Job(arguments=("sleep", "30")), Deadline(40))
            assert "Start Docker" in told.value.remedy
            stopping.join()
    finally:
        subprocess.run([DAEMON, "stop", folder], check=True, capture_output=True)
    assert not folder.exists()
    assert str(folder) not in Path("/proc/mounts").read_text()
    assert not [*Path("/sys/fs/cgroup").glob(f"*/infra-grader-{folder.name}")]


# Streams


def test_frames_are_taken_apart_wherever_they_are_cut():
    content = b"\x01\0\0\0\0\0\0\x03abc\x02\0\0\0\0\0\0\0\x02\0\0\0\0\0\0\x02de"
    for size in range(1, len(content) + 1):
        frames, kept = Frames(), {1: b"", 2: b""}
        for start in range(0, len(content), size):
            for stream, part in frames.take(content[start : start + size]):
                kept[stream] += part
        assert kept == {1: b"abc", 2: b"de"}


def test_groups_that_are_another_s_are_not_read():
    with closing(_docker_group.ContainerGroup(os.getpid(), "0" * 64)) as group:
        assert group.limits == frozenset()
        assert group.hit() is None
    with closing(_docker_group.ContainerGroup(2**22 + 1, "0" * 64)) as group:
        assert group.hit() is None


def test_a_full_disk_is_no_learner_s_fault(docker, monkeypatch):
    usage = shutil.disk_usage("/")
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=1000))
    with pytest.raises(NotAssessed, match="space") as told:
        python(docker, "print(1)")
    assert "TMPDIR" in told.value.remedy


def test_the_user_is_nobody_or_the_one_who_grades(docker, monkeypatch):
    from infra_grader.sandboxes.docker_sandbox import _user

    monkeypatch.setattr(os, "geteuid", lambda: 0)
    assert _user({}) == "65534:65534"
    monkeypatch.setattr(os, "geteuid", lambda: 1234)
    assert _user({"SecurityOptions": ["name=seccomp,profile=default"]}) == f"1234:{os.getegid()}"
    assert _user({"SecurityOptions": ["name=rootless"]}) == "0:0"
    assert isinstance(docker, Docker)
