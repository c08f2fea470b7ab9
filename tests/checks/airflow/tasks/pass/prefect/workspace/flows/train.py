from prefect import flow, task

from pipeline import load, fit


@task(retries=3, retry_delay_seconds=10)
def ingest():
    return load("data.csv")


@task
def validate(frame):
    if frame.isna().any().any():
        raise ValueError("values are missing")
    return frame.drop_duplicates()


@task(on_failure=[print])
def train(frame):
    return fit(frame)


@flow(log_prints=True)
def ml_pipeline():
    frame = ingest()
    clean = validate(frame)
    train.submit(clean)


if __name__ == "__main__":
    ml_pipeline.serve(name="weekly", cron="0 2 * * 0")
