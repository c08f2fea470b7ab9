from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.operators.python import PythonOperator

from src.data import ingest, validate

default_args = {"owner": "ml-team", "retries": 3, "retry_delay": timedelta(minutes=5), "email_on_failure": True}


def ingest_data(**context):
    path = ingest("data/raw.csv")
    context["ti"].xcom_push(key="raw_data_path", value=path)


def validate_data(**context):
    path = context["ti"].xcom_pull(key="raw_data_path")
    if not validate(path):
        raise ValueError(f"{path} is not fit to train on")


with DAG(
    "ml_training_pipeline",
    default_args=default_args,
    schedule="@weekly",
    start_date=datetime(2026, 1, 1),
    catchup=False,
) as dag:
    ingested = PythonOperator(task_id="ingest_data", python_callable=ingest_data)
    validated = PythonOperator(task_id="validate_data", python_callable=validate_data)
    trained = BashOperator(task_id="train_model", bash_command="python -m src.train --epochs 3")
    ingested >> validated >> trained
