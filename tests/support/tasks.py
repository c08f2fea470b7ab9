"""Work for the tests of executors; processes of their own import it by name."""

import os
import signal
import time
from pathlib import Path

from infra_grader.capabilities.executor import Task


def do(payload, tell):
    """Do what a task says, as a check might."""
    what, value = payload
    tell(f"at {what}")
    if what == "sleep":
        time.sleep(value)
    elif what == "exit":
        os._exit(value)
    elif what == "kill":
        os.kill(os.getpid(), value)
    elif what == "steps":
        for number, (promised, taken) in enumerate(value):
            tell(f"step {number}", promised)
            time.sleep(taken)
    elif what == "raise":
        raise RuntimeError(value)
    elif what == "hold":
        Path(value).write_text(str(os.getpid()))
        try:
            time.sleep(60)
        finally:
            Path(value).write_text("closed")
    elif what == "deaf":
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        time.sleep(60)
    return (what, value, os.getpid())


def twice(payload, _tell):
    """Return the double."""
    return 2 * payload


def kettle():
    """Find what every machine has."""
    return ["a kettle"]


def tasks(*payloads, seconds=20.0):
    return [Task(id=str(number), payload=payload, seconds=seconds) for number, payload in enumerate(payloads)]
