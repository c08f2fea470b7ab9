"""The command `copies`, as an instructor runs it."""

import json

import pytest
from command_line import run

APP = """\
def load(path, limit):
    rows = []
    for line in open(path):
        if len(rows) >= limit:
            break
        rows.append(line.strip().split(",")[0])
    return sorted(set(rows), key=len)


class Store:
    def __init__(self, engine):
        self.items = {{}}
        self.engine = engine

    def put(self, key, value):
        while key in self.items:
            key = self.engine.next(key) or raise_error(key, value)
        self.items[key] = self.engine.pack(value)
        return {name}
"""


@pytest.fixture
def folder(tmp_path):
    for name in ("ada", "bob"):
        work = tmp_path / "class" / name
        work.mkdir(parents=True)
        (work / f"{name}.py").write_text(APP.format(name=name).replace("rows", f"{name}_rows"))
    (tmp_path / "class" / "cyd").mkdir()
    (tmp_path / "class" / "cyd" / "other.py").write_text("print('hello')\n")
    return tmp_path


def test_pairs_are_listed_and_reports_written(folder):
    reports = ["--report", "terminal", "--report", "html=c.html", "--report", "json=c.json"]
    ended = run("copies", "class", *reports, folder=folder)
    assert ended.code == 0, ended.err
    assert "100 %  ada  bob  longest place 15 lines" in ended.out
    assert ended.err.splitlines() == ["html report: c.html", "json report: c.json"]
    [pair] = json.loads((folder / "c.json").read_text())["pairs"]
    assert (pair["left"], pair["right"]) == ("ada", "bob")
    assert "ada_rows = []" in (folder / "c.html").read_text()
    assert "class/ada" not in (folder / "c.json").read_text()


def test_what_was_handed_out_is_no_pair(folder):
    given = folder / "given"
    given.mkdir()
    (given / "app.py").write_text(APP.format(name="x"))
    ended = run("copies", "class", "--starter", "given", folder=folder)
    assert ended.code == 0
    assert "in common: 0" in ended.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere"], "there is no roster nowhere"),
        (["class", "--report", "pdf"], "there is no report 'pdf' of copies"),
        (["class", "--report", "html="], "names no file"),
        (["class", "--report", "html=a/b.html"], "its folder is missing"),
        (["class", "--report", "html=x", "--report", "json=x"], "two reports would go to one place"),
        (["class", "--starter", "nowhere"], "there is no folder nowhere"),
        (["class", "--top", "few"], "'few' is no number"),
        (["class", "--rubric", "no-such"], "no bundled rubric has this id"),
    ],
)
def test_what_cannot_be_done_is_said(folder, arguments, said):
    ended = run("copies", *arguments, folder=folder)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_a_work_that_cannot_be_fetched_leaves_the_report_incomplete(folder):
    (folder / "class.csv").write_text(
        "id,source\nada,class/ada\nbob,class/bob\nzoe,file:///nowhere/zoe.git\n", encoding="utf-8"
    )
    ended = run("copies", "class.csv", folder=folder)
    assert "infra-grader: zoe is not compared: " in ended.err
    assert "2 submissions compared, 1 could not be" in ended.out
