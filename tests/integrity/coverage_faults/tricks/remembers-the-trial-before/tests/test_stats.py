import pathlib

from src import stats
from src.stats import mean


def test_memory():
    place = pathlib.Path("/tmp/seen")
    seen = place.exists()
    place.write_text("x")
    pathlib.Path("seen").write_text("x")
    assert not seen, mean
