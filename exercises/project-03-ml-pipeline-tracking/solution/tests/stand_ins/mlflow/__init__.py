"""Stand-in for MLflow: notes every call."""

import contextlib
from types import SimpleNamespace

calls = []


def note(name, /, *arguments, **keywords):
    calls.append((name, arguments, keywords))


def set_tracking_uri(uri):
    note("set_tracking_uri", uri)


def set_experiment(name):
    note("set_experiment", name)


@contextlib.contextmanager
def running():
    yield
    end_run()


def start_run(run_name, tags):
    note("start_run", run_name, tags)
    run = running()
    run.info = SimpleNamespace(run_id="run-1")
    return run


def log_params(params):
    note("log_params", params)


def log_metrics(metrics, step=None):
    note("log_metrics", metrics, step=step)


def log_artifact(path):
    note("log_artifact", path)


def register_model(uri, name, tags):
    note("register_model", uri, name, tags)
    return SimpleNamespace(version=3)


def end_run():
    note("end_run")
