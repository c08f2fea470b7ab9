"""A compose project as it is started: whatever its model asks for, nothing of the host is in it."""

from __future__ import annotations

import copy
import posixpath

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from infra_grader.reading.compose_binds import lay_out_binds
from infra_grader.reading.compose_model import KEPT, MOST_CONTAINERS, find_asked, mount_topic
from infra_grader.reading.compose_rewrite import LOOPBACK, Start, escaped, find_clashes, rewrite, tcp_ports

TOP = "/copy"
LABELS = {"infra-grader": "live", "infra-grader.run": "r"}
NAMES = st.sampled_from(["web", "api", "db", "worker"])
PATHS = st.sampled_from(
    [
        TOP,
        f"{TOP}/data",
        f"{TOP}/data/inner",
        f"{TOP}/a.py",
        "/",
        "/etc",
        "/var/run/docker.sock",
        "/etc/localtime",
        "/copying",
    ]
)


def locate(path):
    """Find a path in the copy, without links."""
    plain = posixpath.normpath(path) if path.startswith("/") else ""
    return posixpath.relpath(plain, TOP) if plain == TOP or plain.startswith(f"{TOP}/") else None


def started(model, **more):
    """Return a model as it is started."""
    services = model["services"]
    binds = [
        locate(mount["source"])
        for service in services.values()
        for mount in service.get("volumes") or ()
        if mount["type"] == "bind" and not mount_topic(mount, locate) and locate(mount["source"])
    ]
    files = {
        path: f"/files/{number}"
        for kind in ("configs", "secrets")
        for number, item in enumerate((model.get(kind) or {}).values())
        if (path := locate(str(item.get("file") or "")) or f"${item.get('environment')}")
    }
    start = Start(
        project="ours",
        labels=LABELS,
        images={name: f"image-of-{name}" for name in services},
        binds=lay_out_binds(binds, TOP, "/places"),
        files=files,
        memory_bytes=1000,
        pids=10,
        **more,
    )
    return rewrite(model, start, locate)


def one(**service):
    """Return what becomes of a single service."""
    return started({"services": {"web": service}})["services"]["web"]


MOUNTS = st.one_of(
    st.fixed_dictionaries(
        {"type": st.just("bind"), "source": PATHS, "target": st.sampled_from(["/a", "/a/data", "/b"])},
        optional={"read_only": st.booleans(), "bind": st.just({"propagation": "rshared"})},
    ),
    st.fixed_dictionaries({"type": st.just("volume"), "target": st.just("/v")}, optional={"source": st.just("texts")}),
    st.fixed_dictionaries(
        {"type": st.sampled_from(["npipe", "cluster", "image"]), "source": PATHS, "target": st.just("/n")}
    ),
)
PORTS = st.fixed_dictionaries(
    {"target": st.integers(1, 65_535), "protocol": st.sampled_from(["tcp", "udp"])},
    optional={"published": st.sampled_from(["80", "8080", ""]), "host_ip": st.sampled_from(["0.0.0.0", "10.0.0.1"])},
)
SERVICES = st.fixed_dictionaries(
    {"image": st.just("nginx")},
    optional={
        "privileged": st.booleans(),
        "cap_add": st.lists(st.sampled_from(["SYS_ADMIN", "NET_BIND_SERVICE", "CAP_CHOWN", "ALL"])),
        "security_opt": st.lists(st.sampled_from(["seccomp:unconfined", "no-new-privileges:true", "label:disable"])),
        "network_mode": st.sampled_from(["host", "bridge", "none", "service:db", "container:x", "service:gone"]),
        "pid": st.sampled_from(["host", "service:api"]),
        "ipc": st.sampled_from(["host", "shareable", "container:x"]),
        "userns_mode": st.just("host"),
        "devices": st.just(["/dev/kvm:/dev/kvm"]),
        "device_cgroup_rules": st.just(["a *:* rwm"]),
        "cgroup_parent": st.just("/"),
        "provider": st.just({"type": "sh"}),
        "post_start": st.just([{"command": ["sh"], "privileged": True}]),
        "volumes": st.lists(MOUNTS, max_size=4),
        "volumes_from": st.lists(st.sampled_from(["db", "container:x"])),
        "ports": st.lists(PORTS, max_size=4),
        "expose": st.lists(st.sampled_from(["80", "90/tcp", "1-5", 99]), max_size=3),
        "labels": st.just({"infra-grader.home": "/", "com.docker.compose.project": "other", "a": "$b"}),
        "logging": st.just({"driver": "syslog", "options": {"syslog-address": "tcp://10.0.0.1"}}),
        "deploy": st.fixed_dictionaries(
            {},
            optional={
                "replicas": st.integers(0, 5000),
                "resources": st.just({"reservations": {"devices": [{"capabilities": ["gpu"]}]}, "limits": {"cpus": 2}}),
            },
        ),
        "depends_on": st.dictionaries(NAMES, st.just({"condition": "service_healthy"})),
        "container_name": st.just("the-name"),
        "networks": st.dictionaries(st.sampled_from(["front", "back"]), st.none()),
        "pull_policy": st.just("always"),
        "build": st.just({"context": "/etc", "network": "host"}),
    },
)
MODELS = st.fixed_dictionaries(
    {"services": st.dictionaries(NAMES, SERVICES, min_size=1)},
    optional={
        "name": st.just("theirs"),
        "networks": st.just({"front": {"name": "bridge", "external": True}, "back": {"driver": "macvlan"}}),
        "volumes": st.just({"texts": {"name": "x", "driver_opts": {"o": "bind", "device": "/"}}}),
        "secrets": st.sampled_from([{"s": {"file": f"{TOP}/data/s"}}, {"s": {"environment": "HOME"}}]),
        "models": st.just({"m": {"model": "x"}}),
    },
)


@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate], deadline=None)
@given(MODELS)
def test_nothing_of_the_host_is_ever_left(model):
    before = copy.deepcopy(model)
    made = started(model)
    assert model == before, "the model is not changed"
    places = [f"{TOP}", "/places", "/files"]

    def is_ours(path):
        return any(path == place or path.startswith(f"{place}/") for place in places)

    assert made["name"] == "ours"
    for item in (*made["networks"].values(), *made["volumes"].values()):
        assert item["labels"] == LABELS
        assert item["name"].startswith("ours_")
        assert "external" not in item
    assert all(set(volume) == {"name", "labels"} for volume in made["volumes"].values())
    assert all(network["driver"] == "bridge" for network in made["networks"].values())
    assert all(is_ours(item["file"]) for item in made["secrets"].values() if "file" in item)
    for service in made["services"].values():
        allowed = KEPT | {
            "cap_add",
            "security_opt",
            "network_mode",
            "pid",
            "ipc",
            "pull_policy",
            "logging",
            "volumes_from",
            "post_start",
        }
        assert set(service) <= allowed
        assert not any("privileged" in hook for hook in service.get("post_start", ()))
        assert LABELS.items() <= service["labels"].items()
        assert not {"infra-grader.home", "com.docker.compose.project"} & set(service["labels"])
        for port in service.get("ports", ()):
            assert port["host_ip"] == LOOPBACK
            assert "published" not in port
        for mount in service["volumes"]:
            assert mount["type"] in ("bind", "volume", "tmpfs")
            assert mount["type"] != "tmpfs" or set(mount) == {"type", "target", "read_only"}, "empty, and of no place"
            assert mount["type"] != "bind" or (is_ours(mount["source"]) and "propagation" not in mount["bind"])
        assert set(service.get("networks") or ()) <= set(made["networks"])
        assert "network_mode" in service or service["networks"], "else compose makes a network without our labels"
        assert service.get("deploy", {}).get("replicas", 1) <= MOST_CONTAINERS
        assert service["logging"]["driver"] == "json-file"
        assert service["image"].startswith("image-of-")


def test_what_lies_in_memory_still_does_and_names_of_the_machine_are_ours():
    memory = {"type": "tmpfs", "device": "tmpfs", "o": "size=10m"}
    bridge = {"com.docker.network.bridge.name": "br0", "com.docker.network.bridge.enable_icc": "false"}
    service = {"networks": {"back": None}, "post_start": [{"command": ["a"], "user": "root"}]}
    model = {
        "services": {"web": service},
        "volumes": {"fast": {"driver_opts": memory}, "slow": None},
        "networks": {"back": {"driver_opts": bridge}},
    }
    made = started(model, reaches_out=True)
    assert made["volumes"]["fast"]["driver_opts"] == memory
    assert set(made["volumes"]["slow"]) == {"name", "labels"}
    assert made["networks"]["back"]["driver_opts"] == {"com.docker.network.bridge.enable_icc": "false"}
    assert made["services"]["web"]["post_start"] == [{"command": ["a"], "user": "root"}]


@settings(max_examples=60, phases=[Phase.explicit, Phase.reuse, Phase.generate], deadline=None)
@given(MODELS)
def test_what_is_started_asks_for_nothing(model):
    made = started(model)
    for service in made["services"].values():
        service["volumes"] = [
            mount
            for mount in service["volumes"]
            if not mount["source" if "source" in mount else "target"].startswith("/places")
        ]
    asked = find_asked(made, lambda path: "files" if path.startswith("/files") else locate(path))
    assert [item for item in asked if item.topic not in ("drivers", "replicas")] == []


@pytest.mark.parametrize(
    ("said", "image", "made"),
    [
        (None, None, None),
        (
            {"test": ["CMD", "a"]},
            None,
            {"test": ["CMD", "a"], "interval": "1000ms", "retries": 3, "start_period": "90000ms"},
        ),
        (
            {"test": ["CMD", "a"], "interval": "500ms", "retries": 2, "start_period": "1m", "timeout": "2s"},
            None,
            {"test": ["CMD", "a"], "interval": "500ms", "retries": 2, "start_period": "61000ms", "timeout": "2s"},
        ),
        (
            {"interval": "5s"},
            {"test": ["CMD", "b"]},
            {"test": ["CMD", "b"], "interval": "1000ms", "retries": 3, "start_period": "15000ms"},
        ),
        ({"disable": True}, {"test": ["CMD", "b"]}, {"disable": True}),
        ({"interval": "5s"}, None, None),
    ],
)
def test_a_health_check_asks_soon_and_gives_up_no_earlier(said, image, made):
    health = {"web": image} if image else {}
    service = started({"services": {"web": {"image": "x", "healthcheck": said}}}, health=health)["services"]["web"]
    assert (service.get("healthcheck") if made or said is None else service.get("healthcheck", {}).get("test")) == made


def test_ports_are_published_anew_and_named_ones_as_well():
    ports = [
        {"target": 80, "published": "8080", "protocol": "tcp"},
        {"target": 53, "published": "53", "protocol": "udp"},
    ]
    made = started(
        {"services": {"web": {"image": "x", "ports": ports, "expose": ["9100"]}}}, exposed={"web": (80, 7000)}
    )
    found = [(port["protocol"], port["target"]) for port in made["services"]["web"]["ports"]]
    assert found == [("tcp", 9100), ("tcp", 80), ("tcp", 7000), ("udp", 53)]


def test_a_container_name_becomes_another_name_in_the_networks():
    made = one(image="x", container_name="the-db", networks={"back": {"aliases": ["db"], "gw_priority": 1}})
    assert made["networks"] == {"back": {"aliases": ["db", "the-db"]}}
    assert "container_name" not in made


def test_limits_are_set_where_none_are_stated():
    assert one(image="x")["mem_limit"] == "1000"
    assert one(image="x")["pids_limit"] == 10
    for limits in ({"memory": "5", "pids": 7}, {"memory": "5"}, {"cpus": 1}):
        stated = one(image="x", deploy={"resources": {"limits": limits}})
        # Compose refuses a file with both.
        assert "mem_limit" not in stated
        assert "pids_limit" not in stated
        assert stated["deploy"]["resources"]["limits"] == {"memory": "1000", "pids": 10} | limits


def test_dollar_signs_stand_for_themselves():
    assert one(image="x", environment={"A": "5$"})["environment"] == {"A": "5$$"}
    assert escaped({"a": ["$b", 1, None]}) == {"a": ["$$b", 1, None]}


def test_those_that_are_not_started_are_not_waited_for():
    made = one(image="x", depends_on={"db": {"condition": "service_healthy"}}, links=["db:other"], volumes_from=["db"])
    assert made["depends_on"] == {}
    assert made["links"] == made["volumes_from"] == []


def test_networks_have_no_way_out_unless_asked_for():
    model = {"services": {"web": {"image": "x"}}}
    assert started(model)["networks"]["default"]["driver_opts"]
    assert "driver_opts" not in started(model, reaches_out=True)["networks"]["default"]


@pytest.mark.parametrize(
    ("first", "second", "clashes"),
    [
        ({"published": "80"}, {"published": "80"}, [("b", "a", "80")]),
        ({"published": "80"}, {"published": "81"}, []),
        ({"published": "80", "host_ip": "127.0.0.1"}, {"published": "80"}, [("b", "a", "80")]),
        ({"published": "80", "host_ip": "127.0.0.1"}, {"published": "80", "host_ip": "127.0.0.2"}, []),
        ({"published": "80"}, {"published": "80", "protocol": "udp"}, []),
        ({"published": ""}, {"published": ""}, []),
    ],
)
def test_two_services_at_one_port_of_the_host(first, second, clashes):
    model = {"services": {"a": {"ports": [{"target": 1, **first}]}, "b": {"ports": [{"target": 1, **second}]}}}
    assert find_clashes(model) == clashes


def test_ports_of_a_service():
    service = {"expose": ["9100", "1-5", "53/udp"], "ports": [{"target": 80, "protocol": "tcp"}]}
    assert tcp_ports(service) == {9100: False, 80: True}


def test_what_lies_in_another_mounted_folder_has_its_own_place():
    binds = lay_out_binds([".", "data", "data/inner/a.txt", "other"], TOP, "/places")
    assert set(binds.moved) == {"data", "data/inner/a.txt", "other"}
    made = binds.mounts({"target": "/srv", "read_only": True}, ".")
    assert {mount["target"]: mount["source"] for mount in made} == {
        "/srv": TOP,
        "/srv/data": binds.moved["data"],
        "/srv/data/inner/a.txt": binds.moved["data/inner/a.txt"],
        "/srv/other": binds.moved["other"],
    }
    assert all(mount["read_only"] for mount in made)


@given(st.lists(st.sampled_from([".", "a", "a/b", "a/b/c", "ab", "d/e"]), max_size=6))
def test_no_place_lies_in_another(paths):
    binds = lay_out_binds(paths, TOP, "/places")
    places = {binds.place(path) for path in binds.sources}
    assert not any(one != other and one.startswith(f"{other}/") for one in places for other in places)


def test_what_looks_at_the_machine_finds_an_empty_folder():
    mounts = [
        {"type": "bind", "source": source, "target": target, "read_only": is_read}
        for source, target, is_read in (
            ("/proc", "/host/proc", True),
            ("/", "/rootfs", True),
            ("/sys", "/sys", True),
            ("/var/log", "/logs", False),
            ("/etc", "/host/etc", True),
        )
    ]
    made = started({"services": {"node": {"image": "node", "volumes": mounts}}})["services"]["node"]["volumes"]
    assert made == [
        {"type": "tmpfs", "target": "/host/proc", "read_only": True},
        {"type": "tmpfs", "target": "/rootfs", "read_only": True},
    ]
