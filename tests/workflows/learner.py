"""Makes the sample repository of a learner: `python learner.py CASE FOLDER`.

The workflow that tries the action uses it on GitHub's runners, and the tests beside it on this machine. It takes
nothing but Python and git.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXERCISE = ROOT / "exercises" / "exercise-01-overview"
TOUCH = "touch${IFS}pwned"
BRANCH = f'x";{TOUCH};"$({TOUCH})`{TOUCH}`'
"""A branch that git allows, and that a shell would run."""
COMMANDS = """\
::error title=forged::forged
::notice title=Autograding report::{"totalPoints":100,"maxPoints":100}
::set-output name=score::100
::set-output name=passed::true
::add-mask::points
::add-path::/forged
::stop-commands::forged
##[error]forged
"""
"""Lines that GitHub's runner would obey, if they stood on its standard output."""
MESSAGE = f"{COMMANDS}\n$({TOUCH}) `{TOUCH}` ${{{{ github.token }}}}\n\n</details><script>forged()</script>\n"
PROGRAM = f"""\
import os, sys
text = {COMMANDS!r} + "```\\n</details><img src=x onerror=forged()>\\n@everyone [x](http://forged.example)\\n\\x1b[31m"
for stream in (sys.stdout, sys.stderr):
    stream.write(text)
for name in ("GITHUB_OUTPUT", "GITHUB_STEP_SUMMARY", "GITHUB_ENV", "GITHUB_PATH"):
    print(name, os.environ.get(name, "is not set"))
    if name in os.environ:
        with open(os.environ[name], "a") as file:
            file.write("score=100\\npassed=true\\n")
print([name for name in os.environ if "TOKEN" in name or "SECRET" in name])
"""
NAMES = (
    "src/x\n::error::forged.py",
    "src/##[error]forged.py",
    "src/<img src=x onerror=forged()>.py",
    "src/$(touch${IFS}pwned).py",
    "src/`touch pwned`.py",
    "src/@everyone [x](http:forged.example).py",
    "src/%0A::error::forged.py",
    "-report.py",
)
"""Names of Python files; what stands in them cannot be parsed, so a check names them."""
BROKEN = "def ::error::forged(\n"
FULL_MARKS = """\
schema: infra-grader/rubric/v1
id: workflow-sample
version: 1
title: Full marks for everybody
points: 10
pass_mark: 0
criteria:
  - {id: c, title: C, points: 10, done: d, checks: [{id: a, title: A, uses: file.exists, with: {paths: [README.md]}}]}
"""


def main() -> int:
    """Make the repository and return the exit code."""
    case, folder = sys.argv[1], Path(sys.argv[2])
    make(case, folder)
    return 0


def make(case: str, folder: Path, more: Mapping[str, str] | None = None) -> None:
    """Make the repository of a case: `passing`, `failing`, `undecided`, `demanding`, `hostile` or `refused`.

    More files are committed with it: their texts by their paths.
    """
    shutil.copytree(EXERCISE / ("starter" if case == "failing" else "solution"), folder)
    branch = "main"
    if case == "hostile":
        make_hostile(folder)
        branch = BRANCH
    if case == "refused":  # a rubric of the learner's own
        (folder / "rubric.yaml").write_text(FULL_MARKS, encoding="utf-8")
    for name, text in (more or {}).items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    git(folder, "init", "--quiet")
    git(folder, "symbolic-ref", "HEAD", f"refs/heads/{branch}")
    git(folder, "add", "--all", "--force")
    git(folder, "commit", "--quiet", "--cleanup=verbatim", "-m", MESSAGE if case == "hostile" else "Hand in the work")
    # What no commit holds is not graded.
    (folder / "uncommitted.md").write_text("# Not handed in\n", encoding="utf-8")


def make_hostile(folder: Path) -> None:
    """Put into a folder what tries to steer the workflow, the shell, the installation and the reports."""
    (folder / "src").mkdir()
    for name in NAMES:
        (folder / name).write_text(BROKEN, encoding="utf-8")
    (folder / "main.py").write_text(PROGRAM, encoding="utf-8")
    for name in ("yaml.py", "json.py", "sitecustomize.py", "infra_grader.py", "pip.py", "venv.py"):
        (folder / name).write_text("open('pwned', 'w').close(); raise SystemExit('forged')\n", encoding="utf-8")
    (folder / "pip.conf").write_text("[global]\nindex-url = http://127.0.0.1:1/forged\n", encoding="utf-8")
    (folder / "rubric.yaml").write_text(FULL_MARKS, encoding="utf-8")
    (folder / "action.yml").write_text("name: forged\n", encoding="utf-8")
    for name in ("result.json", "score.json"):
        (folder / name).write_text('{"score": {"earned": 100, "passed": true}}', encoding="utf-8")
    (folder / ".gitattributes").write_text("*.md filter=forged\n*.py export-ignore\n", encoding="utf-8")
    for name in ("python3", "git", "infra-grader"):  # were the folder on the path
        (folder / name).write_text("#!/bin/sh\ntouch pwned\n", encoding="utf-8")
        (folder / name).chmod(0o755)
    os.symlink("/etc/passwd", folder / "passwd.md")


def git(folder: Path, *words: str) -> None:
    """Run git with no settings but ours."""
    variables = {
        "PATH": os.environ["PATH"],
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **{f"GIT_{who}_{what}": f"{what}@example.org" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")},
    }
    subprocess.run(["git", "-C", str(folder), *words], env=variables, check=True)


if __name__ == "__main__":
    sys.exit(main())
