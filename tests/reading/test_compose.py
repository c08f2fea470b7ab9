"""Compose files are read with all that belongs to them, and nothing in them does more than fail its own check."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.compose import inside, parse_settings, read_compose
from infra_grader.reading.compose_policy import find_refusals
from infra_grader.reading.compose_service import split_mount, split_port
from infra_grader.reading.compose_value import InterpolationError, fill


def find_refusals_of(compose):
    return find_refusals(compose, Path("nowhere"))


@pytest.fixture
def read(tmp_path):
    def read(text, overrides=(), **files):
        (tmp_path / "compose.yaml").write_text(text, encoding="utf-8")
        for name, content in files.items():
            (tmp_path / name.replace("_", ".")).write_text(content, encoding="utf-8")
        return read_compose(Workspace(tmp_path), "compose.yaml", overrides)

    return read


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("${A}", "1"),
        ("$A/x", "1/x"),
        ("${B:-d}", "d"),
        ("${E:-d}", "d"),
        ("${E-d}", ""),
        ("${B-${A}}", "1"),
        ("${A:+y}", "y"),
        ("${B:+y}", ""),
        ("$$A", "$A"),
        ("${B:?say}", "?"),
        ("$B", "?"),
    ],
)
def test_variables_are_filled_in_as_compose_does(text, filled):
    assert fill(text, {"A": "1", "E": ""}.get) == filled


@pytest.mark.parametrize("text", ["${A", "${}", "${A!x}", "a$", "$1"])
def test_what_compose_refuses_is_refused(text):
    with pytest.raises(InterpolationError):
        fill(text, lambda _: None)


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("5000", ("", "", "5000")),
        ("80:5000", ("", "80", "5000")),
        ("127.0.0.1:80:5000", ("127.0.0.1", "80", "5000")),
        ("127.0.0.1::5000", ("127.0.0.1", "", "5000")),
        ("[::1]:80:5000", ("[::1]", "80", "5000")),
    ],
)
def test_ports_have_their_parts(text, parts):
    assert split_port(text) == parts


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("/data", ("", "/data", "")),
        ("store:/data", ("store", "/data", "")),
        ("a:/data", ("", "a:/data", "")),  # a drive of Windows, says compose
        ("./a:/data:ro,z", ("./a", "/data", "ro,z")),
        (r"C:\a:/data", (r"C:\a", "/data", "")),
    ],
)
def test_mounts_have_their_parts(text, parts):
    assert split_mount(text) == parts


@pytest.mark.parametrize(
    ("folder", "path", "found"),
    [
        ("docker", "..", "."),
        ("docker", "../src", "src"),
        ("", "./a/../b", "b"),
        ("docker", "../..", ""),
        ("", "/etc", ""),
        ("", "~/x", ""),
        ("", r"C:\x", ""),
    ],
)
def test_a_path_lies_inside_or_is_none(folder, path, found):
    assert inside(folder, path) == found


def test_an_override_adds_to_lists_and_replaces_commands(read):
    service = read(
        "services:\n a:\n  image: x\n  command: [one]\n  ports: ['1:1']\n  environment: [A=1, B=1]\n"
        "  volumes: ['first:/data']\n",
        overrides=("more.yaml",),
        more_yaml="services:\n a:\n  command: [two]\n  ports: ['2:2']\n  environment: {B: 2}\n"
        "  volumes: ['second:/data']\n",
    ).services["a"]
    assert service.words("command") == ["two"]
    assert [port.target for port in service.ports] == ["1", "2"]
    assert {name: service.text(value) for name, value in service.environment.items()} == {"A": "1", "B": "2"}
    assert [mount.source for mount in service.mounts] == ["second"]


def test_what_is_extended_lies_below_and_its_lines_stay(read):
    service = read(
        "services:\n a:\n  extends: b\n  restart: always\n b:\n  image: x\n  restart: 'no'\n  mem_limit: 1g\n"
    ).services["a"]
    assert (service.restart[0], service.text(service.limit("memory"))) == ("always", "1g")
    assert service.limit("memory").line == 8


def test_rings_of_extends_and_include_end(read):
    compose = read(
        "include: [compose.yaml, gone.yaml]\n"
        "services:\n a: {extends: b, image: x}\n b: {extends: a}\n c: {extends: c}\n"
    )
    assert {item.what for item in compose.broken} >= {"the file gone.yaml of include", "the service c to extend"}


def test_thousands_of_services_are_refused(read):
    with pytest.raises(CheckFailed, match="more than 500 services"):
        read("x-a: &a {image: x}\nservices:\n" + "".join(f"  s{number}: *a\n" for number in range(501)))


def test_services_of_the_first_version_are_read(read):
    compose = read("web:\n  image: x\n")
    assert compose.is_legacy
    assert list(compose.active) == ["web"]


@pytest.mark.parametrize(
    ("profiles", "settings", "is_started"),
    [
        ("[]", "", True),
        ("[a]", "", False),
        ("[a, b]", "COMPOSE_PROFILES=b", True),
        ("[a]", "COMPOSE_PROFILES='b, a'", True),
        ("[a]", "COMPOSE_PROFILES=*", True),
        ("[a]", "COMPOSE_PROFILES=ab", False),
        ("[a]", "#COMPOSE_PROFILES=a", False),
        ("['${MINE:-a}']", "", False),
        ("['${MINE}']", "", True),
    ],
)
def test_services_under_profiles_are_started_as_compose_does(read, profiles, settings, is_started):
    compose = read(f"services: {{always: {{image: x}}, a: {{image: x, profiles: {profiles}}}}}", _env=settings)
    assert list(compose.active) == (["always", "a"] if is_started else ["always"])
    assert compose.services["a"].set_aside == ("" if is_started else "only under the profile a")


@pytest.mark.parametrize(
    ("file", "text", "is_started"),
    [
        ("README.md", "Start it by `docker compose --profile a up -d`.", True),
        ("docs/SETUP.md", "docker-compose --profile=b \\\n  --profile 'a' up", True),
        ("scripts/up.sh", 'docker compose --profile "*" up', True),
        ("Makefile", "up:\n\tdocker compose --profile a up\n", True),
        ("README.md", "Start it by `docker compose --profile ab up -d`.", False),
        ("README.md", "Start it by `docker compose up`.\n\nThe AWS CLI takes --profile a.", False),
        ("notes.txt", "docker compose --profile a up", False),
    ],
)
def test_profiles_are_started_by_the_commands_that_are_told(read, tmp_path, file, text, is_started):
    (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / file).write_text(text, encoding="utf-8")
    compose = read("services: {always: {image: x}, a: {image: x, profiles: [a]}}")
    assert ("a" in compose.active) is is_started


def test_variables_come_from_the_file_beside_it(read):
    service = read("services: {a: {image: 'x:${TAG}', ports: ['$PORT:80']}}", _env="TAG='1.2' # no\nexport PORT=8080\n")
    assert str(service.services["a"].image) == "x:1.2"
    assert service.services["a"].ports[0].published == "8080"


def test_settings_files_are_read():
    assert parse_settings('# A=1\nB = "x y"\nexport C=1 # c\nD\n=E\n') == {"B": "x y", "C": "1", "D": ""}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "services:\n",
        "services: []\n",
        "services: {a: }\n",
        "- a\n",
        "a: b\n",
        "services: {a: {}}\n",
        "x: 1\n---\n- 2",
    ],
)
def test_a_file_without_services_fails(read, text):
    with pytest.raises(CheckFailed):
        read(text)


@pytest.mark.parametrize(
    ("service", "topic"),
    [
        ("privileged: 'true'", "privileged"),
        ("privileged: ${P:-true}", "privileged"),
        ("volumes: ['$HOME:/x']", "host-paths"),
        ("volumes: ['${HOME:-./x}:/x']", "host-paths"),
        ("volumes: ['../x:/x']", "host-paths"),
        ("volumes: ['/run:/x']", "docker-socket"),
        ("volumes: [{type: volume, source: /etc, target: /x}]", "host-paths"),
        ("volumes: [{type: npipe, source: x, target: /x}]", "host-paths"),
        ("pid: container:other", "host-namespaces"),
        ("ipc: host", "host-namespaces"),
        ("gpus: all", "devices"),
        ("use_api_socket: true", "unknown-keys"),
        ("cap_add: [CHOWN, NET_ADMIN]", "capabilities"),
        ("pre_stop: [{command: [a], privileged: true}]", "privileged"),
        ("volumes_from: ['container:other']", "host-paths"),
        ("build: https://example.com/x.git", "remote-builds"),
        ("build: {context: ., additional_contexts: {x: ../..}}", "outside-files"),
        ("build: {context: ., ssh: [default]}", "remote-builds"),
        ("build: {context: ., dockerfile: ../../Dockerfile}", "outside-files"),
        ("env_file: [{path: /etc/passwd}]", "outside-files"),
        ("extends: {file: ../x.yml, service: a}", "outside-files"),
    ],
)
def test_what_reaches_for_the_machine_is_refused(read, service, topic):
    found = find_refusals_of(read(f"services:\n  a:\n    image: x\n    {service}\n"))
    assert [(item.topic, item.value.line) for item in found] == [(topic, 4)]


@pytest.mark.parametrize(
    "service",
    ["volumes: ['${PWD}/data:/x', 'named:/y', '${DATA:-./d}:/z']", "privileged: false", "network_mode: none",
     "pid: service:b", "tmpfs: [/tmp]", "cap_add: [NET_BIND_SERVICE]", "sysctls: {net.core.somaxconn: 1024}",
     "volumes: ['/etc/localtime:/etc/localtime:ro']", "volumes_from: [b]", "network_mode: default",
     "post_start: [{command: [a], user: root}]", "build: {context: ., secrets: [token]}",
     "build: {context: ., network: none}", "x-note: 1"],
)  # fmt: skip
def test_what_is_its_own_is_granted(read, service):
    assert find_refusals_of(read(f"services:\n  a:\n    image: x\n    {service}\n")) == []


LEAVES = st.none() | st.booleans() | st.integers(-5, 99999) | st.sampled_from(
    ["", "a", "$X", "${X:-1}:80", "80:80/udp", "./a:/b:ro", "${", "NONE", "CMD", "curl x || true", "service:a", "/",
     "~"]
)  # fmt: skip
KEYS = st.sampled_from(
    ["image", "build", "ports", "volumes", "environment", "env_file", "depends_on", "networks", "healthcheck", "test",
     "deploy", "resources", "limits", "memory", "extends", "service", "file", "command", "profiles", "restart",
     "context", "source", "target", "type", "secrets", "configs", "tmpfs", "security_opt", "privileged", "pid",
     "replicas"]
)  # fmt: skip
TREES = st.recursive(LEAVES, lambda below: st.lists(below, max_size=3) | st.dictionaries(KEYS, below), max_leaves=15)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.sampled_from(["services", "networks", "volumes", "include", "configs", "secrets"]),
        st.dictionaries(st.sampled_from("abc"), st.dictionaries(KEYS, TREES, max_size=5) | TREES) | TREES,
    )
)
@example({"services": {"a": {"image": 1, "ports": [{"target": {}}], "volumes": {"a": []}, "build": []}}})
def test_whatever_a_file_holds_it_is_read_or_refused(read, tree):
    import json

    try:
        compose = read(json.dumps(tree))
    except CheckFailed:
        return
    find_refusals_of(compose)
    for service in compose.services.values():
        assert service.is_active in (True, False)
        service.probe_commands()
        service.words("command")
        assert service.environment is not None
        assert service.restart
        assert all(port.target is not None for port in service.ports)
        _ = [*service.env_files, *service.mounts, *service.depends_on, *service.networks]
