"""Whose fault it is where compose does not start a project, by what it prints."""

from __future__ import annotations

from types import SimpleNamespace

import pytest

from infra_grader.capabilities.compose_project import ComposeProject, NotUp
from infra_grader.capabilities.deadline import Deadline
from infra_grader.model.outcome import NotAssessed, Unavailable

DAEMON = SimpleNamespace(restarts=0)
SHIM = "Error response from daemon: failed to create shim task: OCI runtime create failed: runc create failed: "


def start(said, folder):
    """Start a project whose compose prints this and fails."""
    compose = SimpleNamespace(run=lambda *_words, **_options: SimpleNamespace(exit_status=1, stderr=said))
    ComposeProject(DAEMON, compose, "ours", folder).up(Deadline(5))


@pytest.mark.parametrize(
    ("said", "raised"),
    [
        ("failed to create network ours_default: Pool overlaps with other one on this address space", Unavailable),
        (f"{SHIM}error setting rlimits for ready process: error setting rlimit type 8: operation not permitted",
         NotAssessed),
        ("validating /x/compose.json: services.web additional properties 'z' not allowed", NotAssessed),
        (f'{SHIM}exec: "no-such": executable file not found in $PATH: unknown', NotUp),
        ("dependency failed to start: container ours-db-1 is unhealthy", NotUp),
    ],
)  # fmt: skip
def test_what_compose_prints_tells_whose_fault_it_is(said, raised, tmp_path):
    with pytest.raises((NotAssessed, NotUp)) as caught:
        start(said, tmp_path)
    assert type(caught.value) is raised
