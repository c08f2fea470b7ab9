"""What a learner's push costs beside the checks: `python benchmarks/action.py [--runs N] [--environment FOLDER]`.

A push to Project 01 with static checks, in the action's own steps, with warm caches: the environment is restored from
an archive as GitHub's cache makes it (tar and zstd), Python is found, the environment planned, the commit copied, the
rubric read, all reports written. The checks themselves run once, before; then their outcomes are given back in place of
running them. Processor time, of all processes. Not in it: GitHub's own programs that fetch actions, the cache and the
checkout, and upload the artifact.

The environment is made by the action, which takes a minute and the package index; an earlier one can be named.
"""

from __future__ import annotations

import argparse
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]
RUBRIC = "project-01-simple-model-api"
BAR_S = 3.0
EXPRESSION = re.compile(r"\$\{\{ *(.*?) *\}\}")
REPLAYED = """\
#!{python}
# infra-grader, with outcomes that are kept in place of checks that run.
import os, pickle, sys
from infra_grader.engine import run
kept = {kept!r}
if os.path.exists(kept):
    with open(kept, "rb") as file:
        outcomes = pickle.load(file)
    run.ask = lambda check, *_: outcomes[check.id]
else:
    outcomes, ask = {{}}, run.ask
    def keep(check, *rest):
        outcomes[check.id] = ask(check, *rest)
        with open(kept, "wb") as file:
            pickle.dump(outcomes, file)
        return outcomes[check.id]
    run.ask = keep
from infra_grader.cli.main import console
console()
"""


def main() -> int:
    """Print what each part takes, and return 1 if together they are over the bar."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--environment", type=Path, help="one that the action has made, for Project 01")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        job = Job(Path(folder), options.environment)
        job.run_steps()  # fills the caches, and keeps the outcomes
        rounds = [{"restore": job.restore(), **job.run_steps()} for _ in range(options.runs)]
    # Processor time only grows where others crowd the caches, so the least of each part is what it takes.
    least = {part: min(each[part] for each in rounds) for part in rounds[0]}
    for part, seconds in least.items():
        print(f"{part:30} {seconds:5.2f} s")
    together = sum(least.values())
    print(f"{'together':30} {together:5.2f} s (bar {BAR_S})")
    return int(together > BAR_S)


class Job:
    """A runner's folders, and a learner's checkout in its workspace."""

    def __init__(self, folder: Path, environment: Path | None) -> None:
        self.folder = folder
        self.action = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
        self.inputs = {name: str(given.get("default", "")) for name, given in self.action["inputs"].items()}
        self.inputs |= {"rubric": RUBRIC, "sandbox": "none", "live": "none"}
        for name in ("temp", "tools", "home"):
            (folder / name).mkdir()
        workspace = folder / "workspace"
        shutil.copytree(ROOT / "exercises" / RUBRIC / "solution", workspace)
        who = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"]
        for words in (["init", "-q"], ["add", "-A"], [*who, "commit", "-q", "-m", "Add the service"]):
            subprocess.run(["git", *words], cwd=workspace, check=True)
        # As on a user's machine, Python keeps its byte code.
        kept = {key: value for key, value in os.environ.items() if key != "PYTHONDONTWRITEBYTECODE"}
        self.variables = kept | {
            "HOME": str(folder / "home"),
            "GITHUB_ACTION_PATH": str(checkout(folder / "action")),
            "GITHUB_WORKSPACE": str(workspace),
            "GITHUB_STEP_SUMMARY": str(folder / "summary"),
            "GITHUB_ACTIONS": "true",
            "RUNNER_TEMP": str(folder / "temp"),
            "RUNNER_TOOL_CACHE": str(folder / "tools"),
        }
        self.variables |= {"HOME": kept["HOME"]} if environment is None else {}  # pip's own cache
        self.outputs: dict[str, dict[str, str]] = {}
        self.place = self._environment(environment)
        self.archive = folder / "environment.tzst"
        subprocess.run(
            f"tar -C {self.place.parent} -cf - {self.place.name} | zstd -q -T0 -o {self.archive}",
            shell=True,
            check=True,
        )
        program = self.place / "bin" / "infra-grader"
        self.replayed = REPLAYED.format(python=self.place / "bin" / "python", kept=str(folder / "outcomes"))
        program.write_text(self.replayed, encoding="utf-8")

    def _environment(self, given: Path | None) -> Path:
        """Let the action make the environment, or put a given one where the action looks for it."""
        steps = {step["name"]: step for step in self.action["runs"]["steps"]}
        for name in ("Find Python", "Plan"):
            self._run(steps[name])
        place = Path(self.outputs["plan"]["folder"])
        if given is None:
            self._run(steps["Install infra-grader"])
        else:
            place.parent.mkdir(parents=True)
            shutil.copytree(given, place, symlinks=True)
            (place / ".complete").touch()
        return place

    def restore(self) -> float:
        """Restore the environment from the archive, and return the seconds."""
        # Put aside, not deleted, as a fresh disk has nothing to delete: ext4 does not give the inodes of deleted files
        # out again at once, and looking for others makes each new file several times as dear.
        self.place.rename(Path(tempfile.mkdtemp(prefix="put-aside-", dir=self.folder), self.place.name))
        start = spent()
        subprocess.run(f"zstd -q -d -c {self.archive} | tar -C {self.place.parent} -xf -", shell=True, check=True)
        taken = spent() - start
        (self.place / "bin" / "infra-grader").write_text(self.replayed, encoding="utf-8")
        return taken

    def run_steps(self) -> dict[str, float]:
        """Run the steps that are the action's own, but for the installation, and return the seconds of each."""
        return {step["name"]: self._run(step) for step in self._steps()}

    def _steps(self) -> Iterator[dict[str, Any]]:
        for step in self.action["runs"]["steps"]:
            if "run" in step and step["name"] != "Install infra-grader":
                yield step

    def _run(self, step: dict[str, Any]) -> float:
        file = self.folder / "outputs"
        file.write_text("", encoding="utf-8")
        variables = {name: EXPRESSION.sub(self._value, text) for name, text in step.get("env", {}).items()}
        start = spent()
        ended = subprocess.run(
            ["bash", "--noprofile", "--norc", "-e", "-o", "pipefail", "-c", step["run"]],
            cwd=self.variables["GITHUB_WORKSPACE"],
            env=self.variables | variables | {"GITHUB_OUTPUT": str(file)},
            capture_output=True,
            text=True,
            check=False,
        )
        taken = spent() - start
        if ended.returncode:
            sys.exit(f"{step['name']} ended with {ended.returncode}: {ended.stdout}{ended.stderr}")
        lines = file.read_text(encoding="utf-8").splitlines()
        self.outputs[step.get("id", "")] = dict(line.partition("=")[::2] for line in lines)
        return taken

    def _value(self, found: re.Match[str]) -> str:
        """Return what an expression of the action comes to, as far as its own steps need them."""
        for name in found[1].split(" || "):
            kind, _, rest = name.partition(".")
            if kind == "inputs":
                return self.inputs[rest]
            if kind == "steps" and (value := self.outputs.get(rest.split(".")[0], {}).get(rest.split(".")[-1])):
                return value
        return ""


def checkout(folder: Path) -> Path:
    """Make a copy of the action as a runner has it, which nobody changes meanwhile."""
    files = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in files.split("\0"):
        if (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(ROOT / name, folder / name)
    return folder


def spent() -> float:
    """Return the processor time of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    sys.exit(main())
