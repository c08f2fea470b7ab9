"""Every report of every scorecard, compared with a file that a person has looked at."""

from __future__ import annotations

import pytest

from infra_grader.plugin import RenderOptions
from infra_grader.reports import (
    html_report,
    json_report,
    junit_report,
    markdown_report,
    sarif_report,
    terminal_report,
    validate_report,
)

RENDERERS = {
    "80.txt": (terminal_report.render, RenderOptions(width=80)),
    "40.plain.txt": (terminal_report.render, RenderOptions(width=40, signs=False)),
    "validate.txt": (validate_report.render_validate, RenderOptions()),
    "validate.plain.txt": (validate_report.render_validate, RenderOptions(signs=False)),
    "json": (json_report.render, RenderOptions()),
    "xml": (junit_report.render, RenderOptions()),
    "sarif": (sarif_report.render, RenderOptions(folder="projects/one")),
    "md": (markdown_report.render, RenderOptions()),
    "html": (html_report.render, RenderOptions()),
}


@pytest.mark.parametrize("ending", RENDERERS)
def test_report_is_as_it_was(name, card, ending, same_as_golden):
    render, options = RENDERERS[ending]

    same_as_golden(render(card, options), f"{name}.{ending}")


@pytest.mark.parametrize("ending", RENDERERS)
def test_report_is_pure(card, ending, monkeypatch):
    render, options = RENDERERS[ending]
    first = render(card, options)
    monkeypatch.setenv("NO_COLOR", "1")
    monkeypatch.setenv("COLUMNS", "33")
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setenv("FORCE_COLOR", "1")

    assert render(card, options) == first
    assert first.endswith("\n")
    assert not first.endswith("\n\n")
