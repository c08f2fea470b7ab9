"""Kinds that look at a running container, on a real daemon: each flaw beside its sound twin."""

from __future__ import annotations

import uuid
from contextlib import closing

import containers
import pytest
from containers import CHECKED, CMD, SOUND

from infra_grader.capabilities import docker as daemons
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.testing import run_check

BOUND = SOUND + "ENV HOST=127.0.0.1\n" + CMD
WRONG_PORT = SOUND + "ENV PORT=5001\n" + CMD


@pytest.fixture(autouse=True)
def _docker():
    containers.require()


def ask(tmp_path, kind, parameters, dockerfile=SOUND + CMD, **started):
    """Ask about a container of the image that this Dockerfile makes."""
    started = {"reference": containers.build(dockerfile), "stays_s": 0, "seconds": 30, **started}
    before = {"api": {"uses": "docker.run", "with": started}}
    handle = "service" if kind.split(".")[0] in ("http", "load", "prometheus", "openapi") else "container"
    return run_check(kind, {handle: "api", **parameters}, tmp_path, live="docker", before=before)


SILENT = {"ready": [], "stays_s": 2}
"""A container that is not waited for until it answers."""


class TestStop:
    def test_a_handler_ends_in_time(self, tmp_path):
        outcome = ask(tmp_path, "docker.stop", {"grace_s": 5})
        assert outcome.status == "passed", outcome
        assert outcome.measure.value < 4
        who, _, how = outcome.evidence[0].actual.partition(" s after SIGTERM: ")
        assert (who.rpartition(" ")[0], how) == ("it ended by itself", "exit status 0")

    def test_a_shell_as_process_1_is_named(self, tmp_path):
        shell = SOUND + 'CMD ["sh", "-c", "python3 /app/server.py; true"]\n'
        outcome = ask(tmp_path, "docker.stop", {"grace_s": 2}, shell)
        assert outcome.status == "failed"
        assert "the shell sh" in outcome.message

    def test_a_script_that_ends_in_exec_is_sound(self, tmp_path):
        script = SOUND + 'CMD ["sh", "-c", "echo hello; exec python3 /app/server.py"]\n'
        assert ask(tmp_path, "docker.stop", {"grace_s": 5}, script).status == "passed"

    def test_a_deaf_python_as_process_1_is_named(self, tmp_path):
        outcome = ask(tmp_path, "docker.stop", {"grace_s": 2}, SOUND + "ENV DEAF=1\n" + CMD)
        assert outcome.status == "failed"
        assert "Python as process 1 needs a handler" in outcome.message
        assert outcome.evidence[0].actual == "it had to be killed: it did not end after SIGTERM"

    def test_one_that_has_ended_before_was_not_stopped(self, tmp_path, monkeypatch):
        look = RunningContainer.processes

        def too_late(container):
            found = look(container)
            container.signal("SIGTERM")
            container.await_end(Deadline(20))
            return found

        monkeypatch.setattr(RunningContainer, "processes", too_late)
        outcome = ask(tmp_path, "docker.stop", {"grace_s": 5})
        assert outcome.status == "failed"
        assert outcome.message == "The container has ended before it was asked to: exit status 0."

    def test_a_signal_of_the_image_is_used(self, tmp_path):
        outcome = ask(tmp_path, "docker.stop", {"grace_s": 5}, SOUND + "ENV DEAF=1\nSTOPSIGNAL SIGINT\n" + CMD)
        assert outcome.status == "passed", outcome


class TestExec:
    def test_commands_are_judged_one_by_one(self, tmp_path):
        cases = [
            {"command": ["sh", "-c", "echo out; echo err >&2; exit 3"], "exit_status": 3, "stdout": {"exact": "out"}},
            {"command": ["cat"], "stdin": "from outside", "stdout": {"contains": ["outside"]}},
            {"command": ["python3", "-c", "print('{\"a\": 1}')"], "stdout": {"json": {"a": 1}}},
            {"command": ["nothing-of-this-name"], "stdout": {"contains": ["x"]}},
        ]
        outcome = ask(tmp_path, "docker.exec", {"cases": cases})
        assert str(outcome.fraction) == "3/4", outcome

    def test_a_command_without_end_is_killed(self, tmp_path):
        cases = [{"command": ["sleep", "1000"], "stdout": {"contains": ["x"]}}]
        outcome = ask(tmp_path, "docker.exec", {"cases": cases, "seconds": 1})
        assert outcome.status == "failed"
        assert "too long" in outcome.evidence[0].actual

    def test_output_without_end_is_cut(self, tmp_path):
        cases = [{"command": ["yes"], "stdout": {"contains": ["x"]}}]
        outcome = ask(tmp_path, "docker.exec", {"cases": cases})
        assert "too much output" in outcome.evidence[0].actual


class TestHttp:
    def test_an_answer_from_outside(self, tmp_path):
        outcome = ask(tmp_path, "docker.http", {"paths": ["/nowhere", "/health"], "contains": ["ok"]})
        assert outcome.status == "passed", outcome
        assert outcome.measure.unit == "ms"

    def test_a_wrong_status_and_body(self, tmp_path):
        outcome = ask(tmp_path, "docker.http", {"paths": ["/nowhere"]})
        assert outcome.status == "failed"
        assert outcome.evidence[0].actual == "status 404"
        outcome = ask(tmp_path, "docker.http", {"contains": ["other"]})
        assert outcome.evidence[0].expected == "a body that contains 'other'"

    def test_a_server_bound_to_loopback(self, tmp_path):
        outcome = ask(tmp_path, "docker.http", {"ports": [8000]}, BOUND, **SILENT)
        assert outcome.status == "failed"
        assert "127.0.0.1:8000 inside the container" in outcome.message

    def test_a_wrong_port(self, tmp_path):
        outcome = ask(tmp_path, "docker.http", {"ports": [8000]}, WRONG_PORT, **SILENT)
        assert outcome.status == "failed"
        assert "but on 0.0.0.0:5001" in outcome.message

    def test_one_of_several_ports(self, tmp_path):
        started = {"ports": [5000, 5001], **SILENT}
        assert ask(tmp_path, "docker.http", {"ports": [5000, 5001]}, WRONG_PORT, **started).status == "passed"


class TestDeeperQuestions:
    def test_http_request_asks_a_container(self, tmp_path):
        step = {"path": "/health", "expect": {"status": 200, "fields": {"status": {"equals": "ok"}}}}
        outcome = ask(tmp_path, "http.request", {"requests": [step]})
        assert outcome.status == "passed", outcome
        assert not outcome.claimed

    def test_a_container_that_ends_by_a_request_is_told_and_started_again(self, tmp_path):
        steps = [{"path": "/health"}, {"path": "/die"}]
        outcome = ask(tmp_path, "http.request", {"requests": steps})
        assert outcome.fraction == 0.5
        assert "the service has ended: exit status 3" in outcome.message

    def test_load_is_put_on_a_container(self, tmp_path):
        parameters = {"request": {"path": "/health"}, "max_ms": 5000, "users": 4, "requests": 40}
        outcome = ask(tmp_path, "load.http", parameters)
        assert outcome.status == "passed", outcome


class TestProcesses:
    USER = "RUN useradd --uid 10001 app\nUSER app\n"

    def test_a_user_of_its_own(self, tmp_path):
        outcome = ask(tmp_path, "docker.processes", {}, SOUND + self.USER + CMD)
        assert outcome.status == "passed", outcome
        assert "user 10001" in outcome.message

    def test_root_is_named(self, tmp_path):
        outcome = ask(tmp_path, "docker.processes", {})
        assert str(outcome.fraction) == "1/2"
        assert "python3 runs as root" in outcome.message

    def test_a_script_that_ends_as_another_user_is_sound(self, tmp_path):
        drop = 'CMD ["setpriv", "--reuid=10001", "--regid=10001", "--clear-groups", "python3", "/app/server.py"]\n'
        assert ask(tmp_path, "docker.processes", {}, SOUND + drop).status == "passed"

    def test_a_user_in_the_image_does_not_hide_root(self, tmp_path):
        alias = "RUN useradd --uid 0 --non-unique app\nUSER app\n"
        outcome = ask(tmp_path, "docker.processes", {"shell": True}, SOUND + alias + CMD)
        assert outcome.status == "failed", outcome

    def test_a_shell_as_process_1(self, tmp_path):
        shell = SOUND + self.USER + 'CMD ["sh", "-c", "python3 /app/server.py; true"]\n'
        outcome = ask(tmp_path, "docker.processes", {}, shell)
        assert str(outcome.fraction) == "1/2"
        assert "process 1 is the shell sh" in outcome.message

    def test_a_process_that_may_be_root(self, tmp_path):
        assert ask(tmp_path, "docker.processes", {"allow": ["server.py"]}).status == "passed"


class TestResources:
    def test_the_peak_is_measured(self, tmp_path):
        outcome = ask(tmp_path, "docker.resources", {"memory_mb": 200, "watch_s": 1})
        assert outcome.status == "passed", outcome
        assert 2 < outcome.measure.value < 100

    def test_too_little_memory_is_named(self, tmp_path):
        request = {"memory_mb": 40, "watch_s": 1, "requests": [{"path": "/eat"}], "times": 1}
        outcome = ask(tmp_path, "docker.resources", request)
        assert outcome.status == "failed", outcome
        assert "killed for want of memory" in outcome.message

    def test_a_worker_that_is_killed_again_and_again_is_seen(self, tmp_path):
        code = "while true; do python3 -c 'x = bytearray(300000000)'; done & exec python3 /app/server.py"
        dockerfile = SOUND + f'CMD ["sh", "-c", "{code}"]\n'
        outcome = ask(tmp_path, "docker.resources", {"memory_mb": 64, "watch_s": 3}, dockerfile, memory_mb=1024)
        assert outcome.status == "failed", outcome
        assert "killed for want of memory" in outcome.message


class TestLogs:
    def test_lines_of_json(self, tmp_path):
        parameters = {"requests": ["/health"], "json_share": 1, "fields": ["level", ["message", "msg"]]}
        outcome = ask(tmp_path, "docker.logs", parameters)
        assert outcome.status == "passed", outcome

    def test_what_is_missing_is_named(self, tmp_path):
        parameters = {"requests": ["/health"], "json_share": 1, "fields": ["time"], "contains": ["/health"]}
        outcome = ask(tmp_path, "docker.logs", {**parameters, "matches": ["GET /he.lth"], "lacks": ["info"]})
        assert str(outcome.fraction) == "2/3", outcome

    def test_logs_in_a_file_do_not_count(self, tmp_path):
        file = SOUND + 'CMD ["sh", "-c", "exec python3 /app/server.py > /app/app.log 2>&1"]\n'
        outcome = ask(tmp_path, "docker.logs", {"requests": ["/health"]}, file)
        assert outcome.status == "failed"
        assert "/app/app.log" in outcome.evidence[0].text

    def test_logs_without_end_are_read_to_a_bound(self, tmp_path):
        loud = SOUND + 'CMD ["sh", "-c", "python3 /app/server.py & yes loud"]\n'
        assert ask(tmp_path, "docker.logs", {"contains": ["loud"]}, loud).status == "passed"


class TestInspect:
    @pytest.fixture
    def own(self):
        """A container that a learner runs on this machine."""
        image = containers.build(SOUND + CHECKED + CMD)
        with closing(daemons.connect()) as api:
            host = api.create_host_config(mem_limit="64m", restart_policy={"Name": "unless-stopped"})
            mine = uuid.uuid4().hex[:8]  # other workers of the tests do the same beside us
            labels = {"com.docker.compose.service": mine}
            made = [
                api.create_container(
                    image, name=f"learner-{mine}-{name}-1", host_config=host, labels=labels, user="10001"
                )
                for name in ("web", "db")
            ]
            api.start(made[0]["Id"])
            yield api, made[0]["Id"], mine
            for each in made:
                api.remove_container(each["Id"], force=True)

    def test_what_a_learner_runs_is_found_and_left_alone(self, own, tmp_path):
        api, key, mine = own
        before = api.inspect_container(key)
        parameters = {"name": f"learner-{mine}-web-*", "memory_mb": 128, "restart": ["always", "unless-stopped"]}
        outcome = run_check("docker.inspect", {**parameters, "not_root": True}, tmp_path, live="docker")
        assert outcome.status == "passed", outcome
        after = api.inspect_container(key)
        assert after["State"]["StartedAt"] == before["State"]["StartedAt"]
        assert after["RestartCount"] == before["RestartCount"]

    def test_what_is_not_so_is_named(self, own, tmp_path):
        parameters = {"name": f"learner-{own[2]}-db-1", "ports": [80], "networks": ["bridge"], "cpus": 1}
        outcome = run_check("docker.inspect", parameters, tmp_path, live="docker")
        assert str(outcome.fraction) == "1/4"
        assert outcome.evidence[0].actual == "created: exit status 0"

    def test_several_and_none_are_failures(self, own, tmp_path):
        outcome = run_check("docker.inspect", {"compose_service": own[2]}, tmp_path, live="docker")
        assert outcome.message == f"2 containers fit {own[2]!r}: learner-{own[2]}-db-1, learner-{own[2]}-web-1."
        outcome = run_check("docker.inspect", {"name": "nothing-of-this-name"}, tmp_path, live="docker")
        assert outcome.message == "No container fits 'nothing-of-this-name'."
