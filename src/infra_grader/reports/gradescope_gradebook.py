"""The gradebook for Gradescope: a `results.json` for each learner, as its autograders write it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra_grader.model.gradebook import CheckStanding, Gradebook, GradebookHead, GradebookRow
from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Score
from infra_grader.reports._gradescope import results_text, test_of, test_of_penalty
from infra_grader.reports._left_out import LeftOut, reason_to_leave_out
from infra_grader.reports._text import line, prose
from infra_grader.reports._wording import points_words
from infra_grader.reports.gradebook_format import GradebookFormat, GradebookOptions, Notes, Put

BONUS = "bonus"
FILE = "results.json"


def write_files(gradebook: Gradebook, put: Put, options: GradebookOptions = GradebookOptions()) -> Notes:  # noqa: B008 - frozen
    """Put `<id>/results.json` for every learner whose points are to be written; returns who was left out."""
    missing, written = LeftOut(), 0
    for row in gradebook.rows:
        if reason := reason_to_leave_out(row, options):
            missing.add(row.learner.id, "left out", reason)
        elif row.score is not None:
            put(f"{row.learner.id}/{FILE}", _results(row, row.score, gradebook.head))
            written += 1
    return [f"{written} written.", *missing.notes()]


FORMAT = GradebookFormat(
    name="gradescope",
    summary="a folder with a results.json for each learner",
    write_files=write_files,
    takes=frozenset({"provisional"}),
    names_learners=True,
)


def _results(row: GradebookRow, score: Score, head: GradebookHead) -> str:
    return results_text(
        score,
        output=f"{points_words(score.earned, score.possible, score.points)}.",
        facts={"rubric": head.rubric, "version": head.version},
        tests=_tests(row, head),
    )


def _tests(row: GradebookRow, head: GradebookHead) -> Iterator[dict[str, Any]]:
    titles = {check.id: prose(check.title) for part in head.parts for check in part.checks}
    for place, part in enumerate(row.parts, 1):
        is_bonus = part.id == BONUS and part is row.parts[-1]
        for number, check in enumerate(part.checks, 1):
            name = titles.get(check.id) or line(check.id)
            yield test_of(check, name, f"{place}.{number}", _findings(check), is_bonus=is_bonus)
    for penalty in row.penalties:
        if penalty.lost:
            yield test_of_penalty(penalty, penalty.title, [line(penalty.message)], penalty.visibility)


def _findings(check: CheckStanding) -> list[str]:
    return [line(text) for text in (check.message, check.hint if check.status is not Status.PASSED else "") if text]
