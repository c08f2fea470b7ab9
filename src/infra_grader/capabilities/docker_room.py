"""Room on the disk that a Docker daemon of this machine writes to: a build may ask for more than there is."""

from __future__ import annotations

import shutil
import time

from infra_grader.capabilities.docker import FREE, data_folder
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.model.outcome import NotAssessed

LEAST_BYTES = 1_000_000_000
"""What must stay free: a full disk harms everybody on the machine."""
LOOK_S = 0.5


class Room:
    """Watches the daemon's disk, where that is one of this machine."""

    def __init__(self, docker: LiveDocker) -> None:
        self._folder = data_folder(docker.api)
        self._looked = 0.0

    def check(self) -> None:
        """Raise `NotAssessed` where the disk is as good as full."""
        now = time.monotonic()
        if not self._folder or now - self._looked < LOOK_S:
            return
        self._looked = now
        if shutil.disk_usage(self._folder).free < LEAST_BYTES:
            raise NotAssessed(
                "There is no space left for the build on the disk of Docker.",
                FREE,
            )
