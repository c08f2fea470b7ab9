"""The terraform.variables check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fractions import Fraction

from infra_grader.checks.terraform._modules import TerraformParams, modules_of, own_blocks
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.terraform import Block
from infra_grader.reading.terraform_module import Module

SECRET = re.compile(r"password|secret|token|api_?key|private_?key|credential", re.IGNORECASE)
USED = re.compile(r"\bvar\.([A-Za-z0-9_-]+)")
MOST_SHOWN = 20


class Variables(TerraformParams):
    """What variables have to say of themselves."""

    min_variables: Annotated[int, Meta(ge=1, description="How many variables there have to be.")] = 1
    min_percent: Annotated[float, Meta(gt=0, le=100, description="Share of variables that have to be in order.")] = 100


@check("terraform.variables", measure="%")
def variables(context: Context, params: Variables) -> Outcome:
    """Variables have a type, a description and a use; those for secrets are sensitive and have no default."""
    modules = modules_of(context, params)
    found = list(own_blocks(modules, "variable"))
    if len(found) < params.min_variables:
        raise CheckFailed(
            f"There are {len(found)} variables of your own, not {params.min_variables}.",
            *(Evidence(path=block.path, line=block.line, actual=block.address) for _, block in found[:MOST_SHOWN]),
        )
    used = {folder: set(_used(module)) for folder, module in modules.items()}
    faults = [
        Evidence(path=block.path, line=block.line, expected=lacking, actual=block.address)
        for module, block in found
        if (lacking := _lacking(block, is_used=block.labels[-1] in used[module.folder]))
    ]
    share = Fraction(len(found) - len(faults), len(found))
    whole = [Evidence(path=found[0][1].path, line=found[0][1].line, actual=f"{len(found)} variables, all in order")]
    return Outcome.passed_if(
        100 * share >= params.min_percent,
        f"{len(found) - len(faults)} of {len(found)} variables are in order"
        + (f"; {faults[0].actual} lacks {faults[0].expected}." if faults else "."),
        *(faults or whole)[:MOST_SHOWN],
        measure=Measure(value=round(100 * float(share), 2), unit="%", threshold=params.min_percent),
    )


def _used(module: Module) -> Iterator[str]:
    """Yield the names of the variables that a module uses."""
    for block in module.blocks:
        for inner in block.every_block():
            for item in inner.attributes.values():
                yield from USED.findall(item.text)


def _lacking(block: Block, *, is_used: bool) -> str:
    """Return what a variable lacks, or nothing."""
    given = block.attributes
    if "type" not in given:
        return "a type"
    description = given.get("description")
    if description is None or len(str(description.value).split()) < 2:
        return "a description"
    if SECRET.search(block.labels[-1]) and "arn" not in block.labels[-1] and "name" not in block.labels[-1]:
        if "sensitive" not in given or given["sensitive"].value is False:
            return "sensitive = true"
        if "default" in given and given["default"].value not in (None, ""):
            return "no default for a secret"
    return "" if is_used else "a use"
