"""Whether what a configuration of Prometheus names is there: services on their ports, and files that are mounted."""

from __future__ import annotations

import json
import posixpath
from collections.abc import Iterator

from infra_grader.plugin import CheckFailed, Context, Evidence
from infra_grader.reading.pieces import Piece, cut, whole
from infra_grader.reading.prometheus_config import Job, PrometheusConfig, Target
from infra_grader.reading.prometheus_files import as_list, as_mapping, texts
from infra_grader.reading.prometheus_stack import Service, Stack
from infra_grader.reading.stack_ports import closed_port
from infra_grader.reading.stack_settings import files_at, settings_place
from infra_grader.reading.yaml import YamlError, read_documents

OWN_ADDRESSES = frozenset({"localhost", "127.0.0.1", "0.0.0.0", "host.docker.internal"})  # noqa: S104 - a name to compare with
OWN_PORTS = frozenset({"9090", ""})
ELSEWHERE = frozenset(".$?{")
"""Signs of a name that may be of another network, or that something fills in."""


def fits(context: Context, config: PrometheusConfig, scraping: list[Job], stack: Stack) -> Piece:
    """Return whether everything that is scraped is a service of the compose file, on a port of its container."""
    targets: list[Target] = []
    lost: list[Evidence] = []
    for job in scraping:
        targets += [*job.targets, *job.named]
        for pattern in job.target_files:
            found = list(resolve(context, config, own_service(config, stack), pattern))
            listed = [target for path in found for target in _listed(context, path)]
            targets += [target.replace(may_move=job.may_move) for target in listed]
            if not found and _is_lost(config, stack, pattern):
                missing = Evidence(path=job.path, line=job.line, expected=f"{pattern}, mounted", text=pattern)
                lost.append(missing.replace(actual="no such file is mounted"))
    lost += [
        Evidence(
            path=target.path,
            line=target.line,
            expected=f"a service of {stack.path}",
            actual=problem,
            text=target.address,
        )
        for target in targets
        if (problem := misfit(target, stack))
    ]
    good = Evidence(
        path=stack.path, expected="targets that are services", actual=", ".join(item.address for item in targets)[:300]
    )
    lacking = f"{lost[0].text}: {lost[0].actual}" if lost else ""
    return whole(not lost, lacking, *(cut(lost) or (good,)))


def misfit(target: Target, stack: Stack) -> str:
    """Return why a target does not answer in this stack, or nothing."""
    host = target.host
    if host in OWN_ADDRESSES:
        if host == "host.docker.internal" or target.port in OWN_PORTS:
            return ""
        return "inside its container, localhost is Prometheus itself"
    service = stack.service(host)
    if service is None:
        return "" if ELSEWHERE & set(host) else stack.silence(host)
    if target.is_srv:
        return "Docker knows addresses of services and no SRV records: write `type: A` and a port"
    inside = set(service.ports.values())
    if target.port in service.ports and target.port not in inside:
        return f"{target.port} is the port on the host, the container listens on {service.ports[target.port]}"
    return "" if target.may_move else closed_port(stack, host, target.port)


def _listed(context: Context, path: str) -> Iterator[Target]:
    """Yield the targets in a file of them, in JSON or YAML."""
    text = context.workspace.read_text(path)
    try:
        documents = [] if path.endswith(".json") else read_documents(text)
        groups = json.loads(text) if path.endswith(".json") else documents[0].data if documents else None
    except (ValueError, RecursionError, YamlError) as error:
        raise CheckFailed(f"{path} holds no targets that can be read.", Evidence(path=path, line=1)) from error
    for number, group in enumerate(as_list(groups)):
        for place, address in enumerate(texts(as_mapping(group).get("targets"))):
            line = documents[0].key_place((number, "targets", place)).line if documents else 1
            yield Target(address=address, line=line, path=path)


def _is_lost(config: PrometheusConfig, stack: Stack, pattern: str) -> bool:
    """Whether a file of targets can plainly not be there: nothing but the submission could bring it."""
    service = own_service(config, stack)
    if service is None or not pattern.endswith((".json", ".yml", ".yaml")):
        return False
    return not service.may_hold(_inside(config, service, pattern))


def own_service(config: PrometheusConfig, stack: Stack | None) -> Service | None:
    """Return the service that mounts the configuration, if its files can only come from there."""
    services = stack.services if stack is not None else ()
    return next((item for item in services if item.sees(config.found.path) and not item.is_built), None)


def resolve(context: Context, config: PrometheusConfig, service: Service | None, pattern: str) -> Iterator[str]:
    """Yield the files of the submission that a path in a configuration stands for."""
    folder = posixpath.dirname(config.found.path)
    if service is not None:
        yield from files_at(context.workspace, service, _inside(config, service, pattern))
        return
    if not config.found.is_alone or config.found.lines_before:  # its files are keys of objects beside it
        yield from context.workspace.find(posixpath.join(folder, "*.yaml"), posixpath.join(folder, "*.yml"))
        return
    if not pattern.startswith("/"):
        yield from context.workspace.find(posixpath.normpath(posixpath.join(folder, pattern)))
        return
    parts = [part for part in pattern.split("/") if part]
    for start in range(len(parts)):
        found = context.workspace.find(posixpath.join(folder, *parts[start:]), "/".join(("**", *parts[start:])))
        if found:
            yield from found
            return


def _inside(config: PrometheusConfig, service: Service, pattern: str) -> str:
    """Return the path in the container of what is named beside the configuration."""
    if pattern.startswith("/"):
        return pattern
    own = next((mount for mount in service.mounts if config.found.path.startswith(mount.source)), None)
    place = settings_place(service, "prometheus") or "/etc/prometheus/prometheus.yml"
    if own is not None:
        place = own.target + config.found.path[len(own.source) :]
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), pattern))
