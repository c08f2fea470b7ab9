"""What checks that run tests cost beside plain pytest: `python benchmarks/overhead.py [--runs N] [--sandbox NAME]`.

Each run asks `pytest.run` and `pytest.own` about a submission with ten tests, runs the same ten tests with plain
`pytest`, and starts `true` in a sandbox, one after the other, so that a busy machine slows all of them. The bar is the
ratio of a check to plain pytest and one start together. `environment.install` is shown for a submission that is the
first to ask for its packages, of an index on the loopback, and for the next one that asks for the same.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))

import msgspec
import package_index
from package_index import wheel

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.sandbox import Job, Sandbox
from infra_grader.capabilities.starter import NO_STARTER
from infra_grader.capabilities.workspace import Workspace
from infra_grader.engine.ask import Session, ask
from infra_grader.engine.openers import openers
from infra_grader.engine.registry import Registry
from infra_grader.model.outcome import Outcome
from infra_grader.model.rubric import CheckSpec
from infra_grader.testing import run_check

BAR = 1.3
MODULE = """\
def mean(values):
    if not values:
        raise ValueError("no values")
    return sum(values) / len(values)


def median(values):
    if not values:
        raise ValueError("no values")
    ordered = sorted(values)
    middle = len(ordered) // 2
    return ordered[middle] if len(ordered) % 2 else (ordered[middle - 1] + ordered[middle]) / 2
"""
TESTS = """\
import pytest

from stats import mean, median
{tests}

def test_no_mean_of_nothing():
    with pytest.raises(ValueError):
        mean([])


def test_no_median_of_nothing():
    with pytest.raises(ValueError):
        median([])
"""
TEST = """\


def test_mean_and_median_{number}():
    assert mean([{number}, 2, 3]) == ({number} + 5) / 3
    assert median([{number}, 8, 9]) == 8
"""


def main() -> int:
    """Print a line for each kind, and return 1 if one is over the bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=15)
    parser.add_argument("--sandbox", default="bubblewrap")
    options = parser.parse_args()
    kind = Registry().find_sandbox(options.sandbox)
    if problem := kind.find_problem():
        print(f"{options.sandbox} not measured: {problem}")
        return 0
    with closing(kind.open(())) as sandbox, tempfile.TemporaryDirectory() as folder:
        over = measure_tests(sandbox, Path(folder), options.runs)
        over = measure_install(sandbox, Path(folder)) or over
    return int(over)


def measure_tests(sandbox: Sandbox, folder: Path, runs: int) -> bool:
    """Print what the kinds that run tests cost; returns whether one is over the bar."""
    work, rubric = folder / "work", folder / "rubric"
    for place in (work / "tests", rubric):
        place.mkdir(parents=True)
        text = TESTS.format(tests="".join(TEST.format(number=number) for number in range(8)))
        (place / "test_stats.py").write_text(text, encoding="utf-8")
    (work / "stats.py").write_text(MODULE, encoding="utf-8")
    plain = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"]
    env = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
    env |= {"PYTHONPATH": str(work), "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"}
    suite = {"suite": ["test_stats.py"], "modules": {"stats": "stats.py"}}
    own = {"tests": ["tests"], "min_tests": 10}

    registry = Registry()
    opened = {**openers(registry, sandbox.name, rubric), "sandbox": lambda _shared: sandbox}

    def ask_kind(uses: str, parameters: dict[str, object]) -> None:
        kind = registry.find_kind(uses)
        params = msgspec.convert(parameters, kind.params)
        spec = CheckSpec(id="check", title="A check", uses=uses, params=params)
        # With the sandbox of the grading, which is opened once for all checks.
        with Session(
            workspace=Workspace(work, NO_STARTER),
            rubric_folder=rubric,
            find_kind=registry.find_kind,
            openers=opened,
            seed=0,
        ) as session:
            fine(ask(spec, kind, session, Deadline(60)))

    steps: dict[str, Callable[[], object]] = {
        "pytest": lambda: subprocess.run(plain, env=env, cwd=work, capture_output=True, check=True),
        "start": lambda: sandbox.run(Job(arguments=("/usr/bin/true",)), Deadline(60)),
        "pytest.run": lambda: ask_kind("pytest.run", suite),
        "pytest.own": lambda: ask_kind("pytest.own", own),
    }
    taken = in_turn(steps, runs)
    middle = {name: statistics.median(times) * 1000 for name, times in taken.items()}
    print(f"pytest of 10 tests {middle['pytest']:.0f} ms, a start of {sandbox.name} {middle['start']:.0f} ms")
    over = False
    for name in ("pytest.run", "pytest.own"):
        bare = [pytest + start for pytest, start in zip(taken["pytest"], taken["start"], strict=True)]
        ratio = statistics.median(mine / other for mine, other in zip(taken[name], bare, strict=True))
        over = over or ratio > BAR
        print(f"{name:20} {middle[name]:7.0f} ms / both together = {ratio:4.2f} (bar {BAR})")
    return over


def measure_install(sandbox: Sandbox, folder: Path) -> bool:
    """Print what installing packages costs the first submission and the next; returns whether that one fetched any."""
    work, cache = folder / "work", folder / "cache"
    (work / "requirements.txt").write_text("first==1.0\nsecond==1.0\n", encoding="utf-8")
    with package_index.serve() as index:
        index.add(wheel("first", "1.0"), wheel("second", "1.0"))
        os.environ |= {"PIP_INDEX_URL": index.url, "NO_PROXY": "127.0.0.1", "XDG_CACHE_HOME": str(cache)}
        os.environ["PIP_CONFIG_FILE"] = os.devnull
        taken, asked = [], []
        for _ in range(2):
            before = time.perf_counter(), len(index.asked)
            fine(run_check("environment.install", {}, work, sandbox=sandbox.name))
            taken.append((time.perf_counter() - before[0]) * 1000)
            asked.append(len(index.asked) - before[1])
    first, following = (
        f"{spent:.0f} ms, the index asked {count} times" for spent, count in zip(taken, asked, strict=True)
    )
    print(f"environment.install: {first}; the next submission {following} (bar 0)")
    return asked[1] > 0


def in_turn(steps: dict[str, Callable[[], object]], runs: int) -> dict[str, list[float]]:
    """Return the seconds that each step took in each run; a first run is not counted."""
    taken: dict[str, list[float]] = {name: [] for name in steps}
    for run in range(-1, runs):
        for name, step in steps.items():
            before = time.perf_counter()
            step()
            if run >= 0:
                taken[name].append(time.perf_counter() - before)
    return taken


def fine(outcome: Outcome) -> None:
    """End the benchmark if a check did not pass: then it measured something else."""
    if outcome.status != "passed":
        sys.exit(str(outcome))


if __name__ == "__main__":
    sys.exit(main())
