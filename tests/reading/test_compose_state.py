"""How a service is said to be, by its containers."""

from __future__ import annotations

import pytest

from infra_grader.capabilities.compose_project import Member
from infra_grader.capabilities.docker_state import Probe, State
from infra_grader.reading.compose_state import COMPLETED, Rules, look_at, may_end, restart_of

RUNNING = State(status="running", is_running=True)


def look(state, *, service=None, rules=None, silent="", others=None, count=1):
    """Return how a service with such containers is."""
    model = {"services": {"web": service or {}, **(others or {})}}
    members = [Member(id=str(number), service="web", number=number, state=state) for number in range(count)]
    return look_at(model, "web", members, rules or Rules(), lambda _member, ports: silent if ports else "")


@pytest.mark.parametrize(
    ("state", "is_up", "is_final", "said"),
    [
        (RUNNING, True, False, "running"),
        (RUNNING.replace(health="healthy"), True, False, "running and healthy"),
        (RUNNING.replace(health="starting"), False, False, "its health check has not succeeded yet"),
        (RUNNING.replace(health="unhealthy", probes=(Probe(1, "a\nb"),)), False, False, "its health check fails: a b"),
        (RUNNING.replace(restarts=1), False, True, "it ended and was started again once; runs now"),
        (State("restarting", False, exit_status=1), False, False, "it is being started again"),
        (State("created", False), False, False, "it was not started"),
        (State("created", False, error="no such program"), False, True, "no such program"),
        (State("exited", False, exit_status=1), False, True, "it has ended: exit status 1"),
        (State("exited", False, exit_status=0), False, True, "it has ended"),
        (State("exited", False, exit_status=137, is_out_of_memory=True), False, True, "it has ended: out of memory"),
    ],
)
def test_states(state, is_up, is_final, said):
    found = look(state)
    assert (found.is_up, found.is_final, found.said) == (is_up, is_final, found.said)
    assert found.said.startswith(said)


def test_restarts_are_counted_as_far_as_the_rubric_lets_them():
    assert look(RUNNING.replace(restarts=2), rules=Rules(most_restarts=2)).is_up
    assert not look(RUNNING.replace(restarts=3), rules=Rules(most_restarts=2)).is_up


def test_a_published_port_must_answer():
    ports = {"ports": [{"target": 80, "protocol": "tcp"}]}
    assert look(RUNNING, service=ports, silent="nothing listens").said == "nothing listens"
    assert look(RUNNING, silent="nothing listens").is_up, "what publishes nothing need not"


def test_one_that_is_started_again_may_still_come_up():
    ended = State("exited", False, exit_status=1)
    assert not look(ended, service={"restart": "always"}).is_final
    assert not look(ended, service={"restart": "on-failure:3"}).is_final
    assert look(ended, service={"restart": "no"}).is_final


@pytest.mark.parametrize(
    ("service", "others", "rules", "may"),
    [
        ({}, {}, Rules(), False),
        ({}, {"api": {"depends_on": {"web": {"condition": COMPLETED}}}}, Rules(), True),
        ({}, {"api": {"depends_on": {"web": {"condition": "service_started"}}}}, Rules(), False),
        ({"restart": "on-failure"}, {}, Rules(), True),
        ({"restart": "on-failure", "ports": [{"target": 80}]}, {}, Rules(), False),
        ({"restart": "always"}, {}, Rules(), False),
        ({}, {}, Rules(may_end=("w*",)), True),
    ],
)
def test_only_what_means_to_end_may_end(service, others, rules, may):
    assert may_end({"services": {"web": service, **others}}, "web", rules) is may
    ended = look(State("exited", False), service=service, others=others, rules=rules)
    assert ended.is_up is may


def test_all_containers_of_a_service_must_be_up():
    two = {"deploy": {"replicas": 2}}
    assert look(RUNNING, service=two, count=2).is_up
    assert look(RUNNING, service=two, count=1).said == "1 of 2 containers are there"
    assert look(RUNNING, count=0).said == "it has no container"
    assert not look(RUNNING, service={"scale": 0}, count=0).is_up, "what is not started earns nothing"


@pytest.mark.parametrize(
    ("service", "policy"),
    [
        ({}, "no"),
        ({"restart": "on-failure:5"}, "on-failure"),
        ({"deploy": {"restart_policy": {"condition": "none"}}}, "no"),
        ({"deploy": {"restart_policy": {"condition": "on-failure"}}}, "on-failure"),
        ({"deploy": {"restart_policy": {}}}, "always"),
        ({"restart": "always", "deploy": {"restart_policy": {"condition": "none"}}}, "always"),
    ],
)
def test_restart_policies(service, policy):
    assert restart_of(service) == policy


def test_when_a_container_was_started():
    member = Member(id="1", service="web", number=1, state=RUNNING.replace(started="2026-11-26T04:33:11.123456789Z"))
    assert member.started_s == pytest.approx(1795667591.123456, abs=0.001)
    assert member.replace(state=RUNNING).started_s == 0.0
