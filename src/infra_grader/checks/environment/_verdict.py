"""Whose doing it is that requirements cannot be installed: the learner's, or this machine's and its index's."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

from infra_grader.capabilities.environment_index import Absent, Conflict, Machine
from infra_grader.checks.environment._asked import AUTHOR, Asked
from infra_grader.plugin import CheckFailed, Evidence, NotAssessed
from infra_grader.reading.requirement import Requirement, library, normal

Offers = Callable[[str], Sequence[str] | None]
"""Returns the names of the files that the index has of a project, `None` if it has no such project."""

WANTED = re.compile(r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*([^;(]*)")
USER = re.compile(r"The user requested (?:\(constraint\) )?(.*)")
DEPENDS = re.compile(r".* depends on (.*)")
MOST_NAMED = 10


def verdict_of_absent(absent: Absent, asked: Asked, machine: Machine, offers: Offers) -> CheckFailed | NotAssessed:
    """Return the verdict on a requirement for which the index has no wheel.

    One that exists, but as source or for other machines alone, can be judged by nobody here.
    """
    name, versions = _parsed(absent.requirement)
    shown = f"{name}{versions}"
    blamed = [item for item in asked.learner if item.name == name] or _mentioned(absent.requirement, asked.learner)
    found = offers(name)
    if name in asked.replaced:
        return NotAssessed(f"The stand-in for {name} does not do for {absent.requirement}.", AUTHOR, *_lines(blamed))
    if found and _fitting(found, name, versions):
        kind = f"Python {machine.python_version} on {machine.markers['sys_platform']}"
        return NotAssessed(
            f"{shown} has no wheel for {kind}; source is not built.",
            "Name it in `packages` in another version, or a stand-in for it, in the rubric.",
            *_lines(blamed, actual="only as source, or for other machines"),
        )
    if indexes := [item for item in asked.dropped if item.is_index]:
        return NotAssessed(
            f"{shown} is not on this machine's package index, and no other one is asked.",
            "Set up pip so that its index has the package, or name a stand-in for it in the rubric.",
            *(Evidence(path=item.path, line=item.line, actual=item.text, text=item.reason) for item in indexes),
        )
    newest = _newest(found or (), name)
    actual = f"the newest version is {newest}" if newest else "there is no such package"
    place = f"{blamed[0].path}, line {blamed[0].line}: " if blamed and blamed[0].line else ""
    return CheckFailed(
        f"{place}{absent.requirement} does not exist on the package index.",
        *_lines(blamed, actual=actual) or [Evidence(expected=absent.requirement, actual=actual)],
    )


def verdict_of_conflict(conflict: Conflict, asked: Asked, offers: Offers) -> CheckFailed | NotAssessed:
    """Return the verdict on requirements that cannot be met together.

    Where source that is not built here would meet them, nobody can judge.
    """
    reasons = "; ".join(conflict.reasons)
    wanted: dict[str, list[str]] = {}
    for reason in conflict.reasons:
        if asks := USER.fullmatch(reason) or DEPENDS.fullmatch(reason):
            name, versions = _parsed(asks[1])
            wanted.setdefault(name, []).append(versions)
    blamed = _mentioned(reasons, asked.learner)
    lines = list(_lines(blamed, actual=reasons))
    if replaced := asked.replaced.keys() & wanted.keys():
        return NotAssessed(f"The stand-in for {min(replaced)} does not do: {reasons}.", AUTHOR, *lines)
    for name, several in list(wanted.items())[:MOST_NAMED]:
        if (files := offers(name)) and _fitting(files, name, ",".join(filter(None, several))):
            return NotAssessed(
                f"{name} has no wheel here in the version that is asked for; source is not built.",
                "Name it in `packages` in another version, or a stand-in for it, in the rubric.",
                *lines,
            )
    return CheckFailed(
        f"The requirements cannot be installed together: {reasons}.",
        *lines or [Evidence(expected="requirements that can be met together", actual=reasons)],
    )


def _parsed(text: str) -> tuple[str, str]:
    """Return the normalised name and the versions of a requirement in pip's words."""
    found = WANTED.match(text.strip())
    if found is None:
        return "", ""
    return normal(found[1]), found[2].strip().replace(" and ", ",")


def _fitting(files: Iterable[str], name: str, versions: str) -> list[str]:
    """Return the versions among the files of a project that are asked for."""
    packaging = library()
    try:
        wanted = packaging.specifiers.SpecifierSet(versions)
    except packaging.specifiers.InvalidSpecifier:
        return []
    return [str(version) for version in wanted.filter(sorted(_versions(files, name)))]


def _newest(files: Iterable[str], name: str) -> str:
    return str(max(_versions(files, name), default=""))


def _versions(files: Iterable[str], name: str) -> Iterator[Any]:
    packaging = library()
    for file in files:
        try:
            read = packaging.utils.parse_wheel_filename if file.endswith(".whl") else _read_source
            found, version, *_ = read(file)
        except (packaging.utils.InvalidWheelFilename, packaging.version.InvalidVersion, ValueError):
            continue
        if found == name:
            yield version


def _read_source(file: str) -> tuple[str, Any]:
    packaging = library()
    stem = re.sub(r"\.(?:tar\.gz|tar\.bz2|tgz|zip)$", "", file)
    name, _, version = stem.rpartition("-")
    return normal(name), packaging.version.Version(version)


def _mentioned(text: str, requirements: Iterable[Requirement]) -> list[Requirement]:
    words = {normal(word) for word in re.findall(r"[A-Za-z0-9][A-Za-z0-9._-]*", text)}
    return [item for item in requirements if item.name in words]


def _lines(requirements: Iterable[Requirement], actual: str | None = None) -> list[Evidence]:
    return [Evidence(path=item.path, line=item.line, expected=item.versioned, actual=actual) for item in requirements]
