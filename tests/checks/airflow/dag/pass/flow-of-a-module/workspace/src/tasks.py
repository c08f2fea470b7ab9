from prefect import task
from src import steps


@task(retries=3)
def ingest():
    return steps.read()


@task
def validate(rows):
    if not rows:
        raise ValueError("x")
    return steps.check(rows)


@task
def train(rows):
    return steps.fit(rows)
