"""Whether the process is alive and ready, as the probes ask it."""

from __future__ import annotations

import threading
import time


class ApplicationState:
    """What the probes report. One thread loads and stops, others ask.

    Attributes:
        is_ready: Whether requests should be sent here.
        is_alive: Whether the process need not be started anew.
        model_loaded: Whether predictions can be made.
        shutdown_event: Set once the process is to end.
    """

    def __init__(self) -> None:
        """Begin alive and not ready."""
        self.is_ready = False
        self.is_alive = True
        self.model_loaded = False
        self.shutdown_event = threading.Event()
        self._started = time.monotonic()

    @property
    def uptime_seconds(self) -> float:
        """Seconds since the start."""
        return round(time.monotonic() - self._started, 3)

    def mark_ready(self) -> None:
        """The model is loaded: take requests, unless the end has begun."""
        self.model_loaded = True
        self.is_ready = not self.shutdown_event.is_set()

    def mark_not_ready(self) -> None:
        """Take no further requests; the Service stops sending them."""
        self.is_ready = False

    def mark_shutdown(self) -> None:
        """Begin the end: not ready first, so that the endpoints empty."""
        self.mark_not_ready()
        self.shutdown_event.set()

    def mark_failed(self) -> None:
        """The model cannot be loaded: only a new start can help."""
        self.is_alive = False
        self.mark_shutdown()
