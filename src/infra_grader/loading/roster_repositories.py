"""Rosters that list an organisation's repositories, as GitHub's REST API and its command line give them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from infra_grader.errors import Problem, RosterError
from infra_grader.loading.roster_row import Row

MAX_BYTES = 64 * 1024 * 1024
ADDRESSES = ("clone_url", "url", "ssh_url", "sshUrl", "html_url")
"""Keys that hold an address, the best first; the API's own `url` is no repository and is told by its host."""
API = "https://api."


def read_repositories(path: Path) -> list[Row]:
    """Return a row for each repository that is not archived. Raises `RosterError` for a file that lists none.

    Accepted are the answer of `GET /orgs/{org}/repos`, pages of it in one list, what `gh repo list --json
    name,url,sshUrl` prints, and objects with the columns of a roster.
    """
    try:
        with path.open("rb") as file:
            content = file.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise RosterError(str(path), Problem(f"it is larger than {MAX_BYTES // 1024 // 1024} MiB"))
        data = json.loads(content)
    except OSError as error:
        raise RosterError(str(path), Problem(f"it cannot be read: {error.strerror}")) from error
    except (ValueError, RecursionError) as error:
        line = getattr(error, "lineno", None)
        raise RosterError(str(path), Problem(f"it is no JSON: {error}", line=line)) from error
    listed = data if isinstance(data, list) else []
    listed = [each for page in listed for each in (page if isinstance(page, list) else [page])]
    if not listed:
        raise RosterError(str(path), Problem("it lists no repositories", allowed="a list of objects"))
    if faults := [Problem("it is no object", path=f"[{at}]") for at, each in enumerate(listed) if not _is_row(each)]:
        raise RosterError(str(path), *faults)
    return [_row(each, place) for place, each in enumerate(listed) if not _is_archived(each)]


def _is_row(item: object) -> bool:
    return isinstance(item, dict) and bool(item)


def _is_archived(item: Mapping[str, Any]) -> bool:
    return item.get("archived") is True or item.get("isArchived") is True


def _row(item: Mapping[str, Any], place: int) -> Row:
    texts = {key: str(value) for key, value in item.items() if isinstance(value, str | int | float)}
    if "source" in texts:  # an object with the columns of a roster
        return Row(cells=texts, place=f"[{place}]")
    # `id` in GitHub's answer is a number of its own, and the name is the repository's, not a person's.
    address = next((texts[key] for key in ADDRESSES if texts.get(key) and not texts[key].startswith(API)), "")
    return Row(cells={"id": texts.get("name", ""), "source": address}, place=f"[{place}]")
