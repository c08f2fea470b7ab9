# It has the names, arguments and defaults of the package that it stands for.
"""Versions and runs, as MLflow's client gives them."""

from types import SimpleNamespace


class ModelVersion(SimpleNamespace):
    pass


def model_version(name, number):
    return ModelVersion(
        name=name,
        version=number,
        current_stage="Production",
        stage="Production",
        aliases=["champion"],
        description="",
        run_id=f"run{number}",
        source=f"runs:/run{number}/model",
        status="READY",
        tags={},
        creation_timestamp=1_700_000_000_000 + int(number),
        last_updated_timestamp=1_700_000_000_000 + int(number),
    )


def run(run_id):
    return SimpleNamespace(
        info=SimpleNamespace(run_id=run_id, run_name=run_id, artifact_uri=f"runs:/{run_id}", status="FINISHED"),
        data=SimpleNamespace(params={}, metrics={"accuracy": 0.93}, tags={}),
    )
