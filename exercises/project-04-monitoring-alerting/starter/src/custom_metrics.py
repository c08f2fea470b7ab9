"""Drift, performance, confidence and data quality. Fill in the bodies."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Dict, List, Optional


@dataclass
class DriftDetectionResult:
    """What was found about a feature."""

    feature_name: str
    statistic: float
    p_value: float
    is_drift: bool
    test_method: str
    timestamp: datetime


@dataclass
class ModelPerformanceMetrics:
    """How well a model did."""

    accuracy: float
    precision: float
    recall: float
    f1_score: float
    sample_count: int
    timestamp: datetime


class DataDriftDetector:
    """Compares data with a reference."""

    def __init__(self, reference_data: Any, feature_names: List[str], threshold: float = 0.05, method: str = "ks") -> None:
        """Keep the reference.

        Raises:
            ValueError: If the names are not as many as the features.
        """
        # TODO: Implement
        pass  # Remove after implementing

    def detect_drift(self, current_data: Any) -> List[DriftDetectionResult]:
        """Compare each feature by the method: ks, psi, js or chi2."""
        # TODO: Implement
        # from scipy import stats
        # statistic, p_value = stats.ks_2samp(reference, current)
        pass  # Remove after implementing


class ModelPerformanceMonitor:
    """Compares predictions with what was true."""

    def __init__(self, model_name: str, min_samples: int = 100) -> None:
        """Say nothing below so many samples."""
        # TODO: Implement
        pass  # Remove after implementing

    def add_prediction(self, prediction: Any, ground_truth: Any) -> None:
        """Remember a pair."""
        # TODO: Implement
        pass  # Remove after implementing

    def calculate_metrics(self) -> Optional[ModelPerformanceMetrics]:
        """Return the metrics, or None below min_samples."""
        # TODO: Implement
        pass  # Remove after implementing

    def check_degradation(self, baseline_accuracy: float, threshold: float = 0.1) -> bool:
        """Return whether the accuracy fell by more than the threshold."""
        # TODO: Implement
        pass  # Remove after implementing


class ConfidenceAnalyzer:
    """Describes the confidence of the latest predictions."""

    def __init__(self, window_size: int = 1000) -> None:
        """Keep so many."""
        # TODO: Implement
        pass  # Remove after implementing

    def add_confidence(self, confidence: float) -> None:
        """Remember a confidence."""
        # TODO: Implement
        pass  # Remove after implementing

    def get_statistics(self) -> Dict[str, float]:
        """Return mean, median, std, min, max, p25, p50, p75, p95 and count."""
        # TODO: Implement
        pass  # Remove after implementing


class DataQualityMonitor:
    """Holds requests against a schema."""

    def __init__(self, expected_schema: Dict[str, Dict[str, Any]]) -> None:
        """Keep the schema."""
        # TODO: Implement
        pass  # Remove after implementing

    def validate_request(self, features: Dict[str, Any]) -> Dict[str, List[str]]:
        """Return what is missing, of a wrong type, and out of range."""
        # TODO: Implement
        pass  # Remove after implementing
