"""Whether a test asserts something that can turn out wrong."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from collections.abc import Set as AbstractSet

from infra_grader.model.record import Record
from infra_grader.reading.python_body import FunctionNode
from infra_grader.reading.python_flow import call_name, decide, live_children
from infra_grader.reading.python_names import Names, written_name
from infra_grader.reading.python_tautology import asks_for_sameness, condition_of, is_tautology, objects_made

EXPECTATIONS = frozenset(
    {"raises", "warns", "deprecated_call", "assertRaises", "assertRaisesRegex", "assertWarns", "assertWarnsRegex",
     "assertLogs", "assertNoLogs"}
)  # fmt: skip
"""What waits for an exception, a warning or a log line: around a block, or given a function to call."""

FAILURES = frozenset({"pytest.fail", "self.fail", "AssertionError"})
SWALLOWED = frozenset({"AssertionError", "Exception", "BaseException"})
TELLS_NOTHING = frozenset({"bool", "callable", "id", "repr", "str", "type"})
"""Of a name that could be imported they are known beforehand."""

INERT = frozenset(dir(builtins)) | {"pytest", "self"}
"""Names that hold nothing of the learner's."""


class Surroundings(Record):
    """What stands around the functions of a file of tests."""

    file: Names
    helpers: frozenset[str]
    """Names of own functions that assert something."""
    inert: frozenset[str]
    """Names at the top of the file that hold only what was written down there."""
    given: frozenset[str]
    """Names of what the file imports and defines, imports also with a dot: that they are there says nothing."""


def surroundings_of(file: Names, helpers: frozenset[str]) -> Surroundings:
    """Return what stands around the functions of a file."""
    top = [node for node in file.source.tree.body if isinstance(node, ast.Assign | ast.AnnAssign)]
    given = {
        *file.imports,
        *(f"{name}." for name in file.imports),
        *(item.node.name for item in file.source.definitions),
    }
    inert = _made_up(top, set(), set())
    for name, function in _named_lambdas(top):  # as good as a function: what it gives back may be the learner's
        given.add(name)
        arguments = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
        if touches(function.body, inert | arguments):
            inert.discard(name)
    return Surroundings(file=file, helpers=helpers, inert=frozenset(inert), given=frozenset(given))


def _named_lambdas(block: Iterable[ast.AST]) -> Iterator[tuple[str, ast.Lambda]]:
    for node in block:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Lambda):
            yield from ((target.id, node.value) for target in node.targets if isinstance(target, ast.Name))


def asserting_functions(files: Iterable[Names]) -> frozenset[str]:
    """Return the names of own functions that assert something, for tests that call them."""
    return frozenset(
        item.node.name
        for around in [surroundings_of(file, frozenset()) for file in files]
        for item in around.file.source.functions
        if not item.node.name.startswith("test") and asserts(around, item.node)
    )


def asserts(around: Surroundings, function: FunctionNode) -> bool:
    """Whether a function holds an assertion, where it can run and fail, about more than it made up itself."""
    parameters = {argument.arg for argument in ast.walk(function.args) if isinstance(argument, ast.arg)}
    running = list(_running(function))
    inert = _made_up(running, parameters, around.inert)
    given = around.given | parameters
    made, sameness = objects_made(running), asks_for_sameness(function)

    def is_real(condition: ast.expr | None) -> bool:
        """Whether a condition may turn out wrong; what is no condition is for others to judge."""
        if condition is None:
            return True
        return decide(condition) is None and not is_tautology(condition, made, sameness=sameness)

    return any(
        (_is_assertion(around, node, inert, given) and is_real(_condition(node)))
        or _fails_where_wrong(around.file, node, inert)
        for node in running
    )


def _is_assertion(around: Surroundings, node: ast.AST, inert: AbstractSet[str], given: AbstractSet[str]) -> bool:
    match node:
        case ast.Assert(test=test):
            return _observes(test, inert, given)
        case ast.With() | ast.AsyncWith():
            return any(_expects(around.file, item.context_expr) for item in node.items) and any(
                touches(part, inert) for part in node.body if not isinstance(part, ast.Raise)
            )
        case ast.Call() if _expects(around.file, node):
            return any(touches(part, inert) for part in node.args[1:])
        case ast.Call():
            return _calls_assertion(around, node) and _compares(node, inert, given)
    return False


def _condition(node: ast.AST) -> ast.expr | None:
    """Return what an assertion asks, where that is one condition."""
    if isinstance(node, ast.Assert):
        return node.test
    return condition_of(node) if isinstance(node, ast.Call) and call_name(node.func).startswith("self.assert") else None


def _fails_where_wrong(file: Names, node: ast.AST, inert: AbstractSet[str]) -> bool:
    """Whether a branch on something that was worked out makes the test fail."""
    match node:
        case ast.If(test=test):
            return decide(test) is None and touches(test, inert) and _fails(file, [*node.body, *node.orelse])
        case ast.Match(subject=subject):
            return touches(subject, inert) and _fails(file, [part for case in node.cases for part in case.body])
        case ast.Try():
            blocks = [*node.orelse, *(part for handler in node.handlers for part in handler.body)]
            return any(touches(part, inert) for part in node.body) and _fails(file, blocks)
    return False


def _running(function: FunctionNode) -> Iterator[ast.AST]:
    """Yield the nodes that can run and whose failed assertions reach the runner of the tests."""
    called = {node.id for node in ast.walk(function) if isinstance(node, ast.Name)}
    stack: list[ast.AST] = [function]
    while stack:
        node = stack.pop()
        yield node
        children = list(live_children(node))
        hidden = {id(child) for child in _hidden(node)}
        stack += [
            child
            for child in reversed(children)
            if id(child) not in hidden and not (isinstance(child, FunctionNode) and child.name not in called)
        ]


def _hidden(node: ast.AST) -> list[ast.stmt]:
    """Return the statements of a block whose assertions are caught, or which is never entered."""
    match node:
        case ast.Try(body=body, handlers=handlers) if any(_swallows(handler) for handler in handlers):
            return body
        case ast.With(items=items, body=body) if any(_suppresses(item.context_expr) for item in items):
            return body
        case ast.For(iter=iterated, body=body) if decide(iterated) is False:
            return body
    return []


def _swallows(handler: ast.ExceptHandler) -> bool:
    caught = handler.type.elts if isinstance(handler.type, ast.Tuple) else [handler.type]
    is_broad = any(item is None or call_name(item) in SWALLOWED for item in caught)
    return is_broad and not any(
        isinstance(inner, ast.Raise | ast.Assert) or (isinstance(inner, ast.Call) and call_name(inner) in FAILURES)
        for inner in ast.walk(handler)
    )


def _suppresses(expression: ast.expr) -> bool:
    if not isinstance(expression, ast.Call) or call_name(expression).rpartition(".")[2] != "suppress":
        return False
    return any(call_name(item) in SWALLOWED for item in expression.args)


def _expects(file: Names, expression: ast.AST) -> bool:
    if not isinstance(expression, ast.Call):
        return False
    owner, _, name = file.resolve(expression.func).rpartition(".")
    return name in EXPECTATIONS and (owner == "pytest" or name.startswith("assert"))


def _fails(file: Names, block: Iterable[ast.stmt]) -> bool:
    """Whether a block makes the test fail, with `pytest.fail` or by raising AssertionError."""
    return any(
        isinstance(inner, ast.Call | ast.Raise) and file.resolve(_called(inner)) in FAILURES
        for part in block
        for inner in ast.walk(part)
    )


def _called(node: ast.Call | ast.Raise) -> ast.AST:
    return node.func if isinstance(node, ast.Call) else node.exc or node


def _calls_assertion(around: Surroundings, call: ast.Call) -> bool:
    """Whether a call asserts: `self.assertEqual`, `mock.assert_called_once`, `np.testing.assert_allclose`, own ones."""
    name = around.file.resolve(call.func).rpartition(".")[2]
    if name in around.helpers:
        return True
    is_foreign = isinstance(call.func, ast.Attribute) or call_name(call.func) in around.file.imports
    return name.startswith("assert") and is_foreign and name != "assert_"


def _compares(call: ast.Call, inert: AbstractSet[str], given: AbstractSet[str]) -> bool:
    """Whether an asserting call is about something: a mock it belongs to, or an argument that was worked out."""
    if call_name(call.func).startswith("self.assert") and len(call.args) == 1:
        return _observes(call.args[0], inert, given)
    return touches(call, inert)


def _made_up(live: Iterable[ast.AST], parameters: AbstractSet[str], known: AbstractSet[str]) -> set[str]:
    """Return the names that hold only what the test wrote down itself, `known` ones among them."""
    inert = set(known - parameters)
    for node in live:
        targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
        value = getattr(node, "value", None)
        if not isinstance(node, ast.Assign | ast.AnnAssign) or value is None:
            continue
        is_inert = isinstance(value, ast.Lambda) or not touches(value, inert)
        for target in targets:
            if isinstance(target, ast.Name) and target.id not in parameters:
                (inert.add if is_inert else inert.discard)(target.id)
    return inert


def touches(node: ast.AST, inert: AbstractSet[str]) -> bool:
    """Whether an expression reads a name that is neither Python's own nor made up; `self.client` is one."""
    for inner in ast.walk(node):
        match inner:
            case ast.Name(id=name, ctx=ast.Load()) if name not in INERT and name not in inert:
                return True
        if written_name(inner).startswith("self.") and not written_name(inner).startswith("self.assert"):
            return True
    return False


def _is_imported(node: ast.expr, given: AbstractSet[str]) -> bool:
    """Whether a dotted name is one of what the file imports; of an object that a call gives back, nobody knows."""
    place = node
    while isinstance(place, ast.Attribute):
        place = place.value
    return isinstance(node, ast.Attribute) and isinstance(place, ast.Name) and f"{place.id}." in given


def _observes(test: ast.expr, inert: AbstractSet[str], given: AbstractSet[str]) -> bool:
    """Whether a condition depends on more than that a name could be imported or was given."""
    while isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        test = test.operand
    match test:
        case ast.Name(id=name):
            return name not in given and name not in inert and name not in INERT
        case ast.Compare(left=left, ops=[ast.Is() | ast.IsNot() | ast.NotEq()], comparators=[ast.Constant(value=None)]):
            return not _is_imported(left, given) and _observes(left, inert, given)
        case ast.Call(func=ast.Name(id=name), args=[argument]) if name in TELLS_NOTHING:
            return _observes(argument, inert, given)
        case ast.BoolOp(values=values):
            return any(_observes(value, inert, given) for value in values)
    return touches(test, inert)
