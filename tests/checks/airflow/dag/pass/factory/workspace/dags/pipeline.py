from airflow import DAG
from airflow.operators.python import PythonOperator
from airflow.providers.slack.notifications.slack import send_slack_notification
from src.steps import read, check, fit


def make(name, function):
    return PythonOperator(task_id=name, python_callable=function)


with DAG(
    dag_id="p",
    schedule="@weekly",
    catchup=False,
    on_failure_callback=[send_slack_notification(text="x")],
    default_args={"retries": 2},
) as dag:
    ingest = make("ingest", read)
    validate = make("validate", check)
    train = make("train", fit)
    ingest >> validate >> train
