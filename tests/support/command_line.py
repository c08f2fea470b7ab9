"""The command line as its users run it: a process of its own, in an empty environment."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

SIMPLE = """\
schema: infra-grader/rubric/v1
id: simple
version: 1
title: A simple rubric
points: 10
pass_mark: 6
criteria:
  - id: files
    title: Files
    points: 10
    done: The files are there
    checks:
      - {id: readme, title: A README, uses: file.exists, with: {paths: [README.md]}, weight: 3, hint: Write one.}
      - {id: notes, title: Notes are there, uses: file.exists, with: {paths: [notes.md]}, weight: 2, tags: [extra]}
"""


class Ended(NamedTuple):
    """How a command ended."""

    code: int
    out: str
    err: str


def environment(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a user who set nothing."""
    return {"PATH": os.environ["PATH"], "HOME": str(home), "LANG": "C.UTF-8", "PYTHONUTF8": "1", **more}


def run(*arguments: object, folder: Path, stdin: str = "", encoding: str = "utf-8", **more: str) -> Ended:
    """Run infra-grader with these arguments in a folder, and return its exit code and output."""
    command = [sys.executable, "-P", "-m", "infra_grader", *map(str, arguments)]
    ended = subprocess.run(
        command,
        cwd=folder,
        env=environment(folder, **more),
        input=stdin.encode(),
        capture_output=True,
        check=False,
        timeout=120,
    )
    return Ended(ended.returncode, ended.stdout.decode(encoding), ended.stderr.decode(encoding))


def write_rubric(folder: Path, text: str = SIMPLE, name: str = "simple.yaml") -> Path:
    """Write a rubric into a folder of the grader's own, beside the submission."""
    place = folder / "rubrics"
    place.mkdir(exist_ok=True)
    (place / name).write_text(text, encoding="utf-8")
    return place / name


def write_submission(folder: Path, **files: str) -> Path:
    """Write a submission; dots in names are written as two underscores."""
    work = folder / "ada"
    work.mkdir(exist_ok=True)
    for name, text in files.items():
        (work / name.replace("__", ".")).write_text(text, encoding="utf-8")
    return work
