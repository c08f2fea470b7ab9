"""Finding the Service and workload that a rubric means, by the part that they play."""

from __future__ import annotations

import msgspec
import pytest
from kube_things import API, API_SERVICE, THINGS, WEB, WEB_SERVICE

from infra_grader.model.outcome import CheckFailed, NotAssessed
from infra_grader.reading.kube_seen import Port, Service, Things
from infra_grader.reading.kube_target import TargetParams, choose

ONE = Things(services=(API_SERVICE,), workloads=(API,))


def params(**facts):
    return msgspec.convert({"of": "app", **facts}, TargetParams)


def test_the_only_service_is_meant():
    chosen = choose(ONE, params())
    assert chosen.service is API_SERVICE
    assert chosen.workload is API
    assert chosen.host == "10.0.0.7"


@pytest.mark.parametrize(
    "facts", [{"workload": "ap*"}, {"image": "*api*"}, {"service": ["nothing", "api-*"]}, {"workload": ["x", "api"]}]
)
def test_one_of_several_is_found_by_what_the_rubric_says(facts):
    assert choose(THINGS, params(**facts)).service is API_SERVICE


def test_several_that_are_meant_alike_are_the_rubrics_fault():
    with pytest.raises(NotAssessed, match="api-service, web"):
        choose(THINGS, params())


def test_of_services_to_the_same_pods_the_one_with_an_address_is_asked():
    headless = Service(name="aaa", address="", selector={"app": "api"}, ports=(Port(number=80, target=5000),))
    public = API_SERVICE.replace(name="a-public-one", kind="LoadBalancer")
    things = ONE.replace(services=(headless, public, API_SERVICE))
    assert choose(things, params()).service is API_SERVICE
    assert choose(things, params(service="aaa")).host == "aaa"


def test_ports_and_services_of_metrics_are_beside_what_is_meant():
    metrics = Port(number=9090, target="metrics", name="http-metrics")
    first = API_SERVICE.replace(name="api-metrics", ports=(metrics,))
    both = API_SERVICE.replace(ports=(metrics, API_SERVICE.ports[0]))
    things = ONE.replace(services=(first, both))
    assert choose(things, params()).title == "Service api-service:80"
    assert choose(things, params(service="api-metrics")).title == "Service api-metrics:9090"
    assert choose(things, params(port=9090)).title == "Service api-metrics:9090"
    assert choose(things, params(port="web")).title == "Service api-service:80"
    unnamed = first.replace(ports=(Port(number=9090, target=9090),))
    assert choose(ONE.replace(services=(unnamed, API_SERVICE)), params()).service is API_SERVICE


def test_a_headless_service_is_asked_by_a_name_that_other_namespaces_know():
    headless = Service(name="aaa", address="", selector={"app": "api"}, ports=(Port(number=80, target=5000),))
    things = ONE.replace(services=(headless, API_SERVICE), namespace="shop")
    assert choose(things, params(service="aaa")).host == "aaa.shop"
    assert choose(things, params(service=API_SERVICE.name)).host == "10.0.0.7"


def test_a_service_that_selects_no_workload_fails_where_one_is_asked_for():
    astray = API_SERVICE.replace(selector={"app": "api-typo"})
    chosen = choose(ONE.replace(services=(astray,)), params())
    assert chosen.workloads == ()
    with pytest.raises(CheckFailed, match="selects the pods of no workload"):
        assert chosen.workload
    with pytest.raises(CheckFailed, match="No Service selects the pods of Deployment api"):
        choose(ONE.replace(services=(astray,)), params(workload="api"))


def test_a_service_that_mixes_workloads_has_not_one():
    other = WEB.replace(labels={"app": "api", "tier": "b"})
    chosen = choose(Things(services=(API_SERVICE,), workloads=(API, other)), params())
    with pytest.raises(CheckFailed, match="mixes the pods of Deployment api and Deployment web"):
        assert chosen.workload


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"service": "nope"}, "Service that is asked for was not deployed"),
        ({"workload": "nope"}, "workload that is asked for was not deployed"),
        ({"port": 81}, "lacks the port"),
        ({"port": "grpc"}, "lacks the port"),
    ],
)
def test_what_was_not_deployed_fails(facts, message):
    with pytest.raises(CheckFailed, match=message) as failed:
        choose(ONE, params(**facts))
    assert failed.value.evidence


def test_ports_are_found_by_number_and_name():
    assert choose(ONE, params(port="metrics")).port.number == 9090
    assert choose(ONE, params(port=9090)).port.name == "metrics"
    assert choose(ONE, params()).pod_ports == ["http", 5000]
    assert choose(ONE, params(port=9090)).pod_ports == [9090]


def test_a_datagram_port_is_not_asked():
    dns = API_SERVICE.replace(ports=(Port(number=53, target=53, protocol="UDP"),))
    with pytest.raises(CheckFailed, match="lacks the port"):
        choose(ONE.replace(services=(dns,)), params())


def test_the_other_one_is_found_too():
    assert choose(THINGS, params(service="web")).service is WEB_SERVICE
