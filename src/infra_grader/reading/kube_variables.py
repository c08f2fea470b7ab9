"""Variables of containers that run an image which we built, as they are applied: ours are put where theirs come from.

A variable is written into the pod, or comes out of a ConfigMap or a Secret. What a rubric has to know, such as a key,
is put there in place of the submission's own value, so that pods stay as they are written. Secrets that pods name and
the submission lacks, as it should, are made.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator, Mapping, Sequence

from infra_grader.capabilities.docker_layer import PYTHON_PATH
from infra_grader.model.outcome import Evidence
from infra_grader.model.record import Record
from infra_grader.reading.kube_rewrite import HIDDEN, fresh
from infra_grader.reading.kube_rewrite_pod import chosen_image
from infra_grader.reading.manifest import Field, Manifest
from infra_grader.reading.manifest_workload import Workload, is_workload

FILLER = "for-the-lab"
"""What keys of Secrets hold of which nothing is to be known."""
THEIRS = "INFRA_GRADER_PYTHONPATH"
"""The variable that has the submission's own PYTHONPATH where that comes out of another object."""
SOURCES = {"secretKeyRef": "Secret", "configMapKeyRef": "ConfigMap", "secretRef": "Secret", "configMapRef": "ConfigMap"}


class Wanted(Record):
    """What is put into which containers."""

    images: Mapping[str, str]
    """Globs of the images that we built, as for `chosen_image`."""
    python_path: tuple[str, ...] = ()
    """Folders that come first where the manifests set PYTHONPATH; where the image alone does, they are in it."""
    values: Mapping[str, str] = {}
    """Values by variable, in place of what the manifests give it."""


def put_variables(manifests: Sequence[Manifest], wanted: Wanted) -> tuple[list[Manifest], list[Evidence]]:
    """Return manifests with the variables in place, with Secrets that they lack, and notes on what was changed."""
    made = [Manifest(data=fresh(each.data), locate=each.locate, is_given=each.is_given) for each in manifests]
    putting = _Putting(made, wanted)
    for workload in [Workload(each) for each in made if is_workload(each)]:
        for container in workload.all_containers:
            if chosen_image(container.image, wanted.images) is not None:
                putting.into(container.field)
        if wanted.values:
            putting.make_up_for(workload)
    secrets = [
        Manifest(
            data={"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "stringData": values},
            locate=lambda _path: ("the rubric", None),
            is_given=True,
        )
        for name, values in sorted(putting.lacking.items())
    ]
    return [*secrets, *made], putting.notes


class _Putting:
    """Manifests that are changed in place, and what came of it."""

    def __init__(self, manifests: Sequence[Manifest], wanted: Wanted) -> None:
        self.wanted = wanted
        self.sources = {
            (each.kind, each.name): each
            for each in manifests
            if not each.group and each.kind in ("Secret", "ConfigMap")
        }
        self.lacking: dict[str, dict[str, str]] = {}
        """Values of Secrets that are missing, by key and name."""
        self.notes: list[Evidence] = []

    def into(self, container: Field) -> None:
        """Put what is wanted into a container's variables."""
        if self.wanted.python_path:
            self._lead(container)
        for name, value in self.wanted.values.items():
            self._give(container, name, value)

    def make_up_for(self, workload: Workload) -> None:
        """Note which Secrets the pods of a workload need and nobody makes, with the keys that they take."""
        for ref, key in _secrets(workload):
            name = ref.get("name").text or ref.get("secretName").text
            if name and ref.get("optional").value is not True and ("Secret", name) not in self.sources:
                values = self.lacking.setdefault(name, {})
                for each in [key] if key else self.wanted.values:
                    values.setdefault(each, self.wanted.values.get(each, FILLER))

    def _give(self, container: Field, name: str, value: str) -> None:
        """Put a value where a container's variable comes from; nothing where the manifests give it none."""
        entry = _entry(container, name)
        if entry is None:
            for source, key in _wholesale(container, name):
                self._set(source, key, value)
        elif entry.get("valueFrom").is_there:
            for source, key in _references(entry):
                self._set(source, key, value)
        elif entry.get("value").text:
            self.notes.append(_known(entry.get("value")))
            entry.value["value"] = value

    def _set(self, source: Field, key: str, value: str) -> None:
        kind, name = SOURCES[str(source.path[-1])], source.get("name").text
        found = self.sources.get((kind, name))
        if found is not None:
            if _value_of(found, key) is not None:
                place = "stringData" if key in found.field("stringData").mapping else "data"
                self.notes.append(_known(found.field(place, key)))
                is_encoded = kind == "Secret" and place == "data"
                found.data[place][key] = base64.b64encode(value.encode()).decode() if is_encoded else value
        elif kind == "Secret" and source.get("optional").value is not True:
            self.lacking.setdefault(name, {})[key] = value

    def _lead(self, container: Field) -> None:
        """Let our folders come before those of a PYTHONPATH that the manifests give."""
        ours = ":".join(self.wanted.python_path)
        entry = _entry(container, PYTHON_PATH)
        if entry is None:
            known = [
                value
                for source, key in _wholesale(container, PYTHON_PATH)
                if (found := self.sources.get((SOURCES[str(source.path[-1])], source.get("name").text)))
                and (value := _value_of(found, key)) is not None
            ]
            if known:
                container.value["env"] = [
                    *(container.get("env").value or ()), {"name": PYTHON_PATH, "value": f"{ours}:{known[-1]}"},
                ]  # fmt: skip
                self.notes.append(_note(container.get("envFrom"), f"{PYTHON_PATH} that begins with {ours}"))
            return
        self.notes.append(_note(entry, f"{ours} before it"))
        if entry.get("valueFrom").is_there:
            place = container.value["env"].index(entry.value)
            theirs = {"name": THEIRS, "valueFrom": entry.value["valueFrom"]}
            mixed = {"name": PYTHON_PATH, "value": f"{ours}:$({THEIRS})"}
            container.value["env"][place : place + 1] = [theirs, mixed]
        else:
            entry.value["value"] = f"{ours}:{entry.get('value').text}".removesuffix(":")


def _note(field: Field, expected: str, actual: str | None = None) -> Evidence:
    return field.evidence(expected, actual).replace(text=f"{field.manifest.title}: set aside in this lab")


def _known(field: Field) -> Evidence:
    return _note(field, "a value that the grader knows", HIDDEN)


def _entry(container: Field, name: str) -> Field | None:
    """Return what a container says of a variable: the last entry holds."""
    found = [each for each in container.get("env").items() if each.get("name").value == name and each.mapping]
    return found[-1] if found else None


def _references(entry: Field) -> Iterator[tuple[Field, str]]:
    """Yield the object and key that a variable comes from."""
    for how in ("secretKeyRef", "configMapKeyRef"):
        if (source := entry.get("valueFrom", how)).mapping:
            yield source, source.get("key").text


def _wholesale(container: Field, name: str) -> Iterator[tuple[Field, str]]:
    """Yield the objects of which all keys are variables, with the key that would be this one."""
    for each in container.get("envFrom").items():
        prefix = each.get("prefix").text
        for how in ("secretRef", "configMapRef"):
            if (source := each.get(how)).mapping and name.startswith(prefix):
                yield source, name.removeprefix(prefix)


def _secrets(workload: Workload) -> Iterator[tuple[Field, str]]:
    """Yield what the pods of a workload name as Secrets, with a key that they take; without one, they take all."""
    for container in workload.all_containers:
        for entry in container.field.get("env").items():
            if (ref := entry.get("valueFrom", "secretKeyRef")).mapping:
                yield ref, ref.get("key").text
        yield from (
            (ref, "") for each in container.field.get("envFrom").items() if (ref := each.get("secretRef")).mapping
        )
    for volume in workload.pod.get("volumes").items():
        parts = [volume.get("secret"), *(each.get("secret") for each in volume.get("projected", "sources").items())]
        for ref in (each for each in parts if each.mapping):
            keys = [item.get("key").text for item in ref.get("items").items()]
            yield from ((ref, key) for key in keys or [""])


def _value_of(source: Manifest, key: str) -> str | None:
    """Return what a Secret or ConfigMap holds under a key; `None` where it lacks it."""
    plain = source.field("stringData", key) if source.kind == "Secret" else source.field("data", key)
    if plain.is_there or source.kind != "Secret":
        return plain.text if plain.is_there else None
    encoded = source.field("data", key)
    try:
        return base64.b64decode(encoded.text).decode() if encoded.is_there else None
    except (binascii.Error, UnicodeDecodeError):
        return ""
