"""The places on disk from which a started compose project mounts, all of them ours."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading.compose_binds import Binds, lay_out_binds
from infra_grader.reading.compose_model import CLOCKS, mount_topic
from infra_grader.reading.submission_copy import open_folders


class Located:
    """Finds paths of the submission in its copy, with links followed."""

    def __init__(self, top: str) -> None:
        self.top = top

    def __call__(self, path: str) -> str | None:
        """Return the path in the submission, or `None` for what lies outside."""
        if not path.startswith("/") or "\0" in path:
            return None
        real = os.path.realpath(path)
        if real == self.top:
            return "."
        return os.path.relpath(real, self.top) if real.startswith(self.top + os.sep) else None


def lay_out(model: Mapping[str, Any], located: Located, places: Path) -> Binds:
    """Return where to mount from what the services mount, all laid out; what is not there is made, as Docker does."""
    paths: list[str] = []
    for service in model["services"].values():
        for mount in service.get("volumes") or ():
            source = str(mount.get("source"))
            if mount.get("type") != "bind" or mount_topic(mount, located) or source in CLOCKS:
                continue
            if not os.path.exists(source):
                if (mount.get("bind") or {}).get("create_host_path") is False:
                    raise CheckFailed(f"{located(source)} is mounted and is not there.", Evidence(path=located(source)))
                os.makedirs(source, exist_ok=True)
                open_folders(Path(source))
            paths.append(located(source) or ".")
    binds = lay_out_binds(paths, located.top, str(places))
    for path, place in binds.moved.items():
        source = os.path.join(binds.copy, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if os.path.isdir(source):
            shutil.copytree(source, place, symlinks=True)
            open_folders(Path(place))
        else:
            shutil.copy2(source, place)
    return binds


def lay_out_files(
    model: Mapping[str, Any], located: Located, places: Path, settings: Mapping[str, str]
) -> dict[str, str]:
    """Return files with what configs and secrets hold, by their paths in the submission, or as `$NAME` of a setting."""
    made: dict[str, str] = {}
    for kind in ("configs", "secrets"):
        for item in (model.get(kind) or {}).values():
            if name := str((item or {}).get("environment") or ""):
                places.mkdir(exist_ok=True)
                target = places / str(len(made))
                target.write_text(settings.get(name, ""), "utf-8")
                made[f"${name}"] = str(target)
                continue
            path = located(str((item or {}).get("file") or ""))
            if path is None or path in made:
                continue
            source, target = os.path.join(located.top, path), places / str(len(made))
            if not os.path.isfile(source):
                raise CheckFailed(f"{path}, which {kind} name, is no file of the submission.", Evidence(path=path))
            target.parent.mkdir(exist_ok=True)
            shutil.copyfile(source, target)
            os.chmod(target, 0o644)
            made[path] = str(target)
    return made
