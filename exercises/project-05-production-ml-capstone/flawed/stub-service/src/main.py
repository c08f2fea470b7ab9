"""My ML API: serves a model out of MLflow with authentication, limits and metrics."""

from typing import Any, Dict, Optional

# TODO: Import what you need
# from flask import Flask, jsonify, request
# import mlflow

# TODO: Create the application
# app = Flask(__name__)


class ModelManager:
    """Loads the model out of MLflow's registry and asks it."""

    def __init__(self, mlflow_uri: str, model_name: str, model_version: str = "latest") -> None:
        """Remember where the model is.

        Args:
            mlflow_uri: Address of MLflow.
            model_name: Name in the registry.
            model_version: Version, or latest.
        """
        # TODO: Implement initialisation
        pass

    def load_model(self) -> None:
        """Load the model."""
        # TODO: Implement loading
        pass

    def predict(self, image: Any) -> Dict[str, Any]:
        """Return the predictions for an image."""
        # TODO: Implement prediction
        pass

    def get_info(self) -> Dict[str, Any]:
        """Return name, version and state of the model."""
        # TODO: Implement
        pass


def require_api_key(function):
    """Refuse requests without a valid key."""
    # TODO: Implement: 401 without a key, 403 with a wrong one
    pass


def validate_image_upload(file: Optional[Any]) -> None:
    """Raise ValueError for what is no image of at most 10 MB."""
    # TODO: Implement validation
    pass


def preprocess_image(file: Any) -> Any:
    """Return what the model is given."""
    # TODO: Implement
    pass


# @app.route("/health", methods=["GET"])
def health():
    """Tell whether the model is loaded."""
    # TODO: Implement
    pass


# @app.route("/predict", methods=["POST"])
def predict():
    """Classify an uploaded image."""
    # TODO: Implement
    pass


def startup() -> None:
    """Load the model at the start."""
    # TODO: Implement
    pass


if __name__ == "__main__":
    startup()
