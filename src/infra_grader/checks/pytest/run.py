"""The pytest.run check kind."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from fractions import Fraction
from pathlib import Path
from typing import Literal

import msgspec

from infra_grader.capabilities.environment import Environment
from infra_grader.capabilities.proxy import job_for
from infra_grader.capabilities.sandbox import MIB, Job, Limits
from infra_grader.checks.pytest._in_process import run_in_process
from infra_grader.checks.pytest._suite import AUTHOR, Ended, Expected, SuiteFacts, SuiteRun, run_suite
from infra_grader.checks.pytest._suite_rules import find_faults
from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Handle,
    Measure,
    Meta,
    NotAssessed,
    Outcome,
    Params,
    Places,
    check,
    places,
)

MOST_SHOWN = 20
SuiteFile = Annotated[str, Meta(min_length=1)]
Points = Annotated[float, Meta(gt=0, le=1000)]
Package = Annotated[str, Meta(pattern=r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*$")]


class Run(Params):
    """Which tests are run, and against which modules."""

    suite: Annotated[
        list[SuiteFile], Meta(min_length=1, description="Python files of the rubric's own, relative to it, with tests.")
    ]
    modules: Annotated[
        dict[str, Places],
        Meta(
            min_length=1,
            description="The learner's modules: the name that the tests import, and the file, or several places of "
            "which the first that is there counts.",
        ),
    ]
    packages: Annotated[
        list[Package],
        Meta(
            description="Installed packages that the tests use in the learner's process, such as pandas: what a test "
            "imports from them is a proxy too."
        ),
    ] = msgspec.field(default_factory=list)
    points: Annotated[
        dict[str, Points],
        Meta(description="What test functions are worth beside the others, by name; 1 where nothing is said."),
    ] = msgspec.field(default_factory=dict)
    reveal: Annotated[
        bool, Meta(description="Whether failures are shown with what was asked and what would be right.")
    ] = False
    visible: Annotated[
        list[str], Meta(description="Test functions whose failures are shown so in any case, by name.")
    ] = msgspec.field(default_factory=list)
    fresh: Annotated[
        Literal["test", "module"],
        Meta(description="Whether each test, or each file of tests, has a process of the learner's of its own."),
    ] = "test"
    mode: Annotated[
        Literal["proxy", "in_process"],
        Meta(
            description="Whether the tests run in a process of their own, or in one with the learner's code, "
            "which makes the outcome a claim of the learner's."
        ),
    ] = "proxy"
    trusts_equality: Annotated[
        bool, Meta(description="Whether an object of the learner's may say itself that it is equal to a plain value.")
    ] = False
    environment: Annotated[
        Handle | None, Meta(description="The check that installs what the modules import beyond Python's own.")
    ] = None
    seconds: Annotated[float, Meta(gt=0, le=120, description="Time for each call, and for loading a module.")] = 5.0
    memory_mib: Annotated[int, Meta(ge=16, le=4096, description="Memory for the learner's process, in MiB.")] = 256

    def problems(self, rubric_folder: Path, /) -> Iterator[str]:
        """Yield what the suite needs that proxies do not give."""
        files = [rubric_folder / path for path in self.suite]
        missing = [file for file in files if not file.is_file()]
        yield from (f"the suite's file {file.name} is missing" for file in missing)
        taken = sys.stdlib_module_names | {"pytest"} | set(self.modules)
        for name in self.packages:
            if name.partition(".")[0] in taken:
                yield f"{name} is no package that only the learner's process has"
        if self.mode == "proxy":
            yield from find_faults([file for file in files if file not in missing], self.proxies)

    @property
    def proxies(self) -> list[str]:
        """What the tests import as proxies."""
        return [*self.modules, *self.packages]


@check("pytest.run", capabilities=("sandbox", "command"), measure="%")
def run(context: Context, params: Run) -> Outcome:
    """The instructor's tests pass.

    They are ordinary pytest files beside the rubric. They run in a process that holds no learner code: the modules that
    they import are proxies, which send each call to the learner's process in the sandbox and bring back plain values.
    What is compared is compared where the learner's types do not exist. Each test has a process of the learner's of its
    own; if that ends, hangs or answers nonsense, the test has failed, and a test that is not heard of has failed.

    Each test function is worth 1, or its `points`, in equal parts for each of its parameters; the share of the points
    is the share of those that passed. Tests that their own marks skip are left out. A yes or no can be guessed: ask for
    values, draw inputs from the fixture `draw` (a `random.Random`), and mix in cases where the other answer is right.

    Tests that patch, subclass or print need `mode: in_process`, where they share an interpreter with the learner's code
    and a test of ours beside them must fail: such an outcome is marked as claimed.
    """
    files = tuple(context.rubric_file(path) for path in params.suite)
    is_apart = params.mode == "proxy"
    if is_apart and (fault := next(find_faults(files, params.proxies), None)):
        raise NotAssessed(f"The rubric's tests cannot run beside a proxy: {fault}.", AUTHOR)
    modules = _found(context, params.modules)
    facts = SuiteFacts(
        files=files,
        folder=_folder(files, params.suite),
        # A path that is no file's names an installed package.
        modules=modules | {name: name for name in params.packages if is_apart},
        fresh=params.fresh,
        trusts_equality=params.trusts_equality,
        seed=context.seed,
    )
    environment = Environment.of_handle(context.handle(params.environment)) if params.environment else None
    if is_apart:
        suite = run_suite(context, facts, _job(context, params, environment))
    else:
        suite = run_in_process(context, facts, environment, params.memory_mib)
    outcome = _judged(suite, params, next(filter(None, modules.values())))
    return outcome.replace(claimed=not (is_apart and context.sandbox.is_wall))


def _found(context: Context, modules: Mapping[str, str | list[str]]) -> dict[str, str]:
    """Return the path of each module, or nothing for one that is missing.

    Raises `CheckFailed` if none of them is the learner's own work. Others may be as they were handed out: the learner's
    modules need them.
    """
    everything = context.workspace.view(allow_starter=True)
    found: dict[str, str] = {}
    absent: CheckFailed | None = None
    is_own = False
    for name, where in modules.items():
        try:
            found[name] = everything.first(places(where))
        except CheckFailed as error:
            found[name], absent = "", absent or error
        else:
            is_own = is_own or not context.workspace.is_starter_work(found[name])
    if is_own:
        return found
    if absent is not None:
        raise absent
    paths = ", ".join(found.values())
    raise CheckFailed(
        f"{paths} is as it was handed out." if len(found) == 1 else f"{paths} are as they were handed out.",
        Evidence(path=next(iter(found.values())), expected="work of your own", actual="the file that was handed out"),
    )


def _folder(files: tuple[Path, ...], names: list[str]) -> Path:
    """Return the rubric's folder, which the files are named from."""
    return files[0].parents[len(Path(names[0]).parts) - 1]


def _job(context: Context, params: Run, environment: Environment | None) -> Job:
    limits = Limits(wall_s=params.seconds, memory_bytes=params.memory_mib * MIB)
    job = job_for(context.sandbox, workspace=context.workspace, limits=limits)
    if environment is None:
        return job
    return job.replace(
        arguments=(environment.python(context.sandbox), *job.arguments[1:]),
        mounts=environment.mounts,
        variables=environment.variables(context.sandbox),
    )


def _judged(suite: SuiteRun, params: Run, path: str) -> Outcome:
    counted = [test for test in suite.expected if suite.end(test).end != "skipped"]
    if not counted:
        raise NotAssessed("The rubric's tests are all skipped.", AUTHOR)
    worth = _worth(counted, params.points)
    share = Fraction(0)
    passed, failed = [], []
    for test in counted:
        ended = suite.end(test)
        if ended.end == "passed":
            share += worth[test.id]
            passed.append(test)
        else:
            failed.append((test, ended))
    share /= sum(worth.values(), Fraction(0))
    evidence = [_failure(test, ended, path, is_shown=_is_shown(test, params)) for test, ended in failed]
    evidence += [Evidence(path=path, actual="passes", text=test.title) for test in passed]
    shown = list(dict.fromkeys(evidence))[:MOST_SHOWN]  # a hidden test looks the same for each of its parameters
    return Outcome.partial(
        share,
        f"{len(passed)} of {len(counted)} tests pass.",
        *shown,
        measure=Measure(value=round(float(100 * share), 2), unit="%", threshold=100),
    )


def _worth(tests: list[Expected], points: Mapping[str, float]) -> dict[str, Fraction]:
    """Return what each test is worth: that of its function, in equal parts.

    Raises `NotAssessed` for points of a test that there is not.
    """
    cases: dict[str, int] = {}
    for test in tests:
        cases[test.function] = cases.get(test.function, 0) + 1
    if unknown := [name for name in points if not any(_is_named(function, name) for function in cases)]:
        raise NotAssessed(f"The rubric gives points to {unknown[0]}, which is no test of its suite.", AUTHOR)
    worth = {}
    for test in tests:
        said = next((value for name, value in points.items() if _is_named(test.function, name)), test.points)
        worth[test.id] = Fraction(str(1 if said is None else said)) / cases[test.function]
    return worth


def _is_named(function: str, name: str) -> bool:
    """Whether a name, alone or with its class or file before it, is that of a test function."""
    return function == name or function.endswith((f"::{name}", f"/{name}"))


def _is_shown(test: Expected, params: Run) -> bool:
    return params.reveal or any(_is_named(test.function, name) for name in params.visible)


def _failure(test: Expected, ended: Ended, path: str, *, is_shown: bool) -> Evidence:
    if is_shown:
        text = f"{test.title} ({test.id})"
        return Evidence(path=path, expected="passes", actual=ended.message or "it fails", text=text)
    return Evidence(path=path, expected="passes", actual=ended.hint or "it fails", text=test.title)
