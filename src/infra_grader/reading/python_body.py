"""Whether the body of a Python function is work or a stub.

What is recursive here follows the nesting of blocks, which Python itself caps at a hundred.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from infra_grader.reading.python_flow import UNKNOWN, call_name, decide, literal, live_block, live_nodes

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

UNDONE = re.compile(r"\btodo\b|not\s?(?:yet )?implemented|implement this", re.IGNORECASE)
UNDONE_ANSWER = re.compile(r"^\s*TODO\b|(?i:not\s?(?:yet )?implemented|implement this)")
"""What a stub gives back; a service may well be about things to do."""
NOT_IMPLEMENTED = 501
LOG_METHODS = frozenset({"debug", "info", "warning", "warn", "error", "critical", "exception", "log"})
REPORTS = frozenset(
    {
        "print",
        "pprint",
        "pytest.skip",
        "self.skipTest",
        "warnings.warn",
        "super.__init__",
        "time.sleep",
        "asyncio.sleep",
    }
)
FORMATTERS = frozenset({"len", "str", "repr", "type", "format", "int", "round"})
RESPONDERS = frozenset({"jsonify", "make_response", "Response", "JSONResponse", "ORJSONResponse", "PlainTextResponse"})
"""What wraps an answer without working anything out."""
READERS = frozenset(
    {"bool", "id", "isinstance", "hasattr", "float", "list", "dict", "tuple", "set", "sorted", *FORMATTERS}
)
"""Calls that change nothing: alone on a line they do nothing."""
PURE = READERS | {"abs", "all", "any", "chr", "divmod", "max", "min", "ord", "pow", "range", "reversed", "sum"}
"""Builtins whose value depends on nothing but what they are given."""
LOGGER_MAKERS = frozenset({"getLogger", "get_logger"})
IDLE_STATEMENTS = (
    ast.Pass,
    ast.Import,
    ast.ImportFrom,
    ast.Global,
    ast.Nonlocal,
    ast.Delete,
    ast.Break,
    ast.Continue,
)
EMPTY_MAKERS = frozenset({"dict", "list", "set", "tuple", "str", "frozenset"})


def has_own_body(function: FunctionNode) -> bool:
    """Whether a function does something of its own.

    It does not if it holds only a docstring, `pass`, `...`, messages to a log, `raise NotImplementedError`, or
    gives back nothing, something empty, `True`, `False` or an argument as it came.
    """
    arguments = function.args
    idle = {item.arg for item in (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)}
    idle |= {item.arg for item in (arguments.vararg, arguments.kwarg) if item is not None}
    return any(is_work(statement, idle) for statement in live_block(function.body))


def is_work(statement: ast.AST, idle: set[str]) -> bool:
    """Whether a statement does something; `idle` names hold nothing that was worked out, and grows on the way."""
    if isinstance(statement, IDLE_STATEMENTS):
        return False
    if isinstance(statement, ast.If | ast.Match):
        return _chooses(statement, idle)
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return has_own_body(statement)
    blocks = list(_blocks(statement))
    if blocks:
        return any(is_work(inner, idle) for block in blocks for inner in live_block(block))
    return _is_working_line(statement, idle)


def _is_working_line(statement: ast.AST, idle: set[str]) -> bool:  # noqa: PLR0911 - one for each statement
    match statement:
        case ast.Expr(value=value):
            return _does_something(value, idle)
        case ast.Return(value=value):
            return value is not None and not is_hollow(value, idle) and not _answers_undone(value)
        case ast.Raise(exc=raised):
            return raised is not None and not _says_undone(raised)
        case ast.Assert(test=test):
            return decide(test) is None
        case ast.Assign(value=value, targets=targets):
            stored = [_stores(target, value, idle) for target in targets]  # all of them: each is noted in `idle`
            return any(stored)
        case ast.AnnAssign(value=value, target=target):
            return value is not None and _stores(target, value, idle)
    return True


def is_hollow(value: ast.AST, idle: set[str]) -> bool:  # noqa: PLR0911 - one for each shape
    """Whether an expression is nothing that had to be worked out: empty, a truth value, an argument as it came."""
    match value:
        case ast.Constant(value=constant):
            return isinstance(constant, bool) or constant in (None, "", 0, Ellipsis, b"")
        case ast.Name(id=name):
            return name in idle
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return all(is_hollow(item, idle) for item in items)
        case ast.Dict(values=items):  # arguments under keys are a structure that somebody thought of
            return all(is_hollow(item, set()) for item in items)
        case ast.Call(func=ast.Name(id=name), args=[], keywords=[]) if name in EMPTY_MAKERS:
            return True
        case ast.Call() if call_name(value).rpartition(".")[2] in RESPONDERS:
            return all(is_hollow(item, set()) or _is_number(item) for item in _given(value))
    return False


def calls_something(function: FunctionNode) -> bool:
    """Whether a function calls more than logs, formatters and what wraps an answer: it cannot be all constants."""
    return any(
        isinstance(node, ast.Call)
        and not is_report(node)
        and not _is_formatting(node)
        and not _is_worked_out(node)
        and call_name(node).rpartition(".")[2] not in RESPONDERS | EMPTY_MAKERS
        for statement in live_block(function.body)
        for node in live_nodes(statement)
    )


def _is_worked_out(node: ast.AST) -> bool:
    """Whether an expression is a builtin of constants, such as `max(1, 2)`: its value could as well be written down."""
    match node:
        case ast.Constant():
            return True
        case ast.Tuple(elts=items) | ast.List(elts=items) | ast.Set(elts=items):
            return all(map(_is_worked_out, items))
        case ast.UnaryOp(operand=operand):
            return _is_worked_out(operand)
        case ast.BinOp(left=left, right=right):
            return _is_worked_out(left) and _is_worked_out(right)
        case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in PURE:
            return all(map(_is_worked_out, arguments))
    return False


def _is_number(value: ast.AST) -> bool:
    return isinstance(value, ast.Constant) and isinstance(value.value, int)


def _answers_undone(value: ast.AST) -> bool:
    """Whether an answer says that there is none yet: by its text, or by the status 501."""
    parts = [inner.value for inner in ast.walk(value) if isinstance(inner, ast.Constant)]
    status = value.elts[-1] if isinstance(value, ast.Tuple) and value.elts else value
    given = _given(status) if isinstance(status, ast.Call) else [status]
    is_refused = any(isinstance(item, ast.Constant) and item.value == NOT_IMPLEMENTED for item in given)
    return is_refused or any(isinstance(part, str) and UNDONE_ANSWER.search(part) for part in parts)


def _blocks(statement: ast.AST) -> Iterator[list[ast.stmt]]:
    for field in ("body", "orelse", "finalbody"):
        block = getattr(statement, field, None)
        if isinstance(block, list) and block:
            yield block
    for branch in (*getattr(statement, "handlers", ()), *getattr(statement, "cases", ())):
        yield branch.body


def _chooses(statement: ast.If | ast.Match, idle: set[str]) -> bool:
    """Whether a branch does something, or gives back a value that the condition has chosen."""
    pending: list[ast.AST] = [statement]
    while pending:
        node = pending.pop()
        decided = decide(node.test) if isinstance(node, ast.If) else None
        for block in _blocks(node):
            if isinstance(node, ast.If) and decided is (block is not node.body):
                continue
            for inner in live_block(block):
                if isinstance(inner, ast.If):  # elif: a chain of any length must not become recursion
                    pending.append(inner)
                elif is_work(inner, idle) or (decided is None and _gives_value(inner)):
                    return True
    return False


def _gives_value(statement: ast.AST) -> bool:
    if not isinstance(statement, ast.Return) or statement.value is None:
        return False
    return not (isinstance(statement.value, ast.Constant) and statement.value.value is None)


def _does_something(value: ast.AST, idle: set[str]) -> bool:
    while isinstance(value, ast.Await):
        value = value.value
    if isinstance(value, ast.Yield):
        return value.value is not None and not is_hollow(value.value, idle)
    if isinstance(value, ast.YieldFrom):
        return True
    if isinstance(value, ast.Call) and (is_report(value) or call_name(value) in READERS):
        return any(
            isinstance(node, ast.Call) and not _is_formatting(node) for part in _given(value) for node in ast.walk(part)
        )
    if isinstance(value, ast.Call) and call_name(value).rpartition(".")[2] == "abort" and _answers_undone(value):
        return False
    return any(isinstance(node, ast.Call | ast.NamedExpr) for node in ast.walk(value))


def is_report(call: ast.Call) -> bool:
    """Whether a call only says something: to a log, on the terminal, or that a test is skipped."""
    name = call_name(call)
    receiver, _, method = name.rpartition(".")
    return name in REPORTS or (method in LOG_METHODS and "log" in receiver.lower())


def _given(call: ast.Call) -> Iterator[ast.expr]:
    yield from call.args
    for keyword in call.keywords:
        yield keyword.value


def _is_formatting(call: ast.Call) -> bool:
    return call_name(call).rpartition(".")[2] in FORMATTERS or call_name(call) == "super"


def _stores(target: ast.AST, value: ast.AST, idle: set[str]) -> bool:
    if isinstance(target, ast.Name):
        if is_hollow(value, idle):
            idle.add(target.id)
            return False
        idle.discard(target.id)
        return literal(value) is UNKNOWN and call_name(value).rpartition(".")[2] not in LOGGER_MAKERS
    return not (isinstance(value, ast.Constant) and is_hollow(value, idle))


def _says_undone(raised: ast.AST) -> bool:
    if call_name(raised) == "NotImplementedError" or _answers_undone(raised):
        return True
    return isinstance(raised, ast.Call) and any(
        isinstance(item, ast.Constant) and isinstance(item.value, str) and UNDONE.search(item.value)
        for item in raised.args
    )
