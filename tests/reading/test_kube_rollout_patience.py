"""Waiting ends where a verdict is final, and not a moment before: sound work may come late."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.reading.kube_rollout_patience import IN_VAIN_S, Patience, makes_settings
from infra_grader.reading.kube_rollout_seen import Container, Event, Pod, Rollout, Workload
from infra_grader.reading.live_deployed import Deployed, DeployedObject
from infra_grader.reading.manifest import Manifest

ROLES = Resource(api_version="rbac.authorization.k8s.io/v1", kind="Role", plural="roles", is_namespaced=True)


def pod(workload="api", *, events=(), is_ending=False, **state):
    container = Container(name="c", image="shop/api:1", **state)
    return Pod(
        name=f"{workload}-1", workload=f"Deployment {workload}", phase="Pending", containers=(container,),
        events=tuple(events), is_ending=is_ending,
    )  # fmt: skip


def rollout(*pods, up=()):
    names = sorted({each.workload.split()[1] for each in pods} | set(up))
    found = [Workload(kind="Deployment", name=name, wanted=1, available=int(name in up)) for name in names]
    return Rollout(workloads=tuple(found), pods=pods)


def is_over(patience, *seen):
    """Whether patience is over after the last of what was seen, a second apart."""
    return [patience.is_over(found, float(now)) for now, found in enumerate(seen)][-1]


def waits_for(seconds, patience, found):
    """Whether patience lasts for so many seconds, and no longer."""
    times = int(seconds)
    return not is_over(patience, *[found] * times) and is_over(patience, *[found] * (times + 1))


class TestCrashes:
    def test_one_restart_too_many_is_the_end(self):
        assert not is_over(Patience(2), rollout(pod(restarts=2, waits="CrashLoopBackOff")))
        assert is_over(Patience(2), rollout(pod(restarts=3, is_running=True)))

    def test_a_container_may_crash_until_what_it_needs_is_there(self):
        assert not is_over(Patience(3), *[rollout(pod(restarts=3, waits="CrashLoopBackOff"))] * 200)

    def test_restarts_of_several_pods_do_not_add_up(self):
        three = [pod(restarts=1).replace(name=f"api-{number}") for number in range(3)]
        assert not is_over(Patience(2), rollout(*three))

    def test_others_that_still_come_up_are_waited_for(self):
        lost = pod("api", restarts=5)
        assert not is_over(Patience(2), rollout(lost, pod("redis", waits="ContainerCreating")))
        assert is_over(Patience(2), rollout(lost, pod("redis", is_running=True), up=["redis"]))
        assert is_over(Patience(2), rollout(lost, pod("redis", restarts=3)))

    def test_a_pod_that_is_replaced_takes_its_restarts_with_it(self):
        assert not is_over(Patience(2), rollout(pod(restarts=5, is_ending=True)))

    def test_where_restarts_are_not_judged_they_do_not_end_it(self):
        assert not is_over(Patience(), rollout(pod(restarts=50)))

    def test_what_is_up_is_not_given_up(self):
        assert not is_over(Patience(2), rollout(pod(restarts=5), up=["api"]))


class TestImages:
    missing = Event(kind="Pod", name="api-1", reason="Failed", message='Failed to pull "shop/api:1": not found')
    dead = Event(kind="Pod", name="api-1", reason="Failed", message='Failed to pull "shop/api:1": dial tcp: timeout')

    @pytest.mark.parametrize("waits", ["InvalidImageName", "ErrImageNeverPull", "ImagePullBackOff"])
    def test_what_is_not_there_is_given_some_seconds(self, waits):
        assert waits_for(IN_VAIN_S, Patience(2), rollout(pod(waits=waits)))

    def test_to_try_again_for_what_is_not_there_starts_no_new_wait(self):
        tried = [rollout(pod(waits=waits, events=[self.missing])) for waits in ("ErrImagePull", "ImagePullBackOff")]
        assert is_over(Patience(2), *(tried * 7))

    def test_a_registry_that_does_not_answer_may_come_back(self):
        tried = [rollout(pod(waits=waits, events=[self.dead])) for waits in ("ErrImagePull", "ImagePullBackOff")]
        assert not is_over(Patience(2), *(tried * 50))

    def test_a_pull_that_goes_on_is_waited_for(self):
        assert not is_over(Patience(2), *[rollout(pod(waits="ContainerCreating"))] * 100)


class TestSettings:
    """ConfigMaps and Secrets that a container needs."""

    found = rollout(pod(waits="CreateContainerConfigError", message='secret "s" not found'))

    def test_nobody_makes_it(self):
        assert waits_for(IN_VAIN_S, Patience(2, makes_settings=False), self.found)

    def test_something_of_the_submission_may_make_it(self):
        assert not is_over(Patience(2, makes_settings=True), *[self.found] * 200)

    def test_it_came(self):
        patience = Patience(2, makes_settings=False)
        came = rollout(pod(is_running=True))
        assert not is_over(patience, *[self.found] * 11, came, *[self.found] * 11)

    @pytest.mark.parametrize(
        ("verbs", "resources", "may"),
        [
            (["get", "list"], ["secrets"], False),
            (["create"], ["pods"], False),
            (["create"], ["secrets"], True),
            (["get", "patch"], ["pods", "configmaps"], True),
            (["*"], ["*"], True),
        ],
    )
    def test_who_may_make_it_is_told_by_the_roles(self, verbs, resources, may):
        rules = [{"apiGroups": [""], "resources": resources, "verbs": verbs}]
        assert makes_settings(deployed({"kind": "Role", "metadata": {"name": "r"}, "rules": rules})) is may

    def test_without_roles_nobody_may_but_in_a_namespace_of_others(self):
        assert not makes_settings(deployed())
        assert makes_settings(deployed().replace(is_ours=False))
        assert not makes_settings(deployed({"kind": "Role", "metadata": {"name": "r"}, "rules": None}))


def deployed(*objects):
    found = [
        DeployedObject(manifest=Manifest(data=data, locate=lambda _path: ("rbac.yaml", 1)), resource=ROLES)
        for data in objects
    ]
    return Deployed(namespace="n", objects=tuple(found))
