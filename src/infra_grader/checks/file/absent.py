"""The file.absent check kind."""

from __future__ import annotations

from infra_grader.capabilities.workspace import is_glob
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    RelativePath,
    Workspace,
    check,
)


class Absent(Params):
    """What must not be there."""

    paths: Annotated[
        list[RelativePath],
        Meta(
            min_length=1,
            description="Paths and globs that nothing may match. The starter's files count too; files that git"
            " ignores count where a path names them, not where a glob matches them.",
        ),
    ]


@check("file.absent", measure="files")
def absent(context: Context, params: Absent) -> Outcome:
    """No file matches; fails where the submission holds no work at all."""
    workspace = context.workspace
    if not workspace.holds_work():
        raise CheckFailed(
            "The submission holds no work of its own.", Evidence(path=".", expected="files", actual="none")
        )
    matches = {pattern: _present(workspace, pattern) for pattern in params.paths}
    found = sorted({path for paths in matches.values() for path in paths})
    measure = Measure(value=len(found), unit="files", threshold=0)
    if not found:
        searched = len(workspace.all_files())
        return Outcome.passed(
            f"No file matches {' or '.join(params.paths)}.",
            *(
                Evidence(path=pattern, expected="no file", actual="no file", text=f"{searched} files looked at")
                for pattern in params.paths
            ),
            measure=measure,
        )
    return Outcome.failed(
        f"{found[0]} should not be there." if len(found) == 1 else f"{len(found)} files should not be there.",
        *(
            Evidence(path=path, expected=f"no file that matches {pattern}", actual="a file")
            for pattern, paths in matches.items()
            for path in paths
        ),
        measure=measure,
    )


def _present(workspace: Workspace, pattern: str) -> list[str]:
    """Return the files that match, handed out or not; links count as files, wherever they lead."""
    clean = pattern.removeprefix("./")
    present = set(workspace.view(allow_starter=True).find(clean))
    if not is_glob(clean) and clean in workspace.all_files():
        present.add(clean)
    return sorted(present)
