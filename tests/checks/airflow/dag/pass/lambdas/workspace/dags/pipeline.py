from airflow import DAG
from airflow.operators.python import PythonOperator, ShortCircuitOperator
from functools import partial
from src.steps import read, check, fit

with DAG(
    dag_id="p",
    schedule="@weekly",
    catchup=False,
    default_args={"retries": 2, "email_on_failure": True},
) as dag:
    a = PythonOperator(task_id="ingest", python_callable=lambda: read())
    b = ShortCircuitOperator(
        task_id="validate", python_callable=lambda: bool(check(read()))
    )
    c = PythonOperator(task_id="train", python_callable=partial(fit, [1]))
    a >> b >> c
