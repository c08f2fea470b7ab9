"""Asking the registry of a lab whether it has an image."""

from __future__ import annotations

import re

ANSWER_S = 5.0
TYPES = (
    "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, "
    "application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json"
)
REFERENCE = re.compile(
    r"(?:(?P<host>[a-zA-Z0-9.-]+(?::\d+)?)/)??(?P<name>[a-z0-9._/-]+?)(?::(?P<tag>[\w.-]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


def has_image(registry: str, image: str, *, is_mirror: bool = False) -> bool | None:
    """Return whether a registry has an image; `None` where it does not tell.

    What belongs to another registry is only known to one that mirrors all others.
    """
    import urllib3

    found = REFERENCE.fullmatch(image)
    if found is None:
        return None
    host, name = _split(image.partition("@")[0].removesuffix(f":{found['tag']}" if found["tag"] else ""))
    if host != registry and not is_mirror:
        return None
    names = [name] if host == registry else [name, f"{host}/{name}"]
    wanted = found["digest"] or found["tag"] or "latest"
    statuses = []
    pool = urllib3.PoolManager(timeout=ANSWER_S, retries=False)
    try:
        for each in names:
            answer = pool.request("HEAD", f"http://{registry}/v2/{each}/manifests/{wanted}", headers={"Accept": TYPES})
            statuses.append(answer.status)
    except (urllib3.exceptions.HTTPError, OSError):
        return None
    finally:
        pool.clear()
    if 200 in statuses:
        return True
    return False if set(statuses) == {404} else None


def _split(name: str) -> tuple[str, str]:
    """Return host and path of an image's name, as nodes complete it."""
    first, _, rest = name.partition("/")
    if rest and ("." in first or ":" in first or first == "localhost"):
        return first, rest
    return "docker.io", name if rest else f"library/{name}"
