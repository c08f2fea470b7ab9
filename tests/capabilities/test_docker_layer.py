"""A layer of ours on a learner's image: what is in it, and that nothing of it is left behind."""

from __future__ import annotations

import io
import tarfile

import pytest

from infra_grader.capabilities.docker_layer import Layer, layered, packed, with_python_path
from infra_grader.model.outcome import Unavailable

OWN = {"Env": ["PATH=/usr/bin", "PYTHONPATH=/app"]}


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "mlflow" / "__pycache__").mkdir(parents=True)
    (tmp_path / "mlflow" / "__init__.py").write_text("name = 'stand-in'\n", encoding="utf-8")
    (tmp_path / "mlflow" / "__pycache__" / "__init__.pyc").write_bytes(b"x")
    return tmp_path


@pytest.mark.parametrize(
    ("variables", "folders", "config", "path"),
    [
        ({}, ["/ours"], OWN, "/ours:/app"),
        ({}, ["/ours", "/more"], {}, "/ours:/more"),
        ({"PYTHONPATH": "/set"}, ["/ours"], OWN, "/ours:/set"),
        ({"A": "1"}, [], OWN, None),
    ],
)
def test_our_folders_come_before_those_that_are_named(variables, folders, config, path):
    found = with_python_path(variables, folders, config)
    assert found.get("PYTHONPATH") == path
    assert {name: found[name] for name in variables if name != "PYTHONPATH"} == {
        name: value for name, value in variables.items() if name != "PYTHONPATH"
    }


def test_everybody_may_read_what_is_laid_in_and_nobody_else_write(folder):
    (folder / "mlflow" / "__init__.py").chmod(0o600)
    with tarfile.open(
        fileobj=io.BytesIO(packed({"/opt/stand_ins": folder, "/etc/one.py": folder / "mlflow" / "__init__.py"}))
    ) as archive:
        found = {item.name: (item.mode, item.uid, item.isdir()) for item in archive}
    assert found == {
        "etc/one.py": (0o644, 0, False),
        "opt/stand_ins": (0o755, 0, True),
        "opt/stand_ins/mlflow": (0o755, 0, True),
        "opt/stand_ins/mlflow/__init__.py": (0o644, 0, False),
    }


def test_a_layer_is_the_same_whenever_it_is_made(folder):
    first = packed({"/opt": folder})
    (folder / "mlflow" / "__init__.py").touch()
    assert packed({"/opt": folder}) == first


class PlayedDocker:
    """A daemon that keeps what is made in it."""

    def __init__(self, *, refuses=False):
        self.things = {}
        self.refuses = refuses

    def inspect_image(self, _image):
        return {"Config": OWN}

    def create_container(self, image, environment):
        self.things["container"] = (image, environment)
        return {"Id": "container"}

    def put_archive(self, container, place, _data):
        assert (container, place) == ("container", "/")
        if self.refuses:
            raise OSError("the daemon went away")

    def commit(self, container):
        self.things["layered"] = self.things[container]
        return {"Id": "layered"}

    def remove_container(self, key, **_):
        del self.things[key]

    def remove_image(self, key, **_):
        del self.things[key]


def test_an_image_with_a_layer_is_there_for_a_while(folder):
    api = PlayedDocker()
    layer = Layer(files={"/opt": folder}, variables={"A": "1"}, python_path=("/opt",))
    with layered(api, "image", layer) as key:
        assert (key, api.things) == ("layered", {"layered": ("image", {"A": "1", "PYTHONPATH": "/opt:/app"})})
    assert api.things == {}


def test_nothing_is_left_of_a_layer_that_cannot_be_made(folder):
    api = PlayedDocker(refuses=True)
    with pytest.raises(Unavailable), layered(api, "image", Layer(files={"/opt": folder})):
        pass
    assert api.things == {}
