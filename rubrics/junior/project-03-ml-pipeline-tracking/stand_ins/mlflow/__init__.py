"""Stand-in for MLflow: notes what is set and recorded, by MLflow's own names."""

import sys

import anything

anything.stand_in(__name__)

noted = []
"""What was called, in order: names and plain arguments."""
NOTED = [
    "set_tracking_uri",
    "set_experiment",
    "start_run",
    "end_run",
    "log_param",
    "log_params",
    "log_metric",
    "log_metrics",
    "log_artifact",
    "log_artifacts",
    "set_tag",
    "set_tags",
    "register_model",
]


def plain(value):
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, str | int | float | bool | type(None)) else str(value)


class Info:
    run_id = run_uuid = "0123456789abcdef0123456789abcdef"
    experiment_id = "1"
    artifact_uri = "file:///tmp/artifacts"
    status = "RUNNING"
    run_name = "run"


class Run(anything.Anything):
    info = Info()

    def __bool__(self):
        return True

    def __exit__(self, *_):
        noted.append(["end_run", [], {}])
        return False


def noting(name):
    def call(*arguments, **keywords):
        noted.append([name, plain(arguments), plain(keywords)])
        return Run()

    return call


for name in NOTED:
    setattr(sys.modules[__name__], name, noting(name))


def active_run():
    opened = sum(call[0] == "start_run" for call in noted) - sum(call[0] == "end_run" for call in noted)
    return Run() if opened > 0 else None


def get_experiment_by_name(_):
    return None


def create_experiment(name, *_, **__):
    return "1"


class Flavour(anything.Module):
    def log_model(self, *arguments, **keywords):
        noted.append(["log_model", plain(arguments), plain(keywords)])
        return Run()


pytorch = Flavour("mlflow.pytorch")
sklearn = Flavour("mlflow.sklearn")
pyfunc = Flavour("mlflow.pyfunc")
for module in (pytorch, sklearn, pyfunc):
    module.__path__ = []
    sys.modules[module.__name__] = module
