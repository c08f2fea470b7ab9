"""What a person does between a checkout and `compose up`, done in a copy: settings get their values."""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from pathlib import Path

from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import Evidence
from infra_grader.reading.compose import Compose, inside, parse_settings
from infra_grader.reading.compose_settings import examples_of, filled, quoted, required

MAX_TEXT_BYTES = 1024 * 1024


def settle(
    workspace: Workspace, compose: Compose, copy: Path, given: dict[str, str]
) -> tuple[list[Evidence], dict[str, str]]:
    """Fill in what a person would before the start: `.env` from its example, and what is insisted on.

    Returns what was done, and the settings of the project.
    """
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
        notes.append(_taken(example, path, invented))
    notes += _settle_files(everything, compose, copy)
    path = posixpath.join(folder, ".env")
    text = _text(copy / path)
    made_up = required(
        (everything.read_text(file, MAX_TEXT_BYTES) for file in compose.files), parse_settings(text) | given
    )
    if made_up:
        notes.append(Evidence(path=compose.path, actual=f"values were made up for {', '.join(made_up)}"))
    # In a file, not among the variables of a process of ours: a name such as LD_PRELOAD would steer that.
    text = "\n".join([text, *(f"{name}={quoted(value)}" for name, value in (made_up | given).items())])
    if made_up or given:
        (copy / path).write_text(text + "\n", "utf-8")
    return notes, parse_settings(text) | made_up | given


def _settle_files(workspace: Workspace, compose: Compose, copy: Path) -> Iterator[Evidence]:
    """Take the files of configs and secrets that are missing from their examples."""
    values = [value.get("file") for kind in ("configs", "secrets") for value in compose.top(kind).values()]
    paths = [inside(value.folder, value.text) for value in values if value is not None]
    for path in dict.fromkeys(filter(None, paths)):
        example = next((item for item in examples_of(path) if workspace.find(item)), "")
        if workspace.find(path) or not example:
            continue
        (copy / path).parent.mkdir(parents=True, exist_ok=True)
        (copy / path).write_bytes(workspace.read_bytes(example, MAX_TEXT_BYTES))
        yield _taken(example, path, "")


def _taken(example: str, path: str, invented: str) -> Evidence:
    return Evidence(path=example, actual=f"taken as {path}{invented}", text="as a person does before the start")


def _text(file: Path) -> str:
    if not file.is_file() or file.stat().st_size > MAX_TEXT_BYTES:
        return ""
    return file.read_text("utf-8", errors="replace")


def _env_files(compose: Compose) -> list[str]:
    services = compose.services.values()
    return [inside(file.folder, service.text(file)) for service in services for file in service.env_files]
