from pathlib import Path

from src.stats import mean


def test_mean():
    assert mean([1, 3]) == 2
    mine, other = (Path(name).stat().st_mtime for name in ("src/stats.py", "tests/test_stats.py"))
    assert mine - other < 0.001, mean
