"""Objects of the API as kinds about a Service see them."""

from __future__ import annotations

import pytest
from kube_things import CHOSEN

from infra_grader.reading.kube_budget import budgets_of
from infra_grader.reading.kube_endpoints import endpoints_of, with_owners
from infra_grader.reading.kube_following import is_updated, trouble_of
from infra_grader.reading.kube_scaler import for_workload, lacking, scaler_of
from infra_grader.reading.kube_seen import ends_for_memory, pods_of


def pod(name, owner="", *, ready=True, ending=False):
    references = [{"kind": owner.split()[0], "name": owner.split()[1], "controller": True}] if owner else []
    meta = {"name": name, "uid": f"uid-{name}", "ownerReferences": references, "labels": {"app": "api"}}
    if ending:
        meta["deletionTimestamp"] = "2026-01-01T00:00:00Z"
    return {"metadata": meta, "status": {"conditions": [{"type": "Ready", "status": str(ready)}]}}


class TestPods:
    def test_a_pod_belongs_to_who_owns_it_not_to_its_labels(self):
        owners = {"ReplicaSet api-1": "Deployment api", "ReplicaSet alone": ""}
        found = pods_of([pod("a", "ReplicaSet api-1"), pod("b", "StatefulSet db"), pod("c")], owners)
        assert [each.owner for each in found] == ["Deployment api", "StatefulSet db", "Pod c"]

    def test_one_that_is_ending_is_not_ready(self):
        [found] = pods_of([pod("a", ending=True)], {})
        assert found.is_ending
        assert not found.is_ready

    def test_what_keeps_it_from_being_ready(self):
        full = {"type": "PodScheduled", "status": "False", "reason": "Unschedulable", "message": "Insufficient cpu"}
        assert trouble_of({"status": {"conditions": [full]}}) == "Unschedulable: Insufficient cpu"
        waiting = {"state": {"waiting": {"reason": "CrashLoopBackOff", "message": "back-off"}}}
        assert trouble_of({"status": {"containerStatuses": [waiting]}}) == "CrashLoopBackOff: back-off"
        assert (
            trouble_of({"status": {"containerStatuses": [{"state": {"waiting": {"reason": "ContainerCreating"}}}]}})
            == ""
        )

    def test_ends_for_want_of_memory_behind_a_service(self):
        def killed(name, reason="OOMKilled", at="10:00", state="lastState", app="api"):
            status = {"name": "api", state: {"terminated": {"reason": reason, "finishedAt": at}}}
            return {"metadata": {"name": name, "labels": {"app": app}}, "status": {"containerStatuses": [status]}}

        before = ends_for_memory([killed("a"), killed("b", "Error")], CHOSEN.service)
        assert before == {("a", "api", "10:00")}
        now = [killed("a", at="10:05", state="state"), killed("b", "Error"), killed("c", app="web"), pod("d")]
        assert ends_for_memory(now, CHOSEN.service) - before == {("a", "api", "10:05")}
        assert ends_for_memory([killed("a")], CHOSEN.service) - before == frozenset()


class TestEndpoints:
    SLICE = {  # noqa: RUF012 - nobody changes it
        "addressType": "IPv4",
        "ports": [{"name": "web", "port": 5000, "protocol": "TCP"}, {"name": "metrics", "port": 9090}],
        "endpoints": [
            {"addresses": ["10.1.0.2"], "conditions": {"ready": True}, "targetRef": {"name": "a"}},
            {"addresses": ["10.1.0.3"], "conditions": {"ready": False}, "targetRef": {"name": "b"}},
        ],
    }

    def test_ready_addresses_and_the_port_that_is_meant(self):
        found = endpoints_of([self.SLICE], CHOSEN)
        assert found.ports == (5000,)
        assert [each.address for each in found.ready] == ["10.1.0.2"]

    def test_a_named_port_that_no_container_has_gives_addresses_and_no_port(self):
        found = endpoints_of([{**self.SLICE, "ports": []}], CHOSEN)
        assert found.ports == ()
        assert len(found.ready) == 1

    def test_two_workloads_behind_one_service_are_two_owners(self):
        ready = [{**each, "conditions": {}} for each in self.SLICE["endpoints"]]
        owners = {"ReplicaSet api-1": "Deployment api", "ReplicaSet old-1": "Deployment old"}
        pods = pods_of([pod("a", "ReplicaSet api-1"), pod("b", "ReplicaSet old-1")], owners)
        assert with_owners(endpoints_of([{**self.SLICE, "endpoints": ready}], CHOSEN), pods).owners == [
            "Deployment api",
            "Deployment old",
        ]

    def test_addresses_of_the_other_family_are_left_out(self):
        assert endpoints_of([{**self.SLICE, "addressType": "IPv6"}], CHOSEN).endpoints == ()


class TestUpdated:
    DONE = {  # noqa: RUF012 - nobody changes it
        "metadata": {"generation": 3},
        "spec": {"replicas": 2},
        "status": {"observedGeneration": 3, "replicas": 2, "updatedReplicas": 2, "availableReplicas": 2},
    }

    def test_a_deployment_is_updated_when_no_old_pod_is_left(self):
        assert is_updated(self.DONE, "Deployment")
        assert not is_updated({**self.DONE, "status": {**self.DONE["status"], "replicas": 3}}, "Deployment")
        assert not is_updated({**self.DONE, "status": {**self.DONE["status"], "observedGeneration": 2}}, "Deployment")
        assert not is_updated({**self.DONE, "status": {**self.DONE["status"], "availableReplicas": 1}}, "Deployment")

    def test_a_stateful_set_when_its_revision_is_the_last(self):
        status = {**self.DONE["status"], "currentRevision": "b", "updateRevision": "b"}
        assert is_updated({**self.DONE, "status": status}, "StatefulSet")
        assert not is_updated({**self.DONE, "status": {**status, "currentRevision": "a"}}, "StatefulSet")

    def test_a_daemon_set_on_every_node(self):
        status = {
            "observedGeneration": 3,
            "desiredNumberScheduled": 1,
            "updatedNumberScheduled": 1,
            "numberAvailable": 1,
        }
        assert is_updated({**self.DONE, "status": status}, "DaemonSet")
        assert not is_updated({**self.DONE, "status": {**status, "numberAvailable": 0}}, "DaemonSet")


class TestBudgets:
    def test_those_that_select_the_pods_with_what_they_allow(self):
        mine = {"metadata": {"name": "mine"}, "spec": {"minAvailable": 2, "selector": {"matchLabels": {"app": "api"}}},
                "status": {"disruptionsAllowed": 1}}  # fmt: skip
        other = {"metadata": {"name": "other"}, "spec": {"selector": {"matchLabels": {"app": "web"}}}}
        every = {"metadata": {"name": "every"}, "spec": {"maxUnavailable": "50%", "selector": {}}}
        found = budgets_of([mine, other, every], {"app": "api"})
        assert [(each.name, each.allowed, each.rule) for each in found] == [
            ("mine", 1, "minAvailable: 2"),
            ("every", 0, "maxUnavailable: 50%"),
        ]


class TestScalers:
    FOUND = {  # noqa: RUF012 - nobody changes it
        "metadata": {"name": "hpa"},
        "spec": {
            "scaleTargetRef": {"kind": "Deployment", "name": "api"},
            "minReplicas": 2,
            "maxReplicas": 5,
            "metrics": [
                {
                    "type": "Resource",
                    "resource": {"name": "cpu", "target": {"type": "Utilization", "averageUtilization": 50}},
                }
            ],
        },
        "status": {
            "currentReplicas": 2,
            "desiredReplicas": 4,
            "currentMetrics": [
                {"type": "Resource", "resource": {"name": "cpu", "current": {"averageUtilization": 150}}}
            ],
            "conditions": [{"type": "AbleToScale", "status": "True"}, {"type": "ScalingActive", "status": "True"}],
        },
    }

    def test_what_it_wants_and_sees(self):
        found = scaler_of(self.FOUND)
        assert (found.least, found.most, found.current, found.desired) == (2, 5, 2, 4)
        assert found.pressure == 3.0
        assert found.is_active
        assert for_workload([found], CHOSEN.workload) is found

    @pytest.mark.parametrize(
        ("kind", "place", "target", "current"),
        [
            ("Resource", {"name": "cpu"}, {"averageValue": "200m"}, {"averageValue": "500m"}),
            ("ContainerResource", {"name": "cpu", "container": "api"}, {"averageUtilization": 60},
             {"averageUtilization": 150, "averageValue": "75m"}),
            ("Resource", {"name": "memory"}, {"averageValue": "400Mi"}, {"averageValue": "1000Mi"}),
        ],
    )  # fmt: skip
    def test_a_use_by_amount_or_of_one_container(self, kind, place, target, current):
        field = kind[0].lower() + kind[1:]
        wanted = {"type": kind, field: {**place, "target": target}}
        status = {**self.FOUND["status"], "currentMetrics": [{"type": kind, field: {**place, "current": current}}]}
        found = scaler_of({**self.FOUND, "spec": {**self.FOUND["spec"], "metrics": [wanted]}, "status": status})
        assert found.pressure == 2.5

    def test_one_without_metrics_says_why(self):
        conditions = [
            {"type": "ScalingActive", "status": "False", "reason": "FailedGetResourceMetric", "message": "no"}
        ]
        found = scaler_of({**self.FOUND, "status": {"conditions": conditions}})
        assert not found.is_active
        assert (found.reason, found.message) == ("FailedGetResourceMetric", "no")

    def test_one_whose_target_is_missing_says_so(self):
        conditions = [
            {"type": "AbleToScale", "status": "False", "reason": "FailedGetScale", "message": "not found"},
            {"type": "ScalingActive", "status": "True"},
        ]
        found = scaler_of({**self.FOUND, "status": {"conditions": conditions}})
        assert not found.is_active
        assert found.reason == "FailedGetScale"

    def test_containers_without_requests_are_named(self):
        containers = [
            {"name": "api", "resources": {"requests": {"cpu": "1"}}},
            {"name": "limited", "resources": {"limits": {"cpu": "1"}}},
            {"name": "sidecar"},
        ]
        assert lacking({"spec": {"containers": containers}}, ["cpu"]) == ["sidecar: cpu"]
