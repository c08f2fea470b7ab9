"""How a container is, as Docker says it, in words where something went wrong."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from infra_grader.capabilities.sandbox import MIB, how_ended
from infra_grader.model.record import Record

SIGKILL_STATUS = 128 + 9
MEANINGS = {126: "what it runs is no program", 127: "what it runs is not there"}
"""What shells and Docker mean by a status."""
SHOWN = 1000


class Probe(Record):
    """One run of a container's healthcheck."""

    exit_status: int
    output: str


class State(Record):
    """How a container is at one moment."""

    status: str
    """As Docker says it: `running`, `exited`, `restarting`, ...; `gone` where it has vanished."""
    is_running: bool
    """Whether it runs and is not just being started again after a crash."""
    exit_status: int = 0
    is_out_of_memory: bool = False
    """Whether it ended for want of memory; told only once it has ended."""
    memory_bytes: int = 0
    """How much it may use; 0 where nothing says so."""
    error: str = ""
    """What Docker could not do."""
    pid: int = 0
    """Number of its process 1 on the machine that runs it; 0 where it does not run."""
    started: str = ""
    """When it was started last, as Docker writes it."""
    finished: str = ""
    """When it ended last."""
    restarts: int = 0
    """How often Docker has started it again by itself."""
    health: str = ""
    """`starting`, `healthy` or `unhealthy`; nothing without a healthcheck."""
    probes: tuple[Probe, ...] = ()
    """The last runs of the healthcheck."""

    @property
    def seconds(self) -> float:
        """How long it ran, once it has ended."""
        return max(0.0, _moment(self.finished) - _moment(self.started))

    @property
    def how(self) -> str:
        """How it ended, as a clause."""
        if self.status == "gone":
            return "the container was removed"
        if self.is_out_of_memory:
            limit = f", its limit is {self.memory_bytes // MIB} MiB" if self.memory_bytes else ""
            return f"out of memory{limit} ({how_ended(self.exit_status)})"
        if self.error:
            return self.error[:SHOWN]
        if meaning := MEANINGS.get(self.exit_status):
            return f"exit status {self.exit_status}: {meaning}"
        return how_ended(self.exit_status)


GONE = State(status="gone", is_running=False)


def read_state(facts: Mapping[str, Any]) -> State:
    """Return the state that an inspection says; `GONE` for one that found nothing."""
    of = facts.get("State")
    if not isinstance(of, dict):
        return GONE
    health = of.get("Health") or {}
    return State(
        status=str(of.get("Status") or "unknown"),
        is_running=bool(of.get("Running")) and not of.get("Restarting"),
        exit_status=int(of.get("ExitCode") or 0),
        is_out_of_memory=bool(of.get("OOMKilled")),
        memory_bytes=int((facts.get("HostConfig") or {}).get("Memory") or 0),
        error=str(of.get("Error") or ""),
        pid=int(of.get("Pid") or 0),
        started=str(of.get("StartedAt") or ""),
        finished=str(of.get("FinishedAt") or ""),
        restarts=int(facts.get("RestartCount") or 0),
        health="" if health.get("Status") in (None, "none") else str(health["Status"]),
        probes=tuple(
            Probe(exit_status=int(run.get("ExitCode") or 0), output=str(run.get("Output") or "")[-SHOWN:])
            for run in health.get("Log") or ()
        ),
    )


def _moment(text: str) -> float:
    """Return a moment as Docker writes it, with up to nine digits after the second, in seconds."""
    try:
        return datetime.fromisoformat(text[:26].rstrip("Z")).replace(tzinfo=UTC).timestamp()
    except ValueError:
        return 0.0
