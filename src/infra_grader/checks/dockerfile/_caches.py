"""Whether an installation leaves the cache of pip or uv in the image."""

from __future__ import annotations

from infra_grader.checks.dockerfile._installs import Install, has_cache_mount

PIP_CACHES = ("pip", "uv", "/root/.cache", "/.cache")
BOOLEANS = frozenset({"1", "true", "yes", "on", "0", "false", "no", "off"})
"""Values by which PIP_NO_CACHE_DIR switches the cache off: all that pip understands, those that say no too."""


def is_tidy_pip(install: Install) -> bool:
    """Whether pip or uv is told to keep no cache, keeps it outside of the image, or has it removed after it."""
    words = install.command.words
    if "--no-cache-dir" in words or "--no-cache" in words or has_cache_mount(install.item, *PIP_CACHES):
        return True
    lookup = install.stage.image.lookup
    if "uv" in words[:1]:
        switched = (lookup("UV_NO_CACHE") or "").lower() in ("1", "true", "yes", "on")
    else:
        switched = (lookup("PIP_NO_CACHE_DIR") or "").lower() in BOOLEANS
    return switched or is_removed(install, "cache") or "PIP_NO_CACHE_DIR=1" in install.item.text


def is_removed(install: Install, place: str) -> bool:
    """Whether a command after it in the same RUN removes a folder; pip itself can remove its cache."""
    return any(
        (one.program in ("rm", "find") or (one.program == "pip" and one.arguments[:1] == ("cache",)))
        and any(place in word for word in one.arguments)
        for one in install.after
    )
