"""What a report costs before it is asked to render."""

from __future__ import annotations

import subprocess
import sys

import pytest

HEAVY = {
    "terminal_report": {"rich", "jinja2", "junit_xml", "json"},
    "validate_report": {"rich", "jinja2", "junit_xml", "json", "markupsafe", "xml"},
    "json_report": {"rich", "jinja2", "junit_xml"},
    "junit_report": {"rich", "jinja2", "junit_xml", "xml"},
    "github_report": {"rich", "jinja2", "junit_xml", "json"},
    "sarif_report": {"rich", "jinja2", "junit_xml", "json", "urllib"},
    "markdown_report": {"rich", "jinja2", "junit_xml", "json"},
    "html_report": {"rich", "jinja2", "junit_xml", "markupsafe"},
}


def modules_after(code):
    ended = subprocess.run(
        [sys.executable, "-c", f"{code}\nimport sys; print(*{{name.partition('.')[0] for name in sys.modules}})"],
        capture_output=True,
        text=True,
        check=True,
    )
    return set(ended.stdout.split())


@pytest.mark.parametrize("module", HEAVY)
def test_importing_a_report_is_cheap(module):
    before = modules_after("import infra_grader.plugin")
    after = modules_after(f"import infra_grader.reports.{module}")

    assert not (after - before) & HEAVY[module]


def test_validate_renders_without_heavy_libraries(request):
    code = (
        f"import sys; sys.path.insert(0, {str(request.path.parent)!r})\n"
        "import infra_grader.plugin as plugin\n"
        "before = set(sys.modules)\n"
        "import scorecards\n"
        "from infra_grader.reports.validate_report import render_validate\n"
        "for make in scorecards.ALL.values(): render_validate(make(), plugin.RenderOptions())\n"
        "print(*set(sys.modules) - before)\n"
    )
    added = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()

    assert "infra_grader.reports.validate_report" in added
    assert not {name.partition(".")[0] for name in added} & HEAVY["validate_report"]
