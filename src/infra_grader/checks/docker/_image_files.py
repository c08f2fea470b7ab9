"""What is in an image: secrets in any layer, what should not be in the end, and what is there for nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from fnmatch import fnmatchcase
from fractions import Fraction
from typing import NamedTuple

from infra_grader.capabilities.docker_layers import Layer
from infra_grader.plugin import Evidence
from infra_grader.reading.docker_image import MEGABYTE, LiveImage, given_arguments, instruction_text
from infra_grader.reading.docker_secrets import is_installed
from infra_grader.reading.pieces import Piece, whole
from infra_grader.reading.secret_names import BEARER, PASSWORD_IN_URL, is_secret_name
from infra_grader.reading.secret_search import find_secrets

MOST_SHOWN = 10
PROGRAM_FOLDERS = frozenset(
    {"bin", "sbin", "usr/bin", "usr/sbin", "usr/local/bin", "usr/local/sbin", "opt/conda/bin", "root/.local/bin"}
)
KNOWN = {
    "pip cache": ("/root/.cache/pip", "/home/*/.cache/pip"),
    "apt lists": ("/var/lib/apt/lists/*_Packages*", "/var/lib/apt/lists/*_InRelease*"),
}
"""Things that are known by a name of their own, and where they are."""
LOCKS = ("lock", "partial")
STANDS_FOR = re.compile(r"[ =](?:/(?:app|etc|home|mnt|opt|run|srv|var)/|<)\S*\Z")


class Kept(NamedTuple):
    """A file of the image as it is in the end."""

    layer: int
    size: int


def no_secrets(live: LiveImage) -> Piece:
    """Return whether no secret is in the image: variables, history, arguments, files of all layers."""
    found = [*_in_variables(live), *_in_history(live), *_in_files(live)]
    looked = Evidence(path=live.path, expected="no secret", actual=f"none in {live.layer_count} layers")
    lacking = (
        f"there is {found[0].actual}" + (f", and {len(found) - 1} more" if len(found) > 1 else "") if found else ""
    )
    return whole(not found, lacking, *(found[:MOST_SHOWN] or [looked]))


def _in_variables(live: LiveImage) -> Iterator[Evidence]:
    own = live.stage.image.env if live.stage else None
    for pair in live.config.get("Env") or ():
        name, _, value = str(pair).partition("=")
        if own is not None and name not in own:
            continue  # the base image's
        if value and (is_secret_name(name) or PASSWORD_IN_URL.search(value) or find_secrets("image.env", str(pair))):
            setting = own[name].instruction if own else None
            yield Evidence(
                path=live.path,
                line=setting.line if setting else None,
                expected="no secret",
                actual=f"the variable {name}, value not shown",
                text="every container and whoever has the image can read it",
            )


def _in_history(live: LiveImage) -> Iterator[Evidence]:
    named: set[str] = set()
    for origin in live.origins():
        given = [name for name, value in given_arguments(origin.step.text) if value and is_secret_name(name)]
        if given:
            if named.issuperset(given):  # every RUN after the first holds them again
                continue
            named.update(given)
            actual = f"the build argument {given[0]} in the history, value not shown"
        elif _tells_secret(instruction_text(origin.step.text)):
            actual = "a password or token in the history, value not shown"
        else:
            continue
        point = live.point(origin, "no secret", actual)
        yield point.replace(text="`docker history --no-trunc` shows it")
    for text in live.config.get("OnBuild") or ():
        if _tells_secret(str(text).removeprefix("ENV ")):
            actual = "a password or token in an instruction for later builds, value not shown"
            yield live.setting("ONBUILD", "no secret", actual).replace(text="`docker inspect` shows it")


def _tells_secret(text: str) -> bool:
    """Whether an instruction holds a password or token: what it runs, starts, labels, or takes by default."""
    if text.startswith(("ENV ", "ONBUILD ")):  # both are looked at by themselves
        return False
    words = text.replace('"', "")  # commands are remembered as lists of quoted words
    return any(
        PASSWORD_IN_URL.search(form) or find_secrets("run.sh", form) or _is_given(form) for form in (text, words)
    )


def _is_given(text: str) -> bool:
    """Whether a command is given a password or token itself, not the path of a file or a word that stands for it."""
    return any(not STANDS_FOR.search(found[0]) for found in BEARER.finditer(text))


def _in_files(live: LiveImage) -> Iterator[Evidence]:
    last = _in_the_end(live.saved.layers)
    for secret in live.secrets:
        kept = last.get(secret.path)
        is_gone = kept is None or kept.layer != secret.layer
        point = live.layer_point(secret.layer, "no secret", secret.what)
        yield point.replace(text="a later step removes it, but the layer keeps it" if is_gone else point.text)


def absent(live: LiveImage, unwanted: Sequence[str]) -> Piece:
    """Return how much of what should not be in the image is not."""
    last = _in_the_end(live.saved.layers)
    own = live.first_own_layer()
    evidence: list[Evidence] = []
    there: list[str] = []
    for name in unwanted:
        path = next((path for path in sorted(last) if _is_meant(name, path, is_own=last[path].layer >= own)), None)
        if path is None:
            evidence.append(Evidence(path=live.path, expected=f"no {name}", actual="none"))
            continue
        there.append(name)
        evidence.insert(0, live.layer_point(last[path].layer, f"no {name}", f"/{path}"))
    share = Fraction(len(unwanted) - len(there), len(unwanted))
    return Piece(share, f"{' and '.join(there)} {'is' if len(there) == 1 else 'are'} in it", tuple(evidence))


def _is_meant(name: str, path: str, *, is_own: bool) -> bool:
    """Whether a file is what a rubric means: a known thing, an absolute path, a program, or a name of the learner's."""
    if name in KNOWN:
        return any(_is_below(place, path) for place in KNOWN[name])
    if name.startswith("/"):
        return _is_below(name, path)
    folder, _, last = path.rpartition("/")
    if last == name and folder in PROGRAM_FOLDERS:
        return True
    if not is_own or is_installed(path):
        return False
    wanted = name.rstrip("/").split("/")
    parts = path.split("/")
    if name.endswith("/"):
        parts = parts[:-1]
    span = len(wanted)
    return any(
        all(fnmatchcase(part, pattern) for part, pattern in zip(parts[start : start + span], wanted, strict=True))
        for start in range(len(parts) - span + 1)
    )


def _is_below(place: str, path: str) -> bool:
    """Whether a file is this one or lies below it; locks that package managers keep do not count."""
    wanted, parts = place.strip("/").split("/"), path.split("/")
    if len(parts) < len(wanted) or parts[-1] in LOCKS:
        return False
    return all(fnmatchcase(part, pattern) for part, pattern in zip(parts, wanted, strict=False))


def wasted(live: LiveImage, limit: float) -> Piece:
    """Return whether few bytes are in the image for nothing, since later layers remove or replace the files."""
    saved = live.saved.layers
    own = live.first_own_layer()
    lost: dict[tuple[int, int], dict[str, int]] = {}
    now: dict[str, Kept] = {}
    for number, layer in enumerate(saved):
        for path, kept in _covered(now, layer):
            if number >= own:  # what a base image wastes is not the learner's
                lost.setdefault((kept.layer, number), {})[path] = kept.size
        _apply(now, number, layer)
    total = round(sum(sum(files.values()) for files in lost.values()) / MEGABYTE, 1)
    largest = sorted(lost.items(), key=lambda item: -sum(item[1].values()))[:MOST_SHOWN]
    evidence = [
        live.layer_point(
            late, "removed in the step that made it", f"{sum(files.values()) / MEGABYTE:,.1f} MB for nothing"
        ).replace(text=f"such as /{max(files, key=lambda path: files[path])}, which layer {early + 1} brought")
        for (early, late), files in largest
        if sum(files.values()) >= MEGABYTE / 10
    ]
    return whole(
        total <= limit,
        f"{total:,.1f} MB are in it for nothing",
        Evidence.number(total, f"at most {limit:g}", "MB", "files that later layers remove or replace"),
        *(evidence if total > limit else ()),
    )


def _in_the_end(layers: Sequence[Layer]) -> Mapping[str, Kept]:
    """Return the files of the image as a container sees them."""
    now: dict[str, Kept] = {}
    for number, layer in enumerate(layers):
        _apply(now, number, layer)
    return now


def _apply(now: dict[str, Kept], number: int, layer: Layer) -> None:
    for path, _ in list(_covered(now, layer)):
        del now[path]
    now.update({path: Kept(number, size) for path, size in layer.files.items()})


def _covered(now: Mapping[str, Kept], layer: Layer) -> Iterator[tuple[str, Kept]]:
    """Yield the files that a layer removes or replaces."""
    gone = layer.removed | layer.emptied
    for path in layer.files.keys() & now.keys():
        yield path, now[path]
    if gone:
        for path, kept in now.items():
            if path not in layer.files and _lies_in(path, layer.removed, layer.emptied):
                yield path, kept


def _lies_in(path: str, removed: frozenset[str], emptied: frozenset[str]) -> bool:
    if path in removed:
        return True
    folder = path.rpartition("/")[0]
    while folder:
        if folder in removed or folder in emptied:
            return True
        folder = folder.rpartition("/")[0]
    return "" in emptied
