"""How long the small commands take, each beside `python -c pass`: `python benchmarks/startup.py [--runs N]`.

Each run starts both processes, one after the other, so that a busy machine slows both; the medians are compared.
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

EXERCISE = Path(__file__).parents[1] / "exercises" / "exercise-01-overview"
EMPTY = [sys.executable, "-c", "pass"]
PROGRAM = str(Path(sys.executable).with_name("infra-grader"))


def main() -> int:
    """Print a line for each command and return 1 if one is over its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    runs = parser.parse_args().runs
    over = False
    with tempfile.TemporaryDirectory() as folder:
        exercise = Path(folder, "exercise")
        shutil.copytree(EXERCISE / "solution", exercise)
        shutil.copytree(EXERCISE / "starter" / "scripts", exercise / "scripts", dirs_exist_ok=True)
        script = exercise / "scripts" / "validate_exercise01.py"
        commands = {
            "validate_exercise01.py": ([sys.executable, str(script)], 12),
            "infra-grader validate": ([PROGRAM, "validate", "exercise-01-overview", str(exercise)], 12),
            "infra-grader --help": ([PROGRAM, "--help"], 4),
            "infra-grader --version": ([PROGRAM, "--version"], 4),
        }
        for name, (command, bar) in commands.items():
            taken, empty = medians(command, EMPTY, runs, environment(folder))
            ratio = taken / empty
            over = over or ratio > bar
            print(f"{name:24} {taken * 1000:7.1f} ms / {empty * 1000:5.1f} ms = {ratio:5.2f} (bar {bar})")
    return int(over)


def environment(home: str) -> dict[str, str]:
    """Return an environment with caches of its own, which the first run, not counted, fills."""
    # A user's Python writes byte code; without it every start would compile everything anew.
    kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    return {**kept, "HOME": home, "XDG_CACHE_HOME": home, "LOCALAPPDATA": home, "PYTHONUTF8": "1"}


def medians(command: list[str], other: list[str], runs: int, env: dict[str, str]) -> tuple[float, float]:
    """Return the median seconds of both commands, run in turn."""
    times: tuple[list[float], list[float]] = ([], [])
    for counted in range(-1, runs):
        for which, kept in zip((command, other), times, strict=True):
            start = time.perf_counter()
            outcome = subprocess.run(which, env=env, cwd=env["HOME"], capture_output=True, check=False)
            taken = time.perf_counter() - start
            if outcome.returncode:
                sys.exit(f"{' '.join(which)} ended with {outcome.returncode}: {outcome.stderr.decode()}")
            if counted >= 0:
                kept.append(taken)
    return statistics.median(times[0]), statistics.median(times[1])


if __name__ == "__main__":
    sys.exit(main())
