"""batch: a roster in, a gradebook out."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import closing, redirect_stdout
from pathlib import Path

from infra_grader.api import GradeOptions, refuse_inside
from infra_grader.batch.choice import Chosen, read_wish
from infra_grader.batch.run import SECONDS, Batch, BatchOptions, Summary
from infra_grader.cli.class_progress import ClassProgress
from infra_grader.cli.main import INTERRUPTED, PASSED, UNDECIDED, WRONG_USE
from infra_grader.cli.options import add_common, add_live, add_roster, add_rubric
from infra_grader.cli.output import tell, write
from infra_grader.cli.wording import worded_problem
from infra_grader.engine.offers import find_offers
from infra_grader.engine.openers import live_names
from infra_grader.engine.registry import AUTO_SANDBOXES, Registry
from infra_grader.errors import UsageError
from infra_grader.loading.fetch_outcome import Extras
from infra_grader.loading.reach_repositories import unreached
from infra_grader.loading.roster_file import read_roster
from infra_grader.model.gradebook import State
from infra_grader.model.roster import Roster
from infra_grader.model.rubric import Unassessed
from infra_grader.reading.late_policy import late_text, parse_late
from infra_grader.reading.visible import visible

LOCAL = "local"


def batch_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `batch` accepts."""
    add_roster(parser)
    add_rubric(parser)
    parser.add_argument(
        "--out", metavar="DIR", type=Path, required=True, help="where the results go; a run goes on where it stopped"
    )
    parser.add_argument(
        "--jobs", metavar="N", type=_count, default=os.cpu_count() or 1, help="submissions at a time (default: cores)"
    )
    parser.add_argument(
        "--executor", metavar="NAME[=ADDRESS]", default=LOCAL, help="local (default), or dask, dask=ADDRESS"
    )
    parser.add_argument("--limit", metavar="N", type=_count, help="grade at most so many submissions in this run")
    parser.add_argument(
        "--only", metavar="CHECK|TAG", action="append", default=[], help="run these checks, and what they need"
    )
    parser.add_argument(
        "--regrade",
        metavar="WHAT",
        action="append",
        default=[],
        help="grade again: open (checks that are open), rubric (by another version), learner:ID, check:ID or all; "
        "at the same commit, keeping a person's marks",
    )
    parser.add_argument(
        "--refetch", action="store_true", help="with --regrade: fetch what the roster says now, not the commit of then"
    )
    parser.add_argument(
        "--submodules", action="store_true", help="fetch submodules too: public ones on the submission's own server"
    )
    parser.add_argument("--lfs", action="store_true", help="fetch the files that LFS keeps, not only pointers to them")
    parser.add_argument(
        "--time-limit",
        metavar="SECONDS",
        type=_count,
        default=int(SECONDS),
        help=f"after which no further check of a submission is begun (default: {SECONDS:g})",
    )
    parser.add_argument(
        "--late",
        metavar="POLICY",
        type=_late,
        help="what late work costs in place of the rubric's word, such as grace=1h,per-day=10%%,cap=50%%, or none: "
        "the newest commit counts then, else the last one in time",
    )
    parser.add_argument(
        "--unassessed",
        choices=("open", "zero"),
        help="what checks count that nobody could assess (default: the rubric's)",
    )
    parser.add_argument("--seed", metavar="N", type=int, help="where random inputs start (default: a new one, kept)")
    add_live(parser)
    parser.add_argument(
        "--sandbox", metavar="NAME", default="auto", help="where learner code runs, as for grade (default: auto)"
    )
    kept = parser.add_mutually_exclusive_group()
    kept.add_argument(
        "--record", action="store_true", help="keep what the checks see in DIR/records, in this and in all later runs"
    )
    kept.add_argument(
        "--replay", action="store_true", help="with --regrade: judge by those records, with nothing running"
    )
    parser.add_argument(
        "--allow-host", action="store_true", help="with --sandbox host: let code of a whole class run without a wall"
    )
    parser.add_argument(
        "--check", action="store_true", help="only read the roster and ask whether its repositories can be reached"
    )
    add_common(parser)


def batch(options: argparse.Namespace) -> int:
    """Grade a class, and say what came out."""
    if options.sandbox == "host" and not options.allow_host:
        raise UsageError(
            "--sandbox host would run the code of a whole class on this machine without a wall",
            "Use docker or bubblewrap, or add --allow-host on a machine that holds nothing of worth.",
        )
    if options.roster.resolve().is_relative_to(options.out.resolve()):
        raise UsageError(f"the roster {options.roster} lies in {options.out}", "Name another folder with --out.")
    wishes = tuple(map(read_wish, options.regrade))
    if options.replay:
        _check_replay(options)
    with redirect_stdout(sys.stderr):  # what a plugin prints is no report
        registry = Registry(options.plugin)
        roster = read_roster(
            options.roster, source=options.source, timezone=options.timezone, ask_plugins=registry.read_roster
        )
        for learner in roster.learners:
            refuse_inside(options.rubric, learner.source, options.plugin)
        if options.check:
            return _check(roster)
        registry.choose_sandbox(options.sandbox)  # a wrong name is said before anything is graded
        live_names(options.live, options.kube_context)
        chosen = BatchOptions(
            grade=GradeOptions(
                only=tuple(options.only),
                unassessed=Unassessed(options.unassessed) if options.unassessed else None,
                seed=options.seed,
                sandbox=options.sandbox,
                live=options.live,
                kube_context=options.kube_context,
                seconds=float(options.time_limit),
                late=options.late or "",
            ),
            plugins=tuple(Path(plugin).absolute() for plugin in options.plugin),
            most=options.limit,
            wishes=wishes,
            needs=_needs(options),
            refetch=options.refetch,
            records=options.record,
            replays=options.replay,
            extras=Extras(submodules=options.submodules, lfs=options.lfs),
        )
        with Batch(roster, options.rubric, options.out, registry, chosen) as opened:
            summary = _run(opened, registry, options)
    if summary is None:
        return INTERRUPTED
    write(sys.stdout, _worded(summary, options.out))
    is_complete = summary.states.get(State.GRADED, 0) == len(roster.learners)
    return PASSED if is_complete and not summary.kept else UNDECIDED


def _check_replay(options: argparse.Namespace) -> None:
    """Raise `UsageError` for options that a replay has no use for."""
    if not options.regrade:
        raise UsageError(
            "--replay without --regrade judges nobody", "Add --regrade rubric, learner:ID, check:ID or all."
        )
    unused = {
        "--live": options.live != "auto",
        "--kube-context": bool(options.kube_context),
        "--sandbox": options.sandbox != "auto",
        "--seed": options.seed is not None,
        "--refetch": options.refetch,
    }
    for name, is_given in unused.items():
        if is_given:
            raise UsageError(f"--replay takes no {name}: it judges what was seen then", f"Leave out {name}.")


def _run(batch: Batch, registry: Registry, options: argparse.Namespace) -> Summary | None:
    """Grade whom this run is to grade; `None` if it is interrupted."""
    for learner in batch.changed:
        tell(visible(f"infra-grader: the row of {learner} has changed since; to count it: --regrade learner:{learner}"))
    selection = batch.select()
    chosen = selection.chosen
    _tell_unreached(batch, chosen)
    name, _, address = options.executor.partition("=")
    progress = ClassProgress(len(chosen))
    try:
        with closing(registry.find_executor(name).open(address, options.jobs)) as executor:
            executor.say = lambda text: tell(f"infra-grader: {text}")
            if name != LOCAL:
                _tell_unlike(executor.survey(find_offers))
            return batch.run(selection, executor, progress.step)
    except KeyboardInterrupt:
        progress.wipe()
        tell(f"infra-grader: interrupted after {progress.done} of {len(chosen)}; the same command goes on from there")
        return None
    finally:
        progress.wipe()


def _needs(options: argparse.Namespace) -> tuple[str, ...]:
    """Return what the machines of others must have, as far as it was asked for by name."""
    if options.executor == LOCAL:
        return ()
    sandbox = [f"sandbox {options.sandbox}"] if options.sandbox in AUTO_SANDBOXES else []
    asked = live_names(options.live, options.kube_context) if options.live != "auto" else frozenset()
    asked |= {"kubernetes"} if options.kube_context and options.live == "auto" else set()
    live = [f"live {name}" for name in sorted(asked)]
    return (*sandbox, *live)


def _tell_unreached(batch: Batch, chosen: Sequence[Chosen]) -> None:
    """List the repositories that cannot be reached. Raises `UsageError` if none can, before anybody was graded."""
    found = list(unreached([one.learner for one in chosen]))
    for problem in found:
        tell(worded_problem(batch.roster.source, problem))
    if 1 < len(chosen) == len(found) and not batch.has_scorecards:
        raise UsageError(
            "none of the repositories can be reached",
            "Look at the network and at git's credentials: git ls-remote ADDRESS.",
        )


def _tell_unlike(offers: Mapping[str, frozenset[str]]) -> None:
    """Tell of machines that differ in what they have: what is assessed then depends on who grades."""
    if len(set(offers.values())) > 1:
        tell("infra-grader: the workers differ in what they have, so checks may be open for some learners alone:")
        for machine, found in sorted(offers.items()):
            tell(f"  {machine}: {', '.join(sorted(found)) or 'no sandbox, nothing live'}")


def _check(roster: Roster) -> int:
    found = list(unreached(roster.learners))
    for problem in found:
        tell(worded_problem(roster.source, problem))
    tell(f"{len(roster.learners)} learners, {len(found)} repositories that cannot be reached")
    return WRONG_USE if found else PASSED


def _worded(summary: Summary, out: Path) -> str:
    """Return what a run has come to, in lines."""
    states = summary.states
    lines = [
        f"{states.get(State.GRADED, 0)} of {sum(states.values())} have a scorecard ({summary.graded} of this run)."
    ]
    for state, text in (
        (State.ABSENT, "have handed in nothing that can be graded"),
        (State.OPEN, "could not be graded and are open: run again"),
        (State.WAITING, "were not looked at: run again"),
    ):
        if states.get(state):
            lines.append(f"{states[state]} {text}.")
    if summary.kept:
        lines.append(f"{summary.kept} could not be graded again; the score of before stands.")
    if summary.older:
        lines.append(f"{summary.older} were graded by another version of the rubric, or otherwise: --regrade rubric")
    if summary.gone:
        lines.append(f"{summary.gone} with a result are no longer on the roster; the gradebook leaves them out.")
    lines.append(f"Gradebook: {out / 'gradebook.csv'}")
    lines.append(f"Class page: {out / 'class.html'}")
    return "\n".join(lines) + "\n"


def _late(text: str) -> str:
    try:
        return late_text(parse_late(text))
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def _count(text: str) -> int:
    if not text.isdecimal() or not 0 < int(text) < 10**9:
        raise argparse.ArgumentTypeError(f"{text!r} is no number from 1")
    return int(text)
