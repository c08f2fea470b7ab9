import mlflow
from mlflow.tracking import MlflowClient


def train(model):
    with mlflow.start_run(run_name="first", tags={"framework": "pytorch"}):
        model.fit()
        info = mlflow.sklearn.log_model(model, "model", registered_model_name="fraud-detector")
    client = MlflowClient()
    client.set_registered_model_alias("fraud-detector", "staging", info.registered_model_version)
