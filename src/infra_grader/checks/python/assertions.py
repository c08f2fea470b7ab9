"""The python.assertions check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.checks.python._files import (
    MOST_SHOWN,
    PythonParams,
    first_place,
    names_of,
    plural,
    readable_names,
)
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Measure, Meta, Outcome, check
from infra_grader.reading.python_tests import find_tests, is_test_file, is_test_support, module_names
from infra_grader.reading.python_work import read_python


class Assertions(PythonParams):
    """Where the learner's own tests are, and how many there must be."""

    min_tests: Annotated[int, Meta(ge=1, description="Tests that assert something, at the least.")] = 5
    imports_own: Annotated[bool, Meta(description="Whether a test must use a module of the learner's.")] = True


@check("python.assertions", measure="tests")
def assertions(context: Context, params: Assertions) -> Outcome:
    """The learner's own tests assert something about their own code.

    A test counts if it uses a module of the learner's, itself or by a fixture; if an assertion in it can run, can
    fail, and is about more than what the test wrote down itself; if it is neither skipped nor expected to fail; and if
    it is no copy of another one. An object that was just made is never `None`, a length never below zero, and the same
    call twice says something only in a test that is about that: these cannot fail.
    """
    files, faults = readable_names(context, params)
    tests = [file for file in files if is_test_file(file.path) and not file.path.endswith("conftest.py")]
    everything = context.workspace.find("**/*.py")
    conftests = [path for path in everything if path.endswith("conftest.py")]
    fixtures = [names_of(context, read_python(context, path)) for path in conftests]
    modules = module_names(path for path in everything if not is_test_support(path))
    found = find_tests(tests, modules, fixtures, own=params.imports_own)
    if not found:
        raise CheckFailed(
            "There are no test functions.",
            Evidence(path=first_place(params), expected="functions named test_…"),
            *faults,
        )
    good = [item for item in found if not item.flaw]
    flawed = [item for item in found if item.flaw]
    first = f"; {flawed[0].name} does not count: {flawed[0].flaw}" if flawed else ""
    return Outcome.partial(
        min(Fraction(1), Fraction(len(good), params.min_tests)),
        f"{len(good)} of {plural(len(found), 'test')} assert something about your code{first}.",
        Evidence.number(len(good), f"at least {params.min_tests}", "tests"),
        *(
            Evidence(
                path=item.path, line=item.line, expected="an assertion that can fail", actual=item.flaw, text=item.name
            )
            for item in flawed[:MOST_SHOWN]
        ),
        *(Evidence(path=item.path, line=item.line, actual="asserts", text=item.name) for item in good[:MOST_SHOWN]),
        *faults,
        measure=Measure(value=len(good), unit="tests", threshold=params.min_tests),
    )
