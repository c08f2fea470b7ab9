"""A path to a submission: which folder, which root inside it, which commit."""

from __future__ import annotations

import os
from pathlib import Path

from infra_grader.errors import SubmissionError
from infra_grader.model.rubric import Rubric
from infra_grader.model.submission import Submission
from infra_grader.plugin import is_glob


def open_submission(path: Path, rubric: Rubric) -> Submission:
    """Return the submission in a folder, read as it is, with or without git.

    Raises `SubmissionError` if there is no such folder or it cannot be listed.
    """
    try:
        folder = path.resolve()
        if not folder.exists():
            raise SubmissionError(str(path), "there is no such folder", "Name the folder that holds the work.")
        if not folder.is_dir():
            raise SubmissionError(str(path), "it is a file, not a folder", "Name the folder that holds the work.")
        os.listdir(folder)
    except (OSError, RuntimeError) as error:  # RuntimeError: a ring of links, before Python 3.13
        problem = getattr(error, "strerror", None) or str(error)
        raise SubmissionError(str(path), f"it cannot be opened: {problem}", "Check its permissions.") from error
    return Submission(id=folder.name or "submission", folder=folder, root=find_root(folder, rubric))


def find_root(folder: Path, rubric: Rubric) -> str:
    """Return the root of the rubric that holds most of the paths its checks name; ties go to the first."""
    if len(rubric.roots) == 1:
        return rubric.roots[0] if (folder / rubric.roots[0]).is_dir() else "."
    named = {path for check in rubric.all_checks() for path in check.paths if not is_glob(path)}

    def held(root: str) -> int:
        return sum(os.path.lexists(folder / root / path) for path in named)

    return max((root for root in rubric.roots if (folder / root).is_dir()), key=held, default=".")
