"""The terraform.backend check kind."""

from __future__ import annotations

from infra_grader.checks.terraform._modules import TerraformParams, modules_of, own_blocks
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, check
from infra_grader.reading.pieces import Piece, judge, whole
from infra_grader.reading.terraform import Block

LOCKS = {"s3": ("dynamodb_table", "use_lockfile"), "local": ()}
"""What makes a backend lock its state; those that are not named lock by themselves."""


class Backend(TerraformParams):
    """What is asked of the state."""

    encrypted: Annotated[bool, Meta(description="Whether an S3 backend has to encrypt it.")] = True
    locked: Annotated[bool, Meta(description="Whether it has to be locked while somebody works on it.")] = True


@check("terraform.backend")
def backend(context: Context, params: Backend) -> Outcome:
    """Every root module that is the learner's own keeps its state remotely, encrypted and locked.

    A root module is one that states a backend or configures a provider. `terraform { cloud { } }` is a remote backend.
    """
    modules = modules_of(context, params)
    roots = {
        module.folder: block
        for kind in ("provider", "terraform")
        for module, block in own_blocks(modules, kind)
        if kind == "provider" or _backends(block)
    }
    pieces: list[Piece] = []
    for folder, first in sorted(roots.items()):
        stated = [item for block in modules[folder].of_kind("terraform") for item in _backends(block)]
        pieces += list(_pieces(folder or ".", first, stated[0] if stated else None, params))
    if not pieces:
        where = next(iter(sorted(path for module in modules.values() for path in module.own)))
        gap = Evidence(path=where, expected="a backend for the state", actual="no root module states one")
        pieces = [whole(False, "no root module states a backend", gap)]
    return judge("Terraform's state", pieces)


def _backends(block: Block) -> list[Block]:
    return [inner for inner in block.blocks if inner.kind in ("backend", "cloud")]


def _pieces(folder: str, first: Block, stated: Block | None, params: Backend) -> list[Piece]:
    if stated is None or stated.labels == ("local",):
        gap = Evidence(path=first.path, line=first.line, expected="a remote backend", actual="kept locally")
        return [whole(False, f"{folder} keeps its state locally", gap)]
    name = stated.labels[0] if stated.labels else "cloud"
    found = Evidence(path=stated.path, line=stated.line, actual=f"backend {name}")
    pieces = [whole(True, "", found)]
    if params.encrypted and name == "s3":
        encrypt = stated.attributes.get("encrypt")
        is_met = encrypt is not None and encrypt.value is True
        gap = found.replace(expected="encrypt = true", actual=encrypt.text if encrypt else "not there")
        pieces.append(whole(is_met, f"{folder} does not encrypt its state", gap))
    if params.locked and name in LOCKS:
        is_met = any(key in stated.attributes for key in LOCKS[name])
        gap = found.replace(expected=" or ".join(LOCKS[name]), actual="locked" if is_met else "not there")
        pieces.append(whole(is_met, f"{folder} does not lock its state", gap))
    return pieces
