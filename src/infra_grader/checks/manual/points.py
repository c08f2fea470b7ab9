"""The manual.points check kind."""

from __future__ import annotations

from infra_grader.checks.manual._subject import find_subject
from infra_grader.plugin import Annotated, Context, Evidence, EvidenceKind, Meta, Outcome, Params, RelativePath, check


class ByPoints(Params):
    """What a person looks at, and what for."""

    look_for: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(min_length=1, description="What earns the points, a sentence each."),
    ]
    paths: Annotated[tuple[RelativePath, ...], Meta(description="Files to show; fails if none is there.")] = ()


@check("manual.points")
def points(context: Context, params: ByPoints) -> Outcome:
    """A person gives any share of the points, by a list of what to look for; fails where there is nothing to judge."""
    subject = find_subject(context, params.paths)
    return Outcome.awaiting(
        "A person gives points for this.",
        *(
            Evidence(kind=EvidenceKind.FIELD, path=f"look for {number}", text=text)
            for number, text in enumerate(params.look_for, 1)
        ),
        *subject,
    )
