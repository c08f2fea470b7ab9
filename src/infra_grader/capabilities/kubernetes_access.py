"""A kubeconfig for a program of ours, by which it may act in one namespace of a run and for a short time."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

from infra_grader.capabilities.kubernetes_connection import Connection

SHORTEST_S = 600
"""Seconds that a token lasts at least: the API gives no shorter ones."""


def account_kubeconfig(connection: Connection, account: str, namespace: str, seconds: int) -> dict[str, Any]:
    """Return a kubeconfig by which one is a ServiceAccount, until its token ends or the account is gone."""
    path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
    body = {
        "apiVersion": "authentication.k8s.io/v1",
        "kind": "TokenRequest",
        "spec": {"expirationSeconds": max(SHORTEST_S, seconds)},
    }
    token = json.loads(connection.ask("POST", path, body=body).data)["status"]["token"]
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "lab", "cluster": _cluster(connection)}],
        "users": [{"name": account, "user": {"token": token}}],
        "contexts": [{"name": "lab", "context": {"cluster": "lab", "user": account}}],
        "current-context": "lab",
    }


def _cluster(connection: Connection) -> dict[str, Any]:
    """Return how the API is reached, as the connection itself reaches it."""
    settings = connection.configuration
    found: dict[str, Any] = {"server": connection.host}
    if not settings.verify_ssl:
        found["insecure-skip-tls-verify"] = True
    elif settings.ssl_ca_cert:
        authority = Path(settings.ssl_ca_cert).read_bytes()
        found["certificate-authority-data"] = base64.b64encode(authority).decode()
    others = {"tls-server-name": settings.tls_server_name, "proxy-url": settings.proxy}
    return found | {key: value for key, value in others.items() if value}
