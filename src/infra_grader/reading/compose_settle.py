"""What a person does between a checkout and `compose up`, done in a copy: settings get their values."""

from __future__ import annotations

import posixpath
from pathlib import Path

from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import Evidence
from infra_grader.reading.compose import Compose, inside, parse_settings
from infra_grader.reading.compose_settings import examples_of, filled, required

MAX_TEXT_BYTES = 1024 * 1024


def settle(
    workspace: Workspace, compose: Compose, copy: Path, given: dict[str, str]
) -> tuple[list[Evidence], dict[str, str]]:
    """Fill in what a person would before the start: `.env` from its example, and what is insisted on."""
    notes: list[Evidence] = []
    everything = workspace.view(allow_starter=True)
    folder = posixpath.dirname(compose.path)
    files = [posixpath.join(folder, ".env"), *_env_files(compose)]
    for path in dict.fromkeys(filter(None, files)):
        example = next((item for item in examples_of(path) if everything.find(item)), "")
        if everything.find(path) or not example:
            continue
        text, names = filled(everything.read_text(example, MAX_TEXT_BYTES))
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_text(text, "utf-8")
        invented = f"; blank there, and filled in: {', '.join(names)}" if names else ""
        notes.append(
            Evidence(path=example, actual=f"taken as {path}{invented}", text="as a person does before the start")
        )
    known = given.copy()
    env = copy / folder / ".env"
    if env.is_file() and not env.is_symlink() and env.stat().st_size <= MAX_TEXT_BYTES:
        known = parse_settings(env.read_text("utf-8", errors="replace")) | given
    texts = [everything.read_text(path, MAX_TEXT_BYTES) for path in compose.files]
    invented_values = required(texts, known)
    if invented_values:
        notes.append(Evidence(path=compose.path, actual=f"values were made up for {', '.join(invented_values)}"))
    return notes, invented_values | given


def _env_files(compose: Compose) -> list[str]:
    services = compose.services.values()
    return [inside(file.folder, service.text(file)) for service in services for file in service.env_files]
