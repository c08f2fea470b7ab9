"""What a machine has that gradings may need: the survey that executors make of theirs."""

from __future__ import annotations

from contextlib import closing

from infra_grader.capabilities import docker
from infra_grader.engine.registry import AUTO_SANDBOXES, Registry
from infra_grader.plugin import NotAssessed


def find_offers() -> frozenset[str]:
    """Return the sandboxes and live capabilities that can be used here, such as `sandbox docker` and `live docker`."""
    registry = Registry()
    sandboxes = {f"sandbox {name}" for name in AUTO_SANDBOXES if not registry.find_sandbox(name).find_problem()}
    return frozenset(sandboxes | ({"live docker"} if _has_docker() else set()))


def _has_docker() -> bool:
    try:
        with closing(docker.connect()) as api, docker.answering():
            api.ping()
    except NotAssessed:
        return False
    return True
