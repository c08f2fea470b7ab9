"""Why workloads are not up, told from what the API says of them, in each way that it has, and whose fault it is."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.kubernetes import Resource
from infra_grader.checks.kubernetes._rollout_drills import judge_stops, judge_undo
from infra_grader.checks.kubernetes.rollout import Rollout, judge
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.kube_lab import CourseCluster, room_for, size_of
from infra_grader.reading.kube_rollout import with_logs
from infra_grader.reading.kube_rollout_objects import rollout_of
from infra_grader.reading.kube_stop import Stop, Stops, Undo, Undos
from infra_grader.reading.live_deployed import Deployed, DeployedObject
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_workload import Workload

CREATED, READY = "2026-01-01T10:00:00Z", "2026-01-01T10:00:07Z"
DEPLOYMENTS = Resource(api_version="apps/v1", kind="Deployment", plural="deployments", is_namespaced=True)
THREE_NODES = CourseCluster(nodes=3, cpu="4", memory="16Gi")
NO_PLACE = "0/1 nodes are available: 1 Insufficient cpu."


def deployment(available=0, replicas=1, **more):
    counts = {"replicas": replicas, "updatedReplicas": replicas, "availableReplicas": available}
    return {
        "metadata": {"name": "api", "creationTimestamp": CREATED, "generation": 1},
        "spec": {"replicas": replicas},
        "status": {"observedGeneration": 1, **counts, **more},
    }


def pod(name="api-1", *, ready=False, phase="Running", status=None, conditions=(), spec=None, **state):
    found = {"name": "api", "ready": ready, "restartCount": 0, "state": {"running": {}}, **state}
    ready_now = [{"type": "Ready", "status": str(ready), "lastTransitionTime": READY}]
    return {
        "metadata": {"name": name, "ownerReferences": [{"kind": "ReplicaSet", "name": "api-x", "controller": True}]},
        "spec": spec or {"containers": [{"name": "api", "image": "shop/api:1"}]},
        "status": {
            "phase": phase, "conditions": [*ready_now, *conditions], "containerStatuses": [found], **(status or {}),
        },
    }  # fmt: skip


def told(reason, message, name="api-1", kind="Pod"):
    about = {"kind": kind, "name": name}
    return {"involvedObject": about, "reason": reason, "message": message, "type": "Warning", "count": 3}


def unmade(message):
    return told("FailedCreate", message, "api-x", "ReplicaSet")


def deployed(cpu="500m", scale="1", **spec):
    pod_spec = {"containers": [{"name": "api", "resources": {"requests": {"cpu": cpu, "memory": "1Gi"}}}], **spec}
    data = {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": "api"},
        "spec": {"template": {"spec": pod_spec}},
    }
    manifest = Manifest(data=data, locate=lambda path: ("app.yaml", len(path)))
    return Deployed(namespace="n", objects=(DeployedObject(manifest=manifest, resource=DEPLOYMENTS),), scale=scale)


def seen(*pods, events=(), found=None, **more):
    sets = {
        "metadata": {"name": "api-x", "ownerReferences": [{"kind": "Deployment", "name": "api", "controller": True}]},
        **more,
    }
    by_kind = {"Deployment": [found or deployment()], "ReplicaSet": [sets], "Pod": list(pods), "Event": list(events)}
    return rollout_of([("Deployment", "api")], by_kind)


def judged(found, what=None, tags=None, **params):
    return judge(Rollout(of="app", **params), found, what or deployed(), tags or {})


def test_all_is_up():
    outcome = judged(seen(pod(ready=True), found=deployment(available=1)))
    assert outcome.fraction == 1
    assert (outcome.measure.value, outcome.measure.unit) == (7, "s")


def test_an_update_that_is_not_seen_yet_is_not_up():
    late = deployment(available=1)
    late["metadata"]["generation"] = 2
    assert not seen(pod(ready=True), found=late).is_up
    assert not seen(pod(ready=True), found=deployment(available=1, replicas=1) | {"spec": {"replicas": 2}}).is_up


def test_a_replication_controller_comes_up_though_it_tells_no_updated_pods():
    found = deployment(available=1)
    del found["status"]["updatedReplicas"]
    assert rollout_of([("ReplicationController", "api")], {"ReplicationController": [found]}).is_up


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(
            seen(pod(state={"waiting": {"reason": "CreateContainerConfigError", "message": 'secret "s" not found'}})),
            'a container cannot be made: secret "s" not found',
            id="missing-secret",
        ),
        pytest.param(
            seen(
                pod(state={"waiting": {"reason": "ContainerCreating"}}),
                events=[told("FailedMount", 'MountVolume.SetUp failed for volume "v" : configmap "c" not found')],
            ),
            'configmap "c" not found',
            id="missing-volume",
        ),
        pytest.param(
            seen(
                pod(state={"waiting": {"reason": "ImagePullBackOff", "message": "Back-off pulling image"}}),
                events=[told("Failed", 'Failed to pull image "shop/api:1": docker.io/shop/api:1: not found')],
            ),
            "there is no image shop/api:1 to pull",
            id="no-such-tag",
        ),
        pytest.param(
            seen(pod(state={"waiting": {"reason": "InvalidImageName", "message": "couldn't parse image name"}})),
            "there is no image",
            id="no-image-name",
        ),
        pytest.param(
            seen(
                pod(
                    restartCount=2,
                    state={"waiting": {"reason": "CrashLoopBackOff"}},
                    lastState={"terminated": {"reason": "Error", "exitCode": 1}},
                )
            ),
            "the container api ends again and again, with exit status 1",
            id="crash",
        ),
        pytest.param(
            seen(pod(restartCount=1, lastState={"terminated": {"reason": "OOMKilled", "exitCode": 137}})),
            "the container api needs more memory than its limit",
            id="memory",
        ),
        pytest.param(
            seen(
                pod(restartCount=3, lastState={"terminated": {"reason": "Error", "exitCode": 137}}),
                events=[told("Unhealthy", "Liveness probe failed: HTTP probe failed with statuscode: 404")],
            ),
            "ended again and again by its liveness probe: Liveness probe failed",
            id="liveness",
        ),
        pytest.param(
            seen(pod(), events=[told("Unhealthy", "Readiness probe failed: connection refused")]),
            "does not become ready: Readiness probe failed: connection refused",
            id="readiness",
        ),
        pytest.param(
            seen(
                pod(
                    phase="Pending",
                    spec={"initContainers": [{"name": "wait"}], "containers": [{"name": "api"}]},
                    status={"initContainerStatuses": [{"name": "wait", "state": {"running": {}}}]},
                    state={"waiting": {"reason": "PodInitializing"}},
                )
            ),
            "the init container wait does not come to its end",
            id="init",
        ),
        pytest.param(
            seen(events=[unmade('pods "api-" is forbidden: serviceaccount "x" not found')]),
            'it can make no pods: pods "api-" is forbidden: serviceaccount "x" not found',
            id="no-account",
        ),
        pytest.param(
            seen(
                events=[
                    unmade(
                        'pods "api-" is forbidden: error looking up service account infra-grader-0a1b2c3d4e/api: '
                        'serviceaccount "api" not found'
                    )
                ]
            ),
            'serviceaccount "api" not found',
            id="no-account-in-our-namespace",
        ),
    ],
)  # fmt: skip
def test_the_learners_causes(found, said):
    outcome = judged(found)
    assert outcome.fraction == 0
    assert said in outcome.message
    assert outcome.evidence[0].actual or outcome.evidence[0].text


@pytest.mark.parametrize(
    ("found", "said"),
    [
        pytest.param(
            seen(
                pod(state={"waiting": {"reason": "ErrImagePull", "message": "dial tcp: lookup r.io: no such host"}})
            ),
            "its image shop/api:1 cannot be pulled",
            id="registry-down",
        ),
        pytest.param(
            seen(pod(phase="Failed", status={"reason": "Evicted", "message": "The node was low on resource: memory"})),
            "the node ended a pod (Evicted)",
            id="evicted",
        ),
        pytest.param(
            seen(events=[unmade("exceeded quota: infra-grader, requested: pods=1")]),
            "it can make no pods",
            id="our-quota",
        ),
        pytest.param(
            seen(
                pod(state={"waiting": {"reason": "ContainerCreating"}}),
                events=[told("FailedMount", 'volume "v" : object "infra-grader-0a1b2c3d4e"/"v" not registered')],
            ),
            "a volume cannot be mounted",
            id="node-forgot",
        ),
        pytest.param(
            seen(
                pod(state={"waiting": {"reason": "ContainerCreating"}}),
                events=[told("FailedMount", "failed to sync configmap cache: timed out")],
            ),
            "a volume cannot be mounted",
            id="slow-node",
        ),
    ],
)  # fmt: skip
def test_the_labs_causes(found, said):
    with pytest.raises(NotAssessed, match="the lab is why") as verdict:
        judged(found)
    assert said in verdict.value.reason
    assert verdict.value.remedy


def test_a_registry_that_was_asked_for_the_tag_decides():
    unreached = seen(pod(state={"waiting": {"reason": "ErrImagePull", "message": "lookup docker.io: no such host"}}))
    assert "there is no image" in judged(unreached, tags={"shop/api:1": False}).message
    with pytest.raises(NotAssessed):
        judged(unreached, tags={"shop/api:1": True})


class TestPlaces:
    """A pod that no node takes: what fits the course's cluster is the lab's fault, what fits none is the learner's."""

    found = seen(
        pod(phase="Pending", conditions=[{"type": "PodScheduled", "status": "False", "message": NO_PLACE}], state={}),
        found=deployment(replicas=3),
    )

    def test_larger_than_any_node_of_the_course(self):
        outcome = judged(self.found, deployed(cpu="6"), cluster=THREE_NODES)
        assert "asks for 6 CPU and 1,024 MiB, which no node of the course's cluster has" in outcome.message
        assert (outcome.evidence[0].path, outcome.evidence[0].line) == ("app.yaml", 6)

    def test_requests_are_the_learners_and_not_ours(self):
        outcome = judged(self.found, deployed(cpu="600m", scale="1/10"), cluster=THREE_NODES)
        assert "asks for 6 CPU" in outcome.message

    def test_what_runs_in_a_lab_that_asks_for_less_has_to_fit_the_course_as_well(self):
        up = seen(pod(ready=True), found=deployment(available=1))
        outcome = judged(up, deployed(cpu="600m", scale="1/10"), cluster=THREE_NODES)
        assert outcome.status == "failed"
        assert "a pod asks for 6 CPU and 10,240 MiB, which no node of the course's cluster has" in outcome.message
        assert judged(up, deployed(cpu="100m", scale="1/4"), cluster=THREE_NODES).status == "passed"

    def test_fits_the_course_but_not_the_lab(self):
        with pytest.raises(NotAssessed, match="no room for a pod that fits the course's cluster"):
            judged(self.found, deployed(cpu="4"), cluster=THREE_NODES)

    def test_all_of_them_do_not_fit(self):
        outcome = judged(self.found, deployed(cpu="3"), cluster=CourseCluster(nodes=2, cpu="4", memory="16Gi"))
        assert "its 3 pods ask for 3 CPU and 1,024 MiB each, and the course's cluster has room for 2" in outcome.message

    def test_a_label_that_no_node_has(self):
        what = deployed(nodeSelector={"gpu": "true", "kubernetes.io/os": "linux"})
        assert (
            "no node of the course's cluster has the label gpu" in judged(self.found, what, cluster=THREE_NODES).message
        )
        with pytest.raises(NotAssessed):
            judged(self.found, what, cluster=CourseCluster(nodes=3, cpu="4", memory="16Gi", labels=("gpu",)))

    def test_a_rubric_that_states_no_cluster_blames_nobody(self):
        with pytest.raises(NotAssessed, match="no node has room for a pod"):
            judged(self.found, deployed(cpu="600"))

    def test_a_pod_is_as_large_as_its_containers_or_the_largest_that_prepares_it(self):
        requests = [{"resources": {"requests": {"cpu": cpu}}} for cpu in ("1", "500m", "4")]
        template = {"spec": {"containers": requests[:2], "initContainers": requests[2:]}}
        data = {"kind": "Deployment", "spec": {"template": template}}
        size = size_of(Workload(Manifest(data=data, locate=lambda _: ("a", 1))))
        assert (size.cpu, size.memory) == (4, 0)
        assert room_for(size, THREE_NODES) == 3


def test_restarts_that_go_on_are_a_crash_loop():
    up = seen(pod(ready=True, restartCount=2, lastState={"terminated": {"exitCode": 1}}), found=deployment(available=1))
    assert judged(up.replace(restarts_before=2)).fraction == 1
    again = judged(up.replace(restarts_before=1))
    assert again.fraction == 0
    assert "Containers are started again, 2 times: the container api ends again" in again.message
    assert judged(up.replace(restarts_before=2), restarts=1).fraction == 0


def test_restarts_are_counted_for_each_container():
    pods = [pod(f"api-{number}", ready=True, restartCount=1) for number in range(3)]
    up = seen(*pods, found=deployment(available=3, replicas=3))
    assert judged(up.replace(restarts_before=3), restarts=1).fraction == 1
    assert judged(up.replace(restarts_before=3), restarts=0).fraction == 0


def test_what_was_started_again_too_often_counts_the_same_whether_it_is_up_at_the_end_or_not():
    crashed = {"restartCount": 3, "lastState": {"terminated": {"exitCode": 1}}}
    for available in (0, 1):
        one = seen(pod(ready=bool(available), **crashed), found=deployment(available=available))
        both = one.workloads[0].replace(name="other", available=1)
        found = one.replace(workloads=(*one.workloads, both), restarts_before=3)
        outcome = judged(found)
        assert str(outcome.fraction) == "1/2"
        assert "the container api ends again and again" in outcome.message
        restarts = next(each for each in outcome.evidence if each.path == "restarts")
        assert (restarts.expected, restarts.actual) == (
            "at most 2 of a container, none once all is available", "3 in all, 0 afterwards",
        )  # fmt: skip


def test_a_workload_of_two_is_half():
    both = seen(pod(ready=True), found=deployment(available=1))
    down = both.workloads[0].replace(name="other", available=0)
    assert str(judged(both.replace(workloads=(both.workloads[0], down))).fraction) == "1/2"


def test_what_is_gone():
    with pytest.raises(CheckFailed, match="Deployment api is not in the cluster any more"):
        judged(rollout_of([("Deployment", "api")], {}))


def test_logs_are_taken_once_for_each_workload_and_from_before_a_restart():
    asked = []

    def log(pod_name, container, previous):
        asked.append((pod_name, container, previous))
        return "Traceback" if previous else ""

    crashed = {"restartCount": 1, "lastState": {"terminated": {"exitCode": 1}}}
    found = with_logs(seen(pod("api-1", **crashed), pod("api-2", **crashed)), log)
    assert asked == [("api-1", "api", True)]
    assert [each.log for one in found.pods for each in one.containers] == ["Traceback", ""]


def test_stops():
    quick = Stop(workload="Deployment api", pod="api-1", seconds=2.0, grace_s=30)
    assert judge_stops(Stops(stops=(quick,)), 5).fraction == 1
    deaf = judge_stops(Stops(stops=(quick, quick.replace(seconds=30.4))), 5)
    assert "its pod takes 30.4 s to stop, more than 5 s" in deaf.message
    assert "its preStop hook fails" in judge_stops(Stops(stops=(quick.replace(hooks=("exit status 1",)),)), 5).message
    with pytest.raises(CheckFailed):
        judge_stops(Stops(stops=()), 5)


def test_ways_back():
    assert judge_undo(Undos(undos=(Undo(workload="Deployment api", seconds=3),))).fraction == 1
    lost = judge_undo(Undos(undos=(Undo(workload="Deployment api", problem="the revision before is not kept"),)))
    assert "Deployment api cannot be rolled back: the revision before is not kept" in lost.message
    with pytest.raises(CheckFailed):
        judge_undo(Undos(undos=()))


def test_no_room_for_a_pod_more_is_the_labs_unless_another_one_is_lost():
    full = Undo(workload="Deployment api", problem="an update is not done", unscheduled=NO_PLACE)
    with pytest.raises(NotAssessed, match="no room for a pod more of Deployment api") as verdict:
        judge_undo(Undos(undos=(full,)))
    assert verdict.value.evidence
    lost = Undo(workload="Deployment web", problem="the revision before is not kept")
    assert "Deployment web cannot be rolled back" in judge_undo(Undos(undos=(full, lost))).message
