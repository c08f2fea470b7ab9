"""What is made of what was seen in a cluster: pure, and so without one."""

from __future__ import annotations

import msgspec
import pytest
from kube_things import API_SERVICE, CHOSEN, traffic

from infra_grader.capabilities.kubernetes_probe import Name
from infra_grader.checks.kubernetes import (
    disruption,
    dns,
    endpoints,
    http,
    reachable,
    recovery,
    resource,
    scaling,
    update,
)
from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.kube_budget import Budget
from infra_grader.reading.kube_endpoints import Endpoint
from infra_grader.reading.kube_endpoints import Endpoints as Seen
from infra_grader.reading.kube_scaler import Scaler
from infra_grader.reading.live_deployed import Deployed


def params(model, **facts):
    return msgspec.convert({"of": "app", **facts}, model)


class TestReachable:
    CLIENTS = (
        {"reaches": True, "labels": {"role": "front"}},
        {"reaches": False},
        {"reaches": False, "where": "outside"},
    )

    def judge(self, *states, control="open", is_enforced=True, clients=CLIENTS):
        asked = params(reachable.Reachable, clients=list(clients))
        rows = tuple(
            reachable.Row(who="a pod", left_out=state[1:])
            if state.startswith("-")
            else reachable.Row(who="a pod", state=state, is_right=(state == "open") == one.reaches)
            for one, state in zip(asked.clients, states, strict=True)
        )
        seen = reachable.Matrix(control=control, rows=rows, is_enforced=is_enforced)
        return reachable.judge(asked, CHOSEN, seen)

    def test_each_as_it_should_be(self):
        outcome = self.judge("open", "silent", "refused")
        assert outcome.status == "passed"
        assert [each.actual for each in outcome.evidence] == [
            "it connects",
            "nobody answers",
            "the connection is refused",
        ]

    def test_some_are_a_share(self):
        outcome = self.judge("open", "open", "silent")
        assert str(outcome.fraction) == "2/3"

    def test_a_policy_that_selects_nothing_earns_nothing(self):
        outcome = self.judge("open", "open", "open")
        assert outcome.fraction == 0
        assert "nobody is kept out" in outcome.message

    def test_one_that_cuts_everybody_off_earns_nothing(self):
        outcome = self.judge("silent", "silent", "silent")
        assert outcome.fraction == 0
        assert "nobody is let in" in outcome.message

    def test_a_refusal_counts_only_where_one_who_is_let_through_gets_an_answer(self):
        with pytest.raises(CheckFailed, match="lets nobody in: the connection is refused"):
            self.judge("refused", "refused", "refused", control="refused")

    def test_a_cluster_that_enforces_nothing_cannot_tell(self):
        with pytest.raises(NotAssessed, match="enforces no NetworkPolicies"):
            self.judge("open", "open", "open", is_enforced=False)

    def test_one_who_cannot_be_made_here_is_left_out(self):
        outcome = self.judge("-another namespace", "silent", "silent")
        assert outcome.status == "passed"
        assert outcome.evidence[0].actual == "another namespace"
        with pytest.raises(NotAssessed, match="another namespace"):
            self.judge("-another namespace", clients=self.CLIENTS[:1])

    @pytest.mark.parametrize(
        "client", [{"reaches": True, "labels": {"a": "b"}, "like": "api"}, {"reaches": False, "admitted": True}]
    )
    def test_one_who_is_two_at_once_is_refused(self, client):
        with pytest.raises(msgspec.ValidationError):
            params(reachable.Reachable, clients=[client])


class TestDns:
    def told(self, state, stranger="unknown", *, works=True):
        names = (Name(name="api", state=state, seconds=0.1), Name(name=dns.STRANGER, state=stranger, seconds=0.1))
        return dns.Told(asked=(dns.Asked(who="the pods of Deployment api", names=names),), works=works)

    def test_known_and_unknown_as_they_should_be(self):
        assert dns.judge(self.told("known")).status == "passed"

    def test_a_name_that_is_not_known(self):
        assert str(dns.judge(self.told("unknown")).fraction) == "1/2"

    def test_a_dns_that_knows_everything_is_noticed(self):
        assert str(dns.judge(self.told("known", "known")).fraction) == "1/2"

    def test_dns_that_is_cut_off_is_told_apart(self):
        with pytest.raises(CheckFailed, match="DNS is cut off for the pods of Deployment api"):
            dns.judge(self.told("cut_off", "cut_off"))

    def test_a_cluster_whose_dns_is_down_cannot_tell(self):
        with pytest.raises(NotAssessed, match="own DNS"):
            dns.judge(self.told("cut_off", "cut_off", works=False))


class TestEndpoints:
    GOOD = Endpoint(address="10.1.0.2", is_ready=True, pod="a", owner="Deployment api", state="open")

    def judge(self, *found, ports=(5000,), **facts):
        return endpoints.judge(params(endpoints.Endpoints, **facts), CHOSEN, Seen(ports=ports, endpoints=found))

    def test_ready_addresses_are_counted(self):
        outcome = self.judge(self.GOOD, self.GOOD.replace(address="b"), at_least=2)
        assert outcome.status == "passed"
        assert outcome.measure.value == 2
        assert self.judge(self.GOOD, at_least=2).status == "failed"
        assert self.judge(self.GOOD.replace(is_ready=False)).status == "failed"

    def test_no_pod_at_all(self):
        with pytest.raises(CheckFailed, match="No pod stands behind Service api-service") as failed:
            self.judge()
        assert failed.value.evidence[0].actual == "app=api"

    def test_a_port_that_no_container_names(self):
        with pytest.raises(CheckFailed, match="leads to the port http, which no container names"):
            self.judge(self.GOOD, ports=())

    def test_a_port_where_nobody_listens(self):
        with pytest.raises(CheckFailed, match=r"1 of 2 ready addresses .* take no connections at port 5000"):
            self.judge(self.GOOD, self.GOOD.replace(address="b", state="refused"))

    def test_pods_of_two_workloads(self):
        other = self.GOOD.replace(address="b", owner="Deployment old")
        with pytest.raises(CheckFailed, match="mixes the pods of Deployment api and Deployment old"):
            self.judge(self.GOOD, other)
        assert self.judge(self.GOOD, other, mixed=True).status == "passed"


class TestHttp:
    def judge(self, *tried, **facts):
        return http.judge(params(http.Http, **facts), CHOSEN, http.Answers(tried=tried, output="it printed"))

    def test_one_right_answer_is_enough(self):
        outcome = self.judge(
            http.Tried(path="/health", status=404),
            http.Tried(path="/", status=200, seconds=0.02),
            paths=["/health", "/"],
        )
        assert outcome.status == "passed"
        assert outcome.measure.value == 20.0

    def test_a_wrong_status_a_body_and_silence(self):
        with pytest.raises(CheckFailed, match="status 500") as failed:
            self.judge(http.Tried(path="/", status=500))
        assert failed.value.evidence[0].expected == "status 200"
        assert failed.value.evidence[-1].text == "it printed"
        with pytest.raises(CheckFailed) as failed:
            self.judge(http.Tried(path="/", status=200, text="no"), contains=["yes"])
        assert failed.value.evidence[0].expected == "a body that contains 'yes'"
        with pytest.raises(CheckFailed, match="the connection is refused"):
            self.judge(http.Tried(path="/", reason="the connection is refused"))


class TestRecovery:
    def judge(self, seconds=2.0, lost=0, trouble="", cold="", wanted=3, **facts):
        seen = recovery.Recovered(
            pod="api-1",
            before=3,
            seconds=seconds,
            trouble=trouble,
            wanted=wanted,
            traffic=traffic(lost=lost, cold=cold),
        )
        return recovery.judge(params(recovery.Recovery, **facts), CHOSEN, seen)

    def test_the_time_is_measured(self):
        outcome = self.judge(2.04)
        assert outcome.status == "passed"
        assert (outcome.measure.value, outcome.measure.unit) == (2.0, "s")
        assert "0 of 200 requests were lost" in outcome.message

    def test_losses_are_told_and_judged_only_where_the_rubric_says_so(self):
        assert self.judge(lost=5).status == "passed"
        assert self.judge(lost=5, max_lost=0.03).status == "passed"
        with pytest.raises(CheckFailed, match="5 of 200 requests were lost"):
            self.judge(lost=5, max_lost=0)  # an exception has no measure, so that no award gives points for the time

    def test_one_that_does_not_come_back(self):
        with pytest.raises(CheckFailed, match="not recovered within 60 s") as failed:
            self.judge(None, trouble="CrashLoopBackOff: back-off")
        assert failed.value.evidence[0].text == "CrashLoopBackOff: back-off"

    def test_no_room_for_the_new_pod_is_the_labs(self):
        with pytest.raises(NotAssessed, match="no room"):
            self.judge(None, trouble="Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.")

    def test_pods_that_a_scaler_takes_away_meanwhile_cannot_come_back(self):
        with pytest.raises(NotAssessed, match="scaled down from 3 to 2 pods"):
            self.judge(None, wanted=2)

    def test_a_service_that_never_answered_loses_nothing_and_earns_nothing(self):
        with pytest.raises(CheckFailed, match="does not answer, so that nothing can be lost"):
            self.judge(cold="status 503", max_lost=0)
        assert self.judge(cold="status 503").status == "passed"


class TestUpdate:
    def judge(self, *seconds, lost=0, trouble="", total=200, **facts):
        titles = ("the update", "the way back")
        steps = tuple(
            update.Step(title=title, seconds=one, trouble=trouble) for title, one in zip(titles, seconds, strict=False)
        )
        losses = tuple((float(n), 0.1, "the connection is refused") for n in range(lost))
        seen = update.Updated(steps=steps, traffic=traffic(total=total, lost=lost, losses=losses))
        return update.judge(params(update.Update, **facts), CHOSEN, seen)

    def test_without_losses(self):
        outcome = self.judge(4.0, 3.0)
        assert outcome.status == "passed"
        assert "updated and taken back within 7 s; 0 of 200 requests were lost" in outcome.message

    def test_with_losses(self):
        outcome = self.judge(4.0, lost=3)
        assert outcome.status == "failed"
        assert (outcome.measure.value, outcome.measure.unit) == (1.5, "%")
        assert "3 of 200 lost" in outcome.evidence[1].actual
        assert "the connection is refused" in outcome.evidence[1].text
        assert self.judge(4.0, lost=3, max_lost=0.02).status == "passed"
        assert self.judge(4.0, lost=3, max_lost=None).status == "passed"

    def test_one_that_is_never_done(self):
        with pytest.raises(CheckFailed, match="the update of Deployment api is not done within 120 s"):
            self.judge(None, trouble="ImagePullBackOff: no")

    def test_no_room_for_a_surge_pod_is_the_labs(self):
        with pytest.raises(NotAssessed, match="no room"):
            self.judge(None, trouble="Unschedulable: 0/1 nodes are available: 1 Insufficient cpu.")

    def test_too_few_requests_tell_nothing(self):
        with pytest.raises(NotAssessed, match="Only 3 requests"):
            self.judge(4.0, total=3)


class TestDisruption:
    BUDGET = Budget(name="api", allowed=1, healthy=3, rule="minAvailable: 2")

    def judge(self, *budgets, lost=0, **facts):
        seen = {"pods": 3, "evicted": 3, "seconds": 20.0, "refusals": 4, "most_at_once": 1}
        found = disruption.Disrupted(budgets=budgets, traffic=traffic(lost=lost), **{**seen, **facts.pop("seen", {})})
        return disruption.judge(params(disruption.Disruption, **facts), CHOSEN, found)

    def test_a_drain_without_losses(self):
        outcome = self.judge(self.BUDGET)
        assert outcome.status == "passed"
        assert "All 3 pods of Deployment api were evicted within 20 s" in outcome.message

    def test_losses_fail(self):
        assert self.judge(self.BUDGET, lost=2).measure.value == 1.0
        assert self.judge(self.BUDGET, lost=2).status == "failed"

    def test_no_budget(self):
        with pytest.raises(CheckFailed, match="No PodDisruptionBudget selects the pods"):
            self.judge(seen={"evicted": 0})
        assert self.judge(budget=False).status == "passed"

    def test_a_budget_that_blocks_every_drain(self):
        blocking = self.BUDGET.replace(allowed=0, rule="minAvailable: 3")
        seen = {"evicted": 0, "refusals": 1, "refused": "Cannot evict pod", "seconds": None}
        with pytest.raises(CheckFailed, match="blocks every drain") as failed:
            self.judge(blocking, seen=seen)
        assert failed.value.evidence[-1].actual == "Cannot evict pod"

    def test_pods_that_a_scaler_takes_away_meanwhile_cannot_come_back(self):
        with pytest.raises(CheckFailed, match="cannot be drained"):
            self.judge(self.BUDGET, seen={"seconds": None, "wanted": 3})
        with pytest.raises(NotAssessed, match="scaled down from 3 to 2 pods"):
            self.judge(self.BUDGET, seen={"seconds": None, "wanted": 2})

    def test_a_budget_that_protects_nothing(self):
        with pytest.raises(CheckFailed, match="protects nothing"):
            self.judge(self.BUDGET.replace(allowed=3, rule="minAvailable: 0"))

    def test_two_budgets_for_the_same_pods(self):
        with pytest.raises(CheckFailed, match="api and other select the same pods"):
            self.judge(self.BUDGET, self.BUDGET.replace(name="other"), seen={"evicted": 0})

    def test_a_drain_that_does_not_end(self):
        with pytest.raises(CheckFailed, match="cannot be drained within 120 s"):
            self.judge(self.BUDGET, seen={"evicted": 1, "seconds": None})

    def test_no_room_for_a_pod_in_place_of_an_evicted_one_is_the_labs(self):
        full = "Unschedulable: 0/1 nodes are available: 1 Insufficient cpu."
        with pytest.raises(NotAssessed, match="no room"):
            self.judge(self.BUDGET, seen={"evicted": 1, "seconds": None, "trouble": full})


class TestScaling:
    SCALER = Scaler(name="hpa", target="Deployment api", least=2, most=5, current=2, desired=2, resources=("cpu",),
                    is_active=True)  # fmt: skip

    def judge(self, scaler=SCALER, seen=None, **facts):
        found = {"peak": self.SCALER.replace(desired=4), "pressure": 2.5, "shown_s": 30.0, "up_s": 18.0,
                 "traffic": traffic()}  # fmt: skip
        return scaling.judge(
            params(scaling.Scaling, **facts), CHOSEN, scaling.Scaled(scaler=scaler, **{**found, **(seen or {})})
        )

    def test_more_pods_are_wanted_whether_they_run_or_not(self):
        outcome = self.judge()
        assert outcome.status == "passed"
        assert outcome.measure.value == 18.0
        assert "wants 4 pods, not 2, 18 s after the use rose" in outcome.message
        assert outcome.evidence[0].text.endswith("250 % of the target, shown after 30 s of load")

    def test_and_fewer_again_where_the_rubric_waits_for_it(self):
        assert self.judge(down_s=60, seen={"down_s": 30.0}).status == "passed"
        assert self.judge(down_s=60).status == "failed"

    def test_none_for_this_workload(self):
        other = self.SCALER.replace(target="Deployment gone")
        with pytest.raises(CheckFailed, match="No HorizontalPodAutoscaler has Deployment api") as failed:
            self.judge(None, {"others": (other,)})
        assert failed.value.evidence[0].actual == "hpa has Deployment gone"

    def test_requests_are_missing(self):
        with pytest.raises(CheckFailed, match="do not make: sidecar: cpu"):
            self.judge(seen={"lacking": ("sidecar: cpu",)})

    def test_no_room_between_the_bounds(self):
        with pytest.raises(CheckFailed, match="keeps 2 to 2 pods"):
            self.judge(self.SCALER.replace(most=2))

    def test_no_metrics_is_the_clusters_fault_and_a_missing_request_the_learners(self):
        idle = self.SCALER.replace(is_active=False, reason="FailedGetResourceMetric")
        with pytest.raises(NotAssessed, match="no metrics"):
            self.judge(idle.replace(message="no metrics returned from resource metrics API"))
        with pytest.raises(CheckFailed, match="missing request for cpu"):
            self.judge(idle.replace(message="missing request for cpu in container api of Pod api-1"))

    def test_a_scaler_that_still_counts_a_probe_of_ours_says_nothing_of_the_learners_requests(self):
        message = "missing request for cpu in container probe of Pod infra-grader-probe-3"
        with pytest.raises(NotAssessed, match="no metrics"):
            self.judge(self.SCALER.replace(is_active=False, reason="FailedGetResourceMetric", message=message))

    def test_use_beyond_the_target_without_more_pods_fails(self):
        with pytest.raises(CheckFailed, match="wants no more pods within 60 s, though the use is 250 %"):
            self.judge(seen={"up_s": None, "peak": None})

    def test_a_load_that_does_not_reach_the_target_tells_nothing(self):
        with pytest.raises(NotAssessed, match="to 30 % of the target only"):
            self.judge(seen={"shown_s": None, "up_s": None, "peak": None, "pressure": 0.3})

    def test_a_use_beyond_the_target_that_does_not_last_tells_nothing_either(self):
        with pytest.raises(NotAssessed, match="to 130 % of the target for a moment"):
            self.judge(seen={"shown_s": None, "up_s": None, "peak": None, "pressure": 1.3})

    def test_containers_that_end_under_load_for_want_of_memory_are_the_learners(self):
        with pytest.raises(CheckFailed, match="under load api needs more memory than its limit") as failed:
            self.judge(seen={"shown_s": None, "up_s": None, "peak": None, "pressure": 1.3, "killed": ("api",)})
        assert failed.value.evidence[0].actual == "OOMKilled: api"
        assert self.judge(seen={"killed": ("api",)}).status == "passed"

    def test_one_at_its_most_before_any_load_cannot_be_judged(self):
        with pytest.raises(NotAssessed, match="before any load"):
            self.judge(self.SCALER.replace(desired=5))

    def test_a_service_that_does_not_answer_fails(self):
        with pytest.raises(CheckFailed, match="cannot be put under load"):
            self.judge(seen={"traffic": traffic(cold="status 503"), "up_s": None})


class TestResource:
    def judge(self, message):
        condition = {"type": "ScalingActive", "status": "False", "message": message}
        found = {"kind": "HorizontalPodAutoscaler", "metadata": {"name": "hpa"}, "spec": {"maxReplicas": 5}}
        found["status"] = {"conditions": [condition]}
        wanted = {"spec": {"maxReplicas": 5}, "status": {"conditions": [{"type": "ScalingActive", "status": "True"}]}}
        asked = params(resource.Resource, kind="HorizontalPodAutoscaler", expect=wanted)
        return resource.judge(
            asked, resource.Seen(is_served=True, objects=(found,)), Deployed(namespace="n", objects=())
        )

    def test_a_condition_that_is_not_as_asked(self):
        outcome = self.judge("missing request for cpu in container api of Pod api-1")
        assert outcome.fraction < 1
        assert "status.conditions[0].status is False, not True" in outcome.message

    def test_one_that_is_because_of_a_probe_of_ours_says_nothing(self):
        with pytest.raises(NotAssessed, match="still counts a pod of ours"):
            self.judge("missing request for cpu in container probe of Pod infra-grader-probe-3")


def test_what_was_seen_can_be_kept_and_read_again():
    found = disruption.Disrupted(
        budgets=(TestDisruption.BUDGET,),
        pods=3,
        evicted=3,
        seconds=20.0,
        traffic=traffic(lost=1, losses=((1.0, 0.2, "no"),), reasons={"no": 1}),
    )
    assert msgspec.json.decode(msgspec.json.encode(found), type=disruption.Disrupted) == found
    assert msgspec.json.decode(msgspec.json.encode(CHOSEN.service), type=type(API_SERVICE)) == API_SERVICE
