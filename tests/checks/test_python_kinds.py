"""What the cases cannot say: tools that are missing, runs that are shared, names and bytes that are odd."""

from __future__ import annotations

import os

import pytest

from infra_grader.capabilities.command import Command
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.workspace import Workspace
from infra_grader.checks.python import lint as lint_kind
from infra_grader.checks.python import types as types_kind
from infra_grader.engine.ask import Session, ask
from infra_grader.engine.openers import OPENERS
from infra_grader.model.outcome import NotAssessed
from infra_grader.model.rubric import CheckSpec
from infra_grader.testing import run_check

WORK = "import os\n\n\ndef here() -> str:\n    return os.getcwd()\n"

KINDS = {
    "python.parses": {},
    "python.lint": {},
    "python.types": {},
    "python.docstrings": {},
    "python.annotations": {},
    "python.complexity": {},
    "python.size": {},
    "python.defines": {"names": [{"function": "main"}]},
    "python.uses": {"imports": ["os"]},
    "python.routes": {"routes": ["GET /health"]},
    "python.environment": {"variables": {"PORT": None}},
    "python.assertions": {},
    "python.error_handling": {},
    "python.secrets": {},
}

HOSTILE = {
    "nothing at all": {},
    "an empty file": {"a.py": b""},
    "an empty package": {"src/__init__.py": b"\n"},
    "bytes that are no text": {"a.py": b"x = '\xff\xfe\xff'\n"},
    "NUL bytes": {"a.py": b"x = 1\0\n"},
    "deep brackets": {"a.py": b"x = " + b"[" * 5000 + b"]" * 5000},
    "deep blocks": {"a.py": b"\n".join(b" " * depth + b"if x:" for depth in range(300))},
    "a long sum": {"a.py": b"x = " + b"1+" * 20000 + b"1\n"},
    "many elifs": {"a.py": b"if x: pass\n" + b"elif x: pass\n" * 5000},
    "a number without end": {"a.py": b"x = " + b"9" * 100000},
}


@pytest.mark.parametrize("files", HOSTILE.values(), ids=HOSTILE.keys())
@pytest.mark.parametrize("kind", KINDS)
def test_what_holds_no_work_fails_and_never_breaks_a_kind(kind, files, tmp_path):
    for name, content in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(content)
    outcome = run_check(kind, KINDS[kind], tmp_path)
    assert outcome.status == "failed", outcome
    assert outcome.evidence
    assert outcome.fraction == 0


@pytest.mark.parametrize("kind", KINDS)
def test_the_untouched_starter_earns_nothing(kind, tmp_path):
    starter, work = tmp_path / "starter", tmp_path / "work"
    for folder in (starter, work):
        folder.mkdir()
        (folder / "main.py").write_text(WORK)
    assert run_check(kind, KINDS[kind], work, starter=starter).status == "failed"


@pytest.mark.parametrize("kind", ["python.lint", "python.types"])
def test_names_that_are_no_utf8_are_read(kind, tmp_path):
    place = os.path.join(os.fsencode(tmp_path), b"caf\xe9.py")
    try:
        with open(place, "wb") as file:
            file.write(WORK.encode())
    except OSError:  # a file system that wants UTF-8
        return
    assert run_check(kind, {}, tmp_path).status == "passed"


@pytest.mark.parametrize(("kind", "module"), [("python.lint", lint_kind), ("python.types", types_kind)])
def test_a_tool_that_is_missing_says_how_to_install_it(kind, module, tmp_path, monkeypatch):
    def find_tool(self, name, remedy):
        raise NotAssessed(f"{name} is not installed.", remedy)

    monkeypatch.setattr(Command, "find_tool", find_tool)
    (tmp_path / "a.py").write_text(WORK)
    outcome = run_check(kind, {}, tmp_path)
    assert outcome.status == "not_assessed"
    assert "pip install 'infra-grader[python]'" in outcome.remedy


@pytest.mark.parametrize(("kind", "verdicts"), [(lint_kind.lint, "max_problems"), (types_kind.types, "max_errors")])
def test_checks_of_the_same_paths_share_one_run(kind, verdicts, tmp_path, monkeypatch):
    runs = []
    run = Command.run
    monkeypatch.setattr(Command, "run", lambda self, *args, **named: (runs.append(args), run(self, *args, **named))[1])
    (tmp_path / "a.py").write_text("import json\n\nx: int = str(open('a').read())\n")
    found = kind.__infra_grader_kind__
    session = Session(
        workspace=Workspace(tmp_path),
        rubric_folder=tmp_path,
        find_kind=lambda _name: found,
        openers=OPENERS,
    )
    with session:
        outcomes = [
            ask(
                CheckSpec(id=f"c{limit}", title="A check", uses=found.name, params=found.params(**{verdicts: limit})),
                found,
                session,
                Deadline(60),
            )
            for limit in (0, 1)
        ]
    assert [outcome.status for outcome in outcomes] == ["failed", "passed"]
    assert len(runs) == 1


def test_a_link_that_leads_out_is_no_work(tmp_path):
    (tmp_path / "out.py").write_text(WORK)
    work = tmp_path / "work"
    work.mkdir()
    (work / "a.py").symlink_to(tmp_path / "out.py")
    outcome = run_check("python.parses", {}, work)
    assert outcome.status == "failed"
    assert "getcwd" not in str(outcome)


def test_rules_that_ruff_does_not_know_are_the_rubrics_fault(tmp_path):
    (tmp_path / "a.py").write_text(WORK)
    outcome = run_check("python.lint", {"select": ["NOPE"]}, tmp_path)
    assert outcome.status == "not_assessed"
    assert "NOPE" in outcome.message


def test_secrets_are_never_shown(tmp_path):
    (tmp_path / "a.py").write_text('password = "Xk29-quite-secret"\npin_token = "abc12"\n')
    outcome = run_check("python.secrets", {}, tmp_path)
    assert outcome.measure.value == 2
    assert "quite-secret" not in str(outcome)
    assert "abc12" not in str(outcome)


@pytest.mark.parametrize(
    "parameters",
    [
        {"names": [{}]},
        {"names": [{"class": "A", "function": "b"}]},
        {"names": [{"function": "b", "methods": ["x"]}]},
        {"names": [{"class": "A", "parameters": ["x"]}]},
        {"names": []},
    ],
)
def test_parameters_that_ask_for_nothing_are_refused(parameters, tmp_path):
    with pytest.raises(Exception, match=r".") as refused:
        run_check("python.defines", parameters, tmp_path)
    assert type(refused.value).__name__ == "ValidationError"
