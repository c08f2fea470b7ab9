import threading
import time
from decimal import Decimal
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infra_grader.capabilities.deadline import Deadline, Overrun
from infra_grader.capabilities.shared import Shared
from infra_grader.engine.openers import OPENERS
from infra_grader.model.outcome import CheckFailed, Evidence, Measure, NotAssessed, Outcome, Status
from infra_grader.model.rubric import AwardRow
from rubrics import kind_of, rubric, run_kinds, spec


def passes(context):
    return Outcome.passed("Fine.")


def fails(context):
    raise CheckFailed("docs/a.md is missing.", Evidence(path="docs/a.md"))


def cannot_tell(context):
    raise NotAssessed("hadolint is not installed.", "apt install hadolint")


def breaks(context):
    return 1 / 0


def exits(context):
    raise SystemExit(0)


def returns_nothing(context):
    return None


def ends_the_run(context):
    raise GeneratorExit


def gives_sevenfold(context):
    return Outcome(status=Status.PASSED, fraction=Fraction(7), message="Seven.")


def contradicts_itself(context):
    return Outcome(status=Status.FAILED, fraction=Fraction(1), message="All or nothing.")


def says_no_text(context):
    return Outcome.passed(5)


def gives_text_as_evidence(context):
    return Outcome.passed("Fine.", "README.md")


def measures_nothing_finite(context):
    return Outcome.passed("Fine.", measure=Measure(value=float("nan"), unit="s"))


FAULTY = (
    breaks,
    exits,
    returns_nothing,
    ends_the_run,
    gives_sevenfold,
    contradicts_itself,
    says_no_text,
    gives_text_as_evidence,
    measures_nothing_finite,
)

KINDS = {kind.name: kind for kind in map(kind_of, (passes, fails, cannot_tell, *FAULTY))} | {
    "fake.waits": kind_of(lambda context: Outcome.passed("Waited."), capabilities=("command",))
}


def status(uses, **more):
    return run_kinds(rubric(spec("a", uses=uses, **more)), KINDS)["a"]


def test_a_verdict_of_the_check_is_the_learners():
    outcome = status("fake.fails")
    assert (outcome.status, outcome.message) == (Status.FAILED, "docs/a.md is missing.")
    assert outcome.evidence[0].path == "docs/a.md"


def test_what_the_machine_lacks_stays_open_with_its_remedy():
    outcome = status("fake.cannot_tell")
    assert (outcome.status, outcome.remedy) == (Status.NOT_ASSESSED, "apt install hadolint")


@pytest.mark.parametrize("kind", FAULTY)
def test_a_fault_of_ours_is_an_error_without_a_traceback(kind, capfd):
    outcome = status(f"fake.{kind.__name__}")
    assert outcome.status is Status.ERROR
    assert "ZeroDivisionError" not in outcome.message
    assert capfd.readouterr() == ("", "")


def test_evidence_may_hold_any_plain_value():
    piece = Evidence(path=Path("a.md"), expected=True, actual=Decimal("0.5"))
    kinds = {"odd": kind_of(lambda context: Outcome.passed("Fine.", piece))}
    outcome = run_kinds(rubric(spec("a", uses="odd")), kinds)["a"]
    assert outcome.evidence == (Evidence(path="a.md", expected=True, actual="0.5"),)


def test_a_capability_that_is_not_here_leaves_the_check_open():
    outcome = status("fake.waits")
    assert outcome.status is Status.NOT_ASSESSED
    assert "command is not available" in outcome.message


def test_blocked_names_the_first_cause():
    outcomes = run_kinds(
        rubric(
            spec("a", uses="fake.fails"),
            spec("b", uses="fake.passes", needs=("a",)),
            spec("c", uses="fake.passes", needs=("b",)),
        ),
        KINDS,
    )
    assert [outcomes[name].status for name in "abc"] == ["failed", "blocked", "blocked"]
    assert [outcomes[name].blocked_by for name in "bc"] == ["a", "a"]


def test_a_check_that_needs_an_open_one_is_open_and_names_it():
    outcomes = run_kinds(rubric(spec("a", uses="fake.cannot_tell"), spec("b", uses="fake.passes", needs=("a",))), KINDS)
    assert outcomes["b"].status is Status.NOT_ASSESSED
    assert outcomes["b"].blocked_by == "a"
    assert outcomes["b"].remedy == "apt install hadolint"


def test_a_failed_need_blocks_even_beside_an_open_one():
    outcomes = run_kinds(
        rubric(
            spec("a", uses="fake.cannot_tell"),
            spec("b", uses="fake.fails"),
            spec("c", uses="fake.passes", needs=("a", "b")),
        ),
        KINDS,
    )
    assert (outcomes["c"].status, outcomes["c"].blocked_by) == (Status.BLOCKED, "b")


def test_an_award_of_0_blocks_what_needs_the_check():
    measures = kind_of(
        lambda context: Outcome.passed("9.", measure=Measure(value=9, unit="problems")), measure="problems"
    )
    table = (AwardRow(operator="<=", bound=Fraction(5), fraction=Fraction(1)),)
    outcomes = run_kinds(
        rubric(spec("a", uses="m", award=table), spec("b", uses="fake.passes", needs=("a",))), {**KINDS, "m": measures}
    )
    assert [outcomes[name].status for name in "ab"] == ["failed", "blocked"]


def test_what_only_leaves_out_is_open():
    outcomes = run_kinds(rubric(spec("a", uses="fake.passes"), spec("b", uses="fake.passes")), KINDS, only=["a"])
    assert [outcomes[name].status for name in "ab"] == ["passed", "not_assessed"]
    assert "--only" in outcomes["b"].message


def loops(context):
    while True:
        pass


def swallows(context):
    while True:
        try:
            time.sleep(0.01)
        except Exception:
            continue


@pytest.mark.parametrize("function", [loops, swallows])
def test_the_rubrics_own_limit_is_the_learners_and_the_backstop_is_ours(function):
    kinds = {"slow": kind_of(function)}
    limited = run_kinds(rubric(spec("a", uses="slow", timeout=0.1)), kinds)["a"]
    assert (limited.status, limited.evidence[0].actual) == (Status.FAILED, 0.1)
    ours = run_kinds(rubric(spec("a", uses="slow")), kinds, reading_backstop=0.1)["a"]
    assert ours.status is Status.NOT_ASSESSED


def test_a_child_that_ignores_sigterm_is_killed_with_its_group(tmp_path):
    def runs(context):
        script = "trap '' TERM; (trap '' TERM; sleep 300; touch late) & echo started > begun; wait"
        context.command.run(["/bin/sh", "-c", script], context.deadline, folder=tmp_path)
        return Outcome.passed("It ended.")

    started = time.monotonic()
    outcome = run_kinds(
        rubric(spec("a", uses="runs", timeout=0.7)),
        {"runs": kind_of(runs, capabilities=("command",))},
        openers=OPENERS,
    )["a"]
    assert outcome.status is Status.FAILED
    assert (tmp_path / "begun").exists()
    assert time.monotonic() - started < 30


def test_a_waiting_check_that_ignores_its_deadline_is_left_behind(monkeypatch):
    monkeypatch.setattr("infra_grader.engine.run.GRACE_S", 0.1)
    release = threading.Event()

    def hangs(context):
        release.wait(60)
        return Outcome.passed("Too late.")

    kinds = {"hangs": kind_of(hangs, capabilities=("command",)), "p": kind_of(passes)}
    outcomes = run_kinds(
        rubric(spec("a", uses="hangs"), spec("b", uses="p")),
        kinds,
        openers={"command": lambda shared: None},
        waiting_backstop=0.1,
    )
    release.set()
    assert [outcomes[name].status for name in "ab"] == ["not_assessed", "passed"]


def test_a_check_that_waits_for_others_while_its_time_stands_still_is_not(monkeypatch):
    monkeypatch.setattr("infra_grader.engine.run.GRACE_S", 0.1)

    def waits(context):
        with context.deadline.paused():
            time.sleep(0.8)  # the run looks every half second whether somebody has overrun
        context.deadline.check()
        return Outcome.passed("In time.")

    outcomes = run_kinds(
        rubric(spec("a", uses="waits")),
        {"waits": kind_of(waits, capabilities=("command",))},
        openers={"command": lambda shared: None},
        waiting_backstop=0.1,
    )
    assert outcomes["a"].status == "passed"


def test_waiting_checks_run_side_by_side():
    both = threading.Barrier(2, timeout=20)

    def meets(context):
        both.wait()
        return Outcome.passed("Met.")

    outcomes = run_kinds(
        rubric(spec("a", uses="m"), spec("b", uses="m")),
        {"m": kind_of(meets, capabilities=("command",))},
        openers={"command": lambda shared: None},
    )
    assert [outcome.status for outcome in outcomes.values()] == ["passed", "passed"]


def test_handles_reach_the_checks_that_name_them_and_are_closed_in_the_end():
    closed = []

    def builds(context):
        context.on_close(lambda: closed.append("image"))
        return Outcome(status=Status.PASSED, fraction=Fraction(1), message="Built.", provides=(("image", "sha256:1"),))

    def inspects(context):
        assert not closed
        return Outcome.passed(f"Saw {context.handle('a')['image']}.")

    outcomes = run_kinds(
        rubric(spec("a", uses="b"), spec("c", uses="i", needs=("a",))), {"b": kind_of(builds), "i": kind_of(inspects)}
    )
    assert outcomes["c"].message == "Saw sha256:1."
    assert closed == ["image"]


def test_a_check_that_provides_nothing_is_named_and_costs_no_points():
    def inspects(context):
        return Outcome.passed(context.handle("a")["image"])

    outcomes = run_kinds(
        rubric(spec("a", uses="p"), spec("c", uses="i", needs=("a",))), {"p": kind_of(passes), "i": kind_of(inspects)}
    )
    assert outcomes["c"].status == "not_assessed"
    assert "The check a provides nothing to use." in outcomes["c"].message


def test_a_huge_outcome_is_cut_and_says_so():
    def talks(context):
        return Outcome.failed("x" * 5000, *[Evidence(text="y" * 9000)] * 70)

    outcome = run_kinds(rubric(spec("a", uses="t")), {"t": kind_of(talks)})["a"]
    assert "4000 characters left out" in outcome.message
    assert len(outcome.evidence) == 51
    assert "20 more places" in outcome.evidence[-1].text
    assert "5000 characters left out" in outcome.evidence[0].text


def test_an_interruption_ends_the_run():
    def interrupts(context):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_kinds(rubric(spec("a", uses="i")), {"i": kind_of(interrupts)})


def test_an_overrun_raised_by_a_capability_ends_only_the_check():
    def overruns(context):
        raise Overrun

    outcomes = run_kinds(
        rubric(spec("a", uses="o"), spec("b", uses="p")), {"o": kind_of(overruns), "p": kind_of(passes)}
    )
    assert [outcome.status for outcome in outcomes.values()] == ["not_assessed", "passed"]


@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.too_slow])
@given(
    uses=st.lists(st.sampled_from(["p", "f", "n", "w"]), min_size=1, max_size=7),
    needs=st.lists(st.tuples(st.integers(0, 6), st.integers(0, 6)), max_size=6),
    order=st.randoms(use_true_random=False),
    workers=st.integers(1, 5),
)
def test_the_order_of_checks_and_the_number_of_workers_change_nothing(uses, needs, order, workers):
    kinds = {
        "p": kind_of(passes),
        "f": kind_of(fails),
        "n": kind_of(cannot_tell),
        "w": kind_of(passes, capabilities=("command",)),
    }
    openers = {"command": lambda shared: None}
    needed = {i: tuple(f"c{b}" for a, b in needs if a == i and b < a) for i in range(len(uses))}
    checks = [spec(f"c{i}", uses=kind, needs=needed[i]) for i, kind in enumerate(uses)]
    shuffled = list(checks)
    order.shuffle(shuffled)

    def found(listed, count):
        outcomes = run_kinds(rubric(*listed), kinds, openers=openers, workers=count)
        return {name: (o.status, o.fraction, o.message, o.blocked_by) for name, o in outcomes.items()}

    assert found(checks, 1) == found(shuffled, workers)


def test_what_can_be_done_meanwhile_is_done_once_while_waiting():
    begun, release = threading.Event(), threading.Event()
    calls = []

    def waits(context):
        begun.set()
        release.wait(20)
        return Outcome.passed("Waited.")

    def meanwhile():
        begun.wait(20)
        calls.append("called")
        release.set()

    outcomes = run_kinds(
        rubric(spec("a", uses="w"), spec("b", uses="w", needs=("a",))),
        {"w": kind_of(waits, capabilities=("command",))},
        openers={"command": lambda shared: None},
        meanwhile=meanwhile,
    )
    assert [outcome.status for outcome in outcomes.values()] == ["passed", "passed"]
    assert calls == ["called"]


def test_what_is_opened_after_the_end_is_closed_at_once():
    shared = Shared()
    closed = []
    shared.on_close(lambda: closed.append("first"))
    shared.on_close(lambda: closed.append("second"))
    shared.close()
    assert closed == ["second", "first"]
    with pytest.raises(NotAssessed, match="has ended"):
        shared.on_close(lambda: closed.append("late"))
    assert closed[-1] == "late"


def test_a_settled_check_is_not_run_and_blocks_what_needs_it():
    asked = []

    def asks(context):
        asked.append(1)
        return Outcome.passed("Fine.")

    the_rubric = rubric(spec("a"), spec("b"), spec("c", needs=("a",)))
    settled = {"a": Outcome.failed("It was bad then.")}
    outcomes = run_kinds(the_rubric, {"fake.kind": kind_of(asks)}, settled=settled)
    assert outcomes["a"] == settled["a"]
    assert (outcomes["b"].status, outcomes["c"].status) == (Status.PASSED, Status.BLOCKED)
    assert len(asked) == 1


def test_a_settled_check_stays_settled_where_its_need_would_hold_it_back():
    settled = {"b": Outcome.passed("A person said so.")}
    outcomes = run_kinds(rubric(spec("a"), spec("b", needs=("a",))), {"fake.kind": kind_of(fails)}, settled=settled)
    assert outcomes["b"].status is Status.PASSED


def test_each_check_that_reads_is_announced_with_its_seconds():
    begun, seen = [], []
    kinds = {"fake.kind": kind_of(passes), "fake.wait": kind_of(passes, capabilities={"command"})}
    run_kinds(
        rubric(spec("a", timeout=7.0), spec("b", uses="fake.wait"), spec("c")),
        kinds,
        begin=lambda check, seconds: begun.append((check.id, seconds)),
        observe=lambda check, outcome: seen.append(check.id),
        reading_backstop=60.0,
        openers={"command": lambda shared: object()},
    )
    assert begun == [("a", 7.0), ("c", 60.0)]
    assert sorted(seen) == ["a", "b", "c"]


def test_no_check_is_begun_when_the_submission_has_used_up_its_time():
    def takes_its_time(context):
        time.sleep(0.05)
        return Outcome.passed("Fine.")

    outcomes = run_kinds(
        rubric(spec("a"), spec("b"), spec("c")), {"fake.kind": kind_of(takes_its_time)}, until=Deadline(0.03)
    )
    assert outcomes["a"].status is Status.PASSED
    assert outcomes["b"].status is Status.NOT_ASSESSED
    assert "had used up its 0.03 s" in outcomes["c"].message
