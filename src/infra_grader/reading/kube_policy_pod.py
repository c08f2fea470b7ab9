"""What a pod may not ask of its node: the `baseline` profile of Pod Security, and volumes that reach out."""

from __future__ import annotations

from collections.abc import Iterator

from infra_grader.reading.manifest import Field
from infra_grader.reading.manifest_workload import Workload

Asked = tuple[str, Field]
"""A topic, and the field that asks for it."""

CONTAINERS = ("containers", "initContainers", "ephemeralContainers")
CAPABILITIES = frozenset(
    {"AUDIT_WRITE", "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "MKNOD", "NET_BIND_SERVICE", "SETFCAP",
     "SETGID", "SETPCAP", "SETUID", "SYS_CHROOT"}
)  # fmt: skip
VOLUMES = frozenset(
    {"configMap", "downwardAPI", "emptyDir", "ephemeral", "image", "persistentVolumeClaim", "projected", "secret"}
)
"""Kinds of volumes that hold nothing but what is in the namespace; all others reach the node or a network."""
SYSCTLS = frozenset(
    {"kernel.shm_rmid_forced", "net.ipv4.ip_local_port_range", "net.ipv4.ip_local_reserved_ports",
     "net.ipv4.ip_unprivileged_port_start", "net.ipv4.ping_group_range", "net.ipv4.tcp_fin_timeout",
     "net.ipv4.tcp_keepalive_intvl", "net.ipv4.tcp_keepalive_probes", "net.ipv4.tcp_keepalive_time",
     "net.ipv4.tcp_rmem", "net.ipv4.tcp_syncookies", "net.ipv4.tcp_wmem"}
)  # fmt: skip
SELINUX_TYPES = ("", "container_t", "container_init_t", "container_kvm_t", "container_engine_t")
PROFILES = {"seccompProfile": ("RuntimeDefault", "Localhost"), "appArmorProfile": ("RuntimeDefault", "Localhost")}
APPARMOR = "container.apparmor.security.beta.kubernetes.io/"
HANDLERS = ("httpGet", "tcpSocket")


def find_asked(workload: Workload) -> Iterator[Asked]:
    """Yield what the pods of a workload ask of their node, beyond the baseline."""
    pod = workload.pod
    for key in ("hostNetwork", "hostPID", "hostIPC"):
        if pod.get(key).value not in (None, False):
            yield "host-namespaces", pod.get(key)
    yield from _context(pod.get("securityContext"))
    for sysctl in pod.get("securityContext", "sysctls").items():
        if sysctl.get("name").text not in SYSCTLS:
            yield "sysctls", sysctl.get("name")
    if pod.get("resourceClaims").value:
        yield "devices", pod.get("resourceClaims")
    yield from _volumes(pod)
    for note in workload.template.get("metadata", "annotations").entries():
        if str(note.path[-1]).startswith(APPARMOR) and not note.text.startswith(("runtime/default", "localhost/")):
            yield "unconfined", note
    for key in CONTAINERS:
        for container in pod.get(key).items():
            yield from _container(container)


def _volumes(pod: Field) -> Iterator[Asked]:
    for volume in pod.get("volumes").items():
        for source in volume.entries():
            if source.path[-1] != "name" and source.path[-1] not in VOLUMES and source.is_there:
                yield "host-paths" if source.path[-1] == "hostPath" else "volumes", source


def _container(container: Field) -> Iterator[Asked]:
    context = container.get("securityContext")
    if context.get("privileged").value not in (None, False):
        yield "privileged", context.get("privileged")
    for added in context.get("capabilities", "add").items():
        if added.text not in CAPABILITIES:
            yield "capabilities", added
    if context.get("procMount").value not in (None, "Default"):
        yield "unconfined", context.get("procMount")
    yield from _context(context)
    yield from _reach(container)


def _reach(container: Field) -> Iterator[Asked]:
    """Yield the ports and devices of the node, and the other hosts that the node itself would be sent to."""
    for port in container.get("ports").items():
        if port.get("hostPort").value not in (None, 0):
            yield "host-ports", port.get("hostPort")
    for device in container.get("volumeDevices").items():
        yield "devices", device
    for handler in _handlers(container):
        for key in HANDLERS:
            if handler.get(key, "host").value not in (None, ""):
                yield "host-probes", handler.get(key, "host")


def _handlers(container: Field) -> Iterator[Field]:
    for key in ("livenessProbe", "readinessProbe", "startupProbe"):
        yield container.get(key)
    for key in ("postStart", "preStop"):
        yield container.get("lifecycle", key)


def _context(context: Field) -> Iterator[Asked]:
    """Yield what pods and containers may say alike."""
    for key, harmless in PROFILES.items():
        profile = context.get(key, "type")
        if context.get(key).is_there and profile.value not in harmless:
            yield "unconfined", profile
    if context.get("windowsOptions", "hostProcess").value not in (None, False):
        yield "privileged", context.get("windowsOptions", "hostProcess")
    options = context.get("seLinuxOptions")
    if options.get("type").value not in (None, *SELINUX_TYPES):
        yield "unconfined", options.get("type")
    for key in ("user", "role"):
        if options.get(key).value not in (None, ""):
            yield "unconfined", options.get(key)
