# ruff: noqa: PLW0603
# It has the names, arguments and defaults of the package that it stands for.
"""What the stand-in's server holds, and whether it can be reached."""

import os
import time

from .exceptions import MlflowException, RestException

_uri = None
_loaded = []
VERSIONS = ("1", "2", "3")


def set_tracking_uri(uri):
    global _uri
    _uri = str(uri)
    os.environ["MLFLOW_TRACKING_URI"] = _uri


set_registry_uri = set_tracking_uri


def get_tracking_uri():
    return _uri or os.environ.get("MLFLOW_TRACKING_URI", "file:///mlruns")


get_registry_uri = get_tracking_uri


def reach():
    """Raise what MLflow raises if the server cannot be reached."""
    if "unreachable" in get_tracking_uri():
        raise MlflowException(f"API request to {get_tracking_uri()} failed with exception: Max retries exceeded")


def version_of(wanted):
    """Return the number that a version, a stage or an alias stands for."""
    wanted = str(wanted).lower()
    if wanted in VERSIONS:
        return wanted
    if wanted in ("latest", "production", "staging", "champion", "none"):
        return VERSIONS[-1]
    raise RestException({"error_code": "RESOURCE_DOES_NOT_EXIST", "message": f"There is no version {wanted}."})


def version_in(uri):
    """Return the number of the version that a `models:/` address names."""
    reach()
    text = str(uri)
    if text.startswith("models:/"):
        path = text[len("models:/") :]
        if "@" in path:
            return version_of(path.partition("@")[2])
        return version_of(path.partition("/")[2] or "latest")
    return VERSIONS[-1]


def load(uri):
    """Return the number of the version that is loaded. One after the first takes as long as a real one would.

    That is `INFRA_GRADER_RELOAD_S` seconds for each that this process loads again, and nothing without that setting.
    """
    version = version_in(uri)
    if _loaded:
        time.sleep(float(os.environ.get("INFRA_GRADER_RELOAD_S", "0")))
    _loaded.append(version)
    return version
