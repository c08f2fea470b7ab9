"""Expressions of Terraform: what they are worth, where that can be told, and the names that they use."""

from __future__ import annotations

import json
import operator
import re
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from infra_grader.model.record import Record

UNKNOWN = object()
"""Stands for a value that only a run of Terraform could tell."""
Names = Callable[[tuple[str, ...]], Any]
"""What a name is worth: the parts of `var.region` in, its value or `UNKNOWN` out."""
ESCAPES = re.compile(r'\\([nrt"\\])')
ESCAPED = {"n": "\n", "r": "\r", "t": "\t", '"': '"', "\\": "\\"}
COMPARED: Mapping[str, Callable[[Any, Any], bool]] = {
    "==": operator.eq, "!=": operator.ne, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
COLLECTED: Mapping[str, Callable[[Any], Any]] = {
    "toset": list, "tolist": list, "distinct": list, "sort": list, "compact": list, "keys": list, "length": len,
    "tomap": lambda value: value,
}  # fmt: skip
"""Functions of one collection; none of them makes something out of an empty one."""


class Reference(Record):
    """A name that an expression uses: `var.region`, `module.vpc.vpc_id`, `aws_vpc.main.id`."""

    parts: tuple[str, ...]
    line: int

    @property
    def text(self) -> str:
        """The name, as it is written."""
        return ".".join(self.parts)


def unknown_names(parts: tuple[str, ...]) -> Any:
    """Return that nothing is known of a name."""
    del parts
    return UNKNOWN


class Expression:
    """An expression of a file, as python-hcl2's tree of it has it."""

    def __init__(self, node: Any, source: str) -> None:
        self._node = node
        self._source = source
        self.text = _text(node, source)
        """As it is written."""

    def value(self, names: Names = unknown_names) -> Any:
        """Return what it is, or `UNKNOWN`: literals, collections, choices, comparisons and some functions of these."""
        return _Evaluation(self._source, names).value(self._node)

    def references(self) -> tuple[Reference, ...]:
        """Return the names that are used in it, each with the line in its text."""
        if not hasattr(self._node, "iter_subtrees_topdown"):
            return ()
        found = []
        inside: set[int] = set()
        for tree in self._node.iter_subtrees_topdown():
            if is_node(tree, "get_attr_expr_term") and id(tree) not in inside:
                parts = _parts(tree, self._source, inside)
                if parts:
                    found.append(Reference(parts=parts, line=tree.meta.line))
        return tuple(found)


def is_node(node: Any, *names: str) -> bool:
    """Whether a node of the tree is of one of the kinds."""
    return getattr(node, "data", None) in names


class _Evaluation:
    """Finds values in the tree of one expression."""

    def __init__(self, source: str, names: Names) -> None:
        self._source = source
        self._names = names

    def value(self, node: Any) -> Any:
        inner = [child for child in node.children if _is_meant(child)] if hasattr(node, "data") else []
        if is_node(node, "expr_term") and len(inner) == 1:
            return self.value(inner[0])
        if is_node(node, "tuple"):
            items = [self.value(child) for child in inner]
            return UNKNOWN if UNKNOWN in items else items
        look = self._LOOKS.get(getattr(node, "data", ""))
        return _literal(_text(node, self._source)) if look is None else look(self, node, inner)

    def _object(self, _: Any, inner: list[Any]) -> Any:
        pairs = [child.children for child in inner if is_node(child, "object_elem")]
        return {_text(pair[0], self._source).strip('"()'): self.value(pair[-1]) for pair in pairs}

    def _string(self, node: Any, inner: list[Any]) -> Any:
        text = _text(node, self._source)
        if "${" not in text.replace("$${", "") and "%{" not in text.replace("%%{", ""):
            return ESCAPES.sub(lambda found: ESCAPED[found[1]], text[1:-1])
        only = inner[0].children[0] if len(inner) == 1 and len(inner[0].children) == 1 else None
        if only is not None and is_node(only, "interpolation"):  # "${var.count}" is what is in it, whatever its type
            return self.value(next(child for child in only.children if _is_meant(child)))
        return UNKNOWN

    def _get_attr_expr_term(self, node: Any, _: list[Any]) -> Any:
        parts = _parts(node, self._source, set(), indexed=False)
        return self._names(parts) if parts else UNKNOWN

    def _conditional(self, _: Any, inner: list[Any]) -> Any:
        condition, *choices = (self.value(child) for child in inner)
        if isinstance(condition, bool) and len(choices) == 2:
            return choices[0] if condition else choices[1]
        return UNKNOWN

    def _unary_op(self, node: Any, inner: list[Any]) -> Any:
        text = _text(node, self._source)
        value = self.value(inner[-1]) if text.startswith("!") else UNKNOWN
        return not value if isinstance(value, bool) else _literal(text)

    def _binary_op(self, _: Any, inner: list[Any]) -> Any:
        sign, other = (child for child in inner[-1].children if _is_meant(child))
        left, right = self.value(inner[0]), self.value(other)
        word = _text(sign, self._source)
        if word in ("&&", "||"):
            decisive = word == "||"
            if left is decisive or right is decisive:
                return decisive
            return UNKNOWN if UNKNOWN in (left, right) else not decisive
        if word not in COMPARED or UNKNOWN in (left, right):
            return UNKNOWN
        try:
            return COMPARED[word](left, right)
        except TypeError:
            return UNKNOWN

    def _function_call(self, _: Any, inner: list[Any]) -> Any:
        name, *rest = inner
        given = [child for child in rest[0].children if _is_meant(child)] if rest else []
        function = COLLECTED.get(_text(name, self._source))
        if function is None or len(given) != 1:
            return UNKNOWN
        value = self.value(given[0])
        return function(value) if isinstance(value, list | dict) else UNKNOWN

    def _for_tuple_expr(self, _: Any, inner: list[Any]) -> Any:
        return [] if self._is_over_nothing(inner) else UNKNOWN

    def _for_object_expr(self, _: Any, inner: list[Any]) -> Any:
        return {} if self._is_over_nothing(inner) else UNKNOWN

    def _is_over_nothing(self, inner: list[Any]) -> bool:
        return self.value([child for child in inner[0].children if _is_meant(child)][-1]) in ([], {})

    _LOOKS: ClassVar[Mapping[str, Callable[[_Evaluation, Any, list[Any]], Any]]] = {
        "object": _object,
        "string": _string,
        "get_attr_expr_term": _get_attr_expr_term,
        "conditional": _conditional,
        "unary_op": _unary_op,
        "binary_op": _binary_op,
        "function_call": _function_call,
        "for_tuple_expr": _for_tuple_expr,
        "for_object_expr": _for_object_expr,
    }


def _parts(tree: Any, source: str, inside: set[int], *, indexed: bool = True) -> tuple[str, ...]:
    """Return the names of a chain, from its start; indexes in it are left out, or make it none where not `indexed`."""
    steps: list[str] = []
    while True:
        inside.add(id(tree))
        if is_node(tree, "get_attr_expr_term"):
            steps.append(_text(tree.children[-1], source).lstrip(".").strip())
            tree = tree.children[0]
        elif is_node(tree, "expr_term") or (indexed and is_node(tree, "index_expr_term")):
            tree = next((child for child in tree.children if _is_meant(child)), None)
            if tree is None:
                return ()
        elif is_node(tree, "identifier"):
            return (_text(tree, source), *reversed(steps))
        else:
            return ()


def _is_meant(node: Any) -> bool:
    return hasattr(node, "data") and not is_node(node, "new_line_or_comment", "new_line_and_or_comma")


def _text(node: Any, source: str) -> str:
    return source[node.meta.start_pos : node.meta.end_pos].strip() if hasattr(node, "meta") else str(node).strip()


def _literal(text: str) -> Any:
    try:
        value = json.loads(text)
    except (ValueError, RecursionError):
        return UNKNOWN
    return value if isinstance(value, bool | int | float) or value is None else UNKNOWN
