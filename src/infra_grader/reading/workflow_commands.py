"""What the steps of a pipeline really run: scripts, Makefile targets and local actions of the submission followed."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from operator import add
from posixpath import dirname, join, normpath
from typing import Any, NamedTuple

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.model.record import Record
from infra_grader.reading.dockerfile_shell import SHELLS, ShellCommand, shell_commands
from infra_grader.reading.workflow import Job, Pipeline, Step, mapping_of, read_pipeline, read_steps, texts_of
from infra_grader.reading.workflow_failures import ShellOptions, options_of_script, options_of_shell, passed_over
from infra_grader.reading.workflow_reach import can_hold, running
from infra_grader.reading.workflow_tasks import TASK_FILES, hooks, tasks
from infra_grader.reading.yaml import YamlError, read_document

SAYING = frozenset({"echo", "printf", ":", "true", "sleep", "cat", "date", "exit"})
"""Programs that do nothing but say something."""
READYING = frozenset({"set", "cd", "export", "shift", "return"})
"""What else a script may hold that does nothing."""
MOST_FOLLOWED = 4
"""Files within files: a workflow that calls one that runs a script that runs make."""
MATRIX = re.compile(r"\$\{\{\s*matrix\.([\w-]+)(?:\.([\w-]+))?\s*\}\}")
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
    is_hollow: bool = False
    """Whether it runs a file of the submission that does nothing but say something."""
    is_always: bool = False
    """Whether it runs after a failure too (`if: always()` or `failure()`)."""

    @property
    def shown(self) -> str:
        """How it is written, in short."""
        return self.uses or " ".join(self.words)[:200]


def find_acts(workspace: Workspace, pipeline: Pipeline) -> Iterator[Act]:
    """Yield what the jobs of a pipeline run, in their order; what can plainly never run is left out."""
    for job in running(pipeline, pipeline.events):
        yield from _of_job(workspace, job, f"{pipeline.path}#{job.id}", pipeline.events, MOST_FOLLOWED)


def _of_job(workspace: Workspace, job: Job, name: str, events: Mapping[str, Any], depth: int) -> Iterator[Act]:
    if job.uses:
        yield Act(path=job.path, line=job.line, job=name, step=0, uses=job.uses)
        called = _called(workspace, job) if depth else None
        for inner in running(called, events) if called is not None else ():
            for act in _of_job(workspace, inner, name, events, depth - 1):
                yield act.replace(may_fail=act.may_fail or job.may_fail)
    for number, step in enumerate(job.steps):
        for variant in _variants(step, job) if can_hold(step.condition, events) else ():
            for act in _of_step(workspace, variant, depth):
                yield act.replace(job=name, step=number, may_fail=act.may_fail or job.may_fail)


def _variants(step: Step, job: Job) -> Iterator[Step]:
    """Yield a step once for each value of the matrix that stands in its script: `run: ${{ matrix.command }}`."""
    found = MATRIX.search(step.script)
    matrix = mapping_of(job.strategy.get("matrix"))
    included = matrix.get("include")
    entries = [matrix, *(included if isinstance(included, list) else [])]
    values = [text for entry in entries if found for text in _values(mapping_of(entry).get(found[1]), found[2])]
    if found is None or not values:
        yield step
        return
    for value in values[:MOST_VALUES]:
        yield step.replace(script=step.script.replace(found[0], value))


def _values(value: object, key: str | None) -> list[str]:
    """Return the texts of a part of the matrix, or those that its mappings have below a key."""
    if key is None:
        return texts_of(value)
    listed = value if isinstance(value, list) else [value]
    return [text for item in listed for text in texts_of(mapping_of(item).get(key))]


def _called(workspace: Workspace, job: Job) -> Pipeline | None:
    """Return the workflow of the submission's own that a job calls."""
    for path in _own_places(job.uses, job.path):
        if (text := _text(workspace, path)) is not None:
            try:
                return read_pipeline(TextFile(path, text))
            except CheckFailed:
                return None
    return None


def _own_places(uses: str, path: str) -> tuple[str, ...]:
    """Return where a part of its own that a file uses may lie: at the root, or in `cicd/` if `.github` is there."""
    if not uses.startswith("./"):
        return ()
    named, home = normpath(uses), path.partition(".github/")[0]
    return (named, f"{home}{named}") if home != path and home else (named,)


def _of_step(workspace: Workspace, step: Step, depth: int) -> Iterator[Act]:
    if step.never_runs:
        return
    condition = str(step.condition or "")
    is_always = "always()" in condition or "failure()" in condition
    act = Act(path=step.path, line=step.line, job="", step=0, may_fail=step.may_fail, is_always=is_always)
    if step.uses:
        yield act.replace(uses=step.uses, inputs=step.inputs)
        if step.uses.startswith("pre-commit/action@"):
            for path, hook, line in hooks(partial(_text, workspace)):
                yield act.replace(path=path, line=line, words=(hook,))
        for inner in _composite(workspace, step) if depth else ():
            for found in _of_step(workspace, inner, depth - 1):
                yield found.replace(may_fail=found.may_fail or step.may_fail)
    if step.script and step.shell.partition(" ")[0] not in ("python", "node", "pwsh", "powershell", "cmd"):
        script = EXPRESSION.sub(lambda found: "".join(re.findall(r"\S+", found[0])), step.script)
        place = _Place(lambda line: step.script_line + line, step.folder, options_of_shell(step.shell), depth)
        yield from _of_script(workspace, script, act, place)


def _composite(workspace: Workspace, step: Step) -> Iterator[Step]:
    """Yield the steps of an action of the submission's own."""
    for path in _action_places(step):
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


def _action_places(step: Step) -> Iterator[str]:
    for folder in _own_places(step.uses, step.path):
        for name in ("action.yml", "action.yaml"):
            yield normpath(join(folder, name))


class _Place(NamedTuple):
    """Where and how a script runs."""

    line_at: Callable[[int], int]
    folder: str
    options: ShellOptions
    depth: int
    """How many files may be followed from here."""
    is_sourced: bool = False
    """Whether it is read into another script (`.`), which may call its functions."""


def _of_script(workspace: Workspace, script: str, act: Act, place: _Place) -> Iterator[Act]:
    """Yield the commands of a script, and those of the submission's own files that it runs."""
    joined = _without_heredocs(script).replace("\\\n", "  ")
    commands = shell_commands(joined, lambda offset: place.line_at(script.count("\n", 0, offset)))
    forgiven = passed_over(joined, commands, place.options)
    called = _called_functions(commands)
    folder = place.folder
    for command, is_forgiven in zip(commands, forgiven, strict=True):
        if command.function and not place.is_sourced and command.function not in called:
            continue
        found = act.replace(words=command.words, may_fail=act.may_fail or is_forgiven, line=command.line)
        folder = _changed(folder, command, place.folder)
        followed: list[Act] | None = None
        for here in dict.fromkeys((folder, place.folder)):  # a subshell leaves the folder that it went to
            if followed is None and place.depth:
                followed = _followed(workspace, command, found, place._replace(folder=here))
        yield found.replace(is_hollow=followed is not None and not any(_does_something(inner) for inner in followed))
        yield from followed or ()


def _called_functions(commands: Sequence[ShellCommand]) -> set[str]:
    """Return the functions of a script that it calls, or names to something that may; all, where that is a variable."""
    named: dict[str, set[str]] = {}
    for command in commands:
        named.setdefault(command.function, set()).update(*(word.split() for word in command.words))
        if command.words[0].startswith("$"):
            return {one.function for one in commands}
    called: set[str] = set()
    waiting = [""]
    while waiting:
        new = (named.get(waiting.pop(), set()) & named.keys()) - called
        called |= new
        waiting += new
    return called


def _changed(folder: str, command: ShellCommand, start: str) -> str:
    """Return the folder that a command leaves the script in."""
    if command.program not in ("cd", "pushd", "popd"):
        return folder
    wanted = command.words[1] if len(command.words) > 1 else "-"
    return start if wanted == "-" or "$" in wanted else normpath(join(folder, wanted))


def _followed(workspace: Workspace, command: ShellCommand, act: Act, place: _Place) -> list[Act] | None:
    """Return what a command runs by way of a file of the submission; nothing if it runs none."""
    scripts = list(_scripts(workspace, command, place.folder))
    found: list[Act] = []
    for path, text, first, options in scripts:
        folder = dirname(path) if path.rpartition("/")[2] in TASK_FILES else place.folder
        is_sourced = command.words[0] in (".", "source")
        inner = _Place(partial(add, first), folder, options, place.depth - 1, is_sourced)
        found += _of_script(workspace, text, act.replace(path=path), inner)
    return found if scripts else None


def _does_something(act: Act) -> bool:
    return bool(act.uses) or not (act.is_hollow or act.words[0] in SAYING | READYING)


def _scripts(workspace: Workspace, command: ShellCommand, folder: str) -> Iterator[tuple[str, str, int, ShellOptions]]:
    """Yield path, text and first line of what a command runs of the submission's own, and how it takes failures."""
    for path, text, first in tasks(partial(_text, workspace), command, folder):
        yield path, text, first, ShellOptions()
    program = command.words[0]
    named: str | None = program if "/" in program else None
    if program in SHELLS or command.program in SHELLS or program in (".", "source"):
        named = next((word for word in command.arguments if not word.startswith("-")), None)
    if not named or named.startswith("/"):
        return
    path = normpath(join(folder, named))
    content = _text(workspace, path)
    if content is not None and "\0" not in content:
        yield path, content, 1, options_of_script(content, command)


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


def _text(workspace: Workspace, path: str) -> str | None:
    try:
        return workspace.read_text(path)
    except (CheckFailed, NotAssessed):  # not there, or not the learner's own
        return None
