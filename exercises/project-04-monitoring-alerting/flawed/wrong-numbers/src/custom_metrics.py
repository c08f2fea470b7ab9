"""What Prometheus cannot see by itself: drift, accuracy, confidence, and the quality of requests."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

BINS = 10
PSI_LIMIT = 250
JS_LIMIT = 0.5
TINY = 1e-6
"""Takes the place of an empty bin, whose logarithm does not exist."""

Sample = NDArray[np.float64]


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True)
class DriftDetectionResult:
    """Whether a feature has drifted, and how that was found."""

    feature_name: str
    statistic: float
    p_value: float | None
    is_drift: bool
    test_method: str
    timestamp: datetime = field(default_factory=_now)


@dataclass(frozen=True)
class ModelPerformanceMetrics:
    """How well a model did on the latest samples."""

    accuracy: float
    precision: float
    recall: float
    f1_score: float
    sample_count: int
    timestamp: datetime = field(default_factory=_now)


class DataDriftDetector:
    """Compares samples with the data that the model was trained on, feature by feature."""

    def __init__(
        self, reference_data: ArrayLike, feature_names: Sequence[str], threshold: float = 0.05, method: str = "ks"
    ) -> None:
        """Keep the reference: rows of samples, columns of features.

        Raises ValueError if the names are not as many as the columns, or the method is none of ks, psi, js and chi2.
        """
        self.reference_data = np.atleast_2d(np.asarray(reference_data, dtype=float))
        self.feature_names = list(feature_names)
        self.threshold = threshold
        columns = self.reference_data.shape[1]
        if columns != len(self.feature_names):
            raise ValueError(f"{len(self.feature_names)} names for {columns} features")
        methods: dict[str, Callable[[Sample, Sample], tuple[float, float | None, bool]]] = {
            "ks": self._ks,
            "psi": self._psi,
            "js": self._js,
            "chi2": self._chi2,
        }
        if method not in methods:
            raise ValueError(f"no method {method!r}, but {', '.join(methods)}")
        self.method = method
        self._compare = methods[method]

    def detect_drift(self, current_data: ArrayLike) -> list[DriftDetectionResult]:
        """Return what is found for each feature, in their order. Raises ValueError for another number of features."""
        current = np.atleast_2d(np.asarray(current_data, dtype=float))
        if current.shape[1] != len(self.feature_names):
            raise ValueError(f"{current.shape[1]} features, where the reference has {len(self.feature_names)}")
        found = []
        for column, name in enumerate(self.feature_names):
            statistic, p_value, is_drift = self._compare(self.reference_data[:, column], current[:, column])
            found.append(
                DriftDetectionResult(
                    feature_name=name,
                    statistic=float(statistic),
                    p_value=None if p_value is None else float(p_value),
                    is_drift=bool(is_drift),
                    test_method=self.method,
                )
            )
        return found

    def _ks(self, reference: Sample, current: Sample) -> tuple[float, float | None, bool]:
        # The p-value for many samples, as scipy.stats gives it; that module takes seconds to import.
        points = np.concatenate([reference, current])
        shares = [np.searchsorted(np.sort(sample), points, side="right") / len(sample) for sample in (reference, current)]
        statistic = float(np.max(np.abs(shares[0] - shares[1])))
        size = len(reference) * len(current) / (len(reference) + len(current))
        p_value = float(special.kolmogorov(np.sqrt(size) * statistic))
        return statistic, p_value, p_value < self.threshold

    def _psi(self, reference: Sample, current: Sample) -> tuple[float, float | None, bool]:
        before, after = self._shares(reference, current)
        score = float(np.sum((after - before) * np.log(after / before)))
        return score, None, score > PSI_LIMIT

    def _js(self, reference: Sample, current: Sample) -> tuple[float, float | None, bool]:
        before, after = self._shares(reference, current)
        middle = (before + after) / 2
        divergence = np.sum(special.rel_entr(before, middle) + special.rel_entr(after, middle)) / 2 / np.log(2)
        score = float(np.sqrt(max(divergence, 0)))
        return score, None, score > JS_LIMIT

    def _chi2(self, reference: Sample, current: Sample) -> tuple[float, float | None, bool]:
        values = np.union1d(reference, current)
        if len(values) == 1:
            return 0.0, 1.0, False
        table = np.array([[np.sum(sample == value) for value in values] for sample in (reference, current)])
        expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / table.sum()
        statistic = float(np.sum((table - expected) ** 2 / expected))
        p_value = float(special.chdtrc(len(values) - 1, statistic))
        return statistic, p_value, p_value < self.threshold

    @staticmethod
    def _shares(reference: Sample, current: Sample) -> tuple[Sample, Sample]:
        """Return the share of each sample in bins that hold equal parts of the reference."""
        edges = np.unique(np.quantile(reference, np.linspace(0, 1, BINS + 1)))[1:-1]
        shares = []
        for sample in (reference, current):
            counts = np.bincount(np.searchsorted(edges, sample, side="right"), minlength=len(edges) + 1)
            shares.append(np.maximum(counts / len(sample), TINY))
        return shares[0], shares[1]


class ModelPerformanceMonitor:
    """Compares predictions with what turned out to be true."""

    def __init__(self, model_name: str, min_samples: int = 100) -> None:
        """Say nothing before there are as many samples as this."""
        self.model_name = model_name
        self.min_samples = min_samples
        self._pairs: deque[tuple[str, str]] = deque(maxlen=10_000)

    def add_prediction(self, predicted: str, actual: str) -> None:
        """Remember what was predicted, and what was true."""
        self._pairs.append((predicted, actual))

    def calculate_metrics(self) -> ModelPerformanceMetrics | None:
        """Return how well the model did, every class counting the same; None while there are too few samples."""
        if len(self._pairs) < self.min_samples or not self._pairs:
            return None
        predicted, actual = (np.array(side) for side in zip(*self._pairs, strict=True))
        precisions, recalls, scores = [], [], []
        for name in np.union1d(predicted, actual):
            hits = float(np.sum((predicted == name) & (actual == name)))
            precision = hits / max(float(np.sum(predicted == name)), 1)
            recall = hits / max(float(np.sum(actual == name)), 1)
            precisions.append(precision)
            recalls.append(recall)
            scores.append(2 * precision * recall / (precision + recall) if precision + recall else 0.0)
        return ModelPerformanceMetrics(
            accuracy=float(np.mean(predicted == actual)),
            precision=float(np.mean(precisions)),
            recall=float(np.mean(recalls)),
            f1_score=float(np.mean(scores)),
            sample_count=len(self._pairs),
        )

    def check_degradation(self, baseline_accuracy: float, threshold: float = 0.1) -> bool:
        """Return whether the accuracy is further below the baseline than the threshold, a share of the baseline."""
        metrics = self.calculate_metrics()
        return metrics is not None and metrics.accuracy < baseline_accuracy * (1 - threshold)


class ConfidenceAnalyzer:
    """Describes how sure the model was of its latest predictions."""

    def __init__(self, window_size: int = 1000) -> None:
        """Look at as many predictions as this."""
        self._window: deque[float] = deque(maxlen=window_size)

    def add_confidence(self, confidence: float) -> None:
        """Remember how sure the model was."""
        self._window.append(confidence)

    def get_statistics(self) -> dict[str, float]:
        """Return mean, median, spread, extremes and percentiles; nothing where there was no prediction."""
        if not self._window:
            return {}
        window = np.array(self._window)
        return {
            "mean": float(np.mean(window)),
            "median": float(np.median(window)),
            "std": float(np.std(window)),
            "min": float(np.min(window)),
            "max": float(np.max(window)),
            **{f"p{rank}": float(np.percentile(window, rank)) for rank in (25, 50, 75, 95)},
            "count": len(window),
        }


class DataQualityMonitor:
    """Holds requests against what the model expects."""

    def __init__(self, expected_schema: Mapping[str, Mapping[str, Any]]) -> None:
        """Keep for each feature its `type` (float, int or str), and its `min` and `max` where it has them."""
        self.expected_schema = dict(expected_schema)

    def validate_request(self, features: Mapping[str, Any]) -> dict[str, list[str]]:
        """Return the names of the features that are missing, of another type, and out of range."""
        problems: dict[str, list[str]] = {"missing": [], "type_error": [], "out_of_range": []}
        for name, expected in self.expected_schema.items():
            value = features.get(name)
            if value is None:
                problems["missing"].append(name)
            elif not self._fits(value, expected.get("type", "float")):
                problems["type_error"].append(name)
            elif isinstance(value, int | float) and not (
                expected.get("min", -np.inf) <= value <= expected.get("max", np.inf)
            ):
                problems["out_of_range"].append(name)
        return problems

    @staticmethod
    def _fits(value: Any, expected: str | type) -> bool:
        name = expected if isinstance(expected, str) else expected.__name__
        kinds: dict[str, tuple[type, ...]] = {"float": (int, float), "int": (int,), "str": (str,)}
        return isinstance(value, kinds.get(name, (object,))) and not isinstance(value, bool)
