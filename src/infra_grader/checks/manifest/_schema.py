"""The schemas of Kubernetes' own kinds, by version, out of the package kubernetes-validate."""

from __future__ import annotations

import json
import re
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from infra_grader.plugin import NotAssessed
from infra_grader.reading.manifest import Manifest

REMEDY = "pip install 'infra-grader[kubernetes]'"
MOST_ERRORS = 10
KIND = re.compile(r"[A-Za-z][A-Za-z0-9]{0,62}")
API_VERSION = re.compile(r"(?:(?P<group>[a-z0-9.-]{1,200})/)?(?P<version>v[0-9]+(?:(?:alpha|beta)[0-9]+)?)")
OWN_GROUPS = frozenset(
    {"", "apps", "batch", "autoscaling", "policy", "extensions", "networking.k8s.io", "rbac.authorization.k8s.io",
     "storage.k8s.io", "apiextensions.k8s.io", "admissionregistration.k8s.io", "scheduling.k8s.io", "node.k8s.io",
     "coordination.k8s.io", "discovery.k8s.io", "events.k8s.io", "certificates.k8s.io", "apiregistration.k8s.io",
     "authentication.k8s.io", "authorization.k8s.io", "flowcontrol.apiserver.k8s.io"}
)  # fmt: skip
"""Groups of Kubernetes itself: what is not known there does not exist."""
REMOVED = {
    ("extensions/v1beta1", "Ingress"): ("1.22", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "Ingress"): ("1.22", "networking.k8s.io/v1"),
    ("networking.k8s.io/v1beta1", "IngressClass"): ("1.22", "networking.k8s.io/v1"),
    ("extensions/v1beta1", "NetworkPolicy"): ("1.16", "networking.k8s.io/v1"),
    ("autoscaling/v2beta1", "HorizontalPodAutoscaler"): ("1.25", "autoscaling/v2"),
    ("autoscaling/v2beta2", "HorizontalPodAutoscaler"): ("1.26", "autoscaling/v2"),
    ("policy/v1beta1", "PodDisruptionBudget"): ("1.25", "policy/v1"),
    ("policy/v1beta1", "PodSecurityPolicy"): ("1.25", "Pod Security admission"),
    ("batch/v1beta1", "CronJob"): ("1.25", "batch/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "Role"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("rbac.authorization.k8s.io/v1beta1", "RoleBinding"): ("1.22", "rbac.authorization.k8s.io/v1"),
    ("apiextensions.k8s.io/v1beta1", "CustomResourceDefinition"): ("1.22", "apiextensions.k8s.io/v1"),
    **{
        (version, kind): ("1.16", "apps/v1")
        for version in ("extensions/v1beta1", "apps/v1beta1", "apps/v1beta2")
        for kind in ("Deployment", "DaemonSet", "StatefulSet", "ReplicaSet")
    },
}
"""Versions of the API that are gone: since when, and what stands in their place."""


class SchemaError(NamedTuple):
    """What a schema says against a field."""

    path: tuple[str | int, ...]
    problem: str
    expected: str


class NoSchema(Exception):
    """A kind has no schema in a version."""


def versions() -> tuple[str, ...]:
    """Return the versions of Kubernetes whose schemas are here. Raises `NotAssessed` where the package is missing."""
    return tuple(sorted(_folders(), key=lambda version: [int(part) for part in version.split(".")]))


def find_errors(manifest: Manifest, version: str) -> list[SchemaError]:
    """Return what is wrong with an object in a version of Kubernetes, unknown fields too. Raises `NoSchema`."""
    group = API_VERSION.fullmatch(manifest.api_version)
    if group is None or KIND.fullmatch(manifest.kind) is None or (group["group"] or "") not in OWN_GROUPS:
        raise NoSchema
    short = (group["group"] or "").partition(".")[0]
    name = "-".join(filter(None, (manifest.kind.lower(), short, group["version"])))
    errors = _validator(version, name).iter_errors(manifest.data)
    found: list[SchemaError] = []
    for error in errors:
        found.append(_described(error))
        if len(found) >= MOST_ERRORS:
            break
    return found


def _described(error: Any) -> SchemaError:
    path = tuple(error.absolute_path)
    if error.validator == "additionalProperties" and isinstance(error.instance, dict):
        known = error.schema.get("properties", {})
        unknown = next((key for key in error.instance if key not in known), "")
        import difflib  # only where something is wrong

        near = difflib.get_close_matches(str(unknown)[:100], list(known), n=1)
        return SchemaError(
            (*path, unknown), f"the field {str(unknown)[:60]} is not known here", near[0] if near else "no such field"
        )
    if error.validator == "required":
        return SchemaError(path, error.message[:200], "the field")
    if error.validator == "type":
        wanted = error.validator_value
        kinds = [each for each in (wanted if isinstance(wanted, list) else [wanted]) if each != "null"]
        return SchemaError(path, f"this is no {' or '.join(kinds)}", " or ".join(kinds))
    return SchemaError(
        path, error.message[:200] if len(error.message) < 400 else "the value does not fit", str(error.validator)
    )


@lru_cache(maxsize=1)
def _folders() -> dict[str, Path]:
    """Return the folder of each version's strict schemas."""
    import importlib.util  # not needed for the reference and the schema of this kind

    spec = importlib.util.find_spec("kubernetes_validate")
    if spec is None or not spec.submodule_search_locations:
        raise NotAssessed("kubernetes-validate is not installed.", REMEDY)
    folder = Path(next(iter(spec.submodule_search_locations))) / "kubernetes-json-schema"
    found = {}
    for each in folder.glob("v*-local-strict"):
        if match := re.fullmatch(r"v([0-9]+\.[0-9]+)\.[0-9]+-local-strict", each.name):
            found[match[1]] = each
    return found


@lru_cache(maxsize=4)
def _definitions(version: str) -> Any:
    return json.loads((_folders()[version] / "_definitions.json").read_text(encoding="utf-8"))


@lru_cache(maxsize=128)
def _validator(version: str, name: str) -> Any:
    # jsonschema takes as long to import as all the rest of a small check.
    from jsonschema import Draft202012Validator
    from referencing import Registry, Resource

    file = _folders()[version] / f"{name}.json"
    if not file.is_file():
        raise NoSchema
    schema = json.loads(file.read_text(encoding="utf-8"))
    if "enum" not in schema.get("properties", {}).get("kind", {}):  # a part of an object, such as DeploymentSpec
        raise NoSchema
    registry: Any = Resource.from_contents(_definitions(version)) @ Registry()
    return Draft202012Validator(schema, registry=registry)
