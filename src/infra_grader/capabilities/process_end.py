"""Waits for a process of ours to end, and notices at once."""

from __future__ import annotations

import os
import select
import subprocess
import sys
from contextlib import suppress

MS_PER_S = 1000


def ended_within(process: subprocess.Popen[bytes], seconds: float) -> bool:
    """Wait up to these seconds for a process of ours to end; returns whether it has."""
    seconds = max(0.0, seconds)
    if sys.platform == "linux" and seconds:
        # `Popen.wait` with a limit sleeps and looks, which costs up to 50 ms: the kernel can tell us instead.
        with suppress(OSError):  # it has ended and somebody knows, or this kernel cannot
            return _is_told_by_kernel(process, seconds)
    with suppress(subprocess.TimeoutExpired):
        process.wait(seconds)
    return process.poll() is not None


def _is_told_by_kernel(process: subprocess.Popen[bytes], seconds: float) -> bool:
    told = os.pidfd_open(process.pid)
    try:
        poll = select.poll()
        poll.register(told, select.POLLIN)
        if not poll.poll(seconds * MS_PER_S):
            return False
    finally:
        os.close(told)
    process.wait()  # at once: it keeps the exit status
    return True
