"""What objects refer to by name: ConfigMaps and Secrets and their keys, accounts, claims, Services and their ports."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from infra_grader.reading.manifest import Field, Manifest, ManifestSet
from infra_grader.reading.manifest_secret import made_secrets
from infra_grader.reading.manifest_workload import Workload, is_workload, port_number

BUILT_IN = {
    "ConfigMap": frozenset({"kube-root-ca.crt"}),
    "ServiceAccount": frozenset({"default"}),
    "ClusterRole": frozenset({"view", "edit", "admin", "cluster-admin"}),
}
"""Objects that every cluster brings."""


class Reference(NamedTuple):
    """One object's mention of another."""

    field: Field
    """Where the name stands."""
    kinds: tuple[str, ...]
    """Kinds that the other may be of."""
    name: str
    key: Field | None = None
    """The key in a ConfigMap or Secret that is asked for."""
    port: Field | None = None
    """The port of a Service that is asked for."""
    is_optional: bool = False
    is_read: bool = True
    """Whether a container really sees it: a volume that no container mounts is not read."""

    @property
    def title(self) -> str:
        """What is referred to, in words."""
        return f"{' or '.join(self.kinds)} {self.name[:80]!r}"


def references_of(manifest: Manifest) -> Iterator[Reference]:
    """Yield what an object refers to."""
    if is_workload(manifest):
        yield from configuration_of(Workload(manifest))
        yield from _pod_references(Workload(manifest))
    if manifest.kind == "StatefulSet" and (field := manifest.field("spec", "serviceName")).text:
        yield Reference(field, ("Service",), field.text)
    elif manifest.kind in ("HorizontalPodAutoscaler", "ScaledObject"):
        target = manifest.field("spec", "scaleTargetRef")
        yield Reference(target.get("name"), (target.get("kind").text or "Deployment",), target.get("name").text)
    elif manifest.kind == "Ingress":
        yield from _backends(manifest)
    elif manifest.kind in ("RoleBinding", "ClusterRoleBinding"):
        yield from _bound(manifest)


def configuration_of(workload: Workload) -> Iterator[Reference]:
    """Yield the ConfigMaps and Secrets that a workload's containers read: as variables, or as files."""
    for container in workload.all_containers:
        for source in container.field.get("envFrom").items():
            for key, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                if source.get(key).is_there:
                    yield _named(source.get(key), kind, "name")
        for variable in container.field.get("env").items():
            for key, kind in (("configMapKeyRef", "ConfigMap"), ("secretKeyRef", "Secret")):
                source = variable.get("valueFrom", key)
                if source.is_there:
                    yield _named(source, kind, "name")._replace(key=source.get("key"))
    mounted = {
        mount.get("name").text
        for container in workload.all_containers
        for mount in container.field.get("volumeMounts").items()
    }
    for volume in workload.pod.get("volumes").items():
        for reference in _volume(volume):
            yield reference._replace(is_read=volume.get("name").text in mounted)


def _volume(volume: Field) -> Iterator[Reference]:
    sources = [volume, *volume.get("projected", "sources").items()]
    for source in sources:
        is_projected = source is not volume
        for key, kind, name in (
            ("configMap", "ConfigMap", "name"),
            ("secret", "Secret", "name" if is_projected else "secretName"),
        ):
            chosen = source.get(key)
            if not chosen.is_there:
                continue
            whole = _named(chosen, kind, name)
            yield whole
            for item in chosen.get("items").items():
                yield whole._replace(key=item.get("key"))


def _named(source: Field, kind: str, key: str) -> Reference:
    field = source.get(key)
    return Reference(field, (kind,), field.text, is_optional=source.get("optional").value is True)


def _pod_references(workload: Workload) -> Iterator[Reference]:
    account = workload.pod.get("serviceAccountName")
    if account.text:
        yield Reference(account, ("ServiceAccount",), account.text)
    for volume in workload.pod.get("volumes").items():
        claim = volume.get("persistentVolumeClaim", "claimName")
        if volume.get("persistentVolumeClaim").is_there:
            yield Reference(claim, ("PersistentVolumeClaim",), claim.text)


def _backends(ingress: Manifest) -> Iterator[Reference]:
    for field in backends_of(ingress):
        yield service_reference(field)


def backends_of(ingress: Manifest) -> list[Field]:
    """Return the Services to which an Ingress sends requests, as it names them."""
    found = [ingress.field("spec", "defaultBackend")] + [
        path.get("backend")
        for rule in ingress.field("spec", "rules").items()
        for path in rule.get("http", "paths").items()
    ]
    return [backend.get("service") for backend in found if backend.is_there and not backend.get("resource").is_there]


def service_reference(service: Field) -> Reference:
    """Return the reference of a backend to a Service and one of its ports."""
    port = service.get("port", "name") if service.get("port", "name").is_there else service.get("port", "number")
    return Reference(service.get("name"), ("Service",), service.get("name").text, port=port)


def _bound(binding: Manifest) -> Iterator[Reference]:
    role = binding.field("roleRef")
    yield Reference(role.get("name"), (role.get("kind").text or "Role",), role.get("name").text)
    for subject in binding.field("subjects").items():
        namespace = subject.get("namespace").text
        is_elsewhere = bool(namespace and binding.namespace and namespace != binding.namespace)
        if subject.get("kind").value == "ServiceAccount" and not is_elsewhere:
            yield Reference(subject.get("name"), ("ServiceAccount",), subject.get("name").text)


def problem_of(reference: Reference, found: ManifestSet, *, secrets_elsewhere: bool) -> str:
    """Return why a reference leads nowhere, or nothing where it resolves or may do so outside the set.

    With `secrets_elsewhere`, a Secret that is not in the set is assumed to be made by other means.
    """
    if reference.is_optional:
        return ""
    if not reference.name:
        return f"names no {' or '.join(reference.kinds)}"
    target = found.named(reference.kinds, reference.name, reference.field.manifest)
    if reference.key is not None and (lacking := _lacking(reference, reference.key.text, target, found)):
        return f"asks {lacking} for the key {reference.key.text[:80]!r}, which it lacks"
    if target is None:
        return (
            "" if _is_elsewhere(reference, found, secrets_elsewhere) else f"names {reference.title}, which is not there"
        )
    if reference.port is not None and service_port(target, reference.port.value) is None:
        return f"asks {target.title} for port {str(reference.port.value)[:40]}, which it lacks"
    return ""


def _is_elsewhere(reference: Reference, found: ManifestSet, secrets_elsewhere: bool) -> bool:
    """Whether what is not in the set may well exist: brought by the cluster, made by a controller, or not readable."""
    if any(reference.name in BUILT_IN.get(kind, ()) for kind in reference.kinds) or reference.name.startswith(
        "system:"
    ):
        return True
    if "Secret" in reference.kinds and (
        secrets_elsewhere or any(made.name == reference.name for made in made_secrets(found))
    ):
        return True
    if "PersistentVolumeClaim" in reference.kinds and _is_template_claim(reference):
        return True
    known = {*BUILT_IN, "Secret", "Service", "Role", "PersistentVolumeClaim", "Deployment", "StatefulSet", "ReplicaSet"}
    if not known.intersection(reference.kinds):  # an object of a kind that somebody else defines
        return True
    return bool(found.missing) or any(found.may_define(kind, reference.name) for kind in reference.kinds)


def _is_template_claim(reference: Reference) -> bool:
    templates = reference.field.manifest.field("spec", "volumeClaimTemplates").items()
    return any(each.get("metadata", "name").text == reference.name for each in templates)


def _lacking(reference: Reference, key: str, target: Manifest | None, found: ManifestSet) -> str:
    """Return which object lacks a key that it is asked for, or nothing; the maker of a Secret answers for it.

    A controller may add keys to a Secret that is there, and several may make one: any that gives the key will do.
    """
    makers = [
        made
        for made in (made_secrets(found) if "Secret" in reference.kinds else ())
        if made.name == reference.name and made.maker.shares_namespace(reference.field.manifest)
    ]
    if any(made.keys is None or key in made.keys for made in makers) or (target is not None and _has_key(target, key)):
        return ""
    return next((each.title for each in (target, *(made.maker for made in makers)) if each is not None), "")


def _has_key(target: Manifest, key: str) -> bool:
    return any(key in target.field(place).mapping for place in ("data", "stringData", "binaryData"))


def service_port(service: Manifest, wanted: object) -> Field | None:
    """Return the port of a Service by its number or name."""
    if wanted is None:
        return None
    for port in service.field("spec", "ports").items():
        if port.get("name").value == wanted or port.get("port").number == port_number(wanted):
            return port
    return None
