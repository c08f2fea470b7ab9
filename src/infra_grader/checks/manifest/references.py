"""The manifest.references check kind."""

from __future__ import annotations

from infra_grader.checks.manifest._findings import Finding, outcome_of
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.manifest import Absent, ManifestSet
from infra_grader.reading.manifest_reference import problem_of, references_of
from infra_grader.reading.manifest_source import ManifestParams, judge_manifests


class References(ManifestParams):
    """Which references must lead to something."""

    kinds: Annotated[
        tuple[str, ...], Meta(description="Only references to objects of these kinds; without it, all of them.")
    ] = ()
    secrets_elsewhere: Annotated[
        bool, Meta(description="Whether a Secret may be made by other means, as is good practice, and so be missing.")
    ] = True


@check("manifest.references", capabilities=("command",), measure="percent")
def references(context: Context, params: References) -> Outcome:
    """What objects name is there: ConfigMaps and their keys, Secrets, claims, accounts, Services and their ports.

    Where an ExternalSecret, SealedSecret, SecretProviderClass or Certificate makes the Secret, it must give the key.
    """
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: References) -> Outcome:
    findings: list[Finding] = []
    for manifest in found.own:
        for reference in references_of(manifest):
            if params.kinds and not set(params.kinds).intersection(reference.kinds):
                continue
            problem = problem_of(reference, found, secrets_elsewhere=params.secrets_elsewhere)
            field = reference.field if reference.key is None else reference.key
            findings.append(Finding(not problem, field.evidence(reference.title), f"{manifest.title} {problem}"))
    if not findings:
        what = " or ".join(params.kinds) or "another object"
        raise Absent(
            f"No object in {found.source} refers to {what}.",
            *(fault.evidence for fault in found.faults[:3]),
            Evidence(
                expected=f"a reference to {what}", actual=", ".join(each.title for each in found.own[:8]) or "nothing"
            ),
        )
    return outcome_of(findings, "References", found)
