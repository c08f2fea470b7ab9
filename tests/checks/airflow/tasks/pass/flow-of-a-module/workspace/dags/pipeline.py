from prefect import flow
from src.tasks import ingest, validate, train
from src.steps import tell


@flow(on_failure=[tell], retries=2)
def p():
    rows = ingest()
    rows = validate(rows)
    train(rows)


if __name__ == "__main__":
    p.serve(name="w", cron="0 0 * * 0")
