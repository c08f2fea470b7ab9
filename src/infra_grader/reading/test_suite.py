"""The learner's own tests: which there are, what keeps each from being one, and what they need in order to run.

Of the learner's configuration of pytest only what the tests need to run is taken: the folders to import from, how files
are imported, and how coroutines are called. What picks tests, changes how they end or loads plugins has no effect.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.sandbox import MIB, Limits
from infra_grader.capabilities.test_run import TestPlan
from infra_grader.model.record import Record
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Handle,
    Meta,
    Params,
    Places,
    RelativePath,
    TextFile,
    places,
)
from infra_grader.reading.python_names import Names
from infra_grader.reading.python_source import Source, parse_source
from infra_grader.reading.python_tests import OwnTest, find_tests, is_test_file, is_test_support, module_names
from infra_grader.reading.test_plugins import plugins_of

STAND_INS = ".infra-grader"
"""Folder in the copy of the submission that holds the rubric's stand-ins."""

CONFIGURATIONS = (
    ("pytest.ini", "pytest"),
    (".pytest.ini", "pytest"),
    ("pyproject.toml", "tool.pytest.ini_options"),
    ("tox.ini", "pytest"),
    ("setup.cfg", "tool:pytest"),
)
"""Where pytest looks for its configuration, in its order."""

KEPT = ("asyncio_mode", "asyncio_default_fixture_loop_scope", "anyio_mode")
WORD = re.compile(r"[a-z_]{1,30}")
IMPORT_MODE = re.compile(r"--import-mode[= ](importlib|append|prepend)\b")


class SuiteParams(Params):
    """Which tests are the learner's own, and what they are run with."""

    tests: Annotated[
        Places, Meta(description="Files, folders or globs with the tests; those named as pytest wants them are taken.")
    ] = msgspec.field(default_factory=lambda: ["**/test_*.py", "**/*_test.py"])
    environment: Annotated[
        Handle | None, Meta(description="Check that provides the packages; without one, Python's own are all there is.")
    ] = None
    stand_ins: Annotated[
        list[Annotated[str, Meta(min_length=1)]],
        Meta(description="Folders of the rubric's own with packages that stand in for those that are not installed."),
    ] = msgspec.field(default_factory=list)
    import_from: Annotated[
        list[RelativePath], Meta(description="Folders that modules are imported from, beside those pytest is told.")
    ] = msgspec.field(default_factory=lambda: [".", "src"])
    variables: Annotated[dict[str, str], Meta(description="Environment variables that the tests see.")] = msgspec.field(
        default_factory=dict
    )
    seconds: Annotated[float, Meta(gt=0, le=600, description="Time for each run of the tests.")] = 60.0
    memory_mib: Annotated[int, Meta(ge=64, le=8192, description="Memory for each run of the tests, in MiB.")] = 512


class Suite(Record):
    """The learner's own tests, as their files show them."""

    tests: list[OwnTest]
    files: tuple[str, ...]
    """The files of tests that Python can read."""
    faults: list[Evidence]
    """Files that it cannot read."""
    modules: frozenset[str]
    """The learner's modules, by every name under which they can be imported."""
    imports: frozenset[str]
    """The packages that any of the learner's files imports, by the first part of their names."""
    plugins: frozenset[str] = frozenset()
    """The packages whose plugins of pytest the tests use."""

    @property
    def sound(self) -> list[OwnTest]:
        """The tests that count: they assert something about the learner's own code."""
        return [test for test in self.tests if not test.flaw]

    @property
    def flawed(self) -> list[OwnTest]:
        """The tests that do not."""
        return [test for test in self.tests if test.flaw]


def read_suite(context: Context, params: SuiteParams, given: frozenset[str] = frozenset()) -> Suite:
    """Return the learner's own tests, read once a submission.

    `given` are names of modules that the tests may be about besides the learner's. Raises `CheckFailed` where there is
    no test that counts: nothing would be learned from a run.
    """
    key = ("test_suite", tuple(places(params.tests)), given)
    return context.shared(key, lambda: _read(context, params, given))


def _read(context: Context, params: SuiteParams, given: frozenset[str]) -> Suite:
    wanted = places(params.tests)
    found = [path for path in context.workspace.find_in(wanted, ".py") if is_test_file(path)]
    sources = {path: _source(context, path) for path in context.workspace.find("**/*.py")}
    names = {path: Names(source) for path, source in sources.items() if source is not None and not source.fault}
    files = tuple(path for path in found if path in names and not path.endswith("conftest.py"))
    modules = given | module_names(path for path in names if not is_test_support(path))
    conftests = [names[path] for path in names if path.endswith("conftest.py")]
    suite = Suite(
        tests=find_tests([names[path] for path in files], modules, conftests, own=True),
        files=files,
        faults=[_fault(path, sources[path]) for path in found if path not in names],
        modules=modules,
        imports=frozenset(
            target.partition(".")[0] for item in names.values() for target in item.imports.values() if target
        ),
        plugins=plugins_of([*(names[path] for path in files), *conftests]),
    )
    if not suite.sound:
        raise CheckFailed(_nothing_counts(suite), *_flaws(suite, wanted[0]), *suite.faults)
    return suite


def own_sources(context: Context, wanted: list[str]) -> list[Source]:
    """Return the learner's modules in some places, tests and what stands among them left out.

    One that Python cannot read has an empty tree. Raises `CheckFailed` if there are none.
    """
    found = [path for path in context.workspace.find_in(wanted, ".py") if not is_test_support(path)]
    sources = [source for path in found if (source := _source(context, path)) is not None]
    if not sources:
        raise CheckFailed(
            f"There is no Python file of your own in {' or '.join(wanted)}.",
            Evidence(path=wanted[0], expected="Python files of your own", actual="none, or only what was handed out"),
        )
    return sources


def plan_of(context: Context, params: SuiteParams, suite: Suite) -> TestPlan:
    """Return how the tests are run: all of them, on the submission as it is."""
    settings = _settings(context)
    environment = Environment.of_handle(context.handle(params.environment)) if params.environment else None
    stand_ins = _stand_ins(context, params.stand_ins)
    return TestPlan(
        files=suite.files,
        first=tuple(_folders(settings.get("pythonpath"))),
        before_packages=(*(f"{STAND_INS}/{number}" for number in range(len(params.stand_ins))), *params.import_from),
        options=tuple(_options(settings)),
        python=environment.python(context.sandbox) if environment else context.sandbox.python,
        mounts=environment.mounts if environment else {},
        added=stand_ins,
        variables={**(environment.variables(context.sandbox) if environment else {}), **params.variables},
        limits=Limits(wall_s=params.seconds, memory_bytes=params.memory_mib * MIB, output_bytes=4 * MIB),
    )


def flaw_evidence(test: OwnTest) -> Evidence:
    """Point at a test that does not count."""
    expected = "an assertion about your own code that can fail"
    return Evidence(path=test.path, line=test.line, expected=expected, actual=test.flaw, text=test.name)


def _nothing_counts(suite: Suite) -> str:
    if suite.flawed:
        first = suite.flawed[0]
        return f"No test asserts something about your own code: {first.name} does not count, {first.flaw}."
    return "There are no tests of your own."


def _flaws(suite: Suite, place: str) -> list[Evidence]:
    found = [flaw_evidence(test) for test in suite.flawed[:20]]
    return found or [Evidence(path=place, expected="tests of your own", actual="none, or only what was handed out")]


def _source(context: Context, path: str) -> Source | None:
    """Return the facts of a file; none for what is no text or cannot be found where the learner's work is."""
    try:
        text = context.workspace.read_text(path)
    except CheckFailed:
        return None
    given = None if context.workspace.allow_starter else context.workspace.starter.text(path)
    return parse_source(TextFile(path, text), given or "")


def _fault(path: str, source: Source | None) -> Evidence:
    fault = source.fault if source else None
    actual = fault.message if fault else "it is not text"
    return Evidence(path=path, line=fault.line if fault else None, expected="valid Python", actual=actual)


def _stand_ins(context: Context, folders: list[str]) -> Mapping[str, bytes]:
    added: dict[str, bytes] = {}
    for number, name in enumerate(folders):
        folder = context.rubric_directory(name)
        for file in sorted(folder.rglob("*")):
            if file.is_file() and "__pycache__" not in file.parts:
                added[f"{STAND_INS}/{number}/{file.relative_to(folder).as_posix()}"] = file.read_bytes()
    return added


def _settings(context: Context) -> Mapping[str, Any]:
    """Return the learner's configuration of pytest: the first file that has one, as pytest takes it."""
    workspace = context.workspace.view(allow_starter=True)  # what was handed out to run tests with is there to be used
    for name, section in CONFIGURATIONS:
        try:
            text = workspace.read_text(name)
        except CheckFailed:
            continue
        found = _toml_section(text) if name.endswith(".toml") else _ini_section(text, section)
        if found is not None or name.endswith("pytest.ini"):
            return found or {}
    return {}


def _toml_section(text: str) -> Mapping[str, Any] | None:
    import tomllib  # only for those who have such a file

    try:
        found: Any = tomllib.loads(text)
    except (tomllib.TOMLDecodeError, RecursionError):
        return None
    for key in ("tool", "pytest"):
        found = found.get(key) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        return None
    inner = found.get("ini_options", found)
    return inner if isinstance(inner, dict) else None


def _ini_section(text: str, section: str) -> Mapping[str, Any] | None:
    import configparser  # only for those who have such a file

    parser = configparser.RawConfigParser(strict=False)
    try:
        parser.read_string(text)
    except (configparser.Error, ValueError):
        return None
    return dict(parser[section]) if parser.has_section(section) else None


def _folders(value: object) -> Iterator[str]:
    found = value if isinstance(value, list) else str(value or "").split()
    for folder in found:
        if isinstance(folder, str) and not folder.startswith(("/", "~")) and ".." not in folder.split("/"):
            yield folder


def _options(settings: Mapping[str, Any]) -> Iterator[str]:
    for key in KEPT:
        if isinstance(value := settings.get(key), str) and WORD.fullmatch(value):
            yield from ("-o", f"{key}={value}")
    added = settings.get("addopts")
    wanted = " ".join(map(str, added)) if isinstance(added, list) else str(added or "")
    if mode := IMPORT_MODE.search(wanted):
        yield f"--import-mode={mode[1]}"
