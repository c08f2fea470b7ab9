"""What a run of the learner's own tests lacked: packages that are not installed here, through no fault of theirs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator

from infra_grader.capabilities.sandbox import Job
from infra_grader.capabilities.test_run import TestRun
from infra_grader.plugin import Context, NotAssessed
from infra_grader.reading.test_plugins import plugins_missed
from infra_grader.reading.test_suite import Suite, SuiteParams

MISSING = re.compile(r"No module named '([A-Za-z_][A-Za-z0-9_]*)")
FIND_PACKAGES = """\
import importlib.util, sys
print(*[name for name in sys.argv[1:] if importlib.util.find_spec(name) is None])
"""


def require_packages(context: Context, params: SuiteParams, suite: Suite, run: TestRun) -> None:
    """Raise `NotAssessed` if tests failed for want of a package, and the rubric names no environment with packages.

    The process's word is not enough: a file of the learner's must import the package, or use a fixture of its plugin
    or coroutines as tests, and the sandbox must lack it.
    """
    if params.environment is not None:
        return
    texts = list(_texts(run))
    named = {name for text in texts for name in MISSING.findall(text)} & suite.imports
    named |= suite.plugins.intersection(package for text in texts for package in plugins_missed(text))
    own = {name.partition(".")[0] for name in suite.modules}
    foreign = sorted(named - own - set(sys.stdlib_module_names))
    if not foreign:
        return
    job = Job(arguments=(context.sandbox.python, "-I", "-c", FIND_PACKAGES, *foreign))
    if missing := context.sandbox.run(job, context.deadline).stdout.decode("utf-8", "replace").split():
        names = " ".join(name for name in foreign if name in missing)
        raise NotAssessed(
            f"The tests need packages that the sandbox lacks: {names}.",
            "Let the rubric name an `environment`, or `stand_ins` for them.",
        )


def _texts(run: TestRun) -> Iterator[str]:
    yield run.said
    yield from run.unreadable.values()
    for told in run.tests.values():
        yield told.why
