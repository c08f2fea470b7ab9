"""What a Dockerfile installs: packages of the system, and the dependencies of its language."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from infra_grader.checks.dockerfile._files import commands_of
from infra_grader.model.record import Record
from infra_grader.reading.dockerfile import Stage
from infra_grader.reading.dockerfile_instruction import Instruction, read_mounts
from infra_grader.reading.dockerfile_shell import ShellCommand

SYSTEM = {
    "apt-get": ("install",), "apt": ("install",), "aptitude": ("install",), "apk": ("add",), "dnf": ("install",),
    "microdnf": ("install",), "yum": ("install",), "install_packages": (),
}  # fmt: skip
FROM_FILES: dict[str, tuple[tuple[str, ...], ...]] = {
    "poetry": (("install",), ("sync",), ("export",)),
    "pdm": (("install",), ("sync",)),
    "uv": (("sync",), ("export",)),
    "pipenv": (("install",), ("sync",), ("requirements",)),
    "npm": (("ci",), ("install",), ("i",)),
    "yarn": (("install",), ()),
    "pnpm": (("install",), ("i",)),
    "go": (("mod", "download"),),
    "conda": (("env", "create"), ("env", "update")),
    "mamba": (("env", "create"), ("env", "update")),
    "micromamba": (("create",), ("install",), ("env", "create")),
    "cargo": (("fetch",), ("build",)),
    "bundle": (("install",),),
}
"""Programs whose commands install what a file of dependencies lists."""
DEPENDENCY_FILE = re.compile(
    r"(?i)(?:.*/)?(?:[\w.-]*requirements?[\w.-]*\.(?:txt|in|lock)|pyproject\.toml|poetry\.lock|uv\.lock|pdm\.lock|setup\.(?:py|cfg)"
    r"|Pipfile(?:\.lock)?|[\w.-]*environment[\w.-]*\.ya?ml|conda[\w.-]*\.ya?ml|constraints[\w.-]*\.txt|package(?:-lock)?\.json"
    r"|yarn\.lock|pnpm-lock\.yaml|go\.(?:mod|sum)|Cargo\.(?:toml|lock)|Gemfile(?:\.lock)?|\*\.lock|package\*\.json|\*requirements\*\.txt"
    r"|requirements\*(?:\.txt)?|requirements/?|poetry\.lock\*)"
)
OPTIONS_WITH_VALUE = frozenset({"-t", "-o", "-c", "--target-release", "--option", "--repository", "-X", "--virtual"})


class Install(Record):
    """A command that installs something."""

    stage: Stage
    item: Instruction
    command: ShellCommand
    after: tuple[ShellCommand, ...]
    """The commands after it in the same RUN."""
    packages: tuple[str, ...] = ()
    files: tuple[str, ...] = ()
    """Files of dependencies that it names; empty where it takes those that its program looks for."""
    is_system: bool = False
    is_listed: bool = False
    """Whether it installs what a file of dependencies lists."""


def find_installs(stages: Iterable[Stage]) -> list[Install]:
    """Return what the stages install, in their order."""
    return [
        found
        for stage, item, commands in commands_of(stages)
        for index, command in enumerate(commands)
        if (found := _install(stage, item, command, tuple(commands[index + 1 :]))) is not None
    ]


def _install(stage: Stage, item: Instruction, command: ShellCommand, after: tuple[ShellCommand, ...]) -> Install | None:
    words = plain_words(command)
    program, arguments = words[0], words[1:]
    plain = list(_values(arguments))
    if program in SYSTEM:
        verbs = SYSTEM[program]
        if verbs and not (plain and plain[0] in verbs):
            return None
        packages = tuple(re.split(r"[=<>~:/]", word)[0] for word in plain[len(verbs) :])
        return Install(stage=stage, item=item, command=command, after=after, packages=packages, is_system=True)
    if program == "pip":
        if not plain or plain[0] not in ("install", "wheel", "download", "sync"):
            return None
        files = tuple(_pip_files(arguments))
        local = any(word in (".", "./") or word.startswith((".[", "./")) for word in plain[1:])
        synced = plain[0] == "sync"
        return Install(
            stage=stage, item=item, command=command, after=after, packages=tuple(plain[1:]),
            files=files or (tuple(plain[1:]) if synced else ()), is_listed=bool(files) or local or synced,
        )  # fmt: skip
    for verbs in FROM_FILES.get(program, ()):
        if tuple(plain[: len(verbs)]) == verbs and (verbs or not plain):
            return Install(stage=stage, item=item, command=command, after=after, is_listed=True)
    return None


def plain_words(command: ShellCommand) -> list[str]:
    """Return the words with `python -m pip`, `uv pip` and `/opt/venv/bin/pip3` as plain `pip`."""
    words = [command.program, *command.arguments]
    while words[0] == "python" and "-m" in words[1:3]:
        words = words[words.index("-m") + 1 :] or ["python"]
    if words[0] == "uv" and words[1:2] == ["pip"]:
        words = words[1:]
    if words[0] == "pip-sync":
        words = ["pip", "sync", *words[1:]]
    return words


def _values(arguments: Sequence[str]) -> Iterator[str]:
    """Yield the arguments that are no options and no values of them."""
    skip = False
    for word in arguments:
        if skip:
            skip = False
        elif word.startswith("-"):
            skip = word in OPTIONS_WITH_VALUE
        else:
            yield word


def _pip_files(arguments: Sequence[str]) -> Iterator[str]:
    for index, word in enumerate(arguments):
        if word in ("-r", "--requirement", "--requirements") and index + 1 < len(arguments):
            yield arguments[index + 1]
        elif word.startswith("--requirement="):
            yield word.partition("=")[2]
        elif word.startswith("-r") and len(word) > 2 and not word.startswith("-r-"):
            yield word[2:]


def is_dependency_file(path: str) -> bool:
    """Whether a file lists what is to be installed."""
    return DEPENDENCY_FILE.fullmatch(path) is not None


def has_cache_mount(item: Instruction, *targets: str) -> bool:
    """Whether a RUN keeps one of these folders outside of the image."""
    mounts = [mount for mount in read_mounts(item) if mount.get("type") in ("cache", "tmpfs")]
    places = [mount.get("target") or mount.get("dst") or mount.get("destination") or "" for mount in mounts]
    return any(target in place for place in places for target in targets)
