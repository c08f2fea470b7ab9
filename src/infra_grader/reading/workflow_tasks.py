"""The recipes of task runners that a pipeline calls: make, just, task, npm, tox, nox, poe, and pre-commit's hooks."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from posixpath import join
from typing import Any

from infra_grader.reading.dockerfile_shell import ShellCommand
from infra_grader.reading.workflow import mapping_of, text_of
from infra_grader.reading.workflow_recipes import (
    Read,
    Recipes,
    Script,
    chosen_recipes,
    first_file,
    line_of,
    options_in,
    plain_line,
)
from infra_grader.reading.workflow_sessions import of_nox, of_poe, of_tox
from infra_grader.reading.yaml import YamlError, read_document

MAKEFILES = ("GNUmakefile", "makefile", "Makefile")
JUSTFILES = ("justfile", "Justfile", ".justfile")
TASKFILES = ("Taskfile.yml", "Taskfile.yaml", "taskfile.yml", "taskfile.yaml")
TASK_FILES = frozenset({*MAKEFILES, *JUSTFILES, *TASKFILES, "tox.ini", "noxfile.py", "pyproject.toml", "package.json"})
"""Files whose recipes run in the folder in which they lie."""
TARGET = re.compile(r"^([A-Za-z0-9_.%/ -]+?)\s*::?(?!=)([^#\n]*)")
UNREAD = re.compile(r"^-?s?include\s|^[^#\t\n]*[%$][^=\n]*:(?!=)", re.MULTILINE)
"""What may make targets that are not read: other files, patterns, names in variables."""
RECIPE = re.compile(r"^@?([A-Za-z_][A-Za-z0-9_-]*)((?:\s+[^:=\n]*)?):(?!=)([^#\n]*)")
PRE_COMMIT = (".pre-commit-config.yaml", ".pre-commit-config.yml")


def tasks(read: Read, command: ShellCommand, folder: str) -> Iterator[Script]:
    """Yield what a command runs of the task files in a folder, if it is a runner of tasks."""
    finders = {
        "make": _of_make,
        "just": _of_just,
        "task": _of_task,
        "tox": of_tox,
        "nox": of_nox,
        "poe": of_poe,
        "npm": _of_npm,
        "yarn": _of_npm,
        "pnpm": _of_npm,
    }
    if command.program == "pre-commit":
        yield from hooks(read)
        return
    words = list(command.words)
    if words[0] in ("uv", "poetry", "pdm", "pipenv", "uvx", "pipx") or command.program == "python":
        words = next((words[index:] for index, word in enumerate(words) if word in finders), words)
    if find := finders.get(words[0].rpartition("/")[2]):
        yield from find(read, words[1:], folder)


def hooks(read: Read) -> Iterator[Script]:
    """Yield the hooks of pre-commit, each as a command of its name."""
    for path in PRE_COMMIT:
        if (text := read(path)) is None:
            continue
        try:
            document = read_document(text)
        except YamlError:
            return
        repositories = mapping_of(document.data).get("repos")
        for number, repository in enumerate(repositories if isinstance(repositories, list) else []):
            found = mapping_of(repository).get("hooks")
            for index, hook in enumerate(found if isinstance(found, list) else []):
                place = document.place(["repos", number, "hooks", index]).line
                yield path, str(mapping_of(hook).get("id", "")), place


def _of_make(read: Read, arguments: Sequence[str], folder: str) -> Iterator[Script]:
    options, wanted = options_in(arguments, {"-C": "-C", "--directory": "-C", "-f": "-f", "--file": "-f"})
    for path, text in first_file(read, join(folder, options.get("-C", "")), (options.get("-f") or MAKEFILES)):
        rules, targets = _rules(text), [word for word in wanted if "=" not in word]
        yield from chosen_recipes(path, rules, targets)
        if not UNREAD.search(text):  # then what is not there is made by nobody
            yield from ((path, "", 1) for target in targets if target not in rules)


def _of_npm(read: Read, arguments: Sequence[str], folder: str) -> Iterator[Script]:
    """Yield a script of package.json with those that npm, yarn or pnpm run before and after it."""
    options, words = options_in(arguments, {"--prefix": "-C", "-C": "-C", "--cwd": "-C", "--dir": "-C"})
    while words[:1] in (["run"], ["run-script"]):
        del words[0]
    name = {"t": "test", "tst": "test"}.get(words[0], words[0]) if words else ""
    for path, text in first_file(read, join(folder, options.get("-C", "")), "package.json"):
        try:
            scripts = mapping_of(mapping_of(json.loads(text)).get("scripts"))
        except (ValueError, RecursionError):
            return
        for one in (f"pre{name}", name, f"post{name}"):
            if script := text_of(scripts.get(one)):
                yield path, script, line_of(text, f'"{one}"')


def _of_just(read: Read, arguments: Sequence[str], folder: str) -> Iterator[Script]:
    options, wanted = options_in(arguments, {"-f": "-f", "--justfile": "-f", "-d": "-d", "--working-directory": "-d"})
    for path, text in first_file(read, folder, (options.get("-f") or JUSTFILES)):
        yield from chosen_recipes(path, _recipes(text), wanted)


def _rules(text: str) -> Recipes:
    """Return the first line of the recipe, the prerequisites and the recipe of each target of a Makefile."""
    rules: Recipes = {}
    targets: list[str] = []
    for number, line in enumerate(text.split("\n"), 1):
        if line.startswith("\t"):
            for target in targets:
                first, needs, recipe = rules[target]
                continues = recipe.endswith("\\\n")
                rules[target] = (first, needs, f"{recipe}{line[1:] if continues else plain_line(line[1:])}\n")
        elif found := TARGET.match(line):
            targets = found[1].split()
            for target in targets:
                if target not in rules:
                    rules[target] = (number + 1, found[2].split(), "")
        elif line.strip() and not line.startswith("#"):
            targets = []
    return rules


def _recipes(text: str) -> Recipes:
    """Return the same of each recipe of a justfile, whose lines are indented in any way."""
    recipes: Recipes = {}
    current = ""
    for number, line in enumerate(text.split("\n"), 1):
        if line[:1] in (" ", "\t") and current:
            first, needs, recipe = recipes[current]
            recipes[current] = (first, needs, f"{recipe}{plain_line(line.strip())}\n")
        elif found := RECIPE.match(line):
            current = found[1]
            recipes[current] = (number + 1, re.findall(r"[A-Za-z_][\w-]*", found[3]), "")
        elif line.strip() and not line.startswith(("#", "[")):
            current = ""
    return recipes


def _of_task(read: Read, arguments: Sequence[str], folder: str) -> Iterator[Script]:
    options, wanted = options_in(arguments, {"-d": "-d", "--dir": "-d", "-t": "-t", "--taskfile": "-t"})
    for path, text in first_file(read, join(folder, options.get("-d", "")), (options.get("-t") or TASKFILES)):
        try:
            document = read_document(text)
        except YamlError:
            return
        rules: Recipes = {}
        for name, task in mapping_of(mapping_of(document.data).get("tasks")).items():
            steps = task if isinstance(task, list | str) else mapping_of(task).get("cmds", mapping_of(task).get("cmd"))
            listed = steps if isinstance(steps, list) else [steps]
            lines = [
                text_of(mapping_of(item).get("cmd")) if isinstance(item, dict) else text_of(item) for item in listed
            ]
            called = [text_of(item.get("task")) for item in listed if isinstance(item, dict) and "task" in item]
            needs = [text_of(item.get("task") if isinstance(item, dict) else item) for item in _deps(task)]
            rules[name] = (document.key_place(["tasks", name]).line, [*needs, *called], "\n".join(lines))
        yield from chosen_recipes(path, rules, wanted or ["default"])


def _deps(task: object) -> list[Any]:
    deps = mapping_of(task).get("deps")
    return deps if isinstance(deps, list) else []
