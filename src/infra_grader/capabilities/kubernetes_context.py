"""The context of a kubeconfig, and a connection to its cluster."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from infra_grader.capabilities.kubernetes_connection import MOST_AT_ONCE, Connection, credentials, plain
from infra_grader.model.outcome import NotAssessed

INSTALL = "Install it: pip install 'infra-grader[kubernetes]'"


def kubeconfig() -> str:
    """Return the files that `kubectl` would read, several with the separator of the system."""
    return os.environ.get("KUBECONFIG") or os.path.expanduser(os.path.join("~", ".kube", "config"))


def open_connection(context: str, scratch: Path | None = None) -> Connection:
    """Return a connection to the cluster of a context; the current one if it has no name.

    Keys that the kubeconfig holds are written below `scratch` for the time of use. Raises `NotAssessed` where there
    is no library, no kubeconfig, no such context, or one that cannot be used.
    """
    try:
        from kubernetes import client  # takes half a second
        from kubernetes.config import kube_config
    except ImportError as error:
        raise NotAssessed("The Kubernetes library for Python is not installed.", INSTALL) from error
    files = kubeconfig()
    if not any(Path(file).is_file() for file in files.split(os.pathsep) if file):
        raise NotAssessed(f"There is no kubeconfig at {files}.", "Name the file of your cluster by KUBECONFIG.")
    with _readable(files):
        merged = kube_config.KubeConfigMerger(files).config
        named = [str(each.value["name"]) for each in merged["contexts"]]
        context = context or str(merged.safe_get("current-context") or "")
    if context not in named:
        known = ", ".join(sorted(named)) or "none"
        wanted = f"no context {context}" if context else "no current context"
        raise NotAssessed(f"The kubeconfig has {wanted}; it has {known}.", "Name one with --kube-context.")
    configuration = client.Configuration()
    configuration.connection_pool_maxsize = MOST_AT_ONCE
    with _readable(files), credentials(context):
        kube_config.load_kube_config(
            files,
            context,
            client_configuration=configuration,
            temp_file_path=os.fspath(scratch) if scratch is not None else None,
        )
        return Connection(client.ApiClient(configuration), context)


@contextmanager
def _readable(files: str) -> Iterator[None]:
    import yaml
    from kubernetes.config import ConfigException

    try:
        yield
    except (ConfigException, yaml.YAMLError, OSError, KeyError, TypeError, AttributeError, ValueError) as error:
        raise NotAssessed(
            f"The kubeconfig {files} cannot be used: {plain(error)}.", "`kubectl config view` shows what it holds."
        ) from error
