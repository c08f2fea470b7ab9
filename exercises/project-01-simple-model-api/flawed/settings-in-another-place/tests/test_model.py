"""The model loader, and the labels it needs."""

from __future__ import annotations

import io

import pytest
from PIL import Image

from src import labels
from src.environment import config
from src.model_loader import ModelLoader


@pytest.fixture
def loader(tmp_path):
    """Return a loaded network with a cache of its own."""
    made = ModelLoader(cache_dir=str(tmp_path))
    made.load()
    return made


def test_nothing_is_loaded_before_load():
    made = ModelLoader("mobilenet_v2", "cpu")
    assert (made.model_name, made.device) == ("mobilenet_v2", "cpu")
    assert made.model is None
    assert made.transform is None
    assert made.class_labels is None
    assert made.get_model_info()["loaded"] is False


def test_prediction_before_load_is_refused():
    with pytest.raises(RuntimeError, match="load"):
        ModelLoader().predict(Image.new("RGB", (10, 10)))


@pytest.mark.parametrize("name", ["resnet50", "mobilenet_v2"])
def test_both_networks_can_be_loaded(name, tmp_path):
    made = ModelLoader(name, cache_dir=str(tmp_path))
    made.load()
    assert made.model is not None
    assert made.get_model_info()["name"] == name


def test_unknown_network_is_refused():
    with pytest.raises(ValueError, match="vgg"):
        ModelLoader("vgg").load()


@pytest.mark.parametrize("mode", ["RGB", "L", "RGBA", "P", "CMYK"])
def test_any_colour_mode_becomes_a_batch_of_one(loader, mode):
    batch = loader.preprocess(Image.new(mode, (300, 200)))
    assert tuple(batch.shape) == (1, 3, 224, 224)


def test_pixels_are_normalised_by_the_networks_figures(loader):
    values = loader.preprocess(Image.new("RGB", (256, 256), (255, 0, 0))).values
    assert max(values) == pytest.approx((1 - 0.485) / 0.229)
    assert min(values) == pytest.approx(-0.456 / 0.224)


def test_missing_image_cannot_be_prepared(loader):
    with pytest.raises(ValueError, match="no image"):
        loader.preprocess(None)


def test_prediction_is_ranked_and_repeatable(loader):
    image = Image.new("RGB", (224, 224), (10, 200, 30))
    first = loader.predict(image, top_k=7)
    assert len(first) == 7
    assert [item["rank"] for item in first] == list(range(1, 8))
    assert all(0 <= item["confidence"] <= 1 for item in first)
    assert first == loader.predict(image, top_k=7)


@pytest.mark.parametrize("top_k", [0, -1, 1001])
def test_impossible_number_of_classes_is_refused(loader, top_k):
    with pytest.raises(ValueError, match="top_k"):
        loader.predict(Image.new("RGB", (8, 8)), top_k)


@pytest.mark.parametrize(
    ("message", "kind"), [("CUDA out of memory", MemoryError), ("bad", RuntimeError)]
)
def test_lack_of_memory_is_told_from_other_faults(loader, message, kind):
    def fail(batch):
        raise RuntimeError(message)

    loader.model = fail
    with pytest.raises(kind):
        loader.predict(Image.new("RGB", (8, 8)))


def test_usable_image_is_accepted(loader):
    assert loader.validate_image(Image.new("RGB", (10, 10))) == (True, None)


@pytest.mark.parametrize(
    ("image", "reason"),
    [
        (None, "no image"),
        (Image.new("L", (config.MAX_IMAGE_DIMENSION + 1, 1)), "too large"),
        (Image.new("L", (0, 5)), "empty"),
    ],
)
def test_unusable_image_is_refused_with_a_reason(loader, image, reason):
    valid, message = loader.validate_image(image)
    assert valid is False
    assert reason in message


def test_every_class_has_a_readable_label(loader):
    assert sorted(loader.class_labels) == list(range(1000))
    assert loader.class_labels[7] == "thing 7"


def test_label_file_is_fetched_once(monkeypatch, tmp_path):
    fetched = []

    def fetch(url, timeout):
        fetched.append(url)
        return io.BytesIO("\n".join(f"label_{n}" for n in range(1000)).encode())

    monkeypatch.setattr(labels.urllib.request, "urlopen", fetch)
    cache = tmp_path / "deep" / "labels.txt"
    for _ in range(2):
        assert labels.load_labels("https://x.test/l", cache, [])[999] == "label 999"
    assert fetched == ["https://x.test/l"]


def test_unreachable_label_file_leaves_the_known_labels(monkeypatch, tmp_path):
    def fetch(url, timeout):
        raise OSError("no network")

    monkeypatch.setattr(labels.urllib.request, "urlopen", fetch)
    known = [str(n) for n in range(1000)]
    found = labels.load_labels("https://x.test/l", tmp_path / "labels.txt", known)
    assert found[3] == "3"


def test_incomplete_label_file_is_refused(tmp_path):
    cache = tmp_path / "labels.txt"
    cache.write_text("cat\ndog\n", encoding="utf-8")
    with pytest.raises(ValueError, match="found 2"):
        labels.load_labels("https://x.test/l", cache, [])
