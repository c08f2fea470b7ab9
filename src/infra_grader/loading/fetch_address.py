"""Addresses of repositories in what git says: they are left out of what is kept, as they often name an account."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import unquote, urlsplit

CREDENTIALS = re.compile(r"(\w+://)[^/@\s]+@")
QUOTED = re.compile(r"'\w+://[^/'\s]+/[^'\s]+'|(?<=redirecting to )\S+")
"""An address as git itself writes it, also one that a setting or the server put in the place of ours; not a host."""
NAMED = "the repository"


def without_address(text: str, source: str) -> str:
    """Return a message of git's with "the repository" for its address or path, and without credentials of any."""
    text = QUOTED.sub(NAMED, CREDENTIALS.sub(r"\1", text))
    for name in sorted(set(_names(source)), key=len, reverse=True):
        text = re.sub(rf"(?<![\w./-]){re.escape(name)}(?:/\.git|\.git)?/?(?![\w-])", NAMED, text)
    return re.sub(rf"(?:\b(?:the )?repository )?(['\"]?){NAMED}\1", NAMED, text, flags=re.IGNORECASE)


def _names(source: str) -> Iterator[str]:
    """Yield what a repository goes by: its address, and its path on the server, of which the account is a part."""
    source = CREDENTIALS.sub(r"\1", source).rstrip("/")
    path = urlsplit(source).path if "://" in source else source.rpartition(":")[2]
    for name in (source, path, unquote(path), unquote(path).lstrip("/")):
        bare = name.removesuffix("/.git").removesuffix(".git")
        # A path of a single name might be any word of a message.
        yield from (each for each in (name, bare) if "/" in each.rstrip("/"))
