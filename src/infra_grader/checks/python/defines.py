"""The python.defines check kind."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from fractions import Fraction

import msgspec

from infra_grader.checks.python._files import PythonParams, fault_evidence, find_sources
from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, Params, check
from infra_grader.reading.python_body import FunctionNode, calls_something, is_hollow
from infra_grader.reading.python_flow import live_children, live_nodes
from infra_grader.reading.python_source import Class, Function, Source

Alternatives = str | Annotated[list[str], Meta(min_length=1)]
"""A name, or several of which one will do."""


class Wanted(Params):
    """A class, a function or a variable that must be there; of `any_of`, one will do."""

    class_: Annotated[str, Meta(description="Name of a class.")] = msgspec.field(name="class", default="")
    function: Annotated[str, Meta(description="Name of a function at the top of a file.")] = ""
    variable: Annotated[str, Meta(description="Name of a variable at the top of a file, with a value.")] = ""
    methods: Annotated[
        tuple[Alternatives, ...], Meta(description="Methods of the class, each with a body; a list names alternatives.")
    ] = ()
    attributes: Annotated[
        tuple[Alternatives, ...], Meta(description="Attributes that the class sets; a list names alternatives.")
    ] = ()
    parameters: Annotated[tuple[str, ...], Meta(description="Parameters that the function takes.")] = ()
    any_of: Annotated[tuple[Wanted, ...], Meta(description="Alternatives; the one that is nearest counts.")] = ()

    def __post_init__(self) -> None:
        """Refuse what names nothing, or more than one thing."""
        if sum(bool(given) for given in (self.class_, self.function, self.variable, self.any_of)) != 1:
            raise ValueError("give one of `class`, `function`, `variable` and `any_of`")
        if (self.methods or self.attributes) and not self.class_:
            raise ValueError("`methods` and `attributes` belong to a `class`")
        if self.parameters and not self.function:
            raise ValueError("`parameters` belong to a `function`")


class Defines(PythonParams, kw_only=True):
    """Which files, and what they must define."""

    names: Annotated[tuple[Wanted, ...], Meta(min_length=1, description="What must be there, each with a body.")]


Found = list[tuple[bool, Evidence]]
"""What was asked for, piece by piece: whether it is there, and where."""


@check("python.defines")
def defines(context: Context, params: Defines) -> Outcome:
    """Classes, functions and their methods are there, and each has a body of its own."""
    everything = find_sources(context, params)
    sources = [source for source in everything if not source.fault]
    looked = [_look(wanted, sources, everything[0].path) for wanted in params.names]
    share = sum((_share(found) for found in looked), Fraction(0)) / len(looked)
    pieces = [piece for found in looked for piece in found]
    missing = [evidence for is_there, evidence in pieces if not is_there]
    first = f"; {missing[0].expected}: {missing[0].actual}" if missing else ""
    return Outcome.partial(
        share,
        f"{len(pieces) - len(missing)} of {len(pieces)} names are defined{first}.",
        *missing,
        *(evidence for is_there, evidence in pieces if is_there),
        *(fault_evidence(source) for source in everything if source.fault),
    )


def _share(found: Found) -> Fraction:
    return Fraction(sum(is_there for is_there, _ in found), len(found))


def _look(wanted: Wanted, sources: list[Source], nearest: str) -> Found:
    """Return the pieces of what is wanted; of alternatives and of equal names, those that are nearest to it."""
    if wanted.any_of:
        return max((_look(other, sources, nearest) for other in wanted.any_of), key=_share)
    candidates = list(_candidates(wanted, sources))
    if candidates:
        return max(candidates, key=_share)
    names = [*wanted.methods, *wanted.attributes]
    missing: Found = [(False, Evidence(path=nearest, expected=_title(wanted), actual="not there"))]
    return missing + [
        (False, Evidence(path=nearest, expected=f"{wanted.class_}.{_either(name)}", actual="not there"))
        for name in names
    ]


def _title(wanted: Wanted) -> str:
    if wanted.class_:
        return f"class {wanted.class_}"
    return f"function {wanted.function}" if wanted.function else f"variable {wanted.variable}"


def _candidates(wanted: Wanted, sources: list[Source]) -> Iterator[Found]:
    for source in sources:
        if wanted.variable:
            yield from _variables(wanted.variable, source)
        called = {wanted.class_, *_aliases(wanted.class_, source)}
        for item in source.definitions:
            if isinstance(item, Class) and item.name in called:
                yield _class_pieces(wanted, source, item, sources)
            elif isinstance(item, Function) and item.name == wanted.function and not item.is_nested:
                taken = {parameter.arg for parameter in item.parameters}
                lacking = [name for name in wanted.parameters if name not in taken]
                flaw = "" if _answers(item) else "only a stub"
                flaw = flaw or (f"does not take {', '.join(lacking)}" if lacking else "")
                yield [_piece(source, item, f"function {item.name}", flaw)]


def _aliases(name: str, source: Source) -> Iterator[str]:
    """Yield what a name stands for, as in `ModelLoader = TorchLoader`."""
    for node in source.tree.body:
        if name and isinstance(node, ast.Assign) and isinstance(node.value, ast.Name):
            yield from (node.value.id for target in node.targets if isinstance(target, ast.Name) and target.id == name)


def _piece(source: Source, item: Function | Class, expected: str, flaw: str = "") -> tuple[bool, Evidence]:
    return not flaw, Evidence(
        path=source.path, line=item.line, end_line=item.end_line, expected=expected, actual=flaw or "defined"
    )


def _variables(name: str, source: Source) -> Iterator[Found]:
    for node in _top_level(source.tree):
        for value in _values_of(name, node):
            has_value = value is not None and not _is_blank(value)
            actual = "defined" if has_value else "no value yet"
            yield [
                (has_value, Evidence(path=source.path, line=node.lineno, expected=f"variable {name}", actual=actual))
            ]


def _top_level(tree: ast.Module) -> Iterator[ast.stmt]:
    """Yield the statements that run when the file does: also those in `if`, `try` and `with`."""
    stack: list[ast.AST] = [tree]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.stmt):
            yield node
        if not isinstance(node, FunctionNode | ast.ClassDef | ast.expr):
            stack += reversed(list(live_children(node)))


def _values_of(name: str, node: ast.stmt) -> Iterator[ast.expr | None]:
    """Yield what a statement gives to a variable; of `a, b = 1, 2`, each its own."""
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    value = getattr(node, "value", None)
    for target in targets:
        names = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        values = value.elts if isinstance(value, ast.Tuple | ast.List) and len(names) == len(value.elts) else None
        for index, item in enumerate(names):
            if isinstance(item, ast.Name) and item.id == name:
                yield values[index] if values and item is not target else value


def _class_pieces(wanted: Wanted, source: Source, item: Class, sources: list[Source]) -> Found:
    pieces: Found = [_piece(source, item, f"class {item.name}", "" if item.has_own_body else "only a stub")]
    family = list(_with_bases(item, source, sources))
    for name in wanted.methods:
        methods = [
            (home, method)
            for home, kind in family
            for method in home.functions
            if (method.owner == kind.name and method.node.name in _names(name))
            or (not method.owner and method.name in _borrowed(kind, name))
        ]
        own = [pair for pair in methods if _answers(pair[1])]
        expected = f"{item.name}.{_either(name)}"
        if methods:
            home, method = (own or methods)[0]
            pieces.append(_piece(home, method, expected, "" if own else "only a stub"))
        else:
            pieces.append((False, Evidence(path=source.path, line=item.line, expected=expected, actual="not there")))
    attributes = {name: place for home, kind in reversed(family) for name, place in _attributes(home, kind)}
    for name in wanted.attributes:
        place = next((attributes[one] for one in _names(name) if one in attributes), None)
        path, line = place or (source.path, item.line)
        expected = f"{item.name}.{_either(name)}"
        actual = "set" if place else "not set"
        pieces.append((place is not None, Evidence(path=path, line=line, expected=expected, actual=actual)))
    return pieces


def _answers(item: Function) -> bool:
    """Whether a function does something of its own; one that is given something looks at it, or calls something."""
    if not item.has_own_body or not item.parameters or calls_something(item.node):
        return item.has_own_body
    given = {parameter.arg for parameter in item.parameters} | {"self", "cls"}
    return any(isinstance(node, ast.Name) and node.id in given for part in item.node.body for node in live_nodes(part))


def _borrowed(kind: Class, name: Alternatives) -> set[str]:
    """Return the functions at the top of a file that a class takes for a method, as in `load = read_weights`."""
    return {
        node.value.id
        for node in kind.node.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name)
        if any(isinstance(target, ast.Name) and target.id in _names(name) for target in node.targets)
    }


def _with_bases(item: Class, source: Source, sources: list[Source]) -> Iterator[tuple[Source, Class]]:
    """Yield a class and those of the learner's that it builds on."""
    pending, seen = [(source, item)], {item.name}
    while pending:
        home, kind = pending.pop()
        yield home, kind
        for other_home in sources:
            for other in other_home.classes:
                if other.name in kind.bases and other.name not in seen:
                    seen.add(other.name)
                    pending.append((other_home, other))


def _attributes(source: Source, item: Class) -> Iterator[tuple[str, tuple[str, int]]]:
    """Yield what a class declares with a value or a type, sets on itself, or computes as a property."""
    for node in live_nodes(item.node):
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        for target in targets:
            if isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name) and target.value.id == "self":
                yield target.attr, (source.path, target.lineno)
    for node in item.node.body:
        if isinstance(node, ast.Assign | ast.AnnAssign) and not _is_blank(node.value):
            for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
                if isinstance(target, ast.Name):
                    yield target.id, (source.path, node.lineno)
    for method in source.functions:
        if method.owner == item.name and method.node.decorator_list and method.has_own_body:
            yield method.node.name, (source.path, method.line)


def _is_blank(value: ast.AST | None) -> bool:
    """Whether a value is what a template leaves to be filled in: `None` or an empty text."""
    return isinstance(value, ast.Constant) and not isinstance(value.value, bool | int) and is_hollow(value, set())


def _names(name: Alternatives) -> Iterable[str]:
    return [name] if isinstance(name, str) else name


def _either(name: Alternatives) -> str:
    return " or ".join(_names(name))
