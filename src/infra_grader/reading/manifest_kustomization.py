"""Kustomizations of a submission: what they name, and what they build, without network or plugins."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path as Folder
from typing import Any, NamedTuple

from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.manifest import Manifest, ManifestSet, Path, Place
from infra_grader.reading.manifest_files import KUSTOMIZATIONS, joined, read_manifests
from infra_grader.reading.manifest_tool import at_start, copy_files, run_renderer
from infra_grader.reading.yaml import Document, YamlError, read_document

REMEDY = "Install kubectl, or `go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1`."
ORIGIN = "config.kubernetes.io/origin"
FOLDERS = ("resources", "bases", "components")
LISTS = ("crds", "configurations", "generators", "transformers", "validators", "patchesStrategicMerge")
ENTRIES = ("patches", "patchesJson6902", "replacements")
GENERATORS = ("configMapGenerator", "secretGenerator")
REMOTE = re.compile(r"(?:https?|ssh|git|file)://|git@|git::|[\w.-]+\.(?:com|org|net|io|dev)[/:]|.*\?(?:ref|version)=")
MOST_FOLDERS = 100


class Named(NamedTuple):
    """Something that a kustomization names by its path."""

    field: Path
    written: str
    may_be_folder: bool


class Kustomization(Record):
    """A kustomization with all that it builds on."""

    folder: str
    path: str
    documents: dict[str, Document]
    """The kustomization files that take part, by path."""
    files: tuple[str, ...]
    """All files that take part."""

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"the kustomization {self.folder or '.'}"


def find_kustomization(context: Context, places: Sequence[str]) -> str:
    """Return the folder of the first kustomization that the places name. Raises `CheckFailed` if there is none."""
    workspace = context.workspace.view(allow_starter=True)
    for place in places:
        folder = place.removeprefix("./").rstrip("/")
        if folder.rpartition("/")[2] in KUSTOMIZATIONS:
            folder = folder.rpartition("/")[0]
        for name in KUSTOMIZATIONS:
            if found := workspace.find(joined("" if folder == "." else folder, name)):
                return found[0].rpartition("/")[0]
    raise CheckFailed(
        f"There is no kustomization in {' or '.join(places)}.",
        Evidence(path=joined(places[0], KUSTOMIZATIONS[0]), expected="a kustomization", actual="not there"),
    )


def open_kustomization(context: Context, folder: str) -> Kustomization:
    """Return a kustomization and what it names. Raises `CheckFailed` for what is missing or not the learner's.

    Raises `NotAssessed` where it builds on something that would have to be fetched.
    """
    found: Kustomization = context.shared(("kustomization", folder), lambda: _follow(context, folder))
    if not any(not context.workspace.is_starter_work(path) for path in found.files):
        raise CheckFailed(
            f"{at_start(found.title)} is what was handed out, unchanged.",
            Evidence(path=found.path, expected="your own work", actual="the starter's files"),
        )
    return found


def build_kustomization(context: Context, folder: str) -> ManifestSet:
    """Return the objects that a kustomization builds, once a submission.

    Raises `CheckFailed` where it does not build, `NotAssessed` where the program for it is missing.
    """
    kustomization = open_kustomization(context, folder)
    built: ManifestSet = context.shared(("kustomize.build", folder), lambda: _build(context, kustomization))
    return built


def _follow(context: Context, folder: str) -> Kustomization:
    """Walk from a kustomization to all that it names."""
    workspace = context.workspace.view(allow_starter=True)
    there = frozenset(workspace.all_files())
    documents: dict[str, Document] = {}
    files: dict[str, None] = {}
    waiting = [folder]
    first = ""
    while waiting:
        here = waiting.pop()
        path = next((each for name in KUSTOMIZATIONS if (each := joined(here, name)) in there), "")
        if path in documents:
            continue
        first = first or path
        if len(documents) >= MOST_FOLDERS:
            raise CheckFailed(f"{first} builds on more than {MOST_FOLDERS} kustomizations.", Evidence(path=first))
        documents[path] = document = _read(context, path)
        files[path] = None
        for named in named_paths(document.data):
            target = joined(here, named.written)
            if target in there:
                files[target] = None
            elif named.may_be_folder and any(joined(target, name) in there for name in KUSTOMIZATIONS):
                waiting.append(target)
            else:
                raise _unresolved(path, document, named, there, target)
    return Kustomization(folder=folder, path=first, documents=documents, files=tuple(files))


def _unresolved(
    path: str, document: Document, named: Named, there: frozenset[str], target: str
) -> CheckFailed | NotAssessed:
    line = document.place(named.field).line
    written = f"{named.field[0]}: {named.written[:160]}"
    if REMOTE.match(named.written):
        return NotAssessed(
            f"{path} builds on {named.written[:160]}, which cannot be fetched here.",
            "Copy what it names into the repository, then grade again.",
            Evidence(path=path, line=line, expected="something in the submission", actual=named.written[:160]),
        )
    is_folder = any(each.startswith(f"{target}/") for each in there)
    seen = "a folder without a kustomization" if is_folder else "not there"
    return CheckFailed(
        f"{path} names {named.written[:160]}, which is {seen}.",
        Evidence(path=path, line=line, expected="a file or a kustomization", actual=seen, text=written),
    )


def named_paths(data: object) -> Iterator[Named]:
    """Yield the paths that a kustomization names; patches and generators that are written out inside it are none."""
    fields = data if isinstance(data, dict) else {}
    for key in (*FOLDERS, *LISTS):
        for number, item in enumerate(_listed(fields.get(key))):
            if isinstance(item, str) and "\n" not in item:
                yield Named((key, number), item, key not in ("patchesStrategicMerge", "crds", "configurations"))
    for key in ENTRIES:
        for number, item in enumerate(_listed(fields.get(key))):
            if isinstance(item, dict) and isinstance(item.get("path"), str):
                yield Named((key, number, "path"), item["path"], may_be_folder=False)
    for key in GENERATORS:
        for number, item in enumerate(_listed(fields.get(key))):
            yield from _generated(key, number, item)
    openapi = fields.get("openapi")
    if isinstance(openapi, dict) and isinstance(openapi.get("path"), str):
        yield Named(("openapi", "path"), openapi["path"], may_be_folder=False)


def _generated(key: str, number: int, item: object) -> Iterator[Named]:
    """Yield the files out of which a ConfigMap or a Secret is generated."""
    fields = item if isinstance(item, dict) else {}
    for name in ("files", "envs"):
        for place, written in enumerate(_listed(fields.get(name))):
            if isinstance(written, str):
                file = written.rpartition("=")[2] if name == "files" else written
                yield Named((key, number, name, place), file, may_be_folder=False)
    if isinstance(fields.get("env"), str):
        yield Named((key, number, "env"), fields["env"], may_be_folder=False)


def _listed(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _read(context: Context, path: str) -> Document:
    content = context.workspace.view(allow_starter=True).read_bytes(path)
    try:
        document = read_document(content)
    except YamlError as error:
        raise CheckFailed(
            f"{path} is not valid YAML on line {error.line}: {error.message}.",
            Evidence(path=path, line=error.line, expected="valid YAML", actual=error.message),
        ) from error
    if not isinstance(document.data, dict):
        raise CheckFailed(f"{path} is empty.", Evidence(path=path, expected="a kustomization", actual="nothing"))
    return document


def _build(context: Context, kustomization: Kustomization) -> ManifestSet:
    place = Folder(tempfile.mkdtemp(prefix="kustomization-", dir=context.command.scratch))
    copy_files(context.workspace, kustomization.files, place / "work")
    # Around the learner's own: asks for the file that each object comes from, and changes nothing.
    (place / "kustomization.yaml").write_text(
        f'{{"resources": ["work/{kustomization.folder}"], "buildMetadata": ["originAnnotations"]}}', encoding="utf-8"
    )
    # Without a PATH it starts no other program; `git` would fetch what we have overlooked.
    output = run_renderer(context, [*_program(context), str(place)], kustomization.title, {"PATH": os.devnull})
    if output.exit_status:
        problem = " ".join(output.stderr.replace(f"{place}/work/", "").replace(f"{place}", ".").split())
        problem = problem.removeprefix("error: ").removeprefix("Error: ")[:400]
        raise CheckFailed(
            f"{at_start(kustomization.title)} does not build: {problem.rstrip('.')}.",
            Evidence(path=kustomization.path, expected="a kustomization that builds", actual=problem),
        )
    objects, _ = read_manifests(kustomization.path, output.stdout)
    sources = _Sources(context, kustomization)
    return ManifestSet(
        source=kustomization.title,
        objects=tuple(sources.manifest(data) for data, _ in objects),
        spent=tuple(_spent(context, kustomization)),
    )


def _spent(context: Context, kustomization: Kustomization) -> Iterator[tuple[str, str]]:
    """Yield kind and name of what replacements and vars copy into other objects; the one may be left out."""
    workspace = context.workspace.view(allow_starter=True)
    for path, document in kustomization.documents.items():
        for item in _listed(document.data.get("vars")):
            yield _kind_and_name(item, "objref")
        for item in _listed(document.data.get("replacements")):
            data = item
            if isinstance(item, dict) and isinstance(item.get("path"), str):
                content = workspace.read_bytes(joined(path.rpartition("/")[0], item["path"]))
                with suppress(YamlError):  # kustomize has read it, and may know more of YAML
                    data = read_document(content).data
            yield from (_kind_and_name(each, "source") for each in (data if isinstance(data, list) else [data]))


def _kind_and_name(item: Any, key: str) -> tuple[str, str]:
    named = item.get(key) if isinstance(item, dict) else None
    fields = named if isinstance(named, dict) else {}
    return str(fields.get("kind") or ""), str(fields.get("name") or "")


def _program(context: Context) -> list[str]:
    try:
        return [context.command.find_tool("kustomize", REMEDY), "build"]
    except NotAssessed:
        return [context.command.find_tool("kubectl", REMEDY), "kustomize"]


class _Sources:
    """The files that built objects come from, each read once."""

    def __init__(self, context: Context, kustomization: Kustomization) -> None:
        self._workspace = context.workspace.view(allow_starter=True)
        self._kustomization = kustomization
        self._read: dict[str, list[Manifest]] = {}

    def manifest(self, data: dict[str, Any]) -> Manifest:
        """Return a built object; its places are those of the object in the file that it comes from."""
        origin = self._take_origin(data)
        same = [each for each in self._objects(origin) if each.kind == data.get("kind")]
        fallback = origin or self._kustomization.path
        return Manifest(data=data, locate=_InSource(fallback, data, same[0] if len(same) == 1 else None))

    def _take_origin(self, data: dict[str, Any]) -> str:
        """Remove the note about an object's origin, and return the file in it."""
        metadata = data.get("metadata")
        annotations = metadata.get("annotations") if isinstance(metadata, dict) else None
        if not isinstance(metadata, dict) or not isinstance(annotations, dict):
            return ""
        note = annotations.pop(ORIGIN, None)
        if not annotations:
            del metadata["annotations"]
        found = re.search(r"^(?:path|configuredIn): work/(.+)$", note, re.MULTILINE) if isinstance(note, str) else None
        return found[1] if found and found[1] in self._kustomization.files else ""

    def _objects(self, path: str) -> list[Manifest]:
        if path not in self._read:
            try:
                objects, _ = read_manifests(path, self._workspace.read_text(path)) if path else ([], [])
            except (CheckFailed, NotAssessed):
                objects = []
            self._read[path] = [Manifest(data=data, locate=locate) for data, locate in objects]
        return self._read[path]


class _InSource:
    """Finds a field in the file from which an object was built; no line where a patch has changed it."""

    def __init__(self, path: str, built: dict[str, Any], source: Manifest | None) -> None:
        self._path = path
        self._built = built
        self._source = source

    def __call__(self, path: Path) -> Place:
        if self._source is None:
            return self._path, None
        before = self._source.field(*path)
        after = Manifest(data=self._built, locate=self).field(*path)
        is_same = before.is_there and (before.value == after.value or isinstance(after.value, dict | list))
        return self._source.locate(path) if is_same else (self._path, None)
