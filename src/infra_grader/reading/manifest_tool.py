"""The programs that render manifests, run without network, plugins or settings of anybody's."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from infra_grader.capabilities.command import CommandOutput
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.plugin import Context

LIMIT_S = 30.0
"""Seconds for one rendering; a usual one takes a tenth of a second."""
MOST_FILES = 3000
MOST_BYTES = 48 * 1024 * 1024
NOWHERE = "http://127.0.0.1:9"
"""A proxy that answers nobody, so that nothing is fetched."""


def run_renderer(
    context: Context, arguments: Sequence[str], what: str, variables: Mapping[str, str] | None = None
) -> CommandOutput:
    """Run a program on a copy of the learner's files. Raises `CheckFailed` where it does not come to an end."""
    deadline = Deadline(min(LIMIT_S, context.deadline.remaining()))
    closed = {"HTTP_PROXY": NOWHERE, "HTTPS_PROXY": NOWHERE, "NO_PROXY": "", "KUBECONFIG": os.devnull}
    try:
        output: CommandOutput = context.command.run(arguments, deadline, variables=closed | dict(variables or {}))
    except Overrun:
        context.deadline.check()
        raise CheckFailed(
            f"{at_start(what)} is not rendered within {LIMIT_S:g} s.",
            Evidence.number(LIMIT_S, f"at most {LIMIT_S:g}", "s", "time to render"),
        ) from None
    return output


def at_start(text: str) -> str:
    """Return a text as a sentence starts with it; the rest of it, a path among it, stays as it is."""
    return text[:1].upper() + text[1:]


def copy_files(workspace: Workspace, paths: Iterable[str], target: Path) -> None:
    """Copy files of the submission below a folder, those that were handed out too; links are copied as files.

    What cannot be read is left out: the program that needs it says so. Raises `CheckFailed` for too much.
    """
    everything = workspace.view(allow_starter=True)
    left = MOST_BYTES
    for number, path in enumerate(paths):
        try:
            content = everything.read_bytes(path)
        except (CheckFailed, NotAssessed):
            continue
        left -= len(content)
        if left < 0 or number >= MOST_FILES:
            raise CheckFailed(f"There is too much to render: more than {MOST_FILES} files or {MOST_BYTES} bytes.")
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
