"""docker.run on a real daemon: every flaw that only a live check can see, and its sound twin."""

from __future__ import annotations

import containers
import pytest
from containers import CHECKED, CMD, SOUND

from infra_grader.testing import run_check


@pytest.fixture(autouse=True)
def _docker():
    containers.require()


def run(tmp_path, dockerfile=SOUND + CMD, **parameters):
    """Run an image that this Dockerfile makes."""
    image = containers.build(dockerfile)
    parameters = {"stays_s": 0, "seconds": 20, **parameters}
    return run_check("docker.run", {"reference": image, **parameters}, tmp_path, live="docker")


def test_a_sound_service_answers(tmp_path):
    outcome = run(tmp_path, stays_s=1)
    assert outcome.status == "passed", outcome
    assert "answers on port 8000" in outcome.message
    assert outcome.measure.unit == "s"
    assert dict(outcome.provides).keys() == {"container", "service"}
    assert outcome.evidence[0].path.startswith("docker run --rm -p 127.0.0.1::8000")


def test_a_service_behind_an_entrypoint_answers(tmp_path):
    script = 'RUN printf \'#!/bin/sh\\nexec "$@"\\n\' > /start.sh && chmod +x /start.sh\nENTRYPOINT ["/start.sh"]\n'
    assert run(tmp_path, SOUND + script + CMD).status == "passed"


def test_a_service_without_expose_is_found(tmp_path):
    outcome = run(tmp_path, SOUND.replace("EXPOSE 8000\n", "ENV PORT=5000\n") + CMD)
    assert outcome.status == "passed", outcome
    assert "port 5000" in outcome.message


def test_a_server_bound_to_loopback_is_told_so(tmp_path):
    outcome = run(tmp_path, SOUND + "ENV HOST=127.0.0.1\n" + CHECKED + CMD, seconds=4)
    assert outcome.status == "failed"
    assert "127.0.0.1:8000 inside the container" in outcome.message
    assert "its own healthcheck says healthy" in outcome.message


def test_a_wrong_port_is_told_with_the_right_one(tmp_path):
    outcome = run(tmp_path, SOUND + "ENV PORT=5001\n" + CMD, seconds=3)
    assert outcome.status == "failed"
    assert "nothing listens on port 8000 inside the container, but on 0.0.0.0:5001" in outcome.message


def test_any_port_finds_a_usual_one(tmp_path):
    outcome = run(tmp_path, SOUND + "ENV PORT=5000\n" + CMD, any_port=True)
    assert outcome.status == "passed", outcome
    assert "port 5000" in outcome.message


def test_a_slow_start_fails_and_a_less_slow_one_is_measured(tmp_path):
    dockerfile = SOUND + "ENV SLOW=4\n" + CMD
    assert "within 2 s" in run(tmp_path, dockerfile, seconds=2).message
    outcome = run(tmp_path, dockerfile, seconds=30)
    assert outcome.status == "passed", outcome
    assert outcome.measure.value >= 4


def test_a_crash_tells_status_and_output(tmp_path):
    outcome = run(tmp_path, SOUND + 'CMD ["python3", "-c", "raise SystemExit(\'no model at /model\')"]\n')
    assert outcome.status == "failed"
    assert "it has ended: exit status 1" in outcome.message
    assert "no model at /model" in outcome.evidence[0].text


def test_a_crash_after_the_first_answer_fails(tmp_path):
    late = 'CMD ["sh", "-c", "python3 /app/server.py & sleep 2; exit 7"]\n'
    outcome = run(tmp_path, SOUND + late, stays_s=6)
    assert outcome.status == "failed"
    assert "does not stay up: exit status 7" in outcome.message


def test_a_command_that_is_not_there_is_the_learners(tmp_path):
    outcome = run(tmp_path, SOUND + 'CMD ["uvicorn", "app:app"]\n')
    assert outcome.status == "failed"
    assert '"uvicorn": executable file not found' in outcome.message


def test_an_unknown_user_is_the_learners(tmp_path):
    outcome = run(tmp_path, SOUND + "USER app\n" + CMD)
    assert outcome.status == "failed"
    assert "unable to find user app" in outcome.message


def test_out_of_memory_is_named(tmp_path):
    outcome = run(tmp_path, SOUND + 'CMD ["python3", "-c", "x = bytearray(500_000_000)"]\n', memory_mb=48)
    assert outcome.status == "failed"
    assert "out of memory, its limit is 48 MiB" in outcome.message


def test_output_without_end_is_bounded(tmp_path):
    outcome = run(tmp_path, SOUND + 'CMD ["sh", "-c", "python3 /app/server.py & yes loud"]\n', stays_s=2)
    assert outcome.status == "passed", outcome


def test_a_sound_healthcheck_is_healthy_long_before_its_interval(tmp_path):
    outcome = run(tmp_path, SOUND + CHECKED + CMD, healthy=True)
    assert outcome.status == "passed", outcome
    assert outcome.evidence[-1].actual == "health: healthy"


def test_a_healthcheck_in_a_start_period_is_healthy(tmp_path):
    period = CHECKED.replace("--timeout", "--start-period=60s --timeout")
    assert run(tmp_path, SOUND + period + CMD, healthy=True).status == "passed"


def test_a_healthcheck_by_shell_is_healthy(tmp_path):
    assert run(tmp_path, SOUND + "HEALTHCHECK CMD python3 /app/health.py || exit 1\n" + CMD, healthy=True).message


@pytest.mark.parametrize("lie", ["true", "python3 /app/health.py || exit 0", "python3 -c 'import http.client'"])
def test_a_healthcheck_that_lies_is_found(tmp_path, lie):
    outcome = run(tmp_path, SOUND + f"HEALTHCHECK CMD {lie}\n" + CMD, healthy=True)
    assert outcome.status == "failed"
    assert "healthy also where the service does not run" in outcome.message


def test_a_healthcheck_of_another_port_fails(tmp_path):
    wrong = "HEALTHCHECK CMD python3 -c \"import urllib.request as u; u.urlopen('http://127.0.0.1:9/')\"\n"
    outcome = run(tmp_path, SOUND + wrong + CMD, healthy=True, seconds=8)
    assert outcome.status == "failed"
    assert "does not say that it is healthy" in outcome.message
    assert "Connection refused" in outcome.evidence[0].text


def test_a_healthcheck_that_hangs_fails_in_time(tmp_path):
    outcome = run(tmp_path, SOUND + "HEALTHCHECK CMD sleep 1000\n" + CMD, healthy=True, seconds=5)
    assert outcome.status == "failed"
    assert "hangs" in outcome.evidence[0].text


def test_no_healthcheck_is_not_healthy(tmp_path):
    assert run(tmp_path, healthy=True).message == "The image has no healthcheck."


def test_a_program_that_ends_is_judged_by_its_status(tmp_path):
    done = SOUND + 'CMD ["python3", "-c", "print(42)"]\n'
    outcome = run(tmp_path, done, exits=0)
    assert outcome.status == "passed", outcome
    assert outcome.evidence[0].text == "42"
    assert run(tmp_path, done, exits=1).status == "failed"
    assert "still runs" in run(tmp_path, exits=0, seconds=2).message


def test_a_read_only_root_without_capabilities(tmp_path):
    assert run(tmp_path, read_only=True, drop_capabilities=True).status == "passed"
    writes = SOUND + 'CMD ["sh", "-c", "echo x > /app/x && exec python3 /app/server.py"]\n'
    outcome = run(tmp_path, writes, read_only=True)
    assert outcome.status == "failed"
    assert "Read-only file system" in outcome.evidence[0].text
    assert run(tmp_path, writes).status == "passed"
    temporary = SOUND + 'CMD ["sh", "-c", "echo x > /tmp/x && exec python3 /app/server.py"]\n'
    assert run(tmp_path, temporary, read_only=True).status == "passed"


@pytest.mark.parametrize("drops", [False, True])
def test_only_what_drops_its_capabilities_gains_no_privileges_either(tmp_path, drops):
    shown = f"grep NoNewPrivs:.{int(drops)} /proc/self/status && exec python3 /app/server.py"
    outcome = run(tmp_path, SOUND + f'CMD ["sh", "-c", "{shown}"]\n', drop_capabilities=drops)
    assert outcome.status == "passed", outcome


def test_a_file_of_the_rubric_is_mounted_read_only(tmp_path):
    (tmp_path / "own.txt").write_text("from the rubric")
    command = ["sh", "-c", "cat /own.txt; echo x > /own.txt"]
    outcome = run(tmp_path, exits=2, command=command, mounts={"/own.txt": "own.txt"})
    assert outcome.status == "passed", outcome
    assert "from the rubric" in outcome.evidence[0].text


def test_an_isolated_container_has_no_way_out(tmp_path):
    code = "import socket; socket.create_connection(('1.1.1.1', 80), 3)"
    outcome = run(tmp_path, exits=1, command=["python3", "-c", code])
    assert outcome.status == "passed", outcome


def test_names_of_other_hosts_are_not_found_at_once(tmp_path):
    code = "import socket; socket.getaddrinfo('pypi.org', 443)"
    outcome = run(tmp_path, exits=1, command=["python3", "-c", code])
    assert outcome.status == "passed", outcome
    assert outcome.measure.value < 6


def test_other_containers_are_reached_by_alias(tmp_path):
    image = containers.build()
    code = "import urllib.request as u; print(u.urlopen('http://api:8000/health').read())"
    before = {"api": {"uses": "docker.run", "with": {"reference": image, "alias": "api", "stays_s": 0}}}
    parameters = {"reference": image, "command": ["python3", "-c", code], "exits": 0}
    outcome = run_check("docker.run", parameters, tmp_path, live="docker", before=before)
    assert outcome.status == "passed", outcome


def test_an_image_that_is_not_there_leaves_the_check_open(tmp_path):
    outcome = run_check("docker.run", {"reference": "nowhere.invalid/none:1"}, tmp_path, live="docker")
    assert outcome.status == "not_assessed"


@pytest.mark.parametrize(
    ("own", "seen"), [("", "/ours /app/lib"), ("ENV PYTHONPATH=/app/more\n", "/ours /app/lib /app/more")]
)
def test_python_looks_into_the_folders_of_the_rubric_first(tmp_path, own, seen):
    code = "import sys; found = ' '.join(place for place in sys.path[1:] if 'lib/python' not in place)"
    command = ["python3", "-c", f"{code}; sys.exit(found.replace('/usr/lib/python311.zip', '').strip() != {seen!r})"]
    folders = ["/ours", "/app/lib"]
    outcome = run(tmp_path, SOUND + own + CMD, exits=0, command=command, python_path=folders)
    assert outcome.status == "passed", outcome


def test_dropped_capabilities_are_not_gained_again(tmp_path):
    helper = 'FROM python:3.11-slim\nRUN chmod u+s /usr/bin/setpriv\nUSER 10001\nCMD ["setpriv", "--reuid=0", "true"]\n'
    assert run(tmp_path, helper, exits=0).status == "passed"
    assert run(tmp_path, helper, exits=0, drop_capabilities=True).status == "failed"
