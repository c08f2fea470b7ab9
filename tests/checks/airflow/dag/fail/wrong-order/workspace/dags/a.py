from airflow.sdk import dag, task
import helpers


@task
def train():
    return helpers.fit()


@task
def ingest():
    return helpers.read()


@dag
def pipeline():
    train() >> ingest()


pipeline()
