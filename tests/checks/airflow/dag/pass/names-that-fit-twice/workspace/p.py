from airflow.decorators import dag, task

import steps


@task
def ingest_training_data():
    return steps.read()


@task
def validate_training_data(rows):
    return steps.check(rows)


@task
def train(rows):
    return steps.fit(rows)


@dag(schedule="@weekly")
def pipeline():
    train(validate_training_data(ingest_training_data()))


pipeline()
