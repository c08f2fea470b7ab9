"""The templates that a configuration of Alertmanager calls, and where they are defined."""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator

from infra_grader.checks.alertmanager._settings import Settings
from infra_grader.plugin import Context, Evidence, TextFile
from infra_grader.reading.prometheus_files import texts
from infra_grader.reading.prometheus_stack import Service
from infra_grader.reading.stack_settings import files_at, settings_place

COMMENT = re.compile(r"\{\{-?\s*/\*.*?\*/\s*-?\}\}", re.DOTALL)
CALLED = re.compile(r"\{\{-?\s*(?:template|block)\s+[\"`]([^\"`]+)[\"`]")
DEFINED = re.compile(r"\{\{-?\s*(?:define|block)\s+[\"`]([^\"`]+)[\"`]")
DEFAULTS = {
    "discord": "content message title",
    "email": "html subject",
    "jira": "description priority summary",
    "msteams": "summary text title",
    "opsgenie": "description message source",
    "pagerduty": "client clientURL description instances",
    "pushover": "message title url",
    "slack": "callbackid fallback footer iconemoji iconurl pretext text title titlelink username",
    "sns": "message subject",
    "telegram": "message",
    "victorops": "entity_display_name monitoring_tool state_message",
    "webex": "message",
    "wechat": "agent_id message to_party to_tag to_user",
}
"""What Alertmanager defines itself, by the way to notify: `slack.default.title`."""
OWN = frozenset(
    {"__alertmanager", "__alertmanagerURL", "__description", "__subject"}
    | {"__text_alert_list", "__text_alert_list_markdown"}
)
DEFAULT = re.compile(r"(\w+)\.default\.(\w+)")
MOST_FILES = 50


def undefined(context: Context, settings: Settings, service: Service | None) -> Iterator[Evidence]:
    """Yield the templates that are called and that neither a file of `templates` nor Alertmanager defines.

    Files are looked for as `service` sees them, where it mounts the configuration, else beside that or by their names.
    A notification whose template is defined nowhere is never sent.
    """
    found = settings.found
    if service is not None and (service.is_built or not service.sees(found.path)):
        service = None
    files = [TextFile(found.path, found.text)]
    allowed = context.workspace.view(allow_starter=True)
    for pattern in texts(found.data.get("templates")):
        named = _files(context, settings, service, pattern)[:MOST_FILES]
        files += [TextFile(path, allowed.read_text(path)) for path in named]
        if service is not None and service.may_hold(_inside(service, pattern)):
            return  # what lies there is not of the submission
    bare = [COMMENT.sub(lambda hidden: "\n" * hidden[0].count("\n"), file.text) for file in files]
    defined = {name for text in bare for name in DEFINED.findall(text)}
    for file, text in zip(files, bare, strict=True):
        for call in CALLED.finditer(text):
            if call[1] not in defined and not _is_default(call[1]):
                before = found.lines_before if file.path == found.path else 0
                line = before + text.count("\n", 0, call.start()) + 1
                actual = "no file of `templates` defines it"
                yield Evidence(path=file.path, line=line, expected=f'the template "{call[1]}"', actual=actual)


def _is_default(name: str) -> bool:
    kind = DEFAULT.fullmatch(name)
    if kind is None:
        return name in OWN
    return kind[1] not in DEFAULTS or kind[2] in DEFAULTS[kind[1]].split()  # newer ways to notify bring theirs


def _files(context: Context, settings: Settings, service: Service | None, pattern: str) -> list[str]:
    """Return the files of the submission that a path or glob in `templates` stands for."""
    workspace = context.workspace.view(allow_starter=True)
    if service is not None:
        return list(files_at(workspace, service, _inside(service, pattern)))
    name = posixpath.basename(pattern)
    beside = workspace.find(posixpath.join(posixpath.dirname(settings.path), name))
    return list(beside or workspace.find(f"**/{name}"))


def _inside(service: Service, pattern: str) -> str:
    """Return a path in the container; what is relative starts from the folder of the configuration there."""
    place = settings_place(service, "alertmanager") or "/etc/alertmanager/alertmanager.yml"
    return posixpath.normpath(posixpath.join(posixpath.dirname(place), pattern))
