"""Kubernetes manifests out of the files of a submission: YAML with several documents, JSON, lists of objects."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from infra_grader.capabilities.workspace import Workspace, decode_text
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.manifest import Fault, Manifest, ManifestSet, Path, Place
from infra_grader.reading.yaml import Document, YamlError, iter_documents

SUFFIXES = (".yaml", ".yml", ".json")
KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
LOOKS_LIKE_ONE = re.compile(r'^[ \t{,]*"?(?:apiVersion|kind)"?[ \t]*:', re.MULTILINE)
SEPARATOR = re.compile(r"^---(?=\s|$)", re.MULTILINE)
EXPRESSION = re.compile(r"^.*\{\{.*$", re.MULTILINE)
MOST_PARTS = 200
"""Documents of a broken file that are looked at one by one."""
MOST_ITEMS = 5000
NOT_FOR_A_CLUSTER = frozenset(
    {"kustomize.config.k8s.io", "kind.x-k8s.io", "skaffold", "kubeadm.k8s.io", "kubelet.config.k8s.io", "audit.k8s.io",
     "k3d.io", "ctlptl.dev", "client.authentication.k8s.io", "apiserver.config.k8s.io", "kubescheduler.config.k8s.io"}
)  # fmt: skip
"""Groups of files that look like manifests, and that programs read without a cluster."""


def read_manifest_files(workspace: Workspace, places: Sequence[str]) -> ManifestSet:
    """Return the objects in all files that the places name: files, folders or globs.

    Charts, kustomizations and the patches that these name are no manifests and are left out, unless a place names
    the file itself. A part that cannot be read is a fault of the set, and the other parts count. Raises
    `CheckFailed` where there is nothing at all.
    """
    everything = workspace.view(allow_starter=True)
    objects: list[Manifest] = []
    faults: list[Fault] = []
    for path in _candidates(everything, places):
        text = _read(everything, path, faults)
        if text is None or not _looks_like_one(path, text):
            continue
        is_given = workspace.is_starter_work(path)
        found, broken = read_manifests(path, text)
        objects += [Manifest(data=data, locate=locate, is_given=is_given) for data, locate in found]
        faults += [] if is_given else broken
    read = ManifestSet(source=_worded(places), objects=tuple(objects), faults=tuple(faults))
    if not objects:
        raise read.absent("Kubernetes manifest")
    return read


def read_manifests(path: str, text: str) -> tuple[list[tuple[dict[str, object], Locate]], list[Fault]]:
    """Return the objects in a text with the way to their places, and what of it cannot be read."""
    objects: list[tuple[dict[str, object], Locate]] = []
    faults: list[Fault] = []
    for document in _documents(path, text, faults):
        objects += _objects(path, document, (), document.data)
    return objects, faults


class Locate:
    """Finds the line of a field in a document."""

    def __init__(self, path: str, document: Document, prefix: Path) -> None:
        self._path = path
        self._document = document
        self._prefix = prefix

    def __call__(self, path: Path) -> Place:
        """Return file and line of the field at a path in the object."""
        return self._path, self._document.key_place((*self._prefix, *path)).line


def _looks_like_one(path: str, text: str) -> bool:
    """Whether a file may hold objects; JSON may stand on one line, with its keys in any order."""
    return '"kind"' in text if path.endswith(".json") else LOOKS_LIKE_ONE.search(text) is not None


def _candidates(workspace: Workspace, places: Sequence[str]) -> Iterator[str]:
    named = {place.removeprefix("./") for place in places}
    found = {path for suffix in SUFFIXES for path in workspace.find_in(places, suffix)} | set(workspace.find(*places))
    charts = chart_folders(workspace)
    patches = _patches(workspace)
    for path in sorted(found):
        folder, _, file = path.rpartition("/")
        if file in KUSTOMIZATIONS or (path not in named and (path in patches or _is_of_chart(f"{folder}/", charts))):
            continue
        yield path


def chart_folders(workspace: Workspace) -> tuple[str, ...]:
    """Return the folders of Helm charts, each with a slash at its end; the root is a slash alone."""
    return tuple(f"{path.rpartition('/')[0]}/" for path in workspace.all_files() if path.split("/")[-1] == "Chart.yaml")


def _is_of_chart(folder: str, charts: Iterable[str]) -> bool:
    """Whether a folder holds a chart's templates or values; its `crds` are plain manifests."""
    for chart in charts:
        inside = folder.removeprefix(chart) if folder.startswith(chart) or chart == "/" else None
        # A chart at the root of a submission has the rest of the work beside it.
        if inside is not None and not inside.startswith("crds/") and (chart != "/" or inside.startswith("templates/")):
            return True
    return False


def _patches(workspace: Workspace) -> set[str]:
    """Return the files that kustomizations use as patches: parts of objects, which are no objects."""
    found: set[str] = set()
    for path in workspace.find(*(f"**/{name}" for name in KUSTOMIZATIONS)):
        folder = path.rpartition("/")[0]
        try:
            documents = list(iter_documents(workspace.read_bytes(path)))
        except (YamlError, CheckFailed, NotAssessed):
            continue
        for document in documents:
            found.update(joined(folder, patch) for patch in _patch_paths(document.data))
    return found


def _patch_paths(data: object) -> Iterator[str]:
    for key in ("patches", "patchesJson6902", "patchesStrategicMerge"):
        listed = data.get(key) if isinstance(data, dict) else None
        for item in listed if isinstance(listed, list) else []:
            patch = item.get("path") if isinstance(item, dict) else item
            if isinstance(patch, str) and "\n" not in patch:
                yield patch


def joined(folder: str, path: str) -> str:
    """Return a path that is written relative to a folder as one relative to the root; `..` is followed."""
    parts: list[str] = [part for part in folder.split("/") if part]
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _read(workspace: Workspace, path: str, faults: list[Fault]) -> str | None:
    """Return the text of a file; what is no text is a fault where it would be a manifest."""
    try:
        content = workspace.read_bytes(path)
    except CheckFailed as verdict:
        faults.append(Fault(path=path, line=None, problem=verdict.message, text=""))
        return None
    try:
        return decode_text(path, content)
    except CheckFailed as verdict:
        text = content.decode("latin-1")
        if LOOKS_LIKE_ONE.search(text):
            line = verdict.evidence[0].line if verdict.evidence else None
            faults.append(Fault(path=path, line=line, problem="it is not text in UTF-8", text=text))
        return None


def _documents(path: str, text: str, faults: list[Fault]) -> Iterator[Document]:
    """Yield the documents of a text. Where one is broken the others are read all the same, as kubectl does."""
    if path.endswith(".json"):
        text = text.replace("\t", " ")  # allowed between the values of JSON, nowhere in YAML's indentation
    try:
        yield from list(iter_documents(text))
    except YamlError as error:
        starts = [0, *(match.start() for match in SEPARATOR.finditer(text))]
        if len(starts) == 1 or len(starts) > MOST_PARTS:
            faults.append(_fault(path, error, text))
            return
        for start, end in zip(starts, [*starts[1:], len(text)], strict=True):
            part = "\n" * text.count("\n", 0, start) + text[start:end]
            try:
                yield from list(iter_documents(part))
            except YamlError as broken:
                if LOOKS_LIKE_ONE.search(part):
                    faults.append(_fault(path, broken, part))


def _fault(path: str, error: YamlError, text: str) -> Fault:
    expression = EXPRESSION.search(text)
    if expression is None:
        return Fault(path=path, line=error.line, problem=f"{error.message} (line {error.line})", text=text)
    line = text.count("\n", 0, expression.start()) + 1
    problem = f"it is a template, with {{{{ }}}} on line {line}, which only a chart can render"
    return Fault(path=path, line=line, problem=problem, text=text)


def _objects(path: str, document: Document, prefix: Path, data: object) -> Iterator[tuple[dict[str, object], Locate]]:
    """Yield the objects of a document: itself, or the items of a list."""
    if not isinstance(data, dict):
        return
    kind, version = data.get("kind"), data.get("apiVersion")
    if not isinstance(kind, str) and not isinstance(version, str):
        return
    items = data.get("items")
    if isinstance(kind, str) and kind.endswith("List") and isinstance(items, list) and not prefix:
        for number, item in enumerate(items[:MOST_ITEMS]):
            yield from _objects(path, document, ("items", number), item)
    elif is_for_cluster(kind, version):
        yield data, Locate(path, document, prefix)


def is_for_cluster(kind: object, version: object) -> bool:
    """Whether such an object is meant for a cluster, and not the configuration of a program."""
    group = str(version).partition("/")[0]
    is_kubeconfig = kind == "Config" and version in ("v1", None)
    return not is_kubeconfig and group not in NOT_FOR_A_CLUSTER


def _worded(places: Sequence[str]) -> str:
    listed = ", ".join(places[:4]) + (" and other places" if len(places) > 4 else "")
    return "the submission" if listed in (".", "./") else listed
