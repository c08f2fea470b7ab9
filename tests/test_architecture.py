"""The rules of the project's layout that a machine can hold."""

from __future__ import annotations

import ast
import functools
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from msgspec import inspect as inspection

from infra_grader import hookspecs
from infra_grader.plugin import CheckKind, check_kinds

ROOT = Path(__file__).parents[1]
SOURCE = ROOT / "src" / "infra_grader"
MODULES = sorted(SOURCE.rglob("*.py"))
KIND_MODULES = sorted(SOURCE.glob("checks/*/[a-z]*.py"))
TEST_MODULES = sorted(
    file for file in (ROOT / "tests").rglob("test_*.py") if not {"starter", "workspace", "hidden"} & {*file.parts}
)
MAX_LINES = 400
NO_NAMES = {"utils", "util", "helpers", "common", "base", "manager", "core", "misc"}
MAY_CATCH_EXCEPTION = {
    "capabilities/proxy_objects.py",  # what a learner's code raises, on its way to the suite
    "capabilities/module_loading.py",  # what a learner's exception raises when it is asked for its text
    "capabilities/proxy_worker.py",  # the same, in the process that holds it
    "checks/call/_worker.py",  # what a learner's code raises, in the process that holds it
    "engine/ask.py",  # the one call of a check
    "engine/adjust.py",  # the calls of observers and adjusters
    "engine/registry.py",  # the import of a plugin
    "executors/_worker.py",  # the work of one submission, in a worker that the others need
    "executors/_dask_flow.py",  # what a cluster answers for a task, of which it may have lost anything
    "cli/main.py",  # the last resort
}
POSIX_ONLY = {"fcntl", "grp", "pty", "pwd", "resource", "termios", "tty"}


def place(file: Path) -> str:
    return file.relative_to(SOURCE).as_posix()


@functools.cache
def tree(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def every_module(function: Any) -> Any:
    return pytest.mark.parametrize("file", MODULES, ids=place)(function)


def every_kind_module(function: Any) -> Any:
    return pytest.mark.parametrize("file", KIND_MODULES, ids=place)(function)


def kind_of(file: Path) -> CheckKind:
    [kind] = check_kinds(importlib.import_module(f"infra_grader.checks.{file.parent.name}.{file.stem}"))
    return kind


def test_imports_point_down() -> None:
    program = Path(sys.executable).with_name("lint-imports")
    outcome = subprocess.run(
        [program, "--no-cache", "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr


@every_module
def test_module_is_short(file: Path) -> None:
    assert len(file.read_text(encoding="utf-8").splitlines()) <= MAX_LINES


@every_module
def test_module_is_named_for_what_it_holds(file: Path) -> None:
    assert not {part.strip("_") for part in file.relative_to(SOURCE).with_suffix("").parts} & NO_NAMES


@every_module
def test_package_file_holds_no_logic(file: Path) -> None:
    if file.name != "__init__.py" or file.parent == SOURCE:  # the top one resolves its names on use
        return
    allowed = (ast.Expr, ast.Import, ast.ImportFrom, ast.Assign, ast.AnnAssign)
    assert [ast.unparse(node) for node in tree(file).body if not isinstance(node, allowed)] == []


@every_module
def test_only_the_command_line_prints_and_exits(file: Path) -> None:
    if place(file).startswith("cli/") or file.name == "__main__.py":
        return
    calls = {ast.unparse(node.func) for node in ast.walk(tree(file)) if isinstance(node, ast.Call)}
    assert not calls & {"print", "sys.exit", "exit", "quit", "os.chdir", "sys.stdout.write", "sys.stderr.write"}


@every_module
def test_only_the_engine_catches_everything(file: Path) -> None:
    caught = [
        node.lineno
        for node in ast.walk(tree(file))
        if isinstance(node, ast.ExceptHandler)
        and (node.type is None or {"Exception", "BaseException"} & {*names_in(node.type)})
    ]
    assert place(file) in MAY_CATCH_EXCEPTION or caught == []


def names_in(node: ast.AST) -> Iterator[str]:
    yield from (inner.id for inner in ast.walk(node) if isinstance(inner, ast.Name))


@every_module
def test_no_shell_no_pickle_no_unsafe_yaml(file: Path) -> None:
    calls = [node for node in ast.walk(tree(file)) if isinstance(node, ast.Call)]
    assert [call.lineno for call in calls if any(map(asks_for_shell, call.keywords))] == []
    unsafe = {"os.system", "os.popen", "eval", "exec", "yaml.load", "yaml.unsafe_load"}
    assert not {ast.unparse(call.func) for call in calls} & unsafe
    assert not imported(tree(file)) & {"pickle", "marshal", "shelve"}


def asks_for_shell(keyword: ast.keyword) -> bool:
    return keyword.arg == "shell" and isinstance(keyword.value, ast.Constant) and keyword.value.value is True


def imported(node: ast.AST) -> set[str]:
    found: set[str] = set()
    for inner in ast.walk(node):
        if isinstance(inner, ast.Import):
            found.update(alias.name.partition(".")[0] for alias in inner.names)
        elif isinstance(inner, ast.ImportFrom) and not inner.level:
            found.add((inner.module or "").partition(".")[0])
    return found


@every_module
def test_posix_modules_are_imported_where_used(file: Path) -> None:
    at_import = [node for node in tree(file).body if not isinstance(node, ast.FunctionDef | ast.ClassDef)]
    assert not {name for node in at_import for name in imported(node)} & POSIX_ONLY


@every_module
def test_public_names_have_docstrings(file: Path) -> None:
    module = tree(file)
    assert ast.get_docstring(module)
    if file.stem.startswith("_") and file.stem != "__init__":
        return
    public = [
        node
        for node in module.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    ]
    assert [node.name for node in public if not ast.get_docstring(node)] == []


def test_every_test_module_stands_where_its_subject_stands() -> None:
    folders = {file.parent.relative_to(ROOT / "tests") for file in TEST_MODULES}
    subjects = {
        folder
        for folder in folders
        if folder.parts and folder.parts[0] not in {"cluster", "docker", "exercises", "integrity", "workflows"}
    }
    assert [str(folder) for folder in subjects if not (SOURCE / folder).is_dir()] == []


@every_kind_module
def test_kind_is_named_for_its_place(file: Path) -> None:
    assert kind_of(file).name == f"{file.parent.name}.{file.stem}"


@every_kind_module
def test_kind_describes_every_parameter(file: Path) -> None:
    kind = kind_of(file)
    assert kind.summary.endswith(".")
    _, models = msgspec.json.schema_components([kind.params])
    for model in models.values():
        unexplained = [name for name, field in model.get("properties", {}).items() if not is_described(field)]
        assert unexplained == [], f"{kind.name}: {model.get('title')}"


def is_described(field: dict[str, Any]) -> bool:
    return "description" in field or any(map(is_described, field.get("anyOf", [])))


@every_kind_module
def test_kind_has_a_passing_and_a_failing_case(file: Path) -> None:
    cases = ROOT / "tests" / "checks" / file.parent.name / file.stem
    assert list(cases.glob("pass/*/check.yaml"))
    assert list(cases.glob("fail/*/check.yaml"))


def test_every_case_belongs_to_a_kind() -> None:
    cases = (ROOT / "tests" / "checks").glob("*/*/*/*/check.yaml")
    kinds = {(file.parent.name, file.stem) for file in KIND_MODULES}
    assert {case.relative_to(ROOT / "tests" / "checks").parts[:2] for case in cases} <= kinds


HOOKS = sorted(name for name in vars(hookspecs) if name.startswith("infra_grader_"))


@pytest.mark.parametrize("hook", HOOKS)
def test_hook_has_its_contract_its_page_and_a_test(hook: str) -> None:
    assert inspect.getdoc(getattr(hookspecs, hook))
    assert hook in (ROOT / "docs" / "writing-checks.md").read_text(encoding="utf-8")
    others = [file for file in TEST_MODULES if file != Path(__file__)]
    plugins = (ROOT / "docs" / "examples").rglob("*.py")
    assert any(hook in file.read_text(encoding="utf-8") for file in (*others, *plugins))


@every_kind_module
def test_parameters_are_none_that_msgspec_crashes_on(file: Path) -> None:
    assert crashing(inspection.type_info(kind_of(file).params)) == []


def crashing(kind: inspection.Type, seen: frozenset[type] = frozenset()) -> list[inspection.Type]:
    """Return the unions of a text with a pattern and a collection, see `infra_grader.plugin.RelativePath`."""
    kind = kind.type if isinstance(kind, inspection.Metadata) else kind
    if isinstance(kind, inspection.StructType):
        fields = () if kind.cls in seen else kind.fields
        return [found for field in fields for found in crashing(field.type, seen | {kind.cls})]
    if isinstance(kind, inspection.DictType):
        return crashing(kind.key_type, seen) + crashing(kind.value_type, seen)
    if isinstance(kind, inspection.CollectionType):
        return crashing(kind.item_type, seen)
    if not isinstance(kind, inspection.UnionType):
        return []
    parts = [part.type if isinstance(part, inspection.Metadata) else part for part in kind.types]
    holders = [part for part in parts if isinstance(part, inspection.CollectionType | inspection.DictType)]
    patterns = [part for part in parts if isinstance(part, inspection.StrType) and part.pattern]
    return ([kind] if holders and patterns else []) + [found for part in parts for found in crashing(part, seen)]
