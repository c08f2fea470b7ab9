"""Where the files lie that a started compose project mounts: below a copy of the submission, none inside another.

A program that may write to a folder can put a link in the place of what lies in it. Docker follows links when it
mounts, so that a service started later would be given whatever the link names. Hence what lies inside of another
mounted folder gets a place of its own, and is mounted over its old place wherever that is seen: both still share it.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable, Mapping
from typing import Any

from infra_grader.model.record import Record


class Binds(Record):
    """Where each mounted path of the submission lies."""

    copy: str
    """Folder of the copy."""
    moved: Mapping[str, str] = {}
    """Paths that lie inside of another mounted one, with their own places."""
    sources: tuple[str, ...] = ()
    """All mounted paths."""

    def place(self, path: str) -> str:
        """Return where a path of the submission is mounted from."""
        return self.moved.get(path) or posixpath.normpath(posixpath.join(self.copy, path))

    def mounts(self, mount: Mapping[str, Any], path: str) -> list[dict[str, Any]]:
        """Return the mount of a path, and those of what lies inside of it and has a place of its own."""
        options = {"bind": {"create_host_path": False}, "read_only": bool(mount.get("read_only"))}
        made = [{"type": "bind", "source": self.place(path), "target": mount["target"], **options}]
        for inner, place in self.moved.items():
            if is_inside(inner, path):
                target = posixpath.join(mount["target"], posixpath.relpath(inner, path))
                made.append({"type": "bind", "source": place, "target": target, **options})
        return made


def lay_out_binds(paths: Iterable[str], copy: str, places: str) -> Binds:
    """Return where to mount paths of the submission from: `copy` has all of it, own places are below `places`."""
    sources = tuple(sorted({posixpath.normpath(path) for path in paths}))
    nested = [path for path in sources if any(is_inside(path, other) for other in sources)]
    moved = {path: posixpath.join(places, str(number)) for number, path in enumerate(nested)}
    return Binds(copy=copy, moved=moved, sources=sources)


def is_inside(path: str, folder: str) -> bool:
    """Whether a path lies below a folder, both relative to the submission and normalised."""
    return path != folder and (folder == "." or path.startswith(folder.rstrip("/") + "/"))
