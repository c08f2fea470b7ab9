from datetime import timedelta
from airflow.models import DAG
from airflow.operators.python_operator import PythonOperator
from src.steps import read, check, fit

RETRIES = 3
ARGS: dict = {"retries": RETRIES, "email_on_failure": True}
dag: DAG = DAG(dag_id="p", schedule=timedelta(days=7), catchup=False, default_args=ARGS)
with dag:
    a = PythonOperator(task_id="ingest", python_callable=read)
    b = PythonOperator(task_id="validate", python_callable=check)
    c = PythonOperator(task_id="train", python_callable=fit)
    a.set_downstream([b])
    b.set_downstream(c)
