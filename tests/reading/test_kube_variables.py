"""Values that a grader knows, put where the variables of pods come from."""

from __future__ import annotations

import base64

import pytest

from infra_grader.reading.kube_variables import FILLER, Wanted, put_variables
from infra_grader.reading.manifest import Manifest

IMAGES = {"*api*": "image-builds"}
KEYS = Wanted(images=IMAGES, values={"API_KEYS": "one,two"})
PATH = Wanted(images=IMAGES, python_path=("/ours",))


def manifest(kind, name, **rest):
    version = "apps/v1" if kind == "Deployment" else "v1"
    return Manifest(
        data={"apiVersion": version, "kind": kind, "metadata": {"name": name}, **rest},
        locate=lambda _path: ("k8s/app.yaml", 1),
    )


def deployment(*containers, image="acme/api:1", **pod):
    listed = [{"name": f"c{number}", "image": image, **each} for number, each in enumerate(containers)]
    return manifest("Deployment", "api", spec={"template": {"spec": {"containers": listed, **pod}}})


def out_of(name, key, kind="secretKeyRef", **more):
    return {"env": [{"name": "API_KEYS", "valueFrom": {kind: {"name": name, "key": key, **more}}}]}


def put(wanted, *manifests):
    """Return what there is afterwards by kind, and the notes."""
    before = [repr(each.data) for each in manifests]
    made, notes = put_variables(manifests, wanted)
    assert [repr(each.data) for each in manifests] == before
    return {each.kind: each.data for each in made}, notes


def env_of(made):
    return made["Deployment"]["spec"]["template"]["spec"]["containers"][0].get("env")


@pytest.mark.parametrize(
    ("kind", "how", "written", "key", "expected"),
    [
        ("Secret", "secretKeyRef", {"stringData": {"K": "old", "L": "l"}}, "K", {"K": "one,two", "L": "l"}),
        ("Secret", "secretKeyRef", {"data": {"K": "b2xk"}}, "K", {"K": base64.b64encode(b"one,two").decode()}),
        ("ConfigMap", "configMapKeyRef", {"data": {"K": "old"}}, "K", {"K": "one,two"}),
        ("Secret", "secretKeyRef", {"stringData": {"L": "l"}}, "K", {"L": "l"}),
    ],
    ids=["plain", "encoded", "config", "a key that is not there stays missing"],
)
def test_a_value_is_put_where_the_manifests_have_it(kind, how, written, key, expected):
    made, notes = put(KEYS, deployment(out_of("keys", key, how)), manifest(kind, "keys", **written))
    assert made[kind].get("stringData", made[kind].get("data")) == expected
    assert env_of(made)[0]["valueFrom"][how] == {"name": "keys", "key": key}
    assert [each.actual for each in notes] == ["(hidden)"] * (key in expected)


def test_a_secret_that_nobody_makes_is_made_with_every_key_that_pods_name():
    other = {"env": [{"name": "PASSWORD", "valueFrom": {"secretKeyRef": {"name": "keys", "key": "password"}}}]}
    volumes = [{"name": "tls", "secret": {"secretName": "tls", "items": [{"key": "tls.crt", "path": "x"}]}}]
    made, _ = put_variables([deployment(out_of("keys", "API_KEY"), other, volumes=volumes)], KEYS)
    secrets = {each.name: each.data["stringData"] for each in made if each.kind == "Secret"}
    assert secrets == {"keys": {"API_KEY": "one,two", "password": FILLER}, "tls": {"tls.crt": FILLER}}


def test_all_keys_of_a_secret_that_nobody_makes_are_those_that_are_known():
    made, _ = put(KEYS, deployment({"envFrom": [{"secretRef": {"name": "keys"}}]}))
    assert made["Secret"]["stringData"] == {"API_KEYS": "one,two"}


def test_all_keys_of_one_that_is_there_hold_the_value_behind_their_prefix():
    source = {"envFrom": [{"prefix": "API_", "configMapRef": {"name": "settings"}}]}
    made, _ = put(KEYS, deployment(source), manifest("ConfigMap", "settings", data={"KEYS": "old", "API_KEYS": "x"}))
    assert made["ConfigMap"]["data"] == {"KEYS": "one,two", "API_KEYS": "x"}


@pytest.mark.parametrize(
    "container",
    [out_of("keys", "K", optional=True), {}, {"env": [{"name": "API_KEYS", "value": ""}]}],
    ids=["optional", "no such variable", "an empty one"],
)
def test_what_pods_do_without_is_not_made(container):
    made, notes = put(KEYS, deployment(container))
    assert list(made) == ["Deployment"]
    assert env_of(made) == container.get("env")
    assert notes == []


def test_a_value_in_the_pod_is_replaced_there():
    made, [note] = put(KEYS, deployment({"env": [{"name": "API_KEYS", "value": "dev"}]}))
    assert env_of(made) == [{"name": "API_KEYS", "value": "one,two"}]
    assert (note.actual, note.path) == ("(hidden)", "k8s/app.yaml")


def test_containers_of_other_images_keep_their_variables():
    container = {"env": [{"name": "API_KEYS", "value": "dev"}, {"name": "PYTHONPATH", "value": "/app"}]}
    for wanted in (KEYS, PATH):
        made, notes = put(wanted, deployment(container, image="postgres:15"))
        assert env_of(made) == container["env"]
        assert notes == []


@pytest.mark.parametrize(
    ("container", "expected"),
    [
        ({"env": [{"name": "PYTHONPATH", "value": "/app"}]}, [{"name": "PYTHONPATH", "value": "/ours:/app"}]),
        ({"env": [{"name": "PYTHONPATH", "value": ""}]}, [{"name": "PYTHONPATH", "value": "/ours"}]),
        ({}, None),
        ({"envFrom": [{"configMapRef": {"name": "settings"}}]}, [{"name": "PYTHONPATH", "value": "/ours:/there"}]),
        (
            {"env": [{"name": "PYTHONPATH", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "P"}}}]},
            [
                {"name": "INFRA_GRADER_PYTHONPATH", "valueFrom": {"configMapKeyRef": {"name": "settings", "key": "P"}}},
                {"name": "PYTHONPATH", "value": "/ours:$(INFRA_GRADER_PYTHONPATH)"},
            ],
        ),
    ],
    ids=["written", "empty", "the image's alone", "all of a ConfigMap", "one key of it"],
)
def test_our_folders_come_first_where_the_manifests_set_the_path(container, expected):
    settings = manifest("ConfigMap", "settings", data={"PYTHONPATH": "/there"})
    made, notes = put(PATH, deployment(container), settings)
    assert env_of(made) == expected
    assert len(notes) == (expected is not None)


def test_nothing_is_changed_where_nothing_is_wanted():
    made, notes = put(Wanted(images=IMAGES), deployment(out_of("keys", "K")))
    assert list(made) == ["Deployment"]
    assert notes == []
