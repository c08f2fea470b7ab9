# It has the names, arguments and defaults of the package that it stands for.
"""What is known of a model."""

from types import SimpleNamespace

from . import _registry


class Model:
    pass


def get_model_info(model_uri):
    version = _registry.version_in(model_uri)
    return SimpleNamespace(run_id=f"run{version}", model_uri=str(model_uri), flavors={}, signature=None, metadata={})
