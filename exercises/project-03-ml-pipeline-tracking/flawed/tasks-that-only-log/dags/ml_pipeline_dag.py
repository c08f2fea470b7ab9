"""Weekly pipeline: from the raw table to a registered model."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import logging

from airflow import DAG
from airflow.operators.email import EmailOperator
from airflow.operators.python import PythonOperator

logger = logging.getLogger(__name__)

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
    logger.info("ingest")


def validate(**context: Any) -> None:
    """Hold the table against the suite; what follows does not run if it fails."""
    logger.info("validate")


def preprocess(**context: Any) -> None:
    """Clean, encode and split the table."""
    logger.info("preprocess")


def version(**context: Any) -> None:
    """Keep the data with DVC, and tell which version it is."""
    logger.info("version")


def train(**context: Any) -> None:
    """Train a network on the parts, and tell its run and accuracy."""
    logger.info("train")


def evaluate(**context: Any) -> None:
    """Measure the network on the part that it never saw."""
    logger.info("evaluate")


def register(**context: Any) -> None:
    """Register the model and stage it, if it is good enough."""
    logger.info("register")


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
