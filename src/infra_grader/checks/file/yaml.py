"""The file.yaml check kind."""

from __future__ import annotations

from typing import Any

from infra_grader.checks.file._validity import Valid, judge_validity
from infra_grader.plugin import Context, Outcome, TextFile, check
from infra_grader.reading.document import read_yaml_documents


@check("file.yaml", measure="invalid files")
def yaml_valid(context: Context, params: Valid) -> Outcome:
    """Files are valid YAML 1.2 and hold data, in one document or several; the line at fault is named."""
    return judge_validity(context, params, "YAML", _read)


def _read(file: TextFile) -> Any:
    documents = read_yaml_documents(file)
    return documents[0] if len(documents) == 1 else documents
