"""The learner's Terraform modules, and whether a value is what a rubric asks for."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra_grader.plugin import Annotated, Context, Meta, Params, Places, places
from infra_grader.reading.terraform import Attribute, Block
from infra_grader.reading.terraform_module import Module, ReadModule, read_module, read_modules

COMPARISON = re.compile(r"(<=|>=|==|!=|<|>)\s*(-?[0-9.]+)")
SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class TerraformParams(Params):
    """Which Terraform files a kind looks at."""

    paths: Annotated[Places, Meta(description="Files, folders or globs; each folder with files is a module.")] = "."


def modules_of(context: Context, params: TerraformParams) -> dict[str, Module]:
    """Return the modules by folder. Raises `CheckFailed` if no file of them is the learner's own."""
    wanted = tuple(places(params.paths))
    return read_modules(context.workspace, wanted, module_reader(context))


def module_reader(context: Context) -> ReadModule:
    """Return what reads the module in a folder, once a submission: parsing HCL takes long."""
    return lambda folder: context.shared(("terraform.module", folder), lambda: read_module(context.workspace, folder))


def own_blocks(modules: Mapping[str, Module], kind: str) -> Iterator[tuple[Module, Block]]:
    """Yield the blocks of a kind in files that are the learner's own work, each with its module."""
    for module in modules.values():
        for block in module.of_kind(kind):
            if block.path in module.own:
                yield module, block


def meets(attribute: Attribute, wanted: Any, module: Module) -> bool:
    """Whether an attribute is what a rubric asks for: a value, `exists`, `">= 2"`, or a list of which any will do.

    A variable stands for its default. A value that only a run could tell is given the benefit of the doubt, since it
    was set to something.
    """
    known = _resolved(attribute, module)
    if known is None or wanted == "exists":
        return True
    value = known.value
    if isinstance(wanted, list):
        return any(meets(known, item, module) for item in wanted)
    if isinstance(wanted, str) and (found := COMPARISON.fullmatch(wanted)):
        number = _number(value)
        return number is not None and SIGNS[found[1]](number, float(found[2]))
    if isinstance(value, list):
        return wanted in value
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def _resolved(attribute: Attribute, module: Module) -> Attribute | None:
    """Return what an attribute is, a variable's default for the variable; `None` where only a run could tell."""
    if attribute.is_known:
        return attribute
    only = attribute.references[0] if len(attribute.references) == 1 else None
    if only is None or only.text != attribute.text or only.parts[0] != "var":
        return None
    variable = module.named("variable").get(only.parts[1])
    default = variable.attributes.get("default") if variable is not None else None
    return default if default is not None and default.is_known else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
