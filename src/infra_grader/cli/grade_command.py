"""grade, validate, report and rescore: a submission or a record in, reports and an exit code out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from contextlib import redirect_stdout
from pathlib import Path

from infra_grader.api import GradeOptions, bundled, load_rubric, refuse_inside
from infra_grader.api import grade as grade_submission
from infra_grader.api import rescore as rescore_record
from infra_grader.cli.delivery import deliver
from infra_grader.cli.grading_progress import GradingProgress
from infra_grader.cli.main import GRADER_FAILED, NOT_PASSED, PASSED, UNDECIDED
from infra_grader.cli.options import add_common, add_live, add_path, add_reports, add_rubric
from infra_grader.cli.output import (
    Destination,
    OutputError,
    destinations,
    render_options,
    tell,
    write,
)
from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.model.rubric import Unassessed
from infra_grader.model.scorecard import Scorecard

MOST_DIGITS = 9
"""Digits of an exercise's number; what has more is a name that no exercise has."""


def grade_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `grade` accepts."""
    add_path(parser, "the submission (default: .)")
    add_rubric(parser)
    add_reports(parser)
    parser.add_argument(
        "--only", metavar="CHECK|TAG", action="append", default=[], help="run these checks, and what they need"
    )
    parser.add_argument(
        "--unassessed",
        choices=("open", "zero"),
        help="what checks count that nobody could assess (default: the rubric's)",
    )
    parser.add_argument(
        "--seed", metavar="N", type=int, help="where random inputs start (default: a new one each time, recorded)"
    )
    add_live(parser)
    parser.add_argument(
        "--sandbox",
        metavar="NAME",
        default="auto",
        help="where learner code runs: auto (default: docker, else bubblewrap, else none), docker, bubblewrap, none, "
        "or host, which is this machine without a wall",
    )
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument(
        "--record", metavar="DIR", type=Path, help="keep what the checks see in a new folder, for --replay"
    )
    kept.add_argument(
        "--replay", metavar="DIR", type=Path, help="judge by such a record of the same files, with nothing running"
    )
    add_common(parser)


def grade(options: argparse.Namespace) -> int:
    """Grade a submission and report on it."""
    log_to_stderr(is_verbose=options.verbose)
    refuse_inside(options.rubric, options.path, options.plugin)
    with redirect_stdout(sys.stderr):  # what a plugin prints is no report
        registry = Registry(options.plugin)
        wanted = destinations(options.report, registry)
        rubric = load_rubric(options.rubric, registry, only=options.only)
        count = len(list(rubric.all_checks()))
        with GradingProgress(count, is_wanted=not options.verbose) as progress:
            scorecard = grade_submission(
                options.path,
                rubric,
                options=GradeOptions(
                    only=options.only,
                    unassessed=Unassessed(options.unassessed) if options.unassessed else None,
                    seed=options.seed,
                    sandbox=options.sandbox,
                    live=options.live,
                    record=options.record,
                    replay=options.replay,
                    kube_context=options.kube_context,
                ),
                registry=registry,
                observe=lambda check, _outcome: progress.settle(check.id),
                tell=lambda check, text: progress.tell(check.id, text),
            )
    return _report(scorecard, wanted, options)


def validate_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `validate` accepts."""
    parser.add_argument("exercise", metavar="EXERCISE", help="id of an exercise, or its number")
    add_path(parser, "the exercise's folder (default: .)")
    add_common(parser)


def validate(options: argparse.Namespace) -> int:
    """Say for each deliverable of an exercise whether it is done, and what is missing."""
    from infra_grader.reports.validate_report import render_validate

    log_to_stderr(is_verbose=options.verbose)
    name = exercise_id(options.exercise)
    refuse_inside(name, options.path, options.plugin)
    with redirect_stdout(sys.stderr):
        registry = Registry(options.plugin)
        rubric = load_rubric(name, registry)
        chosen = GradeOptions(needs_commit=False, takes_excerpts=False, sandbox="none", live="none")
        scorecard = grade_submission(options.path, rubric, options=chosen, registry=registry)
    try:
        write(sys.stdout, render_validate(scorecard, render_options(options, sys.stdout)))
    except OutputError as error:
        return _not_written(error)
    return exit_code(scorecard)


def exercise_id(exercise: str) -> str:
    """Return the rubric id for an id or a number. Raises `UsageError` if no bundled id, or more than one, fits."""
    if not exercise.isdecimal() or len(exercise) > MOST_DIGITS:
        return exercise
    number = int(exercise)
    fitting = [
        name for name in sorted(bundled()) if name.startswith((f"exercise-{number:02d}-", f"exercise-{number}-"))
    ]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise UsageError(f"exercise {exercise} can be {' or '.join(fitting)}", "Name one of them in full.")
    raise UsageError(f"there is no exercise {exercise}", "`infra-grader exercise list` shows what there is.")


def report_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `report` accepts."""
    parser.add_argument("result", metavar="RESULT.json", type=Path, help="a result that --report json has written")
    add_reports(parser)
    add_common(parser)


def report(options: argparse.Namespace) -> int:
    """Render a recorded result again; that is all it does, so it succeeds whatever the result."""
    from infra_grader.loading.result_file import load_result

    with redirect_stdout(sys.stderr):
        wanted = destinations(options.report, Registry(options.plugin))
    try:
        deliver(load_result(options.result), wanted, options)
    except OutputError as error:
        return _not_written(error)
    return PASSED


def rescore_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `rescore` accepts."""
    parser.add_argument("result", metavar="RESULT.json", type=Path, help="a result that --report json has written")
    add_rubric(parser)
    add_reports(parser)
    add_common(parser)


def rescore(options: argparse.Namespace) -> int:
    """Apply a changed rubric to a recorded result, without asking anything again."""
    from infra_grader.loading.result_file import load_result

    log_to_stderr(is_verbose=options.verbose)
    with redirect_stdout(sys.stderr):
        registry = Registry(options.plugin)
        wanted = destinations(options.report, registry)
        rubric = load_rubric(options.rubric, registry)
        scorecard = rescore_record(load_result(options.result), rubric, registry=registry)
    return _report(scorecard, wanted, options)


def exit_code(scorecard: Scorecard) -> int:
    """Return the exit code that a scorecard stands for."""
    if scorecard.score.passed is None:
        return UNDECIDED
    return PASSED if scorecard.score.passed else NOT_PASSED


def log_to_stderr(*, is_verbose: bool) -> None:
    """Show the log, with the tracebacks of our own faults, on standard error if asked to."""
    if is_verbose:
        import logging

        logging.basicConfig(stream=sys.stderr, level=logging.INFO, format="%(levelname)s %(name)s: %(message)s")


def _report(scorecard: Scorecard, wanted: Sequence[Destination], options: argparse.Namespace) -> int:
    try:
        deliver(scorecard, wanted, options)
    except OutputError as error:
        return _not_written(error)
    return exit_code(scorecard)


def _not_written(error: OutputError) -> int:
    tell(f"infra-grader: {error}")
    return GRADER_FAILED
