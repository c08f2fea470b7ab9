"""Rosters in every form, and all that may be wrong with them."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from infra_grader.engine.journal import Journal
from infra_grader.errors import RosterError, UsageError
from infra_grader.loading.learner_id import id_problems, skeleton
from infra_grader.loading.roster_file import read_roster
from infra_grader.model.roster import Learner


@pytest.fixture
def write(tmp_path):
    """Write a roster, with a folder of work for ada and ben beside it."""
    for name in ("ada", "ben"):
        (tmp_path / name).mkdir()

    def write(text, name="roster.csv", encoding="utf-8"):
        place = tmp_path / name
        place.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return place

    return write


def problems_of(path, **options):
    """Return the faults of a roster as `(line, column, message)`."""
    with pytest.raises(RosterError) as raised:
        read_roster(path, **options)
    return [(problem.line, problem.column, problem.message) for problem in raised.value.problems]


def test_a_roster_of_ours(write, tmp_path):
    roster = read_roster(
        write(
            "id,name,email,source,ref,due,extension_hours,section\n"
            "ada,Ada L.,ada@example.org,ada,main,2026-11-26T12:00+01:00,24,A\n"
            'ben,"Ben, B.",,https://example.org/course/ben.git,,,,\n'
        )
    )
    ada, ben = roster.learners
    assert ada.source == str(tmp_path / "ada")
    assert (ada.name, ada.ref, ada.extension_hours, ada.columns) == ("Ada L.", "main", Decimal(24), {"section": "A"})
    assert ada.due == datetime(2026, 11, 26, 11, tzinfo=UTC)
    assert (ben.name, ben.source, ben.due, ben.line) == ("Ben, B.", "https://example.org/course/ben.git", None, 3)
    assert roster.columns == ("section",)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_spreadsheets_write_it_in_many_ways(write, delimiter, encoding, end):
    text = f"id,name,source{end}ada,Ädä,ada{end}{end}ben,,ben{end}".replace(",", delimiter)
    ada, ben = read_roster(write(text, encoding=encoding)).learners
    assert (ada.id, ada.name, ben.id) == ("ada", "Ädä", "ben")


def test_every_problem_is_listed_with_its_row_and_column(write):
    found = problems_of(
        write("id,source,due,extension_hours\nada,ada,soon,many\n,ben,,\nx/etc,ben,,\nada,nowhere,,-1\ntoo,few\n")
    )
    assert [(line, column) for line, column, _ in found] == [
        (2, 3), (2, 4), (3, 1), (4, 1), (5, None), (5, 2), (5, 4), (6, None),
    ]  # fmt: skip
    assert "'soon' is no date" in found[0][2]
    assert "the id is empty" in found[2][2]
    assert "there twice, in line 2" in found[4][2]
    assert "2 cells, the header 4" in found[7][2]


@pytest.mark.parametrize(
    ("first", "second", "said"),
    [
        ("ada", "Ada", "is taken for 'ada'"),
        ("ada", "аdа", "mixes letters of Cyrillic and Latin"),
        ("сор", "cop", "is taken for 'сор'"),
        ("ﬁn", "fin", "is taken for 'ﬁn'"),
    ],
)
def test_ids_that_look_alike_are_refused(write, first, second, said):
    found = problems_of(write(f"id,source\n{first},ada\n{second},ben\n"))
    assert any(said in message for _, _, message in found)


@pytest.mark.parametrize("name", ["a/b", "a\\b", ".", "..", "-rf", "a:b", "nul", "COM1.txt", "x" * 121, "a\u202eb"])
def test_ids_that_are_no_names_of_folders_are_refused(name):
    assert list(id_problems(name))


@pytest.mark.parametrize("name", ["ada", "ada.l@example.org", "42", "Zoë", "李雷", "Мария", "team-1_b", "a b"])
def test_ordinary_ids_are_fine(name):
    assert list(id_problems(name)) == []


@given(st.text(max_size=30))
def test_what_is_fine_as_an_id_stays_inside_its_folder(tmp_path_factory, name):
    if not list(id_problems(name)):
        folder = tmp_path_factory.getbasetemp()
        assert (folder / name).resolve().parent == folder.resolve()
        assert skeleton(name) == skeleton(name.upper().lower())


@pytest.mark.parametrize(
    "source",
    [
        "ext::sh -c 'touch x'",
        "--upload-pack=touch",
        "https://ada:secret@example.org/x.git",
        "HTTPS://ada:secret@example.org/x.git",
        "https://ghp_secret@example.org/x.git",
        "https://github_pat_secret@example.org/x.git",
        "https://GLPAT-secret@example.org/x.git",
        "https://0123456789secret98765@example.org/x.git",
        "fd::17",
        "ftp://example.org/x",
        "{login}",
        "nowhere",
    ],
)
def test_sources_that_cannot_be_fetched_are_refused(write, source):
    found = problems_of(write(f'id,source\nada,"{source}"\n'))
    assert [column for _, column, _ in found] == [2]
    assert "secret" not in found[0][2]


@pytest.mark.parametrize("ref", ["-x", "a..b", "a b", "a~1", "a:b"])
def test_refs_that_are_none_are_refused(write, ref):
    assert problems_of(write(f"id,source,ref\nada,ada,{ref}\n"))[0][1] == 3


def test_a_date_is_the_end_of_its_day_in_the_zone_of_the_course(write):
    path = write("id,source,due\nada,ada,2026-07-01\nben,ben,2026-12-01T10:00\n")
    assert [message for _, _, message in problems_of(path)] == [
        "'2026-07-01' names no time zone",
        "'2026-12-01T10:00' names no time zone",
    ]
    ada, ben = read_roster(path, timezone="Europe/Berlin").learners
    assert ada.due.utcoffset() == timedelta(hours=2)
    assert ada.due.astimezone(UTC) == datetime(2026, 7, 1, 21, 59, 59, tzinfo=UTC)
    assert ben.due.astimezone(UTC) == datetime(2026, 12, 1, 9, tzinfo=UTC)
    with pytest.raises(UsageError, match="no time zone 'Nowhere'"):
        read_roster(path, timezone="Nowhere")


def test_the_time_of_handing_in_may_stand_in_the_roster(write):
    path = write(
        "id,source,submitted\nada,ada,2026-11-26T17:04:05+01:00\nben,ben,\n",
    )
    ada, ben = read_roster(path).learners
    assert ada.submitted == datetime(2026, 11, 26, 16, 4, 5, tzinfo=UTC)
    assert (ben.submitted, "submitted" in ada.columns) == (None, False)


def test_a_time_of_handing_in_that_cannot_be_used_is_refused(write):
    path = write("id,source,submitted\nada,ada,2026-11-26\nben,ben,2026-11-26T10:00\n")
    assert problems_of(path) == [
        (2, 3, "'2026-11-26' names no time of day"),
        (3, 3, "'2026-11-26T10:00' names no time zone"),
    ]
    assert problems_of(path, timezone="Europe/Berlin") == [(2, 3, "'2026-11-26' names no time of day")]
    odd = write("id,source,due,submitted\nada,ada,9999-12-31T00:00Z,yesterday\n", "odd.csv")
    assert [message for _, _, message in problems_of(odd)] == [
        "'9999-12-31T00:00Z' is in no year of a course",
        "'yesterday' is no date",
    ]


def test_what_the_clocks_show_twice_or_never_is_read_in_favour_of_the_learner(write):
    path = write(
        "id,source,due,submitted\n"
        "ada,ada,2026-10-25T02:30,2026-10-25T02:30\n"  # put back from 3 to 2: there are two of it
        "ben,ben,2026-03-29T02:30,2026-03-29T02:30\n"  # put forward from 2 to 3: there is none of it
    )
    ada, ben = read_roster(path, timezone="Europe/Berlin").learners
    assert ada.deadline == datetime(2026, 10, 25, 1, 30, tzinfo=UTC)
    assert ada.submitted.astimezone(UTC) == datetime(2026, 10, 25, 0, 30, tzinfo=UTC)
    assert ben.deadline - ben.submitted.astimezone(UTC) == timedelta(hours=1)


def test_an_extension_of_a_day_is_24_hours_whatever_the_clocks_do(write):
    path = write("id,source,due,extension_hours\nada,ada,2026-03-28T23:59:59,24\nben,ben,2026-03-28T23:59:59,0.1\n")
    ada, ben = read_roster(path, timezone="Europe/Berlin").learners
    assert ada.deadline - ada.due.astimezone(UTC) == timedelta(hours=24)
    assert ben.deadline - ben.due.astimezone(UTC) == timedelta(minutes=6)


CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Project 01 (1234),Final Score\n"
    "    Points Possible,,,,,100,(read only)\n"
    '"Lovelace, Ada",17,U17,ada,S1,,80\n'
    '"Babbage, Ben",18,,,S1,,\n'
    '"Student, Test",19,,,S1,,\n'
)


def test_an_export_of_canvas(write, tmp_path):
    path = write(CANVAS)
    (tmp_path / "18").mkdir()
    ada, ben = read_roster(path, source="{id}").learners
    assert (ada.id, ada.name, ada.columns["Section"], ada.source) == (
        "ada",
        "Lovelace, Ada",
        "S1",
        str(tmp_path / "ada"),
    )
    assert (ben.id, ben.columns["ID"]) == ("18", "18")


def test_a_worksheet_of_moodle(write, tmp_path):
    (tmp_path / "4711").mkdir()
    path = write(
        "Identifier,Full name,Email address,Status,Grade,Maximum Grade,Grade can be changed,Last modified (grade)\n"
        "Participant 4711,Ada Lovelace,ada@example.org,Submitted,,100.00,Yes,-\n"
    )
    (ada,) = read_roster(path, source="{id}").learners
    assert (ada.id, ada.name, ada.email) == ("4711", "Ada Lovelace", "ada@example.org")
    assert ada.columns["Identifier"] == "Participant 4711"


def test_the_place_of_the_work_may_be_said_for_all(write):
    path = write("id,team\nada,red\n")
    (ada,) = read_roster(path, source="https://example.org/{team}/{id}.git").learners
    assert ada.source == "https://example.org/red/ada.git"
    assert problems_of(path) == [(2, None, "nothing says where the work is")]


def test_a_folder_of_submissions_and_archives(tmp_path):
    for name in ("ada", ".git", "zoe"):
        (tmp_path / name).mkdir()
    for name in ("ben.zip", "cy.tar.gz", "notes.txt"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "link").symlink_to("/etc")
    learners = read_roster(tmp_path).learners
    assert [learner.id for learner in learners] == ["ada", "ben", "cy", "zoe"]
    assert learners[1].source == str(tmp_path / "ben.zip")


@pytest.mark.parametrize("is_open", [True, False])
def test_the_folder_of_a_batch_is_no_submission(tmp_path, is_open):
    for name in ("ada", "ben", "cy"):
        (tmp_path / name).mkdir()
    journal = Journal(tmp_path / "out")
    if not is_open:
        journal.close()
    with sqlite3.connect(tmp_path / "ada" / "journal.sqlite") as work:
        work.execute("CREATE TABLE notes (text TEXT)")
    work.close()
    (tmp_path / "ben" / "journal.sqlite").mkdir()
    assert [learner.id for learner in read_roster(tmp_path).learners] == ["ada", "ben", "cy"]
    journal.close()


def test_a_list_of_repositories(write):
    listed = [
        {
            "id": 1,
            "name": "p1-ada",
            "clone_url": "https://example.org/c/p1-ada.git",
            "url": "https://api.example.org/1",
        },
        {"name": "p1-ben", "url": "https://example.org/c/p1-ben", "isArchived": False},
        {"name": "old", "clone_url": "https://example.org/c/old.git", "archived": True},
        {"id": "cy", "name": "Cy", "source": "https://example.org/cy.git", "ref": "v1", "team": "red"},
    ]
    ada, ben, cy = read_roster(write(json.dumps([listed]), "repos.json")).learners
    assert (ada.id, ada.name, ada.source) == ("p1-ada", "", "https://example.org/c/p1-ada.git")
    assert ben.source == "https://example.org/c/p1-ben"
    assert (cy.id, cy.name, cy.ref, cy.columns) == ("cy", "Cy", "v1", {"team": "red"})


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("r.csv", b"", "it is empty"),
        ("r.csv", b"name\nada\n", "there is no column id"),
        ("r.csv", b"id,id\na,b\n", "two columns have the name 'id'"),
        ("r.csv", b'id,source\n"ada,ada\n', "it is no table"),
        ("r.csv", b"id,source\n\xff\xfe,x\n", "it is not in UTF-8"),
        ("r.csv", b"id,source\n", "it names no learners"),
        ("r.json", b"{", "it is no JSON"),
        ("r.json", b"{}", "it lists no repositories"),
        ("r.json", b"[1, {}]", "it is no object"),
        ("r.json", b"[" * 100_000, "it is no JSON"),
    ],
)
def test_what_is_no_roster_is_refused(write, name, content, said):
    assert any(said in message for _, _, message in problems_of(write(content, name)))


def test_what_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="there is no roster"):
        read_roster(tmp_path / "nothing.csv")
    with pytest.raises(RosterError, match="it holds no submissions"):
        read_roster(tmp_path)


def test_a_plugin_may_read_what_we_do_not(write):
    path = write("ada ben", "class.txt")
    given = [
        Learner(id="ada", source="ada", columns={"team": "red"}),
        Learner(id="ben", source=str(path.parent / "ben")),
    ]
    roster = read_roster(path, ask_plugins=lambda _path: given)
    assert roster.columns == ("team",)
    assert [learner.source for learner in roster.learners] == [str(path.parent / name) for name in ("ada", "ben")]
    with pytest.raises(RosterError, match="there twice"):
        read_roster(path, ask_plugins=lambda _path: [given[0], given[0]])


def test_what_a_plugin_gives_is_checked_like_a_file(write):
    path = write("ada ben", "class.txt")
    noon = datetime(2026, 11, 26, 12)  # noqa: DTZ001 - the fault to be found
    given = [
        Learner(id="../../escaped", source="ada", line=7),
        Learner(id="ada", source="ext::sh -c 'touch x'", ref="-x", due=noon, extension_hours=Decimal(-1)),
        Learner(id="ben", source="https://ghp_hidden@example.org/x.git", submitted=noon),
        Learner(id="cy"),
        Learner(id=5, source="ada"),
    ]
    with pytest.raises(RosterError) as raised:
        read_roster(path, ask_plugins=lambda _path: given)
    places = [(problem.line, problem.path) for problem in raised.value.problems]
    assert places == [
        (None, "[1].source"), (None, "[1].ref"), (None, "[1].due"), (None, "[1].extension_hours"),
        (None, "[2].source"), (None, "[2].submitted"), (None, "[3].source"), (None, "[4].id"),
        (7, "[0].id"), (7, "[0].id"),
    ]  # fmt: skip
    assert "hidden" not in str(raised.value)


def test_what_a_plugin_gives_that_is_no_learner_is_refused(write):
    path = write("ada ben", "class.txt")
    with pytest.raises(RosterError, match="the plugin gave 'ada', no Learner"):
        read_roster(path, ask_plugins=lambda _path: ["ada", "ben"])


def test_the_place_of_the_work_may_be_said_for_all_that_a_plugin_gives(write):
    path = write("ada", "class.txt")
    roster = read_roster(path, source="https://example.org/{id}.git", ask_plugins=lambda _path: [Learner(id="ada")])
    assert roster.learners[0].source == "https://example.org/ada.git"


def test_a_user_in_an_address_is_no_secret(write):
    path = write(
        "id,source\nada,https://ada@example.org/x.git\nben,ssh://a-very-long-name-of-a-user@example.org/x.git\n"
    )
    assert len(read_roster(path).learners) == 2
