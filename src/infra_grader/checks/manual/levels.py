"""The manual.levels check kind."""

from __future__ import annotations

from msgspec import field

from infra_grader.checks.manual._subject import find_subject
from infra_grader.plugin import Annotated, Context, Evidence, EvidenceKind, Meta, Outcome, Params, RelativePath, check

Meaning = Annotated[str, Meta(min_length=1, description="What work on this level looks like.")]


class Levels(Params):
    """What each level means; level n earns n/5."""

    five: Meaning = field(name="5")
    four: Meaning = field(name="4")
    three: Meaning = field(name="3")
    two: Meaning = field(name="2")
    one: Meaning = field(name="1")


class ByLevels(Params):
    """What a person looks at, and how they judge it."""

    levels: Annotated[Levels, Meta(description="What each level means, 5 (all) to 1 (little); level n earns n/5.")]
    paths: Annotated[tuple[RelativePath, ...], Meta(description="Files to show; fails if none is there.")] = ()


@check("manual.levels")
def levels(context: Context, params: ByLevels) -> Outcome:
    """A person judges the work by five levels, each of them described; fails where there is nothing to judge."""
    subject = find_subject(context, params.paths)
    meanings = params.levels
    described = zip("54321", (meanings.five, meanings.four, meanings.three, meanings.two, meanings.one), strict=True)
    return Outcome.awaiting(
        "A person judges this by five levels.",
        *(Evidence(kind=EvidenceKind.FIELD, path=f"level {level}", text=meaning) for level, meaning in described),
        *subject,
    )
