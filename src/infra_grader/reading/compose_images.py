"""The images of a compose project: built by us, fetched by the daemon, or something that stands in for them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase
from typing import Any

from infra_grader.capabilities.docker_pull import NoSuchImage, fetch_image
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.compose import Compose
from infra_grader.reading.compose_model import Locate, Model
from infra_grader.reading.dockerfile_reference import is_named, read_reference
from infra_grader.reading.live_build import Asked, built


class Images(Record):
    """What the services of a project run."""

    names: Mapping[str, str]
    """By service, the image that is started."""
    exposed: Mapping[str, tuple[int, ...]]
    """By service, the TCP ports that its image names."""
    health: Mapping[str, Mapping[str, Any]]
    """By service, the health check that its image brings, in compose's words."""
    notes: tuple[Evidence, ...]


def find_images(
    context: Context, compose: Compose, model: Model, stand_ins: Mapping[str, str], locate: Locate, network: str
) -> Images:
    """Return the images of the services, built and fetched.

    Raises `CheckFailed` for one that does not build or that no registry has, `NotAssessed` where this machine cannot
    tell, or an image does not come.
    """
    services: Mapping[str, Model] = model["services"]
    names: dict[str, str] = {}
    tagged: dict[str, str] = {}
    notes: list[Evidence] = []
    for name, service in services.items():
        if build := service.get("build"):
            made = built(context, _asked(compose, name, build, locate, network)).image
            names[name] = made.name
            if tag := service.get("image"):
                tagged[str(tag)] = made.name
    for name, service in services.items():
        if name in names:
            continue
        said = str(service.get("image") or "")
        other = next((image for glob, image in stand_ins.items() if _is_called(said, glob)), "")
        if other:
            notes.append(_point(compose, name, said, f"{other} stands in for {said}"))
        names[name] = tagged.get(said) or other or said
    facts = {name: _facts(context, compose, name, names[name], services[name]) for name in names}
    return Images(
        names=names,
        exposed={name: tuple(_exposed(found)) for name, found in facts.items()},
        health={name: health for name, found in facts.items() if (health := health_of(found))},
        notes=tuple(notes),
    )


def health_of(facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return the health check of an image in compose's words; nothing if it has none."""
    said = (facts.get("Config") or {}).get("Healthcheck") or {}
    if not said.get("Test") or said["Test"][0] == "NONE":
        return {}
    spans = {"interval": "Interval", "timeout": "Timeout", "start_period": "StartPeriod"}
    made: dict[str, Any] = {"test": list(said["Test"])}
    made |= {key: f"{said[name] // 1_000_000}ms" for key, name in spans.items() if said.get(name)}
    return made | ({"retries": said["Retries"]} if said.get("Retries") else {})


def _asked(compose: Compose, name: str, build: Model, locate: Locate, network: str) -> Asked:
    place = compose.services[name].build if name in compose.services else None
    line = place.value.line if place else None
    for key, what in (
        ("dockerfile_inline", "a Dockerfile in the compose file"),
        ("additional_contexts", "more contexts"),
    ):
        if build.get(key):
            raise NotAssessed(
                f"{name} builds with {what}, which is not done here.",
                "Start the project by hand.",
                Evidence(path=compose.path, line=line, actual=key),
            )
    folder = locate(str(build.get("context") or "")) or "."
    dockerfile = str(build.get("dockerfile") or "Dockerfile")
    whole = dockerfile if dockerfile.startswith("/") else f"{build.get('context')}/{dockerfile}"
    path = locate(whole)
    if path is None:
        raise CheckFailed(
            f"{name} is built from {dockerfile}, which is not in the submission.",
            Evidence(path=compose.path, line=line, expected="a Dockerfile of the submission", actual=dockerfile),
        )
    arguments = {str(key): str(value) for key, value in (build.get("args") or {}).items() if value is not None}
    return Asked(
        dockerfile=path,
        folder=folder,
        target=str(build.get("target") or ""),
        arguments=tuple(sorted(arguments.items())),
        network="none" if build.get("network") == "none" else network,
    )


def _facts(context: Context, compose: Compose, service: str, image: str, said: Model) -> Mapping[str, Any]:
    try:
        return fetch_image(context.docker, image, context.deadline, context.tell, str(said.get("platform") or ""))
    except NoSuchImage as error:
        raise CheckFailed(
            f"There is no image {image}, which {service} starts from.",
            _point(compose, service, "an image that a registry has", image).replace(text=str(error)),
        ) from error


def _point(compose: Compose, name: str, expected: str, actual: str) -> Evidence:
    service = compose.services.get(name)
    value = (service.value.get("image") or service.value) if service else None
    return Evidence(
        path=value.file if value else compose.path,
        line=value.line if value else None,
        expected=expected,
        actual=actual,
    )


def _exposed(facts: Mapping[str, Any]) -> Iterator[int]:
    for port in (facts.get("Config") or {}).get("ExposedPorts") or {}:
        number, _, protocol = port.partition("/")
        if protocol == "tcp" and number.isdigit():
            yield int(number)


def _is_called(image: str, glob: str) -> bool:
    return fnmatchcase(image, glob) or is_named(read_reference(image), [glob])
