"""What a workflow of GitHub shows and hands on: annotations, the summary of the job, and the outputs of the step.

The annotations are this format's text: commands to the runner, one a line. The summary and the outputs are added to
the files that the runner names for them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import NamedTuple

from infra_grader.model.outcome import Status
from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import RenderOptions, ReportFormat, hookimpl
from infra_grader.reports._findings import Loss, OpenGroup, for_learner, losses, open_groups
from infra_grader.reports._job_summary import job_summary
from infra_grader.reports._places import Level, Place, level, places
from infra_grader.reports._text import cut, line, number, prose, statement
from infra_grader.reports._wording import open_heading, points, score_words, verdict, verdict_reasons

SUMMARY = "GITHUB_STEP_SUMMARY"
OUTPUT = "GITHUB_OUTPUT"
ROOM = {"error": 10, "warning": 10, "notice": 8}
"""How many of each GitHub shows of a step; two of ten notices are for the score and for what is left out."""
MAX_TITLE = 200
MAX_MESSAGE = 2000
MAX_WAITING = 5
LEVELS = {Level.ERROR: "error", Level.WARNING: "warning", Level.NOTE: "notice"}


class _Annotation(NamedTuple):
    level: str
    title: str
    lines: list[str]
    place: Place | None = None
    winnable: Decimal = Decimal(0)


@hookimpl
def infra_grader_report_formats() -> list[ReportFormat]:
    """Give the format `github`."""
    return [ReportFormat(name="github", is_machine=False, render=render, is_commands=True, side_files=side_files)]


def render(scorecard: Scorecard, options: RenderOptions) -> str:
    """Return the annotations: the score, then what was lost or is open, most points first, within GitHub's limits."""
    shown = for_learner(scorecard)
    room = dict(ROOM)
    commands = [_command(_score(shown))]
    left_out: list[_Annotation] = []
    for annotation in _annotations(shown, options.folder):
        if room[annotation.level]:
            room[annotation.level] -= 1
            commands.append(_command(annotation))
        else:
            left_out.append(annotation)
    if left_out:
        commands.append(_command(_rest(left_out)))
    return "\n".join(commands) + "\n"


def side_files(scorecard: Scorecard, options: RenderOptions) -> Mapping[str, str]:
    """Return what is added to the files of the summary and of the outputs."""
    shown = for_learner(scorecard)
    return {SUMMARY: job_summary(shown), OUTPUT: _outputs(shown, options.token)}


def _score(scorecard: Scorecard) -> _Annotation:
    title = f"{prose(scorecard.rubric.title)}: {verdict(scorecard).lower()}"
    return _Annotation("notice", title, [score_words(scorecard), *verdict_reasons(scorecard)])


def _annotations(scorecard: Scorecard, folder: str) -> Iterator[_Annotation]:
    """Yield one for each loss, for each reason why checks are open, and then for the further places of each loss."""
    further: list[_Annotation] = []
    for loss in losses(scorecard):
        found = list(places(loss, folder))
        yield _lost(loss, found[0] if found else None)
        further += [_lost(loss, place) for place in found[1:]]
    for group in open_groups(scorecard):
        yield _open(group)
    yield from further


def _lost(loss: Loss, place: Place | None) -> _Annotation:
    check = loss.check
    lines = [line(check.message)]
    if place is not None:
        lines.append(statement(place.evidence))
    else:
        lines += [statement(evidence) for evidence in check.evidence[:1]]
    if check.hint:
        lines.append(f"What to do: {prose(check.hint)}")
    if loss.waiting:
        names = "; ".join(prose(other.title) for other in loss.waiting[:MAX_WAITING])
        if len(loss.waiting) > MAX_WAITING:
            names += f"; and {len(loss.waiting) - MAX_WAITING} more"
        lines.append(f"Blocked by this ({points(loss.winnable - loss.lost)}): {names}")
    worth = points(loss.winnable) if loss.winnable else "Not scored"
    return _Annotation(
        LEVELS[level(check)], f"{worth}: {prose(check.title) or line(check.id)}", lines, place, loss.winnable
    )


def _open(group: OpenGroup) -> _Annotation:
    lines = [open_heading(group), *(f"- {prose(check.title)}" for check in group.checks)]
    if group.remedy:
        lines.append(f"What would help: {prose(group.remedy)}")
    grave = "warning" if group.status is Status.ERROR else "notice"
    title = f"{points(group.points)} open" if group.points else "Open"
    return _Annotation(grave, title, lines, winnable=group.points)


def _rest(left_out: list[_Annotation]) -> _Annotation:
    most = max(annotation.winnable for annotation in left_out)
    text = f"{len(left_out)} more annotations, worth at most {points(most)} each."
    return _Annotation("notice", "Left out here", [text, "The summary of the job and the other reports say it all."])


def _command(annotation: _Annotation) -> str:
    """Return the command on one line; no text in it ends its property, its properties or the line."""
    properties: dict[str, str] = {}
    if annotation.place is not None:
        properties["file"] = line(annotation.place.path)
        if annotation.place.line is not None:
            properties["line"] = str(annotation.place.line)
        if annotation.place.end_line is not None:
            properties["endLine"] = str(annotation.place.end_line)
    properties["title"] = line(annotation.title, MAX_TITLE)
    shown = ",".join(f"{name}={_property(value)}" for name, value in properties.items())
    message = cut("\n".join(text for text in annotation.lines if text), MAX_MESSAGE)
    return f"::{annotation.level} {shown}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _outputs(scorecard: Scorecard, token: str) -> str:
    score = scorecard.score
    values = {
        "score": number(score.earned),
        "possible": number(score.possible),
        "percent": number(score.percent),
        "grade": "" if score.grade is None else line(score.grade),
        "passed": "undecided" if score.passed is None else str(score.passed).lower(),
    }
    return "".join(_output(name, value, token) for name, value in values.items())


def _output(name: str, value: str, token: str) -> str:
    """Return an output between two marks that nobody can foresee, and that the value does not hold."""
    mark = f"infra-grader-{token}"
    while mark in value:
        mark += "-"
    return f"{name}<<{mark}\n{value}\n{mark}\n"
