"""The kubernetes.crd check kind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from infra_grader.checks.kubernetes._custom import Life, Made, Subject, live_through
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Handle,
    Measure,
    Meta,
    Outcome,
    Params,
    check,
)
from infra_grader.reading.kube_tree import hold, problems
from infra_grader.reading.live_deployed import Deployed, DeployedObject, deployed_of
from infra_grader.reading.manifest import Field

SAMPLE = "sample"
"""The name of an object for which the rubric says none."""
Answer = tuple[bool, Evidence]


class Crd(Params):
    """Which object of the submission's own kind is made, and what must become of it."""

    of: Annotated[
        Handle,
        Meta(
            description="Id of the check that applied the definition, and its operator if there is one; it lists"
            " `CustomResourceDefinition` as `cluster_scoped`, and has `asks_api` for an operator."
        ),
    ]
    resource: Annotated[
        dict[str, Any],
        Meta(description="The object that is made. What is left out of apiVersion, kind and name is the definition's."),
    ] = msgspec.field(default_factory=dict)
    kind: Annotated[str, Meta(description="Kind that is defined, as a glob, where there are several.")] = "*"
    refuses: Annotated[
        list[dict[str, Any]],
        Meta(max_length=20, description="Objects that the schema of the kind must not admit, as `resource`."),
    ] = msgspec.field(default_factory=list)
    expect: Annotated[
        dict[str, Any],
        Meta(description="A part of the object, `status` too, that it must come to; as for `kubernetes.resource`."),
    ] = msgspec.field(default_factory=dict)
    makes: Annotated[
        list[Made], Meta(max_length=10, description="What its operator makes for it, and takes away again.")
    ] = msgspec.field(default_factory=list)
    finalizer: Annotated[
        bool, Meta(description="Whether its operator must hold it by a finalizer until it has cleaned up.")
    ] = False
    seconds: Annotated[float, Meta(gt=0, le=240, description="Time until it is as asked.")] = 60.0
    gone_s: Annotated[float, Meta(gt=0, le=120, description="Time until it is gone once its end is asked for.")] = 30.0

    def problems(self, _rubric_folder: Path, /) -> Iterator[str]:
        """Yield what is wrong with the comparisons."""
        yield from problems(self.expect)
        for each in self.makes:
            yield from problems(each.expect)


@check("kubernetes.crd", capabilities=("kubernetes",), measure="%")
def crd(context: Context, params: Crd) -> Outcome:
    """A kind that the submission defines works: objects of it are admitted or refused, served by an operator, and go.

    An object is made; within the time its status and what its operator makes must be as asked. Then its end is asked
    for: it must go, with all that was made for it. Each of these counts the same. Where a finalizer holds it for ever,
    that is said, and the finalizer taken away. A definition belongs to the whole cluster: it stays for this submission
    alone, and others that define the same kind wait until it is gone. A status that the schema gives to every object by
    default is not the work of an operator, and not as asked.
    """
    deployed = deployed_of(context, params.of, changes=True)
    definition = _definition(deployed, params.kind)
    subject = Subject(
        namespace=deployed.namespace,
        manifest=_manifest(definition, params.resource, SAMPLE),
        refuses=tuple(_manifest(definition, each, f"refused-{number}") for number, each in enumerate(params.refuses)),
        expect=params.expect,
        makes=tuple(params.makes),
        seconds=params.seconds,
        gone_s=params.gone_s,
        is_namespaced=definition.manifest.field("spec", "scope").value == "Namespaced",
    )
    return judge(params, definition, context.observe("life", Life, lambda: live_through(context, subject)))


def judge(params: Crd, definition: DeployedObject, life: Life) -> Outcome:
    """Judge what became of the object."""
    kind = definition.manifest.field("spec", "names", "kind").text
    if not life.is_served:
        raise CheckFailed(
            f"The cluster does not serve the kind {kind} that is defined.",
            definition.evidence("a definition that is established"),
        )
    if life.refused:
        raise CheckFailed(
            f"An object of the kind {kind} is refused: {life.refused.rstrip('.')}.",
            definition.evidence("a schema that admits the object", life.refused),
        )
    answers = [*_refusals(params, definition, life), *_state(params, definition, life), *_end(params, kind, life)]
    right = sum(is_right for is_right, _ in answers)
    wrong = next((piece for is_right, piece in answers if not is_right), None)
    problem = f"; {wrong.path}: {wrong.actual}" if wrong is not None else ""
    return Outcome.partial(
        Fraction(right, len(answers)),
        f"{right} of {len(answers)} requirements of the kind {kind} are met{problem}.",
        *(piece for _, piece in sorted(answers, key=lambda answer: answer[0])),
        measure=Measure(value=round(100 * right / len(answers), 2), unit="%", threshold=100),
    )


def _refusals(params: Crd, definition: DeployedObject, life: Life) -> Iterator[Answer]:
    schema = definition.manifest.field("spec", "versions", 0, "schema", "openAPIV3Schema")
    for each, said in zip(params.refuses, life.admitted, strict=True):
        words = str(each.get("spec", each))[:160]
        yield bool(said), schema.evidence("a refusal", said or "admitted").replace(text=f"an object with {words}")


def _state(params: Crd, definition: DeployedObject, life: Life) -> Iterator[Answer]:
    kind = definition.manifest.field("spec", "names", "kind").text
    title = f"{kind} {(life.last.get('metadata') or {}).get('name', SAMPLE)}"
    if params.expect:
        held = hold(params.expect, life.last)
        given = _given_status(params.expect, definition)
        if held.differences:
            first = held.differences[0]
            yield False, _field(f"{title} {first.written}", first.expected, first.actual)
        elif given is not None:
            said = given.evidence("a status that its operator finds out", "what the schema gives to every object")
            yield False, said.replace(text=f"{title}: status")
        else:
            yield True, _field(title, "as asked", f"as asked after {life.seconds:g} s")
    for wanted, names in zip(params.makes, life.made, strict=True):
        found = f"{len(names)}: {', '.join(names[:5])}" if names else "none"
        expected = f"{wanted.count} that are made for it"
        yield len(names) >= wanted.count, _field(f"{wanted.kind} {wanted.name}", expected, found)
    if params.finalizer:
        found = ", ".join(life.finalizers) or "none"
        yield bool(life.finalizers), _field(f"{title} metadata.finalizers", "a finalizer of its operator", found)


def _given_status(expect: Mapping[str, Any], definition: DeployedObject) -> Field | None:
    """Return the schema that gives each object, before anybody has looked at it, all of the status that is expected."""
    wanted = {"status": expect.get("status")}
    for version in definition.manifest.field("spec", "versions").items():
        status = version.get("schema", "openAPIV3Schema", "properties", "status")
        given = _defaulted(None, status.value)
        if given is not None and hold(wanted, {}).differences and not hold(wanted, {"status": given}).differences:
            return status
    return None


def _defaulted(value: Any, schema: Any) -> Any:
    """Return a value with the defaults of a schema, as the API fills them in; `None` where there is nothing."""
    if not isinstance(schema, Mapping):
        return value
    if value is None:
        value = schema.get("default")
    parts = schema.get("properties")
    if not isinstance(value, Mapping) or not isinstance(parts, Mapping):
        return value
    filled = {key: _defaulted(value.get(key), part) for key, part in parts.items()}
    return {**value, **{key: made for key, made in filled.items() if made is not None}}


def _end(params: Crd, kind: str, life: Life) -> Iterator[Answer]:
    held = f"it stays, held by {', '.join(life.finalizers) or 'nobody'}"
    seen = held if life.gone_after is None else f"gone after {life.gone_after:g} s"
    yield life.gone_after is not None, _field(f"the end of the {kind}", f"gone within {params.gone_s:g} s", seen)
    if params.makes:
        yield (
            not life.left,
            _field(f"after the end of the {kind}", "nothing that was made for it", ", ".join(life.left) or "nothing"),
        )


def _field(path: str, expected: str, actual: str) -> Evidence:
    return Evidence(kind=EvidenceKind.FIELD, path=path, expected=expected, actual=actual)


def _definition(deployed: Deployed, kind: str) -> DeployedObject:
    found = [
        each
        for each in deployed.of_kind("CustomResourceDefinition")
        if fnmatchcase(each.manifest.field("spec", "names", "kind").text, kind)
    ]
    if not found:
        raise CheckFailed(
            "No CustomResourceDefinition was applied.",
            Evidence(kind=EvidenceKind.FIELD, path="CustomResourceDefinition", expected=f"one of the kind {kind}"),
        )
    return found[0]


def _manifest(definition: DeployedObject, given: Mapping[str, Any], name: str) -> dict[str, Any]:
    """Return an object of the kind that is defined, with what the rubric says of it."""
    spec = definition.manifest.field("spec")
    served = [each for each in spec.get("versions").items() if each.get("served").value is True]
    version = served[0].get("name").text if served else ""
    said = given.get("metadata")
    metadata = {"name": name, **(said if isinstance(said, dict) else {})}
    return {
        "apiVersion": f"{spec.get('group').text}/{version}",
        "kind": spec.get("names", "kind").text,
        **given,
        "metadata": metadata,
    }
