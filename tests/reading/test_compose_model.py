"""What a model asks of the machine: an allow-list, so that what nobody knows is refused."""

from __future__ import annotations

import posixpath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.reading.compose_model import JUDGED, KEPT, SET_ASIDE, find_asked

TOP = "/copy"


def locate(path):
    """Find a path in the copy, without links."""
    plain = posixpath.normpath(path) if path.startswith("/") else ""
    return posixpath.relpath(plain, TOP) if plain == TOP or plain.startswith(f"{TOP}/") else None


def topics(service=None, **top):
    """Return the topics that are refused."""
    return sorted({item.topic for item in find_asked({"services": {"web": service or {}}, **top}, locate)})


def bind(source):
    """Return a service that mounts a path."""
    return {"volumes": [{"type": "bind", "source": source, "target": "/t"}]}


@pytest.mark.parametrize(
    ("service", "topic"),
    [
        ({"privileged": True}, "privileged"),
        ({"cap_add": ["ALL"]}, "capabilities"),
        ({"cap_add": ["NET_ADMIN", "CHOWN"]}, "capabilities"),
        ({"security_opt": ["apparmor:unconfined"]}, "unconfined"),
        ({"security_opt": ["no-new-privileges:false"]}, "unconfined"),
        ({"network_mode": "host"}, "host-namespaces"),
        ({"network_mode": "container:other"}, "host-namespaces"),
        ({"pid": "host"}, "host-namespaces"),
        ({"ipc": "host"}, "host-namespaces"),
        ({"uts": "host"}, "host-namespaces"),
        ({"userns_mode": "host"}, "host-namespaces"),
        ({"cgroup": "host"}, "host-namespaces"),
        ({"devices": ["/dev/sda"]}, "devices"),
        ({"gpus": "all"}, "devices"),
        ({"runtime": "nvidia"}, "devices"),
        ({"deploy": {"resources": {"reservations": {"devices": [{"capabilities": ["gpu"]}]}}}}, "devices"),
        ({"volumes_from": ["container:other"]}, "host-paths"),
        ({"cgroup_parent": "/"}, "unknown-keys"),
        ({"provider": {"type": "sh"}}, "unknown-keys"),
        ({"post_start": [{"command": "x"}, {"command": "x", "privileged": True}]}, "privileged"),
        (bind("/"), "host-paths"),
        (bind("/copy/../etc"), "host-paths"),
        (bind("/copying"), "host-paths"),
        (bind("/var/run"), "docker-socket"),
        (bind("/run/podman/podman.sock"), "docker-socket"),
        ({"volumes": [{"type": "npipe", "source": "x", "target": "/t"}]}, "host-paths"),
        ({"volumes": [{"type": "volume", "source": "/etc", "target": "/t"}]}, "host-paths"),
        ({"build": {"context": "/etc"}}, "outside-files"),
        ({"build": {"context": "https://example.com/a.git"}}, "remote-builds"),
        ({"build": {"context": TOP, "network": "host"}}, "remote-builds"),
        ({"build": {"context": TOP, "ssh": ["default"]}}, "remote-builds"),
        ({"build": {"context": TOP, "privileged": True}}, "remote-builds"),
        ({"build": {"context": TOP, "additional_contexts": {"a": "/etc"}}}, "outside-files"),
        ({"scale": 41}, "replicas"),
        ({"deploy": {"replicas": 10**9}}, "replicas"),
    ],
)
def test_what_reaches_for_the_host_has_its_topic(service, topic):
    assert topics(service) == [topic]


@pytest.mark.parametrize(
    "service",
    [
        {"cap_add": ["NET_BIND_SERVICE", "CAP_CHOWN"], "cap_drop": ["ALL"], "security_opt": ["no-new-privileges:true"]},
        {"network_mode": "service:db", "pid": "service:db", "ipc": "shareable"},
        {"network_mode": "none"},
        {"post_start": [{"command": ["x"], "user": "root"}], "pre_stop": [{"command": "x"}]},
        {"build": {"context": TOP, "secrets": [{"source": "token"}]}},
        bind(TOP),
        bind(f"{TOP}/data"),
        bind("/etc/localtime"),
        {"volumes": [{"type": "volume", "target": "/t"}, {"type": "tmpfs", "target": "/u"}]},
        {"build": {"context": TOP, "dockerfile": "Dockerfile", "additional_contexts": {"a": "service:b"}}},
        {"privileged": False, "devices": None, "x-own": {"privileged": True}, "gpus": []},
        dict.fromkeys((KEPT | SET_ASIDE) - {"build", "deploy", "volumes", "scale"}, "x"),
    ],
)
def test_what_is_sound_is_not_refused(service):
    assert topics(service) == []


@pytest.mark.parametrize(
    ("top", "topic"),
    [
        ({"networks": {"a": {"external": True, "name": "bridge"}}}, "external"),
        ({"volumes": {"a": {"external": True}}}, "external"),
        ({"networks": {"a": {"driver": "macvlan"}}}, "drivers"),
        ({"networks": {"a": {"driver_opts": {"parent": "eth0"}}}}, "drivers"),
        ({"volumes": {"a": {"driver_opts": {"device": "tmpfs", "o": "size=1g,bind", "type": "tmpfs"}}}}, "drivers"),
        ({"volumes": {"a": {"driver_opts": {"device": "/", "o": "size=1g", "type": "nfs"}}}}, "drivers"),
        ({"volumes": {"a": {"driver_opts": {"device": "/", "o": "bind", "type": "none"}}}}, "drivers"),
        ({"secrets": {"a": {"file": "/etc/shadow"}}}, "outside-files"),
        ({"models": {"a": {"model": "x"}}}, "unknown-keys"),
    ],
)
def test_the_same_at_the_top(top, topic):
    assert topics(**top) == [topic]


@pytest.mark.parametrize(
    "top",
    [
        {"networks": {"a": {"driver_opts": {"com.docker.network.bridge.name": "br-app"}}}},
        {"networks": {"a": {"driver": "bridge", "driver_opts": {"com.docker.network.driver.mtu": 1450}}}},
        {"volumes": {"a": {"driver_opts": {"device": "tmpfs", "o": "size=100m,uid=1000", "type": "tmpfs"}}}},
        {"volumes": {"a": {"driver": "local", "driver_opts": {"device": "tmpfs", "type": "tmpfs"}}}},
    ],
)
def test_options_that_stay_inside_are_not_refused(top):
    assert topics(**top) == []


@given(st.text(min_size=1).filter(lambda key: not key.startswith("x-") and key not in KEPT | SET_ASIDE | JUDGED))
def test_a_key_that_nobody_knows_is_refused(key):
    assert topics({key: "value"})
