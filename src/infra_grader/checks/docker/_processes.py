"""What the processes of a container are called."""

from __future__ import annotations

SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"})


def program(command: str) -> str:
    """Return the name of the program in a command line, without its folder."""
    return command.split(maxsplit=1)[0].rpartition("/")[2].lstrip("-") if command.strip() else ""
