"""Secrets that controllers make out of other objects, and the keys that such a Secret gets."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

from infra_grader.reading.manifest import Field, Manifest, ManifestSet

SECRET_NAMES: dict[str, tuple[tuple[str, ...], ...]] = {
    "SealedSecret": (("spec", "template", "metadata", "name"), ("metadata", "name")),
    "ExternalSecret": (("spec", "target", "name"), ("metadata", "name")),
    "Certificate": (("spec", "secretName"),),
}
"""Kinds whose controllers make one Secret, and where its name stands: the first that is there holds."""
OF_A_CERTIFICATE = frozenset({"tls.crt", "tls.key", "ca.crt"})


class MadeSecret(NamedTuple):
    """A Secret that a controller makes."""

    maker: Manifest
    name: str
    keys: frozenset[str] | None
    """Its keys; `None` where more may come out of what is not in the files."""


def made_secrets(found: ManifestSet) -> Iterator[MadeSecret]:
    """Yield the Secrets that controllers make out of objects of the set."""
    for manifest in found.objects:
        if manifest.kind == "SecretProviderClass":
            for item in manifest.field("spec", "secretObjects").items():
                keys = frozenset(entry.get("key").text for entry in item.get("data").items())
                yield MadeSecret(manifest, item.get("secretName").text, keys)
        elif manifest.kind in SECRET_NAMES:
            name = next((text for path in SECRET_NAMES[manifest.kind] if (text := manifest.field(*path).text)), "")
            yield MadeSecret(manifest, name, KEYS[manifest.kind](manifest.field("spec")))


def _of_external_secret(spec: Field) -> frozenset[str] | None:
    """Return the keys of External Secrets Operator's Secret: its template's where it has one, else the fetched ones."""
    target = spec.get("target")
    template = target.get("template")
    is_merged = target.get("creationPolicy").value in ("Merge", "Orphan", "None")
    if is_merged or template.get("templateFrom").items():
        return None
    made = frozenset(template.get("data").mapping)
    if made and template.get("mergePolicy").value != "Merge":
        return made
    if spec.get("dataFrom").items():
        return None
    return made | {item.get("secretKey").text for item in spec.get("data").items()}


def _of_sealed_secret(spec: Field) -> frozenset[str] | None:
    if spec.get("data").is_there:  # the old form, all keys sealed together
        return None
    sealed = spec.get("encryptedData").mapping
    return frozenset({*sealed, *spec.get("template", "data").mapping, *spec.get("template", "stringData").mapping})


def _of_certificate(spec: Field) -> frozenset[str] | None:
    """Return the keys of cert-manager's Secret; other formats bring more."""
    brings_more = spec.get("keystores").is_there or spec.get("additionalOutputFormats").is_there
    return None if brings_more else OF_A_CERTIFICATE


KEYS: dict[str, Callable[[Field], frozenset[str] | None]] = {
    "ExternalSecret": _of_external_secret,
    "SealedSecret": _of_sealed_secret,
    "Certificate": _of_certificate,
}
