"""Trains a classifier of transactions."""

import logging
import os

import mlflow
import pandas as pd
from sklearn.ensemble import GradientBoostingClassifier
from sklearn.metrics import accuracy_score, log_loss, roc_auc_score
from torch import nn
from torchvision import models

log = logging.getLogger(__name__)
FEATURES = ["amount", "hour_of_day", "is_weekend"]


class MLflowTracker:
    """Thin layer over MLflow."""

    def __init__(self, tracking_uri: str, experiment_name: str) -> None:
        mlflow.set_tracking_uri(tracking_uri)
        mlflow.set_experiment(experiment_name=experiment_name)
        self.run = None

    def start_run(self, run_name: str, tags: dict | None = None) -> object:
        """Start a run."""
        self.run = mlflow.start_run(run_name=run_name)
        mlflow.set_tags(tags or {})
        return self.run

    def log_params(self, params: dict) -> None:
        """Log parameters."""
        for key, value in params.items():
            mlflow.log_param(key, value)

    def log_metrics(self, metrics: dict, step: int | None = None) -> None:
        """Log metrics."""
        for key, value in metrics.items():
            mlflow.log_metric(key, value, step=step)

    def log_artifact(self, path: str) -> None:
        """Log a file."""
        mlflow.log_artifact(path)

    def log_model(self, model: object, artifact_path: str = "model") -> None:
        """Log and register the model."""
        mlflow.sklearn.log_model(model, artifact_path, registered_model_name="fraud-detector")

    def end_run(self) -> None:
        """End the run."""
        mlflow.end_run()


class ModelTrainer:
    """Trains and records."""

    def __init__(self, config: dict, tracker: MLflowTracker) -> None:
        self.config, self.tracker = config, tracker
        os.makedirs(config["model_save_path"], exist_ok=True)

    def create_model(self, num_classes: int, model_name: str = "resnet18") -> nn.Module:
        """Build a network for the pictures of receipts."""
        makers = {"resnet18": models.resnet18, "mobilenet_v2": models.mobilenet_v2}
        if model_name not in makers:
            raise ValueError(f"unknown model {model_name}")
        model = makers[model_name](pretrained=True)
        if model_name == "resnet18":
            model.fc = nn.Sequential(
                nn.Dropout(0.3), nn.Linear(model.fc.in_features, num_classes)
            )
        else:
            model.classifier = nn.Sequential(
                nn.Dropout(0.2), nn.Linear(model.last_channel, num_classes)
            )
        return model

    def train(
        self, train: pd.DataFrame, val: pd.DataFrame, params: dict
    ) -> tuple[object, float]:
        """Fit and record."""
        model = GradientBoostingClassifier(random_state=42, **params)
        self.tracker.start_run("gradient-boosting", {"framework": "sklearn"})
        self.tracker.log_params({"algorithm": "gradient_boosting", "random_seed": 42})
        self.tracker.log_params(
            {
                "n_estimators": params.get("n_estimators", 100),
                "max_depth": params.get("max_depth", 3),
                "learning_rate": params.get("learning_rate", 0.1),
            }
        )
        model.fit(train[FEATURES], train["label_encoded"])
        chances = model.predict_proba(val[FEATURES])[:, 1]
        score = roc_auc_score(val["label_encoded"], chances)
        self.tracker.log_metrics(
            {
                "train_accuracy": accuracy_score(
                    train["label_encoded"], model.predict(train[FEATURES])
                ),
                "val_loss": log_loss(val["label_encoded"], chances),
                "val_roc_auc": score,
                "val_accuracy": accuracy_score(val["label_encoded"], chances > 0.5),
            }
        )
        self.tracker.log_model(model)
        self.tracker.end_run()
        return model, score


def promote(version: str) -> None:
    """Give the version the alias of candidates."""
    mlflow.MlflowClient().set_registered_model_alias("fraud-detector", "candidate", version)


def train_from(folder: str, params: dict) -> float:
    """Train on the parts in a folder."""
    tracker = MLflowTracker(os.environ["MLFLOW_TRACKING_URI"], "fraud_detection")
    trainer = ModelTrainer({"model_save_path": "models"}, tracker)
    _, score = trainer.train(
        pd.read_csv(f"{folder}/train.csv"), pd.read_csv(f"{folder}/val.csv"), params
    )
    log.info("score: %s", score)
    return score


if __name__ == "__main__":
    train_from("data/processed", {})
