"""The file.json check kind."""

from __future__ import annotations

from infra_grader.checks.file._validity import Valid, judge_validity
from infra_grader.plugin import Context, Outcome, check
from infra_grader.reading.document import read_json


@check("file.json", measure="invalid files")
def json_valid(context: Context, params: Valid) -> Outcome:
    """Files are valid JSON and hold data; the line at fault is named."""
    return judge_validity(context, params, "JSON", read_json)
