"""What comparing a class costs: `python benchmarks/copies.py [--submissions N] [--files N]`.

A class is generated, with texts that differ in more than names, a starter that all have, and every fiftieth submission
a renamed copy of the one before. Prints seconds, peak memory of the largest process, and whether the copies are found.
"""

from __future__ import annotations

import argparse
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROGRAM = str(Path(sys.executable).with_name("infra-grader"))
BAR_S = 60.0
COPY_EVERY = 50
CALLS = ("load", "check", "store", "merge", "split", "send", "parse", "count", "drop", "map_over")
KEYS = ("name", "image", "ports", "replicas", "labels", "env", "volumes", "command", "limits", "probe", "host", "path")


def main() -> int:
    """Print the figures and return 1 if it took too long, or a copy was not found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--submissions", type=int, default=300)
    parser.add_argument("--files", type=int, default=30)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder, "class")
        copies = write_class(place, asked.submissions, asked.files)
        size = sum(file.stat().st_size for file in place.rglob("*") if file.is_file())
        report = Path(folder, "copies.json")
        reports = [f"--report=json={report}", f"--report=html={Path(folder, 'copies.html')}"]
        start = time.perf_counter()
        subprocess.run([PROGRAM, "copies", str(place), *reports], check=True, capture_output=True)
        taken = time.perf_counter() - start
        pairs = json.loads(report.read_text())["pairs"]
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    peak, cpu = used.ru_maxrss / 1024, used.ru_utime + used.ru_stime
    found = {(pair["left"], pair["right"]) for pair in pairs[: len(copies)]}
    lost = copies - found
    print(f"{asked.submissions} submissions of {asked.files} files, {size / 1e6:.0f} MB")
    print(f"{taken:.1f} s (bar {BAR_S:g} s for 300 of 30), {cpu:.1f} s of processors, peak {peak:.0f} MB")
    print(f"{len(copies) - len(lost)} of {len(copies)} copies on top")
    return int(taken > BAR_S or bool(lost))


def write_class(place: Path, submissions: int, files: int) -> set[tuple[str, str]]:
    """Write a class and return its pairs of copies."""
    copies: set[tuple[str, str]] = set()
    for number in range(submissions):
        folder = place / f"learner-{number:04d}"
        is_copy = number > 0 and number % COPY_EVERY == 0
        seed = number - 1 if is_copy else number
        if is_copy:
            copies.add((f"learner-{number - 1:04d}", folder.name))
        for count in range(files):
            draw = random.Random(seed * 1000 + count)
            prefix = "other_" if is_copy else "a_"
            write_file(folder, count, draw, prefix)
    return copies


def write_file(folder: Path, count: int, draw: random.Random, prefix: str) -> None:
    """Write one file of a submission: two in three are Python, the others YAML, documents and Dockerfiles."""
    if count == 0:
        name, text = "starter.py", python(random.Random(1), "given_")
    elif count % 3:
        name, text = f"src/part_{count}.py", python(draw, prefix)
    elif count % 2:
        name, text = f"deploy/part_{count}.yaml", settings(draw)
    else:
        name, text = f"docs/part_{count}.md", " ".join(draw.choices(KEYS + CALLS, k=400)) + "\n"
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text, encoding="utf-8")


def python(draw: random.Random, prefix: str) -> str:
    """Return a module of about 3 KB whose statements are drawn."""
    lines = ["import os", ""]
    for number in range(12):
        names = [f"{prefix}{draw.choice(KEYS)}" for _ in range(3)]
        lines += [f"def {prefix}{draw.choice(CALLS)}_{number}({', '.join(sorted(set(names)))}):"]
        for _ in range(draw.randint(4, 9)):
            one, other = draw.choice(names), draw.choice(names)
            call = draw.choice(CALLS)
            shapes = (
                f"{one} = {prefix}{call}({other}, {draw.randint(1, 9)})",
                f"if {one} > len({other}): return {one}",
                f"for {one} in {other}.{call}(): {other} += {one}",
                f"{one}[{other}] = {{'{call}': {one}, 'x': [{other}]}}",
                f"{one} = [{other} for {other} in {one} if not {other}]",
                f"raise ValueError('{call}' + {one}) from {other}",
            )
            lines.append(f"    {draw.choice(shapes)}")
        lines += ["", ""]
    return "\n".join(lines)


def settings(draw: random.Random) -> str:
    """Return YAML of about 3 KB."""
    lines = []
    for number in range(20):
        lines.append(f"part-{number}:")
        lines += [f"  {key}: {draw.choice(('a', '3', 'true'))}" for key in draw.sample(KEYS, 8)]
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    sys.exit(main())
