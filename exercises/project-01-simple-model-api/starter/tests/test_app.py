"""Tests of the endpoints. Every body is empty: fill them in."""

import pytest

# from src.app import app


@pytest.fixture
def client():
    """Return a client of the service."""
    # TODO: Implement this fixture
    pass


class TestHealth:
    """Tests of GET /health."""

    def test_health_answers_200(self, client):
        """A loaded model is healthy."""
        # TODO: Implement this test
        # response = client.get("/health")
        # assert response.status_code == 200
        pass

    def test_health_without_model_answers_503(self, client):
        """A missing model is not."""
        # TODO: Implement this test
        pass


class TestPredict:
    """Tests of POST /predict."""

    def test_predict_names_classes(self, client):
        """An image is classified."""
        # TODO: Implement this test
        pass

    def test_predict_without_file_answers_400(self, client):
        """A request without a file is refused."""
        # TODO: Implement this test
        pass

    def test_predict_with_text_answers_400(self, client):
        """A file that is no image is refused."""
        # TODO: Implement this test
        pass

    def test_predict_with_large_file_answers_413(self, client):
        """A file that is too large is refused."""
        # TODO: Implement this test
        pass


class TestInfo:
    """Tests of GET /info."""

    def test_info_describes_the_model(self, client):
        """Model, API and limits are there."""
        # TODO: Implement this test
        pass


@pytest.mark.performance
def test_health_is_fast(client):
    """The health check takes less than 100 ms."""
    # TODO: Implement this test
    pass
