"""What an environment is to hold: what the learner asks for, what the course adds, and what it puts in place of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from infra_grader.capabilities.environment_index import Machine
from infra_grader.capabilities.sandbox import Sandbox
from infra_grader.plugin import NotAssessed
from infra_grader.reading.requirement import (
    Dropped,
    NotKept,
    Requirement,
    Requirements,
    library,
    normal,
    read_requirement,
)

FORMAT = 1
"""To be raised when environments are made in another way."""
ANY_VERSION = "9999"
MAX_STAND_IN_BYTES = 16 * 1024**2
AUTHOR = "Tell the author of the rubric."


class Asked(NamedTuple):
    """What is to be installed."""

    learner: Sequence[Requirement]
    course: Sequence[Requirement]
    constraints: Sequence[Requirement]
    dropped: Sequence[Dropped]
    replaced: Mapping[str, str]
    """Packages that stand-ins replace, by normalised name, each with the version that it seems to have."""
    stand_ins: Mapping[str, bytes]
    """The files of the stand-ins, by their paths."""

    def key(self, sandbox: Sandbox, machine: Machine) -> str:
        """Return what is the same for environments that hold the same."""
        facts = {
            "format": FORMAT,
            "sandbox": [sandbox.name, sandbox.python, machine.markers["python_full_version"], *machine.kind],
            "requirements": sorted({item.versioned for item in (*self.learner, *self.course)}),
            "constraints": sorted({item.versioned for item in self.constraints}),
            "replaced": sorted(self.replaced.items()),
            "stand_ins": sorted(
                (path, hashlib.sha256(content).hexdigest()) for path, content in self.stand_ins.items()
            ),
        }
        return hashlib.sha256(json.dumps(facts).encode()).hexdigest()[:40]


class Course(NamedTuple):
    """What a rubric says of an environment."""

    packages: Sequence[str]
    replaces: Sequence[str]
    stand_ins: Path | None


def asked_of(found: Requirements | None, course: Course, machine: Machine) -> Asked:
    """Put together what the learner and the course ask for on a machine.

    The course's packages take the place of the learner's of the same name; those without a version give way to them.
    Raises `NotAssessed` for what is wrong with the rubric's.
    """
    wanted = [item for item in (found.wanted if found else ()) if item.holds(machine.markers)]
    named = {item.name for item in wanted}
    packages = [item for item in map(_read, course.packages) if item.specifier or item.name not in named]
    replaced = {item.name: _version(item, wanted) for item in map(_read, course.replaces)}
    own = {item.name for item in packages} | set(replaced)
    return Asked(
        learner=[item for item in wanted if item.name not in own],
        course=[item for item in packages if item.holds(machine.markers) and item.name not in replaced],
        constraints=[item for item in (found.constraints if found else ()) if item.name not in own],
        dropped=[item for item in (found.dropped if found else ()) if not (item.name and item.name in own)],
        replaced=replaced,
        stand_ins=_files(course.stand_ins) if course.stand_ins else {},
    )


def _read(text: str) -> Requirement:
    try:
        return read_requirement(text)
    except NotKept as error:
        raise NotAssessed(f"The rubric's package {text} {error}, so it is not installed.", AUTHOR) from error


def _version(replaced: Requirement, wanted: Sequence[Requirement]) -> str:
    """Return the version that a stand-in says it has: the one that the rubric names, or one that the learner takes."""
    for item in (replaced, *(item for item in wanted if item.name == replaced.name)):
        versions = library().specifiers.SpecifierSet(item.specifier)
        for part in versions:
            version = part.version.removesuffix(".*")
            if versions.contains(version, prereleases=True):
                return str(library().version.Version(version))
    return ANY_VERSION


def _files(folder: Path) -> Mapping[str, bytes]:
    found: dict[str, bytes] = {}
    left = MAX_STAND_IN_BYTES
    for place, folders, names in os.walk(folder):
        folders[:] = [name for name in folders if name != "__pycache__"]
        for name in names:
            path = Path(place, name)
            left -= path.stat().st_size
            if left < 0:
                raise NotAssessed("The rubric's stand-ins are too large.", AUTHOR)
            found[path.relative_to(folder).as_posix()] = path.read_bytes()
    return found


def stand_in_wheel(name: str, version: str, folder: Path) -> Path:
    """Write a wheel that holds nothing, so that a package counts as installed, and return it."""
    import zipfile  # only where there are stand-ins

    stem = f"{normal(name).replace('-', '_')}-{version}"
    wheel = folder / f"{stem}-py3-none-any.whl"
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\nSummary: A stand-in of the course.\n"
    with zipfile.ZipFile(wheel, "w") as archive:
        files: dict[str, Any] = {
            "METADATA": metadata,
            "WHEEL": "Wheel-Version: 1.0\nGenerator: infra-grader\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        }
        for file, text in files.items():
            archive.writestr(f"{stem}.dist-info/{file}", text)
        record = "".join(f"{stem}.dist-info/{file},,\n" for file in (*files, "RECORD"))
        archive.writestr(f"{stem}.dist-info/RECORD", record)
    return wheel
