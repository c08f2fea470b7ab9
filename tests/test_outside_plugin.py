"""The example of an outside plugin in docs/examples/, installed and used; and plugins that break the contract."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from infra_grader.engine.registry import Registry

ROOT = Path(__file__).parents[1]
EXAMPLE = ROOT / "docs" / "examples" / "infra-grader-course"
PLUGIN = EXAMPLE / "infra_grader_course.py"
ENTRY = "## 2026-01-{day:02}\n\n{words}\n\n"
RUBRIC = """\
schema: infra-grader/rubric/v1
id: plain
version: 1
title: Plain
track: course
points: 10
pass_mark: 5
criteria:
  - id: all
    title: All
    points: 10
    checks: [{id: there, title: The journal is there, uses: file.exists, with: {path: JOURNAL.md}}]
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder that the plugin is installed in, to put on the path of Python."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--no-deps", "--no-index", "--no-build-isolation", "--quiet", "--target", target]
    command = [sys.executable, "-m", "pip", "install", *map(str, options), str(EXAMPLE)]
    outcome = subprocess.run(command, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stderr
    return target


@pytest.fixture
def submission(tmp_path: Path) -> Path:
    """Return a submission with a journal of four full entries."""
    folder = tmp_path / "submission"
    folder.mkdir()
    entries = [ENTRY.format(day=day, words=" ".join(f"word{day}{n}" for n in range(25))) for day in (1, 2, 3, 4)]
    (folder / "JOURNAL.md").write_text("".join(entries), encoding="utf-8")
    return folder


@pytest.fixture
def rubric(tmp_path: Path) -> Path:
    """Return a rubric that names no plugin."""
    file = tmp_path / "plain.yaml"
    file.write_text(RUBRIC, encoding="utf-8")
    return file


def infra_grader(
    *arguments: object, path: Path | None = None, due: str = "", home: Path | None = None
) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONUTF8": "1", "COURSE_DUE": due}
    environment |= {"PYTHONPATH": str(path)} if path else {}
    command = [sys.executable, "-P", "-m", "infra_grader", *map(str, arguments)]
    return subprocess.run(
        command, cwd=home, env=environment, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


def result_of(outcome: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    assert outcome.returncode in (0, 1), outcome.stderr
    result: dict[str, Any] = json.loads(outcome.stdout)
    return result


def test_its_own_tests_pass(installed: Path, tmp_path: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", str(EXAMPLE / "tests")]
    environment = {**os.environ, "PYTHONPATH": str(installed)}
    outcome = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)
    assert outcome.returncode == 0, outcome.stdout


def test_rubric_uses_the_installed_check_kind(installed: Path, submission: Path) -> None:
    result = result_of(
        infra_grader("grade", submission, "--rubric", EXAMPLE / "rubric.yaml", "--report", "json", path=installed)
    )
    [check] = result["criteria"][0]["checks"]
    assert (check["uses"], check["measure"]["value"], check["measure"]["unit"]) == ("course.journal", 4, "entries")
    assert (check["own_fraction"], check["fraction"], check["earned"]) == ("4/5", "3/5", 6)
    assert [evidence.get("line") for evidence in check["evidence"]] == [None, 1, 5, 9, 13]
    assert result["score"]["passed"] is True


def test_installed_check_kind_is_in_the_reference_and_the_schema(installed: Path) -> None:
    assert "course.journal" in infra_grader("checks", path=installed).stdout
    page = infra_grader("checks", "course.journal", path=installed).stdout
    assert "A learning journal has enough dated entries" in page
    assert "Words that an entry has at least." in page
    schema = infra_grader("rubric", "schema", path=installed).stdout
    assert "course.journal" in schema
    assert "course.journal" not in infra_grader("rubric", "schema").stdout


def test_rubric_with_a_wrong_parameter_for_it_is_refused_with_its_line(
    installed: Path, submission: Path, tmp_path: Path
) -> None:
    text = (EXAMPLE / "rubric.yaml").read_text(encoding="utf-8").replace("{path: JOURNAL.md}", "{path: J.md, word: 3}")
    (tmp_path / "wrong.yaml").write_text(text, encoding="utf-8")
    outcome = infra_grader("grade", submission, "--rubric", tmp_path / "wrong.yaml", path=installed)
    assert outcome.returncode == 2
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if "word: 3" in line)
    assert f"wrong.yaml:{line}:" in outcome.stderr
    assert "words" in outcome.stderr


def test_installed_report_needs_no_naming(installed: Path, submission: Path, rubric: Path) -> None:
    outcome = infra_grader("grade", submission, "--rubric", rubric, "--report", "letter", path=installed)
    assert outcome.stdout == "Dear learner,\n\nPlain: you have 10.00 of 10.00 points.\n", outcome.stderr


def test_observer_runs_where_the_rubric_names_it(installed: Path, submission: Path, rubric: Path) -> None:
    named = infra_grader("grade", submission, "-v", "--rubric", EXAMPLE / "rubric.yaml", path=installed)
    assert "entries partial, 1 seen so far" in named.stderr
    plain = infra_grader("grade", submission, "-v", "--rubric", rubric, path=installed)
    assert "seen so far" not in plain.stderr


def test_adjuster_runs_where_the_rubric_names_it(installed: Path, submission: Path, rubric: Path) -> None:
    command = ["grade", submission, "--report", "json", "--rubric"]
    late = infra_grader(*command, EXAMPLE / "rubric.yaml", path=installed, due="2001-01-01T00:00:00+00:00")
    result = result_of(late)
    assert (late.returncode, result["score"]["earned"], result["score"]["passed"]) == (1, 0, False)
    [penalty] = result["penalties"]
    assert (penalty["id"], penalty["lost"]) == ("late", 10)
    unnamed = infra_grader(*command, rubric, path=installed, due="2001-01-01T00:00:00+00:00")
    assert result_of(unnamed)["score"]["earned"] == 10


def test_plugin_file_serves_without_installation(submission: Path, tmp_path: Path) -> None:
    text = (EXAMPLE / "rubric.yaml").read_text(encoding="utf-8").replace("plugins: [course]\n", "")
    (tmp_path / "journal.yaml").write_text(text, encoding="utf-8")
    command = ["grade", submission, "--rubric", tmp_path / "journal.yaml", "--plugin", PLUGIN, "--report", "json"]
    outcome = infra_grader(*command, due="2001-01-01T00:00:00+00:00")
    result = result_of(outcome)
    assert result["criteria"][0]["checks"][0]["measure"]["value"] == 4
    assert [penalty["id"] for penalty in result["penalties"]] == ["late"]


def test_check_kind_that_is_not_installed_is_named(submission: Path) -> None:
    outcome = infra_grader("grade", submission, "--rubric", EXAMPLE / "rubric.yaml")
    assert outcome.returncode == 2
    assert "course.journal" in outcome.stderr
    assert "Traceback" not in outcome.stderr


HEAD = "from infra_grader.plugin import Context, Outcome, Params, check, hookimpl\nclass P(Params):\n    x: int = 1\n"
KIND = 'def ask(context: Context, params: P) -> Outcome:\n    """Asks."""\n'
FAULTY = {
    "a hook with an argument that is not there": "@hookimpl\ndef infra_grader_observe_outcome(checks): ...\n",
    "a hook that is not there": "@hookimpl\ndef infra_grader_observe_nothing(): ...\n",
    "a kind without a docstring": "@check('a.b')\ndef ask(context: Context, params: P) -> Outcome: ...\n",
    "a kind without a family": f"@check('ab')\n{KIND}",
    "a kind without parameters": '@check("a.b")\ndef ask(context: Context) -> Outcome:\n    """Asks."""\n',
    "a kind without a parameter model": '@check("a.b")\ndef ask(context: Context, params: dict):\n    """Asks."""\n',
    "a kind with an annotation that is not there": '@check("a.b")\ndef ask(context, params: Q):\n    """Asks."""\n',
    "a kind with an unknown capability": f"@check('a.b', capabilities=('telepathy',))\n{KIND}",
    "two kinds of one name": f"@check('a.b')\n{KIND}\nfirst = ask\n@check('a.b')\n{KIND}",
    "a kind without a name": f"@check\n{KIND}",
    "a kind that is asked by keywords": KIND.replace("def ask(", '@check("a.b")\ndef ask(*, '),
    "a kind that is a coroutine": f"@check('a.b')\nasync {KIND}",
    "a kind that is a generator": f"@check('a.b')\n{KIND}    yield\n",
    "a kind that is a class": '@check("a.b")\nclass Ask:\n    """Asks."""\n    def __init__(self, c, params: P): ...\n',
    "a kind whose model names what is not there": (
        'class Q(Params):\n    x: "Absent" = 1\n@check("a.b")\ndef ask(context, params: Q):\n    """Asks."""\n'
    ),
    "a kind whose model holds what YAML cannot": (
        'class Q(Params):\n    x: Context\n@check("a.b")\ndef ask(context, params: Q):\n    """Asks."""\n'
    ),
    "the name of a kind that is built in": f"@check('file.exists')\n{KIND}",
    "the name of a format that is built in": (
        "from infra_grader.plugin import ReportFormat\n@hookimpl\ndef infra_grader_report_formats():\n"
        "    return [ReportFormat(name='json', is_machine=True, render=str)]\n"
    ),
    "formats that are none": "@hookimpl\ndef infra_grader_report_formats():\n    return ['mine']\n",
    "sandboxes that cannot be had": "@hookimpl\ndef infra_grader_sandboxes():\n    return 1 / 0\n",
    "formats that cannot be had": "@hookimpl\ndef infra_grader_report_formats():\n    return 1 / 0\n",
    "an import that fails": "import no_such_module_anywhere\n",
    "a syntax error": "def (:\n",
    "an error at import": "1 / 0\n",
    "an exit at import": "raise SystemExit(0)\n",
}


@pytest.mark.parametrize("text", FAULTY.values(), ids=FAULTY.keys())
def test_faulty_plugin_is_named_and_refused(text: str, submission: Path, rubric: Path, tmp_path: Path) -> None:
    (tmp_path / "faulty_plugin.py").write_text(HEAD + text, encoding="utf-8")
    outcome = infra_grader("grade", submission, "--rubric", rubric, "--plugin", tmp_path / "faulty_plugin.py")
    assert (outcome.returncode, outcome.stdout) == (2, "")
    assert "faulty_plugin.py" in outcome.stderr
    assert "Traceback" not in outcome.stderr


def test_two_plugin_files_of_one_name_are_kept_apart(submission: Path, tmp_path: Path) -> None:
    kind = f"@check('NAME.ask')\n{KIND}    return Outcome.passed(P.__doc__)\n"
    options: list[object] = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "kinds.py").write_text(
            "from __future__ import annotations\n"
            + HEAD.replace("x: int", f'"""{name}"""\n    {name}: int')
            + kind.replace("NAME", name)
        )
        options += ["--plugin", tmp_path / name / "kinds.py"]
    checks = "[{id: a, uses: one.ask, with: {one: 2}}, {id: b, uses: two.ask, with: {two: 2}}]"
    (tmp_path / "two.yaml").write_text(RUBRIC[: RUBRIC.index("[{")] + checks + "\n")
    outcome = infra_grader("grade", submission, "--rubric", tmp_path / "two.yaml", "--report", "json", *options)
    assert [check["message"] for check in result_of(outcome)["criteria"][0]["checks"]] == ["one", "two"]


def test_plugin_file_that_is_not_there_is_named(submission: Path, rubric: Path, tmp_path: Path) -> None:
    outcome = infra_grader("grade", submission, "--rubric", rubric, "--plugin", tmp_path / "absent.py")
    assert outcome.returncode == 2
    assert "absent.py" in outcome.stderr


def test_plugin_of_the_submission_is_refused(submission: Path, rubric: Path) -> None:
    (submission / "plugin.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    outcome = infra_grader("grade", submission, "--rubric", rubric, "--plugin", submission / "plugin.py")
    assert outcome.returncode == 2
    assert "imported" not in outcome.stdout + outcome.stderr


@pytest.mark.parametrize(
    "text",
    [
        "@hookimpl\ndef infra_grader_observe_outcome(check, outcome):\n    raise ValueError('observer broke')\n",
        "@hookimpl\ndef infra_grader_adjust_scorecard(scorecard, rubric):\n    raise ValueError('adjuster broke')\n",
        "@hookimpl\ndef infra_grader_adjust_scorecard(scorecard, rubric):\n    return 'a scorecard'\n",
        "@hookimpl\ndef infra_grader_observe_outcome(check, outcome):\n    raise SystemExit(0)\n",
        "@hookimpl\ndef infra_grader_adjust_scorecard(scorecard, rubric):\n    raise SystemExit(0)\n",
        "print('loaded')\n@hookimpl\ndef infra_grader_observe_outcome(check, outcome):\n    print('seen')\n",
    ],
    ids=["observer", "adjuster", "odd adjuster", "observer that exits", "adjuster that exits", "one that prints"],
)
def test_plugin_that_breaks_while_grading_changes_nothing(
    text: str, submission: Path, rubric: Path, tmp_path: Path
) -> None:
    (tmp_path / "breaks.py").write_text(HEAD + text, encoding="utf-8")
    command = ["grade", submission, "--rubric", rubric, "--plugin", tmp_path / "breaks.py", "--report", "json"]
    assert result_of(infra_grader(*command))["score"]["earned"] == 10


ADJUSTS = """\
from decimal import Decimal


@hookimpl
def infra_grader_adjust_scorecard(scorecard, rubric):
    score = scorecard.score
    return scorecard.replace(score=score.replace(earned=Decimal({earned}), possible=Decimal({earned}), passed={passed}))
"""


@pytest.mark.parametrize(("earned", "passed"), [(12, True), (3, True), (10, True), (7, False)])
def test_a_record_that_a_plugin_adjusted_can_be_read(
    earned: int, passed: bool, submission: Path, rubric: Path, tmp_path: Path
) -> None:
    (tmp_path / "first.py").write_text(HEAD + ADJUSTS.format(earned=11, passed=True), encoding="utf-8")
    (tmp_path / "adjusts.py").write_text(HEAD + ADJUSTS.format(earned=earned, passed=passed), encoding="utf-8")
    record = tmp_path / "record.json"
    plugins = ["--plugin", tmp_path / "first.py", "--plugin", tmp_path / "adjusts.py"]
    graded = infra_grader("grade", submission, "--rubric", rubric, *plugins, "--report", f"json={record}")
    assert graded.returncode == (0 if passed else 1), graded.stderr
    result = result_of(infra_grader("report", record, "--report", "json"))
    assert (result["score"]["earned"], result["environment"]["adjusted_by"]) == (earned, "first.py, adjusts.py")
    assert "adjusted by the plugin first.py, adjusts.py" in infra_grader("report", record).stdout.replace("\n", " ")
    again = result_of(infra_grader("rescore", record, "--rubric", rubric, "--report", "json"))
    assert (again["score"]["earned"], "adjusted_by" in again["environment"]) == (10, False)


def test_a_plugin_that_adjusts_nothing_is_not_named(submission: Path, rubric: Path, tmp_path: Path) -> None:
    (tmp_path / "adjusts.py").write_text(HEAD + ADJUSTS.format(earned=10, passed=True), encoding="utf-8")
    command = ["grade", submission, "--rubric", rubric, "--plugin", tmp_path / "adjusts.py", "--report", "json"]
    assert "adjusted_by" not in result_of(infra_grader(*command))["environment"]


def test_installed_plugin_that_is_broken_does_not_disturb_rubrics_without_it(
    submission: Path, rubric: Path, tmp_path: Path
) -> None:
    metadata = tmp_path / "site" / "broken-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n", encoding="utf-8")
    (metadata / "entry_points.txt").write_text("[infra_grader]\nbroken = no_such_module\n", encoding="utf-8")
    outcome = infra_grader("grade", submission, "--rubric", rubric, path=metadata.parent)
    assert outcome.returncode == 0, outcome.stderr
    rubric.write_text(RUBRIC.replace("file.exists", "broken.check"), encoding="utf-8")
    named = infra_grader("grade", submission, "--rubric", rubric, path=metadata.parent)
    assert named.returncode == 2
    assert "broken" in named.stderr
    assert "Traceback" not in named.stderr
    for command in (["checks"], ["doctor"], ["rubric", "schema"]):
        listed = infra_grader(*command, path=metadata.parent)
        assert (listed.returncode, "plugin broken: it cannot be imported" in listed.stderr) == (0, True)
        assert "file.exists" in listed.stdout or command == ["doctor"]
    unknown = infra_grader("grade", submission, "--rubric", rubric, "--report", "odd", path=metadata.parent)
    assert unknown.stderr.startswith("infra-grader: no such report format: 'odd'.")


HOOKS = """\
from types import SimpleNamespace

from infra_grader.capabilities.sandbox import SandboxKind


def refuse(hidden):
    raise NotImplementedError


@hookimpl
def infra_grader_sandboxes():
    lacks = lambda: "it is closed today"
    return [SandboxKind(name="course-sandbox", summary="for tests", find_problem=lacks, open=refuse)]


@hookimpl
def infra_grader_executors():
    return [SimpleNamespace(name="course-executor")]


@hookimpl
def infra_grader_read_roster(path):
    return ["ada"] if path.suffix == ".course" else None
"""


def test_sandboxes_and_executors_of_a_plugin_are_listed(tmp_path: Path) -> None:
    (tmp_path / "more.py").write_text(HEAD + HOOKS, encoding="utf-8")
    outcome = infra_grader("doctor", "--plugin", tmp_path / "more.py")
    assert outcome.returncode == 0, outcome.stderr
    assert "course-sandbox cannot be used: it is closed today" in outcome.stdout
    assert "course-executor" in outcome.stdout


def test_roster_of_another_form_is_read_by_the_plugin_that_knows_it(tmp_path: Path) -> None:
    (tmp_path / "more.py").write_text(HEAD + HOOKS, encoding="utf-8")
    hook = Registry([tmp_path / "more.py"]).manager.hook
    assert hook.infra_grader_read_roster(path=Path("class.course")) == [["ada"]]
    assert hook.infra_grader_read_roster(path=Path("class.csv")) == []
