from __future__ import annotations

import os
import sys

import pytest

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import Job, Limit, Limits, NoReply
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.model.outcome import NotAssessed
from infra_grader.sandboxes import bubblewrap_sandbox, none_sandbox

pytestmark = pytest.mark.skipif(os.name != "posix", reason="needs process groups")


def run(sandbox, code, *, folder=None, keep=(), **limits):
    job = Job(
        arguments=(sandbox.python, "-I", "-B", "-c", code),
        workspace=Workspace(folder) if folder else None,
        keep=keep,
        limits=Limits(**limits),
    )
    return sandbox.run(job, Deadline(30))


def test_a_program_works_on_a_copy_in_an_environment_of_ours(host, tmp_path, monkeypatch):
    monkeypatch.setenv("SECRET_TOKEN", "hunter2")
    (tmp_path / "a.txt").write_text("one")
    code = "import os; print(open('a.txt').read(), 'SECRET_TOKEN' in os.environ); open('a.txt', 'w').write('two')"
    ended = run(host, code, folder=tmp_path, keep=("a.txt",))
    assert ended.stdout == b"one False\n"
    assert ended.left == {"a.txt": b"two"}
    assert (tmp_path / "a.txt").read_text() == "one"


def test_limits_are_named(host):
    assert run(host, "import time; time.sleep(60)", wall_s=0.5).limit is Limit.TIME
    assert run(host, "while True: print('x' * 1000)", output_bytes=10_000).limit is Limit.OUTPUT


def test_a_child_that_keeps_the_pipe_open_is_not_waited_for(host):
    code = "import os, time\nif not os.fork():\n    time.sleep(50)"
    assert run(host, code, wall_s=20).exit_status == 0


def test_a_dialogue_works(host):
    job = Job(arguments=(host.python, "-I", "-c", "import sys\nfor line in sys.stdin: print(line, flush=True, end='')"))
    with host.converse(job, Deadline(20)) as dialogue:
        assert dialogue.ask({"id": 1}, Deadline(20)) == {"id": 1}


def test_a_dialogue_whose_channel_was_closed_is_over(host):
    job = Job(arguments=(host.python, "-I", "-c", "import os, time; input(); os.close(1); time.sleep(60)"))
    with host.converse(job, Deadline(20)) as dialogue, pytest.raises(NoReply, match="a closed channel"):
        dialogue.ask({"id": 1}, Deadline(20))


def test_it_says_that_it_is_no_wall(host):
    assert not host.is_wall
    assert any(weakness.startswith("network") for weakness in host.cannot_enforce)


def test_auto_never_chooses_it(monkeypatch):
    registry = Registry()
    kind = registry.find_sandbox("bubblewrap")
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such/socket")
    assert kind.find_problem() == "bubblewrap needs Linux"
    assert registry.choose_sandbox("auto").name == "none"


def test_none_runs_nothing():
    with pytest.raises(NotAssessed, match="No learner code is run here"):
        none_sandbox.open_none([])


def test_an_unknown_sandbox_is_refused_with_those_there_are():
    with pytest.raises(UsageError) as error:
        Registry().find_sandbox("chroot")
    assert error.value.problem == "this version has no sandbox chroot"
    assert "bubblewrap, docker, host, none" in error.value.remedy


def test_built_in_sandboxes_are_listed():
    assert [kind.name for kind in Registry().all_sandboxes()] == ["bubblewrap", "docker", "host", "none"]
    assert bubblewrap_sandbox.infra_grader_sandboxes()[0].summary
