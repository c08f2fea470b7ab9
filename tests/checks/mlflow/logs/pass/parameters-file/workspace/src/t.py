import mlflow, yaml

params = yaml.safe_load(open("params.yaml"))["train"]
with mlflow.start_run():
    mlflow.log_params(params)
