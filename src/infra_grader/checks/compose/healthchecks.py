"""The compose.healthchecks check kind."""

from __future__ import annotations

from infra_grader.checks.compose._files import health_problem, point_at
from infra_grader.checks.compose._share import ShareParams, judge_share
from infra_grader.plugin import Context, Evidence, Outcome, check
from infra_grader.reading.compose_service import Service


class Healthchecks(ShareParams):
    """Which services must have a health check."""


@check("compose.healthchecks", measure="%")
def healthchecks(context: Context, params: Healthchecks) -> Outcome:
    """The services have health checks that ask them something, in the compose file or in their own Dockerfile.

    Such as always end well (`exit 0`, `|| true`) or only echo do not count.
    """

    def look(service: Service) -> tuple[bool, Evidence]:
        problem, value = health_problem(context, service)
        actual = f"{service.name}: {problem or 'it asks'}"
        return not problem, point_at(value, "a health check that asks the service something", actual)

    return judge_share(context, params, "a health check that asks them something", look)
