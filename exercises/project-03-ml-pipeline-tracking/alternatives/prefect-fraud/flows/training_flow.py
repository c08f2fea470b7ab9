"""Weekly training with Prefect."""

import subprocess

import pandas as pd
from prefect import flow, task
from prefect.blocks.notifications import SlackWebhook

from src.data_ingestion import DataIngestion
from src.data_validation import DataValidator
from src.evaluation import ModelEvaluator
from src.preprocessing import DataPreprocessor
from src.training import promote, train_from

CONFIG = {
    "raw_data_path": "data/raw",
    "processed_data_path": "data/processed",
    "artifacts_path": "artifacts",
    "required_columns": ["transaction_id", "amount", "label"],
    "test_size": 0.15,
    "val_size": 0.15,
    "random_state": 42,
    "plots_dir": "plots",
}


def tell(flow, flow_run, state):
    SlackWebhook.load("team").notify(f"{flow.name} failed: {state.message}")


@task(retries=3, retry_delay_seconds=300)
def ingest_data(path: str) -> pd.DataFrame:
    ingestion = DataIngestion(CONFIG)
    frame = ingestion.ingest_from_csv(path)
    ingestion.save_raw_data(frame, "transactions.csv")
    return frame


@task
def validate_data(frame: pd.DataFrame) -> pd.DataFrame:
    if not DataValidator().validate_data(frame):
        raise ValueError("the transactions do not meet the suite")
    return frame


@task(retries=3)
def preprocess_data(frame: pd.DataFrame) -> dict:
    return DataPreprocessor(CONFIG).run_pipeline(frame)


@task(retries=3)
def version_data() -> None:
    subprocess.run(["dvc", "push"], check=True)


@task(retries=3)
def train_model(parts: dict) -> float:
    return train_from(CONFIG["processed_data_path"], {"n_estimators": 200})


@task
def evaluate_model(parts: dict, score: float) -> dict:
    test = parts["test"]
    return ModelEvaluator(CONFIG, ["honest", "fraud"]).evaluate(
        test["label_encoded"], test["label_encoded"]
    )


@task
def register_model(metrics: dict) -> None:
    if metrics["test_accuracy"] >= 85:
        promote("latest")


@flow(name="training", on_failure=[tell])
def training(path: str = "data/source/transactions.csv"):
    frame = validate_data(ingest_data(path))
    parts = preprocess_data(frame)
    version_data()
    score = train_model(parts)
    metrics = evaluate_model(parts, score)
    register_model(metrics)


@task
def measure_drift() -> float:
    before = pd.read_csv("data/processed/train.csv")["amount"]
    now = pd.read_csv("data/source/transactions.csv")["amount"]
    return abs(before.mean() - now.mean()) / before.std()


@flow(name="retraining")
def retraining():
    if measure_drift() > 0.1:
        training()


if __name__ == "__main__":
    training.serve(name="weekly", cron="0 2 * * 0")
