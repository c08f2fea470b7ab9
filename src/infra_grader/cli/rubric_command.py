"""rubric list, show, lint, test, new, docs, schema and fingerprint."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from infra_grader.api import bundled, load_rubric
from infra_grader.cli.main import NOT_PASSED, PASSED
from infra_grader.cli.options import actions_of, add_kube_context, run_action
from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.loading.bundled import find_exercise

if TYPE_CHECKING:
    from infra_grader.model.rubric import Rubric
    from infra_grader.proof import Proof


def rubric_options(parser: argparse.ArgumentParser) -> None:
    """Declare what `rubric` accepts."""
    action = actions_of(parser)
    action("list", _list, "list the bundled rubrics")
    action("show", _show, "show a rubric's criteria and checks").add_argument("rubric", metavar="ID|FILE")
    lint = action("lint", _lint, "find faults in a rubric, and what is legal but unwise")
    lint.add_argument("rubric", metavar="ID|FILE", nargs="+")
    test = action("test", _test, "hold rubrics to their proof: solution, untouched starter, flaws")
    test.add_argument("rubric", metavar="ID|FILE", nargs="*", help="default: every bundled rubric that has a proof")
    test.add_argument("--proof", metavar="DIR", type=Path, help="folder with solution/, starter/ and flawed/")
    test.add_argument(
        "--sandbox", metavar="NAME", default="auto", help="where learner code runs, as for grade (default: auto)"
    )
    add_kube_context(test)
    new = action("new", _new, "write a rubric to start from, which passes lint")
    new.add_argument("file", metavar="FILE", type=Path)
    docs = action("docs", _docs, "describe a rubric for learners, as Markdown")
    docs.add_argument("rubric", metavar="ID|FILE")
    action("schema", _schema, "print the JSON Schema of rubrics, for editors")
    fingerprint = action("fingerprint", _fingerprint, "print the fingerprints of a starter's files")
    fingerprint.add_argument("folder", metavar="DIR", type=Path)


def rubric(options: argparse.Namespace) -> int:
    """Run one of the rubric commands."""
    return run_action(options)


def _list(options: argparse.Namespace) -> int:
    from infra_grader.cli.rubric_text import plain

    registry = Registry(options.plugin)
    for rubric_id in sorted(bundled()):
        found = load_rubric(rubric_id, registry)
        print(f"{found.id:<36} {plain(found.points):>5} points  {found.track:<8} {found.title}")
    return PASSED


def _show(options: argparse.Namespace) -> int:
    from infra_grader.cli.rubric_text import outline

    print(outline(load_rubric(options.rubric, Registry(options.plugin))))
    return PASSED


def _docs(options: argparse.Namespace) -> int:
    from infra_grader.cli.rubric_text import page

    print(page(load_rubric(options.rubric, Registry(options.plugin))))
    return PASSED


def _lint(options: argparse.Namespace) -> int:
    from infra_grader.cli.lint import findings
    from infra_grader.cli.wording import worded_problem

    registry = Registry(options.plugin)
    faults = 0
    for name in options.rubric:
        loaded = load_rubric(name, registry)
        found = findings(loaded, registry)
        for problem in found:
            print(worded_problem(loaded.source, problem))
        print(f"{loaded.source}: {'no faults' if not found else f'{len(found)} to look at'}")
        faults += len(found)
    return NOT_PASSED if faults else PASSED


def _test(options: argparse.Namespace) -> int:
    from infra_grader.proof import QUIET, prove, unproven
    from infra_grader.reading.pieces import plural

    if options.proof and len(options.rubric) != 1:
        raise UsageError("--proof goes with one rubric", "Name the rubric that the folder proves.")
    registry = Registry(options.plugin)
    names = options.rubric or [name for name in sorted(bundled()) if _proof_of(name) is not None]
    if not names:
        raise UsageError("no rubric here has a proof", "Proofs are part of the source checkout, not of the package.")
    faults = unheld = 0
    how = QUIET.replace(kube_context=options.kube_context, sandbox=options.sandbox)
    for name in names:
        loaded = load_rubric(name, registry)
        exercise = options.proof or _proof_of(loaded.id)
        if exercise is None:
            raise UsageError(f"there is no proof for {loaded.id}", "Name its folder with --proof.")
        for proof in prove(loaded, exercise, registry, how):
            print("\n".join(_told(proof, loaded)))
            sys.stdout.flush()
            faults += len(proof.faults)
            unheld += bool(proof.unproven)
        for check_id in unproven(loaded, exercise):
            print(f"FAULT {loaded.id}  no flaw loses {check_id}")
            faults += 1
    if unheld:
        print(f"{plural(unheld, 'flaw')} not proven in full: this machine lacks what is named")
    held = "every proof that can be held here holds" if unheld else "every proof holds"
    print(f"{faults} faults" if faults else held)
    return NOT_PASSED if faults else PASSED


def _told(proof: Proof, rubric: Rubric) -> Iterator[str]:
    """Yield the lines that tell how a submission of a proof did."""
    from infra_grader.cli.rubric_text import plain
    from infra_grader.proof import SOLUTION

    verdict = "FAULT" if proof.faults else "open" if proof.unproven else "ok"
    score = proof.scorecard.score
    left = f", {plain(score.possible - score.earned)} open" if score.possible > score.earned else ""
    yield f"{verdict:<6}{rubric.id}  {proof.name}  {plain(score.earned)} of {plain(rubric.points)}{left}"
    yield from (f"      {fault}" for fault in proof.faults)
    if proof.name == SOLUTION and proof.untold:
        yield f"      not assessed here, and so not proven: {', '.join(proof.untold)}"
    for reason in dict.fromkeys(proof.unproven.values()):
        hidden = [check_id for check_id, lacking in proof.unproven.items() if lacking == reason]
        yield f"      not proven here: {', '.join(hidden)}: {reason}"


def _proof_of(rubric_id: str) -> Path | None:
    exercise = find_exercise(rubric_id)
    return exercise if exercise is not None and (exercise / "solution").is_dir() else None


def _new(options: argparse.Namespace) -> int:
    from infra_grader.cli.rubric_text import template

    if options.file.suffix not in (".yaml", ".yml"):
        raise UsageError(f"{options.file} is no name for a rubric", "End it with .yaml.")
    try:
        with options.file.open("x", encoding="utf-8") as file:
            file.write(template(options.file.stem))
    except FileExistsError as error:
        raise UsageError(f"{options.file} is there already", "Name a file that does not exist yet.") from error
    except OSError as error:
        raise UsageError(f"{options.file} cannot be written: {error.strerror}") from error
    print(f"{options.file} written; next: infra-grader rubric lint {options.file}")
    return PASSED


def _schema(options: argparse.Namespace) -> int:
    import msgspec

    from infra_grader.cli.output import tell_faults
    from infra_grader.loading.rubric_schema import full_schema

    registry = Registry(options.plugin)
    schema = full_schema(registry.all_kinds())
    print(msgspec.json.format(msgspec.json.encode(schema), indent=2).decode())
    tell_faults(registry)
    return PASSED


def _fingerprint(options: argparse.Namespace) -> int:
    from infra_grader.capabilities.starter import read_fingerprints

    if not options.folder.is_dir():
        raise UsageError(f"{options.folder} is no folder", "Name the folder that holds a starter's files.")
    for path, blob in read_fingerprints(options.folder):
        print(blob, path)
    return PASSED
