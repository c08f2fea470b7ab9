"""What a machine has that gradings may need: the survey that executors make of theirs."""

from __future__ import annotations

import importlib.util
import os
from contextlib import closing

from infra_grader.capabilities import docker
from infra_grader.capabilities.kubernetes_context import kubeconfig
from infra_grader.engine.registry import AUTO_SANDBOXES, Registry
from infra_grader.plugin import NotAssessed


def find_offers() -> frozenset[str]:
    """Return the sandboxes and live capabilities that can be used here, such as `sandbox docker` and `live docker`."""
    registry = Registry()
    sandboxes = {f"sandbox {name}" for name in AUTO_SANDBOXES if not registry.find_sandbox(name).find_problem()}
    live = {name for name, is_there in (("docker", _has_docker()), ("kubernetes", _has_kubeconfig())) if is_there}
    return frozenset(sandboxes | {f"live {name}" for name in live})


def _has_kubeconfig() -> bool:
    """Whether a cluster may be asked here; which one, and whether it answers, is seen when it is."""
    is_installed = importlib.util.find_spec("kubernetes") is not None
    return is_installed and any(os.path.isfile(file) for file in kubeconfig().split(os.pathsep) if file)


def _has_docker() -> bool:
    try:
        with closing(docker.connect()) as api, docker.answering():
            api.ping()
    except NotAssessed:
        return False
    return True
