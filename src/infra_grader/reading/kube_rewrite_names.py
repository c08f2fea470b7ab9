"""Names of namespaces inside of objects: those of the submission's own namespaces become ours.

A learner's Service is called by `name.namespace.svc` in variables, arguments and settings, and policies name their own
namespace; all of that would lead out of ours. Names of other namespaces stay: `monitoring` is still not us.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from infra_grader.model.record import Record
from infra_grader.reading.kube_policy_kinds import is_of_kubernetes
from infra_grader.reading.manifest import Manifest

Note = Callable[[tuple[str | int, ...], str], None]
NAME_LABEL = "kubernetes.io/metadata.name"
NAMESPACE = "a-z0-9-"
LISTS = ("namespaces", "matchNames")
MENTION = re.compile(
    r"(?P<before>namespaces:\s{1,40}names:\s{0,40}(?:\[|-)\s{0,4}[\"']?"
    r"|namespaces?[\"']?\s{0,4}(?:=~|==|=|:)\s{0,4}[\"']?)"
    rf"(?P<namespace>[{NAMESPACE}]{{1,63}})(?![\w.-])",
    re.IGNORECASE,
)
"""A namespace that a text names as such: `--namespace=x`, `namespace: x`, `{namespace="x"}`."""
FULL_NAME = re.compile(
    rf"(?<![\w-])(?P<service>[{NAMESPACE}]{{1,63}})\.(?P<namespace>[{NAMESPACE}]{{1,63}})(?=\.svc(?![\w-]))"
)
SHORT_NAME = re.compile(
    rf"(?<![\w-])(?P<service>[{NAMESPACE}]{{1,63}})\.(?P<namespace>[{NAMESPACE}]{{1,63}})(?![\w.-]|\.svc)"
)
CALLED_AFTER = re.compile(r":[0-9]")
OF_A_HOST = "abcdefghijklmnopqrstuvwxyz0123456789-."
LONGEST_LINE = 2000
"""Characters of a text that is one setting; a longer one is a document or a program."""
OF_KUBERNETES = frozenset({"kube-system", "kube-public", "kube-node-lease"})
"""Namespaces of the cluster's own, which hold more than a submission's objects."""
OPTION = re.compile(r"-n|--?[a-z-]*namespace", re.IGNORECASE)


class Names(Record):
    """What is ours, and what the submission calls its own."""

    namespace: str
    """Ours."""
    own: frozenset[str]
    """The namespaces that the manifests put their objects into, or make, and that are not the cluster's own."""
    shared: frozenset[str] = frozenset()
    """Namespaces of the cluster's own that they put objects into as well: only these objects are the submission's."""
    services: frozenset[str] = frozenset()
    """Names of the submission's Services."""
    cluster_roles: frozenset[str] = frozenset()
    """Names of its ClusterRoles."""
    groups: tuple[str, ...] = ()
    """Groups of its objects that are not of Kubernetes itself."""

    def is_own(self, namespace: str, service: str) -> bool:
        """Whether a namespace, in which a text looks for a Service, is one of the submission's."""
        if (service, namespace) == ("kubernetes", "default"):
            return False
        if namespace in self.own:
            return True
        return service in self.services and (namespace in self.shared or not self.own)


def names_of(manifests: Sequence[Manifest], namespace: str, *, placed: Sequence[Manifest]) -> Names:
    """Return what manifests call their own. Where they name no namespace, it is the one that they look for it in.

    `placed` are those of them that are applied, or stand for our namespace: only where these are is the submission's.
    """
    made = {each.name for each in placed if (each.group, each.kind) == ("", "Namespace")}
    places = frozenset({each.namespace for each in placed} | made) - {""}
    groups = {each.group for each in manifests} | {each.field("spec", "group").text for each in manifests}
    return Names(
        namespace=namespace,
        own=places - OF_KUBERNETES,
        shared=places & OF_KUBERNETES,
        services=frozenset(each.name for each in manifests if (each.group, each.kind) == ("", "Service")),
        cluster_roles=frozenset(each.name for each in manifests if each.kind == "ClusterRole"),
        groups=tuple(sorted(each for each in groups if "." in each and not is_of_kubernetes(each))),
    )


def rewrite_names(data: dict[str, Any], names: Names, note: Note) -> None:
    """Put our namespace in place of the submission's own ones, in fields and in texts that pods read."""
    for key, value in data.items():
        if key not in ("metadata", "kind", "apiVersion"):
            data[key] = _walk(value, (key,), data["kind"], names, note)


def rewrite_text(text: str, names: Names) -> str:
    """Return a text with the names of the submission's Services as they are in our namespace."""
    text = FULL_NAME.sub(lambda found: _moved(found, names), text)
    is_line = len(text) <= LONGEST_LINE and "\n" not in text
    text = SHORT_NAME.sub(lambda found: _moved_if_called(found, names, is_line=is_line), text)
    return MENTION.sub(
        lambda found: found["before"] + names.namespace if found["namespace"] in names.own else found[0], text
    )


def _moved(found: re.Match[str], names: Names) -> str:
    return f"{found['service']}.{names.namespace}" if names.is_own(found["namespace"], found["service"]) else found[0]


def _moved_if_called(found: re.Match[str], names: Names, *, is_line: bool) -> str:
    """Return a short name, moved where it can only be that of a host: `app.default` may also be a module of Python."""
    if found["service"] not in names.services:
        return found[0]
    text = found.string
    before, after = text[max(0, found.start() - 250) : found.start()], text[found.end() : found.end() + 2]
    is_called = _is_called(before) or CALLED_AFTER.match(after)
    is_alone = is_line and found["namespace"] != "default" and not re.search(r"[\w.(]\Z|\A\(", before + after)
    return _moved(found, names) if is_called or is_alone else found[0]


def _is_called(before: str) -> bool:
    """Whether a text before a name makes it that of a host: the start of an address, and maybe the name of a pod."""
    start = before.rstrip(OF_A_HOST)
    return start.endswith(("//", "@")) and (start == before or before.endswith("."))


Path = tuple[str | int, ...]


def _walk(value: Any, path: Path, kind: object, names: Names, note: Note) -> Any:
    if isinstance(value, dict):
        if path[-1] == "namespaceSelector":
            return _selector(value, path, names, note)
        made = {key: _walk(item, (*path, key), kind, names, note) for key, item in value.items()}
        return _variable(made, path, names, note)
    if isinstance(value, list):
        walked = [_walk(item, (*path, number), kind, names, note) for number, item in enumerate(value)]
        return _options(walked, path, names, note) if path[-1] in ("command", "args") else walked
    if not isinstance(value, str):
        return value
    text = _text(value, path, kind, names)
    if text != value:
        note(path, f"the namespace {names.namespace}")
    return text


def _text(value: str, path: Path, kind: object, names: Names) -> str:
    """Return the text at a path, which is read as a name, as what pods read, or left alone."""
    is_item = len(path) > 1 and isinstance(path[-1], int)
    if path[-1] == "namespace" or (is_item and path[-2] in LISTS):
        return names.namespace if value in names.own else value
    is_data = kind in ("ConfigMap", "Secret") and path[0] in ("data", "stringData") and len(path) == 2
    if is_data and kind == "Secret" and path[0] == "data":
        return _encoded(value, str(path[-1]), names)
    if is_data:
        return _setting(str(path[-1]), value, names)
    if path == ("spec", "externalName") or (is_item and path[-2] in ("command", "args")):
        return rewrite_text(value, names)
    return value


def _setting(name: str, value: str, names: Names) -> str:
    """Return the value of a setting: one that names the namespace, or a text."""
    if "namespace" in name.lower() and value in names.own:
        return names.namespace
    return rewrite_text(value, names)


def _encoded(value: str, name: str, names: Names) -> str:
    try:
        text = base64.b64decode(value, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError, ValueError):
        return value
    made = _setting(name, text, names)
    return value if made == text else base64.b64encode(made.encode()).decode()


def _variable(made: dict[str, Any], path: Path, names: Names, note: Note) -> dict[str, Any]:
    """Return an item of `env` with its value rewritten; any other mapping as it is."""
    value = made.get("value")
    if len(path) < 2 or path[-2] != "env" or not isinstance(value, str):
        return made
    ours = _setting(str(made.get("name")), value, names)
    if ours != value:
        note((*path, "value"), f"the namespace {names.namespace}")
    return {**made, "value": ours}


def _options(words: list[Any], path: Path, names: Names, note: Note) -> list[Any]:
    """Return the words of a command; one that follows an option for the namespace is a namespace."""
    for number, (option, word) in enumerate(pairwise(words), 1):
        is_text = isinstance(option, str) and isinstance(word, str)
        if is_text and OPTION.fullmatch(option) and word in names.own and word != names.namespace:
            note((*path, number), f"the namespace {names.namespace}")
            words = [*words[:number], names.namespace, *words[number + 1 :]]
    return words


def _selector(selector: dict[str, Any], path: Path, names: Names, note: Note) -> dict[str, Any]:
    """Return a selector of namespaces that names ours where it named the submission's own by name."""

    def ours(value: Any) -> Any:
        return names.namespace if isinstance(value, str) and value in names.own else value

    made = dict(selector)
    labels = made.get("matchLabels")
    if isinstance(labels, dict) and NAME_LABEL in labels:
        made["matchLabels"] = {**labels, NAME_LABEL: ours(labels[NAME_LABEL])}
    expressions = made.get("matchExpressions")
    if isinstance(expressions, list):
        made["matchExpressions"] = [_expression(each, ours) for each in expressions]
    if isinstance(made.get("matchNames"), list):
        made["matchNames"] = list(dict.fromkeys(map(ours, made["matchNames"])))
    if made != selector:
        note(path, f"the namespace {names.namespace}")
    return made


def _expression(expression: Any, ours: Callable[[Any], Any]) -> Any:
    is_by_name = isinstance(expression, dict) and expression.get("key") == NAME_LABEL
    if not is_by_name or not isinstance(expression.get("values"), list):
        return expression
    return {**expression, "values": [ours(value) for value in expression["values"]]}
