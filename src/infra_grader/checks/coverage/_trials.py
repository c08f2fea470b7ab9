"""The blind trial: the learner's tests on sound code and on code with faults, told apart by how they end."""

from __future__ import annotations

from collections.abc import Collection
from fractions import Fraction

from infra_grader.capabilities.test_run import End, TestRun
from infra_grader.model.record import Record
from infra_grader.plugin import CheckFailed, Evidence, Measure, Outcome

MOST_SHOWN = 10


class Trial(Record):
    """One run of the tests."""

    title: str
    """What fault was there; nothing where the code was sound."""
    run: TestRun | None
    """`None` where no test gets to the fault, so that there is nothing to run."""
    path: str | None = None
    line: int | None = None

    def passes(self, test: str) -> bool:
        """Whether a test passed."""
        return self.run is None or self.run.end(test) == End.PASSED

    def end(self, test: str) -> End | None:
        """Return how a test ended."""
        return self.run.end(test) if self.run else None


def judge(trials: list[Trial], tests: Collection[str], min_caught: float) -> Outcome:
    """Return the outcome of all trials: the share of faults that were caught.

    A fault is caught where a test that passes on the sound code does not pass. Raises `CheckFailed` where no test
    passes on the sound code, or where one ends now so, now so: then nothing that it says tells of a fault.
    """
    sound = [trial for trial in trials if not trial.title]
    faulty = [trial for trial in trials if trial.title]
    reliable = [test for test in tests if all(trial.passes(test) for trial in sound)]
    unsteady = [test for test in tests if test not in reliable and any(trial.passes(test) for trial in sound)]
    failing = [test for test in tests if not any(trial.passes(test) for trial in sound)]
    if unsteady:
        raise CheckFailed(
            f"{unsteady[0]} passes and fails on the same sound code.",
            *(Evidence(path=_path(test), expected="passes each time", actual="not each time") for test in unsteady[:5]),
        )
    if not reliable:
        raise CheckFailed("No test passes on the sound code.", *_unsound(failing, sound))
    caught = {id(trial): catcher for trial in faulty if (catcher := _catcher(trial, reliable))}
    percent = Fraction(100 * len(caught), len(faulty))
    missed = [trial for trial in faulty if id(trial) not in caught]
    return Outcome.partial(
        min(Fraction(1), percent / Fraction(str(min_caught))),
        f"Your tests catch {len(caught)} of {len(faulty)} faults"
        + (f"; not noticed: {missed[0].title}." if missed else "."),
        Evidence.number(round(float(percent), 2), f"at least {min_caught:g}", "%", f"{len(faulty)} faults"),
        *(_evidence(trial, "") for trial in missed[:MOST_SHOWN]),
        *(_evidence(trial, caught[id(trial)]) for trial in faulty if id(trial) in caught),
        *_unsound(failing, sound),
        measure=Measure(value=round(float(percent), 2), unit="%", threshold=min_caught),
    )


def _catcher(trial: Trial, reliable: list[str]) -> str:
    """Return a test that catches the fault, one that says so by an assertion if there is one."""
    caught = [test for test in reliable if not trial.passes(test)]
    return next((test for test in caught if trial.end(test) == End.FAILED), caught[0] if caught else "")


def _evidence(trial: Trial, catcher: str) -> Evidence:
    actual = f"caught by {catcher}" if catcher else "every test passes"
    return Evidence(path=trial.path, line=trial.line, expected="a test that fails", actual=actual, text=trial.title)


def _unsound(failing: list[str], sound: list[Trial]) -> list[Evidence]:
    return [
        Evidence(
            path=_path(test),
            expected="passes on the sound code",
            actual=str(sound[0].end(test) or "not run"),
            text=test.partition("::")[2].replace("::", "."),
        )
        for test in failing[:MOST_SHOWN]
    ]


def _path(test: str) -> str:
    return test.partition("::")[0]
