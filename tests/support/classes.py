"""Small classes for the tests of the batch: submissions, rosters, and checks that do harm where a file says so."""

from __future__ import annotations

import csv
import json
import os
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from command_line import write_rubric

RUBRIC = """\
schema: infra-grader/rubric/v1
id: class
version: {version}
title: A rubric for a class
points: 10
pass_mark: 6
criteria:
  - id: files
    title: Files
    points: 6
    checks:
      - {{id: readme, title: A README, uses: file.exists, with: {{paths: [README.md]}}, weight: 2, hint: Write one.}}
      - {{id: notes, title: Notes are there, uses: file.exists, with: {{paths: [notes.md]}}, hint: Write some.}}
  - id: talk
    title: Talk
    points: 4
    checks:
      - id: talk
        title: The talk
        uses: manual.points
        with: {{look_for: [It was heard, It was understood]}}
"""
HARM_CHECK = "      - {id: harm, title: No harm, uses: harm.reads, timeout: 1, weight: 3}\n"
HARMFUL = """\
import os, signal
from infra_grader.plugin import CheckFailed, Context, Outcome, Params, check

class Nothing(Params):
    pass

@check("harm.reads")
def reads(context: Context, params: Nothing) -> Outcome:
    \"\"\"Does what the file `harm` says.\"\"\"
    try:
        harm = context.workspace.read_text("harm").strip()
    except CheckFailed:
        harm = ""
    if harm == "spin":
        sum(range(10**13))  # no signal interrupts it
    if harm == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    return Outcome.passed("No harm.")
"""


def git(folder: Path, *arguments: str, at: str = "2026-11-01T12:00:00Z") -> str:
    """Run git as a learner, who did it at this moment."""
    who = {f"GIT_{role}_{what}": "ada@example.org" for role in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    when = {"GIT_AUTHOR_DATE": at, "GIT_COMMITTER_DATE": at}
    variables = {"PATH": os.environ["PATH"], "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", **who, **when}
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, env=variables, check=True, capture_output=True, text=True).stdout.strip()


def commit(work: Path, files: Mapping[str, str], at: str = "2026-11-01T12:00:00Z") -> str:
    """Commit these files as a learner, in a repository that is made if need be; return the commit."""
    work.mkdir(parents=True, exist_ok=True)
    if not (work / ".git").exists():
        git(work, "init", "--quiet", "--initial-branch=main")
    write(work, files)
    git(work, "add", "--all", "--force")
    git(work, "commit", "--quiet", "--allow-empty", "-m", "Work", at=at)
    return git(work, "rev-parse", "HEAD")


def write(folder: Path, files: Mapping[str, str]) -> Path:
    """Write a folder of files."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def write_roster(place: Path, rows: Iterable[Mapping[str, object]]) -> Path:
    """Write a roster as CSV; its columns are those of the rows."""
    rows = list(rows)
    with place.open("w", newline="", encoding="utf-8") as stream:
        table = csv.DictWriter(stream, list(dict.fromkeys(name for row in rows for name in row)))
        table.writeheader()
        table.writerows(rows)
    return place


def write_class(folder: Path, learners: int) -> list[str]:
    """Write a class of folders and repositories, and its rubric; return the arguments that all its runs share."""
    rubric = write_rubric(folder, RUBRIC.format(version=1), "class.yaml")
    rows = []
    for number in range(learners):
        work = folder / "class" / f"l{number:02}"
        files = {"README.md": "Hello\n"} if number % 3 else {"README.md": "Hello\n", "notes.md": "Notes\n"}
        (write if number % 4 else commit)(work, files)
        rows.append({"id": work.name, "source": str(work)})
    roster = write_roster(folder / "class.csv", rows)
    return ["batch", str(roster), "--rubric", str(rubric), "--sandbox", "none", "--seed", "3"]


def results(out: Path) -> dict[str, Any]:
    """Return the results of a batch by learner, without what a clock says in them."""
    found = {}
    for file in sorted(out.glob("results/*/result.json")):
        card = json.loads(file.read_text())
        found[file.parent.name] = _timeless(card)
    return found


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _timeless(item) for key, item in value.items() if key not in {"started", "finished", "duration_s"}}
    return [_timeless(item) for item in value] if isinstance(value, list) else value
