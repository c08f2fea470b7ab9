import os
import subprocess
import sys

import pytest
from command_line import environment, run


def test_all_kinds_are_listed_with_a_line_each(tmp_path):
    ended = run("checks", folder=tmp_path)
    assert ended.code == 0, ended.err
    lines = dict(line.split(maxsplit=1) for line in ended.out.splitlines())
    assert {"file.exists", "markdown.sections", "python.lint", "git.history", "manual.levels"} <= lines.keys()
    assert list(lines) == sorted(lines)


def test_a_family_can_be_listed(tmp_path):
    ended = run("checks", "git", folder=tmp_path)
    assert all(line.startswith("git.") for line in ended.out.splitlines())


@pytest.mark.parametrize("arguments", [["checks"], ["rubric", "schema"], ["rubric", "list"], ["--help"], ["--version"]])
@pytest.mark.parametrize("variables", [{}, {"PYTHONUNBUFFERED": "1"}], ids=["at once", "line by line"])
def test_a_reader_that_has_seen_enough_ends_a_list_without_a_word(tmp_path, arguments, variables):
    read, write = os.pipe()
    os.close(read)
    ended = subprocess.run(
        [sys.executable, "-P", "-m", "infra_grader", *arguments],
        stdout=write,
        stderr=subprocess.PIPE,
        env=environment(tmp_path, **variables),
        check=False,
    )
    os.close(write)
    # A parser that prints its help or version line by line does not care.
    assert ended.returncode == (0 if variables and arguments[0].startswith("--") else 141)
    assert ended.stderr == b""


def test_a_page_has_its_parameters(tmp_path):
    ended = run("checks", "file.exists", folder=tmp_path)
    assert ended.out.startswith("# file.exists")
    assert "| `paths` |" in ended.out


@pytest.mark.parametrize("name", ["file.nonsense", "nonsense", "../x.y", "FILE.EXISTS"])
def test_an_unknown_kind_is_refused(tmp_path, name):
    ended = run("checks", name, folder=tmp_path)
    assert (ended.code, ended.out) == (2, "")
    assert "no such check kind" in ended.err


def test_doctor_says_what_can_be_assessed(tmp_path):
    ended = run("doctor", folder=tmp_path)
    assert ended.code == 0, ended.err
    for word in ("dulwich", "ruff", "mypy", "detect_secrets", "exercise-01-overview", "sandbox", "Environments"):
        assert word in ended.out
    for word in ("promtool", "helm", "kustomize", "hadolint", "actionlint", "hcl2", "kubernetes_validate", "httpx"):
        assert word in ended.out


def test_doctor_knows_only_kinds_that_there_are():
    from infra_grader.cli.doctor_command import NEEDS
    from infra_grader.engine.registry import Registry

    kinds = set(Registry().kind_names())
    families = {kind.partition(".")[0] for kind in kinds}

    assert {need.family for need in NEEDS} <= families
    assert {f"{need.family}.{verb}" for need in NEEDS for verb in need.verbs} <= kinds


def test_doctor_counts_only_the_checks_that_lack_something(monkeypatch, capsys):
    from infra_grader.cli import doctor_command
    from infra_grader.engine.registry import Registry

    def points_without(*names):
        monkeypatch.setattr(doctor_command, "_is_there", lambda need: need.name not in names)
        return doctor_command._assessable(
            "project-04-monitoring-alerting", Registry(), frozenset({"command", "sandbox"})
        )

    assert points_without("promtool") == points_without() != points_without("promql_parser")


def test_doctor_says_why_there_are_no_live_checks(monkeypatch, capsys):
    from infra_grader.cli.main import main

    monkeypatch.setenv("DOCKER_HOST", "unix:///no/such.sock")
    assert main(["doctor"]) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if line.startswith("  docker") and "live" in line)
    assert "No Docker daemon answers at unix:///no/such.sock" in line


def test_doctor_names_the_command_for_what_is_missing(tmp_path, monkeypatch, capsys):
    from infra_grader.cli import doctor_command
    from infra_grader.cli.main import main

    monkeypatch.setattr(doctor_command, "_is_there", lambda need: need.name != "mypy")
    assert main(["doctor"]) == 0
    assert "pip install 'infra-grader[python]'" in capsys.readouterr().out
