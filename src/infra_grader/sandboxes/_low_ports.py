"""Ports below 1024, which programs of nobody may listen on in a container, and in bubblewrap if this module says so."""

from __future__ import annotations

import os
import subprocess

from infra_grader.sandboxes._resources import find_program

FIRST_FREE = "/proc/sys/net/ipv4/ip_unprivileged_port_start"
OPEN = f"echo 0 > {FIRST_FREE}"
OWNER = 0xB701
"""The kernel's request NS_GET_USERNS: the user namespace that a namespace belongs to."""
PATIENCE_S = 10.0


def find_problem() -> str:
    """Return why they cannot be opened here, or nothing."""
    if not find_program("nsenter"):
        return "nsenter is not installed"
    return "/proc/sys is read-only here" if os.statvfs("/proc/sys").f_flag & os.ST_RDONLY else ""


def open_low_ports(process: int) -> None:
    """Open them in the network namespace of a process, unless that is our own.

    Where the kernel refuses it they stay closed, which most services never notice. Raises `ProcessLookupError` if the
    process has ended.
    """
    import fcntl

    if find_problem():
        return
    descriptors = []
    try:
        network = os.open(f"/proc/{process}/ns/net", os.O_RDONLY)
        descriptors.append(network)
        if os.path.samestat(os.fstat(network), os.stat("/proc/self/ns/net")):
            return
        command = [find_program("nsenter"), f"--net=/proc/self/fd/{network}"]
        if os.geteuid() != 0:  # only in the user namespace that it belongs to may we do so
            owner = fcntl.ioctl(network, OWNER)
            descriptors.append(owner)
            command += [f"--user=/proc/self/fd/{owner}", "--preserve-credentials"]
        command += ["/bin/sh", "-c", OPEN]
        subprocess.run(command, env={}, pass_fds=descriptors, capture_output=True, check=False, timeout=PATIENCE_S)
    except FileNotFoundError as error:
        raise ProcessLookupError from error
    finally:
        for descriptor in descriptors:
            os.close(descriptor)
