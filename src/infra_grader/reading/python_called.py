"""Which functions of some Python files are ever reached: called, decorated, handed on, or of a class that is used."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

from infra_grader.reading.python_body import FunctionNode
from infra_grader.reading.python_names import Names


class Calls:
    """Which functions of some files can be reached: decorated, named somewhere, or of a class that is."""

    def __init__(self, files: Iterable[Names]) -> None:
        self.mentioned: dict[str, int] = {}
        self._inside: dict[str, int] = {}
        files = list(files)
        for file in files:
            for node in file.live:
                for name in mentions(node):
                    self.mentioned[name] = self.mentioned.get(name, 0) + 1
            for item in file.source.functions:  # a function that only calls itself is not called
                own = sum(item.node.name in mentions(node) for node in ast.walk(item.node))
                self._inside[item.node.name] = self._inside.get(item.node.name, 0) + own

    def reach(self, function: FunctionNode, owner: str) -> bool:
        """Whether a function may run; `owner` is the class that it stands in."""
        is_special = function.name.startswith("__") and function.name.endswith("__")
        if function.decorator_list and not _is_plain_property(function):
            return True
        if self.mentioned.get(function.name, 0) > self._inside.get(function.name, 0):
            return True
        return bool(owner) and self.mentioned.get(owner, 0) > 0 and (is_special or not function.name.startswith("_"))


def _is_plain_property(function: FunctionNode) -> bool:
    plain = {"staticmethod", "classmethod", "property"}
    return all(isinstance(item, ast.Name) and item.id in plain for item in function.decorator_list)


def mentions(node: ast.AST) -> list[str]:
    """Return the names that a node reads: a variable, an attribute, what is imported from a module."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        return [node.id]
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        return [node.attr]
    if isinstance(node, ast.ImportFrom):
        return [item.name for item in node.names]
    return []


def called_nodes(file: Names, calls: Calls) -> Iterator[ast.AST]:
    """Yield the live nodes of a file that stand in no function that is never reached."""
    closed: set[int] = set()
    for item in file.source.functions:
        if item.is_given or not calls.reach(item.node, item.owner.rpartition(".")[2]):
            closed.update(id(node) for node in ast.walk(item.node))
    return (node for node in file.live if id(node) not in closed)
