"""What a learner has deployed before they are graded, on the cluster that the tests run on."""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import cluster

from infra_grader.model.scorecard import SubmissionRef

LEARNER = "LEARNER"
"""What stands for the learner's id in the manifests."""


@contextmanager
def by_learner(folder: Path, commit: str | None) -> Iterator[SubmissionRef | None]:
    """Apply the manifests of a folder to a namespace that is called as the learner, and remove it in the end.

    Files whose name begins with `label` hold the name of an object that is labelled afterwards, as by a friend.
    """
    if not folder.is_dir():
        yield None
        return
    learner = f"ada-{secrets.token_hex(4)}"
    cluster.kubectl("create", "namespace", learner)
    try:
        for file in sorted(folder.iterdir()):
            text = file.read_text(encoding="utf-8").replace(LEARNER, learner)
            if file.name.startswith("label"):
                cluster.kubectl("--namespace", learner, "label", "--overwrite", text.strip(), f"learner={learner}")
            else:
                cluster.kubectl("--namespace", learner, "apply", "--filename", "-", text=text)
        yield SubmissionRef(id=learner, path=str(folder), root=".", commit=commit)
    finally:
        cluster.kubectl("delete", "namespace", learner, "--wait=false")
