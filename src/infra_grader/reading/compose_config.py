"""The model that compose itself makes of a submission's files."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from infra_grader.capabilities.compose_command import ComposeCommand
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.model.outcome import CheckFailed, Evidence, EvidenceKind

MAX_MODEL_BYTES = 8 * 1024 * 1024
CONFIG_S = 60.0


def make_model(
    command: ComposeCommand,
    copy: Path,
    files: Sequence[str],
    profiles: Sequence[str],
    deadline: Deadline,
) -> dict[str, Any]:
    """Return the model that compose makes of files in a copy. Raises `CheckFailed` where it refuses."""
    words = [word for path in files for word in ("--file", str(copy / path))]
    words += [word for name in profiles for word in ("--profile", name)]
    limit = Deadline(min(CONFIG_S, deadline.remaining()))
    try:
        output = command.run(["--project-name", "submission", *words, "config", "--format", "json"], limit, folder=copy)
    except Overrun:
        deadline.check()
        raise CheckFailed(
            f"Compose does not read {files[0]} within {CONFIG_S:g} s.",
            Evidence.number(CONFIG_S, f"less than {CONFIG_S:g}", "s", "stopped there"),
        ) from None
    if output.exit_status:
        said = output.stderr.replace(f"{copy}/", "").replace(str(copy), ".").strip()
        last = said.splitlines()[-1][:200].rstrip(".") if said else "it says nothing"
        raise CheckFailed(
            f"Compose cannot read {files[0]}: {last}.",
            Evidence(
                kind=EvidenceKind.COMMAND,
                path=f"docker compose {' '.join(f'-f {path}' for path in files)} config",
                expected="a model of the project",
                actual=f"exit status {output.exit_status}",
                text=said[-1500:],
            ),
        )
    if output.is_cut or len(output.stdout) > MAX_MODEL_BYTES:
        raise CheckFailed(f"{files[0]} makes a project that is too large.", Evidence(path=files[0]))
    try:
        model = json.loads(output.stdout)
    except (ValueError, RecursionError) as error:
        raise CheckFailed(f"Compose makes no model of {files[0]}.", Evidence(path=files[0])) from error
    if not isinstance(model, dict) or not model.get("services"):
        raise CheckFailed(f"{files[0]} starts no service.", Evidence(path=files[0], expected="services"))
    return {key: unescaped(value) for key, value in model.items()}


def unescaped(value: Any) -> Any:
    """Return plain data with doubled dollar signs single, as compose means them."""
    if isinstance(value, str):
        return value.replace("$$", "$")
    if isinstance(value, dict):
        return {key.replace("$$", "$"): unescaped(item) for key, item in value.items()}
    return [unescaped(item) for item in value] if isinstance(value, list) else value
