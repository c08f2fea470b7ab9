"""The rubric format, version 1, as msgspec models: they accept a file, and the JSON Schema is made from them.

The docstrings and descriptions are what an editor shows to the author of a rubric.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta, Struct

from infra_grader.model.rubric import LateBase, Unassessed, Visibility
from infra_grader.plugin import RelativePath
from infra_grader.reading.late_policy import PERCENT, SPAN

FORMAT = "infra-grader/rubric/v1"
MOST_POINTS = 1_000_000
ID = r"^[A-Za-z0-9][A-Za-z0-9_.-]*(?!\n)$"
"""Also the name of a file; in Python, `$` alone would accept a line end after it."""
AWARD_ROW = r"^\s*(<=|>=|==|<|>)\s*([-+]?[0-9]{1,18}(?:\.[0-9]{1,18})?)\s*$"
"""An operator and a number."""

Id = Annotated[str, Meta(pattern=ID, max_length=100)]
Text = Annotated[str, Meta(pattern=r"\S", max_length=10_000)]
Points = Annotated[float, Meta(ge=0, le=MOST_POINTS)]
Weight = Annotated[
    float, Meta(ge=0, le=MOST_POINTS, description="Its part of the points, beside the other weights; 0 is only shown.")
]
Condition = Annotated[str, Meta(pattern=AWARD_ROW, description='An operator and a number, such as "<= 5".')]
Share = Annotated[float, Meta(ge=0, le=1, description="The fraction of the points that is then earned, 0 to 1.")]
Percent = Annotated[str, Meta(pattern=PERCENT)]
Span = Annotated[str, Meta(pattern=SPAN)]
Seconds = Annotated[float, Meta(gt=0, le=86_400)]


class _Closed(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Keys that are not known are faults."""


class _Asked(_Closed, frozen=True, kw_only=True):
    """What every check may say, wherever it stands."""

    id: Annotated[Id, Meta(description="Name of the check, once in the rubric: letters, digits, . _ and -")]
    uses: Annotated[str, Meta(min_length=1, description="The check kind, such as file.exists.")]
    title: Annotated[Text, Meta(description="What the check asks, as reports show it; the id if it is left out.")] = ""
    with_: Annotated[dict[str, Any], Meta(description="Parameters of the check kind.")] = msgspec.field(
        name="with", default_factory=dict
    )
    award: (
        Annotated[
            dict[Condition, Share],
            Meta(min_length=1, description="Measure to fraction; the first row that holds wins, none earns 0."),
        ]
        | None
    ) = None
    hint: Annotated[str, Meta(description="What the learner can do next, if points are lost.")] = ""
    needs: Annotated[list[Id], Meta(description="Checks that must have passed, at least in part, to ask this.")] = []
    tags: Annotated[list[Text], Meta(description="Words by which --only chooses checks.")] = []
    timeout: Annotated[Seconds, Meta(description="Seconds it may take; longer fails.")] | None = None
    visibility: Annotated[Visibility, Meta(description="Who sees it and when, in Gradescope's words.")] = (
        Visibility.VISIBLE
    )
    allow_starter: Annotated[bool, Meta(description="Whether unchanged files of the starter count as work.")] = False


class CheckForm(_Asked, frozen=True, kw_only=True):
    """One question asked of a submission: a check kind with parameters."""

    weight: Weight = 1.0


class PenaltyForm(_Asked, frozen=True, kw_only=True):
    """A check that costs points where it is lost."""

    points: Annotated[float, Meta(gt=0, le=MOST_POINTS, description="What it costs at most.")]


Checks = Annotated[list[CheckForm], Meta(min_length=1, description="The checks that share the points by weight.")]


class CriterionForm(_Closed, frozen=True, kw_only=True):
    """A row of the rubric; its checks share its points by weight."""

    id: Annotated[Id, Meta(description="Name of the criterion, once in the rubric: letters, digits, . _ and -")]
    title: Annotated[Text, Meta(description="The row's title in reports.")]
    points: Annotated[Points, Meta(description="Points of this row; all rows add up to the rubric's points.")]
    checks: Checks
    required: Annotated[
        bool, Meta(description="Whether a submission passes only if every weighted check of this row passed.")
    ] = False
    done: Annotated[str, Meta(max_length=1000, description="The row's tick line in `validate`.")] = ""


class BonusForm(_Closed, frozen=True, kw_only=True):
    """Points on top of the rubric's own."""

    max_points: Annotated[float, Meta(gt=0, le=MOST_POINTS, description="What all bonus checks earn together.")]
    checks: Checks


class SubmissionForm(_Closed, frozen=True, kw_only=True):
    """What a submission looks like."""

    roots: Annotated[
        list[RelativePath],
        Meta(min_length=1, description="Folders that may hold the work; the one that holds most of it is taken."),
    ] = msgspec.field(default_factory=lambda: ["."])


class StarterForm(_Closed, frozen=True, kw_only=True):
    """What is known of the files that the course hands out."""

    ceiling: Annotated[Points, Meta(description="Points that the untouched starter may earn at most.")] | None = None


class LateForm(_Closed, frozen=True, kw_only=True):
    """What it costs to hand in late; `per_day` or `per_hour` is needed."""

    per_day: Annotated[Percent, Meta(description="For each day begun since the deadline, such as 10%.")] | None = None
    per_hour: Annotated[Percent, Meta(description="For each hour begun since the deadline, such as 1%.")] | None = None
    grace: Annotated[Span, Meta(description="How late costs nothing yet, such as 1h or 1h30m.")] = "0s"
    cap: Annotated[Percent, Meta(description="What it costs at most, such as 50%.")] = "100%"
    of: Annotated[LateBase, Meta(description="Whether it is part of the points earned, or of the rubric's points.")] = (
        LateBase.EARNED
    )


class RubricForm(_Closed, frozen=True, kw_only=True):
    """A rubric of infra-grader: criteria, their checks, points, pass mark and grades."""

    schema: Annotated[Literal["infra-grader/rubric/v1"], Meta(description="The format of this file.")]
    id: Annotated[Id, Meta(description="Name of the rubric, and of its file: letters, digits, . _ and -")]
    title: Annotated[Text, Meta(description="The rubric's title in reports.")]
    points: Annotated[float, Meta(gt=0, le=MOST_POINTS, description="What the criteria add up to.")]
    pass_mark: Annotated[Points, Meta(description="Points needed to pass.")]
    criteria: Annotated[list[CriterionForm], Meta(min_length=1, description="The rows of the rubric.")]
    version: Annotated[int, Meta(ge=1, le=2**31, description="The author's own count of versions.")] = 1
    track: Annotated[str, Meta(max_length=100, description="The track of the course.")] = ""
    unassessed: Annotated[
        Unassessed, Meta(description="Whether checks that nobody could assess stay open or count zero.")
    ] = Unassessed.OPEN
    complete: Annotated[str, Meta(max_length=1000, description="Last line of `validate` when all is done.")] = ""
    submission: SubmissionForm = SubmissionForm()
    starter: StarterForm = StarterForm()
    bonus: BonusForm | None = None
    penalties: Annotated[list[PenaltyForm], Meta(description="Checks that cost points where they are lost.")] = []
    grades: Annotated[
        dict[Text, Annotated[float, Meta(ge=0, le=100)]],
        Meta(description="Letters and the percent of the points from which they are given, best first."),
    ] = {}
    late: LateForm | None = None
    plugins: Annotated[list[Text], Meta(description="Outside plugins that may observe or adjust a scorecard.")] = []
