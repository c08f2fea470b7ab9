"""The environment that the action makes: outside of the learner's checkout, and of the version that was asked for."""

from __future__ import annotations

import ast
import functools
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import package_index
import pytest

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src" / "infra_grader"
PROGRAM = ROOT / "action" / "environment.py"
BY_CAPABILITY = {"sandbox": {"docker"}, "docker": {"docker"}, "http": {"docker", "http"}, "kubernetes": {"kubernetes"}}
"""Extras that the capabilities of a check need; a sandbox may be Docker's."""
BY_REMEDY = re.compile(r"infra-grader\[([a-z]+)\]")


def _load():
    spec = importlib.util.spec_from_file_location("action_environment", PROGRAM)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


ENVIRONMENT = _load()
FAMILIES = sorted(place.name for place in (SOURCE / "checks").iterdir() if (place / "__init__.py").exists())


@functools.cache
def imported(file: Path) -> set[Path]:
    """Return the modules of ours that a module imports, at once or on use."""
    names = set()
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module:
            names |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
        elif isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
    places = {SOURCE.parent.joinpath(*name.split(".")).with_suffix(".py") for name in names if "infra_grader." in name}
    return {place for place in places if place.is_file()}


def needed(kind: Path) -> set[str]:
    """Return the extras that a kind names in its remedies, and those of its capabilities."""
    extras, seen, todo = set(), {SOURCE / "plugin.py"}, [kind]  # the plugin names every capability for its types
    for asked in re.findall(r"capabilities=\(([^)]*)\)", kind.read_text(encoding="utf-8")):
        extras |= {extra for name in re.findall(r"\w+", asked) for extra in BY_CAPABILITY.get(name, ())}
    while todo:
        file = todo.pop()
        if file not in seen:
            seen.add(file)
            extras |= set(BY_REMEDY.findall(file.read_text(encoding="utf-8")))
            todo += imported(file)
    return extras


@pytest.mark.parametrize("family", FAMILIES)
def test_a_kind_gets_the_extras_that_it_needs(family):
    kinds = {file.stem: needed(file) for file in (SOURCE / "checks" / family).glob("[a-z]*.py")}
    assert kinds
    for kind, extras in kinds.items():
        found = set(ENVIRONMENT.extras_of(f"uses: {family}.{kind}"))
        assert found == set(ENVIRONMENT.EVERYTHING) or extras <= found, kind


def test_what_one_kind_needs_is_not_installed_for_others():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    assert {extra for extras in ENVIRONMENT.EXTRAS.values() for extra in extras} <= declared.keys()
    for kind, extras in ENVIRONMENT.KIND_EXTRAS.items():
        assert set(extras) <= needed((SOURCE / "checks").joinpath(*kind.split(".")).with_suffix(".py"))
        assert set(extras) <= declared.keys()
        assert not set(extras) & set(ENVIRONMENT.extras_of(f"uses: {kind.partition('.')[0]}.another"))


@pytest.mark.parametrize(
    ("rubric", "extras"),
    [
        ("- {uses: markdown.words}\n- {'uses': 'file.exists'}", {"git"}),
        ("uses: python.lint\nuses: pytest.own", {"docker", "git", "pytest", "python"}),
        ("uses: dockerfile.stages\nuses: file.exists", {"git"}),
        ('{"uses": "dockerfile.lint"}', {"dockerfile", "git"}),
        ("uses: python.lint\nuses: course.own_kind", {"all"}),
        ("nothing", {"all"}),
        (None, {"all"}),
    ],
)
def test_a_rubric_decides_what_is_installed(rubric, extras):
    assert set(ENVIRONMENT.extras_of(rubric)) == extras


def variables(folder: Path, **inputs: str) -> dict[str, str]:
    """Return the variables of a step."""
    for name in ("temp", "tools", "workspace"):
        (folder / name).mkdir(exist_ok=True)
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(folder),
        "RUNNER_TEMP": str(folder / "temp"),
        "RUNNER_TOOL_CACHE": str(folder / "tools"),
        "GITHUB_WORKSPACE": str(folder / "workspace"),
        "RUBRIC": "exercise-01-overview",
        **inputs,
    }


def run(action: str, folder: Path, **inputs: str) -> subprocess.CompletedProcess[str]:
    """Run the program as the step does: in the workspace."""
    return subprocess.run(
        [sys.executable, "-I", str(PROGRAM), action],
        cwd=folder / "workspace" if (folder / "workspace").exists() else folder,
        env=variables(folder, **inputs),
        capture_output=True,
        text=True,
        check=False,
    )


def planned(folder: Path, **inputs: str) -> dict[str, str]:
    ended = run("plan", folder, **inputs)
    assert ended.returncode == 0, ended.stderr
    return dict(line.partition("=")[::2] for line in ended.stdout.splitlines())


def test_the_plan_names_a_kept_folder_and_what_the_rubric_needs(tmp_path):
    plan = planned(tmp_path)
    assert Path(plan["folder"]).parent == tmp_path / "tools" / "infra-grader"
    assert plan["extras"] == "git"
    assert plan["is-there"] == "false"
    assert plan["key"].endswith(Path(plan["folder"]).name)
    assert planned(tmp_path) == plan


def test_without_a_cache_the_environment_is_of_this_job_alone(tmp_path):
    assert Path(planned(tmp_path, CACHE="false")["folder"]).parent == tmp_path / "temp" / "infra-grader"


def test_another_version_or_other_extras_have_another_key(tmp_path):
    keys = {
        planned(tmp_path, **inputs)["key"]
        for inputs in ({}, {"VERSION": "0.1.0"}, {"VERSION": "0.2.0"}, {"EXTRAS": "git python"}, {"EXTRAS": "all"})
    }
    assert len(keys) == 5


@pytest.mark.parametrize(
    ("inputs", "words"),
    [
        ({"VERSION": "@ https://evil.example/x.whl"}, "version must be"),
        ({"VERSION": "--index-url=x"}, "version must be"),
        ({"VERSION": "1.0 evil"}, "version must be"),
        ({"EXTRAS": "git] evil[x"}, "extras must be"),
        ({"CACHE": "yes"}, "cache must be"),
    ],
)
def test_an_input_that_cannot_be_used_is_refused_before_anything_is_installed(tmp_path, inputs, words):
    ended = run("plan", tmp_path, **inputs)
    assert ended.returncode == 2
    assert ended.stdout == ""  # it would be an output
    assert ended.stderr.startswith("::error title=infra-grader::")
    assert words in ended.stderr
    assert ended.stderr.count("\n") == 1


MODULES = ("used_by_few.py", "mypy/unused.py")
UNREADABLE = {"template.py": "class {{ name }}:\n"}


@pytest.fixture(scope="module")
def index():
    """An index that has a small infra-grader of our own, of a version that there is nowhere else."""
    with package_index.serve() as served:
        for version in ("9.9.8", "9.9.9"):
            files = {"infra_grader.py": f"__version__ = {version!r}\n"} | dict.fromkeys(MODULES, "1\n") | UNREADABLE
            served.add(package_index.wheel("infra-grader", version, files=files))
        yield served


def test_the_version_asked_for_is_installed_whatever_the_learner_s_branch_holds(tmp_path, index):
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    name, content = package_index.wheel(
        "infra-grader", "9.9.9", files={"infra_grader.py": "raise SystemExit('forged')"}
    )
    (workspace / name).write_bytes(content)
    for file in ("infra_grader.py", "pip.py", "venv.py", "sitecustomize.py"):
        (workspace / file).write_text("raise SystemExit('forged')", encoding="utf-8")
    for file in ("pip.conf", "setup.cfg"):
        (workspace / file).write_text("[global]\nindex-url = http://127.0.0.1:1/\n", encoding="utf-8")
    asked = {"VERSION": "9.9.9", "PIP_INDEX_URL": index.url, "EXTRAS": "git"}
    plan = planned(tmp_path, **asked)
    ended = run("make", tmp_path, **asked, FOLDER=plan["folder"])
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "infra-grader 9.9.9" in ended.stdout
    assert "forged" not in ended.stdout + ended.stderr
    assert planned(tmp_path, **asked)["is-there"] == "true"
    # It is there: nothing is installed again.
    before = len(index.asked)
    assert run("make", tmp_path, **asked, FOLDER=plan["folder"]).returncode == 0
    assert len(index.asked) == before


@pytest.mark.parametrize(
    ("cache", "compiled"), [("true", {"infra_grader", "used_by_few"}), ("false", {"infra_grader"})]
)
def test_what_is_kept_for_later_jobs_is_compiled(tmp_path, index, cache, compiled):
    asked = {"VERSION": "9.9.8", "PIP_INDEX_URL": index.url, "EXTRAS": "git", "CACHE": cache}
    folder = Path(planned(tmp_path, **asked)["folder"])
    ended = run("make", tmp_path, **asked, FOLDER=str(folder))
    assert ended.returncode == 0, ended.stdout + ended.stderr
    packages = next(folder.glob("lib/python*/site-packages"))
    assert all((packages / name).exists() for name in MODULES)
    assert {file.name.partition(".")[0] for file in packages.rglob("*.pyc")} == compiled
    assert "SyntaxError" not in ended.stdout + ended.stderr


def test_one_that_was_cut_short_is_made_anew(tmp_path, index):
    asked = {"VERSION": "9.9.8", "PIP_INDEX_URL": index.url, "EXTRAS": "git"}
    folder = Path(planned(tmp_path, **asked)["folder"])
    (folder / "bin").mkdir(parents=True)
    (folder / "bin" / "python").write_text("half", encoding="utf-8")
    assert planned(tmp_path, **asked)["is-there"] == "false"
    assert run("make", tmp_path, **asked, FOLDER=str(folder)).returncode == 0
    assert planned(tmp_path, **asked)["is-there"] == "true"


@pytest.mark.parametrize(("restore", "made"), [("success", True), ("failure", True), ("skipped", False), ("", False)])
def test_what_a_failed_restore_has_left_is_made_anew(tmp_path, index, restore, made):
    asked = {"VERSION": "9.9.8", "PIP_INDEX_URL": index.url, "EXTRAS": "git"}
    folder = Path(planned(tmp_path, **asked)["folder"])
    folder.mkdir(parents=True)
    (folder / ".complete").touch()
    assert run("make", tmp_path, **asked, FOLDER=str(folder), RESTORE=restore).returncode == 0
    assert (folder / "bin" / "python").exists() == made


def test_a_version_that_there_is_not_fails_and_leaves_nothing_that_counts(tmp_path, index):
    asked = {"VERSION": "9.9.7", "PIP_INDEX_URL": index.url, "EXTRAS": "git"}
    ended = run("make", tmp_path, **asked, FOLDER=planned(tmp_path, **asked)["folder"])
    assert ended.returncode == 2
    assert "::error title=infra-grader::infra-grader could not be installed" in ended.stderr
    assert planned(tmp_path, **asked)["is-there"] == "false"


def test_a_folder_that_cannot_be_made_is_named_without_a_traceback(tmp_path):
    (tmp_path / "taken").write_text("", encoding="utf-8")
    ended = run("make", tmp_path, EXTRAS="git", FOLDER=str(tmp_path / "taken" / "key"))
    assert ended.returncode == 2
    assert ended.stderr.startswith("::error title=infra-grader::the environment of the grader cannot be made: ")
    assert ended.stderr.count("\n") == 1


BACKEND = """\
import os, shutil

def build_wheel(folder, settings=None, metadata=None):
    shutil.copy(NAME, folder)
    return NAME
"""
"""Builds a package whose wheel lies there already: ours would fetch what it is built with."""


def test_without_a_version_the_action_s_own_checkout_is_installed(tmp_path):
    action = tmp_path / "action-of-a-commit"
    shutil.copytree(ROOT / "action", action / "action")
    name, content = package_index.wheel("infra-grader", "7.7.7", files={"infra_grader.py": "__version__ = '7.7.7'\n"})
    (action / name).write_bytes(content)
    (action / "backend.py").write_text(f"NAME = {name!r}\n{BACKEND}", encoding="utf-8")
    (action / "pyproject.toml").write_text(
        '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n', encoding="utf-8"
    )
    folder = tmp_path / "made"
    ended = subprocess.run(
        [sys.executable, "-I", str(action / "action" / "environment.py"), "make"],
        cwd=tmp_path,
        env=variables(tmp_path, EXTRAS="git", FOLDER=str(folder), PIP_INDEX_URL="http://127.0.0.1:1/"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    assert "infra-grader 7.7.7" in ended.stdout
    assert (folder / ".complete").read_text(encoding="utf-8") == f"{action}[git]\n"


def found_python(folder: Path, **more: str) -> str:
    ended = subprocess.run(
        [str(ROOT / "action" / "find-python")], env={"PATH": str(folder), **more}, capture_output=True, text=True,
        check=True,
    )  # fmt: skip
    return ended.stdout.strip()


def test_the_first_python_that_is_new_enough_is_found(tmp_path):
    (tmp_path / "env").symlink_to("/usr/bin/env")
    (tmp_path / "bash").symlink_to(shutil.which("bash"))
    assert found_python(tmp_path) == "path="
    old = tmp_path / "python3"
    old.write_text("#!/bin/sh\necho /usr/bin/old\nexit 1\n", encoding="utf-8")
    old.chmod(0o755)
    assert found_python(tmp_path) == "path="
    kept = tmp_path / "cache" / "Python" / "3.12.1" / "x64" / "bin"
    kept.mkdir(parents=True)
    (kept / "python3").symlink_to(sys.executable)
    assert found_python(tmp_path, RUNNER_TOOL_CACHE=str(tmp_path / "cache")).startswith("path=/")
