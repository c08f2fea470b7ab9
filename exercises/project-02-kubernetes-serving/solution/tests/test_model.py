"""Reading pictures and settings."""

from __future__ import annotations

import pytest

from src.model import Classifier, InstanceError, picture_of
from src.settings import Settings


def test_grey_and_coloured_pixels_are_read():
    picture = picture_of([[0, 1], [[1, 0, 0], [0, 0, 2]]])
    assert picture.size == (2, 2)
    assert picture.getpixel((1, 0)) == (255, 255, 255)
    assert picture.getpixel((0, 1)) == (255, 0, 0)
    assert picture.getpixel((1, 1)) == (0, 0, 255)


def test_flat_list_is_a_row():
    assert picture_of([0.1, 0.2, 0.3]).size == (3, 1)


@pytest.mark.parametrize(
    "instance", [None, 3, [], [[]], [[True]], [[[1, 2]]], [[1], 2]]
)
def test_anything_else_is_refused(instance):
    with pytest.raises(InstanceError):
        picture_of(instance)


def test_unknown_model_is_refused():
    with pytest.raises(ValueError, match="resnet50 or mobilenet_v2"):
        Classifier("vgg", "/tmp")


def test_settings_have_the_defaults_of_the_course(monkeypatch):
    for name in ("MODEL_NAME", "LOG_LEVEL", "MAX_BATCH_SIZE", "PORT"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings.from_environment()
    assert (settings.model_name, settings.log_level) == ("resnet50", "INFO")
    assert (settings.max_batch_size, settings.port) == (32, 5000)


@pytest.mark.parametrize(
    ("name", "text"),
    [("PORT", "http"), ("LOG_LEVEL", "loud"), ("MAX_BATCH_SIZE", "-1")],
)
def test_unusable_setting_is_refused_by_name(monkeypatch, name, text):
    monkeypatch.setenv(name, text)
    with pytest.raises(ValueError, match=name):
        Settings.from_environment()
