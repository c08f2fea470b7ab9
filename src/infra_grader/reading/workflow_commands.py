"""What the steps of a pipeline really run: scripts, Makefile targets and local actions of the submission followed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.model.record import Record
from infra_grader.reading.dockerfile_shell import SHELLS, ShellCommand, shell_commands
from infra_grader.reading.workflow import Job, Pipeline, Step, mapping_of, read_pipeline, read_steps, texts_of
from infra_grader.reading.yaml import YamlError, read_document

MOST_FOLLOWED = 4
"""Files within files: a workflow that calls one that runs a script that runs make."""
TARGET = re.compile(r"^([A-Za-z0-9_.%/ -]+?)\s*::?(?!=)([^#\n]*)")
PRE_COMMIT = (".pre-commit-config.yaml", ".pre-commit-config.yml")
MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)\s*\}\}")
MOST_VALUES = 20
HEREDOC = re.compile(r"(?<!<)<<-?[ \t]*[\"']?([A-Za-z_][A-Za-z0-9_]*)")
EXPRESSION = re.compile(r"\$\{\{.*?\}\}", re.DOTALL)


class Act(Record):
    """A command that a step runs, or an action that it uses."""

    path: str
    line: int
    """Where it stands, in a script of the submission perhaps."""
    job: str
    """Id of the job, with its pipeline's path before it: `ci.yml#test`."""
    step: int
    """Its number in the job, from 0: acts of one step come in their order."""
    words: tuple[str, ...] = ()
    """The command: a program and its arguments."""
    uses: str = ""
    """The action, with its version."""
    inputs: Mapping[str, Any] = {}
    may_fail: bool = False
    """Whether a failure of it is passed over: `|| true`, `continue-on-error`."""
    is_always: bool = False
    """Whether it runs after a failure too (`if: always()` or `failure()`)."""

    @property
    def shown(self) -> str:
        """How it is written, in short."""
        return self.uses or " ".join(self.words)[:200]


def find_acts(workspace: Workspace, pipeline: Pipeline) -> Iterator[Act]:
    """Yield what the jobs of a pipeline run, in their order; what can plainly never run is left out."""
    for job in pipeline.jobs:
        yield from _of_job(workspace, job, f"{pipeline.path}#{job.id}", MOST_FOLLOWED)


def _of_job(workspace: Workspace, job: Job, name: str, depth: int) -> Iterator[Act]:
    if job.never_runs:
        return
    if job.uses:
        yield Act(path=job.path, line=job.line, job=name, step=0, uses=job.uses)
        called = _called(workspace, job.uses) if depth else None
        for inner in called.jobs if called is not None else ():
            yield from _of_job(workspace, inner, name, depth - 1)
    for number, step in enumerate(job.steps):
        for variant in _variants(step, job):
            for act in _of_step(workspace, variant, depth):
                yield act.replace(job=name, step=number, may_fail=act.may_fail or job.may_fail)


def _variants(step: Step, job: Job) -> Iterator[Step]:
    """Yield a step once for each value of the matrix that stands in its script: `run: ${{ matrix.command }}`."""
    found = MATRIX.search(step.script)
    matrix = mapping_of(job.strategy.get("matrix"))
    included = matrix.get("include")
    entries = [matrix, *(included if isinstance(included, list) else [])]
    values = [text for entry in entries if found for text in texts_of(mapping_of(entry).get(found[1]))]
    if found is None or not values:
        yield step
        return
    for value in values[:MOST_VALUES]:
        yield step.replace(script=step.script.replace(found[0], value))


def _called(workspace: Workspace, uses: str) -> Pipeline | None:
    """Return the workflow of the submission's own that a job calls."""
    if not uses.startswith("./"):
        return None
    text = _text(workspace, uses[2:])
    try:
        return read_pipeline(TextFile(uses[2:], text)) if text is not None else None
    except CheckFailed:
        return None


def _of_step(workspace: Workspace, step: Step, depth: int) -> Iterator[Act]:
    if step.never_runs:
        return
    condition = str(step.condition or "")
    is_always = "always()" in condition or "failure()" in condition
    act = Act(path=step.path, line=step.line, job="", step=0, may_fail=step.may_fail, is_always=is_always)
    if step.uses:
        yield act.replace(uses=step.uses, inputs=step.inputs)
        if step.uses.startswith("pre-commit/action@"):
            for path, hook, line in _hooks(workspace):
                yield act.replace(path=path, line=line, words=(hook,))
        for inner in _composite(workspace, step.uses) if depth else ():
            for found in _of_step(workspace, inner, depth - 1):
                yield found.replace(may_fail=found.may_fail or step.may_fail)
    if step.script and step.shell.partition(" ")[0] not in ("python", "node", "pwsh", "powershell", "cmd"):
        script = EXPRESSION.sub(lambda found: "".join(re.findall(r"\S+", found[0])), step.script)
        yield from _of_script(workspace, script, act, lambda line: step.script_line + line, depth)


def _composite(workspace: Workspace, uses: str) -> Iterator[Step]:
    """Yield the steps of an action of the submission's own."""
    if not uses.startswith("./"):
        return
    for name in ("action.yml", "action.yaml"):
        path = f"{uses[2:].rstrip('/')}/{name}".lstrip("/")
        if (text := _text(workspace, path)) is None:
            continue
        try:
            document = read_document(text)
        except YamlError:
            return
        yield from read_steps(
            path, document, ("runs", "steps"), mapping_of(mapping_of(document.data).get("runs")).get("steps")
        )
        return


def _of_script(workspace: Workspace, script: str, act: Act, line_at: Callable[[int], int], depth: int) -> Iterator[Act]:
    """Yield the commands of a script, and those of the submission's own files that it runs."""
    joined = _without_heredocs(script).replace("\\\n", "  ")
    commands = shell_commands(joined, lambda offset: line_at(script.count("\n", 0, offset)))
    for index, command in enumerate(commands):
        after = commands[index + 1] if index + 1 < len(commands) else None
        found = act.replace(words=command.words, may_fail=act.may_fail or _is_forgiven(after))
        found = found.replace(line=command.line)
        yield found
        if depth:
            yield from _followed(workspace, command, found, depth - 1)


def _without_heredocs(script: str) -> str:
    """Return a script, line for line, without the texts that it hands by `<<` to programs other than shells."""
    made: list[str] = []
    end = ""
    for line in script.split("\n"):
        if end:
            made.append(" " * len(line))  # so that every place stays where it is
            end = "" if line.strip() == end else end
            continue
        made.append(line)
        opened = HEREDOC.search(line)
        if opened and not SHELLS & {word.rpartition("/")[2] for word in line[: opened.start()].split()}:
            end = opened[1]
    return "\n".join(made)


def _is_forgiven(after: ShellCommand | None) -> bool:
    """Whether what follows a command passes its failure over: `|| true`, `|| echo …`, `; exit 0` of the same line."""
    return after is not None and after.joint == "||" and after.program in ("true", ":", "echo", "printf")


def _followed(workspace: Workspace, command: ShellCommand, act: Act, depth: int) -> Iterator[Act]:
    for path, text, first in _scripts(workspace, command):

        def line_at(offset: int, first: int = first) -> int:
            return first + offset

        yield from _of_script(workspace, text, act.replace(path=path), line_at, depth)


def _scripts(workspace: Workspace, command: ShellCommand) -> Iterator[tuple[str, str, int]]:
    """Yield path, text and first line of what a command runs of the submission's own."""
    program = command.words[0]
    if command.program == "make":
        yield from _recipes(workspace, [word for word in command.arguments if word[:1] != "-" and "=" not in word])
    elif command.program == "pre-commit":
        yield from _hooks(workspace)
    else:
        named = program if "/" in program else ""
        if program in SHELLS or command.program in SHELLS or program in (".", "source"):
            named = next((word for word in command.arguments if not word.startswith("-")), "")
        path = named.removeprefix("./")
        if path and not path.startswith("/") and (text := _text(workspace, path)) is not None and "\0" not in text:
            yield path, text, 1


def _recipes(workspace: Workspace, wanted: list[str]) -> Iterator[tuple[str, str, int]]:
    """Yield the recipes of Makefile targets, those of their prerequisites before them."""
    path = next((name for name in ("GNUmakefile", "makefile", "Makefile") if _text(workspace, name) is not None), "")
    if not path:
        return
    rules = _rules(_text(workspace, path) or "")
    waiting = wanted or [next((name for name in rules if not name.startswith(".")), "")]
    done: set[str] = set()
    while waiting and len(done) < 50:
        target = waiting.pop(0)
        if target in done or target not in rules:
            continue
        done.add(target)
        line, needs, recipe = rules[target]
        waiting += needs
        yield path, recipe, line


def _rules(text: str) -> dict[str, tuple[int, list[str], str]]:
    """Return the first line of the recipe, the prerequisites and the recipe of each target."""
    rules: dict[str, tuple[int, list[str], str]] = {}
    targets: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("\t"):
            for target in targets:
                first, needs, recipe = rules[target]
                continues = recipe.endswith("\\\n")
                rules[target] = (first, needs, f"{recipe}{line[1:] if continues else _plain(line[1:])}\n")
        elif found := TARGET.match(line):
            targets = found[1].split()
            for target in targets:
                if target not in rules:
                    rules[target] = (number + 1, found[2].split(), "")
        elif line.strip() and not line.startswith("#"):
            targets = []
    return rules


def _plain(line: str) -> str:
    """Return a line of a recipe without the signs before it; `-` passes its failure over."""
    signs = line[: len(line) - len(line.lstrip("@+- "))]
    command = line[len(signs) :].replace("$$", "$")
    return f"{command} || true" if "-" in signs and not command.endswith("\\") else command


def _hooks(workspace: Workspace) -> Iterator[tuple[str, str, int]]:
    """Yield the hooks of pre-commit, each as a command of its name."""
    for path in PRE_COMMIT:
        if (text := _text(workspace, path)) is None:
            continue
        try:
            document = read_document(text)
        except YamlError:
            return
        repositories = mapping_of(document.data).get("repos")
        for number, repository in enumerate(repositories if isinstance(repositories, list) else []):
            hooks = mapping_of(repository).get("hooks")
            for index, hook in enumerate(hooks if isinstance(hooks, list) else []):
                place = document.place(["repos", number, "hooks", index]).line
                yield path, str(mapping_of(hook).get("id", "")), place


def _text(workspace: Workspace, path: str) -> str | None:
    try:
        return workspace.read_text(path)
    except (CheckFailed, NotAssessed):  # not there, or not the learner's own
        return None
