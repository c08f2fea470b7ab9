"""Moodle's grading worksheet, filled in."""

from __future__ import annotations

import csv
import io
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.engine.gradebook import read_gradebook
from infra_grader.engine.journal import Journal
from infra_grader.errors import ExportError, UsageError
from infra_grader.model.roster import Learner
from infra_grader.reports.gradebook_format import Export, GradebookOptions
from infra_grader.reports.moodle_gradebook import write
from tests.support.batches import gradebook_of, write_batch

EXPORT = """\
Identifier,Name,"Email address",Status,Grade,"Maximum Grade","Grade can be changed","Last modified (grade)",Comments
"Participant 11","Ada Lovelace",ada@example.org,"Submitted - ","","100.00",Yes,"2 November 2026, 10:00 AM","<p>""hi"",
twice</p>"
"Participant 12",Ben,ben@example.org,x,,100.00,Yes,-,
"Participant 13",Fay,fay@example.org,x,"1.00",100.00,Yes,-,
"Participant 14",Zed,zed@example.org,x,,100.00,Yes,-,=1
"""
GERMAN = """\
ID,Name,E-Mail-Adresse,Status,Bewertung,Bestwertung,"Zuletzt geändert (Bewertung)"
"Teilnehmer/in 11",Ada,ada@example.org,x,,"40,00",-
"Teilnehmer/in 12",Ben,ben@example.org,x,,"40,00",-
"""


@pytest.fixture
def book(tmp_path):
    journal = Journal(write_batch(tmp_path / "out"), to_read=True)
    yield read_gradebook(journal)
    journal.close()


def filled(book, export=EXPORT, **options):
    stream = io.StringIO(newline="")
    fill = Export(source="moodle.csv", content=export.encode())
    notes = write(book, stream, GradebookOptions(fill=fill, **options))
    return stream.getvalue(), list(notes)


def test_cells_of_grades_change_and_nothing_else(book):
    text, notes = filled(book)
    expected = EXPORT.replace('"","100.00"', '"72.5","100.00"').replace('"1.00"', '"100"')
    assert text == expected
    assert notes == [
        "2 filled in, in the column 'Grade'.",
        "1 had more than the full mark and got 100, since more is refused there.",
        "1 left as they are (ben): more points are possible; --provisional writes those that are certain.",
        "1 in the export and not in the roster (line 6).",
        "3 in the roster and not in the export (cyd, dee, eve).",
    ]


def test_a_worksheet_in_another_language_is_filled_in_by_its_column(book):
    text, notes = filled(book, GERMAN, column="Bewertung", provisional=True)
    assert text == GERMAN.replace('x,,"40,00",-\n"Teil', 'x,29,"40,00",-\n"Teil').replace("x,,", "x,28,")
    assert "Points were scaled from 100 to 40, the full mark there, and rounded down to hundredths." in notes
    with pytest.raises(ExportError) as caught:
        filled(book, GERMAN)
    assert "--column" in caught.value.problems[0].allowed


def test_commas_are_written_where_the_worksheet_has_them():
    book = gradebook_of({"11": Decimal("61.25")}, [Learner(id="11")])
    text, _ = filled(book, GERMAN.replace("40,00", "100,00"), column="Bewertung")
    assert 'x,"61,25","100,00",-' in text


def test_participants_are_known_by_their_number():
    book = gradebook_of(
        {"12": Decimal(5), "a": Decimal(6)},
        [Learner(id="12"), Learner(id="a", columns={"Identifier": "Teilnehmer 11"})],
    )
    text, _ = filled(book)
    grades = [row[4] for row in csv.reader(io.StringIO(text))]
    assert grades == ["Grade", "6", "5", "1.00", ""]


def test_what_moodle_lets_nobody_change_stays(book):
    text, notes = filled(book, EXPORT.replace('"100.00",Yes', '"100.00",No'))
    assert '"Submitted - ","","100.00",No' in text
    assert "1 left as they are (ada): Moodle lets nobody change them." in notes


@pytest.mark.parametrize(
    ("old", "new", "said", "line", "column"),
    [
        ("Identifier,", "Number,", "not the header", 1, None),
        (",Grade,", ",Marks,", "not the header", 1, None),
        ('"100.00"', '"Good, Very good"', "the full mark 'Good, Very good' is no number above 0", 2, 6),
        ("x,,100.00,Yes,-,\n", "x,,50.00,Yes,-,\n", "another one than in the rows before", 4, 6),
        ('"<p>""hi', '"<p>"hi', "text stands after a closed quote", 2, 9),
        ("ben@example.org,", "ada@example.org,", "the row is of 'ada', as is line 2", 4, None),
        ('"Participant 12",Ben', '"Participant 12"', "the row has 8 cells, the header 9", 4, None),
    ],
)
def test_what_cannot_be_filled_in_is_refused_with_its_place(book, old, new, said, line, column):
    assert old in EXPORT
    stream = io.StringIO(newline="")
    fill = Export(source="moodle.csv", content=EXPORT.replace(old, new).encode())
    with pytest.raises(ExportError) as caught:
        write(book, stream, GradebookOptions(fill=fill))
    problem = caught.value.problems[0]
    assert said in problem.message
    assert (problem.line, problem.column) == (line, column)
    assert stream.getvalue() == ""


def test_without_a_worksheet_there_is_nothing_to_write(book):
    with pytest.raises(UsageError, match="only takes a worksheet of its own"):
        write(book, io.StringIO(), GradebookOptions())


NUMBER = st.integers(0, 12_000).map(lambda number: Decimal(number) / 100)
CELLS = st.text(st.sampled_from('aé1,"\n\r =.'), max_size=5)


@given(
    scores=st.dictionaries(st.sampled_from(["l1", "l2", "l3"]), NUMBER),
    others=st.lists(CELLS, min_size=4, max_size=4),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    commas=st.booleans(),
)
def test_every_byte_but_those_of_grades_stays(scores, others, quoting, commas):
    learners = [Learner(id=f"l{number}", email=f"l{number}@x.org") for number in range(1, 4)]
    most = "100,00" if commas else "100.00"
    sign = "\x1f"  # what stands where a grade goes, and nowhere else
    table = [["Identifier", "Email address", "Grade", "Maximum Grade", "Last modified (grade)", "Feedback comments"]]
    table += [
        [f"Participant {number}", f"l{number}@x.org", f"{sign}l{number}{sign}", most, "-", text]
        for number, text in enumerate(others, 1)
    ]
    out = io.StringIO(newline="")
    csv.writer(out, quoting=quoting, lineterminator="\r\n").writerows(table)
    export, expected = out.getvalue(), out.getvalue()
    for learner in ("l1", "l2", "l3", "l4"):
        export = export.replace(f"{sign}{learner}{sign}", "")
        grade = ""
        if learner in scores:
            grade = f"{min(scores[learner], Decimal(100)).normalize():f}".replace(".", "," if commas else ".")
            if quoting == csv.QUOTE_MINIMAL and "," in grade:
                grade = f'"{grade}"'
        expected = expected.replace(f"{sign}{learner}{sign}", grade)
    text, _ = filled(gradebook_of(scores, learners), export)
    assert text == expected
