"""The manifest.valid check kind."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from infra_grader.checks.manifest._admission import find_problems
from infra_grader.checks.manifest._schema import (
    OWN_GROUPS,
    REMEDY,
    REMOVED,
    NoSchema,
    SchemaError,
    find_errors,
    versions,
)
from infra_grader.plugin import Annotated, Context, Evidence, Measure, Meta, NotAssessed, Outcome, check
from infra_grader.reading.manifest import Manifest, ManifestSet
from infra_grader.reading.manifest_source import ManifestParams, judge_manifests

MOST_SHOWN = 25
Version = Annotated[str, Meta(description="A version of Kubernetes, such as 1.30.")]


class Valid(ManifestParams):
    """Which versions of Kubernetes are asked whether they accept the objects."""

    versions: Annotated[
        tuple[Version, ...],
        Meta(min_length=1, description="Versions of Kubernetes; an object is valid where one accepts it."),
    ] = ("1.28", "1.31", "1.34")
    kinds: Annotated[tuple[str, ...], Meta(description="Only objects of these kinds; without it, all of them.")] = ()


class _Judged(NamedTuple):
    """What was found about one object."""

    problems: list[tuple[Evidence, str]]
    is_known: bool


@check("manifest.valid", capabilities=("command",), measure="percent")
def valid(context: Context, params: Valid) -> Outcome:
    """Every object is accepted by Kubernetes: known fields of the right type, versions that exist, sound names."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Valid) -> Outcome:
    known = versions()
    lacking = [version for version in params.versions if version not in known]
    if lacking:
        raise NotAssessed(f"The schemas of Kubernetes {', '.join(lacking)} are not here.", f"{REMEDY} --upgrade")
    chosen = [each for each in found.own if not params.kinds or each.kind in params.kinds]
    faults = [] if params.kinds and not found.faults else list(found.faults)
    if not chosen and not faults:
        raise found.absent(" or ".join(params.kinds) or "object of your own")
    judged = [(each, _look(each, params.versions)) for each in chosen]
    problems = [(fault.evidence, f"{fault.path}: {fault.problem}") for fault in faults]
    problems += [problem for _, its in judged for problem in its.problems]
    sound = sum(not its.problems for _, its in judged)
    share = Fraction(sound, len(judged) + len(faults))
    first = f"; {problems[0][1]}" if problems else ""
    strangers = [
        each.evidence("a kind of Kubernetes itself", f"{each.title}: no schema here, looked at by its form")
        for each, its in judged
        if not its.is_known
    ]
    return Outcome.partial(
        share,
        f"{sound} of {len(judged) + len(faults)} objects in {found.source} are valid for Kubernetes"
        f" {' or '.join(params.versions)}{first}.",
        *(
            [evidence for evidence, _ in problems[:MOST_SHOWN]]
            or [each.evidence("a valid object") for each, _ in judged[:5]]
        ),
        *strangers[:5],
        *found.notes,
        measure=Measure(value=round(float(share * 100), 1), unit="percent", threshold=100),
    )


def _look(manifest: Manifest, wanted: tuple[str, ...]) -> _Judged:
    """Return what is wrong with an object in every one of the versions; each field is named once."""
    if gone := REMOVED.get((manifest.api_version, manifest.kind)):
        since, instead = gone
        text = f"{manifest.title}: {manifest.api_version} is gone since Kubernetes {since}"
        return _Judged([(manifest.field("apiVersion").evidence(instead), text)], is_known=True)
    problems: dict[str, tuple[Evidence, str]] = {}
    try:
        errors = _errors(manifest, wanted)
    except NoSchema:
        errors = None
        if manifest.group in OWN_GROUPS or not manifest.api_version or not manifest.kind:
            problems["apiVersion"] = _unknown(manifest, wanted[-1])
    except RecursionError:
        evidence = manifest.evidence("an object that is nested less deeply")
        return _Judged([(evidence, f"{manifest.title} is nested too deep")], is_known=True)
    for error in errors or ():
        field = manifest.field(*error.path)
        text = f"{manifest.title}: {field.written or 'the object'}: {error.problem}"
        problems.setdefault(field.written, (field.evidence(error.expected), text))
    for field, expected, problem in find_problems(manifest):
        problems.setdefault(field.written, (field.evidence(expected), f"{manifest.title}: {problem}"))
    return _Judged(list(problems.values()), is_known=errors is not None)


def _errors(manifest: Manifest, wanted: tuple[str, ...]) -> list[SchemaError]:
    """Return what the last version has against an object, or nothing if one accepts it. Raises `NoSchema`."""
    found: list[SchemaError] | None = None
    for version in wanted:
        try:
            found = find_errors(manifest, version)
        except NoSchema:
            continue
        if not found:
            return []
    if found is None:
        raise NoSchema
    return found


def _unknown(manifest: Manifest, version: str) -> tuple[Evidence, str]:
    field = manifest.field("apiVersion" if manifest.kind else "kind")
    named = f"{manifest.kind or 'no kind'} of {manifest.api_version or 'no version'}"
    return field.evidence(f"a kind of Kubernetes {version}"), f"Kubernetes {version} has no {named}"
