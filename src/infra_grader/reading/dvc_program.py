"""What the stages of DVC run, and whether that is there and does anything."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Sequence

from infra_grader.model.outcome import CheckFailed
from infra_grader.plugin import Context
from infra_grader.reading.dvc import Stage, read_stages
from infra_grader.reading.python_program import idle_because
from infra_grader.reading.python_work import read_python

ABSENT = "is not there"
PLACES = ("dvc.yaml", "dvc/dvc.yaml", "**/dvc.yaml")
MODULE = re.compile(r"python[0-9.]*\s+(?:-[a-zA-Z]\s+)*?-m\s+([\w.]+)")
SCRIPT = re.compile(r"(?<![\w/.-])((?:\./)?[\w./-]+\.(?:py|sh))\b")
CHECKPOINT = re.compile(r"\b(?:great_expectations|gx)\s+(?:-\S+\s+)*checkpoint\s+run\s+([\w-]+)")
"""How a checkpoint was run from a shell before Great Expectations 1.0."""
REPRO = re.compile(r"\bdvc\s+repro\b([^&|;\n#]*)")


def program_gaps(context: Context, stage: Stage) -> Iterator[tuple[str, str]]:
    """Yield the scripts, modules and checkpoints that a stage runs in vain: none of the learner's work, or idle.

    With each comes what is wrong with it, such as `is not there` or `does nothing yet`.
    """
    for command in stage.commands:
        wanted = [[script.removeprefix("./")] for script in SCRIPT.findall(command)]
        for module in MODULE.findall(command):
            name = module.replace(".", "/")
            if "/" in name:  # else it may be of an installed package
                wanted.append([f"{name}.py", f"{name}/__main__.py"])
        for names in wanted:
            # DVC runs a command in the stage's folder; where the command leaves it, the root will do as well.
            starts = [f"{stage.folder}/".lstrip("/")] + [""] * ("cd " in command or "PYTHONPATH" in command)
            if fault := program_fault(context, [f"{start}{name}" for name in names for start in starts]):
                yield names[0], fault
        yield from ((name, ABSENT) for name in _checkpoints_gone(context, command))


def program_fault(context: Context, places: Sequence[str]) -> str:
    """Say what is wrong with a program that may lie in several places: it is none of the learner's, or idle."""
    try:
        return idle_because(context, context.workspace.first(places))
    except CheckFailed:
        return ABSENT


def idle_command(context: Context, command: str) -> str:
    """Say why a command line does nothing that is the learner's work, or nothing where it may do something.

    Judged are modules of the submission's own folders, checkpoints, and `dvc repro` by the stages that it names.
    """
    for name in _checkpoints_gone(context, command):
        return f"runs {name}, which {ABSENT}"
    own = {path.partition("/")[0] for path in context.workspace.all_files() if "/" in path}
    for module in MODULE.findall(command):
        name = module.replace(".", "/")
        if "/" in name and name.partition("/")[0] in own:
            places = [f"{name}.py", f"{name}/__main__.py"]
            if fault := program_fault(context, places):
                return f"runs {places[0]}, which {fault}"
    for found in REPRO.finditer(command):
        if fault := _idle_stages(context, found[1].split()):
            return fault
    return ""


def _checkpoints_gone(context: Context, command: str) -> Iterator[str]:
    """Yield the checkpoints that a command runs and that no file is called by, nor any Python file names."""
    for name in CHECKPOINT.findall(command):
        files = context.workspace.files(lambda path: path.endswith((".py", ".yml", ".yaml", ".json")))
        is_there = any(
            name == posixpath.basename(path).rpartition(".")[0]
            or (path.endswith(".py") and name in CHECKPOINT.sub("", read_python(context, path).text))
            for path in files
        )
        if not is_there:
            yield name


def _idle_stages(context: Context, words: Sequence[str]) -> str:
    """Say why `dvc repro` with these words does nothing of the learner's own, or nothing."""
    try:
        stages = [
            stage
            for path in context.workspace.find(*PLACES)
            for stage in read_stages(context.workspace.read_first([path]))
        ]
    except CheckFailed:  # what is wrong with it is for the kinds of DVC to say
        return ""
    if not stages:
        return "runs DVC, which has no dvc.yaml of your own"
    named = {word.rpartition(":")[2] for word in words if not word.startswith("-")}
    meant = [stage for stage in stages if stage.name in named] or stages
    faults = [next(program_gaps(context, stage), None) for stage in meant]
    first = faults[0]
    if first is None or not all(faults):
        return ""
    return f"runs {first[0]}, which {first[1]}"
