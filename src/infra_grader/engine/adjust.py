"""The plugins that observe outcomes and adjust a scorecard; each call is guarded, so that one fault costs nothing."""

from __future__ import annotations

from collections.abc import Callable

from infra_grader.engine.log import logger
from infra_grader.engine.registry import Registry
from infra_grader.engine.run import Observe
from infra_grader.model.outcome import Outcome
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import ADJUSTED_BY, LATE, Scorecard


def observers(registry: Registry) -> list[Observe]:
    """Return a guarded observer for each plugin that may observe."""

    def guard(hook: Callable[..., object]) -> Observe:
        def observe(check: CheckSpec, outcome: Outcome) -> None:
            try:
                hook(check=check, outcome=outcome)
            except (Exception, SystemExit):  # noqa: BLE001 - whatever a plugin raises
                logger().exception("an observer failed at check %s", check.id)

        return observe

    return [guard(hook) for _, hook in registry.named_hooks("infra_grader_observe_outcome")]


def adjusted(scorecard: Scorecard, rubric: Rubric, registry: Registry) -> Scorecard:
    """Return the scorecard after every plugin that may adjust it has had its turn, in the order named.

    The built-in late policy comes last, where the rubric or the command line asks for one: it takes its share of what
    the others leave. The scorecard tells which of them changed it.
    """
    hooks = registry.named_hooks("infra_grader_adjust_scorecard")
    if rubric.late is not None or LATE in scorecard.environment:
        hooks.append((LATE, registry.builtin_hook("infra_grader_adjust_scorecard", "engine.late")))
    for name, hook in hooks:
        try:
            answers = hook(scorecard=scorecard, rubric=rubric)
        except (Exception, SystemExit):  # noqa: BLE001 - whatever a plugin raises
            logger().exception("an adjuster failed; the scorecard stays as it was")
            continue
        for answer in answers:
            if not isinstance(answer, Scorecard):
                logger().error("an adjuster returned %s, not a Scorecard; ignored", type(answer).__name__)
            elif answer != scorecard:
                scorecard = _signed(answer, name)
    return scorecard


def _signed(scorecard: Scorecard, name: str) -> Scorecard:
    before = scorecard.environment.get(ADJUSTED_BY)
    names = f"{before}, {name}" if before else name
    return scorecard.replace(environment={**scorecard.environment, ADJUSTED_BY: names})
