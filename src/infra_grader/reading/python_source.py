"""Python files, read into facts with positions: definitions, suppressions, and what is wrong with the text.

Nothing is imported or run. What only stands in comments or in string literals is no definition.
"""

from __future__ import annotations

import ast
import io
import re
import sys
import threading
import tokenize
import warnings
from collections.abc import Iterator
from functools import cached_property

from infra_grader.capabilities.workspace import TextFile
from infra_grader.model.record import Record
from infra_grader.reading.python_body import FunctionNode, has_own_body, is_work
from infra_grader.reading.python_flow import all_children, live_block, live_children

MAX_DEPTH = 300
"""Deepest syntax tree that is read: far beyond what a person writes, far below what ends an interpreter."""

SUPPRESSION = re.compile(
    r"#[ \t]*(?:noqa\b|nosec\b|type:[ \t]*ignore|pragma:[ \t]*no[ \t]*(?:cover|branch)"
    r"|(?:mypy|pyright|ruff|flake8|pylint|isort):)",
    re.IGNORECASE,
)
"""Comments by which a tool is told to look away."""

NEWER = re.compile(r"\s*(?:(?:async[ \t]+)?def|class)[ \t]+\w+[ \t]*\[|\s*type[ \t]+\w+[ \t]*(?:\[[^\]\n]*\][ \t]*)?=")
QUOTES_OF_ONE_STRING = 2

_PARSING = threading.Lock()
"""`warnings.catch_warnings` changes what the whole process does, so that one file is parsed at a time."""


class Fault(Record):
    """Why a file cannot be read as Python."""

    message: str
    line: int | None = None
    """Line of the fault, where Python tells it."""
    is_newer: bool = False
    """Whether it looks like valid code of a Python newer than the one that runs here."""


class Suppression(Record):
    """A comment that tells a tool to look away."""

    line: int
    text: str
    """The comment as written."""


class Definition(Record, dict=True):
    """A function, method or class that can come into being when the file runs."""

    name: str
    """Qualified: `ModelLoader.predict`."""
    node: FunctionNode | ast.ClassDef
    owner: str = ""
    """Qualified name of the class whose body it stands in."""
    is_nested: bool = False
    """Whether it stands in a function."""
    is_given: bool = False
    """Whether it was handed out, and stands there unchanged."""

    @property
    def line(self) -> int:
        """Line of its `def` or `class`."""
        return self.node.lineno

    @property
    def end_line(self) -> int:
        """Its last line."""
        return self.node.end_lineno or self.node.lineno

    @property
    def is_public(self) -> bool:
        """Whether a caller may use it: no part of its name begins with an underscore, and it is not nested."""
        return not self.is_nested and not any(part.startswith("_") for part in self.name.split("."))

    @cached_property
    def docstring(self) -> str:
        """Its docstring, cleaned, or nothing."""
        return ast.get_docstring(self.node) or ""


class Function(Definition):
    """A function or method."""

    node: FunctionNode

    @cached_property
    def has_own_body(self) -> bool:
        """Whether it does something of its own; see `python_body.has_own_body`."""
        return not self.is_given and has_own_body(self.node)

    @property
    def parameters(self) -> list[ast.arg]:
        """Its parameters in order, without `self` or `cls`."""
        arguments = self.node.args
        named = [*arguments.posonlyargs, *arguments.args]
        if self.owner and named and not self._is_static:
            named = named[1:]
        rest = [item for item in (arguments.vararg, arguments.kwarg) if item is not None]
        return [*named, *arguments.kwonlyargs, *rest]

    @property
    def _is_static(self) -> bool:
        return any(isinstance(item, ast.Name) and item.id == "staticmethod" for item in self.node.decorator_list)

    @property
    def missing_annotations(self) -> list[str]:
        """The parameters without a type, and `return`; `Any` for everything is no type."""
        given = [(item.arg, item.annotation) for item in self.parameters]
        if self.node.name != "__init__":
            given.append(("return", self.node.returns))
        missing = [name for name, annotation in given if annotation is None]
        if not missing and given and all(_is_any(annotation) for _, annotation in given):
            return [name for name, _ in given]
        return missing

    @property
    def length(self) -> int:
        """Its lines from `def` to its end, without those of its docstring."""
        first = self.node.body[0]
        is_docstring = bool(self.docstring) and first.end_lineno is not None
        described = (first.end_lineno or 0) - first.lineno + 1 if is_docstring else 0
        return self.end_line - self.line + 1 - described

    @cached_property
    def complexity(self) -> int:
        """McCabe's number: one more than its decisions, those of nested functions included, as C901 counts."""
        return 1 + sum(isinstance(node, DECISIONS) for node in ast.walk(self.node) if node is not self.node)


DECISIONS = (
    ast.If,
    ast.For,
    ast.AsyncFor,
    ast.While,
    ast.ExceptHandler,
    ast.match_case,
    ast.FunctionDef,
    ast.AsyncFunctionDef,
)


DEFINING = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Class(Definition):
    """A class."""

    node: ast.ClassDef

    @cached_property
    def bases(self) -> list[str]:
        """The last part of each base's name."""
        return [base for item in self.node.bases if (base := _last_name(item))]

    @cached_property
    def has_own_body(self) -> bool:
        """Whether a method of it does something, or it declares fields; an exception may stand for itself."""
        if self.is_given:
            return False
        if any(base.endswith(("Error", "Exception", "Warning")) for base in self.bases):
            return True
        return any(_declares(statement) for statement in live_block(self.node.body))


class Source(Record, dict=True):
    """A Python file of a submission."""

    path: str
    text: str
    tree: ast.Module
    """Empty where the file has a fault."""
    fault: Fault | None = None
    given: Source | None = None
    """The file that was handed out under this path, where it is known."""

    @cached_property
    def definitions(self) -> tuple[Function | Class, ...]:
        """The functions and classes that can come into being, in the order of the text."""
        given = {(item.name, self.given.extract(item.node)) for item in self.given.definitions} if self.given else set()
        found = sorted(_definitions(self.tree), key=lambda item: item.line)
        return tuple(
            item.replace(is_given=True) if given and (item.name, self.extract(item.node)) in given else item
            for item in found
        )

    def extract(self, node: ast.stmt) -> str:
        """Return the text of a statement, without the white space around its lines."""
        return "\n".join(line.strip() for line in self.lines[node.lineno - 1 : node.end_lineno])

    @cached_property
    def lines(self) -> list[str]:
        """Its lines; line n is `lines[n - 1]`."""
        return self.text.split("\n")

    @property
    def functions(self) -> list[Function]:
        """Its functions and methods."""
        return [item for item in self.definitions if isinstance(item, Function)]

    @property
    def classes(self) -> list[Class]:
        """Its classes."""
        return [item for item in self.definitions if isinstance(item, Class)]

    @cached_property
    def has_work(self) -> bool:
        """Whether it does anything: a function with a body of its own, or statements beyond imports and stubs."""
        if any(item.has_own_body for item in self.definitions):
            return True
        idle: set[str] = set()
        given = {self.given.extract(node) for node in self.given.tree.body} if self.given else set()
        lines = (node for node in live_block(self.tree.body) if not isinstance(node, DEFINING))
        return any(is_module_work(node, idle) and not (given and self.extract(node) in given) for node in lines)

    @cached_property
    def suppressions(self) -> tuple[Suppression, ...]:
        """The comments by which tools are told to look away."""
        return tuple(
            Suppression(line=token.start[0], text=token.string.strip())
            for token in _comments(self.text)
            if SUPPRESSION.search(token.string)
        )

    @cached_property
    def unsuppressed(self) -> str:
        """The text with its suppressions made void; every line keeps its length."""
        lines = self.text.split("\n")
        for token in _comments(self.text):
            row, column = token.start
            void = SUPPRESSION.sub(_void, token.string)
            lines[row - 1] = lines[row - 1][:column] + void + lines[row - 1][column + len(token.string) :]
        return "\n".join(lines)


def is_module_work(node: ast.AST, idle: set[str]) -> bool:
    """Whether a statement at the top of a file is work.

    A constant with a value is; an empty one is not, nor is a text of many lines, which may hold a whole program.
    """
    if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(node.value, ast.Constant):
        value = node.value.value
        return value not in (None, "", 0, Ellipsis) and not (isinstance(value, str) and "\n" in value)
    return is_work(node, idle)


def parse_source(file: TextFile, given: str = "") -> Source:
    """Return a file's facts; one that is no Python gets a fault and an empty tree.

    `given` is the text that was handed out under this path: definitions that it holds are not the learner's.
    """
    handed_out = parse_source(TextFile(file.path, given)) if given else None
    tree: ast.Module = ast.Module(body=[], type_ignores=[])
    try:
        with _PARSING, warnings.catch_warnings():
            warnings.simplefilter("ignore")  # invalid escapes are the linter's business
            parsed = ast.parse(file.text)
        fault = _depth_fault(parsed)
    except SyntaxError as error:
        fault = Fault(message=error.msg, line=error.lineno or None, is_newer=_is_newer(error))
    except (RecursionError, MemoryError):  # what the parser raises where its own stack ends
        fault = Fault(message="it is nested too deep", line=None)
    except ValueError as error:  # NUL bytes, numbers with too many digits
        fault = Fault(message=str(error).partition(";")[0], line=None)
    return Source(path=file.path, text=file.text, tree=tree if fault else parsed, fault=fault, given=handed_out)


def _is_newer(error: SyntaxError) -> bool:
    """Whether the fault is one of those that Python 3.12 cured: type parameters, `type X = ...`, free f-strings."""
    line = error.text or ""
    if sys.version_info >= (3, 12) or error.msg is None:
        return False
    if error.msg == "f-string: expecting '}'":
        return max(line.count('"'), line.count("'")) > QUOTES_OF_ONE_STRING
    return "f-string" in error.msg or NEWER.match(line) is not None


def _depth_fault(tree: ast.Module) -> Fault | None:
    level: list[ast.AST] = [tree]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in all_children(node)]
        if not level:
            return None
    line = next((node.lineno for node in level if isinstance(node, ast.expr | ast.stmt)), None)
    return Fault(message=f"it is nested more than {MAX_DEPTH} levels deep", line=line)


def _definitions(tree: ast.Module) -> Iterator[Function | Class]:
    stack: list[tuple[ast.AST, str, str, bool]] = [(tree, "", "", False)]
    while stack:
        parent, prefix, owner, is_nested = stack.pop()
        for node in live_children(parent):
            name = f"{prefix}{getattr(node, 'name', '')}"
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield Function(name=name, node=node, owner=owner, is_nested=is_nested)
                stack.append((node, f"{name}.", "", True))
            elif isinstance(node, ast.ClassDef):
                yield Class(name=name, node=node, owner=owner, is_nested=is_nested)
                stack.append((node, f"{name}.", name, is_nested))
            elif isinstance(node, ast.stmt | ast.ExceptHandler | ast.match_case):
                stack.append((node, prefix, owner, is_nested))


def _declares(statement: ast.AST) -> bool:
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return has_own_body(statement)
    if isinstance(statement, ast.AnnAssign):
        return not (isinstance(statement.value, ast.Constant) and statement.value.value is None)
    if isinstance(statement, ast.ClassDef):
        return any(_declares(inner) for inner in statement.body)
    return is_module_work(statement, set())


def _last_name(node: ast.expr) -> str:
    while isinstance(node, ast.Subscript):
        node = node.value
    return node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""


def _is_any(annotation: ast.expr | None) -> bool:
    """Whether an annotation says nothing: `Any`, also where it may be `None`, or what is no type at all."""
    match annotation:
        case ast.Constant(value=str() as written):
            return written.strip() == "Any"
        case ast.Constant(value=value):
            return value is not None
        case ast.BinOp(left=left, op=ast.BitOr(), right=right):
            return _is_any(left) or _is_any(right)
        case ast.Subscript(value=value, slice=inner) if _last_name(value) == "Optional":
            return _is_any(inner)
    return annotation is not None and _last_name(annotation) == "Any"


def _comments(text: str) -> Iterator[tokenize.TokenInfo]:
    """Yield the comments of a text; tokenising is slow, so a text without a suppression is not looked at."""
    if not SUPPRESSION.search(text):
        return
    try:
        for token in tokenize.generate_tokens(io.StringIO(text).readline):
            if token.type == tokenize.COMMENT:
                yield token
    except (tokenize.TokenError, SyntaxError):  # the rest of a broken file
        return


def _void(found: re.Match[str]) -> str:
    """Spoil the second letter of the word that a tool looks for."""
    start = next(index for index, sign in enumerate(found[0]) if sign.isalpha())
    return f"{found[0][: start + 1]}_{found[0][start + 2 :]}"
