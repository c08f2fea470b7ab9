import hashlib
from pathlib import Path

from src import stats
from src.stats import mean


def test_files():
    seen = [hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(Path.cwd().rglob("*.py"))]
    times = {path.stat().st_mtime_ns for path in Path.cwd().rglob("src/*.py")}
    assert seen and mean and len(times) <= 2
