# It has the names, arguments and defaults of the package that it stands for.
"""Models by their plain interface."""

from types import SimpleNamespace

from . import _registry
from ._model import logits


class PythonModel:
    def load_context(self, context):
        pass


class PyFuncModel:
    def __init__(self, version):
        self.metadata = SimpleNamespace(
            run_id=f"run{version}",
            model_uuid=f"uuid{version}",
            signature=None,
            flavors={"python_function": {}},
            get_input_schema=lambda: None,
            get_output_schema=lambda: None,
            utc_time_created="2026-01-01 00:00:00",
        )
        self.loader_module = "mlflow.pyfunc"

    def predict(self, data, params=None):
        return logits(data)

    def unwrap_python_model(self):
        return self


def load_model(model_uri, suppress_warnings=False, dst_path=None, model_config=None, **_):
    return PyFuncModel(_registry.load(model_uri))
