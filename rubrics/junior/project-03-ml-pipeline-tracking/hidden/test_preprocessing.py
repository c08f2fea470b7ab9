"""What DataPreprocessor does."""

import desk
import pandas
import preprocessing
import pytest

SHARES = {"cat": 0.4, "dog": 0.3, "bird": 0.2, "fish": 0.1}


def test_cleaning(config, draw):
    """Duplicates and rows without a required value are dropped"""
    names = [f"{number}.jpg" for number in draw.sample(range(1000), 6)]
    rows = [{"image_path": name, "label": "cat"} for name in names]
    spoilt = [*rows, rows[0], rows[3], {"image_path": "x.jpg", "label": None}, {"image_path": None, "label": "dog"}]
    cleaned = preprocessing.DataPreprocessor(config).clean_data(pandas.DataFrame(spoilt))
    assert cleaned["image_path"].tolist() == names
    assert cleaned["label"].tolist() == ["cat"] * 6


def test_encoding(config, columns, table):
    """Each label has a whole number of its own"""
    encoded = preprocessing.DataPreprocessor(config).encode_labels(table)
    pairs = set(zip(columns["label"], encoded["label_encoded"].tolist(), strict=True))
    assert sorted(number for _, number in pairs) == [0, 1, 2, 3]
    assert {label for label, _ in pairs} == set(SHARES)


def test_unknown_label_column(config, table):
    """A label column that is not there is told by ValueError"""
    preprocessor = preprocessing.DataPreprocessor(config)
    with pytest.raises(ValueError):
        preprocessor.encode_labels(table, "colour")


def split(config, table):
    preprocessor = preprocessing.DataPreprocessor(config)
    parts = preprocessor.create_train_test_split(preprocessor.encode_labels(table))
    return [part.to_dict("list") for part in parts]


def test_split(config, columns, table):
    """The split loses nothing, and is about 70, 15 and 15 percent"""
    parts = split(config, table)
    sizes = sorted(len(part["label"]) for part in parts)
    assert sorted(path for part in parts for path in part["image_path"]) == sorted(columns["image_path"])
    assert len(parts) == 3
    assert all(48 <= size <= 62 for size in sizes[:2])


def test_stratified(config, table):
    """Each label keeps its share in each part"""
    for part in split(config, table):
        for label, share in SHARES.items():
            assert part["label"].count(label) / len(part["label"]) == pytest.approx(share, abs=0.03)


def test_repeatable(config, table):
    """The same seed gives the same split"""
    first, second = split(config, table), split(config, table)
    assert [part["image_path"] for part in first] == [part["image_path"] for part in second]


def test_whole_pipeline(config, table):
    """The parts and what they were made with are written"""
    preprocessing.DataPreprocessor(config).run_pipeline(table, "label")
    written = desk.files(config["place"])
    names = {path.rpartition("/")[2] for path in written}
    for part in ("train", "val", "test"):
        assert names & {f"{part}.csv", f"{part}.parquet"}
    mapping = next(path for path in written if path.endswith("label_mapping.json"))
    assert {*SHARES} <= {*map(str, flat(desk.read_json(f"{config['place']}/{mapping}")))}


def flat(value):
    """Return all keys and values of a mapping; which of them is the label is the learner's choice."""
    if isinstance(value, dict):
        return [*value, *(item for each in value.values() for item in flat(each))]
    return value if isinstance(value, list) else [value]
