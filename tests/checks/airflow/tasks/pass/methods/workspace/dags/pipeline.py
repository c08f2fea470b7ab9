from airflow import DAG
from airflow.operators.python import PythonOperator
from src.steps import read, check, fit


class Steps:
    def ingest(self, **context):
        context["ti"].xcom_push(key="a", value=read())

    def validate(self, **context):
        check(context["ti"].xcom_pull(key="a"))

    def train(self, **context):
        fit(context["ti"].xcom_pull(key="a"))


steps = Steps()
with DAG(
    dag_id="p",
    schedule="@weekly",
    catchup=False,
    default_args={"retries": 2, "email_on_failure": True},
) as dag:
    a = PythonOperator(task_id="ingest", python_callable=steps.ingest)
    b = PythonOperator(task_id="validate", python_callable=steps.validate)
    c = PythonOperator(task_id="train", python_callable=steps.train)
    a >> [b] >> c
