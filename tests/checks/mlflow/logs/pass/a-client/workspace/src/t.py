import mlflow
import mlflow.pytorch as mp
from mlflow.tracking import MlflowClient


class Tracker:
    def __init__(self, uri, name):
        mlflow.set_tracking_uri(uri)
        self.client = MlflowClient(tracking_uri=uri)
        self.experiment = mlflow.set_experiment(name)

    def start_run(self, run_name, tags=None):
        self.run = mlflow.start_run(run_name=run_name)
        if tags:
            mlflow.set_tags(tags)

    def log(self, params=None, metrics=None, step=None):
        for k, v in (params or {}).items():
            self.client.log_param(self.run.info.run_id, k, v)
        for k, v in (metrics or {}).items():
            self.client.log_metric(self.run.info.run_id, k, v, step=step)

    def save(self, model, path):
        mlflow.log_artifact(path)
        mp.log_model(model, "model")

    def register(self, name):
        v = self.client.create_model_version(name, "x")
        self.client.set_registered_model_alias(name, "staging", v.version)


def train(model, config):
    t = Tracker("u", "e")
    t.start_run("r", {"a": 1})
    t.log(params=dict(model_name="a", num_epochs=1, batch_size=2, learning_rate=3))
    history = {}
    history["train_loss"] = 1
    history.update(val_accuracy=2, test_f1=3)
    t.log(metrics=history)
