"""Terraform modules that lie in a folder `modules` to be called, and whether anything in a submission may call one."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import CheckFailed
from infra_grader.reading.terraform import Block
from infra_grader.reading.terraform_module import SUFFIXES, Module, ReadModule, called_folder

FOLDER = "modules"
STARTERS = re.compile(
    r"(?!.*\.tftest\.hcl\Z)(?:.*/)?(?:[^/]*\.(?:hcl|tofu|sh|ps1|mk|py|ya?ml)|(?:GNU)?[Mm]akefile|[Jj]ustfile)"
)
"""Files besides Terraform's own that may start it in a folder, or call a module: Terragrunt, OpenTofu, scripts."""
MOST_BYTES = 256 * 1024


def is_for_calls(module: Module) -> bool:
    """Whether a module is made by its calls alone: it lies below `modules`, and has nothing that a root module has."""
    is_root = any(module.of_kind("provider")) or any(map(_has_state, module.of_kind("terraform")))
    return FOLDER in module.folder.split("/")[:-1] and not is_root and not any(module.settings)


def may_be_called(workspace: Workspace, module: Module, read: ReadModule) -> bool:
    """Whether something in the submission calls a module, or may: where a file cannot be read, that is not known.

    A source that only a run could tell, or that leads to a repository, may be of a module of the same name.
    """
    everything = workspace.view(allow_starter=True)
    paths = [path for suffix in SUFFIXES for path in everything.find_in(["."], suffix)]
    for folder in sorted({path.rpartition("/")[0] for path in paths}):
        other = read(folder)
        if other.faults or any(_may_call(other, call, module.folder) for call in other.of_kind("module")):
            return True
    mention = re.compile(rf"\b{FOLDER}/+(?:{re.escape(_below(module.folder))}(?![\w-])|\$)")
    return any(mention.search(text) for text in _texts(everything))


def _has_state(block: Block) -> bool:
    return any(inner.kind in ("backend", "cloud") for inner in block.blocks)


def _may_call(module: Module, call: Block, folder: str) -> bool:
    called = called_folder(module, call)
    source = call.attributes.get("source")
    if called is not None or source is None:
        return called == folder
    name = folder.rpartition("/")[2]
    if not source.is_known:
        return name in source.text
    place = str(source.value).partition("?")[0].rstrip("/")
    return place.endswith((f"//{name}", f"/{FOLDER}/{_below(folder)}"))


def _below(folder: str) -> str:
    """Return where a module lies below the innermost folder `modules`."""
    return f"/{folder}".rpartition(f"/{FOLDER}/")[2]


def _texts(workspace: Workspace) -> Iterator[str]:
    for path in workspace.files(lambda path: STARTERS.fullmatch(path) is not None):
        try:
            yield workspace.read_text(path, MOST_BYTES)
        except CheckFailed:  # no text, or too long for one that somebody wrote
            continue
