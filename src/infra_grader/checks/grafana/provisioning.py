"""The grafana.provisioning check kind."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence

from infra_grader.plugin import (
    Annotated,
    CheckFailed,
    Context,
    Evidence,
    Meta,
    Outcome,
    Params,
    Places,
    TextFile,
    check,
    places,
)
from infra_grader.reading.grafana import parse_dashboards, read_dashboards
from infra_grader.reading.grafana_sources import is_found, names_of
from infra_grader.reading.pieces import Piece, cut, judge, whole
from infra_grader.reading.prometheus_files import Found, as_list, as_mapping, find_mappings
from infra_grader.reading.prometheus_stack import Service, Stack, read_stack
from infra_grader.reading.stack_ports import closed_port

FOLDER = "/etc/grafana/provisioning"


class Provisioning(Params):
    """Where Grafana is told what to load, and what that must be."""

    path: Annotated[
        Places, Meta(description="Provisioning files (YAML) or globs; every file that one of them names is read.")
    ]
    datasources: Annotated[
        tuple[str, ...], Meta(description="Types of data source that are there: `prometheus`, `elasticsearch|loki`.")
    ] = ("prometheus",)
    dashboards: Annotated[bool, Meta(description="Whether a provider of dashboards must be there.")] = True
    boards: Annotated[
        Places | None,
        Meta(
            description="Dashboards or globs: the data sources that their panels ask must be among those of the files."
        ),
    ] = None
    compose: Annotated[
        Places | None,
        Meta(
            description="Compose file: data sources are services of it, and the files are mounted where Grafana looks."
        ),
    ] = None


@check("grafana.provisioning")
def provisioning(context: Context, params: Provisioning) -> Outcome:
    """Grafana is given its data sources and dashboards by files, and they lie where it looks for them.

    Read are `datasources` and `providers`, also inside a ConfigMap. With a compose file, a data source's URL must name
    a service, each file must be mounted below `/etc/grafana/provisioning`, and a provider's path must lead to
    dashboards. The panels of `boards` must ask a data source that is given, by its uid or name: Grafana shows nothing
    for another.
    """
    wanted = places(params.path)
    found = context.workspace.find(*wanted)
    if not found:
        context.workspace.first(wanted)  # words what is missing
    sources: list[tuple[Found, int, dict[str, object]]] = []
    providers: list[tuple[Found, int, dict[str, object]]] = []
    unread: list[Evidence] = []
    for path in found:
        try:
            file = TextFile(path, context.workspace.read_text(path))
            for item in find_mappings(
                file, lambda data: bool(as_list(data.get("datasources")) or as_list(data.get("providers")))
            ):
                sources += [
                    (item, index, as_mapping(entry))
                    for index, entry in enumerate(as_list(item.data.get("datasources")))
                ]
                providers += [
                    (item, index, as_mapping(entry)) for index, entry in enumerate(as_list(item.data.get("providers")))
                ]
        except CheckFailed as verdict:
            unread += verdict.evidence
    if not sources and not providers:
        shown = cut(unread) or (Evidence(path=found[0], line=1, expected="datasources or providers", actual="none"),)
        raise CheckFailed(f"{found[0]} gives Grafana nothing.", *shown)
    stack = read_stack(context, places(params.compose)) if params.compose is not None else None
    grafana = _grafana(stack)
    pieces = [_source(sources, kind, stack, found[0]) for kind in params.datasources]
    if params.dashboards:
        pieces.append(_provider(context, providers, grafana, found[0]))
    if params.boards is not None and sources:
        pieces.append(_asked(context, places(params.boards), sources))
    if stack is not None:
        used = sorted({item.path for item, _, _ in (*sources, *(providers if params.dashboards else []))})
        pieces.append(_mounted(used, stack, grafana))
    return judge(found[0], pieces, cut(unread, 3))


def _grafana(stack: Stack | None) -> Service | None:
    services = stack.services if stack is not None else ()
    return next((item for item in services if "grafana" in item.image or "grafana" in item.name), None)


def _source(
    sources: Sequence[tuple[Found, int, dict[str, object]]], wanted: str, stack: Stack | None, place: str
) -> Piece:
    lacking = f"no data source of type {wanted.replace('|', ' or ')} can be reached"
    problem = Evidence(path=place, expected=f"a data source of type {wanted}", actual="none")
    for found, index, entry in sources:
        if str(entry.get("type")) not in wanted.split("|"):
            continue
        url = str(entry.get("url") or "")
        host, _, port = url.rpartition("://")[2].partition("/")[0].rpartition("@")[2].partition(":")
        reason = "" if url else "it has no url"
        if url and stack is not None and "." not in host and "$" not in host:
            if host in ("localhost", "127.0.0.1"):
                reason = f"{url} is Grafana itself inside its container"
            elif stack.service(host) is None:
                reason = f"{url}: {stack.silence(host)}"
            elif closed := closed_port(stack, host, port):
                reason = f"{url}: {closed}"
        shown = found.evidence("datasources", index, expected=f"a data source of type {wanted}", actual=reason or url)
        if not reason:
            return whole(True, "", shown)
        problem = shown
    return whole(False, lacking, problem)


def _asked(context: Context, paths: Sequence[str], sources: Sequence[tuple[Found, int, dict[str, object]]]) -> Piece:
    """Return whether Grafana finds the data sources that the panels of dashboards ask."""
    names = {name for _, _, entry in sources for name in names_of(entry)}
    is_told_later = any("$" in name for name in names)  # by the variables of Grafana's container
    given = f"one of {', '.join(sorted(names))}"
    lost = {
        (board.path, target.source_name): Evidence(
            path=board.path, line=board.line_of(target.source_name), expected=given, actual=target.source_name
        )
        for board in read_dashboards(context, context.workspace.find(*paths), [])
        for panel in board.panels
        for target in panel.targets
        if not is_found(target, board, names) and not is_told_later
    }
    called = next((name for _, name in lost), "")
    return whole(not lost, f"no data source is called {called}, which panels ask", *cut(tuple(lost.values())))


def _provider(
    context: Context, providers: Sequence[tuple[Found, int, dict[str, object]]], grafana: Service | None, place: str
) -> Piece:
    problem = Evidence(path=place, expected="a provider of dashboards with a path", actual="none")
    for found, index, entry in providers:
        path = str(as_mapping(entry.get("options")).get("path") or entry.get("folder") or "")
        reason = "" if path.startswith("/") else "it has no path"
        boards = ""
        if path and grafana is not None and not grafana.is_built:
            source = grafana.find(path.rstrip("/"))
            inside = [mount.source for mount in grafana.mounts if mount.target.startswith(path.rstrip("/") + "/")]
            boards = next((item for item in _candidates(context, [source, *inside]) if _is_board(context, item)), "")
            reason = "" if boards else f"no dashboard is mounted at {path}"
        shown = found.evidence(
            "providers", index, expected="a provider whose path holds dashboards", actual=reason or boards or path
        )
        if not reason:
            return whole(True, "", shown)
        problem = shown
    return whole(False, "no provider leads Grafana to dashboards", problem)


def _candidates(context: Context, sources: Sequence[str]) -> list[str]:
    return [path for source in filter(None, sources) for path in context.workspace.find_in([source], ".json")]


def _is_board(context: Context, path: str) -> bool:
    try:
        return bool(parse_dashboards(TextFile(path, context.workspace.read_text(path, 16 * 1024 * 1024))))
    except CheckFailed:
        return False


def _mounted(used: Sequence[str], stack: Stack, grafana: Service | None) -> Piece:
    if grafana is None:
        return whole(
            False,
            f"{stack.path} starts no Grafana",
            Evidence(path=stack.path, expected="a service with Grafana", actual=stack.rest("grafana") or "none"),
        )
    lost = [path for path in used if not grafana.is_built and not _is_provisioned(path, grafana)]
    shown = [
        Evidence(path=grafana.path, line=grafana.line, expected=f"{path} is mounted below {FOLDER}", actual="it is not")
        for path in lost
    ]
    good = Evidence(
        path=grafana.path, line=grafana.line, expected=f"mounted below {FOLDER}", actual=", ".join(used)[:300]
    )
    return whole(not lost, f"{lost[0] if lost else ''} is not mounted where Grafana looks", *(cut(shown) or (good,)))


def _is_provisioned(path: str, grafana: Service) -> bool:
    for mount in grafana.mounts:
        if path == mount.source or path.startswith(f"{mount.source.rstrip('/')}/"):
            target = posixpath.normpath(mount.target + path[len(mount.source.rstrip("/")) :])
            if target.startswith((f"{FOLDER}/datasources/", f"{FOLDER}/dashboards/")):
                return True
    return False
