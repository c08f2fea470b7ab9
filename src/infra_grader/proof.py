"""A rubric held to its proof: solution, untouched starter, and flaws, each graded and compared.

The rule is that of docs/writing-rubrics.md, "Proof": with the solution every check that could be assessed passes; with
the untouched starter every check without `allow_starter` has fraction 0 and the total stays under the ceiling; each
flaw loses, of the checks by which it is graded, exactly those that its `expect.yaml` names and what they block; every
check is in some flaw. What a flaw is to lose and this machine cannot tell is no fault, but not proven here. A flaw is
graded by the checks that look at files, and by those that run or look at what is live where it names one of that sort.
Solution and flaws have the Git history that a `history.yaml` says.
"""

from __future__ import annotations

import shutil
from collections.abc import Container, Iterable, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from infra_grader.api import GradeOptions, grade
from infra_grader.capabilities.home import open_home
from infra_grader.engine.plan import plan
from infra_grader.engine.registry import Registry
from infra_grader.errors import UsageError
from infra_grader.loading.exercise_history import FILE, make_history, read_history, with_history
from infra_grader.model.outcome import Status
from infra_grader.model.record import Record
from infra_grader.model.rubric import CheckSpec, Rubric
from infra_grader.model.scorecard import CheckScore, Scorecard
from infra_grader.plugin import LIVE
from infra_grader.reading.yaml import YamlError, read_document

QUIET = GradeOptions(needs_commit=False, takes_excerpts=False)
COSTLY = LIVE | {"sandbox"}
"""What takes a check long, so that a flaw which is not about it is graded without."""
SOLUTION = "solution"
"""The name of the submission that every check is held against, and of its folder."""


class Expectation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a flaw's `expect.yaml` says."""

    loses: list[str]
    """Ids of the checks that the flaw breaks; what these block need not be named."""
    removed: list[str] = []
    """Paths of the solution that the flawed submission lacks."""


class Proof(Record):
    """One submission of the proof, how it scored, and in what way that is not as promised."""

    name: str
    """`solution`, `starter` or `flawed/<name>`."""
    scorecard: Scorecard
    faults: tuple[str, ...]
    unproven: dict[str, str] = msgspec.field(default_factory=dict)
    """The checks that a flaw is to lose and this machine cannot tell, with what is lacking here."""

    @property
    def untold(self) -> list[str]:
        """Ids of the checks that this machine could not assess."""
        return [check.id for check in self.scorecard.all_checks() if check.status is Status.NOT_ASSESSED]


def prove(
    rubric: Rubric, exercise: Path, registry: Registry | None = None, options: GradeOptions = QUIET
) -> Iterator[Proof]:
    """Grade the solution, the starter and every flaw of an exercise's folder, one after another.

    `options` say how, above all which cluster live checks look at.
    Raises `UsageError` if the folder holds no solution, or an `expect.yaml` cannot be read.
    """
    registry = registry or Registry()
    full = prove_solution(rubric, exercise, registry, options)
    yield full
    if (exercise / "starter").is_dir():
        yield prove_starter(rubric, exercise, registry, options)
    for flaw in flaws(exercise):
        yield prove_flaw(rubric, exercise, flaw, full.scorecard, registry, options)


def prove_solution(rubric: Rubric, exercise: Path, registry: Registry, options: GradeOptions = QUIET) -> Proof:
    """Grade the solution: every check that could be assessed has to pass. Raises `UsageError` without one."""
    solution = exercise / SOLUTION
    if not solution.is_dir():
        raise UsageError(f"{exercise} holds no solution", "A proof needs solution/, starter/ and flawed/.")
    with with_history(solution, exercise) as submission:
        full = grade(submission, rubric, options=options, registry=registry)
    return Proof(name=SOLUTION, scorecard=full, faults=tuple(_solution_faults(full)))


def prove_starter(rubric: Rubric, exercise: Path, registry: Registry, options: GradeOptions = QUIET) -> Proof:
    """Grade the untouched starter: it earns nothing but what a check allows it, and stays under the ceiling."""
    untouched = grade(exercise / "starter", rubric, options=options, registry=registry)
    return Proof(name="starter", scorecard=untouched, faults=tuple(_starter_faults(untouched, rubric)))


def prove_flaw(
    rubric: Rubric, exercise: Path, flaw: Path, full: Scorecard, registry: Registry, options: GradeOptions = QUIET
) -> Proof:
    """Grade a flaw by the checks that it is graded by, and hold it against how the solution scored."""
    expectation = read_expectation(flaw / "expect.yaml")
    asked = _asked(rubric, expectation, registry)
    broken = grade_flaw(rubric, exercise / SOLUTION, flaw, expectation, registry, asked, options)
    unproven = _untold_here(broken, full, expectation)
    return Proof(
        name=f"flawed/{flaw.name}",
        scorecard=broken,
        faults=tuple(_flaw_faults(broken, full, expectation, rubric, unproven)),
        unproven=unproven,
    )


def grade_flaw(
    rubric: Rubric,
    solution: Path,
    flaw: Path,
    expectation: Expectation,
    registry: Registry,
    only: Sequence[str],
    options: GradeOptions = QUIET,
) -> Scorecard:
    """Grade the solution with a flaw over it, by some checks and what these need."""
    with closing(open_home("infra-grader-proof-")) as home:
        flawed = home.folder / "submission"
        overlay(solution, flaw, expectation, flawed)
        if history := read_history(flaw) or read_history(solution.parent):
            make_history(flawed, history)
        return grade(flawed, rubric, options=options.replace(only=only), registry=registry)


def _asked(rubric: Rubric, expectation: Expectation, registry: Registry) -> list[str]:
    """Return the ids of the checks that a flaw is graded by: those whose means are among those of what it loses."""
    means = _means(rubric, registry)
    lost = frozenset[str]().union(*(means[check_id] for check_id in expectation.loses if check_id in means))
    return [check_id for check_id, needed in means.items() if needed <= lost]


def _means(rubric: Rubric, registry: Registry) -> dict[str, frozenset[str]]:
    """Return what each check takes, with those that it needs: what it looks at live, else a sandbox, else nothing."""
    means: dict[str, frozenset[str]] = {}
    for check in plan(rubric).checks:
        own = registry.find_kind(check.uses).capabilities & COSTLY
        needed = own.union(*(means[need] for need in check.needs))
        means[check.id] = needed & LIVE or needed
    return means


def uncaught(rubric: Rubric, exercise: Path, registry: Registry) -> list[str]:
    """Return the names of the flaws that lose none of the checks that they are there to lose.

    A flaw that only shows in what runs is left out where nothing of it can be looked at, as without Docker: whether it
    is caught is then not known.
    """
    known = rubric.checks_by_id()
    missed = []
    for flaw in flaws(exercise):
        expectation = read_expectation(flaw / "expect.yaml")
        only = [check_id for check_id in expectation.loses if check_id in known]
        broken = grade_flaw(rubric, exercise / SOLUTION, flaw, expectation, registry, only) if only else None
        looked_at = [check for check in broken.all_checks() if check.id in only] if broken is not None else []
        is_unknown = bool(looked_at) and all(check.status.is_open for check in looked_at)
        if not is_unknown and not any(check.is_lost for check in looked_at):
            missed.append(flaw.name)
    return missed


def unproven(rubric: Rubric, exercise: Path) -> list[str]:
    """Return the ids of the checks that no flaw loses, in the rubric's order; what only a person judges is left out."""
    lost = {check_id for flaw in flaws(exercise) for check_id in read_expectation(flaw / "expect.yaml").loses}
    return [check.id for check in rubric.all_checks() if check.id not in lost and not check.uses.startswith("manual.")]


def flaws(exercise: Path) -> Sequence[Path]:
    """Return the folders of the flaws, sorted by name."""
    folder = exercise / "flawed"
    return sorted(place for place in folder.iterdir() if place.is_dir()) if folder.is_dir() else []


def read_expectation(file: Path) -> Expectation:
    """Return what a flaw is expected to lose. Raises `UsageError` where the file is missing or says it wrongly."""
    try:
        return msgspec.convert(read_document(file.read_bytes()).data, Expectation)
    except (OSError, UnicodeDecodeError, YamlError, msgspec.ValidationError) as error:
        raise UsageError(
            f"{file} cannot be read: {error}", "It says `loses: [check ids]` and `removed: [paths]`."
        ) from error


def overlay(solution: Path, flaw: Path, expectation: Expectation, target: Path) -> None:
    """Make the flawed submission: the solution, with the flaw's files over it and the removed paths gone."""
    shutil.copytree(solution, target, symlinks=True)
    for path in expectation.removed:
        place = target / path
        is_inside = place != target and place.name != ".." and place.parent.resolve().is_relative_to(target.resolve())
        if not is_inside:
            raise UsageError(f"{flaw / 'expect.yaml'} removes {path!r}, which leads out of it", "Correct `removed`.")
        if place.is_dir() and not place.is_symlink():
            shutil.rmtree(place)
        elif place.exists() or place.is_symlink():
            place.unlink()
        else:
            raise UsageError(f"{flaw / 'expect.yaml'} removes {path}, which the solution lacks", "Correct `removed`.")
    shutil.copytree(
        flaw,
        target,
        dirs_exist_ok=True,
        symlinks=True,
        ignore=lambda place, _: ["expect.yaml", FILE] if place == str(flaw) else [],
    )


def _solution_faults(scorecard: Scorecard) -> Iterable[str]:
    for check in scorecard.all_checks():
        if check.status is Status.ERROR or (not check.status.is_open and check.status is not Status.PASSED):
            yield f"{check.id} does not pass: {check.status}: {check.message}"


def _starter_faults(scorecard: Scorecard, rubric: Rubric) -> Iterable[str]:
    specs = rubric.checks_by_id()
    for check in scorecard.all_checks():
        if check.fraction > 0 and not specs[check.id].allow_starter:
            yield f"{check.id} earns {check.fraction} of its points: {check.message}"
    ceiling = rubric.starter_ceiling
    if ceiling is not None and scorecard.score.earned > ceiling:
        yield f"it earns {scorecard.score.earned} points, more than the ceiling of {ceiling}"


def _untold_here(broken: Scorecard, full: Scorecard, expectation: Expectation) -> dict[str, str]:
    """Return the checks that a flaw is to lose and that this machine cannot tell, with what it lacks for them.

    The solution shows what is lacking here: a check that was open with it, or one that now is open for a reason for
    which others were, such as a tool that only the flaw brings it to ask. Open for a reason of its own is a fault.
    """
    before = {check.id: check for check in full.all_checks()}
    after = {check.id: check for check in broken.all_checks()}
    lacking = {check.message for check in before.values() if check.status is Status.NOT_ASSESSED}
    found = {}
    for check_id in expectation.loses:
        check = after.get(check_id)
        if check is None or not check.status.is_open or check.status is Status.ERROR:
            continue
        reason = after[check.blocked_by].message if check.blocked_by else check.message
        if before[check_id].status.is_open or reason in lacking:
            found[check_id] = reason
    return found


def _flaw_faults(
    broken: Scorecard, full: Scorecard, expectation: Expectation, rubric: Rubric, unproven: Container[str]
) -> Iterable[str]:
    before = {check.id: check for check in full.all_checks()}
    specs = rubric.checks_by_id()
    for check_id in expectation.loses:
        if check_id not in specs:
            yield f"expect.yaml names {check_id}, which is no check of the rubric"
    excused = _blocked_with(expectation.loses, specs.values())
    for check in broken.all_checks():
        is_lost = _lost_more(check, before[check.id])
        if check.id in expectation.loses and not is_lost and check.id not in unproven:
            yield f"{check.id} loses nothing: {check.status}: {check.message}"
        if (
            is_lost
            and check.id not in expectation.loses
            and not (check.status is Status.BLOCKED and check.id in excused)
        ):
            yield f"{check.id} is lost unexpectedly: {check.status}: {check.message}"


def _lost_more(check: CheckScore, before: CheckScore) -> bool:
    """Whether a check is judged, and worse than with the solution; or judged at all where the solution left it open."""
    return check.is_lost and (before.status.is_open or check.fraction < before.fraction)


def _blocked_with(lost: Iterable[str], checks: Iterable[CheckSpec]) -> frozenset[str]:
    """Return the checks that need one of the lost ones, directly or through others."""
    reached = set(lost)
    waiting = list(checks)
    while more := [check for check in waiting if check.id not in reached and reached & set(check.needs)]:
        reached.update(check.id for check in more)
    return frozenset(reached)
