"""The training pipeline."""

import logging
from datetime import timedelta

from airflow import DAG
from airflow.operators.email import EmailOperator
from airflow.operators.python import PythonOperator
from airflow.utils.dates import days_ago

# from src.data_ingestion import DataIngestion
# from src.data_validation import DataValidator

logger = logging.getLogger(__name__)

default_args = {
    "owner": "ml-team",
    "depends_on_past": False,
    "email": ["your-email@example.com"],
    "email_on_failure": True,
    "retries": 3,
    "retry_delay": timedelta(minutes=5),
    # TODO: execution_timeout of two hours
}


def ingest_data_task(**context):
    """Ingest data.

    TODO: Implement with DataIngestion, push raw_data_path.
    """
    logger.info("Ingesting data")
    # context["ti"].xcom_push(key="raw_data_path", value=path)


def validate_data_task(**context):
    """Validate data.

    TODO: Implement with DataValidator, raise if it fails.
    """
    logger.info("Validating data")


def preprocess_data_task(**context):
    """Preprocess data.

    TODO: Implement
    """
    logger.info("Preprocessing data")


def version_data_task(**context):
    """Version data with DVC.

    TODO: Implement
    """
    logger.info("Versioning data")


def train_model_task(**context):
    """Train.

    TODO: Implement
    """
    logger.info("Training")


def evaluate_model_task(**context):
    """Evaluate.

    TODO: Implement
    """
    logger.info("Evaluating")


def register_model_task(**context):
    """Register.

    TODO: Implement
    """
    logger.info("Registering")


with DAG(
    dag_id="ml_training_pipeline",
    default_args=default_args,
    schedule_interval="@weekly",
    start_date=days_ago(1),
    catchup=False,
    max_active_runs=1,
) as dag:
    ingest_data = PythonOperator(
        task_id="ingest_data", python_callable=ingest_data_task
    )
    validate_data = PythonOperator(
        task_id="validate_data", python_callable=validate_data_task
    )
    preprocess_data = PythonOperator(
        task_id="preprocess_data", python_callable=preprocess_data_task
    )
    version_data = PythonOperator(
        task_id="version_data_dvc", python_callable=version_data_task
    )
    train_model = PythonOperator(
        task_id="train_model", python_callable=train_model_task
    )
    evaluate_model = PythonOperator(
        task_id="evaluate_model", python_callable=evaluate_model_task
    )
    register_model = PythonOperator(
        task_id="register_model", python_callable=register_model_task
    )
    send_success_email = EmailOperator(
        task_id="send_success_email",
        to="your-email@example.com",
        subject="Pipeline succeeded",
        html_content="<p>Done.</p>",
    )
    ingest_data >> validate_data >> preprocess_data >> version_data
    version_data >> train_model >> evaluate_model >> register_model
    register_model >> send_success_email

# my project
