"""The terraform.resources check kind."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import Any

import msgspec

from infra_grader.checks.terraform._modules import TerraformParams, making_of, meets, modules_of, own_blocks
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, Params, check
from infra_grader.reading.pieces import Piece, counted, judge
from infra_grader.reading.terraform import Block
from infra_grader.reading.terraform_made import Making
from infra_grader.reading.terraform_module import Module


class Resource(Params):
    """A resource that has to be there."""

    types: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(min_length=1, description="Its type, any of these; `*` fits. A module's source fits as `module:*eks*`."),
    ]
    title: Annotated[str, Meta(description="What it is for, in the report; else its first type.")] = ""
    attributes: Annotated[
        dict[str, Any],
        Meta(
            description='What it says, by path (`ingress.cidr_blocks`): a value, `exists`, `absent`, `">= 2"`, or a '
            "list of which any will do."
        ),
    ] = msgspec.field(default_factory=dict)
    count: Annotated[int, Meta(ge=1, description="How many of them.")] = 1


class Resources(TerraformParams, kw_only=True):
    """Which resources have to be there."""

    resources: Annotated[list[Resource], Meta(min_length=1, description="Each is an equal share.")]


@check("terraform.resources")
def resources(context: Context, params: Resources) -> Outcome:
    """Terraform files of the learner's own declare these resources, with what they have to say.

    A resource counts whatever it is called, and one in a called module as well where `paths` names its folder. A
    variable stands for what its calls or files of variables give, else for its default; a value that only a run could
    tell is taken as right. What `count` or `for_each` never makes does not count, and neither does a module below a
    folder `modules` that nothing in the submission calls and that has no provider, state or variables of its own.
    """
    modules = modules_of(context, params)
    found = [*own_blocks(modules, "resource"), *own_blocks(modules, "module")]
    where = next(iter(sorted(path for module in modules.values() for path in module.own)))
    making = making_of(context, modules)
    return judge("Terraform", [_piece(found, wanted, where, making) for wanted in params.resources])


def _piece(found: list[tuple[Module, Block]], wanted: Resource, where: str, making: Making) -> Piece:
    title = wanted.title or wanted.types[0]
    meant = [(module, block) for module, block in found if any(_is(block, pattern) for pattern in wanted.types)]
    hindered = [(each, making.hindrance(*each)) for each in meant]
    named = [each for each, hindrance in hindered if hindrance is None]
    unmade = [hindrance for _, hindrance in hindered if hindrance is not None]
    lacking = [(block, path) for module, block in named if (path := _lacking(module, block, wanted))]
    good = len(named) - len(lacking)
    evidence = [
        Evidence(
            path=block.path,
            line=next((item.line for item in block.find_all(path)), block.line),
            expected=f"{path}: {wanted.attributes[path]}",
            actual=next((item.text[:200] for item in block.find_all(path)), "not there"),
            text=block.address,
        )
        for block, path in lacking
    ]
    if len(named) < wanted.count:
        evidence += unmade
    if not meant:
        evidence = [Evidence(path=where, expected=" or ".join(wanted.types), actual="not there", text=title)]
    evidence += [Evidence(path=block.path, line=block.line, actual=block.address) for _, block in named[: wanted.count]]
    said = f"{title} lacks {lacking[0][1]}" if lacking else f"{good} of {wanted.count} {title}"
    if unmade and not named:
        said = str(unmade[0].actual)
    return counted(good, wanted.count, said, *evidence)


def _is(block: Block, pattern: str) -> bool:
    if block.kind == "module":
        source = block.attributes.get("source")
        return source is not None and fnmatchcase(f"module:{source.text.strip(chr(34))}", pattern)
    return bool(block.labels) and fnmatchcase(block.labels[0], pattern)


def _lacking(module: Module, block: Block, wanted: Resource) -> str:
    """Return the first attribute that a resource lacks, or nothing."""
    for path, value in wanted.attributes.items():
        given = block.find_all(path)
        if value == "absent":
            if given:
                return path
        elif not any(meets(item, value, module) for item in given):
            return path
    return ""
