import mlflow
import mlflow.pytorch


class MLflowTracker:
    def __init__(self, uri, experiment):
        mlflow.set_tracking_uri(uri)
        mlflow.set_experiment(experiment)

    def log_params(self, params):
        mlflow.log_params(params)

    def log_metrics(self, metrics, step=None):
        mlflow.log_metrics(metrics, step=step)


def train(model, epochs, tracker):
    with mlflow.start_run(run_name="baseline"):
        tracker.log_params({"learning_rate": 0.001, "batch_size": 32, "num_epochs": epochs})
        for epoch in range(epochs):
            metrics = one_epoch(model)
            tracker.log_metrics(metrics, step=epoch)
        mlflow.pytorch.log_model(model, "model", registered_model_name="image_classifier")


def one_epoch(model):
    loss, accuracy = model.step()
    return {"train_loss": loss, "train_accuracy": accuracy}
