import mlflow


class MLflowTracker:
    def log_params(self, params):
        """Log parameters: mlflow.log_params(params)."""
        # mlflow.log_params({"learning_rate": 0.001})
        return None


def train():
    with mlflow.start_run():
        print("learning_rate")
