"""Secrets in the files of an image: which files are looked into, and which are secret by what they hold."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.capabilities.workspace import decode_text
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.secret_names import is_secret_file
from infra_grader.reading.secret_search import find_secrets

MAX_LOOKED_INTO = 64 * 1024
"""Bytes of a file up to which it is searched; larger ones are data or programs."""
INSTALLED = re.compile(
    r"(?:^|/)(?:site-packages|dist-packages|node_modules|\.cargo|go/pkg)/"
    r"|^(?:bin|sbin|lib|lib32|lib64|libx32|boot|dev|proc|sys|run)/"
    r"|^usr/(?:bin|sbin|lib\w*|share|include|local/(?:bin|sbin|lib\w*|share|include|go))/"
    r"|^(?:var/(?:lib|cache|log)|etc/(?:ssl|ca-certificates\w*|pki|apt|alternatives|pam\.d|security))/|^opt/conda/"
)
"""Places that programs are installed to, with the keys of their tests and examples."""
NEEDS_VALUE = re.compile(rb"(?i)auth|password|token|secret|_key|credential")
BY_CONTENT = frozenset({".npmrc", ".pypirc", ".netrc", "credentials", "credentials.json", "kubeconfig", "config"})
"""Files that are secret only with something secret in them."""
PUBLIC = frozenset({"known_hosts", "authorized_keys"})


def is_installed(path: str) -> bool:
    """Whether a file comes with a package, not from the learner."""
    return INSTALLED.search(path) is not None


def is_looked_into(path: str, size: int) -> bool:
    """Whether the content of a file of an image is to be read."""
    return 0 < size <= MAX_LOOKED_INTO and not is_installed(path)


def find_in_file(path: str, content: bytes) -> Iterator[str]:
    """Yield in words what is secret in a file of an image, never its value."""
    *folders, name = path.split("/")
    by_name = is_secret_file(name) and name not in BY_CONTENT
    may_be = is_secret_file(name) or (name not in PUBLIC and any(is_secret_file(folder) for folder in folders))
    if content.strip() and (by_name or (may_be and NEEDS_VALUE.search(content))):
        yield f"the file /{path}"
        return
    try:
        text = decode_text(path, content)
    except CheckFailed:  # no text
        return
    for secret in find_secrets(path, text)[:1]:
        yield f"{secret.kind} in /{path} on line {secret.line}"
