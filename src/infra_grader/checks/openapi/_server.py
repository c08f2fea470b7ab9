"""Where a contract says that its operations are: the path of its server, below which theirs begin."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit


def server_path(document: Any) -> str:
    """Return the path of a contract's first server, such as `/api/v1`, or nothing where it has none."""
    servers = document.get("servers")
    first = servers[0] if isinstance(servers, list) and servers else {"url": document.get("basePath")}
    url = first.get("url") if isinstance(first, dict) else None
    if not isinstance(url, str):
        return ""
    variables = first.get("variables")
    for name, variable in variables.items() if isinstance(variables, dict) else ():
        if isinstance(variable, dict):
            url = url.replace(f"{{{name}}}", str(variable.get("default", "")))
    try:
        path = urlsplit(url).path.rstrip("/")
    except ValueError:
        return ""
    return path if path.startswith("/") and path.isascii() and not set(path) & set(" {}") else ""
