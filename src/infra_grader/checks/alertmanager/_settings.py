"""Alertmanager's configuration: receivers with what they notify, the tree of routes, and inhibition."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from infra_grader.model.record import Record
from infra_grader.plugin import CheckFailed, Context, Evidence, TextFile
from infra_grader.reading.prometheus_files import Found, absent, as_list, as_mapping, find_mappings, seconds, texts
from infra_grader.reading.promql import Matcher
from infra_grader.reading.stand_in import is_undone

TARGETS: dict[str, tuple[str, ...]] = {
    "webhook": ("url", "url_file"),
    "slack": ("api_url", "api_url_file", "app_token", "app_token_file"),
    "email": ("to",),
    "pagerduty": ("routing_key", "routing_key_file", "service_key", "service_key_file"),
    "opsgenie": ("api_key", "api_key_file"),
    "victorops": ("api_key", "api_key_file"),
    "pushover": ("user_key", "user_key_file"),
    "telegram": ("chat_id", "chat_id_file"),
    "discord": ("webhook_url", "webhook_url_file"),
    "msteams": ("webhook_url", "webhook_url_file"),
    "msteamsv2": ("webhook_url", "webhook_url_file"),
    "webex": ("room_id",),
    "sns": ("topic_arn", "phone_number", "target_arn"),
    "wechat": ("to_user", "to_party", "to_tag", "api_secret"),
    "rocketchat": ("channel", "token_id", "token_id_file"),
    "jira": ("project",),
    "incidentio": ("url", "url_file"),
    "mattermost": ("webhook_url", "webhook_url_file"),
}
"""Ways to notify, and the settings of which each names where to."""
FROM_GLOBAL = {
    "slack": ("slack_api_url", "slack_api_url_file", "slack_app_token", "slack_app_token_file"),
    "opsgenie": ("opsgenie_api_key", "opsgenie_api_key_file"),
    "victorops": ("victorops_api_key", "victorops_api_key_file"),
    "wechat": ("wechat_api_secret",),
}
BLANK = re.compile(
    r"(?i)your[-_/ ]|[-_/ ]your\b|change[-_ ]?me|x{3}|<[^>]*>|placeholder|to-?do|replace|/T0{4,}/|insert"
)
VARIABLE = re.compile(r"\$\{?[A-Za-z_]\w*\}?")
MATCHER = re.compile(r"\s*([A-Za-z_]\w*)\s*(=~|!~|!=|=)\s*(\"(?:[^\"\\]|\\.)*\"|[^,}\s][^,}]*)\s*")
MOST_ROUTES = 2000
DEEPEST = 50


class Channel(Record):
    """One way in which a receiver notifies somebody."""

    kind: str
    """`slack`, `email`, `webhook` ..."""
    target: str
    """Where to, as written; nothing where that is not said."""
    line: int
    problem: str
    """Why it notifies nobody, or nothing."""


class Receiver(Record):
    """A receiver."""

    name: str
    line: int
    channels: tuple[Channel, ...]

    @property
    def notifying(self) -> list[Channel]:
        """The channels that reach somebody."""
        return [channel for channel in self.channels if not channel.problem]


class Route(Record):
    """A route with those below it; what it does not say comes from the one above."""

    receiver: str
    matchers: tuple[Matcher, ...]
    goes_on: bool
    group_by: tuple[str, ...]
    repeat_s: float
    line: int
    routes: tuple[Route, ...]
    fault: str

    def takes(self, labels: Mapping[str, str]) -> bool:
        """Whether an alert with these labels goes this way."""
        return all(matcher.admits(labels.get(matcher.label, "")) for matcher in self.matchers)

    def walk(self) -> Iterator[Route]:
        """Yield this route and those below it."""
        yield self
        for route in self.routes:
            yield from route.walk()


class Inhibition(Record):
    """An inhibition rule: while an alert of one kind fires, those of another are held back."""

    source: tuple[Matcher, ...]
    target: tuple[Matcher, ...]
    equal: tuple[str, ...]
    line: int


class Settings(Record):
    """A configuration of Alertmanager."""

    found: Found
    receivers: tuple[Receiver, ...]
    root: Route
    inhibitions: tuple[Inhibition, ...]

    @property
    def path(self) -> str:
        """The file."""
        return self.found.path

    def receiver(self, name: str) -> Receiver | None:
        """Return the receiver of a name."""
        return next((item for item in self.receivers if item.name == name), None)


def read_settings(context: Context, paths: Sequence[str]) -> Settings:
    """Return the configuration in the first file that is there, also inside a ConfigMap, a Secret or Helm values.

    Raises `CheckFailed` where it is absent, no YAML, or holds no route.
    """
    path = context.workspace.first(paths)
    return context.shared(("alertmanager", path), lambda: _read(context, path))


def _read(context: Context, path: str) -> Settings:
    file = TextFile(path, context.workspace.read_text(path))
    all_found = find_mappings(file, lambda mapping: isinstance(mapping.get("route"), dict) and "receivers" in mapping)
    if not all_found:
        raise absent(file, "configuration of Alertmanager with `route` and `receivers`")
    found = all_found[0]
    counter = [0]
    fills_in = _fills_in_variables(context)
    return Settings(
        found=found,
        receivers=tuple(_receivers(found, fills_in=fills_in)),
        root=_route(found, ("route",), None, counter, 0),
        inhibitions=tuple(_inhibitions(found)),
    )


def _fills_in_variables(context: Context) -> bool:
    """Whether something in the submission fills variables in: Alertmanager itself does not read the environment."""
    files = context.workspace.find(
        "**/*compose*.y*ml", "**/*.sh", "**/Dockerfile*", "**/Makefile", "**/values*.yaml", "**/alertmanager*.yaml"
    )
    for path in files[:200]:
        try:
            lines = context.workspace.read_text(path).split("\n")
        except CheckFailed:
            continue
        if any(re.search(r"\b(?:envsubst|gomplate|sed|expand-env)\b", line.partition("#")[0]) for line in lines):
            return True
    return False


def _receivers(found: Found, *, fills_in: bool) -> Iterator[Receiver]:
    defaults = as_mapping(found.data.get("global"))
    for index, item in enumerate(as_list(found.data.get("receivers"))):
        data = as_mapping(item)
        channels = [
            _channel(found, ("receivers", index, key, number), kind, as_mapping(block), defaults, fills_in=fills_in)
            for key, blocks in data.items()
            if key.endswith("_configs") and (kind := key.removesuffix("_configs"))
            for number, block in enumerate(as_list(blocks))
        ]
        yield Receiver(name=str(data.get("name") or ""), line=found.line("receivers", index), channels=tuple(channels))


def _channel(
    found: Found,
    steps: tuple[str | int, ...],
    kind: str,
    block: dict[str, object],
    defaults: dict[str, object],
    *,
    fills_in: bool,
) -> Channel:
    target = _first(block, TARGETS.get(kind, ("url", "webhook_url", "api_url"))) or _first(
        defaults, FROM_GLOBAL.get(kind, ())
    )
    problem = ""
    if not target:
        problem = "it does not say where to"
    elif VARIABLE.search(target) and not fills_in:
        problem = f"nothing fills in {target}; Alertmanager reads no variables"
    elif is_undone(target) or (BLANK.search(target) and not VARIABLE.search(target)):
        problem = f"{target} is a placeholder"
    elif kind == "email" and not (block.get("smarthost") or defaults.get("smtp_smarthost")):
        problem = "no mail server is named (smtp_smarthost)"
    told = str(block.get("channel") or "") if kind == "slack" else ""
    return Channel(kind=kind, target=f"{target} {told}".strip(), line=found.line(*steps), problem=problem)


def _first(block: dict[str, object], keys: Sequence[str]) -> str:
    return next((str(block[key]).strip() for key in keys if block.get(key) not in (None, "")), "")


def _route(found: Found, steps: tuple[str | int, ...], above: Route | None, counter: list[int], depth: int) -> Route:
    data: object = found.data
    for step in steps:
        data = data[step]  # type: ignore[index]  # where the walk came from
    block = as_mapping(data)
    counter[0] += 1
    matchers, fault = _matchers(block)
    group_by = texts(block.get("group_by"))
    route = Route(
        receiver=str(block.get("receiver") or (above.receiver if above else "")),
        matchers=matchers,
        goes_on=block.get("continue") is True,
        group_by=tuple(group_by) if "group_by" in block else above.group_by if above else (),
        repeat_s=seconds(block.get("repeat_interval")) or (above.repeat_s if above else 4 * 3600.0),
        line=found.line(*steps),
        routes=(),
        fault=fault,
    )
    if depth >= DEEPEST:
        return route
    below = [
        _route(found, (*steps, "routes", index), route, counter, depth + 1)
        for index, _ in enumerate(as_list(block.get("routes")))
        if counter[0] < MOST_ROUTES
    ]
    return route.replace(routes=tuple(below))


def _matchers(block: dict[str, object]) -> tuple[tuple[Matcher, ...], str]:
    """Return the conditions of a route, in all three ways to write them, and what is wrong with them."""
    found = [
        Matcher(label=label, operator="=", value=str(value)) for label, value in as_mapping(block.get("match")).items()
    ]
    found += [
        Matcher(label=label, operator="=~", value=str(value))
        for label, value in as_mapping(block.get("match_re")).items()
    ]
    fault = ""
    for text in texts(block.get("matchers")):
        more = list(parse_matchers(text))
        if not more:
            fault = f"the matcher {text!r} cannot be read"
        found += more
    return tuple(found), fault


def parse_matchers(text: str) -> Iterator[Matcher]:
    """Yield the conditions in a text such as `severity="critical"` or `{a="b", c=~"d|e"}`."""
    body = text.strip().removeprefix("{").removesuffix("}")
    position = 0
    while position < len(body) and (found := MATCHER.match(body, position)):
        value = found[3].strip()
        if value.startswith('"'):
            value = value[1:-1].replace('\\"', '"').replace("\\\\", "\\")
        yield Matcher(label=found[1], operator=found[2], value=value)
        position = found.end() + 1


def _inhibitions(found: Found) -> Iterator[Inhibition]:
    for index, item in enumerate(as_list(found.data.get("inhibit_rules"))):
        block = as_mapping(item)
        sides = [
            _matchers({"match": block.get(f"{side}_match"), "match_re": block.get(f"{side}_match_re"),
                       "matchers": block.get(f"{side}_matchers")})[0]
            for side in ("source", "target")
        ]  # fmt: skip
        yield Inhibition(
            source=sides[0],
            target=sides[1],
            equal=tuple(texts(block.get("equal"))),
            line=found.line("inhibit_rules", index),
        )


def reached(settings: Settings, labels: Mapping[str, str]) -> list[Route]:
    """Return the routes that an alert with these labels ends in, as Alertmanager chooses them."""

    def follow(route: Route) -> list[Route]:
        ends: list[Route] = []
        for below in route.routes:
            if below.takes(labels):
                ends += follow(below)
                if not below.goes_on:
                    break
        return ends or [route]

    return follow(settings.root)


def faults(settings: Settings) -> Iterator[Evidence]:
    """Yield why Alertmanager would refuse the configuration, as far as reading alone can tell."""
    names = [receiver.name for receiver in settings.receivers]
    for receiver in settings.receivers:
        if not receiver.name or names.count(receiver.name) > 1:
            yield _fault(settings, receiver.line, "a receiver has a name of its own", receiver.name or "no name")
        for channel in receiver.channels:
            if channel.kind not in TARGETS:
                yield _fault(settings, channel.line, "a way to notify", f"{channel.kind}_configs")
    if settings.root.matchers:
        yield _fault(settings, settings.root.line, "a first route that takes every alert", "it has matchers")
    for route in settings.root.walk():
        if route.receiver not in names:
            yield _fault(settings, route.line, "a receiver that exists", route.receiver or "none")
        if route.fault:
            yield _fault(settings, route.line, "matchers", route.fault)


def _fault(settings: Settings, line: int, expected: str, actual: str) -> Evidence:
    return Evidence(path=settings.path, line=line, expected=expected, actual=actual)
