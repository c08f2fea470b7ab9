"""Tests of the metrics. Every body is empty: fill them in."""

import pytest

# from src.instrumentation import MetricsMiddleware, registry


class TestMetrics:
    """Tests of the middleware."""

    def test_requests_are_counted(self):
        """A request is counted."""
        # TODO: Implement this test
        # before = registry.get_sample_value("http_requests_total", {...})
        # assert after == before + 1
        pass

    def test_predictions_are_counted(self):
        """A prediction is counted."""
        # TODO: Implement this test
        pass


class TestDrift:
    """Tests of the drift detector."""

    def test_no_drift_for_the_same_data(self):
        """The same data do not drift."""
        # TODO: Implement this test
        pass

    def test_drift_for_shifted_data(self):
        """Shifted data drift."""
        # TODO: Implement this test
        pass


class TestAlerts:
    """Tests of the rules."""

    def test_rules_are_valid(self):
        """promtool accepts the rules."""
        # TODO: Implement this test
        pass
