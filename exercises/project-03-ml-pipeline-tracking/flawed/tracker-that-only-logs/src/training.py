"""Fifth step: trains a network on the images and records the run."""

from __future__ import annotations

import argparse
import json
import logging
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import nn, optim
from torchvision import models

from src.images import loaders
from src.settings import LABELS, load_settings

logger = logging.getLogger(__name__)

SEED = 42
DEFAULTS: dict[str, Any] = {
    "model_name": "resnet18",
    "num_epochs": 20,
    "batch_size": 32,
    "learning_rate": 0.001,
    "optimizer": "adam",
    "lr_step_size": 7,
    "lr_gamma": 0.1,
    "early_stopping_patience": 5,
}


class MLflowTracker:
    """Records runs and models with MLflow."""

    def __init__(self, tracking_uri: str, experiment_name: str) -> None:
        """Choose where runs are recorded.

        Args:
            tracking_uri: Address of the tracking server.
            experiment_name: Experiment that the runs belong to.
        """
        self.experiment_name = experiment_name
        logger.info("experiment %s at %s", experiment_name, tracking_uri)

    def start_run(self, run_name: str, tags: dict[str, str] | None = None) -> Any:
        """Begin a run.

        Args:
            run_name: Its name in the UI.
            tags: What it can be found by.

        Returns:
            The run, which is a context manager.
        """
        logger.info("run %s with %s", run_name, tags)

    def log_params(self, params: Mapping[str, Any]) -> None:
        """Record what the run was started with, such as the learning rate."""
        logger.info("parameters %s", params)

    def log_metrics(
        self, metrics: Mapping[str, float], step: int | None = None
    ) -> None:
        """Record figures, those of an epoch under its number."""
        logger.info("metrics %s at %s", metrics, step)

    def log_artifact(self, path: str | Path) -> None:
        """Record a file, such as a plot."""
        logger.info("file %s", path)

    def log_model(self, model: nn.Module, artifact_path: str = "model") -> None:
        """Record the network itself under a path among the artifacts."""
        logger.info("model %s", artifact_path)

    def register_model(self, run_id: str, name: str, tags: dict[str, str]) -> str:
        """Make a version of a registered model.

        Args:
            run_id: Run whose network it is.
            name: Name of the registered model.
            tags: What the version can be found by.

        Returns:
            The version's number.
        """
        logger.info("register %s of %s with %s", name, run_id, tags)
        return "1"

    def transition_model_stage(self, name: str, version: str, stage: str) -> None:
        """Move a version to a stage; an earlier one there is archived.

        Args:
            name: Name of the registered model.
            version: Number of the version.
            stage: Staging, Production or Archived.
        """
        logger.info("%s %s to %s", name, version, stage)

    def end_run(self) -> None:
        """Close the run that is open."""
        logger.info("end")


class ModelTrainer:
    """Trains one network, with early stopping."""

    def __init__(self, config: Mapping[str, Any], tracker: MLflowTracker) -> None:
        """Fix the seed and make the folder for weights.

        Args:
            config: Settings; `model_save_path` and `random_state` count.
            tracker: Where runs are recorded.
        """
        torch.manual_seed(int(config.get("random_state", SEED)))
        self.tracker = tracker
        self.model_save_path = Path(config.get("model_save_path", "models"))
        self.model_save_path.mkdir(parents=True, exist_ok=True)
        self.device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
        self.run_id = ""

    def create_model(self, num_classes: int, model_name: str = "resnet18") -> nn.Module:
        """Build a network with a last layer for our classes.

        Args:
            num_classes: How many classes there are.
            model_name: resnet18 or mobilenet_v2.

        Returns:
            The network, on the device that trains.

        Raises:
            ValueError: If the name is another one.
        """
        if model_name == "resnet18":
            model = models.resnet18(weights="DEFAULT")
            model.fc = nn.Linear(model.fc.in_features, num_classes)
        elif model_name == "mobilenet_v2":
            model = models.mobilenet_v2(weights="DEFAULT")
            model.classifier[1] = nn.Linear(
                model.classifier[1].in_features, num_classes
            )
        else:
            raise ValueError(f"{model_name!r} is neither resnet18 nor mobilenet_v2")
        network: nn.Module = model.to(self.device)
        return network

    def train_epoch(
        self, model: nn.Module, loader: Any, criterion: Any, optimizer: Any
    ) -> tuple[float, float]:
        """Show the network all images once, and let it learn.

        Args:
            model: The network.
            loader: Gives batches of images and labels.
            criterion: Gives the loss.
            optimizer: Changes the weights.

        Returns:
            Mean loss, and the share of images that were right.
        """
        model.train()
        loss_sum, right, count = 0.0, 0, 0
        for images, labels in loader:
            images, labels = images.to(self.device), labels.to(self.device)
            optimizer.zero_grad()
            outputs = model(images)
            loss = criterion(outputs, labels)
            loss.backward()
            optimizer.step()
            loss_sum += loss.item() * len(labels)
            right += int((outputs.argmax(1) == labels).sum())
            count += len(labels)
        return loss_sum / max(count, 1), right / max(count, 1)

    def validate(
        self, model: nn.Module, loader: Any, criterion: Any
    ) -> tuple[float, float]:
        """Measure the network on images that it does not learn from.

        Args:
            model: The network.
            loader: Gives batches of images and labels.
            criterion: Gives the loss.

        Returns:
            Mean loss, and the share of images that were right.
        """
        model.eval()
        loss_sum, right, count = 0.0, 0, 0
        with torch.no_grad():
            for images, labels in loader:
                images, labels = images.to(self.device), labels.to(self.device)
                outputs = model(images)
                loss_sum += criterion(outputs, labels).item() * len(labels)
                right += int((outputs.argmax(1) == labels).sum())
                count += len(labels)
        return loss_sum / max(count, 1), right / max(count, 1)

    def train(
        self,
        train_loader: Any,
        val_loader: Any,
        num_classes: int,
        params: Mapping[str, Any] | None = None,
    ) -> tuple[nn.Module, float]:
        """Train until the epochs are over or nothing gets better, and record the run.

        Args:
            train_loader: Batches to learn from.
            val_loader: Batches to be measured on.
            num_classes: How many classes there are.
            params: What differs from the defaults.

        Returns:
            The best network, and its accuracy on the images for validation.
        """
        chosen = {**DEFAULTS, **(params or {})}
        model = self.create_model(num_classes, chosen["model_name"])
        criterion = nn.CrossEntropyLoss()
        optimizer = _optimizer(model, chosen)
        schedule = optim.lr_scheduler.StepLR(
            optimizer, chosen["lr_step_size"], chosen["lr_gamma"]
        )
        tags = {
            "model_architecture": chosen["model_name"],
            "framework": "pytorch",
            "task": "image_classification",
        }
        best, waited, epoch = 0.0, 0, 0
        weights = self.model_save_path / "best_model.pth"
        run = self.tracker.start_run(f"train-{chosen['model_name']}", tags)
        self.run_id = run.info.run_id
        self.tracker.log_params({**chosen, "git_commit": _commit()})
        for epoch in range(1, chosen["num_epochs"] + 1):
            train_loss, train_accuracy = self.train_epoch(
                model, train_loader, criterion, optimizer
            )
            val_loss, val_accuracy = self.validate(model, val_loader, criterion)
            self.tracker.log_metrics(
                {
                    "train_loss": train_loss,
                    "train_accuracy": train_accuracy,
                    "val_loss": val_loss,
                    "val_accuracy": val_accuracy,
                    "learning_rate": schedule.get_last_lr()[0],
                },
                step=epoch,
            )
            schedule.step()
            waited += 1
            if val_accuracy > best:
                best, waited = val_accuracy, 0
                torch.save(model.state_dict(), weights)
            if waited >= chosen["early_stopping_patience"]:
                logger.info("nothing got better for %d epochs", waited)
                break
        if weights.is_file():
            model.load_state_dict(torch.load(weights))
        self.tracker.log_metrics({"best_val_accuracy": best, "total_epochs": epoch})
        self.tracker.log_model(model, "model")
        self.tracker.end_run()
        return model, best


def _optimizer(model: nn.Module, params: Mapping[str, Any]) -> Any:
    kinds = {"adam": optim.Adam, "sgd": optim.SGD}
    return kinds[params["optimizer"]](model.parameters(), lr=params["learning_rate"])


def _commit() -> str:
    """Return the commit that is checked out; nothing outside of a repository."""
    command = ["git", "rev-parse", "--short", "HEAD"]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    return answer.stdout.strip()


def run_training(data: str | Path, params: Mapping[str, Any]) -> tuple[str, float]:
    """Train on the parts in a folder with the project's settings.

    Args:
        data: Folder with train.csv and val.csv.
        params: What differs from the defaults.

    Returns:
        The run's id, and the best accuracy.
    """
    settings = load_settings()
    tracker = MLflowTracker(settings["tracking_uri"], settings["experiment"])
    trainer = ModelTrainer(settings, tracker)
    size = int(params.get("batch_size", DEFAULTS["batch_size"]))
    train_loader, val_loader = loaders(data, ("train", "val"), size)
    _, best = trainer.train(train_loader, val_loader, len(LABELS), params)
    return trainer.run_id, best


def main() -> None:
    """Train once, as the DVC stage and the MLproject do."""
    parser = argparse.ArgumentParser(description="Trains a network.")
    parser.add_argument("--input", required=True)
    parser.add_argument("--output", default="")
    for name in (
        "model_name",
        "num_epochs",
        "batch_size",
        "learning_rate",
        "optimizer",
    ):
        parser.add_argument(f"--{name}", type=type(DEFAULTS[name]))
    given = vars(parser.parse_args())
    params = {key: given[key] for key in DEFAULTS if given.get(key) is not None}
    run_id, best = run_training(given["input"], params)
    if given["output"]:
        report = json.dumps({"run_id": run_id, "best_val_accuracy": best})
        Path(given["output"]).write_text(report)


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO)
    main()
