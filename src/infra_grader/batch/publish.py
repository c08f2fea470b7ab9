"""The gradebook and the class page beside the journal, written when a run ends."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from infra_grader.batch.files import told
from infra_grader.engine.gradebook import HEAD, ROSTER, read_gradebook
from infra_grader.engine.journal import Journal
from infra_grader.model.gradebook import Gradebook
from infra_grader.reports.csv_gradebook import write as write_csv
from infra_grader.reports.html_gradebook import write as write_class_page

PUBLISHED = "published"
"""Fact of the journal that tells which state of it the files show."""

FILES: Mapping[str, Callable[[Gradebook, TextIO], object]] = {
    "gradebook.csv": write_csv,
    "class.html": write_class_page,
}


def publish(journal: Journal, out: Path, last: int) -> None:
    """Write the files of the class, each as a whole or not at all, where they do not show the journal's state yet.

    `last` is the number of its last entry. Raises `UsageError` where they cannot be written.
    """
    facts = journal.facts
    state = f"{last}:{hashlib.sha256((facts[ROSTER] + facts[HEAD]).encode()).hexdigest()[:16]}"
    if facts.get(PUBLISHED) == state and all((out / name).exists() for name in FILES):
        return
    gradebook = read_gradebook(journal)
    for name, write in FILES.items():
        part = out / f".{name}.part"
        with told(out / name):
            with part.open("w", encoding="utf-8", newline="") as stream:
                write(gradebook, stream)
                stream.flush()
                os.fsync(stream.fileno())
            part.replace(out / name)
    journal.set_fact(PUBLISHED, state)
