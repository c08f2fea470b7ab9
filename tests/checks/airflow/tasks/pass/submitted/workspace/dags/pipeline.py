from prefect import flow, task
from prefect.client.schemas.schedules import CronSchedule
from src.steps import read, check, fit, tell


@task(name="ingest", retries=2)
def ingest():
    return read()


@task
def validate(rows):
    return check(rows)


@task
def train(rows):
    return fit(rows)


@flow(log_prints=True, on_failure=[tell])
def p():
    rows = ingest.submit()
    good = validate.submit(rows)
    model = train.submit(good)
    return model.result()


if __name__ == "__main__":
    p.from_source(source=".", entrypoint="x").deploy(
        name="w", work_pool_name="a", schedules=[CronSchedule(cron="0 0 * * 0")]
    )
