"""Tests of the model functions."""

import sys
from pathlib import Path

import pytest
from PIL import Image

sys.path.insert(0, str(Path(__file__).parents[1] / "src"))

import config
import model_loader


def test_unknown_model_raises():
    with pytest.raises(ValueError):
        model_loader.load_model("vgg16")


def test_shape():
    image = Image.new("L", (300, 500))
    assert tuple(model_loader.preprocess_image(image).shape) == (1, 3, 224, 224)


def test_missing_image_raises():
    with pytest.raises(ValueError):
        model_loader.preprocess_image(None)


def test_labels():
    assert len(model_loader.load_imagenet_labels()) == 1000


def test_port_is_checked(monkeypatch):
    monkeypatch.setenv("PORT", "80")
    assert config.Settings().problems() == ["PORT is out of range"]


def test_flag(monkeypatch):
    monkeypatch.setenv("DEBUG", "Yes")
    assert config.Settings().DEBUG is True
