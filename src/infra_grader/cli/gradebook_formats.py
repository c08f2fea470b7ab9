"""The formats of `gradebook`, by their names; each is imported when it is asked for."""

from __future__ import annotations

import importlib
from typing import TextIO

from infra_grader.model.gradebook import Gradebook
from infra_grader.reports.gradebook_format import GradebookFormat, GradebookOptions, Notes

FORMATS = ("csv", "canvas", "moodle", "json", "gradescope", "html")
"""Each stands in `reports/<name>_gradebook.py`."""


def find_format(name: str) -> GradebookFormat:
    """Return the format of a name in `FORMATS`."""
    if name == "html":
        return GradebookFormat(name="html", summary="the class page", write=_write_page)
    found = importlib.import_module(f"infra_grader.reports.{name}_gradebook").FORMAT
    assert isinstance(found, GradebookFormat)
    return found


def _write_page(gradebook: Gradebook, stream: TextIO, options: GradebookOptions) -> Notes:
    from infra_grader.reports import html_gradebook  # with its templates, only where it is asked for

    html_gradebook.write(gradebook, stream, options.results)
    return ()
