"""Kubernetes objects with their places: where each field of them stands in the learner's files."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any

from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record

Path = tuple[str | int, ...]
Place = tuple[str, int | None]
"""A file of the submission, and a line in it where it is known."""
MOST_QUOTED = 160
CLUSTER_WIDE = frozenset(
    {"Namespace", "ClusterRole", "ClusterRoleBinding", "CustomResourceDefinition", "PersistentVolume", "StorageClass",
     "IngressClass", "PriorityClass", "ClusterIssuer", "Node", "RuntimeClass", "APIService"}
)  # fmt: skip
"""Kinds whose objects belong to no namespace."""


class Manifest(Record, eq=False):
    """One object, as it is written in a file or as a chart or a kustomization renders it."""

    data: dict[str, Any]
    locate: Callable[[Path], Place]
    """Where the field at a path stands."""
    is_given: bool = False
    """Whether the course handed it out, or others packed it: it may be referred to, but is not the learner's work."""

    @property
    def api_version(self) -> str:
        """Its `apiVersion`, or nothing."""
        return self.field("apiVersion").text

    @property
    def group(self) -> str:
        """The group in its `apiVersion`; nothing for the core one."""
        return self.api_version.rpartition("/")[0]

    @property
    def kind(self) -> str:
        """Its kind, or nothing."""
        return self.field("kind").text

    @property
    def name(self) -> str:
        """Its name, or nothing."""
        return self.field("metadata", "name").text or self.field("metadata", "generateName").text

    @property
    def namespace(self) -> str:
        """Its namespace; nothing where that is left to who applies it."""
        return "" if self.kind in CLUSTER_WIDE else self.field("metadata", "namespace").text

    @property
    def labels(self) -> dict[str, Any]:
        """Its labels."""
        return self.field("metadata", "labels").mapping

    @property
    def annotations(self) -> dict[str, Any]:
        """Its annotations."""
        return self.field("metadata", "annotations").mapping

    @property
    def title(self) -> str:
        """Kind and name, for messages."""
        return f"{self.kind} {self.name}" if self.name else f"{self.kind or 'object'} without a name"

    def field(self, *steps: str | int) -> Field:
        """Return the field at a path, there or not."""
        return Field(self, (), self.data).get(*steps)

    def shares_namespace(self, other: Manifest) -> bool:
        """Whether both may be applied to one namespace: the same one, or one of them names none."""
        return not self.namespace or not other.namespace or self.namespace == other.namespace

    def evidence(self, expected: str | None = None, actual: str | None = None) -> Evidence:
        """Return a pointer at the object."""
        return self.field("kind").evidence(expected, actual or self.title)


class Field(Record, kw_only=False):
    """A field of an object; one that is not there has the value `None`."""

    manifest: Manifest
    path: Path
    value: Any

    def get(self, *steps: str | int) -> Field:
        """Return the field at a path below this one, there or not."""
        value = self.value
        for step in steps:
            if isinstance(value, dict):
                value = value.get(step)
            elif isinstance(value, list) and isinstance(step, int) and -len(value) <= step < len(value):
                value = value[step]
            else:
                value = None
        return Field(self.manifest, (*self.path, *steps), value)

    @property
    def is_there(self) -> bool:
        """Whether it has a value."""
        return self.value is not None

    @property
    def text(self) -> str:
        """Its text; nothing where it is no text."""
        return self.value if isinstance(self.value, str) else ""

    @property
    def number(self) -> int | None:
        """Its whole number, or `None`."""
        return self.value if isinstance(self.value, int) and not isinstance(self.value, bool) else None

    @property
    def mapping(self) -> dict[str, Any]:
        """Its mapping; an empty one where it is none."""
        return self.value if isinstance(self.value, dict) else {}

    def items(self) -> list[Field]:
        """Return the items of a list, or nothing."""
        return [self.get(index) for index in range(len(self.value))] if isinstance(self.value, list) else []

    def entries(self) -> list[Field]:
        """Return the values of a mapping, or nothing; the key is the last step of each one's path."""
        return [self.get(key) for key in self.mapping]

    @property
    def written(self) -> str:
        """The path as people write it: `spec.containers[0].image`."""
        parts = (f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)
        return "".join(parts).removeprefix(".")

    def evidence(self, expected: str | None = None, actual: str | None = None) -> Evidence:
        """Return a pointer at the field: file, line, the object and the path in it, and what was found there."""
        path, line = self.manifest.locate(self.path)
        seen = actual if actual is not None else shown(self.value)
        return Evidence(
            path=path, line=line, expected=expected, actual=seen, text=f"{self.manifest.title}: {self.written}"
        )


def shown(value: Any) -> str:
    """Return a value as evidence quotes it: cut to a length, a mapping or list by what it is."""
    if value is None:
        return "not there"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict | list) and len(value) > 4:
        return f"{len(value)} {'keys' if isinstance(value, dict) else 'items'}"
    text = value if isinstance(value, str) and value else repr(value)
    return text if len(text) <= MOST_QUOTED else f"{text[:MOST_QUOTED]}…"


KIND = re.compile(r"^kind:[ \t]*[\"']?(\w+)", re.MULTILINE)
RUNNING = frozenset({"Deployment", "StatefulSet", "DaemonSet"})
"""Kinds that are meant where a workload is asked for."""


class Absent(CheckFailed):
    """Raised where a source holds nothing of what a check is about; another source may."""

    is_hidden = False
    """Whether a part that cannot be read seems to hold it."""


class Fault(Record):
    """A file, or a part of one, that cannot be read as manifests."""

    path: str
    line: int | None
    problem: str
    text: str
    """What is written in it, for a look at what it may have defined."""

    @property
    def evidence(self) -> Evidence:
        """A pointer at the fault."""
        return Evidence(path=self.path, line=self.line, expected="a readable manifest", actual=self.problem)


class ManifestSet(Record):
    """The objects of one source: files, a rendered chart or a rendered kustomization."""

    source: str
    """What was read, in words: `kubernetes`, `the chart helm/model-api`."""
    objects: tuple[Manifest, ...]
    """All of them, those that were handed out too."""
    faults: tuple[Fault, ...] = ()
    missing: tuple[str, ...] = ()
    """Charts that it depends on and that are not here; what they would add is not known."""
    notes: tuple[Evidence, ...] = ()
    """What else is to be said about the source."""
    spent: tuple[tuple[str, str], ...] = ()
    """Kind and name of objects that were copied from when it was built, as written; one of both may be empty."""

    @property
    def own(self) -> tuple[Manifest, ...]:
        """The objects that are the learner's work."""
        return tuple(manifest for manifest in self.objects if not manifest.is_given)

    def of_kind(self, *kinds: str) -> list[Manifest]:
        """Return the learner's objects of these kinds."""
        return [manifest for manifest in self.own if manifest.kind in kinds]

    def all_of_kind(self, *kinds: str) -> list[Manifest]:
        """Return all objects of these kinds, those that were handed out too."""
        return [manifest for manifest in self.objects if manifest.kind in kinds]

    def named(self, kinds: Iterable[str], name: str, beside: Manifest) -> Manifest | None:
        """Return the object of one of these kinds that another refers to by name, in its namespace."""
        wanted = set(kinds)
        fitting = (each for each in self.objects if each.kind in wanted and each.name == name)
        return next((each for each in fitting if each.shares_namespace(beside)), None)

    def is_spent(self, manifest: Manifest) -> bool:
        """Whether the building copied out of an object; prefixes and hashes may have come to its name since."""
        return any(
            (kind or name) and kind in ("", manifest.kind) and name in manifest.name for kind, name in self.spent
        )

    def may_define(self, kind: str, name: str) -> Fault | None:
        """Return a broken part of the files that seems to define this object, so that its absence is not sure."""
        return next((fault for fault in self.faults if _seems_to_define(fault.text, kind, name)), None)

    def absent(self, what: str) -> Absent:
        """Return the verdict that there is no object of some kind, with what could not be read."""
        broken = f"; {self.faults[0].path} cannot be read: {self.faults[0].problem}" if self.faults else ""
        there = ", ".join(sorted({manifest.kind for manifest in self.own if manifest.kind})[:12]) or "no objects"
        given = ", but what was handed out" if self.objects and not self.own else ""
        verdict = Absent(
            f"There is no {what} in {self.source}{given}{broken}.",
            *[fault.evidence for fault in self.faults[:5]],
            Evidence(path=self._first_path(), expected=what, actual=there),
        )
        verdict.is_hidden = any(_seems_to_hold(fault.text, what) for fault in self.faults)
        return verdict

    def _first_path(self) -> str | None:
        return self.own[0].locate(())[0] if self.own else None


def _seems_to_hold(text: str, what: str) -> bool:
    """Whether a text has objects of a kind that is asked for in words; a template is for another program to read."""
    kinds = set(KIND.findall(text)) if "{{" not in text else set()
    return any(kind in what for kind in kinds) or ("workload" in what and bool(kinds & RUNNING))


def _seems_to_define(text: str, kind: str, name: str) -> bool:
    """Whether a text has lines that name this kind and this name; comments do not count."""
    lines = {line.strip().replace('"', "").replace("'", "") for line in text.split("\n")}
    return f"kind: {kind}" in lines and (f"name: {name}" in lines or f"- name: {name}" in lines)
