"""What grading from files costs beside the tools alone that it asks: `python benchmarks/static_grade.py`.

For each of the five solutions, `infra-grader grade --only static` is timed from its start to its end, in turn with the
command lines of the tools that it asks, on the same files and one after another (`asked_tools.py`). The medians are
compared twice: without detect-secrets, which the bar is about, and with it. Within the grading its expressions are
tried only on a text that has a part of what they match, and the solutions have none: it costs much alone, and nothing
here.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path

from asked_tools import BIN, Asked, asked_tools

EXERCISES = Path(__file__).parents[1] / "exercises"
BAR = 1.5
GRADED = (0, 3)
"""Exit codes of a grading: the solution passes, or a person still has to give points."""
SEARCH = "detect-secrets"


def main() -> int:
    """Print the ratios and return 1 if one is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    return int(max([held(solution, runs) for solution in sorted(EXERCISES.glob("project-*/solution"))]) > BAR)


def held(solution: Path, runs: int) -> float:
    """Print what grading a solution costs beside its tools, and return the ratio."""
    rubric = solution.parent.name
    with tempfile.TemporaryDirectory() as home:
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"HOME": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home, "PYTHONUTF8": "1"}
        grade = [str(BIN / "infra-grader"), "grade", str(solution), "--rubric", rubric]
        grading = Asked("grade", [*grade, "--only", "static", "--sandbox", "none"], Path(home), b"", env, GRADED)
        each = [grading, *asked_tools(solution, rubric, Path(home))]
        rounds = [[seconds(asked) for asked in each] for _ in range(runs + 1)][1:]  # the first warms the caches
    taken, *alone = (statistics.median(times) for times in zip(*rounds, strict=True))
    spent: dict[str, float] = {}
    for asked, time_s in zip(each[1:], alone, strict=True):
        spent[asked.name] = spent.get(asked.name, 0.0) + time_s
    return told(rubric, taken, spent)


def told(rubric: str, taken: float, spent: Mapping[str, float]) -> float:
    """Print a line about a rubric, and return the ratio that the bar is about."""
    everything = sum(spent.values())
    tools = everything - spent.get(SEARCH, 0.0)
    ratio = f"{taken:5.2f} s / tools {tools:5.2f} s = {taken / tools:5.2f} (bar {BAR})"
    print(f"{rubric:34} {ratio}; with {SEARCH} {everything:5.2f} s = {taken / everything:4.2f}")
    print(f"{'':34} {', '.join(f'{name} {time_s:.2f}' for name, time_s in spent.items())}")
    return taken / tools


def seconds(asked: Asked) -> float:
    """Return what a command takes. Ends the benchmark where it does not end as it did when it was asked."""
    start = time.perf_counter()
    done = subprocess.run(
        asked.arguments, cwd=asked.folder, env=asked.variables, input=asked.stdin, capture_output=True, check=False
    )
    taken = time.perf_counter() - start
    if done.returncode not in asked.exit_codes:
        sys.exit(f"{asked.name} ended with {done.returncode}: {done.stderr.decode(errors='replace')}")
    return taken


if __name__ == "__main__":
    sys.exit(main())
