import pendulum
from airflow.decorators import dag, task

import helpers


@task(retries=2)
def ingest():
    return helpers.read()


@task
def validate(rows):
    if not rows:
        raise ValueError("no rows")
    return helpers.clean(rows)


@task
def train(rows):
    return helpers.fit(rows)


@dag(schedule_interval="0 2 * * 0", catchup=False, default_args={"on_failure_callback": helpers.tell})
def etl():
    rows = ingest()
    clean = validate(rows)
    train(clean)


etl()
