"""What promtool and amtool find beyond our own reading counts where they are installed."""

from __future__ import annotations

import os
import shutil

import pytest

from infra_grader.testing import run_check


def require(tool: str) -> None:
    if shutil.which(tool) is None:
        message = f"{tool} is not installed; Debian has it in prometheus and prometheus-alertmanager"
        pytest.fail(message) if os.environ.get("CI") else pytest.skip(message)


CONFIG = "scrape_configs: [{job_name: a, static_configs: [{targets: ['a:1']}]%s}]\n%s"
ROUTES = "route: {receiver: a%s}\nreceivers: [{name: a, webhook_configs: [{url: 'http://sink:1/'%s}]}]\n"


def test_promtool_refuses_what_our_reading_does_not_know(tmp_path):
    require("promtool")
    (tmp_path / "p.yml").write_text(CONFIG % ("", "remote_write: [{ur: 'http://x/'}]\n"))
    outcome = run_check("prometheus.config", {"path": "p.yml"}, tmp_path)
    assert outcome.status == "partial"
    assert any(piece.line == 2 and piece.expected == "accepted by promtool" for piece in outcome.evidence)
    assert not any(str(tmp_path) in str(piece) or "/tmp" in str(piece.actual) for piece in outcome.evidence)


@pytest.mark.parametrize(
    "newer", [", scrape_protocols: [PrometheusText0.0.4]", ", kubernetes_sd_configs: [{role: pod}]"]
)
def test_settings_that_an_old_promtool_does_not_know_are_no_fault(newer, tmp_path):
    (tmp_path / "p.yml").write_text(CONFIG % (newer, ""))
    assert run_check("prometheus.config", {"path": "p.yml"}, tmp_path).status == "passed"


def test_promtool_reads_the_groups_of_an_object(tmp_path):
    text = "kind: PrometheusRule\nspec: {groups: [{name: a, rules: [{alert: A, expr: up == 0}]}]}\n"
    (tmp_path / "r.yml").write_text(text)
    assert run_check("prometheus.rules", {"path": "r.yml"}, tmp_path).status == "passed"


def test_amtool_refuses_what_our_reading_does_not_know(tmp_path):
    require("amtool")
    (tmp_path / "a.yml").write_text(ROUTES % (", group_wait: soon", ""))
    outcome = run_check("alertmanager.config", {"path": "a.yml"}, tmp_path)
    assert outcome.status == "partial"
    assert "not a valid duration" in outcome.message


def test_settings_that_an_old_amtool_does_not_know_are_no_fault(tmp_path):
    (tmp_path / "a.yml").write_text(ROUTES % ("", ", timeout: 5s"))
    assert run_check("alertmanager.config", {"path": "a.yml"}, tmp_path).status == "passed"
