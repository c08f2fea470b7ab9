"""Secrets taken out of what was seen, before it is kept."""

from __future__ import annotations

import re
from typing import Any

from infra_grader.reading.secret_names import PASSWORD_IN_URL, is_secret_name

MASK = "***"
LAST_APPLIED = "kubectl.kubernetes.io/last-applied-configuration"
ASSIGNED = re.compile(r"""(?<![\w.])([A-Za-z_][A-Za-z0-9_]*)=(?:"[^"\n]+"|'[^'\n]+'|[^\s"'$]+)""")
GIVEN = re.compile(
    r"(?i)((?:authorization:\s*(?:bearer|basic|token)|--(?:password|token|api-key)[ =])\s*)[^\s\"'${]{8,}"
)


def masked(plain: Any) -> Any:
    """Return plain data without its secrets: what Secrets hold, variables named like one, passwords in addresses.

    Everything else stays as it is, so that it can be judged again.
    """
    if isinstance(plain, dict):
        return {name: _member(plain, name, value) for name, value in plain.items()}
    if isinstance(plain, list | tuple):
        return [masked(member) for member in plain]
    return _text(plain) if isinstance(plain, str) else plain


def _member(of: dict[Any, Any], name: Any, value: Any) -> Any:
    is_secret = of.get("kind") == "Secret"
    if is_secret and name in ("data", "stringData") and isinstance(value, dict):
        return dict.fromkeys(value, MASK)
    if is_secret and name == "metadata" and isinstance(value, dict):  # where kubectl keeps what it was given
        notes = value.get("annotations")
        if isinstance(notes, dict) and LAST_APPLIED in notes:
            return masked({**value, "annotations": {**notes, LAST_APPLIED: MASK}})
    if name == "value" and isinstance(value, str) and isinstance(of.get("name"), str) and is_secret_name(of["name"]):
        return MASK
    return masked(value)


def _text(text: str) -> str:
    """Return a text without values, but with what tells that there was one."""
    if "=" in text:
        text = ASSIGNED.sub(_assigned, text)
    if "://" in text:
        text = PASSWORD_IN_URL.sub(f"://{MASK}:{MASK}@", text)
    return GIVEN.sub(rf"\1{MASK * 3}", text)


def _assigned(found: re.Match[str]) -> str:
    return f"{found[1]}={MASK}" if is_secret_name(found[1]) else found[0]
