"""Which files an image can hold, as far as its Dockerfile and the submission tell without building it.

What is not known is never taken for absent: a RUN that may make files, an archive that is unpacked, a copy of what may
be made before the build, an image of which nobody has said here what it brings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from typing import NamedTuple

from infra_grader.checks.dockerfile._installs import plain_words
from infra_grader.model.record import Record
from infra_grader.reading.dockerfile import Dockerfile, Stage, stage_index
from infra_grader.reading.dockerfile_image import Copied, Image, join
from infra_grader.reading.dockerfile_instruction import Instruction
from infra_grader.reading.dockerfile_reference import read_reference
from infra_grader.reading.dockerfile_shell import ShellCommand, run_commands

PLAIN_BASES = frozenset(
    {
        "alpine",
        "buildpack-deps",
        "continuumio/miniconda3",
        "debian",
        "node",
        "nvidia/cuda",
        "python",
        "scratch",
        "ubuntu",
    }
)
"""Images that bring only what a system has, in its folders, and whose working folder is the root."""
SYSTEM_FOLDERS = frozenset(
    {"/bin", "/boot", "/dev", "/etc", "/lib", "/lib64", "/opt", "/proc", "/run", "/sbin", "/sys",
     "/usr/bin", "/usr/include", "/usr/lib", "/usr/lib64", "/usr/libexec", "/usr/local", "/usr/sbin", "/usr/share",
     "/var"}
)  # fmt: skip
"""What a base and what is installed into it may fill; nothing in them is ever known to be absent."""
MAKES_NOTHING = frozenset(
    {":", "[", "addgroup", "adduser", "apk", "apt", "apt-get", "cat", "chgrp", "chmod", "chown", "command", "dnf",
     "dpkg", "echo", "exit", "export", "false", "groupadd", "id", "ldconfig", "ls", "microdnf", "mkdir", "nproc",
     "pip", "printf", "rm", "rmdir", "sed", "set", "sleep", "test", "true", "uname", "update-ca-certificates",
     "useradd", "usermod", "virtualenv", "which", "yum"}
)  # fmt: skip
"""Programs that bring no file of the learner's into an image: they install, remove, or only say something."""
INSTALLERS = frozenset({"conda", "mamba", "micromamba", "pdm", "pipenv", "poetry", "uv"})
INSTALL_VERBS = frozenset(
    {"add", "clean", "config", "create", "env", "export", "install", "lock", "sync", "update", "venv"}
)
"""What installers do without running or making something of the learner's, as by `run` and `init`."""
MODULES_THAT_MAKE_NOTHING = frozenset({"compileall", "ensurepip", "venv"})
LIBRARIES_OF_MODELS = frozenset(
    {"keras", "nltk", "sentence_transformers", "tensorflow", "timm", "torch", "torchvision", "transformers"}
)
IMPORT = re.compile(r"(?:^|[;\n])\s*(?:from\s+([\w.]+)\s+import\b|import\s+([^;\n]+))")
MAY_WRITE = re.compile(r"open|writ|save|copy|retrieve|download|exec|eval|system|path|__", re.IGNORECASE)
FOLDER_OPTIONS = frozenset(
    {"-d", "--dest", "--prefix", "--root", "--src", "-t", "--target", "-w", "--wheel-dir", "-e", "--editable"}
)
"""Options by which pip writes elsewhere than among the interpreter's packages."""
WRITTEN = re.compile(r">{1,2}\|?\s*[\"']?([^\s\"';|&()<>]+)")
"""Where a shell writes what a program prints; a comparison such as `numpy>=2` looks the same, and does no harm."""
VARIABLE = re.compile(r"\$\{?(\w+)")
LISTS_OF_FOLDERS = frozenset({"LD_LIBRARY_PATH", "PATH", "PYTHONPATH"})
"""Variables that are put together with their own value of before."""
MOST_CODE = 2000
"""Characters of code in a RUN that are looked at."""
MOST_WORK = 1_000_000
"""Files that are followed on their way into an image, from stage to stage."""
ARCHIVE = re.compile(r".*\.(?:tar|tar\.\w+|t[gbx]z2?)")


class Brought(NamedTuple):
    """A file of the build context as it lies in an image."""

    path: str
    """Absolute."""
    source: str
    """Relative to the build context."""


class Contents(Record):
    """What an image holds besides its system."""

    brought: tuple[Brought, ...]
    unknown: frozenset[str]
    """Files and folders of which nobody can tell what is in them; `/` for any."""

    def may_hold(self, path: str, endings: Sequence[str], is_kept: Callable[[str], bool]) -> bool:
        """Whether there may be a file of this absolute path, followed by one of the endings and anything.

        An empty ending stands for the path alone. `is_kept` says whether a source takes part in the build. A file that
        is a folder of the path may be a link to one.
        """

        def is_it(other: str) -> bool:
            return any(other.startswith(path + ending) if ending else other == path for ending in endings)

        if any(is_it(place) or is_below(path, place) for place in self.unknown):
            return True
        return any((is_it(file.path) or is_below(path, file.path)) and is_kept(file.source) for file in self.brought)


def is_below(path: str, folder: str) -> bool:
    """Whether an absolute path is a folder, or lies in it."""
    return folder in ("/", path) or path.startswith(f"{folder}/")


def read_contents(dockerfile: Dockerfile, stage: Stage, sent: Sequence[str]) -> Contents:
    """Return what the image of a stage holds; `sent` are the paths of the files that the build may see."""
    reached = dockerfile.reached(stage)
    made: dict[int, Contents] = {}
    work = len(sent) * sum(len(copy.sources) for each in reached for copy in each.image.copies)
    for each in reached:  # what a stage builds on or copies from stands before it
        if work > MOST_WORK:
            return Contents(brought=(), unknown=frozenset({"/"}))
        made[each.index] = _contents_of(each, dockerfile, made, sent)
        work += len(made[each.index].brought) + len(made[each.index].unknown)
    return made[stage.index]


def _contents_of(stage: Stage, dockerfile: Dockerfile, made: dict[int, Contents], sent: Sequence[str]) -> Contents:
    parent = made[stage.parent] if stage.parent is not None else None
    brought = list(parent.brought) if parent else []
    unknown = set(parent.unknown if parent else SYSTEM_FOLDERS if _is_plain(stage) else ("/",))
    lines = {item.line for item in stage.instructions}
    for copy in (copy for copy in stage.image.copies if copy.instruction.line in lines):  # its parent has the others
        index = stage_index(copy.origin, dockerfile.stages[: stage.index]) if copy.origin else None
        other = made.get(index) if index is not None else None
        handed = len(copy.sources) * (len(other.brought) + len(other.unknown)) if other else 0
        if len(brought) + len(unknown) + handed > MOST_WORK or not is_settled(copy.instruction.text, stage.image):
            unknown.add("/")
        elif copy.origin:
            _hand_over(copy, other, brought, unknown)
        else:
            brought += _sent_files(copy, sent, stage.image)
            unknown.update(_unseen(copy, sent))
    for item in stage.instructions:
        unknown.update(_made_by(item, stage))
    return Contents(brought=tuple(brought), unknown=frozenset(unknown))


def _is_plain(stage: Stage) -> bool:
    written = stage.start.words[0].partition(":")[0]
    reference = read_reference(stage.base)
    return "$" not in written and reference.name in PLAIN_BASES and "onbuild" not in reference.tag


def is_settled(text: str, image: Image) -> bool:
    """Whether each variable in a text has a value that nobody gives from outside, as `--build-arg` does."""
    names = set(VARIABLE.findall(text)) - LISTS_OF_FOLDERS
    texts = [image.env[name].instruction.text for name in names if name in image.env]
    return len(texts) == len(names) and not any(set(VARIABLE.findall(one)) - LISTS_OF_FOLDERS for one in texts)


def _sent_files(copy: Copied, sent: Sequence[str], image: Image) -> Iterator[Brought]:
    """Yield what COPY or ADD brings of the build context."""
    target = copy.target.rstrip("/") or "/"
    is_folder = copy.target.endswith("/") or is_below(image.workdir, target)
    for source in copy.sources:
        for path, rest in _named(source, sent):
            if rest:
                yield Brought(join(target, rest), path)
                continue
            name = path.rpartition("/")[2]
            yield Brought(join(target, name), path)
            if not is_folder or "." not in name:  # a link to a folder brings what is in that one
                yield Brought(target, path)


def _named(source: str, paths: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield the paths that a source names, each with what of it lies below the named folder."""
    wanted = [part for part in source.split("/") if part not in ("", ".")]
    start = "/".join(wanted)
    is_plain = not any(sign in start for sign in "*?[\\")
    for path in paths:
        if is_plain and start and not is_below(path, start):
            continue
        parts = path.split("/")
        if len(parts) >= len(wanted) and (is_plain or all(map(fnmatchcase, parts, wanted))):
            yield path, "/".join(parts[len(wanted) :])


def _unseen(copy: Copied, sent: Sequence[str]) -> Iterator[str]:
    """Yield where a copy puts what the submission does not show: unpacked, downloaded, or made before the build."""
    target = copy.target.rstrip("/") or "/"
    is_add = copy.instruction.keyword == "ADD"
    for source in copy.sources:
        named = [path for path, _ in _named(source, sent)]
        name = source.rstrip("/").rpartition("/")[2]
        is_elsewhere = source.startswith(("<<", "git@")) or "://" in source or ".." in source.split("/")
        is_archive = is_add and any(map(ARCHIVE.fullmatch, named))
        if is_elsewhere or is_archive or "parents" in copy.instruction.flags:
            yield target
        elif not named:
            yield join(target, name) if "." in name.strip(".") and copy.target.endswith("/") else target


def _hand_over(copy: Copied, other: Contents | None, brought: list[Brought], unknown: set[str]) -> None:
    """Add what is copied from another stage, or from an image outside of the file."""
    target = copy.target.rstrip("/") or "/"
    for source in copy.sources:
        place = join("/", source)
        if other is None or any(sign in place for sign in "*?["):
            unknown.add(target)
            continue
        for path, origin in other.brought:
            if is_below(path, place):
                rest = path[len(place.rstrip("/")) + 1 :]
                brought.append(Brought(join(target, rest) if rest else join(target, path.rpartition("/")[2]), origin))
                brought += [] if rest else [Brought(target, origin)]
        for path in other.unknown:
            if is_below(place, path):
                unknown.add(target)
            elif is_below(path, place):
                unknown.add(join(target, path[len(place.rstrip("/")) + 1 :]))


def _made_by(item: Instruction, stage: Stage) -> Iterator[str]:
    """Yield the files and folders that an instruction other than COPY may fill."""
    workdir = stage.image.places.get(item.line, "/")
    if item.keyword in ("WORKDIR", "VOLUME"):
        if not is_settled(item.text, stage.image):
            yield "/"
        elif item.keyword == "VOLUME":  # somebody means to mount something there
            yield from (path.rstrip("/") or "/" for path in stage.image.volumes)
    elif item.keyword == "ONBUILD":
        yield "/"
    elif item.keyword == "RUN":
        text = "\n".join([item.text, *(heredoc.content for heredoc in item.heredocs)])
        yield from written_files(text, workdir)
        commands = run_commands(item)
        if not commands or not all(map(makes_nothing, commands)):
            yield "/"
        for command in commands:
            yield from (join(workdir, folder) for folder in _install_folders(command))


def written_files(text: str, workdir: str) -> Iterator[str]:
    """Yield the files into which a script may write by `>`."""
    for place in WRITTEN.findall(text):
        if not place.startswith("/dev/"):
            yield "/" if "$" in place or "`" in place else join(workdir, place)


def makes_nothing(command: ShellCommand) -> bool:
    """Whether a command is known to bring no file of the learner's into an image."""
    words = plain_words(command)
    if words[0] == "python":
        is_known = words[1:2] == ["-m"] and MODULES_THAT_MAKE_NOTHING.issuperset(words[2:3])
        return is_known or (words[1:2] == ["-c"] and len(words) == 3 and _loads_a_model(words[2]))
    if words[0] in INSTALLERS:
        return INSTALL_VERBS.issuperset(words[1:2])
    return words[0] in MAKES_NOTHING


def _loads_a_model(code: str) -> bool:
    """Whether Python code only has a library load a published model, which fills the library's cache."""
    if len(code) > MOST_CODE:
        return False
    found = IMPORT.findall(code)
    names = [name.split()[0].partition(".")[0] for pair in found for name in "".join(pair).split(",") if name.strip()]
    is_all = len(found) == len(re.findall(r"\bimport\b", code))
    return bool(names) and is_all and LIBRARIES_OF_MODELS.issuperset(names) and not MAY_WRITE.search(code)


def _install_folders(command: ShellCommand) -> Iterator[str]:
    words = plain_words(command)
    for index, word in enumerate(words if words[0] == "pip" else ()):
        name, sign, value = word.partition("=")
        if name in FOLDER_OPTIONS:
            yield value if sign else "".join(words[index + 1 : index + 2])
        elif found := re.match(r"-[tde](.+)", word):
            yield found[1]
