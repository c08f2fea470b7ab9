"""Manifests as we apply them: none leaves our namespace, twice is once, and nothing of the learner's is filled in."""

from __future__ import annotations

import base64
import json
from fractions import Fraction
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_grader.model.outcome import NotAssessed
from infra_grader.reading.kube_policy import find_refusals
from infra_grader.reading.kube_rewrite import Rewritten, Target, rewrite
from infra_grader.reading.kube_rewrite_names import Names, rewrite_text
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_files import read_manifests

OURS = "infra-grader-1"
SOLUTION = Path(__file__).parents[2] / "exercises/project-02-kubernetes-serving/solution/kubernetes"


def served(api_version: str, _kind: str) -> bool | None:
    return None if api_version.startswith("monitoring.") else True


TARGET = Target(namespace=OURS, served=served)


def manifests(text: str) -> list[Manifest]:
    return [Manifest(data=data, locate=locate) for data, locate in read_manifests("k8s.yaml", dedent(text))[0]]


def rewritten(text: str, **changes: Any) -> Rewritten:
    return rewrite(manifests(text), TARGET.replace(**changes))


def only(text: str, **changes: Any) -> dict[str, Any]:
    [found] = rewritten(text, **changes).manifests
    return found.data


def kind(head: str, body: str, namespace: str = "shop", name: str = "x") -> str:
    version, title = head.split()
    head = f"apiVersion: {version}\nkind: {title}\nmetadata: {{name: {name}, namespace: {namespace}}}"
    return f"{head}\n{dedent(body)}\n---\n"


def pod(spec: str) -> dict[str, Any]:
    found: dict[str, Any] = only(kind("v1 Pod", f"spec: {spec}"))["spec"]
    return found


def test_every_object_is_in_our_namespace_and_the_namespace_object_is_dropped() -> None:
    text = kind("v1 ConfigMap", "") + "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {team: a}}\n"
    found = rewritten(text)
    assert [each.data["metadata"]["namespace"] for each in found.manifests] == [OURS]
    assert found.namespace_labels == {"team": "a"}
    [note] = found.notes
    assert (note.line, note.expected, note.actual) == (3, f"the namespace {OURS}", "shop")


@pytest.mark.parametrize("level", ["privileged", "restricted"])
def test_labels_of_kubernetes_and_ours_are_not_taken_from_a_namespace(level: str) -> None:
    labels = (
        f"pod-security.kubernetes.io/enforce: {level}, infra-grader.io/run: x, kubernetes.io/metadata.name: y, a: b"
    )
    text = f"apiVersion: v1\nkind: Namespace\nmetadata: {{name: shop, labels: {{{labels}}}}}\n"
    assert rewritten(text).namespace_labels == {"a": "b"}


def test_a_kind_that_the_cluster_lacks_is_skipped_with_a_note() -> None:
    found = rewritten(kind("monitoring.coreos.com/v1 ServiceMonitor", "spec: {}"))
    assert (found.manifests, [each.kind for each in found.skipped]) == ((), ["ServiceMonitor"])
    assert "ServiceMonitor x" in str(found.notes[-1].actual)


@pytest.mark.parametrize("head", ["v1 Endpoints", "discovery.k8s.io/v1 EndpointSlice", "example.com/v1 Application"])
def test_objects_that_lead_elsewhere_are_not_applied(head: str) -> None:
    assert rewritten(kind(head, "")).manifests == ()


def test_two_environments_with_one_name_cannot_be_judged_in_one_namespace() -> None:
    text = kind("v1 ConfigMap", "data: {a: '1'}", "dev") + kind("v1 ConfigMap", "data: {a: '2'}", "prod")
    with pytest.raises(NotAssessed, match="ConfigMap x is in the namespaces dev and prod"):
        rewritten(text)


def test_the_last_of_two_objects_of_one_name_counts_as_for_kubectl() -> None:
    text = kind("v1 ConfigMap", "data: {a: '1'}") + kind("v1 ConfigMap", "data: {a: '2'}")
    found = rewritten(text)
    assert [each.data["data"] for each in found.manifests] == [{"a": "2"}]
    assert any("in place of one of the same name" in str(note.actual) for note in found.notes)


def test_objects_come_in_the_order_in_which_they_need_each_other() -> None:
    heads = ["networking.k8s.io/v1 Ingress", "apps/v1 Deployment", "v1 Service", "v1 ConfigMap", "v1 ServiceAccount"]
    found = rewritten("".join(kind(head, "") for head in heads))
    assert [each.kind for each in found.manifests] == [
        "ServiceAccount",
        "ConfigMap",
        "Service",
        "Deployment",
        "Ingress",
    ]


def test_owners_finalizers_and_what_the_server_says_are_left_out() -> None:
    text = """
    apiVersion: v1
    kind: ConfigMap
    metadata:
      name: x
      uid: "1"
      creationTimestamp: null
      managedFields: []
      finalizers: [example.com/never]
      ownerReferences: [{kind: Node, name: n, uid: "2"}]
      labels: {infra-grader.io/run: forged, app: a}
      annotations: {eks.amazonaws.com/role-arn: admin, note: mine}
    status: {a: b}
    """
    assert only(text) == {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "x", "namespace": OURS, "labels": {"app": "a"}, "annotations": {"note": "mine"}},
    }
    fields = [str(note.text) for note in rewritten(text).notes]
    assert len(fields) == 4


def test_what_a_template_makes_is_held_by_nobody_either() -> None:
    held = "{finalizers: [example.com/never], ownerReferences: [{kind: Node, name: n}], labels: {app: a}}"
    text = kind(
        "apps/v1 StatefulSet",
        f"""
        spec:
          template: {{metadata: {held}, spec: {{containers: []}}}}
          volumeClaimTemplates: [{{metadata: {held}, spec: {{}}}}]
        """,
    )
    found = rewritten(text)
    spec = found.manifests[0].data["spec"]
    assert spec["template"]["metadata"] == spec["volumeClaimTemplates"][0]["metadata"] == {"labels": {"app": "a"}}
    assert len([each for each in found.notes if "finalizer" in str(each.expected)]) == 2


def test_a_generated_name_is_a_name_that_stays_the_same() -> None:
    text = "apiVersion: batch/v1\nkind: Job\nmetadata: {generateName: train-}\n"
    first, second = only(text)["metadata"], only(text)["metadata"]
    assert first == second
    assert first["name"].startswith("train-")
    assert "generateName" not in first


def test_aliases_are_not_shared_in_what_is_applied() -> None:
    text = """
    apiVersion: apps/v1
    kind: Deployment
    metadata: {name: x, labels: &labels {app: x, infra-grader.io/run: forged}}
    spec: {template: {metadata: {labels: *labels}}}
    """
    given = manifests(text)
    data = rewrite(given, TARGET).manifests[0].data
    assert data["metadata"]["labels"] is not data["spec"]["template"]["metadata"]["labels"]
    assert given[0].data["metadata"]["labels"]["infra-grader.io/run"] == "forged"  # what was given stays as it was


def test_what_pushes_others_aside_is_left_out_of_pods() -> None:
    spec = "{nodeName: a, priorityClassName: system-node-critical, priority: 1, runtimeClassName: kata, hostname: h}"
    assert pod(spec) == {"hostname": "h"}


def test_images_are_ours_where_a_glob_names_them() -> None:
    spec = """{containers: [
      {name: a, image: "model-api:v1.0", imagePullPolicy: Never}, {name: b, image: redis}, {name: c, image: model-api}],
      initContainers: [{name: d, image: "me/model-api:v1.0@sha256:0"}]}"""
    ours = "registry:5000/run@sha256:1"
    found = only(kind("v1 Pod", f"spec: {spec}"), images={"model-api:*": ours, "*/model-api:*": ours})["spec"]
    assert [each["image"] for each in found["containers"]] == [ours, "redis", ours]
    assert found["containers"][0]["imagePullPolicy"] == "IfNotPresent"
    assert found["initContainers"][0]["image"] == ours


def test_a_token_lasts_an_hour_at_most() -> None:
    spec = "{volumes: [{name: t, projected: {sources: [{serviceAccountToken: {path: t, expirationSeconds: 86400}}]}}]}"
    token = pod(spec)["volumes"][0]["projected"]["sources"][0]["serviceAccountToken"]
    assert token == {"path": "t", "expirationSeconds": 3600}


def test_services_are_of_the_inside() -> None:
    text = kind(
        "v1 Service",
        """
        spec:
          type: LoadBalancer
          clusterIP: 10.96.0.77
          clusterIPs: [10.96.0.77]
          externalIPs: [8.8.8.8]
          loadBalancerIP: 8.8.4.4
          externalTrafficPolicy: Local
          selector: {app: x}
          ports: [{port: 80, targetPort: http, nodePort: 30080}]
        """,
    )
    assert only(text)["spec"] == {
        "type": "ClusterIP",
        "selector": {"app": "x"},
        "ports": [{"port": 80, "targetPort": "http"}],
    }


def test_a_headless_service_stays_one() -> None:
    assert only(kind("v1 Service", "spec: {clusterIP: None}"))["spec"] == {"clusterIP": "None"}


def test_claims_name_classes_that_the_lab_has() -> None:
    text = kind("v1 PersistentVolumeClaim", "spec: {storageClassName: gp3, volumeName: pv-1, accessModes: [RWO]}")
    assert only(text, storage_classes=("standard",))["spec"] == {"accessModes": ["RWO"]}
    kept = only(kind("v1 PersistentVolumeClaim", "spec: {storageClassName: standard}"), storage_classes=("standard",))
    assert kept["spec"] == {"storageClassName": "standard"}


# Names of namespaces in texts


def env_value(value: str, services: tuple[str, ...] = ("redis",), namespace: str = "shop") -> str:
    text = "".join(kind("v1 Service", "", namespace, name) for name in services) + kind(
        "v1 Pod", f"spec: {{containers: [{{env: [{{name: A, value: {json.dumps(value)}}}]}}]}}", namespace
    )
    [found] = [each.data for each in rewritten(text).manifests if each.kind == "Pod"]
    made: str = found["spec"]["containers"][0]["env"][0]["value"]
    return made


@pytest.mark.parametrize(
    ("value", "made"),
    [
        ("redis.shop.svc.cluster.local", f"redis.{OURS}.svc.cluster.local"),
        ("http://redis.shop.svc:6379/0", f"http://redis.{OURS}.svc:6379/0"),
        ("redis://:pw@redis.shop:6379", f"redis://:pw@redis.{OURS}:6379"),
        ("redis-0.redis.shop.svc.cluster.local:6379", f"redis-0.redis.{OURS}.svc.cluster.local:6379"),
        ("redis.shop", f"redis.{OURS}"),
        ("HOST=redis.shop", f"HOST=redis.{OURS}"),
        ("--namespace=shop", f"--namespace={OURS}"),
        ('up{namespace="shop"} > 0', f'up{{namespace="{OURS}"}} > 0'),
        ("namespaces:\n  names:\n    - shop\n", f"namespaces:\n  names:\n    - {OURS}\n"),
    ],
)
def test_own_services_are_called_in_our_namespace(value: str, made: str) -> None:
    assert env_value(value) == made


@pytest.mark.parametrize(
    "value",
    [
        "https://kubernetes.default.svc",
        "prometheus.monitoring.svc:9090",
        "redis",
        "shop",
        "redis.shop.com",
        "my-redis.shop",
        "from redis.shop import x\nredis.shop(1)",
        'namespace="shop-2"',
        "redis.shopping",
    ],
)
def test_other_names_stay(value: str) -> None:
    assert env_value(value) == value


def test_the_module_of_a_program_is_no_service_of_the_default_namespace() -> None:
    assert env_value("gunicorn app.default", ("app",), "default") == "gunicorn app.default"
    assert env_value("http://app.default/x", ("app",), "default") == f"http://app.{OURS}/x"


def test_where_no_namespace_is_named_a_full_name_of_an_own_service_tells_it() -> None:
    text = "apiVersion: v1\nkind: Service\nmetadata: {name: api}\n---\n" + dedent("""
        apiVersion: v1
        kind: ConfigMap
        metadata: {name: c}
        data: {url: "http://api.shop.svc:80", other: "http://db.shop.svc"}
        """)
    [found] = [each.data["data"] for each in rewritten(text).manifests if each.kind == "ConfigMap"]
    assert found == {"url": f"http://api.{OURS}.svc:80", "other": "http://db.shop.svc"}


def test_settings_and_secrets_are_read_by_pods_too() -> None:
    secret = base64.b64encode(b"redis://redis.shop.svc").decode()
    text = kind("v1 ConfigMap", "data: {POD_NAMESPACE: shop, shop: shop}") + kind(
        "v1 Secret", f"data: {{url: {secret}, raw: '////'}}\nstringData: {{url: redis.shop.svc}}"
    )
    config, private = sorted((each.data for each in rewritten(text).manifests), key=lambda data: str(data["kind"]))
    assert config["data"] == {"POD_NAMESPACE": OURS, "shop": "shop"}
    assert base64.b64decode(private["data"]["url"]).decode() == f"redis://redis.{OURS}.svc"
    assert (private["data"]["raw"], private["stringData"]["url"]) == ("////", f"redis.{OURS}.svc")


EGRESS = """
spec:
  podSelector: {}
  egress:
    - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: PLACE}}}]
"""


@pytest.mark.parametrize(
    ("other", "place"),
    [
        (
            kind("rbac.authorization.k8s.io/v1 RoleBinding", "roleRef: {kind: Role, name: r}", "kube-system"),
            "kube-system",
        ),
        (kind("monitoring.coreos.com/v1 ServiceMonitor", "spec: {}", "monitoring"), "monitoring"),
    ],
)
def test_one_object_elsewhere_does_not_make_a_namespace_of_others_the_submissions(other: str, place: str) -> None:
    """An object of the cluster's own namespace is applied to ours, and one that is skipped is not here at all."""
    policy = kind("networking.k8s.io/v1 NetworkPolicy", EGRESS.replace("PLACE", place))
    setting = kind("v1 ConfigMap", f"data: {{url: 'http://db.{place}.svc:80', own: 'http://api.shop.svc:80'}}")
    found = {each.kind: each.data for each in rewritten(policy + setting + other).manifests}
    [rule] = found["NetworkPolicy"]["spec"]["egress"]
    assert rule["to"] == [{"namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": place}}}]
    assert found["ConfigMap"]["data"] == {"url": f"http://db.{place}.svc:80", "own": f"http://api.{OURS}.svc:80"}


def test_what_the_submission_itself_puts_beside_the_clusters_own_is_found_in_ours() -> None:
    text = kind("v1 Service", "spec: {}", "kube-system", "logs")
    text += kind("v1 ConfigMap", "data: {own: 'http://logs.kube-system.svc:80', dns: kube-dns.kube-system.svc}")
    subject = "subjects: [{kind: ServiceAccount, name: logs, namespace: kube-system}]"
    text += kind("rbac.authorization.k8s.io/v1 RoleBinding", f"roleRef: {{kind: Role, name: r}}\n{subject}")
    found = {each.kind: each.data for each in rewritten(text).manifests}
    assert found["ConfigMap"]["data"] == {"own": f"http://logs.{OURS}.svc:80", "dns": "kube-dns.kube-system.svc"}
    assert found["RoleBinding"]["subjects"] == [{"kind": "ServiceAccount", "name": "logs", "namespace": OURS}]


def test_no_value_of_a_secret_is_shown() -> None:
    encoded = base64.b64encode(b"redis://:swordfish@redis.shop.svc").decode()
    text = kind("v1 Secret", f"data: {{a: {encoded}}}\nstringData: {{b: 'redis://:swordfish@redis.shop.svc'}}")
    notes = rewritten(text).notes
    assert [note.actual for note in notes if note.text == "Secret x: set aside in this lab"] == ["(hidden)", "(hidden)"]
    assert not any("swordfish" in str(note) or encoded in str(note) for note in notes)


def test_the_namespace_of_a_command_is_ours() -> None:
    spec = "{containers: [{command: [kubectl, -n, shop, get, pods], args: [--watch-namespace, shop, -x, shop]}]}"
    assert pod(spec)["containers"][0] == {
        "command": ["kubectl", "-n", OURS, "get", "pods"],
        "args": ["--watch-namespace", OURS, "-x", "shop"],
    }


def test_policies_and_affinities_that_name_their_own_namespace_name_ours() -> None:
    text = kind(
        "networking.k8s.io/v1 NetworkPolicy",
        """
        spec:
          podSelector: {}
          ingress:
            - from:
                - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}
                - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: monitoring}}
                - namespaceSelector:
                    matchExpressions: [{key: kubernetes.io/metadata.name, operator: In, values: [shop, monitoring]}]
                - namespaceSelector: {}
        """,
    )
    found = only(text)["spec"]["ingress"][0]["from"]
    name = "kubernetes.io/metadata.name"
    assert [each["namespaceSelector"] for each in found] == [
        {"matchLabels": {name: OURS}},
        {"matchLabels": {name: "monitoring"}},
        {"matchExpressions": [{"key": name, "operator": "In", "values": [OURS, "monitoring"]}]},
        {},
    ]
    terms = "[{namespaces: [shop, other], topologyKey: a}]"
    spec = f"{{affinity: {{podAntiAffinity: {{requiredDuringSchedulingIgnoredDuringExecution: {terms}}}}}}}"
    [term] = pod(spec)["affinity"]["podAntiAffinity"]["requiredDuringSchedulingIgnoredDuringExecution"]
    assert term["namespaces"] == [OURS, "other"]


# Requests

WORK = kind(
    "apps/v1 Deployment",
    """
    spec:
      template:
        spec:
          initContainers: [{name: i, resources: {requests: {cpu: "1"}}}]
          containers:
            - {name: a, resources: {requests: {cpu: 500m, memory: 1Gi}, limits: {cpu: "1", memory: 2Gi}}}
            - {name: b, resources: {limits: {cpu: 100m}}}
            - {name: c}
    """,
)


def test_requests_shrink_and_limits_stay() -> None:
    spec = only(WORK, scale=Fraction(1, 10))["spec"]["template"]["spec"]
    a, b, c = (each.get("resources") for each in spec["containers"])
    assert a == {"requests": {"cpu": "50m", "memory": "107374183"}, "limits": {"cpu": "1", "memory": "2Gi"}}
    assert b == {"requests": {"cpu": "10m"}, "limits": {"cpu": "100m"}}
    assert c is None  # what asks for nothing is given nothing
    assert spec["initContainers"][0]["resources"]["requests"] == {"cpu": "100m"}


def test_an_autoscaler_acts_at_as_many_bytes_as_before_and_at_a_share_of_the_load() -> None:
    scaler = kind(
        "autoscaling/v2 HorizontalPodAutoscaler",
        """
        spec:
          scaleTargetRef: {kind: Deployment, name: x}
          metrics:
            - {type: Resource, resource: {name: cpu, target: {type: Utilization, averageUtilization: 70}}}
            - type: ContainerResource
              containerResource: {name: memory, container: a, target: {type: Utilization, averageUtilization: 50}}
            - {type: Resource, resource: {name: memory, target: {type: AverageValue, averageValue: 1Gi}}}
        """,
    )
    found = rewritten(WORK + scaler, scale=Fraction(1, 10))
    [made] = [each.data["spec"]["metrics"] for each in found.manifests if each.kind == "HorizontalPodAutoscaler"]
    assert made[0]["resource"]["target"]["averageUtilization"] == 70
    assert made[1]["containerResource"]["target"]["averageUtilization"] == 500
    assert made[2]["resource"]["target"] == {"type": "AverageValue", "averageValue": "1Gi"}
    assert any("500 percent" in str(note.expected) for note in found.notes)


BOUNDS = kind(
    "v1 ResourceQuota", "spec: {hard: {pods: 3, requests.cpu: 1500m, memory: 1Gi, limits.cpu: '3'}}", name="all"
) + kind(
    "v1 LimitRange",
    """
    spec:
      limits:
        - type: Container
          min: {cpu: 100m, memory: 64Mi}
          max: {cpu: '1'}
          default: {cpu: 500m}
          maxLimitRequestRatio: {cpu: 2}
        - type: PersistentVolumeClaim
          min: {storage: 1Gi}
    """,
    name="each",
)


def test_bounds_of_the_learners_on_requests_shrink_with_them() -> None:
    found = rewritten(BOUNDS, scale=Fraction(1, 4))
    quota, limits = sorted((each.data["spec"] for each in found.manifests), key=lambda spec: "limits" in spec)
    memory = str(2**28 + 30)
    assert quota["hard"] == {"pods": 3, "requests.cpu": "405m", "memory": memory, "limits.cpu": "3"}
    assert limits["limits"] == [
        {
            "type": "Container",
            "min": {"cpu": "24m", "memory": str(2**24 - 1)},
            "max": {"cpu": "1"},
            "default": {"cpu": "500m"},
            "defaultRequest": {"cpu": "125m"},
            "maxLimitRequestRatio": {"cpu": "9"},
        },
        {"type": "PersistentVolumeClaim", "min": {"storage": "1Gi"}},
    ]
    notes = [(each.line, each.text or each.actual) for each in found.notes if "times 0.25" in str(each)]
    assert len(notes) == 2


@pytest.mark.parametrize(
    ("limits", "requests"),
    [
        ("{type: Container, max: {cpu: '2', memory: 4Gi}}", {"cpu": "500m", "memory": str(2**30)}),
        ("{type: Container, max: {cpu: '2', memory: 4Gi}, default: {cpu: '1'}}", {"cpu": "250m", "memory": str(2**30)}),
        ("{type: Container, max: {cpu: '2'}, defaultRequest: {cpu: 100m}}", {"cpu": "25m"}),
        ("{type: Pod, max: {cpu: '2'}}", None),  # the API takes no defaults for whole pods
        ("{type: Container, maxLimitRequestRatio: {cpu: 4}}", None),
    ],
)
def test_requests_that_the_api_would_fill_in_from_limits_shrink_too(
    limits: str, requests: dict[str, str] | None
) -> None:
    bounds = kind("v1 LimitRange", f"spec: {{limits: [{limits}]}}", name="each")
    [found] = rewritten(bounds, scale=Fraction(1, 4)).manifests
    assert found.data["spec"]["limits"][0].get("defaultRequest") == requests


def test_bounds_stay_as_they_are_in_a_lab_that_is_not_small() -> None:
    assert [each.data["spec"] for each in rewritten(BOUNDS).manifests] == [
        each.data["spec"] for each in sorted(manifests(BOUNDS), key=lambda one: one.kind, reverse=True)
    ]


@given(st.integers(1, 5000), st.integers(1, 20), st.fractions(Fraction(1, 20), 1))
def test_as_many_pods_as_a_quota_lets_in_are_let_in_by_its_share(milli: int, pods: int, scale: Fraction) -> None:
    quota = kind("v1 ResourceQuota", f"spec: {{hard: {{requests.cpu: {milli * pods}m}}}}", name="all")
    work = WORK.replace("cpu: 500m", f"cpu: {milli}m")
    found = {each.kind: each.data["spec"] for each in rewritten(work + quota, scale=scale).manifests}
    [container, *_] = found["Deployment"]["template"]["spec"]["containers"]
    asked = int(container["resources"]["requests"]["cpu"].removesuffix("m"))
    assert pods * asked <= int(found["ResourceQuota"]["hard"]["requests.cpu"].removesuffix("m"))


def test_without_a_scale_no_request_is_touched_and_an_autoscaler_without_requests_gets_none() -> None:
    assert only(WORK)["spec"] == manifests(WORK)[0].data["spec"]


# Laws

NAMES = st.sampled_from(["a", "b", "shop", "default", "kube-system", "infra", "redis"])
HEADS = st.sampled_from(
    ["v1 ConfigMap", "v1 Service", "apps/v1 Deployment", "v1 Namespace", "networking.k8s.io/v1 NetworkPolicy",
     "rbac.authorization.k8s.io/v1 Role", "rbac.authorization.k8s.io/v1 RoleBinding", "v1 ServiceAccount",
     "rbac.authorization.k8s.io/v1 ClusterRole", "rbac.authorization.k8s.io/v1 ClusterRoleBinding",
     "monitoring.coreos.com/v1 ServiceMonitor", "v1 Endpoints", "v1 Pod", "batch/v1 CronJob",
     "autoscaling/v2 HorizontalPodAutoscaler", "v1 PersistentVolumeClaim", "example.com/v1 Cache"]
)  # fmt: skip
TEXTS = st.one_of(
    NAMES,
    st.builds("{}.{}.svc".format, NAMES, NAMES),
    st.builds("http://{}.{}:80 --namespace={}".format, NAMES, NAMES, NAMES),
    st.text("a.-:/ \n=*", max_size=12),
)
KEYS = st.sampled_from(
    ["metadata", "spec", "template", "namespace", "namespaceSelector", "matchLabels", "kubernetes.io/metadata.name",
     "containers", "env", "name", "value", "command", "args", "subjects", "roleRef", "kind", "rules", "apiGroups",
     "resources", "verbs", "data", "type", "ports", "labels", "annotations", "finalizers", "volumes", "projected",
     "sources", "serviceAccountToken", "expirationSeconds", "requests", "limits", "cpu", "memory", "clusterIP", "image",
     "metrics", "resource", "target", "averageUtilization", "scaleTargetRef", "namespaces", "volumeName", "jobTemplate"]
)  # fmt: skip
VALUES = st.recursive(
    st.one_of(
        TEXTS, st.integers(-5, 99999), st.booleans(), st.none(), st.sampled_from(["*", "ServiceAccount", "Group"])
    ),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
OBJECTS = st.builds(
    lambda head, name, space, rest: {
        **rest,
        "apiVersion": head.split()[0],
        "kind": head.split()[1],
        "metadata": {"name": name, **({"namespace": space} if space else {}), "labels": rest.get("labels")},
    },
    HEADS,
    NAMES,
    st.one_of(st.none(), NAMES),
    st.dictionaries(KEYS, VALUES, max_size=6),
)
LISTED = frozenset({"ClusterRole", "ClusterRoleBinding", "Cache"})


def as_manifests(objects: list[dict[str, Any]]) -> list[Manifest]:
    return [Manifest(data=each, locate=lambda _path: ("k8s.yaml", 1)) for each in objects]


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(OBJECTS, max_size=5), st.fractions(Fraction(1, 20), 1))
def test_no_object_leaves_our_namespace_and_rewriting_twice_is_once(
    objects: list[dict[str, Any]], scale: Fraction
) -> None:
    target = TARGET.replace(listed=LISTED, images={"*": "ours@sha256:1"}, scale=scale, storage_classes=())
    before = json.dumps(objects)
    given_ones = as_manifests(objects)
    if find_refusals(given_ones, served, listed=LISTED):
        return
    try:
        found = rewrite(given_ones, target)
    except NotAssessed:
        return
    assert json.dumps(objects) == before
    for each in found.manifests:
        assert each.data["metadata"]["namespace"] == OURS
        assert each.kind not in {"Namespace", "ClusterRole", "ClusterRoleBinding", "Endpoints", "ServiceMonitor"}
    assert find_refusals(found.manifests, served) == [] or any(each.kind == "Cache" for each in found.manifests)
    again = rewrite(found.manifests, target.replace(scale=Fraction(1)))
    assert [each.data for each in again.manifests] == [each.data for each in found.manifests]
    assert again.notes == () or all("not applied" in str(note.actual) for note in again.notes)


def test_the_solution_of_the_course_is_rewritten_once_and_keeps_what_is_judged() -> None:
    found = [
        Manifest(data=data, locate=locate)
        for file in sorted(SOLUTION.glob("*.yaml"))
        for data, locate in read_manifests(file.name, file.read_text())[0]
    ]
    first = rewrite(found, TARGET)
    again = rewrite(first.manifests, TARGET)
    assert [each.data for each in again.manifests] == [each.data for each in first.manifests]
    kinds = {each.kind: each.data for each in first.manifests}
    originals = {each.kind: each.data for each in found}
    assert kinds["Deployment"]["spec"] == originals["Deployment"]["spec"]
    assert kinds["NetworkPolicy"]["spec"] == originals["NetworkPolicy"]["spec"]


@pytest.mark.parametrize("text", ["a.shop ", "//a.", "namespaces:\n names:\n", "namespace: ", "a-", "redis.shop"])
def test_a_text_that_repeats_itself_is_read_in_time_that_grows_with_it(text: str) -> None:
    names = Names(namespace=OURS, own=frozenset({"shop"}), services=frozenset({"a"}))
    assert len(rewrite_text(text * 20_000, names)) >= 20_000


def test_rules_for_egress_stay_and_are_noted_where_they_lead_further_than_the_lab() -> None:
    body = """
    spec:
      podSelector: {}
      policyTypes: [Egress]
      egress:
        - to: [{namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: shop}}}]
        - {}
    """
    found = rewritten(kind("networking.k8s.io/v1 NetworkPolicy", body))
    [policy] = found.manifests
    assert policy.data["spec"]["egress"][1] == {}
    noted = [each for each in found.notes if "lab lets pods reach" in (each.expected or "")]
    assert [each.line for each in noted] == [10]
