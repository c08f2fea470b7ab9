"""Measures a classifier."""

import json
import os

import mlflow
import numpy as np
from sklearn.metrics import (
    accuracy_score,
    classification_report,
    confusion_matrix,
    precision_recall_fscore_support,
)


class ModelEvaluator:
    """Works out metrics."""

    def __init__(self, config: dict, class_names: list[str]) -> None:
        self.config, self.class_names = config, class_names
        os.makedirs(config["plots_dir"], exist_ok=True)

    def compute_metrics(self, y_true: np.ndarray, y_pred: np.ndarray) -> dict[str, float]:
        """Compute them in percent."""
        precision, recall, f1, _ = precision_recall_fscore_support(
            y_true, y_pred, average="macro", zero_division=0
        )
        return {
            "test_accuracy": 100 * accuracy_score(y_true, y_pred),
            "test_precision": 100 * precision,
            "test_recall": 100 * recall,
            "test_f1": 100 * f1,
        }

    def generate_confusion_matrix(self, y_true: np.ndarray, y_pred: np.ndarray) -> np.ndarray:
        """Count."""
        return confusion_matrix(y_true, y_pred)

    def evaluate(self, y_true: np.ndarray, y_pred: np.ndarray) -> dict[str, float]:
        """Leave the files and record them."""
        metrics = self.compute_metrics(y_true, y_pred)
        path = os.path.join(self.config["plots_dir"], "classification_report.txt")
        with open(path, "w") as file:
            file.write(classification_report(y_true, y_pred, target_names=self.class_names))
        with open("evaluation.json", "w") as file:
            json.dump(metrics, file)
        mlflow.log_metrics(metrics)
        mlflow.log_artifacts(self.config["plots_dir"])
        return metrics


if __name__ == "__main__":
    import pandas as pd

    from src.training import FEATURES

    test = pd.read_csv("data/processed/test.csv")
    model = mlflow.sklearn.load_model("models/current")
    ModelEvaluator({"plots_dir": "plots"}, ["honest", "fraud"]).evaluate(
        test["label_encoded"], model.predict(test[FEATURES])
    )
