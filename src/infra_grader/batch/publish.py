"""The gradebook and the class page beside the journal, written when a run ends."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TextIO

from infra_grader.batch.files import render_files, told, without_files, write_files
from infra_grader.engine.gradebook import HEAD, ROSTER, read_gradebook
from infra_grader.engine.journal import Entry, Journal
from infra_grader.engine.registry import Registry
from infra_grader.loading.result_file import parse_result
from infra_grader.model.gradebook import Gradebook, State
from infra_grader.reports.csv_gradebook import write as write_csv
from infra_grader.reports.html_gradebook import write as write_class_page

PUBLISHED = "published"
"""Fact of the journal that tells which state of it the files show."""

FILES: Mapping[str, Callable[[Gradebook, TextIO], object]] = {
    "gradebook.csv": write_csv,
    "class.html": write_class_page,
}


def publish(journal: Journal, out: Path, registry: Registry, newest: Mapping[str, Entry]) -> None:
    """Write the files of the class, and those of learners that a crash left out, where they do not show the journal.

    `newest` are the newest entries of the journal. Raises `UsageError` where something cannot be written.
    """
    with_result = [learner for learner, entry in newest.items() if entry.state is State.GRADED]
    for learner in without_files(out, with_result):
        record = journal.result(newest[learner].number)
        if record is not None:
            write_files(out, learner, render_files(parse_result(record, learner), registry))
    facts = journal.facts
    last = max((entry.number for entry in newest.values()), default=0)
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
