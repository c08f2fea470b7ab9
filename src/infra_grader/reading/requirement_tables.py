"""Tables of dependencies as Poetry and Pipenv write them: a package's name, and its versions or more."""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading.requirement import Dropped, NotKept, Requirement, named, read_requirement, refused
from infra_grader.reading.requirement_poetry import translate_python, translate_versions

PLACES = ("git", "url", "path", "file", "hg", "svn", "ref")
"""Keys that say where else a package comes from."""


class Found:
    """What a file asks for, while it is being read."""

    def __init__(self, file: TextFile) -> None:
        self.file = file
        self.wanted: list[Requirement] = []
        self.constraints: list[Requirement] = []
        self.dropped: list[Dropped] = []

    def add(self, text: object) -> Requirement | None:
        """Add a requirement that is written as a text, or report it; returns what was added."""
        if not isinstance(text, str):
            raise malformed(self.file, f"{text!r:.100} is no requirement")
        line = line_of(self.file, text)
        try:
            found = read_requirement(text, self.file.path, line)
        except NotKept as error:
            self.drop(text, str(error), line)
            return None
        self.wanted.append(found)
        return found

    def drop(self, text: str, reason: str, line: int | None) -> None:
        """Report a package that is not installed."""
        self.dropped.append(
            Dropped(
                text=text[:200], reason=reason, path=self.file.path, line=line, lacks_package=True, name=named(text)
            )
        )


def add_table(found: Found, packages: object, chosen: Collection[str] = ()) -> None:
    """Add the packages of a table. Optional ones are left out unless they are chosen by name.

    Raises `CheckFailed` for what is no such table.
    """
    if not isinstance(packages, dict):
        raise malformed(found.file, "its dependencies are no table")
    for name, value in packages.items():
        if name == "python":
            continue
        # One package may be asked for in several ways, each for other machines.
        for entry in value if isinstance(value, list) else [value]:
            _add_entry(found, name, entry, chosen)


def _add_entry(found: Found, name: str, entry: object, chosen: Collection[str]) -> None:
    line = line_of_key(found.file, name)
    facts: dict[str, Any] = {"version": entry} if isinstance(entry, str) else entry if isinstance(entry, dict) else {}
    if not facts:
        raise refused(f"{name} = {entry!r}", found.file.path, line, "versions are written as a text or a table")
    if facts.get("optional") is True and name not in chosen:
        return
    if place := next((key for key in PLACES if key in facts), None):
        found.drop(f"{name} ({place})", "names a place", line)
        return
    try:
        text = _as_text(name, facts)
        found.wanted.append(read_requirement(text, found.file.path, line))
    except NotKept as error:
        found.drop(name, str(error), line)
    except (ValueError, TypeError) as error:
        raise refused(name, found.file.path, line, str(error)) from error


def _as_text(name: str, facts: dict[str, Any]) -> str:
    extras = facts.get("extras") or []
    if not all(isinstance(part, str) for part in (*extras, facts.get("version", ""), facts.get("markers", ""))):
        raise ValueError("versions, markers and extras are texts")
    text = f"{name}[{','.join(extras)}]" if extras else name
    text += translate_versions(facts.get("version", "*"))
    markers = [f"({facts['markers']})"] if facts.get("markers") else []
    if isinstance(python := facts.get("python"), str) and (marker := translate_python(python)):
        markers.append(marker)
    return f"{text} ; {' and '.join(markers)}" if markers else text


def malformed(file: TextFile, problem: str) -> CheckFailed:
    """Return the verdict on a file that is not built as its kind is."""
    return CheckFailed(
        f"{file.path} cannot be read for its dependencies: {problem}.", Evidence(path=file.path, actual=problem)
    )


def line_of(file: TextFile, text: str) -> int | None:
    """Return the first line that holds a text between quotes, if one does."""
    quoted = (f'"{text}"', f"'{text}'")
    return next((number for number, line in enumerate(file.lines, 1) if any(part in line for part in quoted)), None)


def line_of_key(file: TextFile, name: str) -> int | None:
    """Return the first line that gives a value to a key, if one does."""
    key = re.compile(rf"\s*[\"']?{re.escape(name)}[\"']?\s*[=:{{]")
    return next((number for number, line in enumerate(file.lines, 1) if key.match(line)), None)
