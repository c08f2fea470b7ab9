"""Functions of a learner's own that make metrics: `def counter(name, text): return Counter(name, text, registry=R)`.

A call of one of them is read as the call of `prometheus_client` that it ends in, with its arguments filled in.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice

from infra_grader.model.record import Record
from infra_grader.reading.python_body import FunctionNode
from infra_grader.reading.python_flow import live_nodes
from infra_grader.reading.python_names import Names, written_name

MOST_STEPS = 4
"""How many functions may lie between a call and the metric."""
MOST_FOLLOWED = 2000
"""Calls that are followed in all: functions that call each other could go on for long."""
MOST_NODES = 2000
"""Size of a call with its arguments filled in: a list of lists of an argument could grow without end."""


class Making(Record, kw_only=False):
    """A call that makes a metric in the end."""

    call: ast.Call
    """The call of `prometheus_client`, with what the functions on the way were given."""
    at: ast.Call
    """The call that stands in the code."""
    made: str
    """Name of the class: `Counter`."""
    constants: Mapping[str, object]
    """Values of the names in it."""
    within: tuple[FunctionNode, ...]
    """The functions on the way."""


class _Maker(Record, kw_only=False):
    """A function that hands its arguments on to calls."""

    node: FunctionNode
    file: Names
    places: tuple[str, ...]
    """Names of the parameters that are given by their place."""
    calls: tuple[ast.Call, ...]
    """Calls in it that get one of its parameters."""

    @property
    def names(self) -> set[str]:
        """Names of all its parameters but `*args` and `**kwargs`."""
        return {*self.places, *(item.arg for item in self.node.args.kwonlyargs)}


class Makers:
    """The functions of some files by which metrics can be made."""

    def __init__(self, files: Sequence[Names], is_class: Callable[[str], bool]) -> None:
        """`is_class` tells of a resolved name whether it is a class of the client that makes a metric."""
        self._is_class = is_class
        self._left = MOST_FOLLOWED
        self._partials = {
            written_name(target): (node.value, file)
            for file in files
            for node in file.live
            if isinstance(node, ast.Assign) and isinstance(node.value, ast.Call) and _is_partial(node.value, file)
            for target in node.targets
        }
        self._makers: dict[str, _Maker] = {}
        for file in files:
            for item in file.source.functions:
                owner = item.owner.rpartition(".")[2]
                name = owner if item.node.name == "__init__" and owner else item.node.name
                self._makers.setdefault(name, _maker(item.node, file, is_method=bool(owner)))
        self._keep_those_that_make()

    def makings(self, file: Names) -> Iterator[Making]:
        """Yield the calls of a file that make a metric, by themselves or by way of functions and partials."""
        for node in file.live:
            if isinstance(node, ast.Call):
                yield from self._follow(node, node, (file,), ())

    def _keep_those_that_make(self) -> None:
        """Forget the functions that make no metric: most of a program."""
        making: set[str] = set()
        while True:
            more = {
                name
                for name, maker in self._makers.items()
                if name not in making and any(self._may_make(call, maker, making) for call in maker.calls)
            }
            if not more:
                break
            making |= more
        self._makers = {name: maker for name, maker in self._makers.items() if name in making}

    def _may_make(self, call: ast.Call, maker: _Maker, making: set[str]) -> bool:
        written = written_name(call.func)
        is_given = written in maker.names  # `def make(kind, name): return kind(name)`
        known = written in self._partials or _last_name(call.func) in making
        return is_given or known or self._class_of(call, (maker.file,)) != ""

    def _follow(
        self, call: ast.Call, at: ast.Call, files: tuple[Names, ...], within: tuple[_Maker, ...]
    ) -> Iterator[Making]:
        made = self._class_of(call, files)
        if made:
            constants = {name: value for file in reversed(files) for name, value in file.constants.items()}
            yield Making(call, at, made, constants, tuple(maker.node for maker in within))
            return
        written = written_name(call.func)
        partial, maker = self._partials.get(written), self._makers.get(_last_name(call.func))
        if partial is not None and self._class_of(partial[0].args[0], (partial[1],)):
            known, file = partial
            arguments, keywords = [*known.args[1:], *call.args], [*call.keywords, *known.keywords]
            joined = ast.copy_location(ast.Call(known.args[0], arguments, keywords), call)
            yield from self._follow(joined, at, (*files, file), within)
        elif maker is not None and maker not in within and len(within) < MOST_STEPS:
            for inner in maker.calls[: self._left]:
                self._left -= 1
                filled = _filled(inner, maker, call)
                if sum(1 for _ in islice(ast.walk(filled), MOST_NODES)) < MOST_NODES:
                    yield from self._follow(filled, at, (*files, maker.file), (*within, maker))

    def _class_of(self, node: ast.expr, files: Sequence[Names]) -> str:
        """Return the class of the client that is called or named, by the imports of any of the files on the way."""
        called = node.func if isinstance(node, ast.Call) else node
        resolved = (file.resolve(called) for file in files)
        return next((name.rpartition(".")[2] for name in resolved if self._is_class(name)), "")


def _maker(node: FunctionNode, file: Names, *, is_method: bool) -> _Maker:
    is_static = any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in node.decorator_list)
    places = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
    places = places[1:] if is_method and not is_static else places
    rest = [item.arg for item in (node.args.vararg, node.args.kwarg) if item is not None]
    given = {*places, *rest, *(item.arg for item in node.args.kwonlyargs)}
    calls = tuple(
        inner
        for inner in live_nodes(node)
        if isinstance(inner, ast.Call)
        and any(
            isinstance(part, ast.Name) and part.id in given
            for argument in (*inner.args, *inner.keywords)
            for part in ast.walk(argument)
        )
    )
    return _Maker(node, file, tuple(places), calls)


def _last_name(node: ast.expr) -> str:
    return node.attr if isinstance(node, ast.Attribute) else written_name(node)


def _is_partial(call: ast.Call, file: Names) -> bool:
    return bool(call.args) and file.resolve(call.func) == "functools.partial"


def _filled(inner: ast.Call, maker: _Maker, call: ast.Call) -> ast.Call:
    """Return a call that stands in a function with the arguments of a call of that function in it."""
    named = _defaults(maker.node)
    named.update(zip(maker.places, call.args, strict=False))
    named.update({item.arg: item.value for item in call.keywords if item.arg in maker.names})
    rest, others = maker.node.args.vararg, maker.node.args.kwarg
    arguments: list[ast.expr] = []
    for argument in inner.args:
        if isinstance(argument, ast.Starred) and rest is not None and written_name(argument.value) == rest.arg:
            arguments += call.args[len(maker.places) :]
        else:
            arguments.append(_fill(argument, named))
    keywords: list[ast.keyword] = []
    for keyword in inner.keywords:
        if keyword.arg is None and others is not None and written_name(keyword.value) == others.arg:
            keywords += [item for item in call.keywords if item.arg not in maker.names]
        else:
            keywords.append(ast.keyword(keyword.arg, _fill(keyword.value, named)))
    return ast.copy_location(ast.Call(_fill(inner.func, named), arguments, keywords), call)


def _defaults(node: FunctionNode) -> dict[str, ast.expr]:
    placed = [item.arg for item in (*node.args.posonlyargs, *node.args.args)]
    found = dict(zip(placed[len(placed) - len(node.args.defaults) :], node.args.defaults, strict=True))
    for item, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True):
        if value is not None:
            found[item.arg] = value
    return found


def _fill(node: ast.expr, named: Mapping[str, ast.expr]) -> ast.expr:
    """Return an expression with other expressions in the place of names; what is not changed is not copied."""
    if isinstance(node, ast.Name):
        return named.get(node.id, node)
    if isinstance(node, ast.BoolOp) and isinstance(node.op, ast.Or):  # `labels or ()`
        values = [_fill(value, named) for value in node.values]
        return next((value for value in values[:-1] if not _is_empty(value)), values[-1])
    if isinstance(node, ast.Call) and written_name(node.func) in ("list", "tuple") and len(node.args) == 1:
        return _fill(node.args[0], named)
    if isinstance(node, ast.JoinedStr | ast.List | ast.Tuple | ast.BinOp | ast.FormattedValue | ast.Starred):
        fields = dict(ast.iter_fields(node))
        for name, value in fields.items():
            if isinstance(value, list):
                fields[name] = [_fill(item, named) for item in value]
            elif isinstance(value, ast.expr):
                fields[name] = _fill(value, named)
        return ast.copy_location(type(node)(**fields), node)
    return node


def _is_empty(node: ast.expr) -> bool:
    return (isinstance(node, ast.Constant) and not node.value) or (
        isinstance(node, ast.List | ast.Tuple) and not node.elts
    )
