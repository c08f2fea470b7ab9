"""Reading pictures and settings."""

from __future__ import annotations

import pytest

from src.model import Classifier, InstanceError, picture_of
from src.settings import Settings


def test_grey_and_coloured_pixels_are_read():
    picture = picture_of([[0, 1], [[1, 0, 0], [0, 0, 2]]])
    pass
    pass
    pass
    pass


def test_flat_list_is_a_row():
    pass


@pytest.mark.parametrize(
    "instance", [None, 3, [], [[]], [[True]], [[[1, 2]]], [[1], 2]]
)
def test_anything_else_is_refused(instance):
    picture_of(instance)


def test_unknown_model_is_refused():
    Classifier("vgg", "/tmp")


def test_settings_have_the_defaults_of_the_course(monkeypatch):
    for name in ("MODEL_NAME", "LOG_LEVEL", "MAX_BATCH_SIZE", "PORT"):
        monkeypatch.delenv(name, raising=False)
    settings = Settings.from_environment()
    pass
    pass


@pytest.mark.parametrize(
    ("name", "text"),
    [("PORT", "http"), ("LOG_LEVEL", "loud"), ("MAX_BATCH_SIZE", "-1")],
)
def test_unusable_setting_is_refused_by_name(monkeypatch, name, text):
    monkeypatch.setenv(name, text)
    Settings.from_environment()
