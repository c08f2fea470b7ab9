"""Names of images: their parts, how rubrics name them, and what is known about those that courses build on."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import NamedTuple

REFERENCE = re.compile(r"(?P<name>[^@\s]+?)(?::(?P<tag>[^:/@\s]+))?(?:@(?P<digest>[a-z0-9]+:[0-9a-fA-F]+))?")


class Reference(NamedTuple):
    """An image as it is named in a Dockerfile or a compose file."""

    name: str
    """Without tag, and without `docker.io/library/`."""
    tag: str
    digest: str

    @property
    def is_pinned(self) -> bool:
        """Whether it names a version: a digest, or a tag that does not move by its nature."""
        return bool(self.digest) or (bool(self.tag) and self.tag.lower() not in ("latest", "stable", "edge", "nightly"))

    def __str__(self) -> str:
        """Return the name with its tag."""
        return f"{self.name}:{self.tag}" if self.tag else self.name


def read_reference(text: str) -> Reference:
    """Return the parts of an image's name; what is none stays whole in `name`."""
    found = REFERENCE.fullmatch(text.strip())
    if found is None:
        return Reference(text, "", "")
    name = re.sub(r"\A(?:index\.)?(?:docker\.io|registry-1\.docker\.io)/", "", found["name"])
    return Reference(name.removeprefix("library/"), found["tag"] or "", found["digest"] or "")


def is_named(reference: Reference, patterns: Iterable[str]) -> bool:
    """Whether one of the globs names the image; one without a tag names every tag."""
    whole = str(reference)
    for pattern in patterns:
        text = str(read_reference(pattern)) if "@" not in pattern else pattern
        seen = f"{reference.name}@{reference.digest}" if "@" in pattern else whole
        if fnmatchcase(seen, text) or fnmatchcase(reference.name, text):
            return True
    return False


NON_ROOT = (
    ("apache/airflow", "airflow"),
    ("bitnami/*", "1001"),
    ("cgr.dev/chainguard/*", "nonroot"),
    ("docker.elastic.co/*", "1000"),
    ("gcr.io/distroless/*:*nonroot*", "nonroot"),
    ("grafana/*", "472"),
    ("jenkins/jenkins", "jenkins"),
    ("jupyter/*", "jovyan"),
    ("quay.io/jupyter/*", "jovyan"),
    ("mambaorg/micromamba", "mambauser"),
    ("nginxinc/nginx-unprivileged", "101"),
    ("prom/*", "nobody"),
)
"""Images whose own user is not root."""

SYSTEM_USERS = frozenset(
    {"nobody", "daemon", "bin", "sys", "games", "man", "lp", "mail", "news", "www-data", "backup", "operator", "guest"}
)
"""Users that Debian's and Alpine's images have."""
OWN_USERS = {
    "node": "node",
    "nginx": "nginx",
    "postgres": "postgres",
    "redis": "redis",
    "ubuntu": "ubuntu",
    "rabbitmq": "rabbitmq",
    "memcached": "memcache",
}
"""Official images that bring a user of their own."""
PLAIN = frozenset(
    {"python", "debian", "ubuntu", "alpine", "node", "golang", "rust", "openjdk", "eclipse-temurin", "nginx", "redis",
     "postgres", "busybox", "ruby", "php", "pytorch/pytorch", "nvidia/cuda", "tensorflow/tensorflow",
     "continuumio/miniconda3", "rabbitmq", "memcached"}
)  # fmt: skip
"""Images whose users are known: others may have any."""


def default_user(reference: Reference) -> str:
    """Return the user that an image is known to run as, or nothing where that is root or not known."""
    return next((user for pattern, user in NON_ROOT if is_named(reference, [pattern])), "")


def may_have_user(reference: Reference, user: str) -> bool:
    """Whether an image may bring this user: it is known to, or nothing is known about its users."""
    if reference.name not in PLAIN:
        return reference.name != "scratch"
    return user in SYSTEM_USERS or OWN_USERS.get(reference.name) == user


def lacks_program(reference: Reference, program: str) -> bool:
    """Whether an image is known to come without `curl` or `wget`."""
    slim = any(part in reference.tag for part in ("slim", "alpine"))
    is_alpine = "alpine" in reference.tag or reference.name == "alpine"
    if program == "curl":
        return reference.name in ("debian", "ubuntu", "alpine", "busybox") or (
            slim and reference.name in ("python", "node", "ruby", "golang", "openjdk")
        )
    if program == "wget":
        return reference.name in ("debian", "ubuntu") or (
            slim and not is_alpine and reference.name in ("python", "node", "ruby")
        )
    return False
