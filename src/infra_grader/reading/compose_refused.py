"""What a compose project is not started for, with the lines at fault."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.reading.compose import Compose, inside
from infra_grader.reading.compose_model import Asked, Locate, find_asked
from infra_grader.reading.compose_policy import Refusal

READ_BY_COMPOSE = ("label_file",)
"""Keys that compose follows to files while it reads the project, beside those that are refused anyway."""


def refuse_outside(compose: Compose, refusals: Sequence[Refusal]) -> None:
    """Raise `CheckFailed` for files outside of the submission that compose would open while it reads the project."""
    bad = [item for item in refusals if item.topic == "outside-files" or item.what in READ_BY_COMPOSE]
    included = compose.root.get("include")
    for entry in included.values() if included else ():
        named = [entry.get(key) for key in ("env_file", "project_directory")] if isinstance(entry.data, dict) else []
        values = [value for one in named if one for value in one.values()]
        bad += [
            Refusal(topic="outside-files", service="", what=value.text, value=value)
            for value in values
            if not inside(value.folder, value.text)
        ]
    if bad:
        evidence = [_evidence(item) for item in bad]
        raise CheckFailed(
            f"{compose.path} is not started: it names {evidence[0].actual}, which is not in the submission.", *evidence
        )


def _evidence(refusal: Refusal) -> Evidence:
    title = f"{refusal.service}: {refusal.what}" if refusal.service else refusal.what
    return Evidence(
        path=refusal.value.file,
        line=refusal.value.line,
        expected=f"no {refusal.topic}",
        actual=title,
        text=refusal.value.excerpt[:200] or None,
    )


def refuse(
    compose: Compose,
    model: Mapping[str, Any],
    locate: Locate,
    rewritten: frozenset[str],
    refusals: Sequence[Refusal],
) -> list[Asked]:
    """Raise `CheckFailed` for what is asked of the machine, but return what is asked and rewritten.

    What is refused is what the model asks for; what the submission's files say tells the lines.
    """
    asked = find_asked(model, locate)
    evidence = [_pointed(compose, item, refusals) for item in asked if item.topic not in rewritten]
    if evidence:
        first = evidence[0]
        place = f" on line {first.line}" if first.line else ""
        raise CheckFailed(
            f"{compose.path} is not started: {first.actual}{place} reaches beyond its own containers.", *evidence
        )
    return asked


def set_aside(compose: Compose, asked: Asked, refusals: Sequence[Refusal]) -> Evidence:
    """Return evidence of something that is rewritten."""
    return _pointed(compose, asked, refusals).replace(text="set aside for this start, as the rubric says")


def _pointed(compose: Compose, asked: Asked, refusals: Sequence[Refusal]) -> Evidence:
    """Return evidence for something that is refused, with its line where it can be found."""
    near = [item for item in refusals if (item.topic, item.service) == (asked.topic, asked.service)]
    exact = next((item for item in near if item.what == asked.what), near[0] if near else None)
    title = f"{asked.service}: {asked.what}" if asked.service else asked.what
    if exact is not None:
        return _evidence(exact).replace(actual=title)
    service = compose.services.get(asked.service)
    line = service.line if service else None
    return Evidence(path=compose.path, line=line, expected=f"no {asked.topic}", actual=title)
