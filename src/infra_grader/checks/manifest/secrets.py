"""The manifest.secrets check kind."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterator
from typing import NamedTuple

from infra_grader.plugin import CheckFailed, Context, Evidence, Measure, Outcome, check
from infra_grader.reading.manifest import Field, Manifest, ManifestSet
from infra_grader.reading.manifest_source import ManifestParams, judge_manifests
from infra_grader.reading.manifest_workload import Workload, is_workload
from infra_grader.reading.stand_in import is_stand_in, names_secret, secret_in

MOST_SHOWN = 20
LONGEST = 20_000
PRIVATE_KEY = "PRIVATE KEY-----"


class Secrets(ManifestParams):
    """Where no secret may stand in plain text."""


class _Leak(NamedTuple):
    field: Field
    what: str


@check("manifest.secrets", capabilities=("command",), measure="secrets")
def secrets(context: Context, params: Secrets) -> Outcome:
    """No password or key stands in a container's variables or in a ConfigMap, and no real one in a Secret."""
    return judge_manifests(context, params, _judge)


def _judge(found: ManifestSet) -> Outcome:
    looked_at = [each for each in found.own if is_workload(each) or each.kind in ("ConfigMap", "Secret")]
    if not looked_at:
        raise found.absent("workload, ConfigMap or Secret")
    if found.faults:
        raise CheckFailed(
            f"{found.faults[0].path} cannot be read, so it may hold a secret: {found.faults[0].problem}.",
            *(fault.evidence for fault in found.faults[:5]),
        )
    leaks = [leak for manifest in looked_at for leak in _leaks(manifest)]
    first = f"; the first is {leaks[0].what} in {leaks[0].field.manifest.title}" if leaks else ""
    return Outcome.passed_if(
        not leaks,
        f"{len(leaks)} secrets in plain text in {found.source}{first}.",
        *[leak.field.evidence("a reference to a Secret, or a blank", leak.what) for leak in leaks[:MOST_SHOWN]],
        *(
            []
            if leaks
            else [Evidence(path=looked_at[0].locate(())[0], actual=f"{len(looked_at)} objects without secrets")]
        ),
        measure=Measure(value=len(leaks), unit="secrets", threshold=0),
    )


def _leaks(manifest: Manifest) -> Iterator[_Leak]:
    if is_workload(manifest):
        for container in Workload(manifest).all_containers:
            for variable in container.field.get("env").items():
                yield from _leak(
                    variable.get("value"), variable.get("name").text, variable.get("value").text, strict=True
                )
            for key in ("command", "args"):
                for item in container.field.get(key).items():
                    yield from _leak(item, "", item.text, strict=False)
    elif manifest.kind == "ConfigMap":
        for entry in manifest.field("data").entries():
            yield from _leak(entry, str(entry.path[-1]), entry.text, strict="\n" not in entry.text)
    else:
        for entry in manifest.field("stringData").entries():
            yield from _leak(entry, str(entry.path[-1]), entry.text, strict=False)
        for entry in manifest.field("data").entries():
            yield from _leak(entry, str(entry.path[-1]), _decoded(entry.text), strict=False)


def _leak(field: Field, name: str, text: str, *, strict: bool) -> Iterator[_Leak]:
    """Yield a value that is a secret: `strict` takes every value of a name such as DB_PASSWORD for one."""
    value = text[:LONGEST]
    what = "a private key" if PRIVATE_KEY in value else ""
    what = what or next((kind for line in value.split("\n")[:500] if (kind := secret_in(name, line))), "")
    if not what and strict and names_secret(name) and not is_stand_in(value) and not _is_setting(value):
        what = f"the value of {name}"
    if what:
        yield _Leak(field, what)


def _is_setting(value: str) -> bool:
    """Whether a value is no secret whatever its name says: a number, a switch, a path or an address."""
    plain = value.strip().lower()
    is_word = plain in ("true", "false", "yes", "no", "on", "off", "bearer", "jwt", "basic", "none")
    return is_word or plain.replace(".", "").isdigit() or plain.startswith(("/", "http://", "https://"))


def _decoded(text: str) -> str:
    try:
        return base64.b64decode("".join(text.split()), validate=True).decode("utf-8", "replace")
    except (binascii.Error, ValueError):
        return text
