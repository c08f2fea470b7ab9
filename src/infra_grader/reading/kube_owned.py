"""Whether an object that runs in a cluster is a learner's own work: tied to them, and to the commit that is graded.

Labels alone can be stuck on to anything, also to what a friend has deployed. So the label that names the learner must
have been set by whoever has set what the object is for, which the cluster keeps as managed fields: a container of a
workload, and anything beside the metadata of another object. Who applies a friend's whole object anew has set all of
it; what tells then is that an earlier revision, which the cluster keeps, named somebody else. Where none did, nothing
tells: a cluster keeps no record of who somebody was.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from infra_grader.model.record import Record
from infra_grader.model.scorecard import SubmissionRef

SHORTEST = 7
"""Characters by which a commit is named at least."""
HEXADECIMAL = re.compile(r"(?<![0-9a-f])[0-9a-f]{7,40}(?![0-9a-f])")
BESIDE = ("f:metadata", "f:status", "f:apiVersion", "f:kind")
"""Managed fields that say nothing of what an object is for."""
PODS = (("spec", "template", "spec"), ("spec", "jobTemplate", "spec", "template", "spec"), ("spec",))
"""Where objects hold their pods."""
KEPT_FIELDS = ("metadata", "spec")


class Tie(Record):
    """One thing that ties an object to somebody, or does not."""

    what: str
    """The field that was looked at."""
    expected: str
    actual: str
    is_there: bool


class Wanted(Record):
    """What objects have to be tied to."""

    learner: str
    label: str
    commit: str = ""
    """Nothing where objects need not be tied to a commit."""


def label_value(learner: str) -> str:
    """Return how a label names a learner: labels take letters, digits, `-`, `_` and `.` alone."""
    return re.sub(r"[^A-Za-z0-9._-]", "-", learner)[:63].strip("-_.")


def namespace_name(pattern: str, submission: SubmissionRef) -> str:
    """Return the name of a namespace in which `{learner}` stands for the learner."""
    learner = re.sub(r"[^a-z0-9-]", "-", submission.id.lower()).strip("-")
    return pattern.replace("{learner}", learner)[:63].strip("-")


def ties_of(found: Mapping[str, Any], wanted: Wanted, earlier: Sequence[str] = ()) -> Iterator[Tie]:
    """Yield what ties an object of the cluster to a learner and a commit; all of it has to.

    `earlier` has what the label said in the revisions of it that the cluster keeps.
    """
    metadata = found.get("metadata") or {}
    said = str((metadata.get("labels") or {}).get(wanted.label, "not there"))
    mine = label_value(wanted.learner)
    yield Tie(what=f"metadata.labels.{wanted.label}", expected=mine, actual=said, is_there=said == mine)
    if said == mine:
        setters = _setters(found, wanted.label)
        real = [name for name, sets_more in setters if sets_more]
        names = ", ".join(name for name, _ in setters) or "nobody"
        yield Tie(
            what=f"managed fields of metadata.labels.{wanted.label}",
            expected="set together with what the object is for",
            actual=f"set by {names}" if real else f"set by {names} alone, on what others have made",
            is_there=bool(real),
        )
    others = list(dict.fromkeys(each for each in earlier if each != mine))
    if others:
        yield Tie(
            what=f"the label {wanted.label} in earlier revisions; delete the object and apply it anew if it is yours",
            expected=mine,
            actual=", ".join(others[:4]),
            is_there=False,
        )
    if wanted.commit:
        named = list(dict.fromkeys(_commits(found)))
        yield Tie(
            what="image tag, label or annotation",
            expected=f"the commit {wanted.commit[:12]}",
            actual=", ".join(named[:4]) or "no commit",
            is_there=any(wanted.commit.startswith(each) for each in named),
        )


def earlier_of(found: Mapping[str, Any], revisions: Sequence[Mapping[str, Any]], label: str) -> list[str]:
    """Return what a label said in the pods of an object's revisions: ReplicaSets and ControllerRevisions of its own."""
    uid = (found.get("metadata") or {}).get("uid")
    said = []
    for each in revisions:
        owners = (each.get("metadata") or {}).get("ownerReferences") or ()
        if any(owner.get("uid") == uid and owner.get("controller") for owner in owners):
            template = _at(each.get("data") or each, ("spec", "template", "metadata", "labels"))
            if label in template:
                said.append(str(template[label]))
    return said


def _setters(found: Mapping[str, Any], label: str) -> list[tuple[str, bool]]:
    """Return who has set a label, each with whether they have set what the object is for as well."""
    setters = []
    for entry in (found.get("metadata") or {}).get("managedFields") or ():
        fields = entry.get("fieldsV1") or {}
        if f"f:{label}" in _at(fields, ("f:metadata", "f:labels")):
            setters.append((str(entry.get("manager")), _is_makers(fields, found)))
    return setters


def _is_makers(fields: Mapping[str, Any], found: Mapping[str, Any]) -> bool:
    """Whether fields that somebody has set make an object what it is."""
    for path in PODS:
        if "containers" in _at(found, path):
            pod = _at(fields, [f"f:{step}" for step in path])
            each = pod.get("f:containers")
            # An empty mapping stands for the whole list.
            return each == {} or any(
                not {"f:name", "f:image"}.isdisjoint(_at(pod, ("f:containers", key))) for key in each or ()
            )
    return any(key not in BESIDE for key in fields)


def _at(data: Any, path: Sequence[str]) -> Mapping[str, Any]:
    """Return the mapping at a path; an empty one where there is none."""
    for step in path:
        data = data.get(step) if isinstance(data, Mapping) else None
    return data if isinstance(data, Mapping) else {}


def _commits(found: Mapping[str, Any]) -> Iterator[str]:
    """Yield what may name a commit: in tags of images, and in labels and annotations of the object and its pods."""
    template = (found.get("spec") or {}).get("template") or found
    for metadata in (found.get("metadata") or {}, template.get("metadata") or {}):
        for marks in (metadata.get("labels"), metadata.get("annotations")):
            for key, value in (marks or {}).items():
                if "last-applied" not in key:
                    yield from HEXADECIMAL.findall(str(value).lower())
    for key in ("containers", "initContainers"):
        for container in (template.get("spec") or {}).get(key) or ():
            image = str(container.get("image") or "")
            yield from HEXADECIMAL.findall(image.partition("@")[0].rpartition(":")[2].lower())


def pruned(found: Mapping[str, Any]) -> dict[str, Any]:
    """Return of an object what is looked at here, so that a record keeps no more."""
    return {key: found[key] for key in ("apiVersion", "kind", *KEPT_FIELDS) if key in found}
