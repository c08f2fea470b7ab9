"""Wheels to an environment: installed by our own pip inside the sandbox, which has no network."""

from __future__ import annotations

import importlib.util
import json
import os
import zipfile
from pathlib import Path
from typing import Any

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.environment import PLACE
from infra_grader.capabilities.environment_index import INSTALL as INSTALL_PIP
from infra_grader.capabilities.environment_index import Machine
from infra_grader.capabilities.environment_store import writable
from infra_grader.capabilities.sandbox import MIB, Ended, Job, Limits, Mount, Sandbox
from infra_grader.model.outcome import NotAssessed

PIP_PLACE = "/pip"
WHEELS_PLACE = "/wheels"
STAND_INS_PLACE = "/stand_ins"
MAX_UNPACKED = 8 * 1024**3
MAX_FILES = 200_000
LIMITS = Limits(
    wall_s=600, cpu_s=600, memory_bytes=2048 * MIB, processes=64, file_bytes=4096 * MIB, disk_bytes=512 * MIB,
    open_files=1024,
)  # fmt: skip
DOCTOR = "`infra-grader doctor` says what this machine lacks."

LOOK = """\
import json, os, platform, sys
version = sys.implementation.version
level = "" if version.releaselevel == "final" else version.releaselevel[0] + str(version.serial)
print(json.dumps({"libc": platform.libc_ver(), "prefix": sys.prefix, "markers": {
    "implementation_name": sys.implementation.name,
    "implementation_version": f"{version.major}.{version.minor}.{version.micro}{level}",
    "os_name": os.name, "platform_machine": platform.machine(), "platform_release": platform.release(),
    "platform_system": platform.system(), "platform_version": platform.version(),
    "python_full_version": platform.python_version(),
    "platform_python_implementation": platform.python_implementation(),
    "python_version": ".".join(platform.python_version_tuple()[:2]), "sys_platform": sys.platform}}))
"""

# The environment's own interpreter runs pip, so that scripts start with its name. The line in the `.pth` file makes
# stand-ins be found before all that is installed, and after Python's own modules.
MAKE = """\
import os, shutil, subprocess, sys, venv
place, installer, wheels, stand_ins = sys.argv[1:]
venv.EnvBuilder(symlinks=True, with_pip=False).create(place)
files = sorted(os.path.join(wheels, name) for name in os.listdir(wheels) if name.endswith(".whl"))
run = "import runpy, sys; sys.path.insert(0, sys.argv.pop(1)); runpy.run_module('pip', None, '__main__', True)"
options = ["--isolated", "install", "--no-index", "--no-deps", "--no-input", "--disable-pip-version-check",
    "--no-cache-dir", "--quiet", "--ignore-installed", "--no-warn-script-location", "--root-user-action", "ignore"]
if files:
    pip = [os.path.join(place, "bin", "python"), "-I", "-c", run, os.path.dirname(installer)]
    ended = subprocess.run([*pip, *options, *files])
    if ended.returncode:
        sys.exit(1)
if os.listdir(stand_ins):
    shutil.copytree(stand_ins, os.path.join(place, "stand_ins"))
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    with open(os.path.join(place, "lib", version, "site-packages", "stand_ins.pth"), "w") as file:
        file.write("import os, sys; place = os.path.join(sys.prefix, 'stand_ins'); "
            "at = next((i for i, p in enumerate(sys.path) if p.endswith('site-packages')), len(sys.path)); "
            "place in sys.path or sys.path.insert(at, place)\\n")
"""


def machine_of(sandbox: Sandbox, deadline: Deadline) -> Machine:
    """Return what kind of machine programs in a sandbox see. Raises `NotAssessed` if it does not say."""
    ended = sandbox.run(Job(arguments=(sandbox.python, "-I", "-c", LOOK)), deadline)
    try:
        told: dict[str, Any] = json.loads(ended.stdout)
        return Machine(told["markers"], (str(told["libc"][0]), str(told["libc"][1])))
    except (ValueError, KeyError, TypeError) as error:
        raise NotAssessed(f"The Python of the sandbox cannot be used: {_said(ended)}.", DOCTOR) from error


def build(sandbox: Sandbox, wheels: Path, stand_ins: Path, folder: Path, deadline: Deadline) -> None:
    """Make an environment in an empty folder: the wheels of a folder, and modules of another that are found first.

    Raises `NotAssessed` where it cannot be made.
    """
    _refuse_bombs(wheels)
    for given in (wheels, stand_ins):
        _let_all_read(given)
    mounts = {
        PLACE: Mount(folder=folder, is_writable=True),
        PIP_PLACE: Mount(folder=_pip_folder()),
        WHEELS_PLACE: Mount(folder=wheels),
        STAND_INS_PLACE: Mount(folder=stand_ins),
    }
    inside = [sandbox.place_inside(place, mount) for place, mount in mounts.items()]
    limits = LIMITS.replace(wall_s=min(LIMITS.wall_s, deadline.remaining()))
    job = Job(arguments=(sandbox.python, "-I", "-c", MAKE, *inside), mounts=mounts, limits=limits)
    with writable(folder):
        ended = sandbox.run(job, deadline)
    if ended.exit_status or ended.limit:
        raise NotAssessed(f"The packages cannot be installed in the sandbox: {_said(ended)}.", DOCTOR)


def _pip_folder() -> Path:
    found = importlib.util.find_spec("pip")
    if found is None or found.origin is None:
        raise NotAssessed("pip is not installed beside infra-grader.", INSTALL_PIP)
    return Path(found.origin).parent


def _let_all_read(folder: Path) -> None:
    """Let the user inside read a folder of our scratch, whatever the umask is."""
    for place, _, names in os.walk(folder):
        os.chmod(place, 0o755)  # noqa: S103 - a copy of what anybody may have
        for name in names:
            os.chmod(os.path.join(place, name), 0o644)


def _refuse_bombs(wheels: Path) -> None:
    """Raise `NotAssessed` for wheels that hold more than may be unpacked; what they say of themselves is held later."""
    size = files = 0
    for wheel in wheels.glob("*.whl"):
        try:
            with zipfile.ZipFile(wheel) as archive:
                for member in archive.infolist():
                    size += member.file_size
                    files += 1
        except (zipfile.BadZipFile, NotImplementedError) as error:
            raise NotAssessed(f"{wheel.name} is no wheel: {error}.", "Tell the index's operators.") from error
    if size > MAX_UNPACKED or files > MAX_FILES:
        raise NotAssessed(
            f"The packages are too large to be installed: {size // MIB} MiB in {files} files.",
            "Name stand-ins for large packages in the rubric.",
        )


def _said(ended: Ended) -> str:
    lines = ended.stderr.decode("utf-8", "replace").strip().splitlines()
    return f"{ended.how}{': ' + lines[-1][:300].rstrip('.') if lines else ''}"
