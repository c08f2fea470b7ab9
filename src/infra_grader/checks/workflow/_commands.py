"""Whether a command of a pipeline is the one that a rubric asks for, however it is started."""

from __future__ import annotations

import re
from collections.abc import Sequence
from fnmatch import fnmatchcase
from itertools import pairwise

RUNNERS = {
    "python": ("-m",),
    "uv": ("run",),
    "poetry": ("run",),
    "pipenv": ("run",),
    "pdm": ("run",),
    "hatch": ("run",),
    "rye": ("run",),
    "coverage": ("run", "-m"),
    "npx": (),
    "uvx": (),
    "pipx": ("run",),
    "sudo": (),
}
"""Programs that run another one, with the words that come between."""
CONTAINERS = ("run", "exec")
"""What Docker, Podman and Compose call running a program in a container."""
SHORT_WITH_VALUE = frozenset({"-W", "-X", "-p", "-e", "-v", "-u", "-w", "-f"})
LONG_WITH_VALUE = (
    *("with", "with-requirements", "extra", "group", "only-group", "no-group", "package", "python", "project"),
    *("directory", "env-file", "index", "index-url", "extra-index-url", "from", "spec", "source", "rcfile", "env"),
    *("volume", "user", "workdir", "file", "name", "network", "net", "publish", "entrypoint", "mount", "platform"),
    *("add-host", "label", "memory", "cpus", "hostname", "gpus", "shm-size", "profile", "project-name"),
)
WITH_VALUE = SHORT_WITH_VALUE | {f"--{name}" for name in LONG_WITH_VALUE}
"""Options of those programs whose value is a word of its own."""
TELLING = frozenset(
    {"--help", "--collect-only", "--collectonly", "--co", "--fixtures", "--markers", "--setup-plan", "--cache-show"}
)
"""Arguments by which a program does nothing but tell."""
NOTHING_CHOSEN = re.compile(r"not\s+\(?(?:tests?_?|\.?py)\)?")
"""What `pytest -k` is given so that no test is left: each has that in its name, or its file has."""
MOST_FORMS = 5


def is_command(words: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a command is a program with some words among its arguments, in their order; `*` fits.

    What only tells what it could do (`--help`) is not.
    """
    return not only_tells(words, pattern) and any(_holds(form, pattern) for form in _forms(list(words)))


def only_tells(words: Sequence[str], pattern: Sequence[str]) -> bool:
    """Whether a command only tells what it could do: `--help`, `--version`, a dry run that nobody asked for."""
    telling = [word for word in words[1:] if word in TELLING or word.startswith("--dry-run")]
    if "pytest" in map(_program, words) and any(word in ("--version", "-VV") for word in words):
        telling.append("--version")
    if words[1:] in (["-V"], ["-h"]) or _chooses_nothing(words):
        return True
    if len(words) > 1 and words[-1] == "--version":  # elsewhere it may be the version of a chart
        telling.append("--version")
    return any(
        word != "--dry-run=none" and not any(fnmatchcase(word, part) for part in pattern if part.startswith("--"))
        for word in telling
    )


def _chooses_nothing(words: Sequence[str]) -> bool:
    """Whether tests are chosen by a name that each of them has, turned round: `-k 'not test'`."""
    chosen = [after for word, after in pairwise(words) if word == "-k"]
    chosen += [word[2:].lstrip("=") for word in words if word.startswith("-k") and len(word) > 2]
    return any(NOTHING_CHOSEN.fullmatch(text.strip()) for text in chosen)


def _forms(words: list[str]) -> list[list[str]]:
    """Return a command as written, and as what it runs: `pytest` for `uv run --frozen python -m pytest`."""
    forms = [words]
    while len(forms) < MOST_FORMS and (inner := _inner(forms[-1])):
        forms.append(inner)
    return forms


def _inner(words: list[str]) -> list[str]:
    """Return the command that another one runs; nothing if it runs none."""
    name, rest = _program(words[0]), words[1:]
    if re.fullmatch(r"\$\{?\w+\}?", words[0]):  # such as $RUN for `poetry run`
        return rest
    if name in ("docker", "podman", "docker-compose"):
        return _in_container(name, rest)
    if name not in RUNNERS:
        return []
    for word in RUNNERS[name]:
        rest = _after_options(rest, until=word)
        if rest[:1] != [word]:
            return []
        del rest[0]
    if name != "python":
        rest = _after_options(rest)
    if name == "hatch" and rest:
        rest[0] = rest[0].rpartition(":")[2]  # without its environment
    return rest


def _in_container(name: str, rest: list[str]) -> list[str]:
    """Return the command that a container runs, where one is given after the image or the service."""
    rest = _after_options(rest)
    if rest[:1] == ["compose"] and name != "docker-compose":
        rest = _after_options(rest[1:])
    if rest[:1] == ["container"]:
        del rest[0]
    return _after_options(rest[1:])[1:] if rest[:1] and rest[0] in CONTAINERS else []


def _after_options(words: list[str], until: str = "") -> list[str]:
    """Return what follows the options at the start of some words; a word that is looked for is none of them."""
    rest = list(words)
    while rest and rest[0].startswith("-") and rest[0] != until:
        has_value = rest[0] in WITH_VALUE
        ends = rest[0] == "--"
        del rest[: 2 if has_value else 1]
        if ends:
            break
    return rest


def _program(word: str) -> str:
    name = word.rpartition("/")[2]
    return "python" if name.startswith("python") else name


def _holds(words: Sequence[str], pattern: Sequence[str]) -> bool:
    if not words or not fnmatchcase(_program(words[0]), pattern[0]):
        return False
    rest = iter(words[1:])
    return all(any(fnmatchcase(word, part) for word in rest) for part in pattern[1:])
