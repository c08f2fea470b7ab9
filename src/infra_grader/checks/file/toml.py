"""The file.toml check kind."""

from __future__ import annotations

from infra_grader.checks.file._validity import Valid, judge_validity
from infra_grader.plugin import Context, Outcome, check
from infra_grader.reading.document import read_toml


@check("file.toml", measure="invalid files")
def toml_valid(context: Context, params: Valid) -> Outcome:
    """Files are valid TOML and hold data; the line at fault is named."""
    return judge_validity(context, params, "TOML", read_toml)
