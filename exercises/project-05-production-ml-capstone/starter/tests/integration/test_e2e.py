"""End-to-end tests against API_URL."""

import os

API_URL = os.getenv("API_URL", "http://localhost:5000")
API_KEY = os.getenv("API_KEY", "test-key")


class TestHealth:
    """The health endpoint."""

    def test_health_returns_200(self):
        """It answers with 200."""
        # TODO: Implement
        # response = requests.get(f"{API_URL}/health")
        # assert response.status_code == 200
        pass

    def test_health_names_the_model(self):
        """It names the model."""
        # TODO: Implement
        pass


class TestPredict:
    """The prediction endpoint."""

    def test_prediction(self):
        """It classifies an image."""
        # TODO: Implement
        pass

    def test_needs_a_key(self):
        """It refuses a request without a key."""
        # TODO: Implement
        pass
