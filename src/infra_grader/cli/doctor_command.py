"""doctor: what this machine can assess, and what to do about the rest."""

from __future__ import annotations

import argparse
import importlib.util
import platform
import shutil
import statistics
import sysconfig
import time
from collections.abc import Mapping
from contextlib import closing
from decimal import Decimal
from typing import NamedTuple

from infra_grader import __version__
from infra_grader.api import bundled, load_rubric
from infra_grader.capabilities import docker, environment_index
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import connect
from infra_grader.capabilities.kubernetes_lab import USE, is_marked, read_lab
from infra_grader.capabilities.sandbox import Job, Sandbox, SandboxKind
from infra_grader.cli.main import PASSED
from infra_grader.cli.options import add_common
from infra_grader.cli.output import tell_faults
from infra_grader.cli.rubric_text import plain
from infra_grader.engine.openers import OPENERS
from infra_grader.engine.registry import Registry
from infra_grader.plugin import CAPABILITIES, NotAssessed

STARTS = 5
START_LIMIT_S = 10.0
INDEX_LIMIT_S = 15.0
ABSENT = "not part of this version: checks that ask for it are not assessed"
NO_SANDBOX = "none can be used here: checks that run learner code are not assessed; see below"


COMPOSE = "install Docker with its compose plugin: https://docs.docker.com/compose/install/"


class Need(NamedTuple):
    """Something that check kinds need beyond the core."""

    family: str
    name: str
    is_tool: bool
    """Whether it is a program, else a library."""
    remedy: str
    verbs: tuple[str, ...] = ()
    """The kinds of the family that are not assessed without it; all of them if none is named."""
    is_optional: bool = False
    """Whether everything is assessed without it too, only less sharply."""
    substitute: str = ""
    """Another program that will do."""


def _library(family: str, name: str, extra: str, *verbs: str) -> Need:
    return Need(family, name, is_tool=False, remedy=f"pip install 'infra-grader[{extra}]'", verbs=verbs)


def _tool(family: str, name: str, remedy: str, *verbs: str) -> Need:
    return Need(family, name, is_tool=True, remedy=remedy, verbs=verbs)


NEEDS = (
    _library("git", "dulwich", "git"),
    _tool("python", "ruff", "pip install 'infra-grader[python]'", "lint"),
    _tool("python", "mypy", "pip install 'infra-grader[python]'", "types"),
    _library("secrets", "detect_secrets", "secrets"),
    _library("pytest", "pytest", "pytest"),
    _library("coverage", "coverage", "pytest"),
    _library("environment", "packaging", "environment"),
    _library("environment", "pip", "environment", "install"),
    _tool("shell", "shellcheck", "pip install 'infra-grader[shell]'", "lint"),
    _library("service", "httpx", "http"),
    _library("http", "httpx", "http"),
    _library("load", "httpx", "http"),
    _library("openapi", "schemathesis", "openapi", "conforms"),
    _tool("dockerfile", "hadolint", "pip install 'infra-grader[dockerfile]'", "lint"),
    _library("compose", "check_jsonschema", "docker", "valid"),
    _library("docker", "docker", "docker"),
    _tool("compose", "docker", COMPOSE, "up", "running", "reaches", "keeps", "recovers"),
    _library("kubernetes", "kubernetes", "kubernetes"),
    _library("manifest", "kubernetes_validate", "kubernetes", "valid"),
    _tool("helm", "helm", "go install helm.sh/helm/v3/cmd/helm@v3.18.6", "lint", "renders"),
    _tool(
        "kustomize", "kustomize", "install kubectl, or go install sigs.k8s.io/kustomize/kustomize/v5@v5.7.1"
    )._replace(substitute="kubectl"),
    _library("prometheus", "promql_parser", "prometheus"),
    _library("prometheus", "prometheus_client", "prometheus", "scrape"),
    _tool("prometheus", "promtool", "apt-get install prometheus")._replace(is_optional=True),
    _tool("alertmanager", "amtool", "apt-get install prometheus-alertmanager")._replace(is_optional=True),
    _library("grafana", "promql_parser", "prometheus", "panels"),
    _library("terraform", "hcl2", "terraform"),
    _tool("workflow", "actionlint", "go install github.com/rhysd/actionlint/cmd/actionlint@v1.7.7", "lint"),
    _library("workflow", "check_jsonschema", "workflow", "valid"),
)


def doctor_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `doctor` accepts."""
    add_common(parser)


def doctor(options: argparse.Namespace) -> int:
    """Say what is there, what is missing, and how to get it."""
    registry = Registry(options.plugin)
    names = registry.kind_names()
    print(f"infra-grader {__version__} on Python {platform.python_version()}, {platform.platform(terse=True)}")
    print(f"\nCheck kinds: {len(names)} in {len({name.split('.')[0] for name in names})} families")
    for need in NEEDS:
        print(f"  {need.family:<12} {need.name:<19} {'ready' if _is_there(need) else _missing(need)}")
    print("\nCapabilities:")
    print(f"  {'workspace':<12} {'':<19} ready")
    problems = _problems(registry)
    for capability in sorted(CAPABILITIES):
        print(f"  {capability:<12} {'':<19} {problems.get(capability, ABSENT) or 'ready'}")
    _print_sandboxes(registry)
    problem = environment_index.find_problem(INDEX_LIMIT_S)
    state = f"cannot be made: {problem}" if problem else "ready: pip is there, and its package index answers"
    print(f"\nEnvironments of learners' packages: {state}")
    _print_plugins(registry)
    print("\nRubrics:")
    ready = frozenset(capability for capability, problem in problems.items() if not problem)
    for rubric_id in sorted(bundled()):
        print(f"  {rubric_id:<36} {_assessable(rubric_id, registry, ready)}")
    tell_faults(registry)
    return PASSED


def _is_there(need: Need) -> bool:
    if not need.is_tool:
        return importlib.util.find_spec(need.name) is not None
    names = (need.name, need.substitute) if need.substitute else (need.name,)
    return any(shutil.which(name, path=sysconfig.get_path("scripts")) or shutil.which(name) for name in names)


def _missing(need: Need) -> str:
    """Return what is not assessed without it, and the command that installs it."""
    if need.is_optional:
        return f"missing: its checks do without, less sharply; {need.remedy}"
    kinds = " and ".join(f"{need.family}.{verb}" for verb in need.verbs) or "its checks"
    return f"missing: {kinds} {'is' if len(need.verbs) == 1 else 'are'} not assessed; {need.remedy}"


def _is_needed(need: Need, kind: str) -> bool:
    """Whether a check kind is not assessed where this is missing."""
    family, _, verb = kind.partition(".")
    return family == need.family and not need.is_optional and (not need.verbs or verb in need.verbs)


def _print_plugins(registry: Registry) -> None:
    """List what outside plugins add, by the same hooks that built-in features use."""
    executors = registry.all_executors()
    print(f"\nReport formats: {', '.join(registry.format_names())}")
    print(f"Executors: {', '.join(kind.name for kind in executors)}")


def _problems(registry: Registry) -> Mapping[str, str]:
    """Return the capabilities that this version has, and why a check does not find one here, or nothing if it does."""
    has_sandbox = registry.choose_sandbox("auto").name != "none"
    live = {"docker": _docker_problem(), "kubernetes": _kubernetes_problem()}
    return {**dict.fromkeys(OPENERS, ""), "sandbox": "" if has_sandbox else NO_SANDBOX, **live}


def _docker_problem() -> str:
    try:
        with closing(docker.connect()) as api, docker.answering():
            api.ping()
    except NotAssessed as verdict:
        return f"live checks are not assessed: {verdict.reason} {verdict.remedy}"
    return ""


def _kubernetes_problem() -> str:
    """Return why checks find no cluster; one that is not marked as a lab is used where it is named, and not before."""
    try:
        with closing(connect()) as cluster:
            version = cluster.version()
            if not is_marked(cluster):
                return f"{cluster.context} ({version}) answers, and is used where it is named. {USE}"
            read_lab(cluster)
    except NotAssessed as verdict:
        return f"live checks are not assessed: {verdict.reason} {verdict.remedy}"
    return ""


def _print_sandboxes(registry: Registry) -> None:
    """List each sandbox: whether it can be used, what a start costs, and what it cannot hold here."""
    chosen = registry.choose_sandbox("auto").name
    print(f"\nSandboxes, where learner code runs (--sandbox auto is {chosen}):")
    for kind in registry.all_sandboxes():
        if kind.name == "none":
            print(f"  {kind.name:<12} {kind.summary}")
        elif problem := kind.find_problem():
            print(f"  {kind.name:<12} cannot be used: {problem}")
        else:
            _print_usable(kind)


def _print_usable(kind: SandboxKind) -> None:
    try:
        with closing(kind.open(())) as sandbox:
            print(f"  {kind.name:<12} ready, a start costs {1000 * start_cost(sandbox):.0f} ms: {kind.summary}")
            for weakness in sandbox.cannot_enforce:
                print(f"  {'':<12} does not fully hold {weakness}")
    except NotAssessed as verdict:
        print(f"  {kind.name:<12} cannot be used: {verdict.reason} {verdict.remedy}")


def start_cost(sandbox: Sandbox) -> float:
    """Return the seconds that it takes to run nothing in a sandbox: the median of a few runs."""
    spent = []
    for _ in range(STARTS):
        before = time.perf_counter()
        sandbox.run(Job(arguments=("/usr/bin/true",)), Deadline(START_LIMIT_S))
        spent.append(time.perf_counter() - before)
    return statistics.median(spent)


def _assessable(rubric_id: str, registry: Registry, ready: frozenset[str]) -> str:
    """Return how much of a rubric this machine can assess with these capabilities, in points."""
    rubric = load_rubric(rubric_id, registry)
    missing = [need for need in NEEDS if not _is_there(need)]
    by_hand = open_points = Decimal(0)
    for criterion in rubric.criteria:
        for check in criterion.checks:
            if check.uses.startswith("manual."):
                by_hand += check.points
            elif (
                any(_is_needed(need, check.uses) for need in missing)
                or not registry.find_kind(check.uses).capabilities <= ready
            ):
                open_points += check.points
    here = rubric.points - by_hand - open_points
    return (
        f"{plain(here)} of {plain(rubric.points)} points here, {plain(by_hand)} by a person, "
        f"{plain(open_points)} not assessed on this machine"
    )
