"""A run of the learner's own tests on code that they cannot look at: it is in another sandbox, behind proxies.

Neither source, file nor code object tells the tests whether the code is sound; only what it does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from infra_grader.capabilities import _blind_run_worker, _test_run_worker
from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.program_text import program_text
from infra_grader.capabilities.proxy import ON_SUITE_SIDE, Learner, attend, job_for
from infra_grader.capabilities.sandbox import Job, Limit, Limits, Sandbox
from infra_grader.capabilities.test_run import TestPlan, TestRun, heard, spoken
from infra_grader.capabilities.test_tools import test_tools
from infra_grader.capabilities.workspace import Workspace
from infra_grader.model.outcome import NotAssessed

OPEN_NAMES = frozenset({"__name__", "__qualname__", "__doc__", "__version__", "__all__", "__class__", "__call__"})
"""Names with two underscores that may be asked for. The others lead to globals, code, and from there to files."""

INNER_PREFIXES = ("f_", "co_", "gi_", "cr_", "ag_", "tb_")
"""Beginnings of the names by which frames, code and coroutines are taken apart."""

MODULE = ["builtins", "module"]


class Guarded(Learner):
    """Code behind proxies that answers to what it does, and not to what it is."""

    def answer(self, question: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the answer; an inner name, or a module that it imports, is one that is not there."""
        name = question.get("name")
        if question.get("op") in ("get", "set", "call") and isinstance(name, str) and _is_inner(name):
            return _absent(name)
        reply = super().answer(question)
        return _absent(name) if question.get("op") == "get" and _is_module(reply.get("value")) else reply


def run_blind(
    sandbox: Sandbox,
    workspace: Workspace,
    plan: TestPlan,
    code: Mapping[str, bytes],
    modules: Mapping[str, str],
    reply_s: float,
    deadline: Deadline,
) -> TestRun:
    """Run tests on other code than the submission's: files by their paths, and those by the names to import.

    Each answer of the code takes at most `reply_s`. Raises `NotAssessed` where our pytest is not installed, or cannot
    be started by that interpreter.
    """
    tools = test_tools()
    text = program_text(*ON_SUITE_SIDE, _test_run_worker, _blind_run_worker)
    told = json.dumps({**spoken(plan, tools.place(sandbox)), "modules": modules})
    suite = Job(
        arguments=(plan.python, "-I", "-B", "-c", text, told),
        workspace=workspace,
        files=plan.added,
        mounts={**tools.mounts, **plan.mounts},
        variables=plan.variables,
        limits=plan.limits,
    )
    limits = Limits(wall_s=reply_s, memory_bytes=plan.limits.memory_bytes)
    behind = job_for(sandbox, files=code, limits=limits, python=plan.python)
    behind = behind.replace(mounts=plan.mounts, variables=plan.variables)
    lines: list[Mapping[str, Any]] = []
    limit: Limit | None = None
    until = Deadline(min(plan.limits.wall_s, deadline.remaining()))
    with Guarded(sandbox, behind, until) as learner, sandbox.attach(suite, deadline) as channel:
        try:
            attend(channel, learner, until, lines.append)
        except Overrun:
            deadline.check()  # the check's own time is another matter
            limit = Limit.TIME
    if not any("ready" in line for line in lines) and limit is None:
        raise NotAssessed("Our pytest cannot be started in the sandbox.", "See `infra-grader doctor`.")
    how = f"it was ended: {limit}" if limit else "it ended by itself"
    return heard(lines, how, limit)


def _is_inner(name: str) -> bool:
    return (name.startswith("__") and name not in OPEN_NAMES) or name.startswith(INNER_PREFIXES)


def _is_module(value: object) -> bool:
    described = value.get("object") if isinstance(value, dict) else None
    return isinstance(described, list) and len(described) > 2 and described[2][:1] == [MODULE]


def _absent(name: object) -> Mapping[str, Any]:
    kinds = [["builtins", "AttributeError"], ["builtins", "Exception"], ["builtins", "BaseException"]]
    return {"raised": kinds, "text": f"there is no {name}"}
