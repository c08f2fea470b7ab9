"""An image that a check has built in Docker from a submission."""

from __future__ import annotations

from infra_grader.model.record import Record


class BuiltImage(Record):
    """An image of this run, there until the end of the submission."""

    id: str
    """What Docker calls it: `sha256:...`."""
    name: str
    """A tag of ours, which no learner chose."""
    log: str
    """The end of what the build printed."""
    seconds: float
    """How long the build took."""
    dockerfile: str
    """Path of the Dockerfile in the submission."""
    target: str = ""
    """The stage that it is, or nothing for the last one."""
    command: str = ""
    """What builds it by hand, in the root of the submission."""
