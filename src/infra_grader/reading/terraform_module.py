"""Terraform modules: the files of a folder together, what they declare, and what is wrong between them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from infra_grader.capabilities.workspace import TextFile, Workspace
from infra_grader.model.outcome import CheckFailed, Evidence
from infra_grader.model.record import Record
from infra_grader.reading.document import read_json
from infra_grader.reading.terraform import Block, read_terraform, read_values
from infra_grader.reading.terraform_expression import Reference
from infra_grader.reading.terraform_json import read_terraform_json

SUFFIXES = (".tf", ".tf.json")
AT_ONCE = re.compile(r"(^|/)(terraform\.tfvars|[^/]*\.auto\.tfvars)(\.json)?$")
"""Files of variables that Terraform reads by itself."""
BUILT_IN = frozenset({"each", "count", "self", "path", "terraform", "var", "local", "module", "data", "provider"})
OF_A_CALL = frozenset({"source", "version", "count", "for_each", "providers", "depends_on"})
"""Arguments of a module call that are Terraform's own."""
OF_A_TYPE = frozenset({"string", "number", "bool", "list", "map", "set", "object", "tuple", "any"})


class Fault(Record):
    """Something that Terraform would refuse."""

    path: str
    line: int | None
    expected: str
    actual: str

    def evidence(self) -> Evidence:
        """Point at it."""
        return Evidence(path=self.path, line=self.line, expected=self.expected, actual=self.actual)


class Module(Record):
    """The Terraform files of one folder."""

    folder: str
    """Relative to the submission; empty for its root."""
    blocks: tuple[Block, ...]
    faults: tuple[Fault, ...] = ()
    """Files that cannot be read."""
    own: frozenset[str] = frozenset()
    """Those of its files that are the learner's own work."""
    settings: tuple[Mapping[str, Any], ...] = ({},)
    """Values for its variables: what is read by itself, then that with each file that `-var-file` may name."""

    def of_kind(self, kind: str) -> Iterator[Block]:
        """Yield its blocks of a kind: `resource`, `variable`, ..."""
        return (block for block in self.blocks if block.kind == kind)

    def named(self, kind: str) -> Mapping[str, Block]:
        """Return the blocks of a kind by their last label."""
        return {block.labels[-1]: block for block in self.of_kind(kind) if block.labels}


ReadModule = Callable[[str], Module]
"""What `read_module` gives for a folder of the submission."""


def read_modules(workspace: Workspace, places: Sequence[str], read: ReadModule) -> dict[str, Module]:
    """Return the modules in the places, by folder; files that were handed out are part of them.

    Raises `CheckFailed` if no file of them is the learner's own.
    """
    everything = workspace.view(allow_starter=True)
    own = {path for suffix in SUFFIXES for path in workspace.find_in(places, suffix)}
    if not own:
        raise CheckFailed(
            f"There is no Terraform file of your own in {' or '.join(places)}.",
            Evidence(
                path=places[0], expected="Terraform files of your own", actual="none, or only what was handed out"
            ),
        )
    folders = {path.rpartition("/")[0] for suffix in SUFFIXES for path in everything.find_in(places, suffix)}
    return {folder: read(folder) for folder in sorted(folders)}


def read_module(workspace: Workspace, folder: str) -> Module:
    """Return the module in a folder; what cannot be read of it is among its faults."""
    everything = workspace.view(allow_starter=True)
    inside = f"{folder}/" if folder else ""
    blocks: list[Block] = []
    faults: list[Fault] = []
    paths = everything.find(*(f"{inside}*{suffix}" for suffix in SUFFIXES))
    for path in paths:
        read, language = (read_terraform_json, "JSON") if path.endswith(".json") else (read_terraform, "HCL")
        try:
            blocks += read(TextFile(path, everything.read_text(path)))
        except CheckFailed as verdict:
            place = verdict.evidence[0].line if verdict.evidence else None
            faults.append(Fault(path=path, line=place, expected=f"valid {language}", actual=verdict.message))
    own = frozenset(path for path in paths if not workspace.is_starter_work(path) or workspace.allow_starter)
    settings = tuple(_settings(everything, inside))
    return Module(folder=folder, blocks=tuple(blocks), faults=tuple(faults), own=own, settings=settings)


def _settings(workspace: Workspace, inside: str) -> Iterator[Mapping[str, Any]]:
    paths = workspace.find(f"{inside}**/*.tfvars", f"{inside}**/*.tfvars.json")
    folder = inside.rstrip("/")
    at_once = [path for path in paths if AT_ONCE.search(path) and path.rpartition("/")[0] == folder]
    always = {name: value for path in at_once for name, value in _values(workspace, path).items()}
    yield always
    yield from ({**always, **_values(workspace, path)} for path in paths if path not in at_once)


def _values(workspace: Workspace, path: str) -> Mapping[str, Any]:
    """Return what a file of variables gives; nothing where it cannot be read, which no check asks."""
    try:
        file = TextFile(path, workspace.read_text(path))
        found = read_json(file) if path.endswith(".json") else read_values(file)
    except CheckFailed:
        return {}
    return found if isinstance(found, dict) else {}


def find_faults(module: Module, read: ReadModule) -> Iterator[Fault]:
    """Yield what Terraform would refuse: files, names declared twice or not at all, and calls of local modules."""
    yield from module.faults
    yield from _twice(module)
    if module.faults:  # what a broken file declares is not known
        return
    for block in module.blocks:
        for reference in block.references():
            if fault := _undeclared(module, block, reference):
                yield fault
    for call in module.of_kind("module"):
        yield from _call_faults(module, call, read)


def called_folder(module: Module, call: Block) -> str | None:
    """Return the folder of the local module that is called, or `None` for one from elsewhere."""
    source = call.attributes.get("source")
    value = source.value if source is not None else None
    if not isinstance(value, str) or not value.startswith(("./", "../")):
        return None
    parts = module.folder.split("/") if module.folder else []
    for part in value.split("/"):
        if part == "..":
            if not parts:
                return None
            parts.pop()
        elif part not in ("", "."):
            parts.append(part)
    return "/".join(parts)


def _twice(module: Module) -> Iterator[Fault]:
    seen: dict[str, Block] = {}
    for block in module.blocks:
        if block.kind in ("resource", "data", "variable", "output", "module"):
            first = seen.setdefault(block.address, block)
            if first is not block:
                where = f"{block.address}, again: first at {first.path}:{first.line}"
                yield Fault(path=block.path, line=block.line, expected="each name once", actual=where)


def _undeclared(module: Module, block: Block, reference: Reference) -> Fault | None:
    head, *rest = reference.parts
    name = rest[0] if rest else ""
    if head == "var" and block.kind != "variable":
        is_there = name in module.named("variable")
    elif head == "local":
        is_there = any(name in locals_.attributes for locals_ in module.of_kind("locals"))
    elif head == "module":
        is_there = name in module.named("module")
    elif head == "data" and len(rest) > 1:
        is_there = any(data.labels == (rest[0], rest[1]) for data in module.of_kind("data"))
    elif "_" in head and name and head not in BUILT_IN | OF_A_TYPE and _is_resource_type(module, head):
        is_there = any(item.labels == (head, name) for item in module.of_kind("resource"))
    else:
        return None
    if is_there:
        return None
    return Fault(path=block.path, line=reference.line, expected="something declared", actual=reference.text)


def _is_resource_type(module: Module, head: str) -> bool:
    """Whether a name begins like the types of a provider that the module uses; else it may be an iterator of a loop."""
    prefix = head.partition("_")[0]
    return any(block.labels and block.labels[0].partition("_")[0] == prefix for block in module.of_kind("resource"))


def _call_faults(module: Module, call: Block, read: ReadModule) -> Iterator[Fault]:
    folder = called_folder(module, call)
    if folder is None:
        if "source" not in call.attributes:
            yield Fault(path=call.path, line=call.line, expected="a source", actual=f"{call.address} has none")
        return
    called = read(folder)
    if not called.blocks and not called.faults:
        line = call.attributes["source"].line
        yield Fault(path=call.path, line=line, expected=f"Terraform files in {folder}", actual="none")
    elif not called.faults:
        yield from _argument_faults(call, called)
        yield from _output_faults(module, call, called)


def _argument_faults(call: Block, called: Module) -> Iterator[Fault]:
    variables = called.named("variable")
    for name, attribute in call.attributes.items():
        if name not in OF_A_CALL and name not in variables:
            expected = f"a variable of {called.folder}"
            yield Fault(path=call.path, line=attribute.line, expected=expected, actual=f"{name} is none of them")
    for name, variable in variables.items():
        if "default" not in variable.attributes and name not in call.attributes:
            given = f"{call.address} gives none"
            yield Fault(path=call.path, line=call.line, expected=f"a value for {name}", actual=given)


def _output_faults(module: Module, call: Block, called: Module) -> Iterator[Fault]:
    outputs = called.named("output")
    for block in module.blocks:
        for used in block.references():
            if used.parts[:2] == ("module", call.labels[-1]) and len(used.parts) > 2 and used.parts[2] not in outputs:
                expected = f"an output of {called.folder}"
                yield Fault(path=block.path, line=used.line, expected=expected, actual=used.text)
