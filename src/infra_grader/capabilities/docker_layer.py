"""An image with one more layer on it: files of ours, and variables by which the programs in it find them.

Nothing is run for it, and all else of the image stays: its user, its command, what else its variables say.
"""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from infra_grader.capabilities.docker import answering
from infra_grader.model.record import Record

PYTHON_PATH = "PYTHONPATH"
LEFT_OUT = frozenset({"__pycache__"})


class Layer(Record):
    """What is laid on an image."""

    files: Mapping[str, Path] = {}
    """Files and folders of ours by their absolute places inside; everybody may read them, nobody but root write."""
    variables: Mapping[str, str] = {}
    """Variables in place of the image's own of that name; what a container is given besides comes before them."""
    python_path: tuple[str, ...] = ()
    """Folders inside in which Python looks before those that the image's own PYTHONPATH names."""


@contextmanager
def layered(api: Any, image: str, layer: Layer) -> Iterator[str]:
    """Give the id of an image with a layer on it, which is there as long as the block runs.

    The labels of the image are those of the new one too, so that who finds the one by them finds the other.
    """
    import docker.errors

    with answering():
        config = api.inspect_image(image).get("Config") or {}
        variables = with_python_path(layer.variables, layer.python_path, config)
        made = api.create_container(image, environment=dict(variables))["Id"]
        try:
            api.put_archive(made, "/", packed(layer.files))
            key = str(api.commit(made)["Id"])
        finally:
            api.remove_container(made, v=True, force=True)
    try:
        yield key
    finally:
        with answering(), suppress(docker.errors.NotFound):
            api.remove_image(key, force=True, noprune=True)


def with_python_path(
    variables: Mapping[str, str], folders: Sequence[str], config: Mapping[str, Any]
) -> Mapping[str, str]:
    """Return variables with the folders in which Python looks first; after them come those that are named already.

    `config` is what Docker says of the image: its variables hold where these name no PYTHONPATH.
    """
    if not folders:
        return variables
    own = dict(line.split("=", 1) for line in config.get("Env") or () if "=" in line)
    after = variables.get(PYTHON_PATH, own.get(PYTHON_PATH, ""))
    return {**variables, PYTHON_PATH: ":".join(filter(None, [*folders, after]))}


def packed(files: Mapping[str, Path]) -> bytes:
    """Return files and folders by their places, as a tar that is the same wherever and whenever it is made."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for place, source in sorted(files.items()):
            for path in sorted([source, *source.rglob("*")]) if source.is_dir() else [source]:
                inside = path.relative_to(source)
                if not LEFT_OUT & set(inside.parts):
                    _add(archive, f"{place.strip('/')}/{inside.as_posix()}".removesuffix("/."), path)
    return out.getvalue()


def _add(archive: tarfile.TarFile, name: str, path: Path) -> None:
    item = tarfile.TarInfo(name)
    if path.is_dir():
        item.type, item.mode = tarfile.DIRTYPE, 0o755
        archive.addfile(item)
    else:
        content = path.read_bytes()
        item.size, item.mode = len(content), 0o644
        archive.addfile(item, io.BytesIO(content))
