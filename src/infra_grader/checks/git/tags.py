"""The git.tags check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from infra_grader.capabilities.workspace import compile_glob
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    EvidenceKind,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    Regex,
    RelativePath,
    check,
)
from infra_grader.reading.git_folder import has_git_folder
from infra_grader.reading.git_history import Repository, open_repository

SEMVER = re.compile(
    r"v?(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)\.(?:0|[1-9][0-9]*)(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
)


class Tags(Params):
    """Which tags are asked for."""

    min: Annotated[int, Meta(ge=1, description="Fewest tags that are as asked for; fewer earn their share.")] = 1
    pattern: Annotated[Regex | None, Meta(description="What a tag's name must match from its start.")] = None
    semver: Annotated[bool, Meta(description="Whether a name must be a semantic version, such as v1.2.0.")] = False
    annotated: Annotated[bool, Meta(description="Whether a tag must have a message of its own.")] = False
    versions_of: Annotated[
        tuple[RelativePath, ...],
        Meta(
            description="Files, as globs, whose versions the tags name: tags with the same content of them count once,"
            " and one without any of them does not."
        ),
    ] = ()


@check("git.tags", measure="tags")
def tags(context: Context, params: Tags) -> Outcome:
    """Tags are there, and named as asked for.

    Without a repository, as in an archive, and in a shallow clone that shows too few, the check stays open: such a copy
    does not take tags along.
    """
    if not has_git_folder(context.workspace.folder):
        raise NotAssessed(
            "There is no Git repository here, so its tags cannot be seen.",
            "Grade a clone, as `git clone` makes it: an archive holds no tags.",
            Evidence(path=".git", expected="a Git repository", actual="not there"),
        )
    repository = open_repository(context)
    faults = dict(_faults(context, repository, params))
    good = [name for name, fault in faults.items() if not fault]
    if len(good) < params.min:
        repository.require_whole()
    if not faults:
        raise CheckFailed("There is no tag.", Evidence(path=".git", expected="tags", actual="none"))
    share = min(Fraction(len(good), params.min), Fraction(1))
    return Outcome.partial(
        share,
        f"{len(good)} of {len(faults)} tags are as asked for.",
        Evidence.number(len(good), f"at least {params.min}", "tags"),
        *(
            Evidence(kind=EvidenceKind.FIELD, path=f"tag {name}", expected=fault or None, actual=name)
            for name, fault in sorted(faults.items(), key=lambda item: not item[1])
        ),
        measure=Measure(value=len(good), unit="tags", threshold=params.min),
    )


def _faults(context: Context, repository: Repository, params: Tags) -> Iterator[tuple[str, str]]:
    """Yield each tag's name, in order, with what it should be and is not, or nothing."""
    versions: dict[frozenset[tuple[str, str]], str] = {}
    wanted = [compile_glob(path) for path in params.versions_of]
    for ref, object_id in repository.folder.refs.items():
        context.deadline.check()
        if not ref.startswith("refs/tags/"):
            continue
        name = ref.removeprefix("refs/tags/")
        fault = _name_fault(name, params)
        if not fault and params.annotated and not repository.peel(object_id).message:
            fault = "a message (`git tag -a`)"
        if not fault and wanted:
            version = _version(repository, object_id, wanted)
            first = versions.setdefault(version, name) if version else ""
            if first != name:
                files = ", ".join(params.versions_of)
                fault = f"another version of {files} than {first} has" if first else f"a commit with any of {files}"
        yield name, fault


def _version(repository: Repository, object_id: str, wanted: list[re.Pattern[str]]) -> frozenset[tuple[str, str]]:
    """Return the files that the tags are about, with the ids of their contents, as they are in what a tag names."""
    try:
        commit = repository.commit(repository.peel(object_id).target)
    except CheckFailed:  # a tag may name a single file, too
        return frozenset()
    files = repository.files(commit)
    return frozenset((file.path, file.id) for file in files if any(glob.fullmatch(file.path) for glob in wanted))


def _name_fault(name: str, params: Tags) -> str:
    """Return what a name should be and is not, or nothing."""
    if params.semver and not SEMVER.fullmatch(name):
        return "a semantic version"
    if params.pattern is not None and not re.match(params.pattern, name):
        return f"a name that matches {params.pattern}"
    return ""
