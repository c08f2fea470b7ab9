"""The first step of the command line, which imports next to nothing: from here on, Ctrl-C shows no traceback."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import NoReturn


def console() -> NoReturn:
    """Run the command line of this process, to its end."""
    try:
        from infra_grader.cli.main import console as run  # takes long enough to be interrupted

        run()
    except KeyboardInterrupt:  # before the command began, or a second one while it ended
        with suppress(OSError):
            os.write(2, b"infra-grader: interrupted\n")
        os._exit(130)
