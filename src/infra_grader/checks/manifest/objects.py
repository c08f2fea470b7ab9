"""The manifest.objects check kind."""

from __future__ import annotations

from typing import Any

from infra_grader.checks.manifest._findings import Finding, Range, outcome_of
from infra_grader.plugin import Annotated, CheckFailed, Context, Meta, Outcome, check
from infra_grader.reading.manifest import Manifest, ManifestSet
from infra_grader.reading.manifest_expectation import Answer, check_expectation, compare
from infra_grader.reading.manifest_source import ManifestParams, judge_manifests
from infra_grader.reading.manifest_workload import selects, workloads

Tree = Annotated[
    dict[str, Any],
    Meta(
        description="A part of the object, as it would be written in it. Values: the value itself, `exists`, `absent`,"
        ' `">= 2"` (quantities too), `/a regular expression/`, a list of which any will do; in a list of the object'
        " each entry must be met by some item."
    ),
]


class Objects(ManifestParams, kw_only=True):
    """Which objects are looked for, and what they must say."""

    kind: Annotated[str | list[str], Meta(description="Kind of the objects, or several of which any will do.")]
    where: Annotated[Tree, Meta(description="Only objects with this are meant: their role, not their name.")] = {}  # noqa: RUF012 - msgspec copies an empty default
    expect: Annotated[Tree, Meta(description="What the object must say; each value earns its share.")] = {}  # noqa: RUF012
    selects_pods: Annotated[
        bool, Meta(description="Whether only those are meant whose `spec.selector` selects pods of a workload.")
    ] = False
    count: Annotated[
        Range | None, Meta(description="How many such objects there must be; at least one without this.")
    ] = None
    every: Annotated[
        bool, Meta(description="Whether all of them must say what is expected; else the one that does best counts.")
    ] = False

    def __post_init__(self) -> None:
        """Refuse expectations that cannot be meant."""
        check_expectation(self.where)
        check_expectation(self.expect)


@check("manifest.objects", capabilities=("command",), measure="percent")
def objects(context: Context, params: Objects) -> Outcome:
    """There are objects of a kind and role, as many as asked for, and they say what is expected."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Objects) -> Outcome:
    kinds = [params.kind] if isinstance(params.kind, str) else params.kind
    meant = [
        each for each in found.of_kind(*kinds) if all(answer.is_met for answer in compare(each.field(), params.where))
    ]
    what = " or ".join(kinds)
    if not meant:
        raise found.absent(f"{what} of this kind and role" if params.where else what)
    if params.selects_pods:
        meant = _with_pods(meant, found)
    findings: list[Finding] = []
    if params.count is not None:
        is_met = params.count.admits(len(meant))
        seen = meant[0].evidence(f"{params.count.words} of {what}", f"{len(meant)}")
        findings.append(Finding(is_met, seen, f"there are {len(meant)} of {what}, not {params.count.words}"))
    answers = [(each, list(compare(each.field(), params.expect))) for each in meant]
    if not params.every:
        answers = [max(answers, key=lambda pair: sum(answer.is_met for answer in pair[1]))]
    findings += [_finding(manifest, answer) for manifest, its in answers for answer in its]
    return outcome_of(findings or [Finding(True, meant[0].evidence(what))], what, found)


def _with_pods(meant: list[Manifest], found: ManifestSet) -> list[Manifest]:
    """Return those that select pods, or all where some manifests cannot be read. Raises `CheckFailed` for none."""
    leading = [
        each
        for each in meant
        if any(
            workload.manifest.shares_namespace(each) and selects(selector, workload.labels)
            for workload in workloads(found, given=True)
            if (selector := each.field("spec", "selector").mapping)
        )
    ]
    if not leading and not found.missing:
        seen = meant[0].field("spec", "selector").evidence("the labels of a workload's pods")
        raise CheckFailed(f"{meant[0].title} selects no pods of any workload.", seen)
    return leading or meant


def _finding(manifest: Manifest, answer: Answer) -> Finding:
    problem = f"{manifest.title} has {answer.field.written} {_shown(answer)}, not {answer.expected}"
    return Finding(answer.is_met, answer.field.evidence(answer.expected), problem)


def _shown(answer: Answer) -> str:
    value = answer.field.value
    return "not there" if value is None else f"{str(value)[:60]!r}"
