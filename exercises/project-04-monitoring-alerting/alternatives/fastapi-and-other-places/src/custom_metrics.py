"""Drift and quality, on tables of pandas."""

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime

import numpy as np
import pandas as pd
from scipy.spatial.distance import jensenshannon
from scipy.stats import chi2_contingency, ks_2samp


@dataclass
class DriftDetectionResult:
    """Result for a feature."""

    feature_name: str
    statistic: float
    p_value: float
    is_drift: bool
    test_method: str
    timestamp: datetime = field(default_factory=datetime.now)


@dataclass
class ModelPerformanceMetrics:
    """Result for a model."""

    accuracy: float
    precision: float
    recall: float
    f1_score: float
    sample_count: int
    timestamp: datetime = field(default_factory=datetime.now)


class DataDriftDetector:
    """Finds drift in a table."""

    def __init__(self, reference_data: pd.DataFrame, feature_names, threshold=0.05):
        """Keep the table."""
        if len(feature_names) != reference_data.shape[1]:
            raise ValueError("feature_names must match the columns")
        self.reference = reference_data.to_numpy() if isinstance(reference_data, pd.DataFrame) else reference_data
        self.names = feature_names
        self.threshold = threshold

    def detect(self, data, method="ks"):
        """Return a dictionary of results."""
        values = data.to_numpy() if isinstance(data, pd.DataFrame) else np.asarray(data)
        results = {}
        for index, name in enumerate(self.names):
            before, after = self.reference[:, index], values[:, index]
            statistic, p_value, drift = getattr(self, f"_{method}")(before, after)
            results[name] = DriftDetectionResult(name, statistic, p_value, drift, method)
        return results

    def _ks(self, before, after):
        result = ks_2samp(before, after)
        return result.statistic, result.pvalue, result.pvalue < self.threshold

    def _psi(self, before, after):
        p, q = self._histograms(before, after)
        value = np.sum((q - p) * np.log(q / p))
        return value, 0.0, value > 0.25

    def _js(self, before, after):
        p, q = self._histograms(before, after)
        value = jensenshannon(p, q)
        return value, 0.0, value > 0.5

    def _chi2(self, before, after):
        table = pd.crosstab(np.r_[before, after], np.r_[np.zeros(len(before)), np.ones(len(after))])
        statistic, p_value, *_ = chi2_contingency(table)
        return statistic, p_value, p_value < self.threshold

    @staticmethod
    def _histograms(before, after):
        edges = np.histogram_bin_edges(np.r_[before, after], bins=10)
        return [np.clip(np.histogram(data, edges)[0] / len(data), 1e-6, None) for data in (before, after)]


class ModelPerformanceMonitor:
    """Compares predictions with labels."""

    def __init__(self, model_name, min_samples=100):
        """Wait for samples."""
        self.model_name, self.min_samples, self.rows = model_name, min_samples, []

    def record_prediction(self, prediction, label):
        """Remember."""
        self.rows.append((prediction, label))

    def calculate_metrics(self):
        """Return the metrics of the positive class."""
        if len(self.rows) < self.min_samples:
            return None
        table = pd.DataFrame(self.rows, columns=["predicted", "actual"])
        positive = table.actual.max()
        hits = ((table.predicted == positive) & (table.actual == positive)).sum()
        precision = hits / max((table.predicted == positive).sum(), 1)
        recall = hits / max((table.actual == positive).sum(), 1)
        f1 = 2 * precision * recall / max(precision + recall, 1e-9)
        return ModelPerformanceMetrics((table.predicted == table.actual).mean(), precision, recall, f1, len(table))

    def check_degradation(self, baseline, threshold=0.1):
        """Return whether it fell, and by how much."""
        metrics = self.calculate_metrics()
        if metrics is None:
            return False, 0.0
        drop = baseline - metrics.accuracy
        return drop > threshold, drop


class ConfidenceAnalyzer:
    """Describes confidences."""

    def __init__(self, window_size=1000):
        """Keep the latest."""
        self.window = deque(maxlen=window_size)

    def record(self, confidence):
        """Remember."""
        self.window.append(confidence)

    def get_statistics(self):
        """Describe them."""
        if not self.window:
            return {}
        series = pd.Series(self.window)
        found = {name: getattr(series, name)() for name in ("mean", "median", "std", "min", "max", "count")}
        return found | {f"p{q}": series.quantile(q / 100) for q in (25, 50, 75, 95)}


class DataQualityMonitor:
    """Holds requests against a schema."""

    def __init__(self, expected_schema):
        """Keep the schema."""
        self.schema = expected_schema

    def validate_request(self, request):
        """Return (feature, problem) pairs."""
        problems = []
        for name, rule in self.schema.items():
            if name not in request:
                problems.append((name, "missing"))
            elif not isinstance(request[name], (int, float)):
                problems.append((name, "type_error"))
            elif not rule["min"] <= request[name] <= rule["max"]:
                problems.append((name, "out_of_range"))
        return problems
