"""What a registry tells of an image, and of whose images it tells anything."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
import urllib3

from infra_grader.capabilities.kubernetes_registry import has_image

REGISTRY = "127.0.0.1:5000"


@pytest.fixture
def asked(monkeypatch):
    """Play a registry that has one image; return the addresses that it was asked for."""
    asked = []

    class Pool:
        def __init__(self, **_):
            pass

        def request(self, _method, url, headers):
            assert "manifest" in headers["Accept"]
            asked.append(url.removeprefix(f"http://{REGISTRY}/v2/"))
            return SimpleNamespace(status=200 if asked[-1] == "shop/api/manifests/1" else 404)

        def clear(self):
            pass

    monkeypatch.setattr(urllib3, "PoolManager", Pool)
    return asked


@pytest.mark.parametrize(("image", "has"), [("shop/api:1", True), ("shop/api:2", False)])
def test_a_registry_knows_its_own_images(asked, image, has):
    assert has_image(REGISTRY, f"{REGISTRY}/{image}") is has
    assert len(asked) == 1


def test_one_that_is_no_mirror_says_nothing_of_images_of_others(asked):
    assert has_image(REGISTRY, "redis:7") is None
    assert has_image(REGISTRY, "ghcr.io/shop/api:2") is None
    assert asked == []


def test_a_mirror_does(asked):
    assert has_image(REGISTRY, "redis:7", is_mirror=True) is False
    assert asked == ["library/redis/manifests/7", "docker.io/library/redis/manifests/7"]
    assert has_image(REGISTRY, "ghcr.io/shop/api:1", is_mirror=True) is True
