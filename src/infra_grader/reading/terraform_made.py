"""What Terraform never makes: `count = 0` and `for_each` over nothing, at a resource or at the calls of its module.

Nor what stands in a module that is there to be called, and that nothing calls.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import Any

from infra_grader.model.outcome import Evidence
from infra_grader.model.record import Record
from infra_grader.reading.terraform import Attribute, Block
from infra_grader.reading.terraform_expression import UNKNOWN
from infra_grader.reading.terraform_module import Module, called_folder

MOST_SCOPES = 50
"""Ways to call a module that are looked at; beyond that, one is taken to make what it declares."""
DEEPEST = 20
"""Locals that are followed one into another."""


class Scope(Record):
    """A module with values for its variables, as one of its calls gives them."""

    module: Module
    given: Mapping[str, Any]

    def value(self, attribute: Attribute) -> Any:
        """Return what an attribute is: a variable is what was given, else its default; else `UNKNOWN`."""
        return attribute.resolve(lambda parts: self._named(parts, DEEPEST))

    def _named(self, parts: tuple[str, ...], depth: int) -> Any:
        if len(parts) < 2 or not depth:
            return UNKNOWN
        head, name, *rest = parts
        found = UNKNOWN
        if head == "var" and name in self.given:
            found = self.given[name]
        elif head == "var" and (variable := self.module.named("variable").get(name)) is not None:
            default = variable.attributes.get("default")
            found = UNKNOWN if default is None else default.value
        elif head == "local":
            stated = [each.attributes[name] for each in self.module.of_kind("locals") if name in each.attributes]
            found = stated[0].resolve(lambda inner: self._named(inner, depth - 1)) if stated else UNKNOWN
        for step in rest:
            found = found.get(step, UNKNOWN) if isinstance(found, dict) else UNKNOWN
        return found


class Making:
    """Tells what is made of the modules of a submission."""

    def __init__(self, modules: Mapping[str, Module], is_idle: Callable[[Module], bool] = lambda _: False) -> None:
        """`is_idle` tells of a module that none of these calls whether nothing else makes it either."""
        self._is_idle = is_idle
        self._calls: dict[str, list[tuple[str, Block]]] = {}
        self._modules = modules
        self._scopes: dict[str, list[Scope]] = {}
        for folder, module in modules.items():
            for call in module.of_kind("module"):
                if (called := called_folder(module, call)) in modules and called is not None:
                    self._calls.setdefault(called, []).append((folder, call))

    def hindrance(self, module: Module, block: Block) -> Evidence | None:
        """Point at what keeps a block of a module from being made; `None` where it can be.

        That is a `count` or `for_each`, or a module that nothing calls. Where only a run could tell, it can be made.
        """
        scopes = self._of(module.folder)
        if not scopes:
            return next(self._hindered_calls(module.folder, {module.folder}), None)
        found = [_empty(scope, block) for scope in scopes]
        return None if None in found else found[0]

    def _of(self, folder: str) -> list[Scope]:
        """Return the ways in which a module is called: none where no call of it makes anything."""
        if folder not in self._scopes:
            self._scopes[folder] = [Scope(module=self._modules[folder], given={})]  # for modules that call each other
            calls = self._calls.get(folder, [])
            found = self._called(folder, calls) if calls else self._alone(self._modules[folder])
            self._scopes[folder] = list(islice(found, MOST_SCOPES))
        return self._scopes[folder]

    def _alone(self, module: Module) -> Iterator[Scope]:
        settings = () if self._is_idle(module) else module.settings
        return (Scope(module=module, given=given) for given in settings)

    def _called(self, folder: str, calls: list[tuple[str, Block]]) -> Iterator[Scope]:
        for caller, call in calls:
            for scope in self._of(caller):
                if _empty(scope, call) is None:
                    given = {name: scope.value(item) for name, item in call.attributes.items()}
                    yield Scope(module=self._modules[folder], given=given)

    def _hindered_calls(self, folder: str, seen: set[str]) -> Iterator[Evidence]:
        """Yield what keeps a module from being called: at its calls, or at those of the modules that have these."""
        if folder not in self._calls and not self._of(folder):
            first = self._modules[folder].blocks[0]
            found = f"nothing calls the module in {folder}"
            yield Evidence(path=first.path, line=first.line, expected=f"a call of {folder}", actual=found)
        for caller, call in self._calls.get(folder, []):
            scopes = self._of(caller) or [Scope(module=self._modules[caller], given={})]
            yield from filter(None, (_empty(scope, call) for scope in scopes))
            if caller not in seen:
                seen.add(caller)
                yield from self._hindered_calls(caller, seen)


def _empty(scope: Scope, block: Block) -> Evidence | None:
    """Point at what makes nothing of a block in a scope, or `None`."""
    for name in ("count", "for_each"):
        if (item := block.attributes.get(name)) is not None:
            value = scope.value(item)
            if value in ([], {}) or (name == "count" and value in (0, "0") and value is not False):
                found = f"{block.address} is never made: {name} = {item.text[:100]}"
                return Evidence(path=block.path, line=item.line, expected="something to make", actual=found)
    return None
