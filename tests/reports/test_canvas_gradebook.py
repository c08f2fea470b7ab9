"""Canvas' export, filled in."""

from __future__ import annotations

import csv
import io
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.engine.gradebook import read_gradebook
from infra_grader.engine.journal import Journal
from infra_grader.errors import ExportError
from infra_grader.model.roster import Learner
from infra_grader.reports.canvas_gradebook import write
from infra_grader.reports.gradebook_format import Export, GradebookOptions
from tests.support.batches import gradebook_of, write_batch

EXPORT = '''\
Student,ID,SIS User ID,SIS Login ID,Section,"Project 1, first (77)",A rubric for tests (123),Final Score
,,,,,Manual Posting,,(read only)
    Points Possible,,,,,10.00,100.00,(read only)
"Lovelace, Ada",1001,u1,ada,"S1, S2",8.00,,"90.1"
"Ali, Ben",1002,u2,ben,S1,8.00,3.5,90.1
"O'Neil, Fay",1003,u3,FAY@example.org,S1,,"1",90.1
"Nobody, ""N""",1004,u4,nob,S1,,1,90.1
"Student, Test",1009,,x,S1,,1,
'''


@pytest.fixture
def book(tmp_path):
    journal = Journal(write_batch(tmp_path / "out"), to_read=True)
    yield read_gradebook(journal)
    journal.close()


def filled(book, export=EXPORT, **options):
    content = export if isinstance(export, bytes) else export.encode()
    stream = io.StringIO(newline="")
    notes = write(book, stream, GradebookOptions(fill=Export(source="canvas.csv", content=content), **options))
    return stream.getvalue(), list(notes)


def refused(book, export=EXPORT, **options):
    content = export if isinstance(export, bytes) else export.encode()
    stream = io.StringIO(newline="")
    with pytest.raises(ExportError) as caught:
        write(book, stream, GradebookOptions(fill=Export(source="canvas.csv", content=content), **options))
    assert stream.getvalue() == ""
    return caught.value.problems


def test_cells_of_final_scores_change_and_nothing_else(book):
    text, notes = filled(book)
    expected = EXPORT.replace('8.00,,"90.1"', '8.00,72.5,"90.1"').replace(',,"1",90.1', ',,"105",90.1')
    assert text == expected
    assert notes == [
        "2 filled in, in the column 'A rubric for tests (123)'.",
        "1 left as they are (ben): more points are possible; --provisional writes those that are certain.",
        "1 in the export and not in the roster (line 7).",
        "3 in the roster and not in the export (cyd, dee, eve).",
    ]


def test_it_is_filled_in_once_and_again_the_same(book):
    once, _ = filled(book)
    again, notes = filled(book, once)
    assert again == once
    assert notes[0].endswith("2 had these points already.")


def test_points_that_are_certain_are_written_where_asked(book):
    text, _ = filled(book, provisional=True)
    assert '"Ali, Ben",1002,u2,ben,S1,8.00,70,90.1' in text


@pytest.mark.parametrize("column", ["77", "Project 1, first", "project 1,  FIRST (77)"])
def test_another_column_is_found_by_its_number_or_title_and_scaled(book, column):
    text, notes = filled(book, column=column)
    assert '"Lovelace, Ada",1001,u1,ada,"S1, S2",7.25,,"90.1"' in text
    assert '"O\'Neil, Fay",1003,u3,FAY@example.org,S1,10.5,"1",90.1' in text
    assert "Points were scaled from 100 to 10, the full mark there, and rounded down to hundredths." in notes


def test_form_stays_whatever_it_is(book):
    plain = EXPORT.replace("\n", "\r\n")
    assert filled(book, "\ufeff" + plain)[0] == "\ufeff" + filled(book)[0].replace("\n", "\r\n")
    no_end = EXPORT.removesuffix("\n")
    assert filled(book, no_end)[0] == filled(book)[0].removesuffix("\n")
    assert filled(book, EXPORT + "\n\n")[0] == filled(book)[0] + "\n\n"


def test_numbers_have_the_comma_that_the_column_has(book):
    export = EXPORT.replace("100.00", '"100,00"').replace("3.5", "3").replace('"1"', "1")
    assert ',8.00,"72,5","90.1"' in filled(book, export)[0]
    semicolons = "Student;ID;Section;A rubric for tests\nPoints Possible;;;100,00\nAda;ada;S1;\n"
    assert filled(book, semicolons)[0] == semicolons.replace("S1;\n", "S1;72,5\n")


def test_an_excused_learner_stays_excused(book):
    text, notes = filled(book, EXPORT.replace('8.00,,"90.1"', '8.00,EX,"90.1"'))
    assert '8.00,EX,"90.1"' in text
    assert "1 left as they are (ada): they are excused." in notes


def test_without_a_full_mark_points_are_not_scaled_and_it_says_so(book):
    export = "".join(line for line in EXPORT.splitlines(keepends=True) if "Points Possible" not in line)
    text, notes = filled(book, export)
    assert '8.00,72.5,"90.1"' in text
    assert "The export does not say what the full mark is; the points are out of 100." in notes


def test_names_in_two_columns_are_a_header_too(book):
    export = "LastName,FirstName,ID,SIS Login ID,Section,A rubric for tests (1)\nLovelace,Ada,1,ada,S1,\n"
    assert filled(book, export)[0] == export.replace("S1,\n", "S1,72.5\n")


@pytest.mark.parametrize(
    ("old", "new", "said", "place"),
    [
        ("Student,ID", "Name,ID", "not the header", (1, None)),
        ("A rubric for tests (123)", "Other (123)", "no column is of the assignment 'A rubric for tests'", (1, None)),
        ("Project 1, first (77)", "A rubric for tests (9)", "2 columns have the title", (1, 7)),
        ("100.00", "0", "worth '0' points", (3, 7)),
        ("100.00", "many", "worth 'many' points", (3, 7)),
        ("u2,ben,S1", "u2,ben", "the row has 7 cells, the header 8", (5, None)),
        ('"O\'Neil, Fay"', "\"O'Neil, Fay", "text stands after a closed quote", (6, 1)),
        ("u4,nob", "u4,ada", "the row is of 'ada', as is line 4", (7, None)),
        ('ada,"S1', 'zed,"S1', "no row is of a learner of the roster", (1, None)),
    ],
)
def test_what_cannot_be_filled_in_is_refused_with_its_place(book, old, new, said, place):
    assert old in EXPORT
    export = EXPORT.replace(old, new)
    if "zed" in new:
        export = "\n".join(line for line in export.splitlines() if "ben" not in line and "FAY" not in line)
    problem = refused(book, export)[0]
    assert said in problem.message
    assert (problem.line, problem.column) == place


def test_bytes_that_are_no_utf_8_are_refused(book):
    [problem] = refused(book, EXPORT.replace("Lovelace", "Lövelace").encode("latin-1"))
    assert (problem.message, problem.line) == ("it is not in UTF-8", 4)


def test_columns_that_canvas_ignores_are_none_for_points(book):
    assert "no column is of" in refused(book, column="Final Score")[0].message
    assert "no column is of" in refused(book, column="SIS Login ID")[0].message


POINTS = Decimal(50)


def class_of(*learners):
    return gradebook_of({learner.id: POINTS for learner in learners}, learners)


def rows_filled(book, export, **options):
    text, _ = filled(book, export, **options)
    return [row[0] for row in csv.reader(io.StringIO(text)) if row[-1] == "50"]


HEADER = "Student,ID,SIS User ID,SIS Login ID,Section,A rubric for tests\n"


def test_ids_are_looked_for_in_one_column_so_that_no_number_is_taken_for_another_kind():
    book = class_of(Learner(id="1"), Learner(id="2"), Learner(id="3"))
    # Ann is nobody of the roster, though her Canvas number is the university's number of a learner.
    export = f"{HEADER}One,7,1,x,S,\nTwo,8,2,y,S,\nAnn,3,9,z,S,\n"
    assert rows_filled(book, export) == ["One", "Two"]


def test_a_column_of_the_roster_with_the_same_title_tells_a_learner():
    book = class_of(Learner(id="x1", columns={"SIS User ID": "u1"}), Learner(id="x2", columns={"SIS User ID": "u2"}))
    assert rows_filled(book, f"{HEADER}Two,8,U2,y,S,\nOne,7,u1,x,S,\n") == ["Two", "One"]


def test_few_ids_found_by_chance_tell_nothing_beside_addresses():
    learners = [Learner(id=f"a{number}", email=f"a{number}@x.org") for number in range(4)]
    book = class_of(*learners, Learner(id="77", email="s@x.org"))
    rows = "".join(f"L{number},{number},,a{number}@x.org,S,\n" for number in range(4))
    assert rows_filled(book, f"{HEADER}{rows}Stranger,77,,t@x.org,S,\n") == ["L0", "L1", "L2", "L3"]


def test_a_row_of_two_learners_is_refused_unless_a_column_is_named():
    book = class_of(Learner(id="ada", email="a@x.org"), Learner(id="ben"), Learner(id="c", email="c@x.org"))
    export = "Student,ID,SIS Login ID,Email,Section,A rubric for tests\nAda,ada,x,c@x.org,S,\n"
    [problem] = refused(book, export)
    assert "'ada' by one column, of 'c' by another" in problem.message
    assert "--match" in problem.allowed
    assert rows_filled(book, export, match="ID") == ["Ada"]
    assert refused(book, export, match="Mail")[0].suggestion == "Email"


def test_an_address_of_two_learners_tells_nothing():
    book = class_of(Learner(id="a", email="t@x.org"), Learner(id="b", email="t@x.org"), Learner(id="c"))
    assert rows_filled(book, f"{HEADER}T,1,,t@x.org,S,\nC,2,,c,S,\n") == ["C"]


def test_without_an_export_it_is_the_least_that_canvas_imports(book, same_as_golden):
    stream = io.StringIO(newline="")
    notes = write(book, stream, GradebookOptions())
    same_as_golden(stream.getvalue(), "canvas.csv")
    assert notes[0] == "2 written."
    header, limits, *rows = csv.reader(io.StringIO(stream.getvalue()))
    assert (header[0], header[1], header[4]) == ("Student", "ID", "Section")
    assert (limits[0].strip(), limits[-1]) == ("Points Possible", "100")
    assert [row[3] for row in rows] == ["ada", "fay"]


CELLS = st.text(st.sampled_from('aé1,;"\n\r =.'), max_size=5)
POINTS_OF = st.integers(0, 12_000).map(lambda hundredths: Decimal(hundredths) / 100)
SCORES = st.dictionaries(st.sampled_from(["l1", "l2", "l3", "l4"]), POINTS_OF)


@given(
    scores=SCORES,
    others=st.lists(CELLS, min_size=5, max_size=5),
    quoting=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    delimiter=st.sampled_from(",;"),
    bom=st.sampled_from(["", "\ufeff"]),
    most=st.sampled_from(["100", "30", "7.5", ""]),
)
def test_only_the_cells_of_points_change(scores, others, quoting, delimiter, bom, most):
    learners = [Learner(id=f"l{number}") for number in range(1, 5)]
    header = ["Student", "ID", "SIS Login ID", "Section", "A rubric for tests (5)", "Other (6)"]
    table = [header, ["    Points Possible", "", "", "", most, "10"]]
    table += [[f"N{text}", str(9000 + number), f"l{number}", text, "", text] for number, text in enumerate(others, 1)]
    out = io.StringIO(newline="")
    csv.writer(out, delimiter=delimiter, quoting=quoting, lineterminator="\r\n").writerows(table)
    export = bom + out.getvalue()
    text, _ = filled(gradebook_of(scores, learners), export)

    assert text.startswith(bom)
    after = list(csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), delimiter=delimiter, strict=True))
    assert len(after) == len(table)
    for before, row in zip(table, after, strict=True):
        assert row[:4] + row[5:] == before[:4] + before[5:]
        if before[2] in scores:
            full = Fraction(most or "100")
            exact = Fraction(scores[before[2]]) * full / 100
            assert 0 <= exact - Fraction(row[4].replace(",", ".")) < Fraction(1, 100)
        else:
            assert row[4] == before[4]
    if not scores:
        assert text == export
