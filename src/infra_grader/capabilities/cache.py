"""Where what can be made again is kept."""

from __future__ import annotations

import os
import sys
from pathlib import Path


def cache_folder() -> Path | None:
    """Return the folder for what can be made again, by the platform's custom; `None` where it has no absolute place.

    A relative one would lie in whatever folder this is run in, which may be the submission.
    """
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.expanduser("~\\AppData\\Local")
    elif sys.platform == "darwin":
        base = os.path.expanduser("~/Library/Caches")
    else:
        base = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")
    return Path(base, "infra-grader") if os.path.isabs(base) else None
