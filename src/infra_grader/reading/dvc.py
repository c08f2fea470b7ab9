"""DVC's files: stages with what they need and make, locks with hashes, the configuration."""

from __future__ import annotations

import configparser
import re
from collections.abc import Iterator, Mapping
from typing import Any

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.reading.document import invalid
from infra_grader.reading.yaml import Document, YamlError, read_document

HASH = re.compile(r"[0-9a-f]{32}(\.dir)?")


class Stage(Record):
    """One stage of a pipeline."""

    name: str
    path: str
    line: int
    folder: str
    """Where its command runs, relative to the submission; empty for its root."""
    commands: tuple[str, ...]
    needs: tuple[str, ...]
    """Files and folders that it depends on, relative to the submission."""
    makes: tuple[str, ...]
    """What it leaves: outs, metrics and plots, relative to the submission."""
    metrics: tuple[str, ...]
    params: tuple[tuple[str, str], ...]
    """Parameters that it depends on: the file, relative to the submission, and the key."""


def read_stages(file: TextFile) -> list[Stage]:
    """Return the stages of a `dvc.yaml`; those of `foreach` and `matrix` count once. Raises `CheckFailed`."""
    document = _document(file)
    listed = document.data.get("stages") if isinstance(document.data, dict) else None
    if not isinstance(listed, dict) or not listed:
        raise CheckFailed(f"{file.path} has no stages.", Evidence(path=file.path, line=1, expected="stages"))
    return [_stage(file.path, document, name, stage) for name, stage in listed.items()]


def read_metrics(file: TextFile) -> tuple[str, ...]:
    """Return the metrics that a `dvc.yaml` names for the whole pipeline, relative to the submission."""
    data = _document(file).data
    listed = data.get("metrics") if isinstance(data, dict) else None
    return tuple(joined(file.path.rpartition("/")[0], item) for item in _paths(listed))


def _document(file: TextFile) -> Document:
    try:
        return read_document(file.text)
    except YamlError as error:
        raise invalid(file, "YAML", error.message, error.line) from error


def _stage(path: str, document: Document, name: str, stage: Any) -> Stage:
    inner = stage.get("do", stage) if isinstance(stage, dict) else {}
    inner = inner if isinstance(inner, dict) else {}
    home = path.rpartition("/")[0]
    folder = joined(home, str(inner.get("wdir", ".")))
    command = inner.get("cmd")
    commands = command if isinstance(command, list) else [command]
    metrics = tuple(joined(folder, item) for item in _paths(inner.get("metrics")))
    made = [joined(folder, item) for key in ("outs", "plots") for item in _paths(inner.get(key))]
    return Stage(
        name=name,
        path=path,
        line=document.key_place(["stages", name]).line,
        folder=folder,
        commands=tuple(item.strip() for item in commands if isinstance(item, str) and item.strip()),
        needs=tuple(joined(folder, item) for item in _paths(inner.get("deps"))),
        makes=(*made, *metrics),
        metrics=metrics,
        params=tuple(_params(folder, inner.get("params"))),
    )


def _paths(listed: object) -> Iterator[str]:
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, str):
            yield item
        elif isinstance(item, dict):  # a path with settings
            yield from (key for key in item if isinstance(key, str))


def _params(folder: str, listed: object) -> Iterator[tuple[str, str]]:
    for item in listed if isinstance(listed, list) else []:
        if isinstance(item, str):
            yield joined(folder, "params.yaml"), item
        elif isinstance(item, dict):
            for file, keys in item.items():
                yield from ((joined(folder, file), str(key)) for key in keys or [])


def joined(folder: str, path: str) -> str:
    """Return a path relative to a folder as one relative to the submission; what leads out keeps its dots."""
    parts = [part for part in folder.split("/") if part not in ("", ".")]
    for part in path.split("/"):
        if part == ".." and parts and parts[-1] != "..":
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def covers(made: str, needed: str) -> bool:
    """Whether what one stage makes holds what another needs: the same path, or one inside the other."""
    return made == needed or needed.startswith(f"{made}/") or made.startswith(f"{needed}/")


def lookup(data: object, key: str) -> bool:
    """Whether a parameter is in a parameters' file; its key has dots."""
    for part in key.split("."):
        if not isinstance(data, dict) or part not in data:
            return False
        data = data[part]
    return True


def read_hashes(file: TextFile) -> Mapping[str, str]:
    """Return what a `dvc.lock` or `.dvc` file tracks, by path relative to the submission, with its hash."""
    data = _document(file).data
    folder = file.path.rpartition("/")[0]
    found: dict[str, str] = {}
    stages = (
        data.get("stages", {}).values() if isinstance(data, dict) and isinstance(data.get("stages"), dict) else [data]
    )
    for stage in stages:
        outs = stage.get("outs") if isinstance(stage, dict) else None
        for item in outs if isinstance(outs, list) else []:
            given = str(item.get("md5") or item.get("hash") or "") if isinstance(item, dict) else ""
            if HASH.fullmatch(given) and isinstance(item.get("path"), str):
                found[joined(folder, item["path"])] = given
    return found


def read_configuration(workspace: Workspace) -> tuple[str, configparser.ConfigParser] | None:
    """Return DVC's configuration with its path, wherever in the submission it was initialised; `None` without one."""
    for path in workspace.all_files():
        if path == ".dvc/config" or path.endswith("/.dvc/config"):
            parser = configparser.ConfigParser(interpolation=None, strict=False)
            try:
                parser.read_string(_unindented(workspace.read_text(path)))
            except (configparser.Error, CheckFailed, NotAssessed):
                continue
            return path, parser
    return None


def _unindented(text: str) -> str:
    """Return a configuration without the indentation by which DVC writes it, which Python takes for continuations."""
    return "\n".join(line.strip() for line in text.split("\n"))
