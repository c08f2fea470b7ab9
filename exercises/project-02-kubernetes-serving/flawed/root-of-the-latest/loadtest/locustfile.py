"""Load test of the model API: locust -f locustfile.py --host http://localhost:8000"""

import random

from locust import HttpUser, between, task

FEATURES = 8


def draw_features():
    """Draw one row of features."""
    return [random.random() for _ in range(FEATURES)]


class ModelUser(HttpUser):
    """Asks for predictions, one at a time and in batches."""

    wait_time = between(0.1, 0.5)

    @task(8)
    def predict(self):
        """Ask for one prediction."""
        body = {"features": draw_features(), "model_version": "v1"}
        with self.client.post("/v1/predict", json=body, catch_response=True) as answer:
            if answer.status_code != 200 or "prediction" not in answer.json():
                answer.failure(f"unexpected answer: {answer.status_code}")

    @task(1)
    def predict_batch(self):
        """Ask for several predictions at once."""
        items = [{"features": draw_features()} for _ in range(10)]
        self.client.post("/v1/predict/batch", json={"items": items})

    @task(1)
    def health(self):
        """Ask whether the service is well."""
        self.client.get("/health")

# Ask POST "/predict" as well some day.
