"""Runs the learner's own tests with our pytest, and says of each how it ended: lines of JSON on what was its output.

Its text is handed to the learner's Python interpreter in the sandbox, so it needs nothing but the standard library and
the folder of our tools. It shares a process with the learner's code, which may do with it what it likes: all that it
says is a claim of the learner's, and the grader holds it against what the files themselves show.
"""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from collections.abc import Callable
from typing import Any

MAX_TEXT = 300
RANK = ("passed", "skipped", "xfailed", "failed", "broke")
"""How a test ended, from best to worst: it ends as the worst of its parts."""

PLUGINS = {
    "anyio": "anyio.pytest_plugin",
    "faker": "faker.contrib.pytest.plugin",
    "hypothesis": "_hypothesis_pytestplugin",
    "pytest_aiohttp": "pytest_aiohttp.plugin",
    "pytest_asyncio": "pytest_asyncio.plugin",
    "pytest_flask": "pytest_flask.plugin",
    "pytest_httpserver": "pytest_httpserver.pytest_plugin",
    "pytest_httpx": "pytest_httpx",
    "pytest_lazyfixture": "pytest_lazyfixture",
    "pytest_mock": "pytest_mock",
    "requests_mock": "requests_mock.contrib._pytest_plugin",
    "respx": "respx.plugin",
}
"""Plugins that tests may need for their fixtures and marks, by package; used where the environment has them."""

Say = Callable[[dict[str, Any]], None]


def main() -> None:
    """Run what the plan on standard input asks for, and leave at once: nothing that waits for the end has its say."""
    plan = json.loads(sys.stdin.buffer.readline())
    channel = os.dup(1)
    be_silent()

    def say(line: dict[str, Any]) -> None:
        content = memoryview(json.dumps(line).encode() + b"\n")
        while content:
            content = content[os.write(channel, content) :]

    run(plan, say)
    os._exit(0)


def be_silent() -> None:
    """Let nothing come from standard input and nothing get to standard output."""
    nothing = os.open(os.devnull, os.O_RDWR)
    os.dup2(nothing, 0)
    os.dup2(nothing, 1)


def run(plan: dict[str, Any], say: Say) -> None:
    """Run the tests of a plan and say of each how it ended."""
    sys.path.insert(0, plan["tools"])
    import pytest  # ours: nothing of the learner's is on the path yet

    plugins = [name for package, name in PLUGINS.items() if importlib.util.find_spec(package) is not None]
    say({"ready": pytest.__version__})
    lines = _watch_lines(plan["cover"])
    _lay_path(plan)
    arguments = ["-c", os.devnull, "--rootdir", os.getcwd(), "-qq", "--tb=no", "--no-header", "--no-summary"]
    arguments += ["--continue-on-collection-errors", "--maxfail=0", "--disable-warnings", "-p", "no:cacheprovider"]
    arguments += ["-p", "no:unraisableexception"]  # collects all garbage several times in the end
    for name in plugins:
        arguments += ["-p", name]
    status = pytest.main([*arguments, *plan["options"], *plan["files"]], plugins=[_reporter(pytest, say, plan["only"])])
    if lines is not None:
        say({"ran": lines()})
    say({"ended": int(status)})


def _lay_path(plan: dict[str, Any]) -> None:
    """Put the learner's folders where their own configuration says, or else before the installed packages.

    There they come before what is installed, and hide nothing of Python's own.
    """
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    root = os.getcwd()
    installed = [place for place, path in enumerate(sys.path) if path.endswith(("site-packages", "dist-packages"))]
    place = min(installed, default=len(sys.path))
    sys.path[place:place] = [os.path.normpath(os.path.join(root, folder)) for folder in plan["before_packages"]]
    sys.path[1:1] = [os.path.normpath(os.path.join(root, folder)) for folder in plan["first"]]


def _watch_lines(paths: list[str] | None) -> Callable[[], dict[str, list[int]]] | None:
    """Begin to watch which lines of some files run; return what tells them."""
    if paths is None:
        return None
    import coverage  # ours

    root = os.path.realpath(os.getcwd())
    files = {path: os.path.join(root, path) for path in paths}
    watching = coverage.Coverage(data_file=None, config_file=False, include=list(files.values()))
    watching.start()

    def lines() -> dict[str, list[int]]:
        watching.stop()
        seen = watching.get_data()
        return {path: sorted(seen.lines(file) or []) for path, file in files.items()}

    return lines


def _reporter(pytest: Any, say: Say, only: list[str] | None) -> Any:  # noqa: C901 - the hooks of one plugin
    chosen = None if only is None else set(only)
    seen: dict[str, tuple[str, str]] = {}
    kinds: dict[str, str] = {}

    class Reporter:
        @pytest.hookimpl(trylast=True)  # type: ignore[untyped-decorator]
        def pytest_collection_modifyitems(self, items: list[Any]) -> None:
            if chosen is not None:
                items[:] = [item for item in items if item.nodeid.partition("[")[0] in chosen]

        def pytest_collection_finish(self, session: Any) -> None:
            for item in session.items:
                say({"collected": item.nodeid})

        def pytest_collectreport(self, report: Any) -> None:
            if not report.passed:
                say({"unreadable" if report.failed else "left_out": report.nodeid, "why": _why(report)})

        @pytest.hookimpl(wrapper=True, tryfirst=True)  # type: ignore[untyped-decorator]
        def pytest_runtest_makereport(self, item: Any, call: Any) -> Any:
            if call.excinfo is not None:
                is_assertion = call.excinfo.errisinstance((AssertionError, pytest.fail.Exception))
                kinds[item.nodeid] = "failed" if is_assertion and call.when == "call" else "broke"
            return (yield)

        def pytest_runtest_logreport(self, report: Any) -> None:
            how = _how(report, kinds)
            before = seen.get(report.nodeid, ("passed", ""))
            if report.nodeid not in seen or RANK.index(how) > RANK.index(before[0]):
                seen[report.nodeid] = (how, _why(report) if how != "passed" else "")

        def pytest_runtest_logfinish(self, nodeid: str) -> None:
            how, why = seen.pop(nodeid, ("broke", "nothing was reported"))
            say({"test": nodeid, "how": how, "why": why})

    return Reporter()


def _how(report: Any, kinds: dict[str, str]) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed"
    if report.failed:
        return kinds.get(report.nodeid, "failed")
    return "skipped" if report.skipped else "passed"


def _why(report: Any) -> str:
    """Return the first line of what went wrong."""
    said = report.longrepr
    crash = getattr(getattr(said, "reprcrash", None), "message", None)
    if crash is None:
        last = str(said[-1]) if isinstance(said, tuple) and said else str(said)
        errors = [line[2:].strip() for line in last.splitlines() if line.startswith("E ")]
        crash = errors[-1] if errors else last
    first = str(crash).strip().partition("\n")[0]
    return (first.removeprefix("AssertionError: ") if ": assert " in first else first)[:MAX_TEXT]


if __name__ == "__main__":
    main()
