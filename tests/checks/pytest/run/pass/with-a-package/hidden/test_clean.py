import clean
import frames
import pytest


def test_gaps_are_dropped(draw):
    rows = [draw.randint(0, 9) for _ in range(5)]
    cleaned = clean.clean(frames.Frame([*rows, None]))
    assert cleaned.to_dict() == {"rows": rows}
    assert frames.made == [6, 5]


def test_empty_tables():
    with pytest.raises(ValueError):
        clean.clean(frames.Frame([]))
