"""What the live kinds of the family share: what is said of a service that runs, or does not."""

from __future__ import annotations

from infra_grader.capabilities.compose_project import Member
from infra_grader.capabilities.deadline import Deadline
from infra_grader.plugin import Context, Evidence, EvidenceKind
from infra_grader.reading.compose_live import Prepared
from infra_grader.reading.compose_rise import Rise
from infra_grader.reading.compose_state import Look, Rules

SHOWN_LOG = 1500
"""Characters of the end of a log that are shown."""


def point_to(prepared: Prepared, name: str, expected: str, actual: str, member: Member | None = None) -> Evidence:
    """Return evidence that points at a service of the compose file, with the end of what its container printed."""
    service = prepared.compose.services.get(name)
    log = prepared.project.log(member)[-SHOWN_LOG:] if member else ""
    return Evidence(
        path=service.value.file if service else prepared.compose.path,
        line=service.line if service else None,
        expected=expected,
        actual=f"{name}: {actual}",
        text=f"the end of its log:\n{log}" if log else None,
    )


def by_hand(prepared: Prepared, actual: str, text: str | None = None) -> Evidence:
    """Return evidence with the command that shows the same by hand."""
    return Evidence(kind=EvidenceKind.COMMAND, path=prepared.command, actual=actual, text=text)


def start_again(context: Context, prepared: Prepared, seconds: float, rules: Rules) -> dict[str, Look]:
    """Start a project that is down, or what of it has ended, and return what its services are like then."""
    rise = Rise(prepared, rules, context.tell)
    limit = Deadline(min(seconds, context.deadline.remaining()))
    rise.start(limit, context.deadline)
    return rise.settle(list(prepared.model["services"]), limit, context.deadline)
