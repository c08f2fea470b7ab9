"""Which repositories of a roster can be reached, before a class is graded."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from infra_grader.capabilities.command import Command
from infra_grader.errors import Problem, UsageError
from infra_grader.loading.fetch_git import Git
from infra_grader.loading.fetch_outcome import FetchFailed, FetchLimits
from infra_grader.loading.fetch_repository import Repository
from infra_grader.loading.roster_row import ADDRESS
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.roster import Learner

AT_ONCE = 8
"""Servers take it ill to be asked more at a time."""
LIMITS = FetchLimits(seconds=20.0)


def unreached(learners: Sequence[Learner]) -> Iterator[Problem]:
    """Yield what is wrong with the repositories of learners that cannot be read now, in their order.

    Raises `UsageError` where there is no git.
    """
    asked = [learner for learner in learners if ADDRESS.fullmatch(learner.source)]
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for found in pool.map(_look, asked):
            if found is not None:
                yield found


def _look(learner: Learner) -> Problem | None:
    command = Command()
    try:
        Repository(Git(learner.source, Path(), command, LIMITS)).reach()
    except FetchFailed as failed:
        return Problem(failed.reason, line=learner.line, path="source", allowed=failed.remedy)
    except NotAssessed as lacking:
        raise UsageError(str(lacking), lacking.remedy) from lacking
    finally:
        command.close()
    return None
