"""Training with experiment tracking."""

import logging
from typing import Any, Dict, Optional, Tuple

# import mlflow
# import torch

logger = logging.getLogger(__name__)


class MLflowTracker:
    """Records runs."""

    def __init__(self, tracking_uri: str, experiment_name: str) -> None:
        """Set URI and experiment.

        TODO: mlflow.set_tracking_uri(tracking_uri)
        TODO: mlflow.set_experiment(experiment_name)
        """
        self.tracking_uri = tracking_uri
        self.experiment_name = experiment_name
        logger.info(f"Tracking to {tracking_uri}")

    def start_run(self, run_name: str, tags: Optional[Dict] = None) -> Any:
        """Start a run.

        TODO: mlflow.start_run(run_name=run_name)
        """
        logger.info(f"Started run {run_name}")
        return None  # Replace with run

    def log_params(self, params: Dict[str, Any]) -> None:
        """Log parameters.

        TODO: mlflow.log_params(params)
        """
        logger.info(f"Logged {len(params)} parameters")

    def log_metrics(self, metrics: Dict[str, float], step: int = 0) -> None:
        """Log metrics.

        TODO: mlflow.log_metrics(metrics, step=step)
        """
        logger.info(f"Logged {len(metrics)} metrics")

    def log_artifact(self, path: str) -> None:
        """Log an artifact.

        TODO: mlflow.log_artifact(path)
        """
        logger.info(f"Logged {path}")

    def log_model(self, model: Any, artifact_path: str) -> None:
        """Log a model.

        TODO: mlflow.pytorch.log_model(model, artifact_path)
        """
        logger.info("Logged the model")

    def end_run(self) -> None:
        """End the run.

        TODO: mlflow.end_run()
        """
        logger.info("Ended the run")


class ModelTrainer:
    """Trains image classifiers."""

    def __init__(self, config: Dict[str, Any], tracker: MLflowTracker) -> None:
        """Take over configuration and tracker.

        TODO: Implement: device, torch.manual_seed(42).
        """
        self.config = config
        self.tracker = tracker
        self.device = None  # TODO: torch.device

    def create_model(self, num_classes: int, model_name: str = "resnet18") -> Any:
        """Create resnet18 or mobilenet_v2.

        TODO: Implement
        """
        logger.info(f"Creating {model_name}")
        return None  # Replace with model

    def train_epoch(self, model: Any, loader: Any, criterion: Any, optimizer: Any) -> Tuple[float, float]:
        """Train for one epoch.

        TODO: Implement
        """
        return 0.0, 0.0  # Replace with loss, accuracy

    def validate(self, model: Any, loader: Any, criterion: Any) -> Tuple[float, float]:
        """Validate.

        TODO: Implement
        """
        return 0.0, 0.0  # Replace with loss, accuracy

    def train(
        self, train_loader: Any, val_loader: Any, num_classes: int, params: Dict
    ) -> Tuple[Any, float]:
        """Train with early stopping.

        TODO: Implement
        """
        logger.info("Training")
        # self.tracker.log_metrics({"train_loss": 0.1, "val_accuracy": 0.9}, step=1)
        return None, 0.0  # Replace with model, best_val_acc

# my project
