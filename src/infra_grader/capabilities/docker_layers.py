"""The files of an image, layer by layer, read from `docker save` as it streams past; nothing is unpacked."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Callable, Iterator
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.docker import answering
from infra_grader.capabilities.live_docker import LiveDocker
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.record import Record

MAX_FILES = 1_000_000
MAX_KEPT_BYTES = 64 * 1024 * 1024
"""Of the contents that are kept of all files."""
MAX_TEXT_BYTES = 4 * 1024 * 1024
BUFFER = 128 * 1024
REMOVED = ".wh."
EMPTIED = ".wh..wh..opq"


class Layer(Record):
    """What one layer adds to the image below it."""

    files: dict[str, int]
    """Sizes of the files and links, by path without a leading slash."""
    contents: dict[str, bytes]
    """Contents of the files that were asked for."""
    removed: frozenset[str] = frozenset()
    """Files and folders of the layers below that are gone."""
    emptied: frozenset[str] = frozenset()
    """Folders of which nothing of the layers below is left."""

    @property
    def size(self) -> int:
        """Bytes of its files."""
        return sum(self.files.values())


class Step(Record):
    """What the image says of the instruction that made a part of it."""

    text: str
    layer: int | None
    """Number of the layer that it made, from 0; `None` where it made none."""


class SavedImage(Record):
    """The layers of an image, the lowest first, and the steps that made it, the first one first."""

    layers: tuple[Layer, ...]
    steps: tuple[Step, ...]


def read_layers(docker: LiveDocker, image: str, wants: Callable[[str, int], bool], deadline: Deadline) -> SavedImage:
    """Return the layers of an image, with the contents of the files that `wants` chooses, and its history.

    `wants` is asked with the path and the size of each file. Raises `NotAssessed` for an image with too many files.
    """
    with answering():
        saved = _Saved(wants, deadline)
        stream = _Stream(docker.api.get_image(image), deadline)
        try:
            with tarfile.open(fileobj=stream, mode="r|") as tar:
                for member in tar:
                    saved.take(tar, member)
            return saved.image()
        except (tarfile.TarError, ValueError, LookupError, TypeError, AttributeError) as error:
            raise NotAssessed("What Docker saves of the image cannot be read.", "Try `docker save` by hand.") from error


class _Saved:
    """What has streamed past of an image: its layers and its description, of which the order comes last."""

    def __init__(self, wants: Callable[[str, int], bool], deadline: Deadline) -> None:
        self._wants = wants
        self._deadline = deadline
        self._budget = _Budget()
        self._layers: dict[str, Layer] = {}
        self._texts: dict[str, bytes] = {}
        self._same: dict[str, str] = {}

    def take(self, tar: tarfile.TarFile, member: tarfile.TarInfo) -> None:
        """Read one part of the image."""
        if member.issym():
            self._same[member.name] = member.linkname.removeprefix("../")
        elif not member.isfile():
            return
        elif member.name.endswith(".json"):
            self._texts[member.name] = _opened(tar, member).read(MAX_TEXT_BYTES)
        elif member.name.endswith("/layer.tar") or "/sha256/" in f"/{member.name}":
            stream = io.BufferedReader(_opened(tar, member), BUFFER)
            if stream.peek(1)[:1] == b"{":  # a description, which newer versions keep beside the layers
                self._texts[member.name] = stream.read(MAX_TEXT_BYTES)
            else:
                self._layers[member.name] = _layer(stream, self._wants, self._budget, self._deadline)

    def image(self) -> SavedImage:
        """Return what has been read, in order. Raises `LookupError`, `TypeError` or `ValueError` if that is not all."""
        manifest = json.loads(self._texts["manifest.json"])[0]
        layers = tuple(self._layers[self._same.get(name, name)] for name in manifest["Layers"])
        steps: list[Step] = []
        made = 0
        for entry in json.loads(self._texts[manifest["Config"]]).get("history") or ():
            is_empty = bool(entry.get("empty_layer"))
            steps.append(Step(text=str(entry.get("created_by", "")), layer=None if is_empty else made))
            made += not is_empty
        return SavedImage(layers=layers, steps=tuple(steps))


class _Budget:
    """How much of an image is still looked at."""

    def __init__(self) -> None:
        self.files = MAX_FILES
        self.kept = MAX_KEPT_BYTES


def _layer(stream: Any, wants: Callable[[str, int], bool], budget: _Budget, deadline: Deadline) -> Layer:
    """Return a layer from its tar, packed or not."""
    files: dict[str, int] = {}
    contents: dict[str, bytes] = {}
    removed: set[str] = set()
    emptied: set[str] = set()
    with tarfile.open(fileobj=stream, mode="r|*") as layer:
        for member in layer:
            deadline.check()
            budget.files -= 1
            if budget.files < 0:
                raise NotAssessed(f"The image has more than {MAX_FILES} files.", "Look at it by hand.")
            path = member.name.removeprefix("./").strip("/")
            folder, _, name = path.rpartition("/")
            if name == EMPTIED:
                emptied.add(folder)
            elif name.startswith(REMOVED):
                removed.add(f"{folder}/{name[len(REMOVED) :]}".lstrip("/"))
            elif not member.isdir():
                files[path] = member.size
                if member.isfile() and member.size <= budget.kept and wants(path, member.size):
                    budget.kept -= member.size
                    contents[path] = _opened(layer, member).read()
            layer.members = []  # type: ignore[attr-defined]  # else it remembers every file
    return Layer(
        files=files,
        removed=frozenset(removed),
        emptied=frozenset(emptied),
        contents=contents,
    )


def _opened(tar: tarfile.TarFile, member: tarfile.TarInfo) -> Any:
    found = tar.extractfile(member)
    return found if found is not None else io.BytesIO()


class _Stream(io.RawIOBase):
    """The blocks that Docker sends, as a file that is read once."""

    def __init__(self, blocks: Iterator[bytes], deadline: Deadline) -> None:
        super().__init__()
        self._blocks = iter(blocks)
        self._deadline = deadline
        self._rest = memoryview(b"")

    def readable(self) -> bool:
        """Return that it can be read."""
        return True

    def read(self, size: int = -1) -> bytes:
        """Return that many bytes, fewer only at the end."""
        taken: list[bytes] = []
        wanted = size
        while wanted:
            if not self._rest:
                self._deadline.check()
                block = next(self._blocks, b"")
                if not block:
                    break
                self._rest = memoryview(block)
            part = self._rest if wanted < 0 else self._rest[:wanted]
            self._rest = self._rest[len(part) :]
            wanted -= len(part) if wanted > 0 else 0
            taken.append(bytes(part))
        return b"".join(taken)
