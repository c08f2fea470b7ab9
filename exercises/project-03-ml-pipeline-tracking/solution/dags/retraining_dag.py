"""Nightly look at the data: trains anew where the labels have shifted."""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path

import pandas as pd
from airflow import DAG
from airflow.operators.trigger_dagrun import TriggerDagRunOperator
from airflow.sensors.python import PythonSensor

from src.settings import load_settings

MOST_SHIFT = 0.1


def has_drifted() -> bool:
    """Return whether any label's share differs from that at the last training."""
    settings = load_settings()
    last = Path(settings["processed_data_path"]) / "train.csv"
    if not last.is_file():
        return True
    before = pd.read_csv(last)["label"].value_counts(normalize=True)
    now = pd.read_csv(settings["source"])["label"].value_counts(normalize=True)
    return bool(now.sub(before, fill_value=0).abs().max() > MOST_SHIFT)


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
