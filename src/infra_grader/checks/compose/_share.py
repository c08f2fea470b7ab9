"""An outcome for kinds that measure how many of the services have something."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated

from infra_grader.checks.compose._files import MOST_SHOWN, ComposeParams, find_compose, is_called
from infra_grader.plugin import CheckFailed, Context, Evidence, Measure, Meta, Outcome
from infra_grader.reading.compose_service import Service


class ShareParams(ComposeParams):
    """Which services are looked at, and how many of them must have it."""

    services: Annotated[
        tuple[str, ...], Meta(description="Globs of images or names of the services that are looked at; all if none.")
    ] = ()
    leave_out: Annotated[
        tuple[str, ...], Meta(description="Globs of images or names of services that are left out.")
    ] = ()
    min_percent: Annotated[float, Meta(ge=0, le=100, description="Least share of them that must have it.")] = 100


def judge_share(
    context: Context, params: ShareParams, what: str, look: Callable[[Service], tuple[bool, Evidence]]
) -> Outcome:
    """Return the outcome of looking at each service; `what` is what it should have."""
    compose = find_compose(context, params)
    looked = [
        look(item)
        for item in compose.active.values()
        if (not params.services or is_called(item, params.services)) and not is_called(item, params.leave_out)
    ]
    if not looked:
        raise CheckFailed(
            f"{compose.path} starts none of the services that are asked about.",
            Evidence(path=compose.path, expected=" or ".join(params.services), actual=", ".join(compose.active)),
        )
    lacking = [evidence for holds, evidence in looked if not holds]
    done = len(looked) - len(lacking)
    percent = 100 * done / len(looked)
    return Outcome.passed_if(
        percent >= params.min_percent,
        f"{done} of {len(looked)} services in {compose.path} have {what}.",
        *[*lacking, *(evidence for holds, evidence in looked if holds)][:MOST_SHOWN],
        measure=Measure(value=percent, unit="%", threshold=params.min_percent),
    )
