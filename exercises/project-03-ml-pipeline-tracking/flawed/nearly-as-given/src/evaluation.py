"""Evaluation of models."""

import logging
from typing import Any, Dict, List

logger = logging.getLogger(__name__)


class ModelEvaluator:
    """Measures models."""

    def __init__(self, config: Dict[str, Any], class_names: List[str]) -> None:
        """Take over configuration and names.

        TODO: Implement: create plots_dir.
        """
        self.config = config
        self.class_names = class_names

    def predict(self, model: Any, loader: Any) -> Any:
        """Predict.

        TODO: Implement
        """
        return None, None  # Replace with labels, predictions

    def compute_metrics(self, y_true: Any, y_pred: Any) -> Dict[str, float]:
        """Compute accuracy, precision, recall and F1.

        TODO: Implement with sklearn.metrics.
        """
        return {}  # Replace with metrics

    def generate_confusion_matrix(self, y_true: Any, y_pred: Any) -> Any:
        """Count.

        TODO: Implement
        """
        return None  # Replace with matrix

    def plot_confusion_matrix(self, matrix: Any, path: Optional[str] = None) -> str:
        """Plot.

        TODO: Implement
        """
        return ""  # Replace with path

    def generate_classification_report(self, y_true: Any, y_pred: Any) -> str:
        """Report.

        TODO: Implement
        """
        return ""  # Replace with report

    def save_metrics(self, metrics: Dict[str, float]) -> str:
        """Save.

        TODO: Implement
        """
        return ""  # Replace with path

    def evaluate(self, model: Any, loader: Any, tracker: Any) -> Dict[str, float]:
        """Do all of it.

        TODO: Implement
        """
        logger.info("Evaluating")
        return {}  # Replace with metrics

# my project
