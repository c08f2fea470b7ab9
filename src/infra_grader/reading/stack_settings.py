"""Which file of settings the programs of a monitoring stack are started with, and what of a submission they see."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import pairwise

from infra_grader.capabilities.workspace import Workspace, is_glob
from infra_grader.reading.compose_value import UNKNOWN
from infra_grader.reading.dockerfile_shell import SHELLS, program_name
from infra_grader.reading.prometheus_stack import Service

FLAG = re.compile(r"--?config\.file(?:=(.*))?")
OWN_SETTINGS = {
    "prometheus": ("/etc/prometheus/prometheus.yml", "/prometheus"),
    "alertmanager": ("/etc/alertmanager/alertmanager.yml", "/alertmanager"),
}
"""By image, the settings that its own command names, and the folder in which it is started."""
OWN_IMAGES = re.compile(r"(?:docker\.io/)?prom/|quay\.io/prometheus/")
"""Images of which that is known."""


READ_FROM = {"logstash": "/usr/share/logstash/pipeline", "filebeat": "/usr/share/filebeat/filebeat.yml"}
"""By image, the file or folder from which its program reads what it does, unless it is told otherwise."""
TELLS_OTHERWISE = {"logstash": "/usr/share/logstash/config", "filebeat": "/usr/share/filebeat/modules.d"}
"""Where settings that name other places would be mounted."""
ELASTIC_IMAGES = re.compile(r"docker\.elastic\.co/|(?:docker\.io/)?(?:library/|elastic/)?(?:logstash|filebeat)[:@]")


def settings_place(service: Service, program: str) -> str:
    """Return the path in the container of the settings that a program is started with; nothing where that is open.

    A command of the compose file takes the place of the image's own, with all its flags: without `--config.file` the
    program then looks for its settings in the folder in which it is started.
    """
    if service.is_built or {program_name(word) for word in service.command} & SHELLS:
        return ""
    named = [
        found[1] if found[1] is not None else after
        for word, after in pairwise((*service.command, ""))
        if (found := FLAG.fullmatch(word))
    ]
    own, home = OWN_SETTINGS[program]
    if not named and OWN_IMAGES.match(service.image) is None:
        return ""
    if not named and not service.command:
        return own
    place = named[-1] if named else f"{program}.yml"
    if not place or UNKNOWN in place or "$" in place or (service.home and UNKNOWN in service.home):
        return ""
    if not place.startswith("/") and OWN_IMAGES.match(service.image) is None and not service.home:
        return ""
    return posixpath.normpath(posixpath.join(service.home or home, place))


def unread(workspace: Workspace, service: Service, program: str) -> str:
    """Return why a program does not read settings of the submission, in words; nothing where it does, or may."""
    place = settings_place(service, program)
    is_at_home = posixpath.dirname(place) == OWN_SETTINGS[program][1]  # the volume there holds data, and no settings
    if not place or (service.may_hold(place) and not is_at_home):
        return ""
    source = service.find(place)
    if not source:
        return f"it is started with {place}, where nothing is mounted"
    if workspace.view(allow_starter=True).find(source):
        return ""
    return f"it is started with {place}, which is {source} in the submission, and that is not there"


def hidden(service: Service, path: str, program: str) -> str:
    """Return why Logstash or Filebeat does not read a file of the submission; nothing where it does, or may."""
    place = READ_FROM[program]
    is_made = service.is_built or {program_name(word) for word in service.command} & SHELLS
    if is_made or service.may_hold(place) or ELASTIC_IMAGES.match(service.image) is None:
        return ""
    seen = service.places_of(path)
    if not seen:
        return f"{path} is not mounted into it"
    is_told = any("/" in word for word in service.command) or "PATH_CONFIG" in service.variables
    is_told = is_told or any(mount.target.startswith(TELLS_OTHERWISE[program]) for mount in service.mounts)
    if is_told or any(one == place or one.startswith(f"{place}/") for one in seen):
        return ""
    return f"{path} is mounted at {seen[0]}, and it reads {place}"


def files_at(workspace: Workspace, service: Service, pattern: str) -> Iterator[str]:
    """Yield the files of the submission that a service sees at a path of its own, which may be a glob."""
    if source := service.find(pattern):
        yield from workspace.find(source)
    if is_glob(pattern):  # it may reach over single files that are mounted, too
        for mount in service.mounts:
            if fnmatchcase(mount.target, pattern) and mount.target.count("/") == pattern.count("/"):
                yield from workspace.find(mount.source)
