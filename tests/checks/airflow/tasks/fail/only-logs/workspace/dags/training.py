import logging
from datetime import datetime

from airflow import DAG
from airflow.operators.python import PythonOperator

logger = logging.getLogger(__name__)


def ingest_data(**context):
    """Ingest the data."""
    logger.info("ingesting")
    # path = ingest("data/raw.csv")


def train_model(**context):
    logger.info("training")
    return True


dag = DAG("ml_training_pipeline", schedule="@weekly", start_date=datetime(2026, 1, 1), default_args={"retries": 3})
ingested = PythonOperator(task_id="ingest_data", python_callable=ingest_data, dag=dag)
trained = PythonOperator(task_id="train_model", python_callable=train_model, dag=dag)
ingested >> trained
