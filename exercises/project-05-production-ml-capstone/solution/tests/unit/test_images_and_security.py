"""Uploads, keys, limits and settings by themselves."""

from __future__ import annotations

import pytest

from src.images import TooLarge, preprocess_image, validate_image_upload
from src.security import RateLimiter, Refused, require_api_key
from src.settings import read_settings


def test_picture_becomes_a_batch_of_one(picture):
    batch = preprocess_image(validate_image_upload(picture(), 10_000))
    assert batch.shape == (1, 3, 32, 32)
    assert batch.mean() > 0


@pytest.mark.parametrize("content", [None, b"", b"text", b"\x89PNG\r\n\x1a\nbroken"])
def test_what_is_no_picture_is_refused(content):
    with pytest.raises(ValueError):
        validate_image_upload(content, 10_000)


def test_gif_is_not_accepted(picture):
    with pytest.raises(ValueError):
        validate_image_upload(picture(kind="GIF"), 10_000)


def test_large_picture_is_refused(picture):
    with pytest.raises(TooLarge):
        validate_image_upload(picture(), 10)


def test_no_key_is_401_and_a_wrong_one_403():
    with pytest.raises(Refused) as missing:
        require_api_key(None, ["a"])
    with pytest.raises(Refused) as wrong:
        require_api_key("b", ["a"])
    assert (missing.value.status, wrong.value.status) == (401, 403)


def test_limit_is_free_again_after_a_minute():
    now = [0.0]
    limiter = RateLimiter(2, clock=lambda: now[0])
    assert [limiter.take("a").is_used_up for _ in range(3)] == [False, False, True]
    assert not limiter.take("b").is_used_up
    now[0] = 60.0
    assert limiter.take("a").remaining == 1


def test_settings_come_from_the_environment(monkeypatch):
    monkeypatch.setenv("API_KEYS", "one, two,")
    monkeypatch.setenv("MODEL_VERSION", "4")
    settings = read_settings()
    assert settings.api_keys == {"one", "two"}
    assert (settings.model_version, settings.port) == ("4", 5000)


def test_word_for_a_number_is_refused_by_name(monkeypatch):
    monkeypatch.setenv("PORT", "http")
    with pytest.raises(ValueError, match="PORT"):
        read_settings()
