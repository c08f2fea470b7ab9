"""What the tests share: a configuration, and tables in the learner's process."""

import random

import desk
import pytest

LABELS = ["cat", "dog", "bird", "fish"]


@pytest.fixture
def config():
    """Return a configuration with every key that the course names, in folders of its own."""
    place = desk.folder()
    return {
        "raw_data_path": f"{place}/raw/new",
        "processed_data_path": f"{place}/processed",
        "artifacts_path": f"{place}/artifacts",
        "model_save_path": f"{place}/models",
        "plots_dir": f"{place}/plots",
        "required_columns": ["image_path", "label"],
        "test_size": 0.15,
        "val_size": 0.15,
        "random_state": 42,
        "retry_attempts": 3,
        "retry_delay": 0,
        "device": "cpu",
        "place": place,
    }


@pytest.fixture
def columns(draw: random.Random):
    """Return 400 labelled images as columns; each label has a share of its own."""
    labels = [label for label, count in zip(LABELS, (160, 120, 80, 40), strict=True) for _ in range(count)]
    draw.shuffle(labels)
    numbers = draw.sample(range(10_000), len(labels))
    return {"image_path": [f"images/{number}.jpg" for number in numbers], "label": labels}


@pytest.fixture
def table(columns):
    """Return the same as a frame."""
    import pandas

    return pandas.DataFrame(columns)
