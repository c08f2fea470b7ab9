"""The manifest.ingress check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.checks.manifest._findings import Finding, outcome_of
from infra_grader.plugin import Annotated, Context, Meta, Outcome, Regex, check
from infra_grader.reading.manifest import Field, Manifest, ManifestSet
from infra_grader.reading.manifest_reference import backends_of, problem_of, service_reference
from infra_grader.reading.manifest_source import ManifestParams, judge_manifests
from infra_grader.reading.manifest_workload import served_by

CLASS_ANNOTATION = "kubernetes.io/ingress.class"


class Ingress(ManifestParams):
    """What an Ingress must offer."""

    paths: Annotated[
        tuple[str, ...], Meta(description="Requests that must be led to a Service, such as /predict.")
    ] = ()
    host: Annotated[Regex | None, Meta(description="What a host of its rules must match, from start to end.")] = None
    needs_class: Annotated[bool, Meta(description="Whether it must name the class of its controller.")] = False
    tls: Annotated[bool, Meta(description="Whether it must end TLS, with a Secret, for the hosts of its rules.")] = (
        False
    )


@check("manifest.ingress", capabilities=("command",), measure="percent")
def ingress(context: Context, params: Ingress) -> Outcome:
    """An Ingress leads to Services that are there, select pods and have the port that it names."""
    return judge_manifests(context, params, lambda found: _judge(found, params))


def _judge(found: ManifestSet, params: Ingress) -> Outcome:
    several = found.of_kind("Ingress")
    if not several:
        raise found.absent("Ingress")
    findings = [finding for each in several for finding in _backends(each, found)]
    findings += [_path(path, several) for path in params.paths]
    first = several[0]
    if params.host is not None:
        hosts = [rule.get("host") for each in several for rule in each.field("spec", "rules").items()]
        fitting = [field for field in hosts if re.fullmatch(params.host, field.text[:253])]
        field = (fitting or hosts or [first.field("spec", "rules")])[0]
        problem = f"no rule is for a host like {params.host}"
        findings.append(Finding(bool(fitting), field.evidence(f"a host like {params.host}"), problem))
    if params.needs_class:
        findings += [_class(each) for each in several]
    if params.tls:
        findings.append(_tls(several))
    return outcome_of(findings, "Ingress", found)


def _backends(ingress: Manifest, found: ManifestSet) -> Iterator[Finding]:
    backends = backends_of(ingress)
    if not backends:
        field = ingress.field("spec", "rules")
        yield Finding(False, field.evidence("a path to a Service"), f"{ingress.title} leads to no Service")
    for backend in backends:
        reference = service_reference(backend)
        problem = problem_of(reference, found, secrets_elsewhere=True)
        service = found.named(["Service"], reference.name, ingress)
        field = reference.field
        if not problem and (reference.port is None or not reference.port.value):
            problem, field = "names no port of its Service", backend.get("port")
        elif not problem and service is not None and not _is_backed(service, found):
            problem = f"leads to {service.title}, which selects no pods"
        elif problem and reference.port is not None and service is not None:
            field = reference.port
        yield Finding(not problem, field.evidence("a Service with this port"), f"{ingress.title} {problem}")


def _is_backed(service: Manifest, found: ManifestSet) -> bool:
    is_elsewhere = service.field("spec", "type").value == "ExternalName" or bool(found.missing)
    return is_elsewhere or bool(served_by(service, found)) or bool(found.faults)


def _path(path: str, several: list[Manifest]) -> Finding:
    """Return whether some rule takes a request for a path."""
    rules = [
        entry
        for each in several
        for rule in each.field("spec", "rules").items()
        for entry in rule.get("http", "paths").items()
    ]
    taken = next((entry for entry in rules if _takes(entry, path)), None)
    default = next((each for each in several if each.field("spec", "defaultBackend").is_there), None)
    if taken is None and default is not None:
        return Finding(True, default.field("spec", "defaultBackend").evidence(path))
    field = taken.get("path") if taken is not None else several[0].field("spec", "rules")
    return Finding(taken is not None, field.evidence(f"a rule for {path}"), f"no rule leads {path} to a Service")


def _takes(entry: Field, path: str) -> bool:
    own, kind = entry.get("path").text or "/", entry.get("pathType").text
    if kind == "Exact":
        return own == path
    is_pattern = kind == "ImplementationSpecific" and any(sign in own for sign in "(*[.|")
    if is_pattern:
        # Controllers read it as an expression from the start; only its plain beginning is held against the path.
        plain = re.split(r"[(*\[.|?]", own, maxsplit=1)[0].rstrip("/")
        return path.startswith(plain)
    prefix = own.rstrip("/")
    return path == prefix or path.startswith(f"{prefix}/")


def _class(ingress: Manifest) -> Finding:
    field = ingress.field("spec", "ingressClassName")
    old = ingress.field("metadata", "annotations", CLASS_ANNOTATION)
    seen = old if old.text and not field.text else field
    return Finding(bool(seen.text), seen.evidence("the class of a controller"), f"{ingress.title} names no class")


def _tls(several: list[Manifest]) -> Finding:
    entries = [entry for each in several for entry in each.field("spec", "tls").items()]
    hosts = {
        rule.get("host").text
        for each in several
        for rule in each.field("spec", "rules").items()
        if rule.get("host").text
    }
    for entry in entries:
        covered = {item.text for item in entry.get("hosts").items()}
        fits = not hosts or not covered or any(_covers(name, host) for name in covered for host in hosts)
        if entry.get("secretName").text and fits:
            return Finding(True, entry.get("secretName").evidence("a Secret with a certificate"))
    field = entries[0] if entries else several[0].field("spec", "tls")
    return Finding(False, field.evidence("tls with a secretName for the hosts of the rules"), "no rule's host has TLS")


def _covers(name: str, host: str) -> bool:
    return name == host or (name.startswith("*.") and host.partition(".")[2] == name[2:])
