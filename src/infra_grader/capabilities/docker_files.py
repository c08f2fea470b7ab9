"""Files of a container, read and laid into it by way of the daemon: no path of this machine is followed."""

from __future__ import annotations

import io
import posixpath
import tarfile
from collections.abc import Mapping
from contextlib import suppress

from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.docker_running import RunningContainer
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.capabilities.sandbox import MIB
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

MOST_BYTES = 32 * MIB
MAX_ACCOUNTS_BYTES = MIB


class Entry(Record):
    """A file or folder of a container."""

    mode: int
    uid: int
    gid: int
    content: bytes | None
    """What a file holds; `None` for a folder."""


def read_below(container: RunningContainer, path: str) -> dict[str, Entry]:
    """Return a file, or all below a folder, by their whole paths; links are left out. Nothing where it is not there.

    Raises `NotAssessed` where it is too much.
    """
    import docker.errors

    packed = bytearray()
    with answering():
        try:
            blocks, _ = container.docker.api.get_archive(container.key, path)
        except docker.errors.NotFound:
            return {}
        for block in blocks:
            packed += block
            if len(packed) > MOST_BYTES:
                raise NotAssessed(f"{path} of a container holds too much to be copied.", "Look at it by hand.")
    found: dict[str, Entry] = {}
    above = posixpath.dirname(path.rstrip("/"))
    with suppress(tarfile.TarError), tarfile.open(fileobj=io.BytesIO(bytes(packed))) as archive:
        for item in archive:
            if item.isfile() or item.isdir():
                file = archive.extractfile(item) if item.isfile() else None
                found[posixpath.normpath(posixpath.join(above or "/", item.name))] = Entry(
                    mode=item.mode, uid=item.uid, gid=item.gid, content=file.read() if file else None
                )
    return found


def lay_into(container: RunningContainer, entries: Mapping[str, Entry]) -> None:
    """Put files and folders into a container at their whole paths; it need not run."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as archive:
        for path, entry in sorted(entries.items()):
            item = tarfile.TarInfo(path.lstrip("/"))
            item.mode, item.uid, item.gid = entry.mode, entry.uid, entry.gid
            if entry.content is None:
                item.type = tarfile.DIRTYPE
                archive.addfile(item)
            else:
                item.size = len(entry.content)
                archive.addfile(item, io.BytesIO(entry.content))
    with answering():
        container.docker.api.put_archive(container.key, "/", packed.getvalue())


def read_accounts(docker_run: LiveDocker, image: str) -> str:
    """Return an image's `/etc/passwd`, taken from a container that is never started; nothing where it has none."""
    import docker.errors

    with answering():
        made = docker_run.api.create_container(image, ["none"], labels=docker_run.labels)
        try:
            blocks, _ = docker_run.api.get_archive(made["Id"], "/etc/passwd")
            content = b"".join(blocks)
        except docker.errors.NotFound:
            return ""
        finally:
            docker_run.api.remove_container(made["Id"], force=True, v=True)
    with tarfile.open(fileobj=io.BytesIO(content)) as tar:
        found = next((tar.extractfile(member) for member in tar if member.isfile()), None)
        return found.read(MAX_ACCOUNTS_BYTES).decode("utf-8", "replace") if found else ""
