"""The model loader and the settings."""

import pytest
from PIL import Image

from src.config import Config
from src.model_loader import ModelLoader


def test_unknown_network():
    with pytest.raises(ValueError):
        ModelLoader("vgg").load()


def test_not_loaded():
    with pytest.raises(RuntimeError):
        ModelLoader().predict(Image.new("RGB", (9, 9)))


def test_nothing_to_prepare():
    with pytest.raises(ValueError):
        ModelLoader().preprocess(None)


def test_nothing_to_validate():
    assert ModelLoader().validate_image(None) == (False, "Image is None")


def test_settings(monkeypatch):
    settings = Config()
    assert settings.validate() is True
    settings.PORT = 80
    with pytest.raises(ValueError):
        settings.validate()
    settings.PORT = 5000
    settings.MODEL_NAME = "vgg"
    with pytest.raises(ValueError):
        settings.validate()
