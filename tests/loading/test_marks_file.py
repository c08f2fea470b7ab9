"""Files of marks: what they may say, and every problem of their form with its place."""

from decimal import Decimal

import pytest

from infra_grader.errors import MarksError
from infra_grader.loading.marks_file import read_marks


@pytest.fixture
def read(tmp_path):
    """Read a text as a file of marks."""

    def read(text, name="marks.yaml", learner=""):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_marks(path, learner)

    return read


def problems_of(marks):
    return [(problem.line, problem.column, problem.message) for problem in marks.problems]


def test_marks_in_yaml(read):
    marks = read(
        ".by: Grace\n"
        ".at: 2026-11-26\n"
        "ada:\n"
        "  quality: {level: 4, comment: Nice.}\n"
        "  design: {points: 3.5, by: Ben, at: 2026-11-27T10:00+01:00}\n"
        "0042: {on: {points: 0}}\n"
    )
    quality, design, on = marks.marks
    assert marks.problems == ()
    assert (quality.learner, quality.check, quality.level, quality.points) == ("ada", "quality", 4, None)
    assert (quality.comment, quality.by, quality.at) == ("Nice.", "Grace", "2026-11-26")
    assert (design.points, design.by, design.at) == (Decimal("3.5"), "Ben", "2026-11-27T10:00+01:00")
    assert (on.learner, on.check, on.points) == ("0042", "on", 0)  # as written: no number, no truth value
    assert (design.check_place.line, design.check_place.column) == (5, 3)


def test_marks_in_a_table(read):
    marks = read(
        "learner;check;level;points;comment;by;at\n"
        'ada;quality;4;;"Nice; really";Grace;\nben;design;;"3,5";;;\nben;x;;;;;\n',
        "marks.csv",
    )
    quality, design = marks.marks
    assert (quality.level, quality.comment, quality.by) == (4, "Nice; really", "Grace")
    assert (design.learner, design.points, marks.empty) == ("ben", Decimal("3.5"), 1)


@pytest.mark.parametrize("text", ["quality: {level: 2}\n", "ada: {quality: {level: 2}}\n"])
def test_marks_for_a_single_result_need_not_say_whose_they_are(read, text):
    [mark] = read(text, learner="ada").marks
    assert (mark.learner, mark.check, mark.level) == ("ada", "quality", 2)


def test_rows_that_nobody_filled_in_are_no_marks(read):
    marks = read('.by: ""\nada:\n  quality:\n    level:\n    comment:\n  design:\nben:\n')
    assert (marks.marks, marks.problems, marks.empty) == ((), (), 2)


def test_every_problem_is_listed_with_its_place(read):
    marks = read(
        ".who: x\n"
        "ada:\n"
        "  a: {level: 4, points: 3}\n"
        "  b: {comment: Only words.}\n"
        "  c: {level: '4'}\n"
        "  d: {level: true}\n"
        "  e: {points: .nan}\n"
        "  f: {points: -1}\n"
        "  g: {points: 0.125}\n"
        "  h: {level: 4, grade: 1}\n"
        "  i: {level: 4, comment: 5}\n"
        "  j: {level: 4, at: soon}\n"
        "  k: 4\n"
        '  l: {level: 4, by: "a\\u202eb"}\n'
        "ben: 5\n"
    )
    assert problems_of(marks) == [
        (1, 1, "the key '.who' is not known here"),
        (3, 3, "it gives both a level and points"),
        (4, 3, "it gives neither a level nor points"),
        (5, 14, "'4' is no level"),
        (6, 14, "True is no level"),
        (7, 15, "nan is no number of points"),
        (8, 15, "-1 points are less than none"),
        (9, 15, "0.125 points are finer than a hundredth"),
        (10, 17, "the key 'grade' is not known here"),
        (11, 26, "5 is no text; put it in quotes"),
        (12, 21, "'soon' is no date or time such as 2026-11-26T17:04+01:00"),
        (13, 6, "it is no mapping"),
        (14, 21, "it holds the character U+202E, which cannot be seen"),
        (15, 6, "it is no mapping of checks"),
    ]


def test_problems_of_a_table(read):
    found = problems_of(read("learner,check,level\nada,quality,four\nada,quality,3\nben\n", "marks.csv"))
    assert found == [
        (2, 3, "'four' is no level"),
        (3, 2, "this check is marked twice, first in line 2"),
        (4, 1, "the row has 1 cells, the header 3"),
    ]
    assert problems_of(read("student,check,check\nada,a,b\n", "marks.csv")) == [
        (1, 1, "there is no column learner"),
        (1, 1, "the column 'student' is not known here"),
        (1, 3, "the column 'check' is there twice"),
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "the file is empty"),
        ("- a\n", "it is no mapping"),
        ("ada: {a: {level: 1}}\nada: {b: {level: 1}}\n", '"ada" is written twice, first on line 1'),
        ("ada: {a: {level: 1}, a: {level: 2}}\n", '"a" is written twice'),
        ("ada:\n\tquality: {level: 1}\n", "tab"),
        ("ada: *who\n", "names no anchor"),
        (b"ada: \xff", "0xff"),
    ],
)
def test_a_file_of_which_nothing_can_be_read_is_refused(read, text, said):
    with pytest.raises(MarksError) as raised:
        read(text)
    [problem] = raised.value.problems
    assert said in problem.message
    assert problem.line


def test_a_file_that_is_not_there_is_refused(tmp_path):
    for name in ("marks.yaml", "marks.csv"):
        with pytest.raises(MarksError, match="cannot be read"):
            read_marks(tmp_path / name)
