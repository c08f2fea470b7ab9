"""What a command needs to start: a file, or a module of the learner's, and whether the image can hold it."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from infra_grader.checks.dockerfile._contents import (
    Contents,
    is_settled,
    makes_nothing,
    read_contents,
    written_files,
)
from infra_grader.checks.dockerfile._files import commands_of
from infra_grader.checks.dockerfile._installs import find_installs, is_dependency_file, plain_words
from infra_grader.plugin import CheckFailed, Context
from infra_grader.reading.docker_context import ignore_patterns, possible_folders
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_ignore import Pattern, is_ignored
from infra_grader.reading.dockerfile_image import join
from infra_grader.reading.dockerfile_shell import SHELLS, ShellCommand

FILE, PROGRAM, MODULE = ("",), ("", "/"), (".", "/")
"""What may follow a path that is needed: nothing, what makes a folder a program, what makes a name a module."""
OWN_NAMES = frozenset(
    {"api", "app", "application", "asgi", "backend", "inference", "main", "predict", "run", "serve", "server",
     "service", "serving", "src", "wsgi"}
)  # fmt: skip
"""Modules that are the learner's own, also where the submission has none of that name."""
SERVED = re.compile(r"([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*):[A-Za-z_]\w*(?:\.\w+)*(?:\(.*\))?")
"""What uvicorn and gunicorn are told to serve: a module and its application."""
FLAGS = frozenset(
    {"--access-log", "--daemon", "-D", "--factory", "--no-access-log", "--no-server-header", "--no-use-colors",
     "--preload", "--proxy-headers", "--reload", "--server-header", "--use-colors"}
)  # fmt: skip
"""Their options that take no value."""
PYTHON_FLAGS = re.compile(r"-[bBdEhiIOPqsSuvVx]+")
STEERED = re.compile(r"\b(?:cd|env\s+-\S|popd|pushd|source|PYTHONHOME|PYTHONPATH)\b|(?:\A|[\s;&|\"'])\.\s")
"""What a script does so that its programs look elsewhere than in the working folder."""
ELSEWHERE = re.compile(r"\b(?:PYTHONPATH|working_dir|workingDir)\b")
"""The same in a compose file or a manifest."""
BUILT_IN = re.compile(r"\bcontext:[ \t]*[\"']?(?:\.{0,2}/)*([\w./-]+)")
"""The folder that a compose file or a workflow builds in."""
OUTSIDE = re.compile(r"(?:-e\b|--editable\b|\.).*|.*(?:/|\s@\s|\.(?:whl|zip|tar)\b|\$).*")
"""A line of a list of requirements, or a word of `pip install`, that names no package of an index."""
PIP_VALUES = frozenset(
    {"-c", "--constraint", "--extra-index-url", "-f", "--find-links", "-i", "--index-url", "--prefix", "-r",
     "--requirement", "--retries", "--root", "-t", "--target", "--timeout", "--trusted-host"}
)  # fmt: skip
"""Options of pip whose next word is no package."""


MOST_COMMANDS = 20
MOST_FOLDERS = 10
"""Folders in which a module is looked for."""


class Needed(NamedTuple):
    """A file or module without which a command does not start."""

    name: str
    """A plain file name stands for a script that its shell looks for along the PATH, too."""
    paths: tuple[str, ...]
    """Absolute paths of which one must be there."""
    endings: tuple[str, ...]


def find_needed(command: ShellCommand, stage: Stage) -> Needed | None:
    """Return what a command needs of the learner's files; `None` where that is nothing, or cannot be told."""
    return _needed([command.program, *command.arguments], command.words[0], stage)


def _needed(words: Sequence[str], written: str, stage: Stage) -> Needed | None:
    program, arguments = words[0], list(words[1:])
    needed = None
    match program, arguments:
        case "python", _:
            needed = _of_python(arguments, stage)
        case "uvicorn" | "gunicorn", _:
            needed = _of_server(program, arguments, stage, [])
        case ("fastapi", ["run" | "dev", place, *_]) | ("streamlit", ["run", place, *_]):
            needed = _file(place, PROGRAM, stage)
        case "poetry" | "pipenv" | "pdm" | "uv", ["run", inner, *rest] if "." not in inner:
            needed = _needed([inner, *rest], inner, stage)
        case _, [script, *_] if program in SHELLS - {"busybox"} and ("/" in script or script.endswith(".sh")):
            needed = _file(script, FILE, stage)
        case _ if "/" in written and not {"bin", ".bin"} & set(written.split("/")):
            needed = _file(written, FILE, stage)
    return needed


def _file(place: str, endings: tuple[str, ...], stage: Stage) -> Needed | None:
    if place.startswith(("-", "~")) or "://" in place or any(sign in place for sign in "$`*?\0"):
        return None
    path = join(stage.image.workdir, place)
    return Needed(path if "/" in place or endings != FILE else place, (path,), endings)


def _of_python(arguments: list[str], stage: Stage) -> Needed | None:
    while arguments and arguments[0] != "-m" and arguments[0].startswith("-"):
        flag = arguments.pop(0)
        if flag in ("-W", "-X"):
            del arguments[:1]
        elif not PYTHON_FLAGS.fullmatch(flag):
            return None
    match arguments:
        case ["-m", "uvicorn" | "gunicorn" as program, *rest]:
            return _of_server(program, rest, stage, [""])  # `-m` has the working folder looked through, too
        case ["-m", "fastapi" | "streamlit" as program, *rest]:
            return _needed([program, *rest], program, stage)
        case ["-m", module, *_]:
            return _module(module, [""], stage)
        case [place, *_]:
            return _file(place, PROGRAM, stage)
    return None


def _of_server(program: str, arguments: Sequence[str], stage: Stage, folders: list[str]) -> Needed | None:
    if any(name.startswith(f"{program.upper()}_") for name in stage.image.env):
        return None
    served: list[str] = []
    given: dict[str, str] = {}
    option = ""
    for word in arguments:
        name, sign, value = word.partition("=")
        if name in ("-c", "--config", "-e", "--env", "--env-file", "--paste", "--pythonpath"):  # it may look elsewhere
            return None
        if option or (sign and name.startswith("-")):
            given[option or name] = value if not option else word
        elif found := SERVED.fullmatch(word):
            served.append(found[1])
        option = word if not option and word.startswith("-") and not sign and word not in FLAGS else ""
    folder = given.get("--app-dir" if program == "uvicorn" else "--chdir", "")
    return _module(served[0], [*folders, folder], stage) if len(served) == 1 else None


def _module(name: str, folders: Sequence[str], stage: Stage) -> Needed | None:
    image = stage.image
    path = image.env.get("PYTHONPATH")
    entries = [*folders, *(path.value.split(":") if path else ())]
    is_told = path is None or is_settled(path.instruction.text, image)
    if (
        not is_told
        or len(entries) > MOST_FOLDERS
        or not re.fullmatch(r"\w+(?:\.\w+)*", name)
        or any("$" in entry for entry in entries)
    ):
        return None
    inside = name.replace(".", "/")
    return Needed(name, tuple(dict.fromkeys(join(join(image.workdir, entry), inside) for entry in entries)), MODULE)


class Lookout:
    """Tells which of the commands that an image starts cannot start, since nothing brings what they need."""

    def __init__(self, context: Context, dockerfile: Dockerfile, stage: Stage) -> None:
        self._context = context
        self._dockerfile = dockerfile
        self._stage = stage
        self._files = context.workspace.all_files()
        self._folders = possible_folders(dockerfile.path)

    def read_file(self, path: str) -> str | None:
        """Return the text of a file of the image that comes from the submission, or `None`."""
        is_plain = "/" not in path  # and so looked for along the PATH
        if is_plain and not path.endswith(".sh"):
            return None
        whole = join(self._stage.image.workdir, path)
        found = [file for file in self._contents.brought if file.path == whole]
        found += [file for file in self._contents.brought if is_plain and file.path.endswith(f"bin/{path}")]
        for source in (file.source for file in found):
            for folder in self._folders:
                place = source if folder == "." else f"{folder}/{source}"
                if self._context.workspace.find(place):
                    return self._read(place)
        return None

    def missing(self, commands: Sequence[ShellCommand], scripts: Sequence[str]) -> dict[ShellCommand, str]:
        """Return what is surely missing, by the command that needs it; `scripts` are the texts they stand in.

        A command that may make files, such as `git clone`, ends the list: what comes after it may find them.
        """
        text = "\n".join(scripts)
        if STEERED.search(text) or any(True for _ in written_files(text, "/")) or ".gitmodules" in self._files:
            return {}
        found: dict[ShellCommand, Needed] = {}
        for command in commands[:MOST_COMMANDS]:
            needed = find_needed(command, self._stage)
            if needed is not None and self._is_missing(needed):
                found[command] = needed
            elif not makes_nothing(command):
                break
        if found and self._comes_later({path for needed in found.values() for path in needed.paths}):
            return {}
        return {command: needed.name for command, needed in found.items()}

    def _is_missing(self, needed: Needed) -> bool:
        if needed.endings == MODULE and (not self._is_own(needed.name) or self._fills_packages):
            return False
        if needed.endings == FILE and "/" not in needed.name and self._is_somewhere(needed.name):
            return False
        return not any(self._contents.may_hold(path, needed.endings, self._is_kept) for path in needed.paths)

    @cached_property
    def _contents(self) -> Contents:
        sent = {path for folder in self._folders for path in self._below(folder)}
        return read_contents(self._dockerfile, self._stage, sorted(sent))

    def _below(self, folder: str) -> Iterator[str]:
        start = "" if folder == "." else f"{folder}/"
        return (path.removeprefix(start) for path in self._files if path.startswith(start))

    def _is_kept(self, source: str) -> bool:
        """Whether a file takes part in the build, from one of the folders that may be its context."""
        for folder, patterns in self._ignored.items():
            whole = source if folder == "." else f"{folder}/{source}"
            if whole in self._known and not is_ignored(patterns, source):
                return True
        return False

    @cached_property
    def _known(self) -> frozenset[str]:
        return frozenset(self._files)

    @cached_property
    def _ignored(self) -> dict[str, list[Pattern]]:
        try:
            return {folder: ignore_patterns(self._context, self._dockerfile.path, folder) for folder in self._folders}
        except CheckFailed:  # no text: what it keeps out is not known, and for another check to judge
            return {folder: [] for folder in self._folders}

    def _is_somewhere(self, name: str) -> bool:
        places = (*(file.path for file in self._contents.brought), *self._contents.unknown)
        return any(place.endswith(f"/{name}") for place in places)

    # Modules

    def _is_own(self, module: str) -> bool:
        """Whether a module can only be the learner's own, and is not installed from the learner's package."""
        top = module.partition(".")[0]
        is_theirs = top in OWN_NAMES or any({top, f"{top}.py"} & set(path.split("/")) for path in self._files)
        return is_theirs and top not in sys.stdlib_module_names and not self._is_installed(top)

    @property
    def _fills_packages(self) -> bool:
        """Whether something is copied among the interpreter's packages, where a module is found from anywhere."""
        places = [*(file.path for file in self._contents.brought), *self._contents.unknown]
        return any("-packages" in place for place in places)

    def _is_installed(self, name: str) -> bool:
        """Whether what is installed may bring a module of this name: a package of it, or one from elsewhere."""
        reached = self._dockerfile.reached(self._stage)
        if any(_may_install(command) for _, _, commands in commands_of(reached) for command in commands):
            return True
        words: list[str] = []
        for install in find_installs(reached):
            if not install.is_system and plain_words(install.command)[0] != "pip":
                return True  # Poetry and its like install the project itself
            words += [] if install.is_system else _pip_words(install.command)
        for path in self._files:
            if is_dependency_file(path) and path.endswith((".txt", ".in", ".lock")):
                words += self._requirements(path)
        return any(OUTSIDE.fullmatch(word) or _package(word) == name.lower() for word in words)

    def _requirements(self, path: str) -> list[str]:
        lines = self._read(path).split("\n")
        plain = [re.sub(r"(?:\A|\s)#.*", "", line).strip() for line in lines]
        return [line for line in plain if line and (not line.startswith("-") or line.startswith(("-e", "--editable")))]

    # What a compose file or a manifest adds

    def _comes_later(self, paths: Iterable[str]) -> bool:
        """Whether a compose file, manifest or workflow mounts one, has it looked for elsewhere, or builds elsewhere."""
        parents = {path[:end] for path in paths for end in _ends(path)}
        mounts = re.compile(
            rf"(?::|mountPath:\s*|target:\s*)[\"']?(?:{'|'.join(map(re.escape, sorted(parents)))})/?(?=[\"':,\s}}]|\Z)"
        )
        for path in self._files:
            if not path.endswith((".yaml", ".yml")):
                continue
            text = self._read(path)
            is_delivery = path.startswith((".github/", ".gitlab-ci"))  # what it sets is for its own steps
            if not is_delivery and (ELSEWHERE.search(text) or mounts.search(text)):
                return True
            if any(map(self._is_own_context, BUILT_IN.findall(text))):
                return True
        return False

    def _is_own_context(self, folder: str) -> bool:
        """Whether a folder that something is built in may be this Dockerfile's context, and was not thought of."""
        plain = folder.strip("/")
        is_thought_of = plain.strip(".") == "" or plain in self._folders
        return not is_thought_of and f"{plain}/Dockerfile" not in self._known

    def _read(self, path: str) -> str:
        try:
            return self._context.workspace.view(allow_starter=True).read_text(path)
        except CheckFailed:  # no text, or too large: it says nothing about this
            return ""


def _may_install(command: ShellCommand) -> bool:
    """Whether a command may install the learner's own package in a way that is not understood here."""
    is_python = command.program == "python"
    return any(word.endswith("setup.py") for word in command.words) or not (is_python or makes_nothing(command))


def _pip_words(command: ShellCommand) -> list[str]:
    """Return what pip is asked to install, as written; without lists and options that are no packages."""
    words, before = plain_words(command)[2:], ["", *plain_words(command)[2:]]
    return [
        word
        for word, option in zip(words, before, strict=False)
        if option not in PIP_VALUES and (not word.startswith("-") or OUTSIDE.fullmatch(word.partition("=")[0]))
    ]


def _package(text: str) -> str:
    """Return the name of a package as a module's would be written."""
    return re.split(r"[^\w.-]", text)[0].replace("-", "_").replace(".", "_").lower()


def _ends(path: str) -> Iterator[int]:
    """Yield where each folder of an absolute path ends, and the path itself."""
    yield from (index for index, sign in enumerate(path) if sign == "/" and index)
    yield len(path)
