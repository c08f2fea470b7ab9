"""The hooks that plugins answer, each with its contract. Built-in features come through the same ones.

Check kinds need no hook: registering a plugin registers its functions marked with `@check`.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pluggy

from infra_grader.model.outcome import Outcome
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import Scorecard
from infra_grader.plugin import PROJECT, ReportFormat

if TYPE_CHECKING:
    from infra_grader.capabilities.sandbox import SandboxKind

hookspec = pluggy.HookspecMarker(PROJECT)


@hookspec
def infra_grader_report_formats() -> Sequence[ReportFormat]:  # type: ignore[empty-body]  # a specification
    """Give the formats that this plugin can render a scorecard in."""


@hookspec
def infra_grader_observe_outcome(check: CheckSpec, outcome: Outcome) -> None:
    """See an outcome as soon as a check has ended, for progress, logs or statistics.

    Called only for plugins that `--plugin` or the rubric names. What it returns is ignored; what it raises is
    logged and changes nothing.
    """


@hookspec
def infra_grader_adjust_scorecard(scorecard: Scorecard, rubric: Rubric) -> Scorecard | None:
    """Return a scorecard to use instead of this one (a late policy, say), or `None` to leave it.

    Called only for plugins that `--plugin` or the rubric names, one after another in the order named, each given
    what the one before returned; the built-in late policy comes last. One that raises, or returns something else, is
    logged and leaves the scorecard. The record names the plugins that changed it (`environment.adjusted_by`), and then
    its totals may be higher or lower than what its checks give. Those of criteria and of the bonus stay the sums of
    their checks.
    """


@hookspec
def infra_grader_sandboxes() -> Sequence[SandboxKind]:  # type: ignore[empty-body]
    """Give the sandboxes that this plugin can run a learner's code in.

    `--sandbox` chooses one by its name, and `doctor` lists them. What one must do is said by `Sandbox` in
    `infra_grader.capabilities.sandbox`.
    """


@hookspec
def infra_grader_executors() -> Sequence[Any]:  # type: ignore[empty-body]
    """Give the ways in which this plugin can grade many submissions at once; `doctor` lists them by `name`."""


@hookspec
def infra_grader_read_roster(path: Path) -> Sequence[Any] | None:
    """Return the learners of a roster file, or `None` if this plugin does not read such a file."""
