"""The model that compose makes of files: whatever goes wrong is told, and a limit of ours is not the check's."""

from __future__ import annotations

import json

import pytest

from infra_grader.capabilities.command import CommandOutput
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.compose_config import make_model, unescaped


class Compose:
    """Stands in for compose: says this, and with this status; or takes longer than it may."""

    def __init__(self, stdout="", stderr="", status=0, *, is_slow=False):
        self.output = CommandOutput((), status, stdout, stderr, is_cut=False)
        self.is_slow = is_slow

    def run(self, arguments, deadline, *, folder):
        """Answer as compose would."""
        if self.is_slow:
            raise Overrun
        return self.output


def model(compose, tmp_path):
    """Return the model of one file."""
    return make_model(compose, tmp_path, ["compose.yaml"], ["p"], Deadline(10))


def test_dollar_signs_are_as_compose_means_them(tmp_path):
    said = json.dumps({"services": {"web": {"environment": {"A$$": "5$$", "B": ["$$x", 1]}}}})
    assert model(Compose(said), tmp_path)["services"]["web"]["environment"] == {"A$": "5$", "B": ["$x", 1]}
    assert unescaped("$$$$") == "$$"


@pytest.mark.parametrize(
    ("compose", "message"),
    [
        (Compose(status=1, stderr="warning\nPLACE/compose.yaml: no such key"), "compose.yaml: no such key"),
        (Compose(status=1), "it says nothing"),
        (Compose("{"), "makes no model"),
        (Compose("[" * 100_000), "makes no model"),
        (Compose('{"services": {}}'), "starts no service"),
        (Compose("[]"), "starts no service"),
        (Compose(" " * 9_000_000), "too large"),
        (Compose(is_slow=True), "within 60 s"),
    ],
)
def test_what_compose_does_not_take_is_the_submissions(compose, message, tmp_path):
    compose.output = compose.output._replace(stderr=compose.output.stderr.replace("PLACE", str(tmp_path)))
    with pytest.raises(CheckFailed, match=message) as failed:
        model(compose, tmp_path)
    assert failed.value.evidence
    assert str(tmp_path) not in failed.value.message
