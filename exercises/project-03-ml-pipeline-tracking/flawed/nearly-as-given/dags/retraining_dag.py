"""Retraining after drift."""

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.bash import BashOperator
from airflow.sensors.python import PythonSensor


def drift_detected() -> bool:
    """Tell whether the data has drifted."""
    # TODO: ask the monitoring
    return True


with DAG(
    dag_id="model_retraining",
    default_args={
        "owner": "ml-platform",
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "execution_timeout": timedelta(hours=3),
    },
    schedule="0 2 * * 0",
    start_date=datetime(2024, 1, 1),
    catchup=False,
    max_active_runs=1,
) as dag:
    drift_check = PythonSensor(task_id="drift_check", python_callable=drift_detected)
    ingest = BashOperator(task_id="ingest", bash_command="dvc repro ingest")
    preprocess = BashOperator(task_id="preprocess", bash_command="dvc repro preprocess")
    validate = BashOperator(
        task_id="validate_with_great_expectations", bash_command="dvc repro validate"
    )
    train = BashOperator(task_id="train", bash_command="dvc repro train")
    evaluate = BashOperator(task_id="evaluate", bash_command="dvc repro evaluate")
    promote = BashOperator(
        task_id="promote_to_staging", bash_command="python -m src.promote fraud-detector"
    )
    drift_check >> ingest >> preprocess >> validate >> train >> evaluate >> promote

# my project
