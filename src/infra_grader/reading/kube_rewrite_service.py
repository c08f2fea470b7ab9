"""Services and claims as we apply them: reached inside of the cluster, and stored where the lab stores things."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

Note = Callable[[tuple[str | int, ...], str], None]
OUTSIDE = ("LoadBalancer", "NodePort")
OF_OUTSIDE = (
    "allocateLoadBalancerNodePorts", "externalIPs", "externalTrafficPolicy", "healthCheckNodePort", "loadBalancerClass",
    "loadBalancerIP", "loadBalancerSourceRanges",
)  # fmt: skip
"""Fields that only Services with a way in from outside may have."""


def rewrite_service(data: dict[str, Any], note: Note) -> None:
    """Make a Service one of the cluster's inside, at an address that the cluster chooses."""
    spec = data.get("spec")
    if not isinstance(spec, dict):
        return
    if spec.get("type") in OUTSIDE:
        note(("spec", "type"), "ClusterIP: the lab has nobody who gives out addresses")
        spec["type"] = "ClusterIP"
    for key in OF_OUTSIDE:
        if spec.pop(key, None) and key == "externalIPs":
            note(("spec", key), "no address of the network outside")
    for number, port in enumerate(spec["ports"] if isinstance(spec.get("ports"), list) else ()):
        if isinstance(port, dict) and port.pop("nodePort", None):
            note(("spec", "ports", number, "nodePort"), "no port of the nodes")
    if spec.get("clusterIP") not in (None, "", "None"):
        note(("spec", "clusterIP"), "an address that the cluster chooses")
        del spec["clusterIP"]
    if "clusterIP" not in spec or spec["clusterIP"] != "None":
        spec.pop("clusterIPs", None)
    if spec.get("ipFamilyPolicy") == "RequireDualStack":
        note(("spec", "ipFamilyPolicy"), "PreferDualStack: the lab may have one family")
        spec["ipFamilyPolicy"] = "PreferDualStack"


def rewrite_claim(data: dict[str, Any], classes: tuple[str, ...], note: Note) -> None:
    """Let claims be filled by the lab: from its default class where it has not the one that they name."""
    spec = data.get("spec")
    if not isinstance(spec, dict):
        return
    if data.get("kind") == "PersistentVolumeClaim":
        _claim(spec, ("spec",), classes, note)
    templates = spec.get("volumeClaimTemplates") if data.get("kind") == "StatefulSet" else None
    for number, template in enumerate(templates if isinstance(templates, list) else ()):
        if isinstance(template, dict) and isinstance(template.get("spec"), dict):
            _claim(template["spec"], ("spec", "volumeClaimTemplates", number, "spec"), classes, note)


def _claim(spec: dict[str, Any], path: tuple[str | int, ...], classes: tuple[str, ...], note: Note) -> None:
    for key in ("volumeName", "selector"):
        if spec.pop(key, None):
            note((*path, key), "a volume that the lab makes")
    named = spec.get("storageClassName")
    if named is not None and named not in classes:
        note((*path, "storageClassName"), "the storage class of the lab")
        del spec["storageClassName"]
