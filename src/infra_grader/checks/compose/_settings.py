"""Which environment variables a service is given, in the file itself and by files of variables."""

from __future__ import annotations

from infra_grader.plugin import Context
from infra_grader.reading.compose import MAX_BYTES, inside, parse_settings
from infra_grader.reading.compose_service import Service
from infra_grader.reading.compose_value import Value

EXAMPLES = ("{}.example", "{}.sample", "{}.template", "{}.dist")
"""Names of what stands for a file of variables that is rightly not handed in."""


def given_variables(context: Context, service: Service) -> dict[str, Value]:
    """Return the variables of a service, each with the value that brings it."""
    given: dict[str, Value] = {}
    for file in service.env_files:
        path = find_settings(context, file, service)
        names = parse_settings(context.workspace.read_text(path, MAX_BYTES)) if path else {}
        given |= dict.fromkeys(names, file)
    return given | service.environment


def find_settings(context: Context, file: Value, service: Service) -> str:
    """Return the file of variables that a value names, or an example of it; nothing where neither is there."""
    path = inside(file.folder, service.text(file))
    candidates = [path, *(pattern.format(path) for pattern in EXAMPLES)] if path else []
    return next((one for one in candidates if context.workspace.find(one)), "")
