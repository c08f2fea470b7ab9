"""Gradebooks of any size for the tests of the class page, made up as they are gone through."""

from __future__ import annotations

import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from infra_grader.model.gradebook import (
    CheckHead,
    CheckStanding,
    Gradebook,
    GradebookHead,
    GradebookRow,
    PartHead,
    PartStanding,
    PenaltyStanding,
    State,
)
from infra_grader.model.outcome import Status
from infra_grader.model.roster import Learner
from infra_grader.model.scorecard import Score

HOSTILE = "</script><!--<script>alert(1)</script>\u2028\u202e\x1b[31m' \" & <img src=x onerror=alert(1)> {{ 7*7 }}"
DUE = datetime(2026, 10, 1, 12, tzinfo=UTC)


def head(points: str = "100") -> GradebookHead:
    """Return a rubric of two criteria, a bonus and a penalty."""
    return GradebookHead(
        rubric="serving",
        version=2,
        sha256="c0ffee" * 10,
        title="Serving a model",
        points=Decimal(points),
        pass_mark=Decimal(60),
        parts=(
            part("image", "The image", ("builds", 40), ("small", 20)),
            part("words", "Documentation", ("readme", 25), ("talk", 15)),
            part("bonus", "Bonus", ("extra", 5)),
            part("penalties", "Penalties", ("late", 10)),
        ),
    )


def part(name: str, title: str, *checks: tuple[str, int]) -> PartHead:
    """Return a criterion with its checks."""
    heads = tuple(CheckHead(id=check, title=f"The check {check}", points=Decimal(points)) for check, points in checks)
    points = Decimal(0) if name == "penalties" else sum((check.points for check in heads), Decimal(0))
    return PartHead(id=name, title=title, points=points, checks=heads)


def standing(name: str, status: Status, points: int, earned: str, possible: str, message: str = "") -> CheckStanding:
    """Return a check of a learner that took two seconds."""
    return CheckStanding(
        id=name,
        status=status,
        points=Decimal(points),
        earned=Decimal(earned),
        possible=Decimal(possible),
        message=message,
        duration_s=2.0,
    )


def graded(number: int, *checks: CheckStanding, name: str = "", late: int = 0, **more) -> GradebookRow:
    """Return a learner with these checks of the rubric of `head`, each in its part."""
    parts = []
    for criterion in head().parts[:3]:
        own = tuple(check for check in checks if check.id in {known.id for known in criterion.checks})
        if own:
            earned = sum((check.earned for check in own), Decimal(0))
            possible = sum((check.possible for check in own), Decimal(0))
            parts.append(PartStanding(id=criterion.id, earned=earned, possible=possible, checks=own))
    earned = sum((found.earned for found in parts), Decimal(0)) - late
    possible = sum((found.possible for found in parts), Decimal(0)) - late
    submitted = DUE + timedelta(hours=3 if late else -number % 40)
    cost = PenaltyStanding(id="late", title="Handed in late", lost=Decimal(late), message="3 h late: 10 points.")
    return GradebookRow(
        learner=learner(number, name),
        state=State.GRADED,
        at=f"2026-10-02T10:{number % 60:02}:00Z",
        submitted=submitted.isoformat().replace("+00:00", "Z"),
        work=f"{number:040x}",
        score=Score(
            earned=earned,
            possible=possible,
            points=Decimal(100),
            bonus=Decimal(0),
            penalty=Decimal(late),
            percent=earned,
            grade="A" if earned >= 90 else "F" if possible < 60 else None,
            passed=True if earned >= 60 else None if possible >= 60 else False,
            provisional=possible > earned,
        ),
        parts=tuple(parts),
        penalties=(cost,) if late else (),
        **more,
    )


def learner(number: int, name: str = "") -> Learner:
    """Return a learner of the roster."""
    return Learner(
        id=f"id{number:04}", name=name or f"Learner {number}", due=DUE, columns={"group": f"team-{number % 7}"}
    )


def ungraded(number: int, state: State, message: str) -> GradebookRow:
    """Return a learner without a score."""
    at = "" if state is State.WAITING else "2026-10-02T11:00:00Z"
    return GradebookRow(learner=learner(number), state=state, message=message, at=at)


def five() -> list[GradebookRow]:
    """Return one learner of each kind: passed, late and failed, undecided, absent, open."""
    full = [("builds", 40), ("small", 20), ("readme", 25)]
    return [
        graded(
            1,
            *[standing(name, Status.PASSED, points, str(points), str(points)) for name, points in full],
            standing("talk", Status.PARTIAL, 15, "7.5", "7.5", "Heard, and not understood."),
            name="Ada Lovelace",
        ),
        graded(
            2,
            standing("builds", Status.FAILED, 40, "0", "0", "Line 3 of the Dockerfile does not parse."),
            standing("small", Status.BLOCKED, 20, "0", "0", "It waits for the image."),
            standing("readme", Status.PASSED, 25, "25", "25"),
            standing("talk", Status.PASSED, 15, "15", "15"),
            name="Ben Okri",
            late=10,
        ),
        graded(
            3,
            standing("builds", Status.NOT_ASSESSED, 40, "0", "40", "Docker is not available here."),
            standing("small", Status.PASSED, 20, "20", "20"),
            standing("readme", Status.FAILED, 25, "0", "0", "There is no README."),
            standing("talk", Status.AWAITING, 15, "0", "15", "A person listens."),
            name="Cyd Charisse",
        ),
        ungraded(4, State.ABSENT, "There is no branch main."),
        ungraded(5, State.OPEN, "git.example.org did not answer."),
    ]


class Many:
    """Rows of a class of any size; the same each time."""

    def __init__(self, count: int) -> None:
        self.count, self.times_read = count, 0

    def __iter__(self) -> Iterator[GradebookRow]:
        self.times_read += 1
        chance = random.Random(7)
        for number in range(self.count):
            if number % 50 == 49:
                yield ungraded(number, State.ABSENT, "There is no branch main.")
                continue
            checks = []
            for criterion in head().parts[:2]:
                for check in criterion.checks:
                    points, lucky = int(check.points), chance.random()
                    if check.id == "talk" and number % 3 == 0:
                        checks.append(standing("talk", Status.AWAITING, points, "0", str(points), "A person listens."))
                    elif lucky < 0.7:
                        checks.append(standing(check.id, Status.PASSED, points, str(points), str(points)))
                    else:
                        message = f"Line {number} is wrong."
                        checks.append(standing(check.id, Status.FAILED, points, "0", "0", message))
            yield graded(number, *checks, late=10 if number % 20 == 7 else 0)


def gradebook(rows, points: str = "100") -> Gradebook:
    """Return a gradebook with the roster's column `group`."""
    return Gradebook(head=head(points), columns=("group",), rows=rows)
