"""The settings can be read."""

from src.config import config


def test_validation():
    config.validate()


def test_listing():
    settings = config.to_dict()
    print(settings)
