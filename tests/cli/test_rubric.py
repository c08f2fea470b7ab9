import json
import shutil

import pytest
from command_line import SIMPLE, run, write_rubric


@pytest.fixture
def proven(tmp_path):
    """A rubric with a proof that holds: a solution, a starter and a flaw for every check."""
    rubric = write_rubric(tmp_path)
    proof = tmp_path / "proof"
    for place, files in {
        "solution": {"README.md": "Hello\n", "notes.md": "Notes\n"},
        "starter": {"other.txt": "x"},
        "flawed/no-readme": {"expect.yaml": "loses: [readme]\nremoved: [README.md]\n"},
        "flawed/empty-notes": {"expect.yaml": "loses: [notes]\n", "notes.md": ""},
    }.items():
        (proof / place).mkdir(parents=True)
        for name, text in files.items():
            (proof / place / name).write_text(text)
    return rubric, proof


def test_a_proof_that_holds_exits_0(tmp_path, proven):
    rubric, proof = proven
    ended = run("rubric", "test", rubric, "--proof", proof, folder=tmp_path)
    assert ended.code == 0, ended.out
    assert "every proof holds" in ended.out
    assert ended.out.count("ok ") == 4


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda proof: (proof / "solution/notes.md").unlink(), "notes does not pass"),
        (lambda proof: (proof / "starter/README.md").write_text("x"), "readme earns 1 of its points"),
        (lambda proof: (proof / "flawed/empty-notes/notes.md").write_text("still here"), "notes loses nothing"),
        (lambda proof: (proof / "flawed/empty-notes/README.md").write_text(""), "readme is lost unexpectedly"),
        (lambda proof: shutil.rmtree(proof / "flawed/empty-notes"), "no flaw loses notes"),
        (
            lambda proof: (proof / "flawed/no-readme/expect.yaml").write_text("loses: [reedme]\nremoved: [README.md]"),
            "no check of the rubric",
        ),
    ],
)
def test_a_proof_that_does_not_hold_exits_1_and_says_where(tmp_path, proven, change, said):
    rubric, proof = proven
    change(proof)
    ended = run("rubric", "test", rubric, "--proof", proof, folder=tmp_path)
    assert ended.code == 1, ended.out
    assert said in ended.out


OPEN_KIND = """
from infra_grader.plugin import Context, NotAssessed, Outcome, Params, check


@check("course.open")
def ask(_context: Context, _params: Params) -> Outcome:
    \"\"\"A thing holds that no machine can tell.\"\"\"
    raise NotAssessed("no such machine")
"""


def test_what_this_machine_cannot_assess_is_said_and_costs_no_proof(tmp_path, proven):
    rubric, proof = proven
    (tmp_path / "open_kind.py").write_text(OPEN_KIND)
    rubric.write_text(rubric.read_text().replace("    checks:\n", f"    checks:\n{OPEN_CHECK}", 1))
    (proof / "flawed/empty-notes/expect.yaml").write_text("loses: [notes, unseen]\n")
    ended = run("rubric", "test", rubric, "--proof", proof, "--plugin", "open_kind.py", folder=tmp_path)
    assert ended.code == 0, ended.out + ended.err
    assert "not assessed here, and so not proven: unseen" in ended.out
    (line,) = [line for line in ended.out.splitlines() if line.endswith("not proven here: unseen: no such machine")]
    before = ended.out.splitlines()[ended.out.splitlines().index(line) - 1]
    assert before.startswith("open ")
    assert "flawed/empty-notes" in before
    assert "1 flaw not proven in full" in ended.out
    assert "every proof holds" not in ended.out


OPEN_CHECK = "      - {id: unseen, title: Holds, uses: course.open}\n"
OUTSIDE = [f"loses: [readme]\nremoved: ['{path}']" for path in ("/", "..", "../x", "/tmp/x", ".", "", "a/../..")]


@pytest.mark.parametrize(
    "text", ["loses: readme", "looses: [readme]", "- a", "loses: [readme]\nremoved: [nothing.md]", "", *OUTSIDE]
)
def test_an_expectation_that_cannot_be_read_exits_2(tmp_path, proven, text):
    rubric, proof = proven
    (proof / "flawed/no-readme/expect.yaml").write_text(text)
    ended = run("rubric", "test", rubric, "--proof", proof, folder=tmp_path)
    assert ended.code == 2
    assert "expect.yaml" in ended.err
    assert "Traceback" not in ended.err


def test_a_new_rubric_passes_lint_and_is_never_overwritten(tmp_path):
    assert run("rubric", "new", "my-rubric.yaml", folder=tmp_path).code == 0
    lint = run("rubric", "lint", "./my-rubric.yaml", folder=tmp_path)
    assert (lint.code, "no faults" in lint.out) == (0, True), lint.out + lint.err
    again = run("rubric", "new", "my-rubric.yaml", folder=tmp_path)
    assert (again.code, "is there already" in again.err) == (2, True)


def test_lint_names_what_is_unwise_with_its_line(tmp_path):
    text = SIMPLE.replace("hint: Write one.}", 'hint: Write one., award: {"<= 0": 1}}').replace(
        "file.exists, with: {paths: [README.md]}", "file.count, with: {paths: ['*'], max: 3}"
    )
    text = text.replace("tags: [extra]", "tags: [extra], needs: [readme]")
    ended = run("rubric", "lint", write_rubric(tmp_path, text), folder=tmp_path)
    assert ended.code == 1, ended.out + ended.err
    assert "simple.yaml:" in ended.out


def test_the_schema_is_a_json_schema(tmp_path):
    jsonschema = pytest.importorskip("jsonschema")
    ended = run("rubric", "schema", folder=tmp_path)
    schema = json.loads(ended.out)
    jsonschema.Draft202012Validator.check_schema(schema)
    assert schema["$schema"] == "https://json-schema.org/draft/2020-12/schema"


def test_show_and_docs_and_list(tmp_path):
    rubric = write_rubric(tmp_path)
    assert "readme" in run("rubric", "show", rubric, folder=tmp_path).out
    docs = run("rubric", "docs", rubric, folder=tmp_path).out
    assert docs.startswith("# A simple rubric")
    assert "| 6 | A README | Write one. |" in docs
    listed = run("rubric", "list", folder=tmp_path)
    assert "exercise-01-overview" in listed.out


def test_show_and_docs_say_what_late_work_costs(tmp_path):
    text = SIMPLE.replace("pass_mark: 6", "pass_mark: 6\nlate: {grace: 1h30m, per_day: 10%, cap: 50%}")
    rubric = write_rubric(tmp_path, text)
    said = "Each day begun after the deadline costs 10 % of the points earned, 50 % at most."
    said += " Up to 1h30m late costs nothing."
    docs = run("rubric", "docs", rubric, folder=tmp_path).out
    assert f"## Late work\n\n{said}" in docs
    assert f"Late work: {said}" in run("rubric", "show", rubric, folder=tmp_path).out
    hourly = write_rubric(tmp_path, SIMPLE.replace("pass_mark: 6", "pass_mark: 6\nlate: {per_hour: 1%, of: points}"))
    said = "Each hour begun after the deadline costs 1 % of the points of this rubric."
    assert said in run("rubric", "docs", hourly, folder=tmp_path).out


def test_fingerprints_are_those_of_git(tmp_path):
    (tmp_path / "starter").mkdir()
    (tmp_path / "starter/a.txt").write_text("hello\n")
    ended = run("rubric", "fingerprint", "starter", folder=tmp_path)
    assert ended.out == "ce013625030ba8dba906f756967f9e9ca394464a a.txt\n"
    assert run("rubric", "fingerprint", "nowhere", folder=tmp_path).code == 2


def test_hidden_checks_are_not_told_to_learners(tmp_path):
    text = SIMPLE.replace("tags: [extra]", "visibility: hidden")
    ended = run("rubric", "docs", write_rubric(tmp_path, text), folder=tmp_path)
    assert "Notes are there" not in ended.out
    assert "1 more checks, not shown" in ended.out
