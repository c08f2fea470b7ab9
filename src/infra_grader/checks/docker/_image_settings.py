"""What an image says of itself: its size, its user, its ports, how it is started."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from infra_grader.plugin import Evidence
from infra_grader.reading.docker_image import MEGABYTE, LiveImage, shown
from infra_grader.reading.pieces import Piece, whole

MOST_NAMED = 5
SHELLS = re.compile(r"(?:/usr)?/bin/(?:ba|da|z|a)?sh\Z|\A(?:ba|da|z|a)?sh\Z")


def size(live: LiveImage, limit: float) -> Piece:
    """Return whether the image is small enough; the largest steps are named."""
    megabytes = round(live.bytes / MEGABYTE, 1)
    steps = sorted(live.history, key=lambda entry: -int(entry.get("Size") or 0))[:MOST_NAMED]
    largest = [
        Evidence.number(
            round(int(step.get("Size") or 0) / MEGABYTE, 1),
            "less",
            "MB",
            shown(str(step.get("CreatedBy") or "")) or "the base image",
        )
        for step in steps
        if int(step.get("Size") or 0) > MEGABYTE
    ]
    return whole(
        megabytes <= limit,
        f"there are {megabytes:,.1f} MB, more than {limit:g}",
        Evidence.number(megabytes, f"at most {limit:g}", "MB", "all layers"),
        *(largest if megabytes > limit else ()),
    )


def user(live: LiveImage, wanted: str) -> Piece:
    """Return whether the image runs as the user that is asked for, who must be one of the image."""
    name = str(live.config.get("User") or "").partition(":")[0]
    expected = "a user other than root" if wanted == "non-root" else wanted
    account = _account(live, name)
    actual = name or "root, since there is no USER"
    if name and account == "0" and name != "0":
        actual = f"{name}, which is another name of root"
    if name and not account and not name.isdigit():
        actual = f"{name}, whom the image does not know"
        return whole(False, f"the user is {actual}", live.setting("USER", expected, actual))
    if wanted == "non-root":
        holds = bool(name) and (account or name) not in ("0", "root") and int(account or name or 0) != 0
    else:
        holds = wanted in (name or "root", account)
    return whole(holds, f"the user is {actual}", live.setting("USER", expected, actual))


def _account(live: LiveImage, name: str) -> str:
    """Return the number of a user, by the image's own list of accounts; nothing if it is not there."""
    if not name or name.isdigit():
        return name
    for line in live.accounts.splitlines():
        fields = line.split(":")
        if len(fields) > 2 and fields[0] == name and fields[2].isdigit():
            return str(int(fields[2]))
    return ""


def ports(live: LiveImage, wanted: Sequence[str]) -> Piece:
    """Return whether the image exposes one of the ports."""
    there = sorted(live.config.get("ExposedPorts") or ())
    names = [port if "/" in port else f"{port}/tcp" for port in wanted]
    actual = ", ".join(there) or "no port"
    expected = " or ".join(wanted)
    return whole(any(name in there for name in names), f"{actual} is exposed", live.setting("EXPOSE", expected, actual))


def health(live: LiveImage) -> Piece:
    """Return whether the image has a healthcheck, its base's among them."""
    words = (live.config.get("Healthcheck") or {}).get("Test") or []
    is_there = len(words) > 1 and words[0] != "NONE"
    actual = " ".join(words[1:])[:200] if is_there else "none"
    return whole(is_there, "there is no healthcheck", live.setting("HEALTHCHECK", "a healthcheck", actual))


def label(live: LiveImage, name: str, value: str | None) -> Piece:
    """Return whether the image has a label, with this value if one is asked for."""
    there = (live.config.get("Labels") or {}).get(name)
    expected = name if value is None else f"{name}={value}"
    holds = there is not None and there != "" and value in (None, there)
    actual = f"{name}={there}" if there is not None else "no such label"
    return whole(holds, f"the label {expected} is missing", live.setting("LABEL", expected, actual))


def starts(live: LiveImage, entrypoint: str | None, command: str | None, *, by_itself: bool) -> Iterator[Piece]:
    """Yield whether the image starts what is asked for, and whether it does so without a shell."""
    first = [str(word) for word in live.config.get("Entrypoint") or ()]
    then = [str(word) for word in live.config.get("Cmd") or ()]
    for keyword, pattern, words in (("ENTRYPOINT", entrypoint, first), ("CMD", command, then)):
        if pattern is not None:
            actual = " ".join(words) or "none"
            holds = bool(words) and re.search(pattern, actual) is not None
            yield whole(holds, f"{keyword} is {actual[:100]}", live.setting(keyword, pattern, actual))
    if by_itself:
        words = first or then
        is_shell = len(words) > 1 and SHELLS.search(words[0]) is not None and words[1].endswith("c")
        # `exec` hands the process over, so that the shell is no longer there to keep signals.
        holds = bool(words) and (not is_shell or " ".join(words[2:]).lstrip().startswith("exec "))
        actual = " ".join(words) or "nothing"
        yield whole(
            holds,
            f"it is started by {'a shell' if words else 'nothing'}",
            live.setting("ENTRYPOINT" if first else "CMD", "a list of words, which starts the program itself", actual),
        )


def layers(live: LiveImage, limit: int) -> Piece:
    """Return whether the image has few enough layers."""
    return whole(
        live.layer_count <= limit,
        f"there are {live.layer_count} layers",
        Evidence.number(live.layer_count, f"at most {limit}", "layers", live.path),
    )
