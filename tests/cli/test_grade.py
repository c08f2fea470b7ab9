import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from command_line import SIMPLE, environment, run, write_rubric, write_submission

import infra_grader
from infra_grader.api import refuse_inside
from infra_grader.errors import UsageError


@pytest.fixture
def rubric(tmp_path):
    return write_rubric(tmp_path)


@pytest.fixture
def passing(tmp_path):
    return write_submission(tmp_path, README__md="Hello\n", notes__md="Notes\n")


def test_a_submission_that_passes_exits_0(tmp_path, rubric, passing):
    ended = run("grade", passing, "--rubric", rubric, folder=tmp_path)
    assert ended.code == 0, ended.err
    assert "10 of 10" in ended.out
    assert ended.err == ""


def test_one_that_does_not_pass_exits_1_and_says_what_to_do(tmp_path, rubric):
    ended = run("grade", write_submission(tmp_path), "--rubric", rubric, folder=tmp_path)
    assert ended.code == 1
    assert "0 of 10" in ended.out
    assert "README.md is missing" in ended.out
    assert "Write one." in ended.out


def test_open_points_that_decide_exit_3(tmp_path, rubric, passing):
    ended = run("grade", passing, "--rubric", rubric, "--only", "notes", folder=tmp_path)
    assert ended.code == 3
    closed = run("grade", passing, "--rubric", rubric, "--only", "notes", "--unassessed", "zero", folder=tmp_path)
    assert closed.code == 1


def test_a_tag_chooses_checks(tmp_path, rubric, passing):
    ended = run("grade", passing, "--rubric", rubric, "--only", "extra", "--report", "json", folder=tmp_path)
    statuses = {check["id"]: check["status"] for check in json.loads(ended.out)["criteria"][0]["checks"]}
    assert statuses == {"readme": "not_assessed", "notes": "passed"}


def test_json_stands_alone_on_standard_output(tmp_path, rubric, passing):
    ended = run("grade", passing, "--rubric", rubric, "--report", "json", "--report", "terminal", folder=tmp_path)
    card = json.loads(ended.out)
    assert card["schema"] == "infra-grader/result/v1"
    assert card["score"]["earned"] == 10
    assert "10 of 10" in ended.err


def test_several_reports_in_one_run_show_the_same_numbers(tmp_path, rubric, passing):
    names = {"json": "r.json", "junit": "r.xml", "markdown": "r.md", "html": "r.html"}
    reports = [part for name, file in names.items() for part in ("--report", f"{name}={file}")]
    ended = run("grade", passing, "--rubric", rubric, *reports, folder=tmp_path)
    assert ended.code == 0, ended.err
    assert ended.out == ""
    assert all((tmp_path / file).stat().st_size > 100 for file in names.values())
    assert "10 of 10" in (tmp_path / "r.md").read_text()


def test_the_same_submission_gives_the_same_object(tmp_path, rubric, passing):
    def card():
        found = json.loads(run("grade", passing, "--rubric", rubric, "--report", "json", folder=tmp_path).out)
        for key in ("started", "finished"):
            del found[key]
        for check in found["criteria"][0]["checks"]:
            check.pop("duration_s", None)
        return found

    assert card() == card()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere", "--rubric", "RUBRIC"], "there is no such folder"),
        (["RUBRIC", "--rubric", "RUBRIC"], "lies inside the submission"),
        (["ada", "--rubric", "no-such-rubric"], "no bundled rubric has this id"),
        (["ada", "--rubric", "./missing.yaml"], "missing.yaml"),
        (["ada", "--rubric", "RUBRIC", "--report", "nonsense"], "no such report format"),
        (["", "--rubric", "RUBRIC"], "the path is empty"),
        (["ada", "--rubric", "RUBRIC", "--report", "json", "--report", "junit"], "cannot share standard output"),
        (["ada", "--rubric", "RUBRIC", "--report", "json="], "names no file"),
        (["ada", "--rubric", "RUBRIC", "--report", "json=a", "--report", "html=./a"], "two reports would be written"),
        (["ada", "--rubric", "RUBRIC", "--report", "json=no/such/folder.json"], "its folder is missing"),
        (["ada", "--rubric", "RUBRIC", "--report", "json=ada"], "it is a folder"),
        (["ada", "--rubric", "RUBRIC", "--only", "nothing"], "no check and no tag"),
        (["ada", "--rubric", "RUBRIC", "--plugin", "nothing.py"], "it is no Python file"),
        (["ada"], "--rubric"),
    ],
)
def test_wrong_use_exits_2_with_a_clear_line(tmp_path, rubric, passing, arguments, said):
    words = [str(rubric) if word == "RUBRIC" else word for word in arguments]
    ended = run("grade", *words, folder=tmp_path)
    assert ended.code == 2
    assert said in ended.err
    assert "Traceback" not in ended.err
    assert ended.out == ""


def test_a_rubric_inside_the_submission_is_refused(tmp_path, passing):
    (passing / "mine.yaml").write_text(SIMPLE)
    ended = run("grade", passing, "--rubric", passing / "mine.yaml", folder=tmp_path)
    assert (ended.code, "lies inside the submission" in ended.err) == (2, True)


def test_a_link_to_a_rubric_inside_the_submission_is_refused(tmp_path, passing):
    (passing / "mine.yaml").write_text(SIMPLE)
    (tmp_path / "outside.yaml").symlink_to(passing / "mine.yaml")
    assert run("grade", passing, "--rubric", tmp_path / "outside.yaml", folder=tmp_path).code == 2


def test_every_fault_of_a_rubric_is_said_at_once_with_its_place(tmp_path, passing):
    broken = write_rubric(
        tmp_path, SIMPLE.replace("file.exists", "file.exist").replace("points: 10\n    done", "point: 9\n    done")
    )
    ended = run("grade", passing, "--rubric", broken, folder=tmp_path)
    assert ended.code == 2
    assert "Did you mean 'file.exists'?" in ended.err
    assert ended.err.count("simple.yaml:") >= 3
    assert "Traceback" not in ended.err


def test_modules_of_the_submission_change_nothing(tmp_path, rubric, passing):
    for name in ("yaml.py", "msgspec.py", "argparse.py", "sitecustomize.py"):
        (passing / name).write_text("raise SystemExit('the submission ran')\n")
    (passing / "infra_grader").mkdir()
    (passing / "infra_grader/__init__.py").write_text("raise SystemExit('the submission ran')\n")
    ended = run("grade", ".", "--rubric", rubric, folder=passing)
    assert (ended.code, ended.err) == (0, "")


def test_nothing_is_written_into_the_submission(tmp_path, rubric, passing):
    before = sorted(passing.rglob("*"))
    run("grade", passing, "--rubric", rubric, folder=tmp_path)
    assert sorted(passing.rglob("*")) == before


def test_a_full_disk_leaves_no_partial_report(tmp_path, rubric, passing):
    ended = run("grade", passing, "--rubric", rubric, "--report", "json=/dev/full", folder=tmp_path)
    assert ended.code == 4
    assert "No space left on device" in ended.err
    assert "Traceback" not in ended.err


def test_a_report_that_cannot_be_written_is_said(tmp_path, rubric, passing):
    ended = run("grade", passing, "--rubric", rubric, "--report", "json=/proc/r.json", folder=tmp_path)
    assert ended.code == 4
    assert "/proc/r.json could not be written" in ended.err


def test_full_standard_output_is_said(tmp_path, rubric, passing):
    command = [sys.executable, "-P", "-m", "infra_grader", "grade", str(passing), "--rubric", str(rubric)]
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            command, stdout=full, stderr=subprocess.PIPE, env=environment(tmp_path), check=False, text=True
        )
    assert ended.returncode == 4
    assert "No space left" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_closed_pipe_is_said_without_a_traceback(tmp_path, rubric, passing):
    command = [sys.executable, "-P", "-m", "infra_grader", "grade", str(passing), "--rubric", str(rubric)]
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        command, stdout=write, stderr=subprocess.PIPE, env=environment(tmp_path), check=False, text=True
    )
    os.close(write)
    assert ended.returncode == 0
    assert "nobody read the output" in ended.stderr
    assert "Traceback" not in ended.stderr


INTERRUPTED_AT = """\
import sys


class Interrupts:
    def find_spec(self, name, path=None, target=None):
        if name == {module!r}:
            raise KeyboardInterrupt


sys.meta_path.insert(0, Interrupts())
sys.argv = ["infra-grader", "rubric", "list"]
import infra_grader.__main__
"""


@pytest.mark.parametrize("module", ["infra_grader.cli.main", "argparse", "infra_grader.cli.rubric_command"])
def test_an_interruption_while_it_starts_shows_no_traceback(tmp_path, module):
    command = [sys.executable, "-P", "-c", INTERRUPTED_AT.format(module=module)]
    ended = subprocess.run(command, env=environment(tmp_path), capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (130, "")
    assert ended.stderr.startswith("infra-grader: interrupted")
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_an_interruption_exits_130_and_leaves_nothing(tmp_path, passing, how):
    plugin = tmp_path / "slow.py"
    plugin.write_text(
        "import time\n"
        "from infra_grader.plugin import Context, Outcome, Params, check\n"
        "class Nothing(Params): pass\n"
        "@check('slow.sleep')\n"
        "def sleep(context: Context, params: Nothing) -> Outcome:\n"
        "    '''Sleeps.'''\n"
        "    open('begun', 'w').close()\n"
        "    time.sleep(60)\n"
    )
    text = SIMPLE.replace("uses: file.exists, with: {paths: [README.md]}", "uses: slow.sleep")
    rubric = write_rubric(tmp_path, text, "slow.yaml")
    command = [sys.executable, "-P", "-m", "infra_grader", "grade", str(passing), "--rubric", str(rubric)]
    process = subprocess.Popen(
        [*command, "--plugin", str(plugin), "--report", "json=r.json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=environment(tmp_path),
    )
    for _ in range(600):
        if (tmp_path / "begun").exists():
            break
        time.sleep(0.05)
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert "interrupted" in err
    assert "Traceback" not in err
    assert out == ""
    assert not (tmp_path / "r.json").exists()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_the_terminal_report_keeps_to_the_width(tmp_path, rubric, width):
    ended = run("grade", write_submission(tmp_path), "--rubric", rubric, folder=tmp_path, COLUMNS=str(width))
    assert max(len(line) for line in ended.out.splitlines()) <= width


def test_colour_is_for_terminals_only_unless_asked_for(tmp_path, rubric, passing):
    assert "\x1b[" not in run("grade", passing, "--rubric", rubric, folder=tmp_path).out
    assert "\x1b[" in run("grade", passing, "--rubric", rubric, "--color", "always", folder=tmp_path).out


def test_a_stream_without_signs_gets_plain_ones(tmp_path, rubric, passing):
    ended = run(
        "grade", passing, "--rubric", rubric, folder=tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii", LANG="C"
    )
    assert ended.code == 0
    assert ended.out.isascii()
    assert "[ok]" in ended.out


def test_a_fault_of_ours_is_confessed_without_a_traceback(tmp_path, passing):
    plugin = tmp_path / "broken.py"
    plugin.write_text(
        "from infra_grader.plugin import Context, Outcome, Params, check\n"
        "class Nothing(Params): pass\n"
        "@check('broken.check')\n"
        "def fail(context: Context, params: Nothing) -> Outcome:\n"
        "    '''Breaks.'''\n"
        "    return 1 / 0\n"
    )
    text = SIMPLE.replace("uses: file.exists, with: {paths: [README.md]}", "uses: broken.check")
    rubric = write_rubric(tmp_path, text, "broken.yaml")
    ended = run("grade", passing, "--rubric", rubric, "--plugin", plugin, folder=tmp_path)
    assert ended.code == 3
    assert "ZeroDivisionError" not in ended.out + ended.err
    loud = run("grade", passing, "--rubric", rubric, "--plugin", plugin, "-v", folder=tmp_path)
    assert "ZeroDivisionError" in loud.err


def test_a_file_that_is_no_rubric_is_refused(tmp_path, passing):
    broken = write_rubric(tmp_path, "- " * 60_000, "deep.yaml")
    ended = run("grade", passing, "--rubric", broken, folder=tmp_path)
    assert ended.code == 2
    assert "deep" in ended.err


def test_help_names_every_command_and_every_exit_code(tmp_path):
    ended = run("--help", folder=tmp_path)
    assert ended.code == 0
    for word in ("grade", "validate", "rubric", "exercise", "checks", "doctor", "rescore", "report", "130"):
        assert word in ended.out


def test_no_command_is_wrong_use(tmp_path):
    ended = run(folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "usage" in ended.err


def test_the_version_is_printed(tmp_path):
    assert run("--version", folder=tmp_path).out.startswith("infra-grader 0.")


@pytest.mark.parametrize("shell", ["bash", "zsh", "tcsh"])
def test_completion_is_printed(tmp_path, shell):
    ended = run("--print-completion", shell, folder=tmp_path)
    assert ended.code == 0, ended.err
    assert "rescore" in ended.out


def test_a_bundled_rubric_may_be_installed_inside_the_submission(tmp_path):
    checkout = Path(infra_grader.__file__).parents[2]
    refuse_inside("exercise-01-overview", checkout)
    with pytest.raises(UsageError, match=r"the plugin .* lies inside"):
        refuse_inside("exercise-01-overview", tmp_path, [tmp_path / "plugin.py"])


def test_a_reader_that_goes_away_costs_no_report_file(tmp_path, rubric, passing):
    command = [sys.executable, "-P", "-m", "infra_grader", "grade", str(passing), "--rubric", str(rubric)]
    read, write = os.pipe()
    os.close(read)
    names = [part for name in ("json", "html", "junit") for part in ("--report", f"{name}=r.{name}")]
    ended = subprocess.run(
        [*command, "--report", "terminal", *names],
        cwd=tmp_path,
        stdout=write,
        stderr=write,
        env=environment(tmp_path),
        check=False,
    )
    os.close(write)
    assert ended.returncode == 0
    assert len(list(tmp_path.glob("r.*"))) == 3


def test_evidence_is_named_relative_to_the_submission(tmp_path):
    work = write_submission(tmp_path)
    (work / "projects/p1").mkdir(parents=True)
    (work / "projects/p1/notes.md").write_text("")
    text = SIMPLE.replace("criteria:", "submission: {roots: [., projects/p1]}\ncriteria:")
    ended = run("grade", work, "--rubric", write_rubric(tmp_path, text), "--report", "json", folder=tmp_path)
    checks = json.loads(ended.out)["criteria"][0]["checks"]
    assert checks[1]["evidence"][0]["path"] == "projects/p1/notes.md"


SHELL = f'"{sys.executable}" -P -m infra_grader'


@pytest.mark.parametrize(
    ("command", "code", "said"),
    [
        ("checks > /dev/full", 4, "could not be written: No space left"),
        ("rubric schema > /dev/full", 4, "could not be written: No space left"),
        ("grade ada --rubric rubrics/simple.yaml >&-", 0, ""),
        ("grade ada --rubric rubrics/simple.yaml <&- >&- 2>&-", 0, ""),
        ("validate 1 ada >&-", 1, ""),
        ("grade nowhere --rubric rubrics/simple.yaml 2>&-", 2, ""),
        ("grade nowhere --rubric rubrics/simple.yaml 2>/dev/full", 2, ""),
    ],
)
def test_streams_that_are_full_or_closed(tmp_path, rubric, passing, command, code, said):
    ended = subprocess.run(
        ["sh", "-c", f"{SHELL} {command}"],
        cwd=tmp_path,
        env=environment(tmp_path),
        capture_output=True,
        check=False,
        text=True,
    )
    assert (ended.returncode, ended.stdout) == (code, "")
    assert said in ended.stderr if said else ended.stderr == ""
    assert "Traceback" not in ended.stderr


@pytest.mark.parametrize("arguments", ["--rubric {rubric}", "{work} --rubric {rubric} --report json=r.json"])
def test_a_current_folder_that_is_gone(tmp_path, rubric, passing, arguments):
    gone = tmp_path / "gone"
    gone.mkdir()
    command = f"rmdir '{gone}'; {SHELL} grade {arguments.format(work=passing, rubric=rubric)}"
    ended = subprocess.run(
        ["sh", "-c", command], cwd=gone, env=environment(tmp_path), capture_output=True, check=False, text=True
    )
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "infra-grader: the current folder is gone. Change to one that is there.\n"


@pytest.mark.parametrize("variable", ["XDG_CACHE_HOME", "HOME"])
def test_a_cache_without_an_absolute_place_is_not_made(tmp_path, rubric, passing, variable):
    more = {"XDG_CACHE_HOME": ""} | {variable: "here"}
    assert run("grade", "--rubric", rubric, folder=passing, **more).code == 0
    assert sorted(os.listdir(passing)) == ["README.md", "notes.md"]


@pytest.mark.parametrize("columns", ["\N{SUPERSCRIPT TWO}", "9" * 5000, "-1", "0", ""])
def test_odd_widths_are_passed_over(tmp_path, rubric, passing, columns):
    assert run("grade", passing, "--rubric", rubric, folder=tmp_path, COLUMNS=columns).code == 0


@pytest.mark.parametrize(("terminal", "shows"), [("xterm", True), ("dumb", False)])
def test_progress_is_shown_where_a_terminal_can_wipe_it(tmp_path, rubric, passing, terminal, shows):
    master, slave = os.openpty()
    command = [sys.executable, "-P", "-m", "infra_grader", "grade", str(passing), "--rubric", str(rubric)]
    ended = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=slave, env=environment(tmp_path, TERM=terminal), check=False
    )
    os.write(slave, b"end")
    shown = b""
    while not shown.endswith(b"end"):
        shown += os.read(master, 10_000)
    os.close(slave)
    os.close(master)
    assert ended.returncode == 0
    assert (b"2 of 2" in shown) == shows
    assert shown.endswith(b"\r\x1b[Kend") if shows else shown == b"end"


SLOW = """
import time
from infra_grader.cli import grading_progress
from infra_grader.plugin import Context, Outcome, Params, check
grading_progress.SLOW_S, grading_progress.AGAIN_S, grading_progress.LOOK_S = 0.6, 1.2, 0.05
class Nothing(Params): pass
@check("slow.build", capabilities=("command",))
def build(context: Context, params: Nothing) -> Outcome:
    '''Tells what it is at.'''
    for step in range(20):
        context.tell(f"step {step + 1}")
        time.sleep(0.1)
    context.tell("the last step: \x1b[31m\\n::error::forged" + "x" * 1000)
    time.sleep(2)
    return Outcome.passed("It is built.")
@check("slow.quiet", capabilities=("command",))
def quiet(context: Context, params: Nothing) -> Outcome:
    '''Tells nothing.'''
    time.sleep(1.5)
    return Outcome.passed("It is done.")
"""


@pytest.mark.parametrize("variables", [{}, {"NO_COLOR": "1"}, {"TERM": "xterm-256color"}])
def test_without_a_terminal_plain_lines_tell_of_what_takes_long(tmp_path, passing, variables):
    (tmp_path / "slow.py").write_text(SLOW, encoding="utf-8")
    text = SIMPLE.replace("uses: file.exists, with: {paths: [README.md]}", "uses: slow.build")
    rubric = write_rubric(tmp_path, text.replace("uses: file.exists, with: {paths: [notes.md]}", "uses: slow.quiet"))
    command = ("grade", passing, "--rubric", rubric, "--plugin", "slow.py")
    ended = run(*command, "--report", "json", folder=tmp_path, **variables)
    assert json.loads(ended.out)["score"]["earned"] == 10
    lines = ended.err.splitlines()
    assert all(len(line) <= 200 and line.isprintable() for line in lines)
    told = [line.removeprefix("infra-grader: ").partition(", ") for line in lines]
    steps = [text.partition(": ")[2] for name, _, text in told if name == "readme"]
    begun = [step for step in steps if step.startswith("step ")]
    assert 1 <= len(begun) <= 4, "of many quick steps, only now and then one"
    last = [step for step in steps if step.startswith("the last step: \\x1b[31m")]
    assert 1 <= len(last) <= 3, "one line for it, and more while it goes on"
    assert steps == begun + last
    assert {text.partition(": ")[2] for name, _, text in told if name == "notes"} == {"running"}
    assert {name for name, _, _ in told} == {"readme", "notes"}


def test_nothing_is_told_where_nothing_takes_long(tmp_path, passing):
    (tmp_path / "quick.py").write_text(SLOW.replace("= 0.6, 1.2, 0.05", "= 30, 60, 0.05"), encoding="utf-8")
    text = SIMPLE.replace("uses: file.exists, with: {paths: [README.md]}", "uses: slow.quiet")
    command = ("grade", passing, "--rubric", write_rubric(tmp_path, text), "--plugin", "quick.py")
    assert run(*command, folder=tmp_path).err == ""


LONG = "a" * 5000


@pytest.mark.parametrize(
    "arguments",
    [
        ["validate", LONG],
        ["validate", "9" * 5000],
        ["grade", LONG, "--rubric", "rubrics/simple.yaml"],
        ["grade", "ada", "--rubric", LONG],
        ["grade", "ada", "--rubric", f"{LONG}.yaml"],
        ["grade", "ada", "--rubric", "rubrics/simple.yaml", "--plugin", f"{LONG}.py"],
        ["grade", "ada", "--rubric", "rubrics/simple.yaml", "--report", LONG],
        ["checks", f"file.{LONG}"],
        ["rubric", "test", "rubrics/simple.yaml", "--proof", LONG],
        ["rubric", "fingerprint", LONG],
    ],
)
def test_names_that_are_too_long_are_wrong_use(tmp_path, rubric, passing, arguments):
    ended = run(*arguments, folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert ended.err.startswith("infra-grader: ")


def test_a_check_kind_with_a_name_that_is_too_long_is_unknown(tmp_path, passing):
    rubric = write_rubric(tmp_path, SIMPLE.replace("uses: file.exists", f"uses: file.{LONG}", 1))
    ended = run("grade", passing, "--rubric", rubric, folder=tmp_path)
    assert (ended.code, "no check kind is called" in ended.err) == (2, True)


def test_a_report_that_refuses_costs_no_other_and_exits_4(tmp_path, passing):
    beside = write_rubric(tmp_path, SIMPLE.replace("weight: 2", "weight: 0"))
    reports = ("--report", "gradescope=results.json", "--report", "classroom", "--report", "json=r.json")
    ended = run("grade", passing, "--rubric", beside, "--only", "notes", *reports, folder=tmp_path)
    assert ended.code == 4, ended.err
    assert ended.out == ""
    assert not (tmp_path / "results.json").exists()
    assert json.loads((tmp_path / "r.json").read_text())["score"]["passed"] is None
    lines = ended.err.splitlines()
    assert lines[0] == "json report: r.json"
    assert [line.partition(": nothing was assessed")[0] for line in lines[1:]] == [
        "infra-grader: no gradescope report",
        "infra-grader: no classroom report",
    ]


def test_a_runner_tells_by_variables_who_handed_in(tmp_path, rubric, passing):
    command = ("grade", passing, "--rubric", rubric, "--report", "classroom50")
    refused = run(*command, folder=tmp_path)
    assert refused.code == 4
    assert "CLASSROOM, ASSIGNMENT, OWNER or USERNAME, SUBMISSION_TAG" in refused.err
    told = {"CLASSROOM": "c", "ASSIGNMENT": "a", "OWNER": "o", "SUBMISSION_TAG": "submit/1"}
    urls = {f"{name}_URL": f"https://git.example.org/{name}" for name in ("COMMIT", "RELEASE", "REVIEW")}
    ended = run(*command, folder=tmp_path, **told, **urls, COMMIT_TIME="2026-01-31T09:00:00Z")
    assert ended.code == 0, ended.err
    assert (json.loads(ended.out)["score"], json.loads(ended.out)["max-score"]) == (1000, 1000)
