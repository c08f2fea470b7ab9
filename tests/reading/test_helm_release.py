"""What helm installs is what was looked at before: objects of a learner's chart, none of it a template any more."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tools
import yaml

from infra_grader.reading.helm_release import is_hook, live_spec, scaled_titles, titles, write_chart
from infra_grader.reading.manifest import Manifest

tools.put_on_path()
HELM = shutil.which("helm")


def manifest(name: str, data: dict[str, Any], **metadata: Any) -> Manifest:
    whole = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, **metadata}, "data": data}
    return Manifest(data=whole, locate=lambda _path: ("chart/templates/a.yaml", 1))


@pytest.mark.skipif(HELM is None and "CI" not in os.environ, reason="helm is not installed")
def test_helm_renders_objects_as_they_are_whatever_they_hold(tmp_path: Path) -> None:
    tricks = {
        "template": '{{ lookup "v1" "Secret" "kube-system" "" }}{{- fail "no" }}',
        "documents": "a\n---\nkind: Pod\n",
        "quotes": "\"'\\ \u2028 é",
        "source": "# Source: x/templates/y.yaml",
    }
    given = [
        manifest("a", tricks),
        manifest("b", {"x": "1"}, annotations={"helm.sh/hook": "pre-install,post-delete", "note": "{{ .Values }}"}),
    ]
    chart = write_chart(tmp_path, 1, given)
    environment = {
        "HELM_CACHE_HOME": str(tmp_path / "c"),
        "HELM_CONFIG_HOME": str(tmp_path / "d"),
        "HOME": str(tmp_path),
    }
    done = subprocess.run(
        [HELM, "template", "release", str(chart)], capture_output=True, text=True, check=False, env=environment
    )
    assert done.returncode == 0, done.stderr
    found = [each for each in yaml.safe_load_all(done.stdout) if each]
    assert sorted(found, key=lambda each: str(each["metadata"]["name"])) == [each.data for each in given]
    assert json.loads((chart / "Chart.yaml").read_text())["version"] == "1.0.0"


def test_hooks_are_told_by_their_annotation() -> None:
    assert is_hook(manifest("a", {}, annotations={"helm.sh/hook": "test"}))
    assert not is_hook(manifest("a", {}, annotations={"helm.sh/resource-policy": "keep"}))


def test_titles_name_kind_and_name() -> None:
    from infra_grader.capabilities.kubernetes import PODS

    assert titles([(PODS, [{"metadata": {"name": "a"}}])]) == {"Pod a"}


def specified(kind: str, name: str, **spec: Any) -> Manifest:
    data = {"apiVersion": "v1", "kind": kind, "metadata": {"name": name}, "spec": spec}
    return Manifest(data=data, locate=lambda path: ("chart/templates/a.yaml", len(path)))


def seen(of: Manifest, beside: list[Manifest], **filled_in: Any) -> Any:
    """Return what is looked at where the cluster has added something to the spec."""
    found = {**of.data, "status": {"x": 1}, "spec": {**of.data["spec"], **filled_in}}
    cluster: Any = SimpleNamespace(resource=lambda *_: "some", get=lambda *_: found)
    return live_spec(cluster, of, "ours", scaled_titles([of, *beside]))


SCALER = specified("HorizontalPodAutoscaler", "scaler", scaleTargetRef={"kind": "Deployment", "name": "api"})


@pytest.mark.parametrize(
    ("of", "beside", "filled_in", "is_same"),
    [
        (specified("PersistentVolumeClaim", "data", accessModes=["ReadWriteOnce"]), [], {"volumeName": "pv-1"}, True),
        (specified("PersistentVolumeClaim", "data", accessModes=["ReadWriteOnce"]), [], {"accessModes": []}, False),
        (specified("Pod", "once", containers=[]), [], {"nodeName": "node-1"}, True),
        (specified("Deployment", "api", replicas=2), [SCALER], {"replicas": 5}, True),
        (specified("Deployment", "web", replicas=2), [SCALER], {"replicas": 5}, False),
        (specified("Deployment", "api", replicas=2), [], {"replicas": 5}, False),
        (specified("Deployment", "api"), [], {"replicas": 5}, True),
        (specified("Deployment", "api", replicas=2), [SCALER], {"paused": True}, False),
    ],
)
def test_only_what_an_author_says_can_differ(
    of: Manifest, beside: list[Manifest], filled_in: dict[str, Any], is_same: bool
) -> None:
    assert (seen(of, beside) == seen(of, beside, **filled_in)) is is_same


def test_an_object_that_is_not_there_says_nothing() -> None:
    cluster: Any = SimpleNamespace(resource=lambda *_: None)
    assert live_spec(cluster, SCALER, "ours") is None
