"""A class of sixty as it comes: fetched by git from a server, run in real sandboxes, with those who hand in nothing."""

import csv
import socket
import subprocess
import time
from collections import Counter

import pytest
from classes import commit, results, write_roster
from command_line import run, write_rubric
from sandboxes import require_bubblewrap

RUBRIC = """\
schema: infra-grader/rubric/v1
id: sixty
version: 1
title: A program and a word about it
points: 10
pass_mark: 6
criteria:
  - id: program
    title: Program
    points: 6
    checks:
      - id: adds
        title: It adds
        uses: command.run
        hint: Print the sum.
        with:
          path: add.py
          seconds: 2
          cases:
            - {arguments: ["2", "3"], stdout: {exact: "5"}}
            - {arguments: ["40", "2"], stdout: {exact: "42"}}
  - id: words
    title: Words
    points: 4
    checks:
      - {id: readme, title: A README, uses: file.exists, with: {paths: [README.md]}, hint: Write one.}
"""
SOUND = "import sys\n\nprint(int(sys.argv[1]) + int(sys.argv[2]))\n"
KINDS = {
    "sound": {"add.py": SOUND, "README.md": "It adds.\n"},
    "wrong": {"add.py": SOUND.replace("+", "-"), "README.md": "It adds.\n"},
    "silent": {"add.py": SOUND},
    "endless": {"add.py": "while True:\n    pass\n", "README.md": "It adds.\n"},
    "loud": {"add.py": "while True:\n    print('x' * 1000)\n", "README.md": "It adds.\n"},
    "nosy": {
        "add.py": "import glob, os\nassert not glob.glob('/tmp/*/try-*'), 'others'\n" + SOUND,
        "README.md": "It adds.\n",
    },
}
POINTS = {"sound": 10, "wrong": 4, "silent": 6, "endless": 4, "loud": 4, "nosy": 10}
ORDER = [*["sound", "wrong", "silent", "nosy"] * 4, "endless", "wrong", "loud", "sound"]
LEARNERS = 60


@pytest.fixture
def server(tmp_path):
    """Serves the repositories below `git` over loopback, and gives its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    (tmp_path / "git").mkdir()
    arguments = [
        "--export-all",
        "--reuseaddr",
        f"--base-path={tmp_path / 'git'}",
        "--listen=127.0.0.1",
        f"--port={port}",
    ]
    running = subprocess.Popen(["git", "daemon", *arguments, str(tmp_path / "git")], stderr=subprocess.DEVNULL)
    until = time.monotonic() + 20
    while time.monotonic() < until:
        with socket.socket() as asked:
            if asked.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.05)
    yield f"git://127.0.0.1:{port}"
    running.terminate()
    running.wait()


def test_everybody_gets_what_their_work_is_worth(tmp_path, server):
    require_bubblewrap()
    kinds = {f"l{number:02}": ORDER[number % len(ORDER)] for number in range(LEARNERS)}
    for learner, kind in kinds.items():
        if learner != "l07":  # who has handed in nothing
            commit(tmp_path / "git" / learner, KINDS[kind])
    rows = [{"id": learner, "source": f"{server}/{learner}", "group": kind} for learner, kind in kinds.items()]
    roster = write_roster(tmp_path / "class.csv", rows)
    rubric = write_rubric(tmp_path, RUBRIC, "sixty.yaml")
    arguments = ["--rubric", rubric, "--out", tmp_path / "out", "--sandbox", "bubblewrap", "--jobs", 2]
    ended = run("batch", roster, *arguments, folder=tmp_path)
    assert ended.code == 3, ended.err
    assert "59 of 60 have a scorecard" in ended.out
    with (tmp_path / "out" / "gradebook.csv").open(newline="", encoding="utf-8") as stream:
        book = {row["id"]: row for row in csv.DictReader(stream)}
    assert list(book) == list(kinds)
    assert Counter(row["state"] for row in book.values()) == {"graded": 59, "absent": 1}
    del kinds["l07"]
    earned = {learner: card["score"]["earned"] for learner, card in results(tmp_path / "out").items()}
    assert earned == {learner: POINTS[kind] for learner, kind in kinds.items()}
    endless = results(tmp_path / "out")["l16"]["criteria"][0]["checks"][0]
    assert "too long" in str(endless["evidence"])
