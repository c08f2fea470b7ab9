"""Which events count, out of all that a cluster tells."""

from __future__ import annotations

import pytest

from infra_grader.checks.kubernetes.events import told_of
from infra_grader.reading.kube_lab import NO_IMAGE


def event(reason, message, name="api-1", kind="Pod"):
    return {
        "involvedObject": {"kind": kind, "name": name}, "reason": reason, "message": message, "type": "Warning",
    }  # fmt: skip


@pytest.mark.parametrize(
    "message",
    [
        "Back-off restarting failed container api in pod api-1_infra-grader-0a1b2c3d4e(uid)",
        'error looking up service account infra-grader-0a1b2c3d4e/api: serviceaccount "api" not found',
        "exceeded quota: mine, requested: pods=1",
    ],
)
def test_that_our_namespace_is_named_excuses_nothing(message):
    assert [each.message for each in told_of([event("BackOff", message)])] == [message]


@pytest.mark.parametrize(
    "message",
    [
        'Error creating: pods "api-" is forbidden: exceeded quota: infra-grader, requested: pods=1',
        "missing request for cpu in container probe of Pod infra-grader-probe-3",
        'Back-off pulling image "127.0.0.1:5000/infra-grader/image@sha256:0"',
        'object "infra-grader-0a1b2c3d4e"/"settings" not registered',
        'failed to fetch token: Post "https://10.0.0.1/api/v1/namespaces/infra-grader-0a1b2c3d4e/x": dial tcp: refused',
    ],
)
def test_what_is_the_labs_or_ours_does_not_count(message):
    assert told_of([event("Failed", message)]) == []


def test_pods_of_an_update_that_must_not_come_up_do_not_count_whatever_is_said_of_them():
    found = [
        event("Failed", "Error: ErrImagePull", "api-broken"),
        event("Failed", f'Failed to pull image "{NO_IMAGE}"', "api-broken"),
        event("Failed", "Error: ErrImagePull"),
    ]
    assert [each.name for each in told_of(found)] == ["api-1"]
