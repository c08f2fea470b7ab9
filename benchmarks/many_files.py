"""What 3,000 files that nobody wrote cost: `python benchmarks/many_files.py [--runs N] [RUBRIC ...]`.

Each bundled rubric that has a solution grades it from its files, as it is and with vendored charts, installed packages
and data beside it. Both run in turn, and the medians are compared.
"""

from __future__ import annotations

import argparse
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXERCISES = Path(__file__).parents[1] / "exercises"
PROGRAM = str(Path(sys.executable).with_name("infra-grader"))
BAR = 2.0
FILES = 3000
JUDGED = (0, 1, 3)
"""Exit codes of a grading that came to its end: passed, did not pass, undecided."""


def main() -> int:
    """Print a line for each rubric and return 1 if one is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument(
        "rubrics", nargs="*", default=sorted(place.parent.name for place in EXERCISES.glob("*/solution"))
    )
    asked = parser.parse_args()
    over = False
    for rubric in asked.rubrics:
        with tempfile.TemporaryDirectory() as folder:
            plain, full = Path(folder, "plain"), Path(folder, "full")
            for copy in (plain, full):
                shutil.copytree(EXERCISES / rubric / "solution", copy)
            add_files(full)
            with_files, without = medians(rubric, full, plain, asked.runs, folder)
        over = over or with_files / without > BAR
        print(f"{rubric:32} {with_files:6.2f} s / {without:6.2f} s = {with_files / without:4.2f} (bar {BAR})")
    return int(over)


def add_files(project: Path) -> None:
    """Lay out what people leave in a repository: a third each of vendored charts, packages and data."""
    manifest = (
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: vendored\nspec:\n  replicas: 1\n" + "# x\n" * 40
    )
    values = "".join(f"key{count}: {{enabled: true, image: vendored}}\n" for count in range(40))
    kinds = {
        "vendor/charts/chart{}/Chart.yaml": "apiVersion: v2\nname: vendored\nversion: 1.0.0\n",
        "vendor/charts/chart{}/values.yaml": values,
        "vendor/charts/chart{}/templates/deployment.yaml": manifest.replace("vendored", "{{ .Release.Name }}"),
        "vendor/charts/chart{}/README.md": "# A chart\n\nIt is vendored.\n" * 20,
        "node_modules/package{}/package.json": '{"name": "package"}\n',
        "node_modules/package{}/lib/index.js": "module.exports = {};\n" * 40,
        "node_modules/package{}/config.yaml": values,
        "node_modules/package{}/tool.py": "import os\n\n\ndef tool():\n    return os.getcwd()\n" * 5,
        "data/raw/part-{}.csv": "a,b,c\n1,2,3\n" * 100,
        "data/raw/part-{}.json": '{"rows": [[1, 2, 3], [4, 5, 6]]}\n' * 20,
        "data/labels/part-{}.yaml": values,
        "data/notes/part-{}.txt": "one line of a note\n" * 40,
    }
    for count in range(FILES // len(kinds)):
        for name, text in kinds.items():
            file = project / name.format(count)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")


def medians(rubric: str, full: Path, plain: Path, runs: int, home: str) -> tuple[float, float]:
    """Return the median seconds that both folders take, graded in turn; the first round fills the caches."""
    # A user's Python writes byte code; without it every start would compile everything anew.
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    env |= {"HOME": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home, "PYTHONUTF8": "1"}
    times: dict[Path, list[float]] = {full: [], plain: []}
    for counted in range(-1, runs):
        for folder, kept in times.items():
            command = [PROGRAM, "grade", str(folder), "--rubric", rubric, "--sandbox", "none", "--report", "json"]
            start = time.perf_counter()
            outcome = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, check=False)
            taken = time.perf_counter() - start
            if outcome.returncode not in JUDGED:
                sys.exit(f"{' '.join(command)} ended with {outcome.returncode}: {outcome.stderr}")
            if counted >= 0:
                kept.append(taken)
    return statistics.median(times[full]), statistics.median(times[plain])


if __name__ == "__main__":
    sys.exit(main())
