"""The git.tags check kind."""

from __future__ import annotations

import re
from fractions import Fraction

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    Outcome,
    Params,
    Regex,
    check,
)
from infra_grader.reading.git_history import open_repository

SEMVER = re.compile(
    r"v?(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
)


class Tags(Params):
    """Which tags are asked for."""

    min: Annotated[int, Meta(ge=1, description="Fewest tags that are as asked for; fewer earn their share.")] = 1
    pattern: Annotated[Regex | None, Meta(description="What a tag's name must match from its start.")] = None
    semver: Annotated[bool, Meta(description="Whether a name must be a semantic version, such as v1.2.0.")] = False
    annotated: Annotated[bool, Meta(description="Whether a tag must have a message of its own.")] = False


@check("git.tags", measure="tags")
def tags(context: Context, params: Tags) -> Outcome:
    """Tags are there, and named as asked for."""
    repository = open_repository(context)
    faults: dict[str, str] = {}
    for ref, object_id in repository.folder.refs.items():
        context.deadline.check()
        if ref.startswith("refs/tags/"):
            name = ref.removeprefix("refs/tags/")
            faults[name] = _fault(name, params) or (
                "a message (`git tag -a`)" if params.annotated and not repository.peel(object_id).message else ""
            )
    if not faults:
        repository.require_whole()
        raise CheckFailed("There is no tag.", Evidence(path=".git", expected="tags", actual="none"))
    good = [name for name, fault in faults.items() if not fault]
    share = min(Fraction(len(good), params.min), Fraction(1))
    return Outcome.partial(
        share,
        f"{len(good)} of {len(faults)} tags are as asked for.",
        Evidence.number(len(good), f"at least {params.min}", "tags"),
        *(
            Evidence(kind=EvidenceKind.FIELD, path=f"tag {name}", expected=fault or None, actual=name)
            for name, fault in sorted(faults.items(), key=lambda item: not item[1])
        ),
        measure=Measure(value=len(good), unit="tags", threshold=params.min),
    )


def _fault(name: str, params: Tags) -> str:
    """Return what a name should be and is not, or nothing."""
    if params.semver and not SEMVER.fullmatch(name):
        return "a semantic version"
    if params.pattern is not None and not re.match(params.pattern, name):
        return f"a name that matches {params.pattern}"
    return ""
