"""A Service in a cluster, asked by checks one after another from a probe of ours, through its own address.

The probe is in another namespace than the Service, where no quota of the learner's counts it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from typing import TYPE_CHECKING

from infra_grader.capabilities import _reference_service
from infra_grader.capabilities._probe_pod import RELAY_PORT
from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.kubernetes import Refused
from infra_grader.capabilities.kubernetes_forward import ForwardTunnel
from infra_grader.capabilities.tunnel import Connect, TunnelError, TunnelTimeout
from infra_grader.capabilities.turns import taking_turns
from infra_grader.model.outcome import NotAssessed

if TYPE_CHECKING:
    from infra_grader.capabilities.kubernetes_probe import Probe
    from infra_grader.capabilities.live_kubernetes import LiveKubernetes

LOOPBACK = "127.0.0.1"
OK = "ok"
RELAY_S = 5.0
"""How long the relay in a new probe may take to listen."""
PAUSE_S = 0.2
END_S = 5.0
LINES = 30


class ClusterRunning:
    """A Service that can be asked; see `RunningService`. Each connection goes to the pod that the Service chooses."""

    is_claimed: bool = False

    def __init__(self, probe: Probe, namespace: str, name: str, host: str, port: int, pods: str) -> None:
        self.probe = probe
        self.namespace = namespace
        self.name = name
        self.host = host
        self.port = port
        self._pods = pods

    @property
    def output(self) -> str:
        """The last lines that one of the pods behind it has printed."""
        from infra_grader.capabilities.kubernetes import PODS  # as the rest of the cluster, only where it is asked

        with suppress(NotAssessed, Refused):
            for pod in self.probe.cluster.list(PODS, self.namespace, labels=self._pods)[:1]:
                return self.probe.cluster.logs(pod["metadata"]["name"], self.namespace, lines=LINES)
        return ""

    def connect(self, port: int, deadline: Deadline) -> ForwardTunnel:
        """Return a connection to a port of it; see `RunningService`."""
        return connect(self.probe, self.host, port, deadline)

    def find_end(self) -> str:
        """Return why it takes no connections, as a clause, or nothing if it does."""
        try:
            self.connect(self.port, Deadline(END_S)).close()
        except TunnelError as error:
            return str(error)
        return ""


class ClusterService:
    """A Service in a cluster; see `AskedService`. The cluster keeps its pods running, so that it is never restarted."""

    def __init__(
        self, live: LiveKubernetes, running: ClusterRunning, command: str, settle: Callable[[Deadline], None]
    ) -> None:
        self.live = live
        self.running = running
        self.command = command
        """What asks it by hand."""
        self.settle = settle
        """Waits for pods that a check has ended, for which no check pays."""

    @contextmanager
    def turn(self, deadline: Deadline, *, fresh: bool = False) -> Iterator[ClusterRunning]:
        """Yield the Service while no other check of the run asks it, or ends its pods; see `AskedService`.

        Pods that one before has ended have been replaced by then.
        """
        if fresh:
            raise NotAssessed(
                "A Service in a cluster is not started anew for one check.", "Leave out `fresh` in the rubric."
            )
        with alone(self.live, deadline):
            self.settle(deadline)
            yield self.running

    def undisturbed(self, deadline: Deadline) -> AbstractContextManager[None]:
        """Return a block in which no other check of any grader measures in the cluster; see `AskedService`."""
        return self.live.turn(deadline)

    @contextmanager
    def idle(self, _deadline: Deadline) -> Iterator[tuple[Connect, int]]:
        """Yield the way to a service of ours that does nothing, in the probe itself, through the same relay."""
        probe = self.running.probe
        yield lambda port, until: connect(probe, LOOPBACK, port, until), _reference_service.PORT


@contextmanager
def alone(live: LiveKubernetes, deadline: Deadline) -> Iterator[None]:
    """Be the only check of the run that asks what was deployed, or does something to it, while the block runs.

    See `taking_turns` for who pays for the wait, and for how long it may be.
    """
    turn: threading.Lock = live.once("the run's only one that asks", threading.Lock)
    with taking_turns(turn, deadline, "Service"):
        yield


@contextmanager
def measuring(live: LiveKubernetes, deadline: Deadline, *, yields: bool = False) -> Iterator[None]:
    """Be the only check of any grader that measures in the cluster, and of the run that asks, while the block runs.

    One that leaves what was deployed in another state `yields`, so that others of the run measure before it.
    """
    with live.turn(deadline, yields=yields), alone(live, deadline):
        yield


def connect(probe: Probe, host: str, port: int, deadline: Deadline) -> ForwardTunnel:
    """Return a connection from a probe to an address in the cluster. Raises `TunnelError` if it is refused there."""
    limit = Deadline(min(RELAY_S, deadline.remaining()))
    while True:
        tunnel = probe.cluster.forward(probe.pod, probe.namespace, RELAY_PORT, deadline)
        try:
            tunnel.write(f"{host} {port}\n".encode("ascii"), deadline)
            said = tunnel.read_line(deadline)
        except TunnelTimeout:
            tunnel.close()
            raise
        except TunnelError:  # a relay that does not listen yet
            said = ""
        if said == OK:
            return tunnel
        tunnel.close()
        if said or not limit.remaining():
            raise TunnelError(said or "our probe in the cluster does not pass it on")
        time.sleep(PAUSE_S)
