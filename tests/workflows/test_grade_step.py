"""The step of the action that grades: what it refuses, what it grades and hands on, and how the job ends."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path

import acting
import pytest
from command_line import SIMPLE

PROGRAM = acting.ROOT / "action" / "grade.py"
RECORDER = """\
#!{python}
import json, os, sys
from pathlib import Path
Path({seen!r}).write_text(json.dumps({{"argv": sys.argv[1:], "env": dict(os.environ), "cwd": os.getcwd()}}))
sys.stderr.write("::error::forged\\n##[error]forged \\x1b[31m\\n")
sys.exit({code})
"""


def _load():
    spec = importlib.util.spec_from_file_location("action_grade", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    sys.modules["action_grade"] = module  # NamedTuple looks there for its annotations
    spec.loader.exec_module(module)
    return module


GRADE = _load()


class Step:
    """A job's folders, with a learner's repository in the workspace, and a rubric beside it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.workspace, self.temp, self.environment = folder / "w", folder / "t", folder / "e"
        self.work = self.workspace / "learner"
        for each in (self.work, self.temp, self.environment / "bin", self.workspace / "course"):
            each.mkdir(parents=True)
        (self.workspace / "course" / "simple.yaml").write_text(SIMPLE, encoding="utf-8")
        self.outputs = folder / "outputs"
        program = self.environment / "bin" / "infra-grader"
        program.symlink_to(Path(sys.executable).with_name("infra-grader"))

    def commit(self, **files: str) -> str:
        for name, text in files.items():
            (self.work / name.replace("__", ".")).write_text(text, encoding="utf-8")
        return acting.commit_all(self.work)

    def record(self, code: int = 0) -> Path:
        """Let a program stand for infra-grader that only writes down how it was started; return where."""
        program, seen = self.environment / "bin" / "infra-grader", self.folder / "seen"
        program.unlink()
        program.write_text(RECORDER.format(python=sys.executable, seen=str(seen), code=code), encoding="utf-8")
        program.chmod(0o755)
        return seen

    def run(self, **inputs: str) -> tuple[dict[str, str], str]:
        """Run the step and return its outputs, and what it printed."""
        with self.start(**inputs) as process:
            printed, told = process.communicate(timeout=120)
        assert (process.returncode, told) == (0, "")
        return outputs_of(self.outputs.read_text(encoding="utf-8")), printed

    def start(self, **inputs: str) -> subprocess.Popen[str]:
        """Start the step."""
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "GITHUB_OUTPUT": str(self.outputs),
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.temp),
            "FOLDER": str(self.environment),
            "EXTRAS": "git",
            "RUBRIC": "course/simple.yaml",
            "SUBMISSION": "learner",
            "LIVE": "none",
            "SANDBOX": "none",
            "REPORTS": "html junit badge",
            "FAIL_UNDER": "",
            "CLASSROOM_FORMAT": "",
            **inputs,
        }
        self.outputs.write_text("", encoding="utf-8")
        return subprocess.Popen(
            [sys.executable, "-I", str(PROGRAM)], cwd=self.workspace, env=variables, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        )  # fmt: skip


def outputs_of(text: str) -> dict[str, str]:
    """Return outputs as the runner reads its file: `name=value`, or a value between two marks."""
    found, lines = {}, iter(text.splitlines())
    for line in lines:
        name, arrow, mark = line.partition("<<")
        if arrow and "=" not in name:
            found[name] = "\n".join(iter(lambda: next(lines), mark))
        else:
            name, _, found[name] = line.partition("=")
    return found


@pytest.fixture
def step(tmp_path):
    return Step(tmp_path)


SLOW = """\
#!{python}
import sys, time
from pathlib import Path
sys.stdout.write("::notice::a command ")
sys.stdout.flush()
sys.stderr.write("infra-grader: image, 12 s: step 3 of 10\\n")
sys.stderr.flush()
while not Path({seen!r}).exists():
    time.sleep(0.02)
sys.stdout.write("to its end\\n")
"""


def test_what_is_told_is_shown_at_once_and_never_inside_a_command(step):
    step.commit(README__md="Hello\n")
    seen = step.record()
    program = step.environment / "bin" / "infra-grader"
    program.write_text(SLOW.format(python=sys.executable, seen=str(seen)), encoding="utf-8")
    with step.start() as process:
        assert any(line == "| infra-grader: image, 12 s: step 3 of 10\n" for line in process.stdout)
        seen.touch()
        printed, told = process.communicate(timeout=60)
    assert printed.splitlines()[0] == "::notice::a command to its end"
    assert told == ""


def test_the_commit_is_graded_and_not_what_lies_in_the_checkout(step):
    commit = step.commit(README__md="Hello\n")
    (step.work / "notes.md").write_text("Not handed in.\n", encoding="utf-8")
    outputs, printed = step.run()
    assert (outputs["score"], outputs["passed"], outputs["exit-code"], outputs["fails"]) == ("6", "true", "0", "0")
    record = json.loads(Path(outputs["result-file"]).read_bytes())
    assert (record["submission"]["commit"], record["submission"]["dirty"]) == (commit, False)
    assert f"| Graded is commit {commit}.\n" in printed
    assert {file.name for file in Path(outputs["reports"]).iterdir()} == {"report.html", "junit.xml", "score.json"}
    assert "**6 of 10**" in (step.folder / "summary").read_text(encoding="utf-8")


def test_a_folder_without_git_is_graded_as_it_is(step):
    (step.work / "README.md").write_text("Hello\n", encoding="utf-8")
    outputs, printed = step.run()
    assert outputs["score"] == "6"
    assert "no git repository" in printed


def test_a_folder_in_the_repository_is_graded(step):
    (step.work / "one").mkdir()
    (step.work / "one" / "README.md").write_text("Hello\n", encoding="utf-8")
    step.commit()
    assert step.run(SUBMISSION="learner/one")[0]["score"] == "6"


def test_branches_and_tags_come_along(step):
    step.commit(README__md="Hello\n")
    for words in (["tag", "v1"], ["branch", "feature"], ["update-ref", "refs/remotes/origin/other", "HEAD"]):
        subprocess.run(["git", *words], cwd=step.work, check=True)
    place = Path(json.loads(Path(step.run()[0]["result-file"]).read_bytes())["submission"]["path"])
    refs = subprocess.run(
        ["git", "for-each-ref", "--format=%(refname)"], cwd=place, check=True, capture_output=True, text=True
    ).stdout.split()
    assert refs == ["refs/heads/feature", "refs/heads/main", "refs/remotes/origin/other", "refs/tags/v1"]


def test_hooks_and_settings_of_the_checkout_run_nothing(step):
    step.commit(README__md="Hello\n", __gitattributes="*.md filter=evil\n")
    evil = f"touch {step.folder / 'pwned'}"
    for key in ("core.fsmonitor", "filter.evil.smudge", "filter.evil.clean", "uploadpack.packObjectsHook"):
        subprocess.run(["git", "config", key, evil], cwd=step.work, check=True)
    hook = step.work / ".git" / "hooks" / "post-checkout"
    hook.write_text(f"#!/bin/sh\n{evil}\n", encoding="utf-8")
    hook.chmod(0o755)
    assert step.run()[0]["score"] == "6"
    assert not (step.folder / "pwned").exists()


@pytest.mark.parametrize("kind", ["committed", "without git"])
def test_a_link_does_not_lead_to_the_work_of_others(step, kind):
    solution = step.workspace / "course" / "solution"
    solution.mkdir()
    (solution / "README.md").write_text("Hello\n", encoding="utf-8")
    (step.work / "one").symlink_to(solution)
    if kind == "committed":
        step.commit()
    outputs, _ = step.run(SUBMISSION="learner/one")
    assert outputs["fails"] == "2"
    assert "symbolic link" in outputs["words"]
    assert "score" not in outputs


@pytest.mark.parametrize(
    "where", ["learner/rubric.yaml", "learner/../learner/rubric.yaml", "course/linked.yaml", "way/rubric.yaml"]
)
def test_a_rubric_that_the_learner_could_have_written_is_refused(step, where):
    step.commit(rubric__yaml=SIMPLE)
    (step.workspace / "course" / "linked.yaml").symlink_to(step.work / "rubric.yaml")
    (step.workspace / "way").symlink_to(step.work)
    outputs, _ = step.run(RUBRIC=where)
    assert outputs["fails"] == "2"
    assert "inside the submission" in outputs["words"]


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"RUBRIC": ""}, "rubric must be"),
        ({"RUBRIC": "--help"}, "rubric must be"),
        ({"SANDBOX": "none --live docker"}, "sandbox must be"),
        ({"LIVE": "docker;kubernetes"}, "live must be"),
        ({"REPORTS": "html=/etc/passwd"}, "reports names"),
        ({"REPORTS": "html\n::error::forged"}, "reports names"),
        ({"CLASSROOM_FORMAT": "mine"}, "classroom must be"),
        ({"FAIL_UNDER": "seventy"}, "fail-under must be"),
        ({"SUBMISSION": "learner/nowhere"}, "no folder of the commit"),
    ],
)
def test_an_input_that_cannot_be_used_is_named(step, inputs, words):
    step.commit(README__md="Hello\n")
    outputs, printed = step.run(**inputs)
    assert (outputs["exit-code"], outputs["fails"], outputs["result-file"]) == ("2", "2", "")
    assert outputs["words"].startswith("::error title=infra-grader cannot grade::")
    assert words in outputs["words"]
    assert "::error" not in printed


def test_a_repository_without_a_commit_is_named(step):
    subprocess.run(["git", "init", "--quiet"], cwd=step.work, check=True)
    assert "has no commit yet" in step.run()[0]["words"]


def test_the_grader_gets_no_secret_and_starts_outside_of_the_checkout(step):
    step.commit(README__md="Hello\n")
    seen = step.record(code=4)
    secrets = {
        "GITHUB_TOKEN": "s",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "s",
        "INPUT_X": "s",
        "AWS_SECRET_KEY": "s",
        "KEPT": "k",
    }
    outputs, printed = step.run(**secrets)
    started = json.loads(seen.read_bytes())
    assert started["env"].keys() & secrets.keys() == {"KEPT"}
    assert started["cwd"] == str(step.temp)
    assert started["argv"][:2] == ["grade", started["argv"][1]]
    assert Path(started["argv"][1]).is_relative_to(step.temp)
    # What it says on standard error is text, whatever stands in it.
    assert "| ::error::forged\n" in printed
    assert "##[" not in printed
    assert "\x1b" not in printed
    assert outputs["words"].startswith("::error title=The grader itself failed::It is no fault of the work")


def test_a_grader_that_cannot_be_started_is_no_fault_of_the_work(step):
    step.commit(README__md="Hello\n")
    (step.environment / "bin" / "infra-grader").unlink()
    outputs, _ = step.run()
    assert (outputs["exit-code"], outputs["fails"], outputs["result-file"]) == ("4", "4", "")
    assert outputs["words"].startswith("::error title=The grader itself failed::It is no fault of the work: ")


@pytest.mark.parametrize(
    ("code", "score", "fail_under", "ends", "words"),
    [
        (0, (80, 80), "", 0, ""),
        (0, (80, 80), "80", 0, ""),
        (0, (80, 80), "80.5", 1, "::error title=Under what is asked for::80 of 100 points. 80 %25 are certain"),
        (1, (20, 30), "", 1, "::error title=Did not pass::20 of 100 points are certain, up to 30 are possible."),
        (3, (60, 90), "", 0, "::notice title=Undecided::60 of 100 points are certain, up to 90 are possible."),
        (3, (60, 90), "60", 0, "::notice title=Undecided::"),
        (3, (60, 90), "61", 1, "::error title=Under what is asked for::"),
        (2, None, "", 2, "::error title=infra-grader cannot grade::"),
        (4, (60, 90), "", 4, "::error title=The grader itself failed::"),
        (0, None, "", 4, "::error title=The grader itself failed::"),
        (137, None, "", 137, "::error title=The grader itself failed::"),
    ],
)
def test_the_job_ends_as_the_exit_code_and_the_score_say(code, score, fail_under, ends, words):
    told = {} if score is None else {"earned": score[0], "possible": score[1], "points": 100, "percent": score[0]}
    end = GRADE.ending(code, told, fail_under)
    assert end.code == ends
    assert end.words.startswith(words)
    assert bool(end.words) == bool(words)


def test_results_for_classrooms_are_made_on_request(step):
    step.commit(README__md="Hello\n")
    outputs, _ = step.run(CLASSROOM_FORMAT="classroom")
    assert outputs["classroom-result"].isascii()
    told = ("ASSIGNMENT", "CLASSROOM", "OWNER", "SUBMISSION_TAG", "COMMIT_URL", "RELEASE_URL", "REVIEW_URL")
    runner = dict.fromkeys(told, "submit/1") | {"HEAD_TIME": "2026-01-31T10:00:00+01:00"}
    outputs, _ = step.run(CLASSROOM_FORMAT="classroom50", **runner)
    result = json.loads((Path(outputs["reports"]) / "classroom50.json").read_bytes())
    assert (result["score"], result["max-score"], result["datetime"]) == (600, 1000, "2026-01-31T09:00:00Z")


def docker(folder: Path, *, has_image: bool) -> Path:
    """Make a `docker` that writes down what it is asked, and has no image but that of the sandbox, if at all."""
    folder.mkdir()
    program, asked = folder / "docker", folder / "asked"
    missing = "" if has_image else '[ "$1" != image ] || exit 1\n'
    program.write_text(f'#!/bin/sh\necho "$@" >> {asked}\n{missing}', encoding="utf-8")
    program.chmod(0o755)
    return asked


@pytest.mark.parametrize(
    ("sandbox", "extras", "has_image", "pulls"),
    [("auto", "docker,git", False, True), ("docker", "all", False, True), ("auto", "docker,git", True, False),
     ("auto", "git", False, False), ("none", "docker,git", False, False)],
)  # fmt: skip
def test_the_sandbox_s_image_is_fetched_where_it_is_needed_and_missing(step, sandbox, extras, has_image, pulls):
    step.commit(README__md="Hello\n")
    step.record()
    asked = docker(step.folder / "docker", has_image=has_image)
    (asked.parent / "git").symlink_to(Path("/usr/bin/git"))
    path = {"PATH": str(asked.parent), "SANDBOX": sandbox, "EXTRAS": extras}
    step.run(**path)
    lines = asked.read_text(encoding="utf-8") if asked.exists() else ""
    assert ("pull --quiet python:" in lines) == pulls


@pytest.mark.parametrize(
    ("sandbox", "is_usable", "pulls"), [("auto", True, False), ("auto", False, True), ("docker", True, True)]
)
def test_no_image_is_fetched_where_bubblewrap_is_used(step, sandbox, is_usable, pulls):
    step.commit(README__md="Hello\n")
    step.record()
    asked = docker(step.folder / "docker", has_image=False)
    (asked.parent / "git").symlink_to(Path("/usr/bin/git"))
    bubblewrap = asked.parent / "bwrap"
    bubblewrap.write_text(f"#!/bin/sh\nexit {0 if is_usable else 1}\n", encoding="utf-8")
    bubblewrap.chmod(0o755)
    step.run(PATH=str(asked.parent), SANDBOX=sandbox, EXTRAS="docker")
    lines = asked.read_text(encoding="utf-8") if asked.exists() else ""
    assert ("pull --quiet python:" in lines) == pulls
