from airflow import DAG
from airflow.operators.empty import EmptyOperator
from airflow.operators.python import PythonOperator

from steps import fit

with DAG("p", schedule="@weekly") as dag:
    start = EmptyOperator(task_id="start")
    train = PythonOperator(task_id="train", python_callable=fit)
    start >> train >> EmptyOperator(task_id="end")
