"""A small stand-in for MLflow: one model in versions 1 to 3, or a server that cannot be reached.

It answers as MLflow's client does where a service loads a model. With `unreachable` in the address of the server
everything that would ask it raises what MLflow raises.
"""

from . import artifacts, entities, exceptions, models, pyfunc, pytorch, sklearn, tracking
from ._registry import get_registry_uri, get_tracking_uri, set_registry_uri, set_tracking_uri
from .tracking import MlflowClient, search_model_versions, search_registered_models

__version__ = "3.6.0"

__all__ = [
    "MlflowClient",
    "artifacts",
    "entities",
    "exceptions",
    "get_registry_uri",
    "get_tracking_uri",
    "models",
    "pyfunc",
    "pytorch",
    "search_model_versions",
    "search_registered_models",
    "set_registry_uri",
    "set_tracking_uri",
    "sklearn",
    "tracking",
]
