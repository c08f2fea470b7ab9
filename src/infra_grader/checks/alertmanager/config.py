"""The alertmanager.config check kind."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra_grader.checks.alertmanager._settings import Settings, faults, read_settings
from infra_grader.checks.alertmanager._templates import undefined
from infra_grader.plugin import Annotated, CheckFailed, Context, Evidence, Meta, Outcome, Params, Places, check, places
from infra_grader.reading.pieces import Piece, counted, cut, judge, whole
from infra_grader.reading.prometheus_stack import Service, Stack, read_stack
from infra_grader.reading.prometheus_tool import ask_tool
from infra_grader.reading.stack_settings import unread
from infra_grader.reading.stand_in import secret_in

VARIABLE = re.compile(r"(?P<quote>[\"']?)\$\{?[A-Za-z_]\w*\}?(?P=quote)(?=\s*$)", re.MULTILINE)
NEWER = frozenset({"webhook_url_file", "msteams_configs", "msteamsv2_configs", "jira_configs", "rocketchat_configs",
                   "incidentio_configs", "mattermost_configs", "routing_key_file", "service_key_file", "url_file",
                   "user_key_file", "token_file", "bot_token_file", "summary", "smtp_auth_password_file", "timeout",
                   "app_token", "app_token_file", "slack_app_token", "auth_password_file"})  # fmt: skip
"""Settings that an older amtool refuses though Alertmanager knows them by now."""


class Config(Params):
    """Where the configuration is, and who it must notify."""

    path: Annotated[
        Places, Meta(description="alertmanager.yml, or what holds it; the first place that is there is read.")
    ]
    receivers: Annotated[int, Meta(ge=1, description="Receivers that are routed to and notify somebody.")] = 1
    channels: Annotated[
        tuple[str, ...],
        Meta(description="Ways to notify that are there: `slack`, `email`, `webhook` ...; `slack|webhook` for either."),
    ] = ()
    different_channels: Annotated[int, Meta(ge=0, description="Different ways to notify.")] = 0
    compose: Annotated[
        Places | None, Meta(description="Compose file whose Alertmanager must be started with it, where it has one.")
    ] = None


@check("alertmanager.config", capabilities=("command",))
def config(context: Context, params: Config) -> Outcome:
    """Alertmanager's configuration is valid, has receivers that notify somebody, and holds no secret.

    Validity is decided by our own reading (receivers that exist, matchers, ways to notify), and by `amtool
    check-config` as well where it is found. A receiver notifies if it is routed to and says where to: by a file, an
    address, or a variable that something in the submission fills in. A placeholder notifies nobody, and a real secret
    costs its share. A template that is called and defined nowhere is not valid either: what calls it is never sent.
    """
    settings = read_settings(context, places(params.path))
    stack = _stack(context, params)
    service = stack.running("alertmanager") if stack is not None else None
    used = {route.receiver for route in settings.root.walk()}
    routed = [receiver for receiver in settings.receivers if receiver.name in used]
    notifying = [receiver for receiver in routed if receiver.notifying]
    idle = [
        Evidence(path=settings.path, line=receiver.line, expected="a receiver that notifies",
                 actual=next((channel.problem for channel in receiver.channels), "no way to notify"),
                 text=receiver.name)
        for receiver in settings.receivers
        if not receiver.notifying
    ]  # fmt: skip
    idle += [
        Evidence(path=settings.path, line=receiver.line, expected="a route to it", actual="none", text=receiver.name)
        for receiver in settings.receivers
        if receiver.notifying and receiver.name not in used
    ]
    if not notifying:
        raise CheckFailed(f"{settings.path} notifies nobody.", *(cut(idle) or [Evidence(path=settings.path, line=1)]))
    kinds = {channel.kind: channel for receiver in notifying for channel in receiver.notifying}
    pieces = [
        _validity(context, settings, service),
        counted(
            len(notifying), params.receivers, f"{len(notifying)} of {params.receivers} receivers notify somebody",
            Evidence(path=settings.path, line=notifying[0].line, expected=f"at least {params.receivers} receivers",
                     actual=", ".join(receiver.name for receiver in notifying)[:300]),
        ),
        _secrets(settings),
    ]  # fmt: skip
    if params.compose is not None:
        pieces.append(_is_read(context, settings, stack))
    for wanted in params.channels:
        found = next((kinds[name] for name in wanted.split("|") if name in kinds), None)
        line = found.line if found else notifying[0].line
        shown = Evidence(
            path=settings.path, line=line, expected=wanted, actual=found.kind if found else ", ".join(kinds)
        )
        pieces.append(whole(found is not None, f"nobody is notified by {wanted.replace('|', ' or ')}", shown))
    if params.different_channels:
        shown = Evidence.number(len(kinds), f"at least {params.different_channels}", "ways to notify", ", ".join(kinds))
        pieces.append(counted(len(kinds), params.different_channels, f"{len(kinds)} ways to notify are used", shown))
    return judge(settings.path, pieces, cut(idle, 3))


def _stack(context: Context, params: Config) -> Stack | None:
    """Return what the compose file starts, where there is one."""
    if params.compose is None or not context.workspace.find(*places(params.compose)):
        return None
    return read_stack(context, places(params.compose))


def _is_read(context: Context, settings: Settings, stack: Stack | None) -> Piece:
    service = stack.running("alertmanager") if stack is not None else None
    problem = stack.rest("alertmanager") if stack is not None else ""
    if service is not None and settings.found.is_alone:
        problem = unread(context.workspace, service, "alertmanager")
    path, line = (service.path, service.line) if service is not None else (settings.path, None)
    expected = f"Alertmanager reads {settings.path}"
    shown = Evidence(path=path, line=line, expected=expected, actual=problem or "nothing speaks against it")
    return whole(not problem, f"Alertmanager does not read it: {problem}", shown)


def _validity(context: Context, settings: Settings, service: Service | None) -> Piece:
    found = [*faults(settings), *undefined(context, settings, service)]
    if not found and settings.found.is_alone:
        text = VARIABLE.sub('"http://filled-in.invalid:25"', settings.found.text)
        verdict = ask_tool(context, "amtool", ("check-config",), text)
        if verdict is not None and not verdict.is_valid and not (verdict.unknown and set(verdict.unknown) <= NEWER):
            line = settings.found.lines_before + (verdict.line or 1)
            found.append(Evidence(path=settings.path, line=line, expected="accepted by amtool", actual=verdict.problem))
    if found:
        return whole(False, f"line {found[0].line} is not valid: {found[0].actual}", *cut(found))
    shown = Evidence(path=settings.path, line=settings.root.line, expected="a valid configuration", actual="valid")
    return whole(True, "", shown)


def _secrets(settings: Settings) -> Piece:
    found = [
        Evidence(path=settings.path, line=settings.found.line(*steps), expected="no secret", actual=kind)
        for steps, name, value in _values(settings)
        if (kind := secret_in(name, value))
    ]
    lacking = f"line {found[0].line} holds {found[0].actual}" if found else ""
    shown = cut(found) or (Evidence(path=settings.path, expected="no secret", actual="none"),)
    return whole(not found, lacking, *shown)


def _values(settings: Settings) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """Yield the texts of the configuration with their places and the keys they stand under."""
    stack: list[tuple[tuple[str | int, ...], str, object]] = [((), "", settings.found.data)]
    while stack:
        steps, name, value = stack.pop()
        if isinstance(value, dict):
            stack += [((*steps, key), key, inner) for key, inner in value.items()]
        elif isinstance(value, list):
            stack += [((*steps, index), name, inner) for index, inner in enumerate(value)]
        elif isinstance(value, str):
            yield steps, name, value
