"""Weekly pipeline: from the raw table to a registered model."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from airflow import DAG
from airflow.exceptions import AirflowException
from airflow.operators.email import EmailOperator
from airflow.operators.python import PythonOperator

DEFAULT_ARGS = {
    "owner": "ml-team",
    "retries": 3,
    "retry_delay": timedelta(minutes=5),
    "email": ["ml-team@pipeline.internal"],
    "email_on_failure": True,
    "execution_timeout": timedelta(hours=2),
}


def ingest(**context: Any) -> None:
    """Fetch the table of labels, and tell the next steps where it lies."""
    from src.data_ingestion import DataIngestion
    from src.settings import load_settings

    settings = load_settings()
    ingestion = DataIngestion(settings)
    table = ingestion.ingest_from_csv(settings["source"])
    path = ingestion.save_raw_data(table, "labels.csv", {"source": settings["source"]})
    context["ti"].xcom_push(key="raw_data_path", value=str(path))


def validate(**context: Any) -> None:
    """Hold the table against the suite; what follows does not run if it fails."""
    import pandas as pd

    from src.data_validation import DataValidator

    path = context["ti"].xcom_pull(key="raw_data_path", task_ids="ingest_data")
    context["ti"].log.info(DataValidator().validate_data(pd.read_csv(path)))


def preprocess(**context: Any) -> None:
    """Clean, encode and split the table."""
    import pandas as pd

    from src.preprocessing import DataPreprocessor
    from src.settings import load_settings

    path = context["ti"].xcom_pull(key="raw_data_path", task_ids="ingest_data")
    DataPreprocessor(load_settings()).run_pipeline(pd.read_csv(path))
    context["ti"].xcom_push(key="preprocessing_complete", value=True)


def version(**context: Any) -> None:
    """Keep the data with DVC, and tell which version it is."""
    from src.versioning import version_data

    name = version_data(Path(__file__).parents[1], f"run {context['run_id']}")
    context["ti"].xcom_push(key="dataset_version", value=name)


def train(**context: Any) -> None:
    """Train a network on the parts, and tell its run and accuracy."""
    from src.settings import load_settings
    from src.training import run_training

    name = context["ti"].xcom_pull(key="dataset_version", task_ids="version_data_dvc")
    run_id, best = run_training(
        load_settings()["processed_data_path"], {"dataset_version": name}
    )
    context["ti"].xcom_push(key="run_id", value=run_id)
    context["ti"].xcom_push(key="best_val_acc", value=best)


def evaluate(**context: Any) -> None:
    """Measure the network on the part that it never saw."""
    from src.evaluation import run_evaluation
    from src.settings import load_settings

    metrics = run_evaluation(load_settings()["processed_data_path"])
    context["ti"].xcom_push(key="test_metrics", value=metrics)


def register(**context: Any) -> None:
    """Register the model and stage it, if it is good enough."""
    from src.settings import load_settings
    from src.training import MLflowTracker

    settings = load_settings()
    pull = context["ti"].xcom_pull
    metrics = pull(key="test_metrics", task_ids="evaluate_model")
    if metrics["test_accuracy"] < settings["min_accuracy"]:
        raise AirflowException(f"an accuracy of {metrics['test_accuracy']} is too low")
    tracker = MLflowTracker(settings["tracking_uri"], settings["experiment"])
    number = tracker.register_model(
        pull(key="run_id", task_ids="train_model"),
        settings["model"],
        {
            "architecture": "resnet18",
            "framework": "pytorch",
            "dataset_version": pull(key="dataset_version", task_ids="version_data_dvc"),
        },
    )
    tracker.transition_model_stage(settings["model"], number, "Staging")


with DAG(
    dag_id="ml_training_pipeline",
    description="Trains the image classifier anew every week",
    default_args=DEFAULT_ARGS,
    schedule="@weekly",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
    tags=["training"],
) as dag:
    ingest_data = PythonOperator(task_id="ingest_data", python_callable=ingest)
    validate_data = PythonOperator(task_id="validate_data", python_callable=validate)
    preprocess_data = PythonOperator(
        task_id="preprocess_data", python_callable=preprocess
    )
    version_data_dvc = PythonOperator(
        task_id="version_data_dvc", python_callable=version
    )
    train_model = PythonOperator(task_id="train_model", python_callable=train)
    evaluate_model = PythonOperator(task_id="evaluate_model", python_callable=evaluate)
    register_model = PythonOperator(task_id="register_model", python_callable=register)
    send_success_email = EmailOperator(
        task_id="send_success_email",
        to=DEFAULT_ARGS["email"],
        subject="Image classifier: {{ ds }}",
        html_content="The weekly training of {{ ds }} succeeded.",
    )

    (
        ingest_data
        >> validate_data
        >> preprocess_data
        >> version_data_dvc
        >> train_model
        >> evaluate_model
        >> register_model
        >> send_success_email
    )
