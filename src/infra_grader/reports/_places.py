"""What was lost and where, for formats that mark files of a repository."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from enum import StrEnum

from infra_grader.model.outcome import Evidence, Status
from infra_grader.model.record import Record
from infra_grader.model.scorecard import CheckScore
from infra_grader.plugin import is_glob
from infra_grader.reports._findings import Loss
from infra_grader.reports._text import in_file


class Level(StrEnum):
    """How grave a finding is."""

    ERROR = "error"
    WARNING = "warning"
    NOTE = "note"


class Place(Record):
    """A place in a file of the repository to which a loss points."""

    path: str
    """Relative to the repository, with forward slashes; never leads out of it."""
    line: int | None
    """From 1."""
    end_line: int | None
    """Where it lies below `line`."""
    evidence: Evidence


def level(check: CheckScore) -> Level:
    """Return how grave it is that a check fell short: nothing won, something won, or nothing to win."""
    if not check.counts:
        return Level.NOTE
    return Level.WARNING if check.status is Status.PARTIAL else Level.ERROR


def places(loss: Loss, folder: str) -> Iterator[Place]:
    """Yield the places in files to which a loss points; `folder` of the repository holds the submission."""
    for evidence in loss.check.evidence:
        path = repository_path(evidence, folder)
        if path is None:
            continue
        first = evidence.line if evidence.line is not None and evidence.line > 0 else None
        is_longer = first is not None and evidence.end_line is not None and evidence.end_line > first
        yield Place(path=path, line=first, end_line=evidence.end_line if is_longer else None, evidence=evidence)


def repository_path(evidence: Evidence, folder: str) -> str | None:
    """Return the path of the file in the repository, or nothing for what is no file of the submission.

    A pattern that no file fits is none, nor is the submission itself.
    """
    if not in_file(evidence) or evidence.path is None:
        return None
    inside = posixpath.normpath(evidence.path)
    if inside in (".", "..") or inside.startswith(("/", "../")) or (evidence.line is None and is_glob(inside)):
        return None
    return posixpath.normpath(posixpath.join(folder, inside))
