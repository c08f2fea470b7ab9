"""People's marks in the journal of a class: all or nothing, and never over what is there."""

from contextlib import closing
from decimal import Decimal

import msgspec
import pytest

from infra_grader.api import rescore
from infra_grader.batch.files import RESULT, RESULTS
from infra_grader.batch.marks import Giving, mark_class, mark_result, scorecards
from infra_grader.checks.manual.points import ByPoints
from infra_grader.engine.gradebook import HEAD, ROSTER, head_of
from infra_grader.engine.journal import Entry, Journal
from infra_grader.engine.registry import Registry
from infra_grader.errors import MarksError, UsageError
from infra_grader.loading.marks_file import Marks
from infra_grader.loading.result_file import parse_result
from infra_grader.model.gradebook import State
from infra_grader.model.mark import Mark, Place
from infra_grader.model.outcome import Outcome
from infra_grader.model.roster import Learner, Roster
from infra_grader.model.rubric import LatePolicy
from infra_grader.model.scorecard import ADJUSTED_BY
from infra_grader.plugin import RenderOptions
from infra_grader.reports.json_report import render
from tests.support.rubrics import rubric, score_of, spec

DESIGN = spec("design", uses="manual.points", points="40").replace(params=ByPoints(look_for=["One"]))
STYLE = spec("style", uses="manual.points", points="20").replace(params=ByPoints(look_for=["One"]))
RUBRIC = rubric(spec("readme", points="40"), DESIGN, STYLE, late=LatePolicy(percent=Decimal(10)))
LEARNERS = ("ada", "ben", "cyd", "dee")


def record_of(learner, **environment):
    """Return the scorecard of work that came two days late and waits for a person."""
    waits = Outcome.awaiting("A person gives points for this.")
    card = score_of(RUBRIC, readme=Outcome.passed("There."), design=waits, style=waits)
    named = card.submission.replace(id=learner, due="2026-11-20T12:00:00Z", submitted="2026-11-22T11:00:00Z")
    return rescore(card.replace(submission=named), RUBRIC).replace(environment=environment)


@pytest.fixture
def out(tmp_path):
    """A class of four: ada and ben are graded, cyd handed in nothing, dee's turn has not come."""
    with closing(Journal(tmp_path)) as journal:
        roster = Roster(source="class.csv", learners=tuple(Learner(id=name) for name in LEARNERS))
        journal.set_fact(ROSTER, msgspec.json.encode(roster).decode())
        journal.set_fact(HEAD, msgspec.json.encode(head_of(RUBRIC)).decode())
        for learner in ("ada", "ben"):
            record = render(record_of(learner), RenderOptions()).encode()
            journal.add(Entry(learner=learner, cause="batch", state=State.GRADED, work="c0ffee"), record)
        journal.add(Entry(learner="cyd", cause="batch", state=State.ABSENT, message="There is nothing."))
    return tmp_path


def mark(learner, check, points, by="", line=1):
    place = Place(line=line, column=1)
    return Mark(
        learner=learner,
        check=check,
        points=Decimal(points),
        by=by,
        learner_place=place,
        check_place=place,
        value_place=place,
    )


def give(out, *marks, undo=False):
    """Give marks to the class and return what came of it."""
    giving = Giving(rubric=RUBRIC, by="Grace", at="2026-11-26", undo=undo)
    with closing(Journal(out)) as journal:
        return list(mark_class(out, journal, Marks(source="m.yaml", marks=marks), giving, Registry()))


def history(out, learner):
    with closing(Journal(out, to_read=True)) as journal:
        return [(entry.cause, entry.earned, entry.work) for entry in journal.history(learner)][1:]


def test_each_learner_gets_one_entry_and_the_late_policy_is_taken_from_the_new_total(out):
    ada, ben = give(out, mark("ada", "design", "30", by="Ben"), mark("ben", "style", "20"), mark("ada", "style", "10"))
    assert (ada.before.earned, ada.scorecard.score.earned, ada.scorecard.score.possible) == (32, 64, 64)
    assert [penalty.lost for penalty in ada.scorecard.penalties] == [16]
    assert (ben.learner, ben.scorecard.score.earned) == ("ben", 48)
    [(cause, earned, work)] = history(out, "ada")
    assert (cause, Decimal(earned), work) == ("mark by Ben, Grace", 64, "c0ffee")
    written = (out / RESULTS / "ada" / RESULT).read_bytes()
    with closing(Journal(out, to_read=True)) as journal:
        assert journal.result(journal.newest()["ada"].number) == written
        assert dict(scorecards(journal)).keys() == {"ada", "ben"}
    assert parse_result(written, "ada") == ada.scorecard


def test_one_mark_after_another_is_the_same_as_both_at_once(out):
    give(out, mark("ada", "style", "10"))
    give(out, mark("ada", "design", "30"))
    with closing(Journal(out, to_read=True)) as journal:
        [piecewise] = [card for learner, card in scorecards(journal) if learner == "ada"]
    giving = Giving(rubric=RUBRIC, by="Grace", at="2026-11-26")
    marks = Marks(source="m.yaml", marks=(mark("ada", "design", "30"), mark("ada", "style", "10")))
    assert mark_result(record_of("ada"), marks, giving, Registry()).scorecard == piecewise


def test_nothing_is_written_where_a_mark_is_wrong(out):
    with pytest.raises(MarksError) as raised:
        give(
            out,
            mark("ada", "design", "30", line=1),
            mark("adda", "design", "30", line=2),
            mark("cyd", "design", "30", line=3),
            mark("dee", "design", "30", line=4),
            mark("ben", "design", "41", line=5),
        )
    assert [(problem.line, problem.message, problem.suggestion) for problem in raised.value.problems] == [
        (2, "the roster has no 'adda'", "ada"),
        (3, "cyd has no scorecard: There is nothing.", ""),
        (4, "dee has no scorecard: not graded yet", ""),
        (5, "41 points are more than the check counts", ""),
    ]
    assert history(out, "ada") == []


def test_marks_of_others_are_not_taken_back(out):
    give(out, mark("ada", "design", "30"))
    give(out, mark("ada", "design", "20", by="Ben"))
    [ada] = give(out, mark("ada", "design", "30"), undo=True)
    assert (ada.changes, len(history(out, "ada"))) == ((), 2)
    assert ada.notes == ("design is 20 of 40 points: what this file gave is not there",)
    [ada] = give(out, mark("ada", "design", "20"), undo=True)
    assert [(change.before, change.after) for change in ada.changes] == [("20 of 40 points", "30 of 40 points")]
    [ada] = give(out, mark("ada", "design", "30"), undo=True)
    assert [change.after for change in ada.changes] == ["awaiting a person"]
    assert render(ada.scorecard, RenderOptions()) == render(
        record_of("ada").replace(environment={ADJUSTED_BY: "late"}), RenderOptions()
    )
    assert [cause for cause, _, _ in history(out, "ada")][2:] == ["mark undone by Grace"] * 2


def test_a_plugin_that_adjusted_the_score_must_be_here(out):
    giving = Giving(rubric=RUBRIC, by="Grace", at="2026-11-26")
    marks = Marks(source="m.yaml", marks=(mark("ada", "design", "30"),))
    with pytest.raises(UsageError, match=r"adjusted by the plugin course\.py"):
        mark_result(record_of("ada", **{ADJUSTED_BY: "course.py, late"}), marks, giving, Registry())
    other = Giving(rubric=RUBRIC.replace(sha256="other"), by="Grace", at="2026-11-26")
    with pytest.raises(UsageError, match="another version of the rubric fake"):
        mark_result(record_of("ada"), marks, other, Registry())
    strangers = Marks(source="m.yaml", marks=(mark("ben", "design", "30"),))
    with pytest.raises(MarksError, match="the result is of 'ada', not of 'ben'"):
        mark_result(record_of("ada"), strangers, giving, Registry())
