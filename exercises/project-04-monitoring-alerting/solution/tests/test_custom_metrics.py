"""Tests of drift, accuracy, confidence and data quality."""

import numpy as np
import pytest

from src.custom_metrics import ConfidenceAnalyzer, DataDriftDetector, DataQualityMonitor, ModelPerformanceMonitor

METHODS = ["ks", "psi", "js", "chi2"]


@pytest.fixture
def reference():
    generator = np.random.default_rng(1)
    return np.column_stack([generator.normal(0, 1, 400).round(), generator.normal(5, 2, 400).round()])


@pytest.mark.parametrize("method", METHODS)
def test_the_same_data_do_not_drift(reference, method):
    found = DataDriftDetector(reference, ["a", "b"], method=method).detect_drift(reference)
    assert [result.feature_name for result in found] == ["a", "b"]
    assert [result.is_drift for result in found] == [False, False]


@pytest.mark.parametrize("method", METHODS)
def test_shifted_data_drift_in_the_feature_that_is_shifted(reference, method):
    found = DataDriftDetector(reference, ["a", "b"], method=method).detect_drift(reference + [0, 9])
    assert [result.is_drift for result in found] == [False, True]
    assert {result.test_method for result in found} == {method}


def test_as_many_names_as_features_are_needed(reference):
    with pytest.raises(ValueError, match="3 names for 2 features"):
        DataDriftDetector(reference, ["a", "b", "c"])


def test_data_of_another_shape_are_refused(reference):
    with pytest.raises(ValueError, match="1 features"):
        DataDriftDetector(reference, ["a", "b"]).detect_drift(reference[:, :1])


def test_unknown_method_is_refused(reference):
    with pytest.raises(ValueError, match="no method 'magic'"):
        DataDriftDetector(reference, ["a", "b"], method="magic")


def test_a_constant_feature_does_not_drift():
    constant = np.ones((50, 1))
    assert not DataDriftDetector(constant, ["a"], method="chi2").detect_drift(constant)[0].is_drift


def monitor_with(right, wrong, min_samples=10):
    monitor = ModelPerformanceMonitor("churn", min_samples)
    for _ in range(right):
        monitor.add_prediction("stays", "stays")
    for _ in range(wrong):
        monitor.add_prediction("stays", "leaves")
    return monitor


def test_too_few_samples_say_nothing():
    assert monitor_with(9, 0).calculate_metrics() is None


def test_accuracy_and_the_means_over_classes():
    metrics = monitor_with(8, 2).calculate_metrics()
    assert metrics.accuracy == 0.8
    assert metrics.precision == pytest.approx(0.4)
    assert metrics.recall == pytest.approx(0.5)
    assert metrics.f1_score == pytest.approx(0.444, abs=0.001)
    assert metrics.sample_count == 10


def test_degradation_is_a_drop_of_more_than_a_tenth():
    assert monitor_with(8, 2).check_degradation(0.9)
    assert not monitor_with(9, 1).check_degradation(0.9)
    assert not monitor_with(1, 1).check_degradation(0.9)


def test_confidence_statistics():
    analyzer = ConfidenceAnalyzer(window_size=4)
    assert analyzer.get_statistics() == {}
    for confidence in (0.1, 0.6, 0.7, 0.8, 0.9):
        analyzer.add_confidence(confidence)
    statistics = analyzer.get_statistics()
    assert statistics["count"] == 4
    assert statistics["mean"] == pytest.approx(0.75)
    assert (statistics["min"], statistics["max"]) == (0.6, 0.9)
    assert statistics["p50"] == statistics["median"] == pytest.approx(0.75)


def test_requests_are_held_against_the_schema():
    monitor = DataQualityMonitor({"age": {"type": "int", "min": 0, "max": 130}, "plan": {"type": str}, "charge": {}})
    assert monitor.validate_request({"age": 30, "plan": "basic", "charge": 9.5}) == {
        "missing": [],
        "type_error": [],
        "out_of_range": [],
    }
    problems = monitor.validate_request({"age": 200, "plan": 3})
    assert problems == {"missing": ["charge"], "type_error": ["plan"], "out_of_range": ["age"]}
