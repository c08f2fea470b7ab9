from mlflow import (
    start_run,
    log_params,
    log_metric,
    log_artifact,
    set_experiment,
    set_tracking_uri,
    set_tags,
    register_model,
    MlflowClient,
)
from mlflow.pytorch import log_model
import dataclasses


@dataclasses.dataclass
class Params:
    model_name: str = "resnet18"
    num_epochs: int = 20
    batch_size: int = 32
    learning_rate: float = 0.001


def train(model, p: Params):
    set_tracking_uri("http://x")
    set_experiment("e")
    with start_run() as run:
        set_tags({"a": "b"})
        log_params(dataclasses.asdict(p))
        for phase in ("train", "val"):
            for epoch in range(p.num_epochs):
                log_metric(f"{phase}_loss", model.loss(), step=epoch)
                log_metric(f"{phase}_accuracy", model.acc(), step=epoch)
        log_metric("test_accuracy", 1.0)
        log_artifact("x.png")
        log_model(model, "model")
    v = register_model(f"runs:/{run.info.run_id}/model", "m")
    c = MlflowClient()
    c.transition_model_version_stage("m", v.version, "Staging")
