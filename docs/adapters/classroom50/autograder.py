"""An autograder for Classroom 50: grades the learner's checkout, which is the current folder, with infra-grader.

Put it and the rubric into the assignment's autograder folder, and let the workflow install infra-grader before. It
leaves `result.json` and `release-body.md` in the checkout, in place of whatever the learner put there, and a `summary`
among the outputs of the step. It exits with 0 if the work was graded, whatever the score. Otherwise nothing is left,
and the runner takes it for a fault of the infrastructure and makes no release.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

RUBRIC = "rubric.yaml"
"""A file beside this one, or the id of a bundled rubric."""
OPTIONS: tuple[str, ...] = ()
"""More options of `infra-grader grade`, such as ("--sandbox", "docker")."""

REPORTS = {"result.json": "classroom50", "release-body.md": "markdown", "record.json": "json"}
"""Files by the reports that they are."""
LEFT = ("result.json", "release-body.md")
GRADED = (0, 1, 3)
"""Exit codes of infra-grader after which there is a score: passed, did not pass, undecided."""
FAILED = 4


def main() -> int:
    """Grade the current folder and return the exit code."""
    checkout = Path.cwd()
    with TemporaryDirectory() as folder:  # outside of the checkout, which is graded as the learner left it
        try:
            code = grade(checkout, Path(folder))
        finally:
            for name in LEFT:
                remove(checkout / name)  # a learner's own must never be taken for ours
        if code not in GRADED:
            say(f"the work could not be graded: infra-grader ended with {code}")
            return code if code > 0 else FAILED
        for name in LEFT:
            with (checkout / name).open("xb") as file:
                file.write(Path(folder, name).read_bytes())
        tell_summary(json.loads(Path(folder, "record.json").read_text(encoding="utf-8"))["score"])
    return 0


def grade(checkout: Path, folder: Path) -> int:
    """Write the reports into a folder and return the exit code of infra-grader."""
    command = shutil.which("infra-grader")
    if command is None:
        say("infra-grader is not installed. Let the workflow run: python -m pip install 'infra-grader[all]'")
        return FAILED
    beside = Path(__file__).resolve().parent / RUBRIC
    rubric = str(beside) if RUBRIC.endswith(".yaml") else RUBRIC
    reports = [part for name, report in REPORTS.items() for part in ("--report", f"{report}={folder / name}")]
    ended = subprocess.run(
        [command, "grade", str(checkout), "--rubric", rubric, *OPTIONS, *reports],
        env={**os.environ, "COMMIT_TIME": os.environ.get("COMMIT_TIME") or commit_time(checkout)},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    for line in ended.stdout.decode(errors="backslashreplace").splitlines():
        say(line)
    return ended.returncode


def commit_time(checkout: Path) -> str:
    """Return when the commit was made, in UTC, or nothing without one."""
    ended = subprocess.run(
        ["git", "-c", "core.fsmonitor=false", "-c", "log.showSignature=false", "log", "-1", "--format=%ct"],
        cwd=checkout,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    seconds = ended.stdout.strip()
    if ended.returncode or not seconds.isdecimal():
        return ""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(int(seconds)))


def remove(path: Path) -> None:
    """Remove what stands there, a link itself and never what it leads to."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def tell_summary(score: dict[str, object]) -> None:
    """Add the score to the outputs of the step; numbers and words of ours alone."""
    verdict = {True: "passed", False: "did not pass", None: "undecided"}[score["passed"]]  # type: ignore[index]
    more = "" if score["possible"] == score["earned"] else f", up to {score['possible']}"
    summary = f"{score['earned']} of {score['points']} points{more}: {verdict}"
    say(summary)
    if outputs := os.environ.get("GITHUB_OUTPUT"):
        with open(outputs, "a", encoding="utf-8") as file:
            file.write(f"summary={summary}\n")


def say(text: str) -> None:
    """Print a line that GitHub's runner takes for text, whatever stands in it."""
    sys.stdout.write(f"| {text.replace('##[', '# #[')}\n")


if __name__ == "__main__":
    sys.exit(main())
