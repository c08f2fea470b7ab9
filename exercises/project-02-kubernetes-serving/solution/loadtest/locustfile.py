r"""Load test of the service.

    locust -f loadtest/locustfile.py --headless -u 5 -r 1 -t 1m \
        --host http://localhost:5000 --csv loadtest/results/smoke
"""

from __future__ import annotations

import random
from typing import Any

from locust import HttpUser, between, task

SIDE = 8


def draw_picture() -> list[list[float]]:
    """Draw a small grey picture, so that no answer can be cached."""
    return [[random.random() for _ in range(SIDE)] for _ in range(SIDE)]


class Client(HttpUser):
    """Sends pictures, mostly one at a time, and looks at the health now and then."""

    wait_time = between(0.3, 1.0)

    @task(8)
    def predict(self) -> None:
        """Send one picture."""
        self._send("/predict (1)", 1)

    @task(1)
    def predict_batch(self) -> None:
        """Send four pictures."""
        self._send("/predict (4)", 4)

    @task(1)
    def health(self) -> None:
        """Ask as the probes do."""
        self.client.get("/health")

    def _send(self, name: str, count: int) -> None:
        """Send pictures, and fail unless each gets its prediction."""
        body = {"instances": [draw_picture() for _ in range(count)]}
        with self.client.post(
            "/predict", json=body, name=name, catch_response=True
        ) as answer:
            self._judge(answer, count)

    @staticmethod
    def _judge(answer: Any, count: int) -> None:
        if answer.status_code != 200:
            answer.failure(f"status {answer.status_code}")
        elif len(answer.json()["predictions"]) != count:
            answer.failure("a picture got no prediction")
