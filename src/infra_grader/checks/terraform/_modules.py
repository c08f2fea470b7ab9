"""The learner's Terraform modules, and whether a value is what a rubric asks for."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from infra_grader.plugin import Annotated, Context, Meta, Params, Places, places
from infra_grader.reading.terraform import Attribute, Block
from infra_grader.reading.terraform_called import is_for_calls, may_be_called
from infra_grader.reading.terraform_expression import UNKNOWN
from infra_grader.reading.terraform_made import Making, Scope
from infra_grader.reading.terraform_module import Module, ReadModule, read_module, read_modules

COMPARISON = re.compile(r"(<=|>=|==|!=|<|>)\s*(-?[0-9.]+)")
SIGNS: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq, "!=": operator.ne,
}  # fmt: skip


class TerraformParams(Params):
    """Which Terraform files a kind looks at."""

    paths: Annotated[
        Places, Meta(description="Files, folders or globs; each folder with `*.tf` or `*.tf.json` is a module.")
    ] = "."


def modules_of(context: Context, params: TerraformParams) -> dict[str, Module]:
    """Return the modules by folder. Raises `CheckFailed` if no file of them is the learner's own."""
    wanted = tuple(places(params.paths))
    return read_modules(context.workspace, wanted, module_reader(context))


def module_reader(context: Context) -> ReadModule:
    """Return what reads the module in a folder, once a submission: parsing HCL takes long."""
    return lambda folder: context.shared(("terraform.module", folder), lambda: read_module(context.workspace, folder))


def making_of(context: Context, modules: Mapping[str, Module]) -> Making:
    """Return what tells what is made of the modules."""

    def is_idle(module: Module) -> bool:
        return is_for_calls(module) and not may_be_called(context.workspace, module, module_reader(context))

    return Making(modules, is_idle)


def own_blocks(modules: Mapping[str, Module], kind: str) -> Iterator[tuple[Module, Block]]:
    """Yield the blocks of a kind in files that are the learner's own work, each with its module."""
    for module in modules.values():
        for block in module.of_kind(kind):
            if block.path in module.own:
                yield module, block


def meets(attribute: Attribute, wanted: Any, module: Module) -> bool:
    """Whether an attribute is what a rubric asks for: a value, `exists`, `">= 2"`, or a list of which any will do.

    A variable stands for its default, or for what a file of variables says. A value that only a run could tell is given
    the benefit of the doubt, since it was set to something.
    """
    value = Scope(module=module, given=module.settings[0]).value(attribute)
    if value is UNKNOWN or wanted == "exists":
        return True
    if isinstance(wanted, list):
        return any(meets(attribute, item, module) for item in wanted)
    if isinstance(wanted, str) and (found := COMPARISON.fullmatch(wanted)):
        number = _number(value)
        return number is not None and SIGNS[found[1]](number, float(found[2]))
    if isinstance(value, list):
        return wanted in value
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None
