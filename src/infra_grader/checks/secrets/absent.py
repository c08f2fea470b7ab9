"""The secrets.absent check kind."""

from __future__ import annotations

from typing import NamedTuple

from infra_grader.checks.secrets._past import search_history
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    RelativePath,
    check,
)
from infra_grader.reading.secret_search import find_secrets, find_suppressions, show_secret


class NoSecrets(Params):
    """Where no secrets may be."""

    paths: Annotated[
        tuple[RelativePath, ...], Meta(description="Files and globs to search; all files if none is named.")
    ] = ()
    exclude: Annotated[tuple[RelativePath, ...], Meta(description="Files and globs that are not searched.")] = ()
    history: Annotated[
        bool, Meta(description="Whether every version of every file in every commit, branch and tag is searched too.")
    ] = False


@check("secrets.absent", measure="secrets")
def absent(context: Context, params: NoSecrets) -> Outcome:
    """No passwords, keys or tokens are in the files, nor, if asked for, in the history; placeholders are fine.

    Comments that ask scanners to look away are listed, and not followed. What was found is never shown. A submission
    without any text of the learner's own fails; give a penalty `allow_starter: true`, and it costs nothing there.
    """
    files = _search_files(context, params)
    places = list(files.places)
    notes = [Evidence(text=f"{files.searched} files searched")]
    if params.history:
        try:
            history = search_history(context, params.paths, params.exclude, known=files.secrets)
        except NotAssessed:
            if not places:  # what the files hold is enough to fail
                raise
        else:
            places += history.places
            notes.append(Evidence(path=".git", text=history.note))
    first = f"{places[0].path} holds a secret on line {places[0].line}" if places else ""
    others = f", and {len(places) - 1} more were found" if len(places) > 1 else ""
    return Outcome.passed_if(
        not places,
        f"{first}{others}." if places else f"No secret was found in {files.searched} files.",
        *places,
        *notes,
        *files.suppressions,
        measure=Measure(value=len(places), unit="secrets", threshold=0),
    )


class _Files(NamedTuple):
    """What was found in the files."""

    searched: int
    places: list[Evidence]
    suppressions: list[Evidence]
    secrets: set[str]


def _search_files(context: Context, params: NoSecrets) -> _Files:
    """Return where secrets are in the files. Raises `CheckFailed` if there is no text of the learner's own."""
    workspace = context.workspace
    left_out = set(workspace.find(*params.exclude))
    files = _Files(0, [], [], set())
    # What is the starter's is told when it is read, so that each file is read once.
    everything = workspace.view(allow_starter=True)
    for path in everything.find(*params.paths) if params.paths else everything.files():
        context.deadline.check()
        try:
            text = "" if path in left_out else workspace.read_text(path)
        except CheckFailed:  # the starter's, no text, or a link that leads out
            continue
        if not text.strip():
            continue
        found = find_secrets(path, text)
        files = files._replace(searched=files.searched + 1)
        files.secrets.update(secret.text for secret in found)
        files.places.extend(show_secret(path, secret) for secret in found)
        files.suppressions.extend(
            Evidence(path=path, line=line, text="A comment that asks scanners to look away is not followed.")
            for line in find_suppressions(text)
        )
    if not files.searched and not workspace.allow_starter:
        raise CheckFailed(
            "There is no text of the learner's own to search.",
            Evidence(path=" ".join(params.paths) or ".", expected="text files", actual="none"),
        )
    return files
