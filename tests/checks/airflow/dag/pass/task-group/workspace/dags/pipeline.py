from airflow.sdk import dag, task, task_group
from src import steps


@dag(
    schedule="@weekly",
    catchup=False,
    default_args={"retries": 2, "email_on_failure": True},
)
def p():
    @task
    def ingest_data():
        return steps.read()

    @task
    def validate_data(rows):
        steps.check(rows)
        if rows is None:
            raise ValueError("bad")
        return rows

    @task
    def train_model(rows):
        return steps.fit(rows)

    @task_group
    def data():
        return validate_data(ingest_data())

    train_model(data())


p()
