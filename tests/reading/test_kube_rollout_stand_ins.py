"""Containers that are not up since a rubric's image or stand-ins are not enough, and those that only seem so."""

from __future__ import annotations

import pytest

from infra_grader.checks.kubernetes.rollout import Rollout as Params
from infra_grader.checks.kubernetes.rollout import judge
from infra_grader.model.outcome import NotAssessed
from infra_grader.reading.kube_rollout_seen import Container, Pod, Rollout, Workload
from infra_grader.reading.live_deployed import Deployed

REAL = '  File "/opt/lib/site-packages/mlflow/tracking/client.py", line 9, in get\nMlflowException: refused'
OWN = '  File "/app/src/mlflow_client.py", line 9, in get\nKeyError: 1'
WAITS = Container(name="wait", image="i", is_init=True, is_running=True)


def crashed(log, **more):
    return Container(
        name="api", image="i", waits="CrashLoopBackOff", ended="Error", exit_status=1, restarts=3, log=log, **more
    )


def unpulled(reason="ImagePullBackOff"):
    return Container(name="api", image="acme/x:1", waits=reason, message="manifest unknown: not found")


def judged(container, **deployed):
    workload = Workload(kind="Deployment", name="api", wanted=1, available=0)
    pod = Pod(name="api-1", workload=workload.title, phase="Running", containers=(container,))
    seen = Rollout(workloads=(workload,), pods=(pod,), waited_s=60)
    return judge(Params(of="app"), seen, Deployed(namespace="ours", objects=(), **deployed), {})


@pytest.mark.parametrize(
    ("container", "deployed", "remedy"),
    [
        (WAITS, {"stand_ins": ("mlflow",)}, "beside the servers"),
        (crashed(REAL), {"stand_ins": ("mlflow", "torch")}, "sets aside"),
        (unpulled(), {"lacks_images": True}, "none of its `images`"),
    ],
    ids=["it waits for a server", "it has the real module", "its image is another"],
)
def test_what_the_rubric_does_not_give_costs_nothing(container, deployed, remedy):
    with pytest.raises(NotAssessed) as verdict:
        judged(container, **deployed)
    assert remedy in verdict.value.remedy
    assert judged(container).fraction == 0


@pytest.mark.parametrize(
    ("container", "deployed"),
    [
        (crashed(OWN), {"stand_ins": ("mlflow",)}),
        (crashed(REAL), {"stand_ins": ("torch",)}),
        (crashed(REAL).replace(ended="OOMKilled"), {"stand_ins": ("mlflow",)}),
        (WAITS.replace(is_running=False, waits="CreateContainerConfigError"), {"stand_ins": ("mlflow",)}),
        (unpulled(), {"stand_ins": ("mlflow",)}),
        (crashed(REAL), {"lacks_images": True}),
    ],
)
def test_what_is_the_learners_stays_theirs(container, deployed):
    assert judged(container, **deployed).fraction == 0
