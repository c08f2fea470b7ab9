"""What is secret by its name: variables and files; and the forms of passwords in commands."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase

NAME = re.compile(
    r"(?i)(?:^|[_-])(?:password|passwd|passphrase|secret|token|credentials?"
    r"|(?:api|access|secret|private|auth|encryption|fernet|signing)_?key)(?:$|[_-](?:prod|dev|id|base64)$)"
)
"""Names of variables that hold a secret; `TOKEN_FILE`, `MAX_TOKENS`, `API_KEY_HEADER` do not."""
FILES = (".env", ".env.*", "*.env", "id_rsa*", "id_ed25519*", "*.key", ".netrc", ".pypirc", ".npmrc", ".aws", ".ssh",
         "credentials", "credentials.json", "service-account*.json", "kubeconfig", ".kube")  # fmt: skip
EXAMPLES = ("*example*", "*sample*", "*template*", "*.pub", "*.dist")
PASSWORD_IN_URL = re.compile(r"://[^\s/:@\"'$]{1,80}:[^\s/@\"'$]{3,120}@")
BEARER = re.compile(
    r"(?i)(?:authorization:\s*(?:bearer|basic|token)|--(?:password|token|api-key)[ =])\s*[^\s\"'${]{8,}"
)


def is_secret_name(name: str) -> bool:
    """Whether a variable of this name holds a secret."""
    return NAME.search(name) is not None


def is_secret_file(name: str) -> bool:
    """Whether a file or folder of this name, without its path, holds secrets; examples and public keys do not."""
    is_example = any(fnmatchcase(name.lower(), pattern) for pattern in EXAMPLES)
    return not is_example and any(fnmatchcase(name, pattern) for pattern in FILES)
