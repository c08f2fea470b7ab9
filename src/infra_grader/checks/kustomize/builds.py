"""The kustomize.builds check kind."""

from __future__ import annotations

from fractions import Fraction
from typing import NamedTuple

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    Places,
    RelativePath,
    check,
    is_glob,
    places,
)
from infra_grader.reading.manifest import ManifestSet
from infra_grader.reading.manifest_files import KUSTOMIZATIONS
from infra_grader.reading.manifest_kustomization import build_kustomization, find_kustomization


class Builds(Params):
    """Which kustomizations must build, and what must come of them."""

    base: Annotated[
        Places | None, Meta(description="Folder of the base, or several places that may hold it; it is built, too.")
    ] = None
    overlays: Annotated[
        tuple[RelativePath, ...],
        Meta(description="Folders of overlays, or globs that each name at least one; each must differ from the base."),
    ] = ()
    kinds: Annotated[tuple[str, ...], Meta(description="Kinds of objects that each of them must build.")] = ()

    def __post_init__(self) -> None:
        """Refuse a check that looks at nothing."""
        if self.base is None and not self.overlays:
            raise ValueError("give `base`, `overlays` or both")


class _Finding(NamedTuple):
    is_met: bool
    evidence: Evidence
    problem: str


@check("kustomize.builds", capabilities=("command",), measure="percent")
def builds(context: Context, params: Builds) -> Outcome:
    """Kustomizations build to objects, and each overlay changes what its base says in its own way."""
    findings: list[_Finding] = []
    seen: list[tuple[str, object]] = []
    if params.base is not None:
        findings += _build(context, places(params.base), seen, params)
    for pattern in params.overlays:
        for folder in _folders(context, pattern):
            findings += _build(context, [folder], seen, params)
    lost = [finding for finding in findings if not finding.is_met]
    share = Fraction(len(findings) - len(lost), len(findings))
    problem = f"; {lost[0].problem}" if lost else ""
    return Outcome.partial(
        share,
        f"Kustomizations: {len(findings) - len(lost)} of {len(findings)} requirements met{problem}.",
        *[finding.evidence for finding in (*lost, *(each for each in findings if each.is_met))][:25],
        measure=Measure(value=round(float(share * 100), 1), unit="percent", threshold=100),
    )


def _folders(context: Context, pattern: str) -> list[str]:
    """Return the folders with a kustomization that a pattern names; itself where it names none."""
    if not is_glob(pattern):
        return [pattern]
    workspace = context.workspace.view(allow_starter=True)
    found = workspace.find(*(f"{pattern.rstrip('/')}/{name}" for name in KUSTOMIZATIONS))
    return [path.rpartition("/")[0] for path in found] or [pattern]


def _build(context: Context, folders: list[str], seen: list[tuple[str, object]], params: Builds) -> list[_Finding]:
    """Return what is to be said of one kustomization; remembers what came of it."""
    try:
        folder = find_kustomization(context, folders)
        found = build_kustomization(context, folder)
    except CheckFailed as verdict:
        evidence = verdict.evidence[0] if verdict.evidence else Evidence(path=folders[0])
        # One that does not build meets none of what is asked of it.
        return [_Finding(False, evidence, verdict.message.rstrip("."))] * (1 + len(params.kinds))
    content = [(each.kind, each.name, each.namespace, each.data) for each in found.objects]
    same = next((name for name, its in seen if its == content), None)
    seen.append((folder, content))
    what = ", ".join(sorted({each.kind for each in found.objects}))[:200] or "no objects"
    expected = "objects that differ from the others" if len(seen) > 1 else "objects"
    evidence = Evidence(
        path=_path(found, folder), expected=expected, actual=f"the same as {same}" if same and found.objects else what
    )
    problem = f"{folder} builds the same as {same}" if found.objects else f"{folder} builds no objects"
    findings = [_Finding(bool(found.objects) and same is None, evidence, problem)]
    for kind in params.kinds:
        fitting = [each for each in found.objects if each.kind == kind]
        piece = (
            fitting[0].evidence(f"a {kind}") if fitting else Evidence(path=folder, expected=f"a {kind}", actual=what)
        )
        findings.append(_Finding(bool(fitting), piece, f"{folder} builds no {kind}"))
    return findings


def _path(found: ManifestSet, folder: str) -> str:
    return found.objects[0].locate(())[0] if found.objects else folder
