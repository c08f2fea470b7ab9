"""What grading from files costs beside the tools alone that it asks: `python benchmarks/static_grade.py`.

For Project 01 these are ruff and mypy: both read the same files of the bundled solution, mypy without a cache in both.
They run in turn, and the medians are compared. For the others the seconds that each tool took are counted within the
grading; the bar holds where the tools have enough to do that their time says something.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXERCISES = Path(__file__).parents[1] / "exercises"
SOLUTION = EXERCISES / "project-01-simple-model-api" / "solution"
BIN = Path(sys.executable).parent
BAR = 1.5
ENOUGH_S = 2.0
"""Seconds of tools from which on the bar holds; below, the start of Python and of the rubric outweighs them."""
COUNTED = """
import json, sys, time
from infra_grader.capabilities.command import Command

spent, run = [], Command.run

def timed(self, *given, **named):
    start = time.perf_counter()
    try:
        return run(self, *given, **named)
    finally:
        spent.append(time.perf_counter() - start)

Command.run = timed
start = time.perf_counter()
from infra_grader import api
api.grade(sys.argv[1], sys.argv[2], options=api.GradeOptions(sandbox="none"))
print(json.dumps([time.perf_counter() - start, sum(spent), len(spent)]))
"""
"""Grades one solution and says how long that took, how much of it each tool, and how many were asked."""
UNDECIDED = 3
"""Exit code of a grading in which a person still has to give points."""


def main() -> int:
    """Print the ratio and return 1 if it is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=5)
    runs = parser.parse_args().runs
    with tempfile.TemporaryDirectory() as home:
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"HOME": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home, "PYTHONUTF8": "1"}
        grade = [str(BIN / "infra-grader"), "grade", str(SOLUTION), "--rubric", "project-01-simple-model-api"]
        grade += ["--only", "static"]
        files = [str(file) for file in sorted((SOLUTION / "src").rglob("*.py"))]  # what the rubric has them look at
        ruff = [str(BIN / "ruff"), "check", "--isolated", "--no-cache", "--exit-zero", *files]
        mypy = [str(BIN / "mypy"), "--config-file=", f"--cache-dir={os.devnull}", "--ignore-missing-imports", *files]
        graded: list[float] = []
        alone: list[float] = []
        for counted in range(-1, runs):
            both = (seconds([grade], env), seconds([ruff, mypy], env))
            if counted >= 0:
                graded.append(both[0])
                alone.append(both[1])
    taken, tools = statistics.median(graded), statistics.median(alone)
    print(f"grade Project 01 {taken:6.2f} s / ruff and mypy {tools:6.2f} s = {taken / tools:4.2f} (bar {BAR})")
    over = taken / tools > BAR
    for solution in sorted(EXERCISES.glob("project-*/solution")):
        if solution != SOLUTION:
            over = beside_its_tools(solution, runs) > BAR or over
    return int(over)


def beside_its_tools(solution: Path, runs: int) -> float:
    """Print what grading a solution costs beside its tools, and return the ratio that the bar is about, else 0."""
    rubric = solution.parent.name
    rounds: list[list[float]] = []
    with tempfile.TemporaryDirectory() as home:
        env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        env |= {"HOME": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home, "PYTHONUTF8": "1"}
        for _ in range(runs + 1):
            command = [sys.executable, "-c", COUNTED, str(solution), rubric]
            said = subprocess.run(command, env=env, cwd=home, capture_output=True, text=True, check=True).stdout
            rounds.append(json.loads(said))
    taken, tools, asked = (statistics.median(times) for times in zip(*rounds[1:], strict=True))
    ratio = taken / tools if tools else 0.0
    bar = f"bar {BAR}" if tools >= ENOUGH_S else "no bar: its tools have too little to do here"
    print(f"{rubric:34} {taken:6.2f} s / {asked:.0f} tools {tools:6.2f} s = {ratio:5.2f} ({bar})")
    return ratio if tools >= ENOUGH_S else 0.0


def seconds(commands: list[list[str]], env: dict[str, str]) -> float:
    """Return what the commands take together, one after another."""
    start = time.perf_counter()
    for command in commands:
        outcome = subprocess.run(command, env=env, cwd=env["HOME"], capture_output=True, text=True, check=False)
        if outcome.returncode not in (0, 1, UNDECIDED):
            sys.exit(f"{command[0]} ended with {outcome.returncode}: {outcome.stderr}")
    return time.perf_counter() - start


if __name__ == "__main__":
    sys.exit(main())
