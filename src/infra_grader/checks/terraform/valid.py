"""The terraform.valid check kind."""

from __future__ import annotations

from infra_grader.checks.terraform._modules import TerraformParams, module_reader, modules_of
from infra_grader.plugin import CheckFailed, Context, Evidence, Outcome, check
from infra_grader.reading.terraform_module import find_faults

MOST_SHOWN = 20


class Valid(TerraformParams):
    """Which Terraform files have to be valid."""


@check("terraform.valid")
def valid(context: Context, params: Valid) -> Outcome:
    """The Terraform files can be read, and every name in them is declared: variables, locals, resources, modules.

    Calls of modules in the submission are followed: the folder has files, each argument is one of its variables, each
    variable without default is given, each output that is used is there. What providers would say is not asked.
    """
    modules = modules_of(context, params)
    faults = [fault for module in modules.values() for fault in find_faults(module, module_reader(context))]
    own = sorted(path for module in modules.values() for path in module.own)
    if not faults and not any(block.path in module.own for module in modules.values() for block in module.blocks):
        raise CheckFailed(
            "The Terraform files declare nothing yet.",
            Evidence(path=own[0], expected="resources, modules or variables", actual="none"),
        )
    first = f"; the first: {faults[0].actual}, {faults[0].path}:{faults[0].line}" if faults else ""
    return Outcome.passed_if(
        not faults,
        f"{len(modules)} Terraform module{'' if len(modules) == 1 else 's'} have "
        f"{len(faults) or 'no'} fault{'' if len(faults) == 1 else 's'}{first}.",
        *([fault.evidence() for fault in faults] or [Evidence(path=path, actual="valid") for path in own])[:MOST_SHOWN],
    )
