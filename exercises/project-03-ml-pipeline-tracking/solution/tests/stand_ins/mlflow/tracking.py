"""The client of the registry."""

from mlflow import note


class MlflowClient:
    def update_model_version(self, **what):
        note("update_model_version", **what)

    def transition_model_version_stage(self, **what):
        note("transition_model_version_stage", **what)
