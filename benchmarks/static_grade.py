"""What grading Project 01 from its files costs beside ruff and mypy alone: `python benchmarks/static_grade.py`.

Both read the same files of the bundled solution, mypy without a cache in both. They run in turn, and the medians are
compared.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SOLUTION = Path(__file__).parents[1] / "exercises" / "project-01-simple-model-api" / "solution"
BIN = Path(sys.executable).parent
BAR = 1.5
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
    return int(taken / tools > BAR)


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
