"""The gradebook, read from a journal of real results."""

from decimal import Decimal

import msgspec
import pytest

from infra_grader.engine.gradebook import HEAD, ROSTER, head_of, read_gradebook
from infra_grader.engine.journal import Entry, Journal
from infra_grader.errors import JournalError
from infra_grader.model.gradebook import State
from infra_grader.model.outcome import Evidence, Outcome, Status
from infra_grader.model.roster import Learner, Roster
from infra_grader.plugin import RenderOptions
from infra_grader.reports.json_report import render
from rubrics import rubric, score_of, spec

RUBRIC = rubric(
    spec("a", points="60"), spec("b", points="40"), bonus=[spec("c", points="5")], penalties=[spec("d", points="3")]
)
LEARNERS = tuple(Learner(id=name, columns={"group": "1"}) for name in ("ada", "ben", "cyd", "dee"))


@pytest.fixture
def folder(tmp_path):
    """A folder with the journal of a class of four: one graded, one absent, one open, one not begun."""
    journal = Journal(tmp_path)
    roster = Roster(source="class.csv", learners=LEARNERS, columns=("group",))
    journal.set_fact(ROSTER, msgspec.json.encode(roster).decode())
    journal.set_fact(HEAD, msgspec.json.encode(head_of(RUBRIC)).decode())
    passed = Outcome.passed("Fine.", Evidence(path="a.txt"))
    card = score_of(RUBRIC, a=passed, b=Outcome.awaiting("A person looks."), c=passed, d=Outcome.failed("Late."))
    record = render(card, RenderOptions(width=80)).encode()
    journal.add(Entry(learner="ada", cause="batch", state=State.GRADED, work="c0ffee"), record)
    journal.add(Entry(learner="ben", cause="batch", state=State.ABSENT, message="There is nothing."))
    journal.add(Entry(learner="cyd", cause="batch", state=State.OPEN, message="No network."))
    journal.close()
    return tmp_path


def test_rows_stand_in_the_order_of_the_roster_with_what_came_out(folder):
    journal = Journal(folder, to_read=True)
    book = read_gradebook(journal)
    ada, ben, cyd, dee = book.rows
    assert [row.learner.id for row in (ada, ben, cyd, dee)] == ["ada", "ben", "cyd", "dee"]
    assert [row.state for row in (ada, ben, cyd, dee)] == [State.GRADED, State.ABSENT, State.OPEN, State.WAITING]
    assert (ada.score.earned, ada.score.possible, ada.score.provisional) == (Decimal(62), Decimal(102), True)
    assert [(part.id, part.earned, part.possible) for part in ada.parts] == [("all", 60, 100), ("bonus", 5, 5)]
    assert [check.status for check in ada.parts[0].checks] == [Status.PASSED, Status.AWAITING]
    assert [(penalty.id, penalty.lost, penalty.message) for penalty in ada.penalties] == [("d", Decimal(3), "Late.")]
    assert ada.is_awaiting
    assert (ben.message, ben.score, cyd.message) == ("There is nothing.", None, "No network.")
    assert book.columns == ("group",)
    assert list(book.rows) == [ada, ben, cyd, dee]
    journal.close()


def test_the_head_names_every_check_under_its_part():
    head = head_of(RUBRIC)
    assert [(part.id, part.points) for part in head.parts] == [("all", 100), ("bonus", 5), ("penalties", 0)]
    assert [check.id for part in head.parts for check in part.checks] == ["a", "b", "c", "d"]
    assert (head.points, head.rubric) == (100, "fake")


def test_a_journal_without_a_class_says_what_to_do(tmp_path):
    journal = Journal(tmp_path)
    with pytest.raises(JournalError, match="no class yet"):
        read_gradebook(journal)
    journal.close()


def test_a_journal_is_read_while_another_writes_it(folder):
    writing = Journal(folder)
    reading = Journal(folder, to_read=True)
    assert [row.state for row in read_gradebook(reading).rows][-1] is State.WAITING
    writing.add(Entry(learner="dee", cause="batch", state=State.ABSENT, message="Nothing."))
    assert [row.state for row in read_gradebook(reading).rows][-1] is State.ABSENT
    with pytest.raises(JournalError):
        reading.add(Entry(learner="dee", cause="batch", state=State.OPEN))
    reading.close()
    writing.close()


def test_what_is_not_there_is_not_begun_by_reading(tmp_path):
    with pytest.raises(JournalError, match="no batch has been graded here"):
        Journal(tmp_path / "nowhere", to_read=True)
    assert not (tmp_path / "nowhere").exists()
