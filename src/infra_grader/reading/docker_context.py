"""What a build may see: which folder of the submission, and a private copy of what its `.dockerignore` lets in."""

from __future__ import annotations

import os
import re
import shutil
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.workspace import compile_glob, is_glob
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.plugin import Context
from infra_grader.reading.dockerfile import Dockerfile, Stage
from infra_grader.reading.dockerfile_ignore import Pattern, deciding_pattern, is_ignored, read_patterns
from infra_grader.reading.dockerfile_shell import run_commands

MAX_FILES = 100_000
MAX_DEPTH = 100
MAX_IGNORE_BYTES = 256 * 1024
MOST_NAMED = 5
MISSING = re.compile(
    r'"/([^"\n]+)": not found|"/([^"\n]+)" not found|dockerignore: stat ([^\n:]+): file does not exist'
)
"""What BuildKit, an older one, and the classic builder say of a file that COPY names."""
MEGABYTE = 1_000_000


class Sent(NamedTuple):
    """A file, folder or link that a build may see."""

    path: str
    """Relative to the context."""
    place: str
    facts: os.stat_result


def choose_folder(context: Context, path: str, dockerfile: Dockerfile | None, stage: Stage | None) -> str:
    """Return the folder that a Dockerfile means as its context: the root, unless what it copies lies elsewhere.

    Tried are the root, the Dockerfile's own folder, and those between; the first in which most is found is taken.
    """
    tried = possible_folders(path)
    if len(tried) == 1 or dockerfile is None or stage is None:
        return "."
    reached = dockerfile.reached(stage)
    sources = [source for each in reached for copy in each.image.copies if not copy.origin for source in copy.sources]
    wanted = [source for source in sources if "://" not in source and not source.startswith(("git@", "<<"))]
    words = [word for each in reached for word in _file_words(each)]
    files = context.workspace.all_files()
    return min(tried, key=lambda folder: (_missing(files, folder, wanted), _missing(files, folder, words)))


def possible_folders(path: str) -> list[str]:
    """Return the folders that may be the context of a Dockerfile: the root, its own, and those between."""
    parts = path.split("/")[:-1]
    return [".", *("/".join(parts[:length]) for length in range(len(parts), 0, -1))]


def _file_words(stage: Stage) -> Iterator[str]:
    """Yield the words of a stage's commands that may name files of the submission."""
    for item in stage.instructions:
        if item.keyword == "RUN":
            yield from (word for command in run_commands(item) for word in command.words if _is_file_name(word))
        elif item.keyword in ("CMD", "ENTRYPOINT"):
            for word in item.words:
                if _is_file_name(word):
                    yield word
                elif ":" in word:  # uvicorn's and gunicorn's way to name what they serve
                    yield word.partition(":")[0].replace(".", "/") + ".py"


def _is_file_name(word: str) -> bool:
    return not word.startswith(("/", "-")) and "." in word.strip(".") and ":" not in word


def _missing(files: Sequence[str], folder: str, names: Sequence[str]) -> int:
    return sum(not _is_there(files, folder, name) for name in dict.fromkeys(names))


def _is_there(files: Sequence[str], folder: str, name: str) -> bool:
    plain = os.path.normpath(name.lstrip("/") or ".")
    if plain == ".":
        return True
    whole = plain if folder == "." else f"{folder}/{plain}"
    if is_glob(whole):
        matches = compile_glob(whole)
        return any(matches.match(path) for path in files)
    return any(path == whole or path.startswith(f"{whole}/") for path in files)


def ignore_patterns(context: Context, path: str, folder: str) -> list[Pattern]:
    """Return what keeps files out of a build: the Dockerfile's own list, else that of the context."""
    place = _ignore_file(context, path, folder)
    return read_patterns(context.workspace.view(allow_starter=True).read_text(place, MAX_IGNORE_BYTES)) if place else []


def _ignore_file(context: Context, path: str, folder: str) -> str:
    everything = context.workspace.view(allow_starter=True)
    prefix = "" if folder == "." else f"{folder}/"
    return next(filter(everything.find, (f"{path}.dockerignore", f"{prefix}.dockerignore")), "")


def find_left_out(context: Context, path: str, folder: str, error: str) -> Evidence | None:
    """Return the line that keeps a file of the submission out of a build which says that this file is not there."""
    found = MISSING.search(error)
    name = os.path.normpath(next(filter(None, found.groups()))).lstrip("/") if found else ""
    pattern = deciding_pattern(ignore_patterns(context, path, folder), name) if name else None
    if pattern is None or pattern.is_exception or not _is_there(context.workspace.all_files(), folder, name):
        return None
    return Evidence(
        path=_ignore_file(context, path, folder),
        line=pattern.line,
        expected=f"{name} let in",
        actual=f"`{pattern.text}` keeps it out of the build",
    )


def copy_context(
    source: Path, target: Path, patterns: Sequence[Pattern], *, limit_mb: float, deadline: Deadline
) -> int:
    """Copy what a build may see, links as links, and return its bytes.

    Raises `CheckFailed` before anything is copied where that is more than the limit, naming the largest files.
    """
    sent = list(_walk(source, list(patterns), deadline))
    total = sum(item.facts.st_size for item in sent if stat.S_ISREG(item.facts.st_mode))
    if total > limit_mb * MEGABYTE:
        raise _too_large(sent, total, limit_mb)
    target.mkdir(parents=True)
    for item in sent:
        deadline.check()
        _copy(item, target / item.path)
    return total


def _walk(source: Path, patterns: list[Pattern], deadline: Deadline) -> Iterator[Sent]:
    """Yield what is let in, folders before what is in them; links are not followed."""
    keeps_some = any(pattern.is_exception for pattern in patterns)
    waiting = [("", os.fspath(source), 0)]
    count = 0
    while waiting:
        prefix, folder, depth = waiting.pop()
        deadline.check()
        for entry in _entries(folder, prefix):
            path = prefix + entry.name
            facts = entry.stat(follow_symlinks=False)
            is_out = bool(patterns) and is_ignored(patterns, path)
            if stat.S_ISDIR(facts.st_mode):
                if depth < MAX_DEPTH and (keeps_some or not is_out):
                    waiting.append((f"{path}/", entry.path, depth + 1))
            elif not (stat.S_ISREG(facts.st_mode) or stat.S_ISLNK(facts.st_mode)):
                continue  # sockets and pipes are nothing to copy
            if is_out:
                continue
            count += 1
            if count > MAX_FILES:
                raise CheckFailed(
                    f"The build's context holds more than {MAX_FILES} files.",
                    Evidence.number(count, f"at most {MAX_FILES}", "files", "a .dockerignore keeps files out"),
                )
            yield Sent(path, entry.path, facts)


def _entries(folder: str, prefix: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as listed:
            return sorted(listed, key=lambda entry: entry.name)
    except FileNotFoundError:
        return []
    except OSError as error:
        raise NotAssessed(
            f"{prefix or 'The context'} cannot be read: {error.strerror}.", "Check who owns it."
        ) from error


def _copy(item: Sent, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    mode = item.facts.st_mode
    try:
        if stat.S_ISLNK(mode):
            target.symlink_to(os.readlink(item.place))
        elif stat.S_ISDIR(mode):
            target.mkdir(exist_ok=True)
            target.chmod(stat.S_IMODE(mode) | stat.S_IRWXU)
        else:
            shutil.copyfile(item.place, target, follow_symlinks=False)
            target.chmod(stat.S_IMODE(mode) | stat.S_IRUSR)
            os.utime(target, (item.facts.st_atime, item.facts.st_mtime))
    except OSError as error:
        raise NotAssessed(
            f"{item.path} cannot be copied: {error.strerror}.", "Check who owns it, and free space."
        ) from error


def _too_large(sent: Sequence[Sent], total: int, limit_mb: float) -> CheckFailed:
    largest = sorted((item for item in sent if stat.S_ISREG(item.facts.st_mode)), key=lambda item: -item.facts.st_size)
    named = [
        Evidence(
            path=item.path, expected="left out, if the image does not need it", actual=_megabytes(item.facts.st_size)
        )
        for item in largest[:MOST_NAMED]
    ]
    return CheckFailed(
        f"The build's context is {_megabytes(total)}, more than {limit_mb:g} MB; "
        f"the largest file is {largest[0].path} with {_megabytes(largest[0].facts.st_size)}.",
        Evidence.number(round(total / MEGABYTE, 1), f"at most {limit_mb:g}", "MB", "after .dockerignore"),
        *named,
    )


def _megabytes(size: int) -> str:
    return f"{size / MEGABYTE:,.1f} MB"
