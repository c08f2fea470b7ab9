"""The source distribution and the wheel: what they hold, that a bad rubric stops them, and that the wheel works."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from email import message_from_bytes
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
SOLUTION = ROOT / "exercises" / "exercise-01-overview" / "solution"
RUBRIC = "rubrics/junior/exercise-01-overview.yaml"
NOT_COPIED = (".git", ".venv*", "dist", "__pycache__", ".*_cache", ".hypothesis")
WINDOWS = sys.platform == "win32"
COMPLETE = """\
✅ Skills assessment completed
✅ Learning plan created
✅ Career roadmap defined
✅ Job market research done

🎉 Exercise 01 Complete! Ready for Exercise 02.
"""


def run(*command: object, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )


def build(project: Path, out: Path, *options: str) -> subprocess.CompletedProcess[str]:
    return run(sys.executable, "-m", "build", "--no-isolation", *options, "--outdir", out, project, cwd=out.parent)


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the working tree with links in every place that the wheel is filled from."""
    copy = tmp_path_factory.mktemp("project") / "infra-grader"
    shutil.copytree(ROOT, copy, symlinks=True, ignore=shutil.ignore_patterns(*NOT_COPIED))
    outside = tmp_path_factory.mktemp("outside")
    (outside / "outside-secret.yaml").write_text("token: private\n", encoding="utf-8")
    starter = copy / "exercises" / "exercise-01-overview" / "starter"
    for folder in (starter, copy / "rubrics", copy / "rubrics" / "junior", copy / "src" / "infra_grader"):
        (folder / "linked.yaml").symlink_to(outside / "outside-secret.yaml")
        (folder / "linked").symlink_to(outside, target_is_directory=True)
        (folder / "[odd] name!.yaml").symlink_to(outside / "outside-secret.yaml")
    (copy / ".github" / "linked.yaml").symlink_to(outside / "outside-secret.yaml")
    linked_exercise = copy / "exercises" / "linked"
    linked_exercise.symlink_to(starter.parent, target_is_directory=True)
    return copy


@pytest.fixture(scope="module")
def built(project: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder with the source distribution and the wheel that was built from it."""
    out = tmp_path_factory.mktemp("built") / "dist"
    outcome = build(project, out)
    assert outcome.returncode == 0, outcome.stdout + outcome.stderr
    return out


@pytest.fixture(scope="module")
def wheel(built: Path) -> Path:
    [wheel] = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of programs of a fresh environment that has the wheel and its dependencies."""
    environment = tmp_path_factory.mktemp("environment") / "venv"
    venv.create(environment, with_pip=False)
    programs = environment / ("Scripts" if WINDOWS else "bin")
    python = programs / "python"
    install = (sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", "--quiet")
    outcome = run(*install, wheel, cwd=environment)
    assert outcome.returncode == 0, outcome.stderr
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=environment).stdout
    # The dependencies come from the environment of the tests; its own .pth files are not read a second time.
    pth = Path(packages.strip()) / "dependencies.pth"
    pth.write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    return programs


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    empty = tmp_path / "elsewhere"
    empty.mkdir()
    return empty


def test_wheel_holds_the_listed_names_and_no_more(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        names = archive.namelist()
    assert len(names) == len(set(names))
    modules = {name for name in names if name.endswith(".py") and not name.startswith("infra_grader/data/")}
    source = ROOT / "src"
    assert modules == {file.relative_to(source).as_posix() for file in source.rglob("*.py")}
    others = sorted(without_version(name) for name in set(names) - modules)
    listed = (ROOT / "tests" / "wheel_names.txt").read_text(encoding="utf-8").splitlines()
    assert others == listed, "wheel_names.txt lists what the wheel holds besides modules: is the change meant?"


def without_version(name: str) -> str:
    folder, slash, rest = name.partition("/")
    return f"*.dist-info{slash}{rest}" if folder.endswith(".dist-info") else name


def test_wheel_keeps_solutions_flaws_and_tests_to_the_repository(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        parts = {
            part for name in archive.namelist() if name.startswith("infra_grader/data/") for part in name.split("/")
        }
    assert not parts & {"solution", "flawed", "expect.yaml"}


def test_neither_archive_follows_links(built: Path, wheel: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        assert [member.name for member in archive if member.issym() or "linked" in member.name] == []
        assert [member.name for member in archive if "[odd]" in member.name or "outside-secret" in member.name] == []
    with zipfile.ZipFile(wheel) as archive:
        assert all(b"token: private" not in archive.read(name) for name in archive.namelist())


def test_source_distribution_holds_what_a_contributor_needs(built: Path) -> None:
    [sdist] = built.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"pyproject.toml", "hatch_build.py", "LICENSE", "README.md", "Makefile", ".ci/run", RUBRIC} <= names
    assert "tests/test_packaging.py" in names
    assert not {name for name in names if name.startswith((".git/", ".venv/", "dist/")) or name.endswith(".pyc")}


def test_metadata_has_lower_bounds_only(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        [name] = [name for name in archive.namelist() if name.endswith(".dist-info/METADATA")]
        metadata = message_from_bytes(archive.read(name))
    versions = [wanted.partition(";")[0] for wanted in metadata.get_all("Requires-Dist", [])]
    assert versions
    assert [version for version in versions if "<" in version or "==" in version] == []
    assert metadata["License-Expression"] == "MIT"


def test_rubric_that_is_not_valid_stops_the_build_and_is_named(project: Path, tmp_path: Path) -> None:
    copy = tmp_path / "infra-grader"
    shutil.copytree(project, copy, symlinks=True)
    lines = (copy / RUBRIC).read_text(encoding="utf-8").splitlines()
    at = next(number for number, line in enumerate(lines) if line.startswith("points:"))
    lines[at] = "points: a hundred"
    (copy / RUBRIC).write_text("\n".join(lines), encoding="utf-8")
    outcome = build(copy, tmp_path / "dist", "--wheel")
    assert outcome.returncode != 0
    assert f"exercise-01-overview.yaml:{at + 1}:" in outcome.stdout + outcome.stderr
    assert list((tmp_path / "dist").glob("*.whl")) == []


def test_installed_wheel_is_what_runs(installed: Path, elsewhere: Path) -> None:
    outcome = run(installed / "python", "-c", "import infra_grader; print(infra_grader.__file__)", cwd=elsewhere)
    assert Path(outcome.stdout.strip()).is_relative_to(installed.parent), outcome.stdout + outcome.stderr


@pytest.mark.parametrize("start", [["infra-grader"], ["python", "-P", "-m", "infra_grader"]], ids=["script", "module"])
def test_installed_wheel_finds_its_rubrics_and_validates(installed: Path, elsewhere: Path, start: list[str]) -> None:
    command = [installed / start[0], *start[1:]]
    version = run(*command, "--version", cwd=elsewhere)
    assert version.returncode == 0
    assert version.stdout.startswith("infra-grader 0."), version.stdout
    rubrics = run(*command, "rubric", "list", cwd=elsewhere)
    assert rubrics.returncode == 0, rubrics.stderr
    assert "exercise-01-overview" in rubrics.stdout
    assert "project-01-simple-model-api" in rubrics.stdout
    validated = run(*command, "validate", "exercise-01-overview", SOLUTION, cwd=elsewhere)
    assert (validated.returncode, validated.stdout, validated.stderr) == (0, COMPLETE, "")


@pytest.mark.parametrize("start", [["infra-grader"], ["python", "-P", "-m", "infra_grader"]], ids=["script", "module"])
def test_modules_in_the_submission_are_not_imported(installed: Path, tmp_path: Path, start: list[str]) -> None:
    submission = tmp_path / "submission"
    shutil.copytree(SOLUTION, submission)
    for name in ("yaml.py", "msgspec.py", "sitecustomize.py", "infra_grader/__init__.py", "infra_grader/__main__.py"):
        (submission / name).parent.mkdir(exist_ok=True)
        (submission / name).write_text("raise SystemExit('the submission was imported')\n", encoding="utf-8")
    outcome = run(installed / start[0], *start[1:], "validate", "exercise-01-overview", ".", cwd=submission)
    assert (outcome.returncode, outcome.stdout, outcome.stderr) == (0, COMPLETE, "")
