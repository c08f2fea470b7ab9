"""The adapters of docs/adapters, run where their platforms' containers would run them."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
import types
from pathlib import Path
from typing import NamedTuple

import pytest
from command_line import SIMPLE, environment

ADAPTERS = Path(__file__).parents[1] / "docs" / "adapters"
PROGRAMS = Path(sys.executable).parent
LATE = SIMPLE.replace("pass_mark: 6\n", "pass_mark: 6\nlate: {grace: 1h, per_day: 10%, cap: 50%}\n")
PEOPLE = re.sub(r"uses: .*?}", "uses: manual.points, with: {look_for: [It reads well.]}", SIMPLE)
HOSTILE = "x\n::error::y $(touch pwned) `touch pwned`.md"
RUNNER = {
    "CLASSROOM": "ai-infra-2026",
    "ASSIGNMENT": "project-01",
    "OWNER": "ada",
    "SUBMISSION_TAG": "submit/1",
    "COMMIT_URL": "https://git.example.org/c",
    "RELEASE_URL": "https://git.example.org/r",
    "REVIEW_URL": "https://git.example.org/v",
}


class Ended(NamedTuple):
    code: int
    out: str


def start(*command: object, cwd: Path, **variables: str) -> Ended:
    home = cwd / "home"
    ended = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**environment(home), "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="backslashreplace",
        check=False,
        timeout=120,
    )
    return Ended(ended.returncode, ended.stdout)


class Classroom:
    """A checkout, and the folder that the runner fetched the autograder into."""

    def __init__(self, folder: Path) -> None:
        self.checkout = folder / "checkout"
        self.autograder = folder / "autograder"
        self.outputs = folder / "outputs"
        self.checkout.mkdir()
        self.autograder.mkdir()
        shutil.copy(ADAPTERS / "classroom50" / "autograder.py", self.autograder)
        (self.autograder / "rubric.yaml").write_text(SIMPLE, encoding="utf-8")

    def commit(self, **files: str) -> None:
        for name, text in files.items():
            (self.checkout / name.replace("__", ".")).write_text(text, encoding="utf-8")
        git = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.org")
        when = {"GIT_COMMITTER_DATE": "2026-01-31T10:00:00+01:00"}
        for words in (["init", "-q"], ["add", "-A"], ["commit", "-q", "--allow-empty", "-m", "Work"]):
            assert start(*git, *words, cwd=self.checkout, **when).code == 0

    def run(self, **variables: str) -> Ended:
        told = {**RUNNER, "GITHUB_OUTPUT": str(self.outputs), **variables}
        return start(sys.executable, self.autograder / "autograder.py", cwd=self.checkout, **told)

    def result(self) -> dict:
        return json.loads((self.checkout / "result.json").read_text(encoding="utf-8"))


@pytest.fixture
def classroom(tmp_path):
    return Classroom(tmp_path)


def test_classroom50_gets_a_result_a_page_and_a_summary(classroom):
    classroom.commit(README__md="Hello\n")
    ended = classroom.run()
    assert ended.code == 0, ended.out
    result = classroom.result()
    assert (result["score"], result["max-score"], result["datetime"]) == (600, 1000, "2026-01-31T09:00:00Z")
    assert [test["passed"] for test in result["tests"]] == [True, False]
    assert "6 of 10" in (classroom.checkout / "release-body.md").read_text(encoding="utf-8")
    assert classroom.outputs.read_text(encoding="utf-8") == "summary=6 of 10 points: passed\n"
    assert not (classroom.checkout / "record.json").exists()


def test_a_learner_who_did_not_pass_is_graded(classroom):
    classroom.commit()
    assert classroom.run().code == 0
    assert classroom.result()["score"] == 0


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_a_learner_s_own_result_is_replaced_and_what_it_links_to_kept(classroom, tmp_path, kind):
    precious = tmp_path / "precious"
    precious.write_text("kept", encoding="utf-8")
    forged = classroom.checkout / "result.json"
    if kind == "file":
        forged.write_text('{"score": 100, "max-score": 100}', encoding="utf-8")
    elif kind == "link":
        forged.symlink_to(precious)
    else:
        forged.mkdir()
        (forged / "deep").symlink_to(precious)
    classroom.commit()
    assert classroom.run().code == 0
    assert classroom.result()["score"] == 0
    assert not forged.is_symlink()
    assert precious.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize("fault", ["rubric", "variable", "program"])
def test_where_nothing_was_graded_no_result_is_left_and_the_runner_is_told(classroom, fault):
    classroom.commit(result__json='{"score": 100, "max-score": 100}', README__md="Hello\n")
    if fault == "rubric":
        (classroom.autograder / "rubric.yaml").unlink()
    ended = classroom.run(**{"variable": {"COMMIT_URL": ""}, "program": {"PATH": "/usr/bin:/bin"}}.get(fault, {}))
    assert ended.code == {"rubric": 2, "variable": 4, "program": 4}[fault]
    assert not (classroom.checkout / "result.json").exists()
    assert not classroom.outputs.exists()
    words = {"rubric": "rubric.yaml", "variable": "COMMIT_URL missing", "program": "pip install"}
    assert words[fault] in ended.out


def test_what_is_printed_is_no_command_to_the_runner(classroom):
    classroom.commit()
    (classroom.autograder / "autograder.py").write_text(
        (ADAPTERS / "classroom50" / "autograder.py")
        .read_text(encoding="utf-8")
        .replace('RUBRIC = "rubric.yaml"', 'RUBRIC = "::error::x\\n##[error]y"'),
        encoding="utf-8",
    )
    ended = classroom.run()
    assert ended.code == 2
    assert all(line.startswith("| ") and "##[" not in line for line in ended.out.splitlines())


class Gradescope:
    """A folder laid out like `/autograder` in Gradescope's container."""

    def __init__(self, folder: Path) -> None:
        self.root = folder / "autograder"
        for name in ("source", "submission", "results"):
            (self.root / name).mkdir(parents=True)
        shutil.copy(ADAPTERS / "gradescope" / "run_autograder", self.root)
        self.rubric(SIMPLE)

    def rubric(self, text: str) -> None:
        (self.root / "source" / "rubric.yaml").write_text(text, encoding="utf-8")

    def submit(self, *names: str) -> None:
        for name in names:
            (self.root / "submission" / name).write_text("Hello\n", encoding="utf-8")

    def metadata(self, text: str | bytes | dict) -> None:
        content = json.dumps(text) if isinstance(text, dict) else text
        place = self.root / "submission_metadata.json"
        place.write_bytes(content.encode() if isinstance(content, str) else content)

    def run(self, **variables: str) -> Ended:
        program = self.root / "run_autograder"
        return start(program, cwd=self.root, **{"AUTOGRADER_ROOT": str(self.root), **variables})

    def results(self) -> dict:
        return json.loads((self.root / "results" / "results.json").read_text(encoding="utf-8"))


@pytest.fixture
def gradescope(tmp_path):
    return Gradescope(tmp_path)


def handed_in(at: str, due: str, *extensions: str) -> dict:
    return {
        "id": 1,
        "created_at": at,
        "assignment": {"due_date": due, "title": HOSTILE},
        "users": [{"name": HOSTILE, "assignment": {"due_date": extension}} for extension in extensions],
        "previous_submissions": [],
    }


def test_gradescope_gets_the_score_and_a_test_for_each_check(gradescope):
    gradescope.submit("README.md", HOSTILE.replace("/", ""))
    gradescope.metadata(handed_in("2026-01-30T10:00:00.123456-08:00", "2026-01-31T10:00:00.000000-08:00"))
    ended = gradescope.run()
    assert ended.code == 0, ended.out
    results = gradescope.results()
    assert results["score"] == 6
    assert [(test["score"], test["status"]) for test in results["tests"]] == [(6, "passed"), (0, "failed")]
    assert not list(gradescope.root.rglob("pwned"))


def test_work_that_is_late_costs_what_the_rubric_says(gradescope):
    gradescope.rubric(LATE)
    gradescope.submit("README.md")
    gradescope.metadata(handed_in("2026-02-01T12:00:00.999999-08:00", "2026-01-31T10:00:00-08:00"))
    assert gradescope.run().code == 0
    results = gradescope.results()
    assert results["score"] == 4.8
    penalty = results["tests"][-1]
    assert (penalty["name"], penalty["score"], penalty["max_score"]) == (
        "Penalty: Handed in 1 day and 2 hours late", -1.2, 0
    )  # fmt: skip
    assert "2 days begun at 10 % each" in penalty["output"]


@pytest.fixture
def program(gradescope, monkeypatch):
    """The module of run_autograder, in the container's folder."""
    module = types.ModuleType("run_autograder")
    exec(compile((ADAPTERS / "gradescope" / "run_autograder").read_bytes(), "run_autograder", "exec"), vars(module))
    monkeypatch.setattr(module, "ROOT", gradescope.root, raising=True)
    return module


@pytest.mark.parametrize(
    ("extensions", "due"),
    [
        ((), "2026-01-31T18:00:00Z"),
        (("2026-01-30T10:00:00-08:00",), "2026-01-31T18:00:00Z"),
        (("2026-02-03T00:00:00Z", "2026-01-31T10:00:00Z"), "2026-02-03T00:00:00Z"),
    ],
)
def test_the_latest_extension_of_a_group_counts(program, gradescope, extensions, due):
    gradescope.metadata(handed_in("2026-02-01T12:00:00.999999-08:00", "2026-01-31T10:00:00-08:00", *extensions))
    assert program.times(program.read_metadata()) == ("2026-02-01T20:00:00Z", due)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "[" * 100_000,
        b"\xff\xfe",
        b" " * 10_000_001 + b"{}",
        '{"created_at": 7, "assignment": [], "users": {}}',
        '{"created_at": "2026-02-01T12:00:00", "assignment": {"due_date": "soon"}, "users": [null, {"assignment": 1}]}',
    ],
    ids=["empty", "list", "deep", "bytes", "large", "types", "no times"],
)
def test_metadata_that_cannot_be_read_tells_no_times(program, gradescope, text):
    gradescope.metadata(text)
    assert program.times(program.read_metadata()) == ("", "")


def test_without_times_the_record_stays_as_it_was(program, gradescope, tmp_path, capsys):
    record = tmp_path / "record.json"
    record.write_text("as it was", encoding="utf-8")
    program.add_times(record)
    assert record.read_text(encoding="utf-8") == "as it was"
    assert "submission_metadata.json cannot be read, so nothing is late" in capsys.readouterr().out


def is_apology(results: dict) -> bool:
    (test,) = results["tests"]
    return "score" not in results and "score" not in test and "no fault of yours" in results["output"] == test["output"]


@pytest.mark.parametrize("fault", ["rubric", "program", "submission", "nothing assessed"])
def test_where_the_grader_fails_the_learner_gets_a_message_and_no_score(gradescope, fault):
    gradescope.submit("README.md")
    (gradescope.root / "results" / "results.json").write_text('{"score": 100}', encoding="utf-8")
    if fault == "rubric":
        gradescope.rubric("id: [")
    elif fault == "submission":
        shutil.rmtree(gradescope.root / "submission")
    elif fault == "nothing assessed":
        gradescope.rubric(PEOPLE)
    ended = gradescope.run(**({"PATH": "/usr/bin:/bin"} if fault == "program" else {}))
    assert ended.code == 4, ended.out
    assert is_apology(gradescope.results())
    if fault == "nothing assessed":
        assert "nothing was assessed" in ended.out


def test_the_message_is_there_when_the_container_is_ended(gradescope, tmp_path):
    gradescope.submit("README.md")
    programs = tmp_path / "programs"
    programs.mkdir()
    slow = programs / "infra-grader"
    slow.write_text("#!/bin/sh\nkill -9 $PPID\n", encoding="utf-8")
    slow.chmod(0o755)
    ended = gradescope.run(PATH=f"{programs}{os.pathsep}/usr/bin:/bin")
    assert ended.code == -9
    assert is_apology(gradescope.results())


class TestSetup:
    """`setup.sh`, with programs in place of those of the distribution that write down what they are asked."""

    @pytest.fixture
    def programs(self, tmp_path):
        folder = tmp_path / "programs"
        folder.mkdir()
        for name in ("apt-get", "python3.12"):
            self.write(folder / name, f'echo "{name} $*" >> "{tmp_path}/asked"\n')
        return folder

    def write(self, place: Path, text: str) -> None:
        place.write_text(f"#!/bin/sh\n{text}", encoding="utf-8")
        place.chmod(0o755)

    def start(self, tmp_path: Path, programs: Path, **variables: str) -> tuple[Ended, list[str]]:
        root = tmp_path / "auto grader"
        (root / "source").mkdir(parents=True, exist_ok=True)
        (root / "infra-grader" / "bin").mkdir(parents=True, exist_ok=True)
        for name in ("python", "infra-grader"):
            self.write(root / "infra-grader" / "bin" / name, f'echo "{name} $*" >> "{tmp_path}/asked"\n')
        told = {"AUTOGRADER_ROOT": str(root), "PATH": f"{programs}{os.pathsep}/usr/bin:/bin", **variables}
        ended = start("bash", ADAPTERS / "gradescope" / "setup.sh", cwd=tmp_path, **told)
        return ended, (tmp_path / "asked").read_text(encoding="utf-8").splitlines()

    def test_it_installs_the_version_that_is_asked_for(self, tmp_path, programs):
        ended, asked = self.start(tmp_path, programs, INFRA_GRADER_VERSION="0.1.0")
        assert ended.code == 0, ended.out
        assert "apt-get update" in asked
        assert f"python3.12 -m venv {tmp_path}/auto grader/infra-grader" in asked
        assert "python -m pip install --no-cache-dir infra-grader[all]==0.1.0" in asked
        assert asked[-1] == "infra-grader --version"

    def test_a_wheel_beside_it_goes_first(self, tmp_path, programs):
        wheel = tmp_path / "auto grader" / "source" / "infra_grader-0.1.0-py3-none-any.whl"
        wheel.parent.mkdir(parents=True)
        wheel.touch()
        _, asked = self.start(tmp_path, programs)
        assert f"python -m pip install --no-cache-dir infra-grader[all] @ file://{wheel}" in asked

    def test_it_ends_at_the_first_fault(self, tmp_path, programs):
        self.write(programs / "apt-get", f'echo apt-get >> "{tmp_path}/asked"\nexit 100\n')
        ended, asked = self.start(tmp_path, programs)
        assert (ended.code, asked) == (100, ["apt-get"])
