"""The compose.limits check kind."""

from __future__ import annotations

from typing import Literal

from infra_grader.checks.compose._files import point_at
from infra_grader.checks.compose._share import ShareParams, judge_share
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.compose_service import Service


class Limits(ShareParams):
    """Which services must have limits, and of what."""

    resources: Annotated[
        tuple[Literal["memory", "cpus", "pids"], ...],
        Meta(min_length=1, description="Resources of which each service must have a limit."),
    ] = ("memory",)


@check("compose.limits", measure="%")
def limits(context: Context, params: Limits) -> Outcome:
    """The services have limits of memory or processors, under `deploy` or by the older keys."""

    def look(service: Service) -> tuple[bool, Evidence]:
        found = {name: service.limit(name) for name in params.resources}
        lacking = [name for name, value in found.items() if service.text(value) in ("", "0", "-1")]
        place = next((value for value in found.values() if value is not None), service.value)
        actual = f"{service.name}: no limit of {' and '.join(lacking)}" if lacking else f"{service.name}: limited"
        return not lacking, point_at(place, f"limits of {' and '.join(params.resources)}", actual)

    return judge_share(context, params, f"a limit of {' and '.join(params.resources)}", look)
