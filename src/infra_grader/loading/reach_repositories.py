"""Which repositories of a roster can be reached, before a class is graded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra_grader.capabilities.command import Command
from infra_grader.errors import Problem
from infra_grader.loading.fetch_outcome import FetchFailed, FetchLimits
from infra_grader.loading.fetch_repository import Repository
from infra_grader.loading.roster_row import ADDRESS
from infra_grader.model.roster import Learner

AT_ONCE = 8
"""Servers take it ill to be asked more at a time."""
LIMITS = FetchLimits(seconds=20.0)


def unreached(learners: Sequence[Learner]) -> Iterator[tuple[Learner, Problem]]:
    """Yield the learners whose repository cannot be read now, and why, in their order."""
    asked = [learner for learner in learners if ADDRESS.fullmatch(learner.source)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for learner, said in zip(asked, pool.map(_problem, asked), strict=True):
            if said is not None:
                yield learner, said


def _problem(learner: Learner) -> Problem | None:
    command = Command()
    try:
        Repository(learner.source, Path(), command, LIMITS).reach()
    except FetchFailed as failed:
        return Problem(failed.reason, line=learner.line, path="source", allowed=failed.remedy)
    finally:
        command.close()
    return None
