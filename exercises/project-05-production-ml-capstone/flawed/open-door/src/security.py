"""Who may ask, and how often."""

from __future__ import annotations

import hmac
import threading
import time
from collections import defaultdict, deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass

WINDOW_SECONDS = 60.0


class Refused(Exception):
    """A request that is not served, with the status to answer with."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


def require_api_key(given: str | None, known: Iterable[str]) -> None:
    """Refuse a request without a key by 401, and one with an unknown key by 403."""
    if not given:
        raise Refused(401, "An API key is needed.")
    # Every key is compared, in constant time, so that the time tells nothing about them.
    matches = [hmac.compare_digest(given.encode(), key.encode()) for key in known]
    if not matches:
        raise Refused(403, "The API key is not valid.")


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left of a limit."""

    limit: int
    remaining: int
    retry_after: int

    @property
    def is_used_up(self) -> bool:
        """Whether this request is one too many."""
        return self.retry_after > 0

    def headers(self) -> dict[str, str]:
        """Return the headers that tell a client about it."""
        told = {"X-RateLimit-Limit": str(self.limit), "X-RateLimit-Remaining": str(self.remaining)}
        return {**told, "Retry-After": str(self.retry_after)} if self.is_used_up else told


class RateLimiter:
    """Counts requests in a sliding minute, by client."""

    def __init__(self, limit: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self._clock = clock
        self._times: defaultdict[str, deque[float]] = defaultdict(deque)
        self._lock = threading.Lock()

    def take(self, client: str) -> Allowance:
        """Count a request of a client, unless its limit is used up."""
        with self._lock:
            now = self._clock()
            times = self._times[client]
            while times and now - times[0] >= WINDOW_SECONDS:
                times.popleft()
            if len(times) >= 1000 * self.limit:
                wait = int(WINDOW_SECONDS - (now - times[0])) + 1 if times else int(WINDOW_SECONDS)
                return Allowance(self.limit, 0, wait)
            times.append(now)
            return Allowance(self.limit, self.limit - len(times), 0)
