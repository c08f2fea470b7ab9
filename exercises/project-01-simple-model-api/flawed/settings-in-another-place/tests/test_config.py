"""The settings, read from the environment, and the log lines they ask for."""

from __future__ import annotations

import importlib
import json
import logging

import pytest

from src import environment as settings
from src.logs import JsonFormatter, set_up_logging


@pytest.fixture
def read(monkeypatch):
    """Return a function that reads the settings under some variables."""

    def reload(**variables):
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        return importlib.reload(settings).config

    yield reload
    monkeypatch.undo()
    importlib.reload(settings)


def test_defaults_are_those_of_the_contract(read, monkeypatch):
    for name in ("LOG_LEVEL", "IMAGENET_LABELS_URL"):
        monkeypatch.delenv(name, raising=False)
    found = read().to_dict()
    assert found["MODEL_NAME"] == "resnet50"
    assert found["PORT"] == 5000
    assert found["DEBUG"] is False
    assert found["MAX_FILE_SIZE"] == 10_485_760
    assert (found["DEFAULT_TOP_K"], found["MAX_TOP_K"]) == (5, 10)
    assert found["LOG_LEVEL"] == "INFO"
    assert found["IMAGENET_LABELS_URL"].startswith("https://")
    assert len(found) == 15


def test_environment_wins(read):
    made = read(PORT="8080", DEBUG="On", MODEL_NAME="mobilenet_v2", LOG_FORMAT="text")
    assert (made.PORT, made.DEBUG, made.MODEL_NAME) == (8080, True, "mobilenet_v2")
    assert made.validate() is True
    assert "8080" in repr(made)
    assert "mobilenet_v2" in repr(made)


@pytest.mark.parametrize(("word", "value"), [("yes", True), ("1", True), ("no", False)])
def test_switches_know_several_words(monkeypatch, word, value):
    monkeypatch.setenv("SWITCH", word)
    assert settings.get_env_bool("SWITCH", not value) is value


def test_unset_variables_take_the_default(monkeypatch):
    monkeypatch.delenv("UNSET", raising=False)
    assert settings.get_env_bool("UNSET", True) is True
    assert settings.get_env_int("UNSET", 7) == 7


def test_a_word_is_no_number(monkeypatch):
    monkeypatch.setenv("COUNT", "many")
    with pytest.raises(ValueError, match="COUNT"):
        settings.get_env_int("COUNT", 1)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORT", "80"),
        ("MODEL_NAME", "vgg"),
        ("DEVICE", "abacus"),
        ("LOG_LEVEL", "LOUD"),
        ("LOG_FORMAT", "xml"),
        ("API_VERSION", "one"),
        ("MAX_FILE_SIZE", "0"),
        ("DEFAULT_TOP_K", "11"),
    ],
)
def test_unusable_setting_is_named(read, name, value):
    made = read(**{name: value})
    with pytest.raises(ValueError, match=name):
        made.validate()


def test_log_lines_are_json_with_the_facts_of_the_request():
    record = logging.LogRecord("x", logging.INFO, "f", 1, "answered", (), None)
    record.status = 200
    line = json.loads(JsonFormatter().format(record))
    assert line["message"] == "answered"
    assert line["status"] == 200
    assert "T" in line["timestamp"]


def test_log_style_can_be_chosen():
    root = logging.getLogger()
    before = root.handlers[:], root.level
    try:
        set_up_logging("WARNING", "text")
        assert not isinstance(root.handlers[0].formatter, JsonFormatter)
        set_up_logging("WARNING", "json")
        assert isinstance(root.handlers[0].formatter, JsonFormatter)
        assert root.level == logging.WARNING
    finally:
        root.handlers[:], root.level = before
