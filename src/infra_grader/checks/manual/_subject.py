"""What the manual kinds share: what a person is to look at."""

from __future__ import annotations

from collections.abc import Sequence

from infra_grader.plugin import CheckFailed, Context, Evidence


def find_subject(context: Context, paths: Sequence[str]) -> list[Evidence]:
    """Return the files to show to the person, of those that the rubric names.

    Raises `CheckFailed` where there is nothing that a person could judge: none of the files, or no work at all.
    """
    if not paths and not context.workspace.holds_work():
        raise CheckFailed(
            "The submission holds no work of its own.", Evidence(path=".", expected="files", actual="none")
        )
    if paths:
        context.workspace.first(paths)  # raises, and says what is there instead
    return [Evidence(path=path, text="to look at") for path in context.workspace.find(*paths)]
