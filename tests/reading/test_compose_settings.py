from __future__ import annotations

from infra_grader.capabilities.starter import NO_STARTER
from infra_grader.capabilities.workspace import Workspace
from infra_grader.reading.compose import read_settings


def test_an_example_that_is_no_text_sets_nothing_and_costs_nothing(tmp_path):
    (tmp_path / ".env.example").write_bytes(b"A=1\n\xff\n")
    assert read_settings(Workspace(tmp_path, NO_STARTER), ".") == {}

    (tmp_path / ".env.sample").write_text("A=2\n")
    assert read_settings(Workspace(tmp_path, NO_STARTER), ".") == {"A": "2"}
