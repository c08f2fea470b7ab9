"""How much memory gradebooks take, as the class grows: `python benchmarks/gradebooks.py [--small N] [--large N]`.

Two journals are made, of a small and of a large class, each learner with a record like a real one: twelve criteria of
five checks, with evidence. Each format is then written in a process of its own, which tells the peak of its resident
set. The bar: the peak of 5,000 learners is at most 1.3 times that of 100.
"""

from __future__ import annotations

import argparse
import csv
import random
import subprocess
import sys
import tempfile
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import msgspec

from infra_grader.engine.gradebook import HEAD, ROSTER, head_of
from infra_grader.engine.journal import Entry, Journal
from infra_grader.engine.score import score
from infra_grader.model.gradebook import State
from infra_grader.model.outcome import Evidence, Outcome
from infra_grader.model.roster import Learner, Roster
from infra_grader.model.rubric import CheckSpec, Criterion, Rubric
from infra_grader.model.scorecard import SubmissionRef
from infra_grader.plugin import Params, RenderOptions
from infra_grader.reports.json_report import render

BAR = 1.3
CRITERIA, CHECKS = 12, 5
COMMANDS = {
    "csv": [],
    "json": [],
    "html": [],
    "canvas": ["--fill", "canvas.csv", "--provisional"],
    "moodle": ["--fill", "moodle.csv", "--provisional"],
    "gradescope": ["--provisional"],
    "csv --anonymise": ["--anonymise"],
}


TELLING = """
import gc, sys
gc.set_threshold(100_000)
from infra_grader.cli.main import main
code = main(sys.argv[1:])
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1])
sys.exit(code)
"""
"""Not `ru_maxrss`, which counts what the parent held when it made the process."""


class Nothing(Params):
    """No parameters."""


def main() -> int:
    """Print a line for each format and return 1 if one is over its bar."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--small", type=int, default=100)
    parser.add_argument("--large", type=int, default=5000)
    sizes = vars(parser.parse_args()).values()
    over = False
    with tempfile.TemporaryDirectory() as name:
        folders = [make_class(Path(name, str(size)), size) for size in sizes]
        for command, options in COMMANDS.items():
            arguments = ["--format", command.split()[0], *options]
            (small, _), (large, seconds) = (peak_and_time(folder, arguments) for folder in folders)
            over = over or large / small > BAR
            print(
                f"{command:16} {small / 1024:6.1f} MiB, {large / 1024:6.1f} MiB = {large / small:4.2f} (bar {BAR}), "
                f"{seconds:5.1f} s"
            )
    return int(over)


def peak_and_time(folder: Path, arguments: list[str]) -> tuple[int, float]:
    """Return the peak of the resident set in KiB, and the seconds, of one gradebook."""
    with tempfile.TemporaryDirectory(dir=folder) as target:
        command = [sys.executable, "-c", TELLING, "gradebook", ".", *arguments, "--output", f"{target}/out"]
        begin = time.perf_counter()
        ended = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        return int(ended.stdout), time.perf_counter() - begin


def make_class(folder: Path, size: int) -> Path:
    """Write the journal of a class, and exports of Canvas and Moodle with its learners."""
    rubric = make_rubric()
    chance = random.Random(size)
    learners = tuple(
        Learner(
            id=f"learner{number:05}",
            name=f"Given{number} Family{number}",
            email=f"learner{number:05}@example.org",
            source=f"https://git.example.org/course/learner{number:05}.git",
            columns={"group": str(number % 30), "tutor": f"Tutor {number % 12}"},
            line=number + 2,
        )
        for number in range(size)
    )
    journal = Journal(folder)
    journal._database.execute("PRAGMA synchronous = OFF")  # noqa: SLF001 - made once, and thrown away
    roster = Roster(source="class.csv", learners=learners, columns=("group", "tutor"))
    journal.set_fact(ROSTER, msgspec.json.encode(roster).decode())
    journal.set_fact(HEAD, msgspec.json.encode(head_of(rubric)).decode())
    for learner in learners:
        add_result(journal, learner.id, rubric, chance)
    journal.close()
    write_exports(folder, learners)
    return folder


def make_rubric() -> Rubric:
    """Return a rubric of a project's size."""
    points = Decimal(100) / (CRITERIA * CHECKS)
    criteria = tuple(
        Criterion(
            id=f"criterion-{place}",
            title=f"Criterion {place}",
            points=points * CHECKS,
            checks=tuple(
                CheckSpec(
                    id=f"check-{place}-{number}",
                    title=f"The service does what check {number} of criterion {place} asks",
                    uses="file.exists",
                    params=Nothing(),
                    points=points,
                    weight=Fraction(1),
                )
                for number in range(CHECKS)
            ),
        )
        for place in range(CRITERIA)
    )
    return Rubric(
        id="benchmark", version=1, title="Benchmark", points=Decimal(100), pass_mark=Decimal(60), criteria=criteria,
        source="benchmark.yaml",
    )  # fmt: skip


def add_result(journal: Journal, learner: str, rubric: Rubric, chance: random.Random) -> None:
    """Add a learner's result: most checks passed, some failed, partial or open."""
    outcomes = {check.id: made_up(check.id, chance) for check in rubric.all_checks()}
    card = score(rubric, outcomes, SubmissionRef(id=learner, path=f"work/{learner}", root=".", commit="c0ffee" * 6))
    entry = Entry(
        learner=learner,
        cause="batch",
        state=State.GRADED,
        rubric="5ca1ab1e" * 8,
        work="c0ffee" * 6,
        submitted="2026-11-02T10:00:00Z",
        earned=str(card.score.earned),
        possible=str(card.score.possible),
    )
    journal.add(entry, render(card, RenderOptions()).encode())


def made_up(check: str, chance: random.Random) -> Outcome:
    """Return an outcome with evidence."""
    place = Evidence(path=f"src/{check}.py", line=chance.randrange(1, 300), expected="a handler", actual="none")
    fate = chance.random()
    if fate < 0.7:
        return Outcome.passed(f"src/{check}.py holds what is asked for.", place)
    if fate < 0.85:
        return Outcome.failed(f"src/{check}.py lacks what is asked for, in {chance.randrange(99)} places.", place)
    if fate < 0.97:
        return Outcome.partial(Fraction(chance.randrange(1, 9), 9), f"Some of src/{check}.py is right.", place)
    return Outcome.awaiting("A person looks at this.")


def write_exports(folder: Path, learners: tuple[Learner, ...]) -> None:
    """Write what an instructor would have downloaded."""
    with (folder / "canvas.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["Student", "ID", "SIS Login ID", "Section", "Other (1)", "Benchmark (2)", "Final Score"])
        table.writerow(["    Points Possible", "", "", "", "10.00", "50.00", "(read only)"])
        table.writerows(
            [learner.name, str(number), learner.id, "S", "8.00", "", "80"] for number, learner in enumerate(learners)
        )
    with (folder / "moodle.csv").open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(["Identifier", "Email address", "Grade", "Maximum Grade", "Last modified (grade)"])
        table.writerows(
            [f"Participant {number}", learner.email, "", "30.00", "-"] for number, learner in enumerate(learners)
        )


if __name__ == "__main__":
    sys.exit(main())
