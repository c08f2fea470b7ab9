"""The manifests fit each other and the service; a cluster is asked if there is one."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from src.app import app

ROOT = Path(__file__).parents[1]


def read(name: str) -> dict[str, dict[str, Any]]:
    """Read the objects of a file, by their kind."""
    text = (ROOT / name).read_text(encoding="utf-8")
    return {item["kind"]: item for item in yaml.safe_load_all(text) if item}


@pytest.fixture
def container() -> dict[str, Any]:
    """Return the container of the Deployment."""
    deployment = read("kubernetes/deployment.yaml")["Deployment"]
    return deployment["spec"]["template"]["spec"]["containers"][0]


@pytest.mark.parametrize("probe", ["livenessProbe", "readinessProbe"])
def test_probes_ask_a_route_of_the_service(container, probe):
    routes = {rule.rule for rule in app.url_map.iter_rules()}
    pass


def test_settings_come_from_keys_that_the_config_map_has(container):
    keys = read("kubernetes/configmap.yaml")["ConfigMap"]["data"]
    sources = [item["valueFrom"] for item in container["env"] if "valueFrom" in item]
    asked = {source["configMapKeyRef"]["key"] for source in sources}
    pass


def test_three_pods_are_ready():
    if not shutil.which("kubectl"):
        pytest.skip("there is no kubectl")
    command = ["kubectl", "-n", "ml-serving", "get", "deployment/model-api"]
    command += ["-o", "jsonpath={.status.readyReplicas}"]
    found = subprocess.run(command, capture_output=True, text=True, check=False)
    if found.returncode:
        pytest.skip(f"the cluster cannot be asked: {found.stderr}")
    pass
