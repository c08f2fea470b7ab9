"""Values for the settings that a submission rightly leaves out: what a person would fill in before `compose up`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping

from infra_grader.reading.compose import SETTING

REQUIRED = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(:?)\?")
BLANK = re.compile(r"""\s*(?:#.*|(["'])\1\s*(?:#.*)?)?\Z""")
IS_NUMBER = re.compile(r"PORT|COUNT|SIZE|LIMIT|REPLICAS|TIMEOUT|SECONDS|WORKERS", re.IGNORECASE)
STAND_IN = "infra-grader-1"
FIRST_PORT = 18_080
"""Where a port is wanted; each gets another one."""
ENDINGS = (".example", ".sample", ".template", ".dist", ".tmpl")
NOT_OURS = re.compile(r"(?:COMPOSE|DOCKER|BUILDKIT|BUILDX)_|(?:PATH|HOME|PWD|USER|TMPDIR|LANG|LC_ALL)\Z")
"""Variables that steer the commands themselves, or that every shell has."""


def examples_of(path: str) -> tuple[str, ...]:
    """Return the places where an example of a file of variables may lie."""
    folder, slash, name = path.rpartition("/")
    plain = name.lstrip(".")
    beside = [name + ending for ending in ENDINGS] + [f"{plain}{ending}" for ending in ENDINGS] + [f"example{name}"]
    return tuple(folder + slash + item for item in dict.fromkeys(beside))


def filled(text: str) -> tuple[str, tuple[str, ...]]:
    """Return the text of an example with a value wherever it is blank, and the names of these."""
    lines: list[str] = []
    names: list[str] = []
    for line in text.split("\n"):
        found = SETTING.fullmatch(line)
        if found and not line.lstrip().startswith("#") and BLANK.match(found[2] or "") and not NOT_OURS.match(found[1]):
            lines.append(f"{found[1]}={stand_in(found[1], len(names))}")
            names.append(found[1])
        else:
            lines.append(line)
    return "\n".join(lines), tuple(names)


def required(texts: Iterable[str], known: Mapping[str, str]) -> dict[str, str]:
    """Return values for the variables that compose files insist on and that have none."""
    names = {
        found[1]: None
        for text in texts
        for found in REQUIRED.finditer(text)
        if not (known.get(found[1]) or (found[1] in known and not found[2]) or NOT_OURS.match(found[1]))
    }
    return {name: stand_in(name, number) for number, name in enumerate(names)}


def stand_in(name: str, number: int) -> str:
    """Return a value for a variable: a number where its name sounds like one."""
    return str(FIRST_PORT + number) if IS_NUMBER.search(name) else STAND_IN


def quoted(value: str) -> str:
    """Return a value as a file of variables says it, with nothing of it expanded."""
    if "'" not in value and "\n" not in value:
        return f"'{value}'"
    escaped = value.replace("\\", "\\\\").replace('"', '\\"').replace("$", "\\$").replace("\n", "\\n")
    return f'"{escaped}"'
