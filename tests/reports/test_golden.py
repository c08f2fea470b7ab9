"""Every report of every scorecard, compared with a file that a person has looked at."""

from __future__ import annotations

import base64
import json

import pytest

from infra_grader.plugin import RenderOptions
from infra_grader.reports import (
    badge_report,
    classroom50_report,
    classroom_report,
    github_report,
    gradescope_report,
    html_report,
    json_report,
    junit_report,
    markdown_report,
    sarif_report,
    terminal_report,
    validate_report,
)

RUNNER = {
    "CLASSROOM": "ai-infra-2026",
    "ASSIGNMENT": "project-01",
    "ASSIGNMENT_TYPE": "individual",
    "USERNAME": "ada",
    "SUBMISSION_TAG": "submit/2026-01-31T09-00-00Z",
    "COMMIT_URL": "https://git.example.org/ada/project-01/commit/abc",
    "RELEASE_URL": "https://git.example.org/ada/project-01/releases/1",
    "REVIEW_URL": "https://git.example.org/ada/project-01/pull/1",
    "COMMIT_TIME": "2026-01-31T08:59:00Z",
}


def _classroom(card, options):
    return json.dumps(json.loads(base64.b64decode(classroom_report.render(card, options))), indent=2) + "\n"


def _side_file(variable):
    return lambda card, options: github_report.side_files(card, options)[variable]


RENDERERS = {
    "80.txt": (terminal_report.render, RenderOptions(width=80)),
    "40.plain.txt": (terminal_report.render, RenderOptions(width=40, signs=False)),
    "validate.txt": (validate_report.render_validate, RenderOptions()),
    "validate.plain.txt": (validate_report.render_validate, RenderOptions(signs=False)),
    "json": (json_report.render, RenderOptions()),
    "xml": (junit_report.render, RenderOptions()),
    "github.txt": (github_report.render, RenderOptions(folder="projects/one")),
    "github.md": (_side_file("GITHUB_STEP_SUMMARY"), RenderOptions()),
    "github.outputs": (_side_file("GITHUB_OUTPUT"), RenderOptions(token="7f3a")),
    "sarif": (sarif_report.render, RenderOptions(folder="projects/one")),
    "md": (markdown_report.render, RenderOptions()),
    "html": (html_report.render, RenderOptions()),
    "classroom50.json": (classroom50_report.render, RenderOptions(variables=RUNNER)),
    "classroom.json": (_classroom, RenderOptions()),
    "badge.json": (badge_report.render, RenderOptions()),
    "gradescope.json": (gradescope_report.render, RenderOptions()),
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
