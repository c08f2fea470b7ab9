"""Sixth step: measures a network on images that it never saw."""

from __future__ import annotations

import argparse
import json
import logging
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from src.images import loaders
from src.settings import LABELS, load_settings
from src.training import ModelTrainer, MLflowTracker

logger = logging.getLogger(__name__)


class ModelEvaluator:
    """Works out metrics, and leaves them as files."""

    def __init__(self, config: Mapping[str, Any], class_names: Sequence[str]) -> None:
        """Make the folder for plots and reports.

        Args:
            config: Settings; `plots_dir` counts.
            class_names: Names of the classes, in the order of their numbers.
        """
        self.class_names = list(class_names)
        self.plots_dir = Path(config.get("plots_dir", "plots"))
        self.plots_dir.mkdir(parents=True, exist_ok=True)

    def predict(self, model: Any, loader: Any) -> tuple[np.ndarray, np.ndarray]:
        """Return the true and the predicted classes of all images of a loader."""
        model.eval()
        true: list[int] = []
        predicted: list[int] = []
        with torch.no_grad():
            for images, labels in loader:
                predicted += model(images).argmax(1).tolist()
                true += labels.tolist()
        return np.array(true), np.array(predicted)

    def generate_confusion_matrix(
        self, y_true: Sequence[int], y_pred: Sequence[int]
    ) -> np.ndarray:
        """Count for each true class (row) what was predicted (column)."""
        matrix = np.zeros((len(self.class_names),) * 2, dtype=int)
        np.add.at(matrix, (np.asarray(y_true), np.asarray(y_pred)), 1)
        return matrix

    def compute_metrics(
        self, y_true: Sequence[int], y_pred: Sequence[int]
    ) -> dict[str, float]:
        """Work out accuracy, and precision, recall and F1 by class and as their means.

        Args:
            y_true: True classes.
            y_pred: Predicted classes.

        Returns:
            Figures between 0 and 1 by name.
        """
        matrix = self.generate_confusion_matrix(y_true, y_pred)
        right = np.diag(matrix)
        precision = right / np.maximum(matrix.sum(axis=0), 1)
        recall = right / np.maximum(matrix.sum(axis=1), 1)
        both = precision + recall
        f1 = 2 * precision * recall / np.where(both > 0, both, 1)
        metrics = {
            "test_accuracy": float(right.sum() / max(matrix.sum(), 1)),
            "test_precision": float(precision.mean()),
            "test_recall": float(recall.mean()),
            "test_f1": float(f1.mean()),
        }
        for number, name in enumerate(self.class_names):
            metrics[f"{name}_precision"] = float(precision[number])
            metrics[f"{name}_recall"] = float(recall[number])
            metrics[f"{name}_f1"] = float(f1[number])
        return metrics

    def plot_confusion_matrix(self, matrix: np.ndarray) -> Path:
        """Draw a confusion matrix and return where the picture lies."""
        from matplotlib import pyplot

        figure, axes = pyplot.subplots()
        axes.imshow(matrix, cmap="Blues")
        axes.set_xticks(range(len(self.class_names)), self.class_names)
        axes.set_yticks(range(len(self.class_names)), self.class_names)
        axes.set_xlabel("predicted")
        axes.set_ylabel("true")
        file = self.plots_dir / "confusion_matrix.png"
        figure.savefig(file)
        pyplot.close(figure)
        return file

    def generate_classification_report(self, metrics: Mapping[str, float]) -> Path:
        """Write a table of the figures by class and return where it lies."""
        lines = [f"{'class':<12} precision    recall        f1"]
        for name in self.class_names:
            figures = [
                metrics[f"{name}_{kind}"] for kind in ("precision", "recall", "f1")
            ]
            lines.append(
                f"{name:<12} " + " ".join(f"{value:9.3f}" for value in figures)
            )
        file = self.plots_dir / "classification_report.txt"
        file.write_text("\n".join(lines) + "\n")
        return file

    def save_metrics(self, metrics: Mapping[str, float]) -> Path:
        """Write the figures as JSON and return where they lie."""
        file = self.plots_dir / "test_metrics.json"
        file.write_text(json.dumps(dict(metrics), indent=2))
        return file

    def evaluate(
        self, model: Any, loader: Any, tracker: MLflowTracker
    ) -> dict[str, float]:
        """Measure a network, leave the files, and record both in the open run.

        Args:
            model: The network.
            loader: Gives batches of images and labels.
            tracker: Where the run is recorded.

        Returns:
            The figures by name.
        """
        y_true, y_pred = self.predict(model, loader)
        metrics = self.compute_metrics(y_true, y_pred)
        matrix = self.generate_confusion_matrix(y_true, y_pred)
        for file in (
            self.plot_confusion_matrix(matrix),
            self.generate_classification_report(metrics),
            self.save_metrics(metrics),
        ):
            tracker.log_artifact(file)
        logger.info("test accuracy %.3f", metrics["test_accuracy"])
        return metrics


def run_evaluation(data: str | Path, model_name: str = "resnet18") -> dict[str, float]:
    """Measure the network that training left, on the part for testing.

    Args:
        data: Folder with test.csv.
        model_name: Architecture that was trained.

    Returns:
        The figures by name.
    """
    settings = load_settings()
    tracker = MLflowTracker(settings["tracking_uri"], settings["experiment"])
    model = ModelTrainer(settings, tracker).create_model(len(LABELS), model_name)
    weights = Path(settings["model_save_path"]) / "best_model.pth"
    model.load_state_dict(torch.load(weights))
    (loader,) = loaders(data, ("test",), 32)
    with tracker.start_run("evaluate", {"task": "image_classification"}):
        return ModelEvaluator(settings, sorted(LABELS)).evaluate(model, loader, tracker)


def main() -> None:
    """Evaluate once, as the DVC stage and the MLproject do."""
    parser = argparse.ArgumentParser(description="Measures a network.")
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", required=True)
    arguments = parser.parse_args()
    metrics = run_evaluation(arguments.input)
    Path(arguments.output).write_text(json.dumps(metrics, indent=2))


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
