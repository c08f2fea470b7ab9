"""One Python requirement: its name, extras, versions and marker. Whatever else a learner's line may say is not kept."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.model.record import Record

INSTALL = "pip install 'infra-grader[environment]'"
MAX_LENGTH = 2000
URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*:")
PATH = re.compile(r"\.{0,2}/|\.{1,2}(?:$|\[)|[^\s;=<>!~@\[]*[/\\]|[^\s;=<>!~@]*\.(?:whl|zip|tar\.gz|tgz)\b")
VARIABLE = re.compile(r"\$\{[A-Z0-9_]+\}")


class Requirement(Record):
    """A package that is asked for."""

    name: str
    """Normalised: lower case, with hyphens."""
    extras: tuple[str, ...] = ()
    specifier: str = ""
    """Versions that will do, such as `<3,>=2.1`; any, if empty."""
    marker: str = ""
    """On which machines it is asked for; on all, if empty."""
    path: str | None = None
    """The file that asks for it; `None` for the course's own packages."""
    line: int | None = None

    @property
    def versioned(self) -> str:
        """The requirement as pip reads it, without its marker."""
        extras = f"[{','.join(self.extras)}]" if self.extras else ""
        return f"{self.name}{extras}{self.specifier}"

    def holds(self, machine: Mapping[str, str]) -> bool:
        """Whether it is asked for on a machine with these markers."""
        if not self.marker:
            return True
        packaging = library()
        try:
            found: bool = packaging.markers.Marker(self.marker).evaluate({**machine, "extra": ""})
        except (packaging.markers.UndefinedEnvironmentName, packaging.markers.UndefinedComparison):
            return False
        return found


class Dropped(Record):
    """A part of a requirements file that is not followed."""

    text: str
    reason: str
    path: str
    line: int | None = None
    lacks_package: bool = False
    """Whether a package is missing by it; else a setting is."""
    name: str = ""
    """Normalised name of that package, where it is known."""
    is_index: bool = False
    """Whether it names another index, where packages may be that are not on ours."""


class Requirements(Record):
    """What a file asks for, and what it asks in vain."""

    path: str
    """The file that was read first."""
    wanted: tuple[Requirement, ...] = ()
    constraints: tuple[Requirement, ...] = ()
    """Versions to take where a package is installed for another reason: those of a lock file."""
    dropped: tuple[Dropped, ...] = ()


class NotKept(Exception):
    """A requirement of which a name and versions are not all; says what else it is."""


def library() -> Any:
    """Return the library that reads requirements. Raises `NotAssessed` if it is not installed."""
    try:  # of this family alone
        import packaging.markers
        import packaging.requirements
        import packaging.specifiers
        import packaging.utils
        import packaging.version
    except ImportError as error:
        raise NotAssessed("packaging is not installed.", INSTALL) from error
    return packaging


def read_requirement(text: str, path: str | None = None, line: int | None = None) -> Requirement:
    """Return the requirement that a text states.

    Raises `NotKept` for one that names a place (a URL, a folder, a repository, a variable), `CheckFailed` for what is
    no requirement at all.
    """
    text = text.strip()
    if VARIABLE.search(text):
        raise NotKept("names a variable of the machine")
    if PATH.match(text) and not URL.match(text):
        raise NotKept("names a place in the submission")
    if URL.match(text):
        raise NotKept("names a URL")
    if len(text) > MAX_LENGTH:
        raise refused(text, path, line, f"it has {len(text)} characters")
    packaging = library()
    try:
        found = packaging.requirements.Requirement(text)
    except (ValueError, RecursionError) as error:
        raise refused(text, path, line, str(error).partition("\n")[0]) from error
    if found.url:
        raise NotKept("names a URL")
    return Requirement(
        name=packaging.utils.canonicalize_name(found.name),
        extras=tuple(sorted(packaging.utils.canonicalize_name(extra) for extra in found.extras)),
        specifier=str(found.specifier),
        marker=str(found.marker or ""),
        path=path,
        line=line,
    )


def named(text: str) -> str:
    """Return the normalised name of a package that comes from elsewhere, such as `name @ URL`, or nothing."""
    found = re.match(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\]\s*)?(?:@|\()", text) or re.search(
        r"[#&]egg=([A-Za-z0-9][A-Za-z0-9._-]*)", text
    )
    return normal(found[1]) if found else ""


def normal(name: str) -> str:
    """Return a package's name as all of its spellings are read."""
    return re.sub(r"[-_.]+", "-", name).lower()


def refused(text: str, path: str | None, line: int | None, problem: str) -> CheckFailed:
    """Return the verdict on what is no requirement."""
    place = f"{path}, line {line}" if line else path
    return CheckFailed(
        f"{place}: {text[:100]!r} is no requirement.",
        Evidence(path=path, line=line, expected="a package's name and versions", actual=text[:200], text=problem),
    )
