"""What a compose file may not ask of the machine: refused before anything is started, with its line."""

from __future__ import annotations

import containers
import pytest

from infra_grader.testing import run_check

WEB = "services:\n  web:\n    image: python:3.11-slim\n    command: [sleep, '60']\n"


@pytest.fixture(autouse=True)
def _docker():
    containers.require()


def up(folder, **parameters):
    """Return the outcome of starting the project in a folder."""
    return run_check("compose.up", {"seconds": 20, "stays_s": 0, **parameters}, folder, live="docker")


def write(folder, text, **files):
    """Write a compose file, and others beside it."""
    (folder / "compose.yaml").write_text(text, encoding="utf-8")
    for name, content in files.items():
        (folder / name).write_text(content, encoding="utf-8")


REFUSED = {
    "privileged": "    privileged: true\n",
    "capabilities": "    cap_add: [SYS_ADMIN]\n",
    "devices": "    devices: [/dev/kvm:/dev/kvm]\n",
    "docker-socket": "    volumes: ['/var/run/docker.sock:/s']\n",
    "host-paths": "    volumes: ['/etc:/host-etc:ro']\n",
    "unconfined": "    security_opt: ['seccomp:unconfined']\n",
    "host-namespaces": "    network_mode: host\n",
    "unknown-keys": "    cgroup_parent: /\n",
    "replicas": "    deploy: {replicas: 500}\n",
    "external": "networks: {default: {external: true, name: bridge}}\n",
    "drivers": "    volumes: ['texts:/d']\nvolumes: {texts: {driver_opts: {type: none, o: bind, device: /etc}}}\n",
}


@pytest.mark.parametrize("topic", REFUSED)
def test_what_reaches_for_the_host_is_refused_with_its_line(topic, tmp_path):
    write(tmp_path, WEB + REFUSED[topic])
    outcome = up(tmp_path)
    assert outcome.status == "failed", outcome
    assert "is not started" in outcome.message
    assert outcome.evidence[0].expected == f"no {topic}"
    assert outcome.evidence[0].path == "compose.yaml"


@pytest.mark.parametrize("topic", ["privileged", "host-paths", "host-namespaces"])
def test_what_is_rewritten_is_set_aside_with_a_note(topic, tmp_path):
    write(tmp_path, WEB + REFUSED[topic])
    outcome = up(tmp_path, rewrite=[topic])
    assert outcome.status == "passed", outcome
    assert any("set aside" in (piece.text or "") for piece in outcome.evidence), outcome.evidence


@pytest.mark.parametrize(
    "text",
    [
        WEB + "    volumes: ['../outside:/o']\n",
        WEB + "    env_file: /etc/hostname\n",
        WEB + "    env_file: leads-out.env\n",
        WEB + "    label_file: /etc/hostname\n",
        WEB + "    volumes: ['./leads-out.env:/o']\n",
        "include: [{path: other.yaml, env_file: /etc/hostname}]\n" + WEB,
        "include: ['../outside/compose.yaml']\n" + WEB,
        "include: ['https://example.com/compose.git']\n" + WEB,
        WEB + "    extends: {file: ../outside/compose.yaml, service: web}\n",
        WEB.replace("    image: python:3.11-slim\n", "    build: ../outside\n"),
        WEB.replace("    image: python:3.11-slim\n", "    build: https://example.com/a.git\n"),
        WEB + "    secrets: [s]\nsecrets: {s: {file: /etc/shadow}}\n",
    ],
)
def test_files_outside_are_never_opened(text, tmp_path):
    folder = tmp_path / "submission"
    folder.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "compose.yaml").write_text(WEB, encoding="utf-8")
    write(folder, text, **{"other.yaml": WEB})
    (folder / "leads-out.env").symlink_to("/etc/hostname")
    outcome = up(folder)
    assert outcome.status == "failed", outcome
    assert not any("/etc/shadow:" in (piece.text or "") for piece in outcome.evidence)


def test_an_override_may_take_back_what_would_be_refused(tmp_path):
    write(tmp_path, WEB + "    privileged: true\n    ports: ['80:80']\n", **{
        "compose.override.yaml": "services:\n  web:\n    privileged: !reset null\n    ports: !override ['81:81']\n"
        "    command: [python, -m, http.server, '81']\n"
    })  # fmt: skip
    outcome = up(tmp_path)
    assert outcome.status == "passed", outcome


def test_what_is_left_out_is_not_held_against_the_others(tmp_path):
    write(
        tmp_path,
        WEB + "  agent:\n    image: gcr.io/cadvisor/cadvisor\n    privileged: true\n    volumes: ['/:/host']\n",
    )
    outcome = up(tmp_path, without=["*cadvisor*"])
    assert outcome.status == "passed", outcome
    assert any("not started: agent" in str(piece.actual) for piece in outcome.evidence)


def test_dropped_capabilities_and_those_that_every_container_has_are_sound(tmp_path):
    write(
        tmp_path,
        WEB
        + "    cap_drop: [ALL]\n    cap_add: [NET_BIND_SERVICE, CHOWN]\n    security_opt: ['no-new-privileges:true']\n",
    )
    assert up(tmp_path).status == "passed"


def test_a_link_that_a_container_makes_leads_no_other_one_out(tmp_path):
    """Docker follows links when it mounts: the second service must not be given what the first one points at."""
    write(
        tmp_path,
        """\
services:
  first:
    image: python:3.11-slim
    command: [sh, -c, "mv /w/inner /w/old; ln -s / /w/inner; touch /tmp/done; sleep 60"]
    volumes: ['./:/w']
    healthcheck: {test: [CMD, test, -e, /tmp/done]}
  second:
    image: python:3.11-slim
    command: [sh, -c, "ls /i; test -e /i/proc && exit 3; sleep 60"]
    volumes: ['./inner:/i']
    depends_on: {first: {condition: service_healthy}}
""",
    )
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.txt").write_text("a", encoding="utf-8")
    outcome = up(tmp_path)
    assert outcome.status == "passed", outcome


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services: {web: {image: x, ports: ['a:b:c:d']}}\n", "Compose cannot read compose.yaml"),
        ("services: {web: {image: x, depends_on: [gone]}}\n", "Compose cannot read compose.yaml"),
        ("services: {}\n", "declares no service"),
        ("a: [\n", "is not valid YAML"),
        ("services: {web: {image: python:3.11-slim, profiles: [p]}}\n", "starts no service"),
        ("services: {web: {image: 'python:3.11-slim', scale: 0}}\n", "starts no"),
        ("services: {web: {image: 'infra-grader-nobody/has-this:1'}}\n", "There is no image"),
    ],
)
def test_what_cannot_be_started_is_the_submissions(text, said, tmp_path):
    write(tmp_path, text)
    outcome = up(tmp_path)
    assert outcome.status == "failed", outcome
    assert said in outcome.message, outcome.message
