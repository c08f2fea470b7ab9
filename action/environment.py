"""The environment that infra-grader runs in, outside of the learner's checkout: which one is wanted, and making it.

    python -I environment.py plan    outputs: folder, key, is-there, extras
    python -I environment.py make    makes it, unless it is there

Both read the inputs of the action from variables. The version comes from the action's own checkout, or from the package
index where one is named; never from the folder that is graded.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import os
import platform
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ACTION = Path(__file__).resolve().parents[1]
LAYOUT = 1
"""Another number gives every environment a new key."""
VERSION = re.compile(r"[0-9][0-9A-Za-z.+!-]*", re.ASCII)
EXTRA = re.compile(r"[a-z]+", re.ASCII)
SOURCES = ("pyproject.toml", "hatch_build.py", "README.md", "LICENSE", "src", "rubrics", "exercises")
"""What a wheel is built from."""
NOT_PACKED = {"__pycache__", "solution", "flawed", "alternatives"}
COMPLETE = ".complete"
"""The file that the last step of making an environment writes into it."""
TRIED = ("success", "failure")
"""Outcomes of a step that looked for the environment in the cache; what it left, without a hit, may not be whole."""
NOT_COMPILED = r"/site-packages/mypyc?/"
"""Packages that come as machine code, beside sources that are hardly ever imported."""
EVERYTHING = ("all",)
ALWAYS = ("git",)
"""Every result names the commit."""
EXTRAS: dict[str, tuple[str, ...]] = {
    "airflow": (),
    "alertmanager": ("prometheus",),
    "call": ("docker",),
    "command": ("docker",),
    "compose": ("docker", "http"),
    "coverage": ("docker", "pytest"),
    "docker": ("docker", "http", "secrets"),
    "dockerfile": (),
    "dvc": (),
    "env": (),
    "environment": ("docker", "environment"),
    "expectations": (),
    "file": (),
    "git": ("git",),
    "grafana": ("prometheus",),
    "helm": ("docker", "kubernetes"),
    "http": ("docker", "http"),
    "kubernetes": ("docker", "http", "kubernetes"),
    "kustomize": (),
    "load": ("docker", "http"),
    "logs": (),
    "manifest": ("kubernetes",),
    "manual": (),
    "markdown": (),
    "mlflow": (),
    "openapi": ("docker", "http", "openapi"),
    "prometheus": ("docker", "http", "prometheus"),
    "pytest": ("docker", "git", "pytest"),
    "python": ("python",),
    "results": (),
    "secrets": ("git", "secrets"),
    "service": ("docker", "http"),
    "shell": ("docker", "shell"),
    "terraform": ("terraform",),
    "text": (),
    "workflow": ("workflow",),
}
"""The extras that each family of checks needs; code that runs needs the sandbox, which may be Docker."""
KIND_EXTRAS: dict[str, tuple[str, ...]] = {
    "dockerfile.lint": ("dockerfile",),
    "grafana.answers": ("docker", "http"),
    "logs.requests": ("docker", "http"),
}
"""What a single kind needs besides, where that is large and the others of its family do without."""
KIND = re.compile(r"""\buses["']?\s*:\s*["']?([a-z_]+\.[a-z_0-9]*)""")


class SetupError(Exception):
    """What keeps us from making the environment; the text says what to do."""


def main() -> int:
    """Do what the argument says, and return the exit code."""
    try:
        if sys.argv[1] == "plan":
            plan()
        else:
            make(Path(os.environ["FOLDER"]), requirement(tuple(os.environ["EXTRAS"].split(","))))
    except SetupError as error:
        return refusal(str(error))
    except OSError as error:  # such as a tool cache that this user cannot write to
        return refusal(f"the environment of the grader cannot be made: {error}")
    return 0


def refusal(text: str) -> int:
    """Tell people why there is no environment, and return the exit code. The other stream is the outputs."""
    print(f"::error title=infra-grader::{escaped(text)}", file=sys.stderr)
    return 2


def plan() -> None:
    """Print the outputs that say which environment is wanted."""
    extras = wanted_extras()
    wanted = requirement(extras).removeprefix(str(ACTION))  # wherever the checkout of the action lies
    facts = (str(LAYOUT), sys.version, os.path.realpath(sys.executable), wanted, source_digest())
    key = hashlib.sha256("\0".join(facts).encode()).hexdigest()[:32]
    folder = home() / key
    print(f"folder={folder}")
    print(f"key=infra-grader-{platform.system()}-{platform.machine()}-{key}")
    print(f"is-there={str((folder / COMPLETE).exists()).lower()}")
    print(f"extras={','.join(extras)}")


def home() -> Path:
    """Return the folder of environments: kept by the runner, or of this job alone where nothing shall be kept."""
    kept = os.environ.get("RUNNER_TOOL_CACHE") if is_kept() else None
    return Path(kept or os.environ["RUNNER_TEMP"], "infra-grader")


def is_kept() -> bool:
    """Whether the environment is kept for later jobs. Raises `SetupError` for an input that does not say."""
    keeps = os.environ.get("CACHE", "true")
    if keeps not in ("true", "false"):
        raise SetupError("cache must be true or false")
    return keeps == "true"


def wanted_extras() -> tuple[str, ...]:
    """Return the extras that are asked for; else those that the rubric needs, or all where it cannot be read here."""
    asked = tuple(sorted({*os.environ.get("EXTRAS", "").replace(",", " ").split()}))
    for name in asked:
        if not EXTRA.fullmatch(name):
            raise SetupError("extras must be names, such as `git python`")
    return asked or extras_of(rubric_text())


def extras_of(rubric: str | None) -> tuple[str, ...]:
    """Return the extras for the kinds that a rubric names; all, where it names a family that is none of ours."""
    kinds = set(KIND.findall(rubric or ""))
    families = {kind.partition(".")[0] for kind in kinds}
    if not families or not families <= EXTRAS.keys():
        return EVERYTHING
    found = {*ALWAYS, *(extra for family in families for extra in EXTRAS[family])}
    return tuple(sorted(found.union(*(KIND_EXTRAS.get(kind, ()) for kind in kinds))))


def rubric_text() -> str | None:
    """Return the rubric as it stands in its file, or nothing: then the grader will say what is wrong with it."""
    name = os.environ["RUBRIC"]
    if "/" in name or name.endswith(".yaml"):
        places = [Path(os.environ.get("GITHUB_WORKSPACE", "."), name)]
    elif os.environ.get("VERSION"):  # another version's rubrics are not here
        return None
    else:
        places = [file for file in (ACTION / "rubrics").glob("*/*.yaml") if file.stem == name]
    try:
        return places[0].read_text(encoding="utf-8") if places else None
    except (OSError, UnicodeDecodeError, ValueError):
        return None


def requirement(extras: tuple[str, ...]) -> str:
    """Return what pip is asked for. Raises `SetupError` for a version that is none."""
    listed = f"[{','.join(extras)}]"
    version = os.environ.get("VERSION", "")
    if not version:
        return f"{ACTION}{listed}"
    if not VERSION.fullmatch(version):
        raise SetupError("version must be a version such as 0.1.0, or nothing for that of the action")
    return f"infra-grader{listed}=={version}"


def source_digest() -> str:
    """Return a digest of all that a wheel is built from, or of nothing where a version is asked for."""
    digest = hashlib.sha256()
    if not os.environ.get("VERSION"):
        for file in sources():
            digest.update(f"{file.relative_to(ACTION)}\0".encode(errors="surrogateescape"))
            digest.update(hashlib.sha256(file.read_bytes()).digest())
    return digest.hexdigest()


def sources() -> Iterator[Path]:
    """Yield the files that a wheel is built from, always in the same order."""
    for name in SOURCES:
        place = ACTION / name
        if place.is_file():
            yield place
        for folder, folders, files in os.walk(place):
            folders[:] = sorted(set(folders) - NOT_PACKED)
            yield from (Path(folder, file) for file in sorted(files) if not os.path.islink(Path(folder, file)))


def make(folder: Path, wanted: str) -> None:
    """Make the environment, unless another job of the same machine has done so meanwhile."""
    folder.parent.mkdir(parents=True, exist_ok=True)
    with lock(folder.with_suffix(".lock")):
        is_remnant = os.environ.get("RESTORE") in TRIED
        if (folder / COMPLETE).exists() and not is_remnant:
            return
        shutil.rmtree(folder, ignore_errors=True)  # one that was cut short
        # A pip that is there already installs into the environment too; making it one of its own takes seconds.
        has_pip = importlib.util.find_spec("pip") is not None
        run(sys.executable, "-I", "-m", "venv", *(["--without-pip"] if has_pip else []), str(folder))
        python = str(folder / "bin" / "python")
        pip = [sys.executable, "-I", "-m", "pip", "--python", python] if has_pip else [python, "-I", "-m", "pip"]
        options = ("--disable-pip-version-check", "--no-input", "--no-compile", "--quiet")
        run(*pip, "install", *options, wanted)
        run(python, "-I", "-c", "import infra_grader; print('infra-grader', infra_grader.__version__)")
        if is_kept():
            compile_modules(python, folder)
        (folder / COMPLETE).write_text(f"{wanted}\n", encoding="utf-8")


def compile_modules(python: str, folder: Path) -> None:
    """Make the byte code of what later jobs may import. For one job, Python makes what it imports in far less time."""
    # Packages hold files that cannot be compiled and that nobody imports, so its exit code says nothing.
    command = [python, "-I", "-m", "compileall", "-qq", "-j", "0", "-x", NOT_COMPILED, str(folder / "lib")]
    subprocess.run(command, cwd=os.environ["RUNNER_TEMP"], stdin=subprocess.DEVNULL, check=False)


@contextmanager
def lock(file: Path) -> Iterator[None]:
    """Let the jobs of one machine in one after the other; the lock goes with the process."""
    with file.open("w") as stream:
        fcntl.flock(stream, fcntl.LOCK_EX)
        yield


def run(*command: str) -> None:
    """Run a command in a folder that holds nothing of the learner's. Raises `SetupError` where it fails."""
    sys.stdout.flush()
    plain = {**os.environ, "NO_COLOR": "1"}
    if subprocess.run(
        command, cwd=os.environ["RUNNER_TEMP"], env=plain, stdin=subprocess.DEVNULL, check=False
    ).returncode:
        raise SetupError(f"infra-grader could not be installed; the lines above say why ({' '.join(command[-2:])})")


def escaped(text: str) -> str:
    """Return a text that stays one message of a command to the runner."""
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


if __name__ == "__main__":
    sys.exit(main())
