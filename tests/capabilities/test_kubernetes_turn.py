"""The turn on a cluster, where its API refuses what its holder asks; test_live_kubernetes takes turns on a cluster."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.kubernetes import Refused
from infra_grader.capabilities.kubernetes_turn import NAME, _Lease
from infra_grader.model.outcome import NotAssessed, Unavailable


class Refusing:
    """A cluster that answers every patch with an error."""

    def __init__(self, error):
        self.error = error
        self.asked = []

    def patch(self, _resource, name, _namespace, body):
        self.asked.append((name, list(body["spec"])))
        raise self.error


@pytest.mark.parametrize(
    "error", [Refused(409, "Conflict", "changed"), Unavailable("No answer."), NotAssessed("We may not patch leases.")]
)
def test_a_sign_of_life_that_fails_ends_no_thread(error):
    cluster = Refusing(error)
    _Lease(cluster, NAME, "me", 15).renew()
    assert cluster.asked == [(NAME, ["renewTime"])]
