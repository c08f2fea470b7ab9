"""requirements.txt: its lines, and the files of the submission that it includes."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from typing import NamedTuple

from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading.requirement import Dropped, NotKept, Requirement, Requirements, named, read_requirement

MAX_INCLUDED = 50
COMMENT = re.compile(r"(?:^|\s)#")
OPTION = re.compile(r"(--[a-z-]+(?=[\s=]|$)|-[a-zA-Z])\s*=?\s*(.*)", re.DOTALL)
OWN_OPTIONS = re.compile(r"\s--(?:hash|config-settings?|global-option|install-option)[=\s]")
"""Options that stand behind a requirement."""
INCLUDES = frozenset({"-r", "--requirement", "--requirements"})
CONSTRAINTS = frozenset({"-c", "--constraint"})
INDEXES = frozenset({"-i", "--index-url", "--extra-index-url", "-f", "--find-links", "--no-index"})
EDITABLE = frozenset({"-e", "--editable"})
OWN = re.compile(r"\./?(?:\[([^\]]*)\])?")
"""The learner's own package, perhaps with extras."""


class Line(NamedTuple):
    """A line with those that continue it, without its comment."""

    number: int
    text: str


class OwnPackage(NamedTuple):
    """The learner's own package, which a file asks for."""

    folder: str
    """Where the file lies."""
    extras: tuple[str, ...]


class _Reading:
    """What was found so far, over all the files that include each other."""

    def __init__(self, workspace: Workspace) -> None:
        self.workspace = workspace
        self.wanted: list[Requirement] = []
        self.constraints: list[Requirement] = []
        self.dropped: list[Dropped] = []
        self.own: list[OwnPackage] = []
        self.seen: set[tuple[str, bool]] = set()


class ReadLines(NamedTuple):
    """A file that was read, and the packages of the learner's own that it asks for."""

    requirements: Requirements
    own: tuple[OwnPackage, ...]


def read_requirement_lines(workspace: Workspace, path: str) -> ReadLines:
    """Return what a requirements file and those that it includes ask for.

    Raises `CheckFailed` for a line that pip would refuse, and for an included file that is missing.
    """
    reading = _Reading(workspace)
    _read(reading, path, is_constraint=False)
    found = Requirements(
        path=path,
        wanted=tuple(reading.wanted),
        constraints=tuple(reading.constraints),
        dropped=tuple(reading.dropped),
    )
    return ReadLines(found, tuple(reading.own))


def joined_lines(text: str) -> Iterator[Line]:
    """Yield the lines that say something: a backslash at the end continues one, `#` begins a comment."""
    parts: list[str] = []
    start = 1
    lines = text.split("\n")
    for number, line in enumerate(lines, start=1):
        if not parts:
            start = number
        is_comment = line.lstrip().startswith("#")
        if line.endswith("\\") and not is_comment and number < len(lines):
            parts.append(line[:-1])
            continue
        parts.append(line)
        whole = "".join(parts)
        parts = []
        comment = COMMENT.search(whole)
        whole = (whole[: comment.start()] if comment else whole).strip()
        if whole:
            yield Line(start, whole)


def _read(reading: _Reading, path: str, *, is_constraint: bool) -> None:
    if (path, is_constraint) in reading.seen:
        return
    reading.seen.add((path, is_constraint))
    if len(reading.seen) > MAX_INCLUDED:
        raise CheckFailed(f"More than {MAX_INCLUDED} requirements files include each other.", Evidence(path=path))
    for line in joined_lines(reading.workspace.read_text(path)):
        if line.text.startswith("-"):
            _read_option(reading, path, line, is_constraint=is_constraint)
        else:
            _read_requirement(reading, path, line, is_constraint=is_constraint)


def _read_requirement(reading: _Reading, path: str, line: Line, *, is_constraint: bool) -> None:
    options = OWN_OPTIONS.search(line.text)
    text = line.text[: options.start()] if options else line.text
    if own := OWN.fullmatch(text):
        _note_own(reading, path, line, own[1] or "")
        return
    try:
        found = read_requirement(text, path, line.number)
    except NotKept as error:
        _drop(reading, path, line, str(error), lacks_package=not is_constraint)
    else:
        (reading.constraints if is_constraint else reading.wanted).append(found)


def _read_option(reading: _Reading, path: str, line: Line, *, is_constraint: bool) -> None:
    found = OPTION.fullmatch(line.text)
    name, value = (found[1], found[2].strip()) if found else (line.text, "")
    if name in INCLUDES | CONSTRAINTS:
        _include(reading, path, line, value, is_constraint=is_constraint or name in CONSTRAINTS)
        return
    if name in EDITABLE and (own := OWN.fullmatch(value)):
        _note_own(reading, path, line, own[1] or "")
        return
    if name in EDITABLE:
        _drop(reading, path, line, "names a place, not a package", lacks_package=True)
    else:
        _drop(reading, path, line, "is an option of pip", is_index=name in INDEXES)


def _include(reading: _Reading, path: str, line: Line, value: str, *, is_constraint: bool) -> None:
    target = posixpath.normpath(posixpath.join(posixpath.dirname(path), value.strip("\"'")))
    reason = ""
    if "$" in value or ":" in value or "\\" in value or "\0" in value:
        reason = "names no file of the submission"
    elif target.startswith(("..", "/")):
        reason = "leads out of the submission"
    if reason:
        _drop(reading, path, line, reason, lacks_package=not is_constraint)
        return
    try:
        _read(reading, target, is_constraint=is_constraint)
    except CheckFailed as verdict:
        included = Evidence(path=path, line=line.number, text=f"includes {target}")
        raise CheckFailed(verdict.message, *verdict.evidence, included) from verdict


def _note_own(reading: _Reading, path: str, line: Line, extras: str) -> None:
    """Note the learner's own package: it is there already, and only what it needs is installed."""
    chosen = tuple(extra.strip() for extra in extras.split(",") if extra.strip())
    reading.own.append(OwnPackage(posixpath.dirname(path), chosen))
    _drop(reading, path, line, "is the submission itself, of which only the dependencies are installed")


def _drop(
    reading: _Reading, path: str, line: Line, reason: str, *, lacks_package: bool = False, is_index: bool = False
) -> None:
    reading.dropped.append(
        Dropped(
            text=line.text[:200],
            reason=reason,
            path=path,
            line=line.number,
            lacks_package=lacks_package,
            name=named(line.text),
            is_index=is_index,
        )
    )
