"""What manifests may bring to a cluster: everything beyond one namespace is refused, sound work never is."""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.kube_policy import Bounds, find_refusals, pods_of, refuse
from infra_grader.reading.manifest import Manifest
from infra_grader.reading.manifest_files import read_manifests

SOLUTION = Path(__file__).parents[2] / "exercises/project-02-kubernetes-serving/solution/kubernetes"
BINDING = """
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: x}
roleRef: {kind: ClusterRole, name: cluster-admin}
"""
CLAIM = """
apiVersion: v1
kind: PersistentVolumeClaim
metadata: {name: x}
spec: {resources: {requests: {storage: 10Ti}}}
"""
POD = """
apiVersion: v1
kind: Pod
metadata: {name: web}
spec:
"""


def manifests(text: str, path: str = "k8s.yaml") -> list[Manifest]:
    return [Manifest(data=data, locate=locate) for data, locate in read_manifests(path, dedent(text))[0]]


def served(api_version: str, kind: str) -> bool | None:
    """Return what a usual cluster says: `argoproj.io` and nothing else beyond Kubernetes itself."""
    gone = {
        ("policy/v1beta1", "PodSecurityPolicy"),
        ("apps/v1", "Deploymnet"),
        ("autoscaling/v2beta2", "HorizontalPodAutoscaler"),
    }
    if (api_version, kind) in gone or api_version.startswith(("monitoring.", "example.", "extensions/")):
        return None
    return kind != "AppProject"


def topics(text: str, **options: object) -> list[str]:
    return [each.topic for each in find_refusals(manifests(text), served, **options)]  # type: ignore[arg-type]


def pod_topics(spec: str) -> list[str]:
    return topics(POD + "\n".join(f"  {line}" for line in dedent(spec).strip().splitlines()))


def in_container(lines: str) -> str:
    body = "\n".join(f"    {line}" for line in dedent(lines).strip().splitlines())
    return f"containers:\n  - name: web\n    image: web:1\n{body}"


def test_the_solution_of_the_course_is_not_refused() -> None:
    found = [each for file in sorted(SOLUTION.glob("*.yaml")) for each in manifests(file.read_text(), file.name)]
    assert len(found) >= 8
    assert find_refusals(found, served) == []


@pytest.mark.parametrize(
    ("spec", "topic"),
    [
        ("hostNetwork: true", "host-namespaces"),
        ("hostPID: true", "host-namespaces"),
        ('hostIPC: "yes"', "host-namespaces"),
        ("securityContext: {sysctls: [{name: kernel.msgmax, value: '1'}]}", "sysctls"),
        ("securityContext: {sysctls: [{name: [a], value: '1'}]}", "sysctls"),
        ("securityContext: {seccompProfile: {type: Unconfined}}", "unconfined"),
        ("securityContext: {appArmorProfile: {type: Unconfined}}", "unconfined"),
        ("securityContext: {seLinuxOptions: {type: spc_t}}", "unconfined"),
        ("securityContext: {seLinuxOptions: {role: system_r}}", "unconfined"),
        ("securityContext: {windowsOptions: {hostProcess: true}}", "privileged"),
        ("volumes: [{name: root, hostPath: {path: /}}]", "host-paths"),
        ("volumes: [{hostPath: {path: /}}]", "host-paths"),
        ("volumes: [{name: data, emptyDir: {}, hostPath: {path: /var/run/docker.sock}}]", "host-paths"),
        ("volumes: [{name: data, nfs: {server: 10.0.0.1, path: /}}]", "volumes"),
        ("volumes: [{name: data, csi: {driver: x}}]", "volumes"),
        ("volumes: [{name: data, gitRepo: {repository: x}}]", "volumes"),
        ("resourceClaims: [{name: gpu}]", "devices"),
        (in_container("securityContext: {privileged: true}"), "privileged"),
        (in_container('securityContext: {privileged: "true"}'), "privileged"),
        (in_container("securityContext: {capabilities: {add: [SYS_ADMIN]}}"), "capabilities"),
        (in_container("securityContext: {capabilities: {add: [ALL]}}"), "capabilities"),
        (in_container("securityContext: {capabilities: {add: [chown]}}"), "capabilities"),
        (in_container("securityContext: {capabilities: {add: [{a: b}]}}"), "capabilities"),
        (in_container("securityContext: {procMount: Unmasked}"), "unconfined"),
        (in_container("ports: [{containerPort: 80, hostPort: 80}]"), "host-ports"),
        (in_container("volumeDevices: [{name: disk, devicePath: /dev/sda}]"), "devices"),
        (in_container("livenessProbe: {httpGet: {host: 169.254.169.254, port: 80}}"), "host-probes"),
        (in_container("lifecycle: {preStop: {tcpSocket: {host: 127.0.0.1, port: 10250}}}"), "host-probes"),
    ],
)
def test_what_a_pod_asks_of_its_node_is_refused(spec: str, topic: str) -> None:
    assert pod_topics(spec) == [topic]


@pytest.mark.parametrize("place", ["initContainers", "containers", "ephemeralContainers"])
def test_every_container_is_looked_at(place: str) -> None:
    spec = f"{place}: [{{name: a, image: a}}, {{name: b, image: b, securityContext: {{privileged: true}}}}]"
    assert pod_topics(spec) == ["privileged"]


@pytest.mark.parametrize(
    "spec",
    [
        "{hostNetwork: false, hostPID: false}",
        in_container("securityContext: {privileged: false, capabilities: {drop: [ALL], add: [NET_BIND_SERVICE]}}"),
        in_container("ports: [{containerPort: 80, hostPort: 0}]"),
        in_container("readinessProbe: {httpGet: {path: /, port: http, httpHeaders: [{name: Host, value: x}]}}"),
        "securityContext: {seccompProfile: {type: RuntimeDefault}}",
        "securityContext: {sysctls: [{name: net.ipv4.tcp_syncookies, value: '1'}]}",
        "volumes: [{name: a, configMap: {name: a}}, {name: b, projected: {sources: []}}, {name: c, ephemeral: {}}]",
        "tolerations: [{operator: Exists}]",
    ],
)
def test_what_the_baseline_allows_is_granted(spec: str) -> None:
    assert pod_topics(spec) == []


@pytest.mark.parametrize(
    ("kind", "path"),
    [
        ("apps/v1 Deployment", "spec: {template: {spec: SPEC}}"),
        ("apps/v1 DaemonSet", "spec: {template: {spec: SPEC}}"),
        ("apps/v1 StatefulSet", "spec: {template: {spec: SPEC}}"),
        ("apps/v1 ReplicaSet", "spec: {template: {spec: SPEC}}"),
        ("v1 ReplicationController", "spec: {template: {spec: SPEC}}"),
        ("batch/v1 Job", "spec: {template: {spec: SPEC}}"),
        ("batch/v1 CronJob", "spec: {jobTemplate: {spec: {template: {spec: SPEC}}}}"),
    ],
)
def test_the_pods_of_every_workload_are_looked_at_and_the_line_is_told(kind: str, path: str) -> None:
    version, name = kind.split()
    text = f"apiVersion: {version}\nkind: {name}\nmetadata: {{name: x}}\n" + path.replace("SPEC", "{hostPID: true}")
    [refusal] = find_refusals(manifests(text), served)
    assert (refusal.topic, refusal.evidence.path, refusal.evidence.line) == ("host-namespaces", "k8s.yaml", 4)
    assert refusal.evidence.actual == "true"


@pytest.mark.parametrize(
    ("head", "topic"),
    [
        ("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole", "cluster-rights"),
        ("apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRoleBinding", "cluster-rights"),
        ("apiVersion: apiextensions.k8s.io/v1\nkind: CustomResourceDefinition", "cluster-wide"),
        ("apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration", "webhooks"),
        ("apiVersion: admissionregistration.k8s.io/v1\nkind: ValidatingAdmissionPolicy", "webhooks"),
        ("apiVersion: apiregistration.k8s.io/v1\nkind: APIService", "cluster-wide"),
        ("apiVersion: scheduling.k8s.io/v1\nkind: PriorityClass", "cluster-wide"),
        ("apiVersion: storage.k8s.io/v1\nkind: StorageClass", "cluster-wide"),
        ("apiVersion: networking.k8s.io/v1\nkind: IngressClass", "cluster-wide"),
        ("apiVersion: v1\nkind: PersistentVolume", "cluster-wide"),
        ("apiVersion: v1\nkind: Node", "cluster-wide"),
        ("apiVersion: certificates.k8s.io/v1\nkind: CertificateSigningRequest", "cluster-wide"),
        ("apiVersion: argoproj.io/v1alpha1\nkind: AppProject", "cluster-wide"),
        ("apiVersion: apps/v1\nkind: Deploymnet", "unknown-kinds"),
        ("apiVersion: policy/v1beta1\nkind: PodSecurityPolicy", "unknown-kinds"),
        ("apiVersion: autoscaling/v2beta2\nkind: HorizontalPodAutoscaler", "unknown-kinds"),
        ("apiVersion: extensions/v1beta1\nkind: Ingress", "unknown-kinds"),
    ],
)
def test_what_belongs_to_no_namespace_or_does_not_exist_is_refused(head: str, topic: str) -> None:
    assert topics(f"{head}\nmetadata: {{name: x}}\n") == [topic]


@pytest.mark.parametrize(
    "head",
    [
        "apiVersion: v1\nkind: Namespace",
        "apiVersion: monitoring.coreos.com/v1\nkind: ServiceMonitor",
        "apiVersion: argoproj.io/v1alpha1\nkind: Application",
        "apiVersion: v1\nkind: Endpoints",
        "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice",
    ],
)
def test_what_is_only_left_out_is_no_refusal(head: str) -> None:
    assert topics(f"{head}\nmetadata: {{name: x}}\n") == []


def test_a_kind_that_the_rubric_lists_is_granted_and_webhooks_cannot_be_listed() -> None:
    role = "apiVersion: rbac.authorization.k8s.io/v1\nkind: ClusterRole\nmetadata: {name: x}\n"
    assert topics(role, listed=frozenset({"ClusterRole"})) == []
    hook = "apiVersion: admissionregistration.k8s.io/v1\nkind: MutatingWebhookConfiguration\nmetadata: {name: x}\n"
    assert topics(hook, listed=frozenset({"MutatingWebhookConfiguration"})) == ["webhooks"]


DEFINITION = """
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata: {{name: caches.{group}}}
spec: {{group: {group}, scope: {scope}, names: {{kind: Cache, plural: caches}}{more}}}
---
apiVersion: {group}/v1
kind: Cache
metadata: {{name: c}}
"""


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"group": "example.com", "scope": "Namespaced", "more": ""}, []),
        ({"group": "example.com", "scope": "Cluster", "more": ""}, ["cluster-wide"]),
        ({"group": "x.k8s.io", "scope": "Namespaced", "more": ""}, ["cluster-wide"]),
        (
            {"group": "example.com", "scope": "Namespaced", "more": ", conversion: {strategy: Webhook}"},
            ["webhooks"],
        ),
    ],
)
def test_a_listed_definition_of_a_kind_is_granted_for_objects_of_the_namespace(
    values: dict[str, str], found: list[str]
) -> None:
    assert topics(DEFINITION.format(**values), listed=frozenset({"CustomResourceDefinition"})) == found


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        (
            "apiVersion: v1\nkind: Secret\nmetadata: {name: t}\ntype: kubernetes.io/service-account-token",
            "long-lived-tokens",
        ),
        (
            BINDING,
            "cluster-rights",
        ),
        (
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: infra-grader-egress-1}",
            "reserved-names",
        ),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {namespace: x}", "malformed"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: [a]", "malformed"),
        ("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a, namespace: [b]}", "malformed"),
    ],
)
def test_what_would_reach_our_guards_or_last_is_refused(text: str, topic: str) -> None:
    assert topics(text) == [topic]


def workload(kind: str, spec: str) -> str:
    group = "batch/v1" if "Job" in kind else "apps/v1"
    return f"apiVersion: {group}\nkind: {kind}\nmetadata: {{name: x}}\nspec: {spec}\n"


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        (workload("Deployment", "{replicas: 1000}"), "pods"),
        (workload("Deployment", "{replicas: 30}") + "---\n" + workload("StatefulSet", "{replicas: 11}"), "pods"),
        (workload("Job", "{parallelism: 500}"), "pods"),
        (workload("CronJob", "{jobTemplate: {spec: {parallelism: 500}}}"), "pods"),
        (
            CLAIM,
            "storage",
        ),
        (
            workload(
                "StatefulSet",
                "{replicas: 10, volumeClaimTemplates: [{spec: {resources: {requests: {storage: 21Gi}}}}]}",
            ),
            "storage",
        ),
        ("---\n".join(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c{n}}}\n" for n in range(101)), "objects"),
    ],
)
def test_too_much_is_refused(text: str, topic: str) -> None:
    assert topics(text) == [topic]


def test_too_large_is_refused() -> None:
    text = f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: c}}\ndata: {{a: {'x' * 3000}}}\n"
    assert topics(text, bounds=Bounds(bytes=2000)) == ["size"]


def test_a_thousand_thousand_replicas_are_counted_at_once() -> None:
    [each] = manifests(workload("StatefulSet", "{replicas: 2000000000, volumeClaimTemplates: [{}]}"))
    assert pods_of(each) == 2_000_000_000
    assert [refusal.topic for refusal in find_refusals([each], served)] == ["pods"]


def test_a_refusal_says_object_field_line_and_what_would_do() -> None:
    text = POD + "  containers:\n    - name: web\n      securityContext:\n        privileged: true\n"
    with pytest.raises(CheckFailed) as verdict:
        refuse(manifests(text, "deploy/pod.yaml"), served)
    assert verdict.value.message == (
        "Nothing is applied: Pod web (deploy/pod.yaml, line 9) asks for spec.containers[0].securityContext.privileged:"
        " true, which is not granted; expected is no privileged container."
    )
    [evidence] = verdict.value.evidence
    assert (evidence.path, evidence.line, evidence.actual) == ("deploy/pod.yaml", 9, "true")


def test_sound_manifests_are_not_refused() -> None:
    refuse(manifests(POD + "  containers: [{name: web, image: web}]\n"), served)


def test_a_definition_does_not_change_what_the_cluster_says_of_a_kind_that_it_serves() -> None:
    """A kind of the whole cluster does not come into a namespace because a submission calls it one of a namespace."""
    found = manifests(DEFINITION.format(group="crd.projectcalico.org", scope="Namespaced", more=""))
    listed = frozenset({"CustomResourceDefinition"})
    for is_namespaced, refused in ((False, ["cluster-wide"]), (True, []), (None, [])):

        def asked(_version: str, _kind: str, is_namespaced: bool | None = is_namespaced) -> bool | None:
            return is_namespaced

        assert [each.topic for each in find_refusals(found, asked, listed=listed)] == refused
