"""A rubric's YAML file to a `Rubric`, or every fault in it at once.

A rubric that was accepted before comes from a cache, without YAML and without the rules.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from pathlib import Path

from infra_grader.errors import Problem, RubricError
from infra_grader.loading.rubric_cache import Choose, read_rubric, write_rubric
from infra_grader.model.rubric import Rubric
from infra_grader.plugin import CheckKind

MAX_BYTES = 2 * 1024 * 1024


def load_rubric(
    file: Path,
    find_kind: Callable[[str], CheckKind],
    kind_names: Callable[[], Iterable[str]] = tuple,
    cache_folder: Path | None = None,
    choose: Choose | None = None,
) -> Rubric:
    """Return the rubric in a file. Raises `RubricError` with every fault of it, or if it cannot be read.

    `find_kind` raises `PluginError` for a name that it does not know; `kind_names` lists all names, and is asked
    only for a suggestion. An accepted rubric is kept in `cache_folder`, if there is one; of a kept one, `choose` may
    tell the ids of the checks that are going to be asked, and only the kinds of these are loaded.
    """
    content = _read(file)
    sha256 = hashlib.sha256(content).hexdigest()
    rubric = read_rubric(cache_folder, sha256, find_kind, choose) if cache_folder is not None else None
    if rubric is None:
        # The long way imports several times what the short one does.
        from infra_grader.loading.rubric_acceptance import accept_rubric

        rubric = accept_rubric(file, content, sha256, find_kind, kind_names)
        if cache_folder is not None:
            write_rubric(cache_folder, sha256, rubric)
    own_files = file.with_suffix("")
    return rubric.replace(source=str(file), folder=own_files if own_files.is_dir() else file.parent)


def _read(file: Path) -> bytes:
    try:
        with file.open("rb") as stream:
            content = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise RubricError(str(file), Problem(f"the file cannot be read: {error.strerror}")) from error
    except ValueError as error:  # a NUL in the name
        raise RubricError(str(file), Problem(f"this is no name of a file: {error}")) from error
    if len(content) > MAX_BYTES:
        raise RubricError(str(file), Problem("the file is too large", allowed=f"at most {MAX_BYTES} bytes"))
    return content
