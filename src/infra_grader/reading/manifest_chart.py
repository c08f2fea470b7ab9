"""Helm charts of a submission: found, copied, and rendered by helm into manifests with their templates' places."""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as Folder
from typing import Any

from infra_grader.capabilities.command import CommandOutput
from infra_grader.model.outcome import CheckFailed, Evidence, NotAssessed
from infra_grader.model.record import Record
from infra_grader.plugin import Context
from infra_grader.reading.manifest import Manifest, ManifestSet, Path, Place
from infra_grader.reading.manifest_files import joined, read_manifests
from infra_grader.reading.manifest_tool import at_start, copy_files, run_renderer
from infra_grader.reading.yaml import Document, YamlError, read_document

REMEDY = "Install helm: https://helm.sh/docs/intro/install, or `go install helm.sh/helm/v3/cmd/helm@v3.18.6`."
RELEASE = "release"
HOMES = ("HELM_CACHE_HOME", "HELM_CONFIG_HOME", "HELM_DATA_HOME", "HELM_PLUGINS")
SOURCE = re.compile(r"^---\n# Source: (.+)\n", re.MULTILINE)
PLACE = re.compile(r"(?P<file>[\w.-]+/(?:charts/[\w.-]+/)*templates/[^\s:()]+)(?::(?P<line>[0-9]+))?")
WORK = re.compile(r"(?:.*/)?(?:templates/.+|crds/.+|values[^/]*\.ya?ml)")
"""Files that decide what a chart renders; a README or a version number is no work on it."""
MOST_NESTED = 3
"""Charts that depend on one another by `file://`, and so on."""
KNOWN_APIS = (
    "monitoring.coreos.com/v1", "monitoring.coreos.com/v1/ServiceMonitor", "monitoring.coreos.com/v1/PodMonitor",
    "monitoring.coreos.com/v1/PrometheusRule", "cert-manager.io/v1", "networking.k8s.io/v1/Ingress",
    "autoscaling/v2/HorizontalPodAutoscaler", "policy/v1/PodDisruptionBudget",
)  # fmt: skip
"""What a usual cluster has beyond helm's own list; charts ask for it before they render an object."""


class Chart(Record):
    """A chart of the submission, and the copy of it that helm reads."""

    folder: str
    """Where it lies in the submission; nothing for the root."""
    copy: Folder
    metadata: Document
    files: tuple[str, ...]
    missing: tuple[str, ...]
    """Charts that it depends on, which would have to be fetched."""
    lent: Mapping[str, str] = {}
    """Charts that it depends on by `file://`: where each lies for helm (`charts/common`), and in the submission."""

    @property
    def title(self) -> str:
        """How messages name it."""
        return f"the chart {self.folder or '.'}"

    @property
    def path(self) -> str:
        """Its Chart.yaml."""
        return joined(self.folder, "Chart.yaml")

    @property
    def name(self) -> str:
        """Its name, or nothing."""
        name = self.metadata.data.get("name")
        return name if isinstance(name, str) else ""

    def place(self, text: str) -> Place | None:
        """Return the file and line that a message of helm names; the first word of it is the chart's name."""
        found = PLACE.search(text)
        if found is None:
            return None
        line = int(found["line"]) if found["line"] else None
        return self.source_of(found["file"].partition("/")[2]), line

    def source_of(self, path: str) -> str:
        """Return the file of the submission that helm knows by a path in the chart."""
        for place in sorted(self.lent, key=len, reverse=True):
            if path.startswith(f"{place}/"):
                return self.lent[place] + path.removeprefix(place)
        return joined(self.folder, path)


def find_chart(context: Context, places: Sequence[str]) -> str:
    """Return the folder of the first chart that the places name, a library only where there is no other.

    Raises `CheckFailed` if there is none.
    """
    workspace = context.workspace.view(allow_starter=True)
    libraries: list[str] = []
    wanted = [place.removesuffix("Chart.yaml").rstrip("/") for place in places]
    for place in wanted:
        found = workspace.find("Chart.yaml" if place in ("", ".") else f"{place.removeprefix('./')}/Chart.yaml")
        for path in found:
            folder = path.rpartition("/")[0]
            if not is_library(context, path):
                return folder
            libraries.append(folder)
    if libraries:
        return libraries[0]
    raise CheckFailed(
        f"There is no Helm chart in {' or '.join(places)}.",
        Evidence(path=joined(wanted[0], "Chart.yaml"), expected="a chart with its Chart.yaml", actual="not there"),
    )


def is_library(context: Context, path: str) -> bool:
    """Whether a Chart.yaml says that the chart only lends templates to others."""
    try:
        return bool(_metadata(context, path).data.get("type") == "library")
    except (CheckFailed, NotAssessed):  # said where the chart is opened
        return False


def open_chart(context: Context, folder: str, values: Sequence[str] = ()) -> Chart:
    """Return a chart, copied for helm once a submission. Raises `CheckFailed` where none of it is the learner's."""
    chart: Chart = context.shared(("helm.chart", folder), lambda: _copy(context, folder))
    decides = [path for path in chart.files if WORK.fullmatch(path.removeprefix(folder).lstrip("/"))]
    lent = tuple(f"{source}/" for source in chart.lent.values())
    decides += [path for path in context.workspace.all_files() if path.startswith(lent) and WORK.fullmatch(path)]
    if not any(not context.workspace.is_starter_work(path) for path in (*decides, *values)):
        raise CheckFailed(
            f"{at_start(chart.title)} is what was handed out, unchanged.",
            Evidence(path=chart.path, expected="your own work", actual="the starter's files"),
        )
    return chart


def render_chart(
    context: Context,
    folder: str,
    values: Sequence[str] = (),
    settings: Mapping[str, Any] | None = None,
    *,
    beside: Sequence[str] = (),
) -> ManifestSet:
    """Return the objects that a chart renders with some values files and settings, once a submission.

    `beside` are files that make the chart the learner's own work, too, though it is rendered without them.

    Raises `CheckFailed` where it cannot be rendered, `NotAssessed` where helm or a chart it depends on is missing.
    """
    chart = open_chart(context, folder, (*values, *beside))
    key = ("helm.render", folder, tuple(values), json.dumps(settings or {}, sort_keys=True))
    found: ManifestSet = context.shared(key, lambda: _render(context, chart, values, settings or {}))
    return found


def render_release(
    context: Context,
    chart: Chart,
    values: Sequence[str],
    settings: Mapping[str, Any],
    namespace: str,
    *arguments: str,
) -> ManifestSet:
    """Return the objects of a release of a chart in a namespace, its hooks too; raises as `render_chart` does."""
    return _render(context, chart, values, settings, "--namespace", namespace, *arguments)


def run_helm(context: Context, chart: Chart, *arguments: str) -> CommandOutput:
    """Run helm on the copy of a chart, with a home of ours: no plugins, repositories or settings."""
    home = context.command.scratch / "helm"
    variables = {
        f"HELM_{name}": str(home / name.lower()) for name in ("CACHE_HOME", "CONFIG_HOME", "DATA_HOME", "PLUGINS")
    }
    tool = context.command.find_tool("helm", REMEDY)
    return run_renderer(context, [tool, *arguments], chart.title, variables)


def values_arguments(context: Context, values: Sequence[str], settings: Mapping[str, Any]) -> list[str]:
    """Return the arguments that name the values files and the rubric's settings. Raises `CheckFailed` for no file."""
    folder = Folder(tempfile.mkdtemp(prefix="values-", dir=context.command.scratch))
    arguments = []
    for number, path in enumerate(values):
        file = folder / f"{number}.yaml"
        file.write_bytes(context.workspace.view(allow_starter=True).read_bytes(path))
        arguments += ["--values", str(file)]
    if settings:
        file = folder / "settings.json"
        file.write_text(json.dumps(settings), encoding="utf-8")
        arguments += ["--values", str(file)]
    return arguments


def _render(
    context: Context, chart: Chart, values: Sequence[str], settings: Mapping[str, Any], *more: str
) -> ManifestSet:
    arguments = [
        *("template", RELEASE, str(chart.copy), "--include-crds", "--skip-tests"),
        *("--api-versions", ",".join(KNOWN_APIS)),
        *more,
        *values_arguments(context, values, settings),
    ]
    output = run_helm(context, chart, *arguments)
    if output.exit_status:
        raise _refused(chart, output, values)
    with_values = f" with {', '.join(values)}" if values else ""
    notes = [Evidence(path=chart.path, actual=f"{name} is not in charts/, and is left out") for name in chart.missing]
    return ManifestSet(
        source=f"{chart.title}{with_values}",
        objects=tuple(_objects(context, chart, output.stdout)),
        missing=chart.missing,
        notes=tuple(notes),
    )


def helm_problem(text: str, chart: Chart) -> str:
    """Return helm's message in one line, without the paths of our copy."""
    plain = text.replace(str(chart.copy), chart.folder or ".")
    lines = [line for line in plain.splitlines() if line and not line.startswith(("WARNING", "Use --debug"))]
    return " ".join(" ".join(lines).removeprefix("Error: ").split()).partition(" goroutine ")[0][:400]


def _refused(chart: Chart, output: CommandOutput, values: Sequence[str]) -> CheckFailed | NotAssessed:
    problem = helm_problem(output.stderr, chart)
    if chart.missing and ("no template" in problem or "not defined" in problem or "nil pointer" in problem):
        return NotAssessed(
            f"{at_start(chart.title)} needs {', '.join(chart.missing)}, which is not in its charts/ folder.",
            f"Run `helm dependency build {chart.folder or '.'}`, then grade again.",
            Evidence(path=chart.path, actual=problem),
        )
    path, line = chart.place(problem) or (chart.path, None)
    with_values = f" with {', '.join(values)}" if values else ""
    return CheckFailed(
        f"{at_start(chart.title)} does not render{with_values}: {problem.rstrip('.')}.",
        Evidence(path=path, line=line, expected="a chart that helm renders", actual=problem),
    )


def _objects(context: Context, chart: Chart, rendered: str) -> Iterator[Manifest]:
    """Yield the objects of helm's output; each part of it names the template that it comes from."""
    starts = list(SOURCE.finditer(rendered))
    ends = [match.start() for match in starts[1:]] + [len(rendered)]
    texts: dict[str, str] = {}
    there = frozenset(context.workspace.all_files())
    for match, end in zip(starts, ends, strict=True):
        template = chart.source_of(match[1].partition("/")[2])
        is_packed = template not in there
        if template not in texts:
            texts[template] = "" if is_packed else _text(context, template)
        objects, _ = read_manifests(template, rendered[match.end() : end])
        for data, _ in objects:
            yield Manifest(data=data, locate=_InTemplate(template, texts[template]), is_given=is_packed)


def _text(context: Context, path: str) -> str:
    try:
        return context.workspace.view(allow_starter=True).read_text(path)
    except (CheckFailed, NotAssessed):
        return ""


class _InTemplate:
    """Finds the line of a template that most likely writes a field: its keys one after another."""

    def __init__(self, path: str, text: str) -> None:
        self._path = path
        self._lines = text.split("\n")

    def __call__(self, path: Path) -> Place:
        line = 0
        for key in (step for step in path if isinstance(step, str)):
            start = re.compile(rf"\s*(?:- )?[\"']?{re.escape(key)}[\"']?\s*:")
            following = (number for number in range(line, len(self._lines)) if start.match(self._lines[number]))
            found = next(following, None)
            if found is None:
                break
            line = found + 1
        return self._path, line or None


def _copy(context: Context, folder: str) -> Chart:
    workspace = context.workspace.view(allow_starter=True)
    prefix = f"{folder}/" if folder else ""
    files = tuple(path for path in workspace.all_files() if path.startswith(prefix))
    metadata = _metadata(context, f"{prefix}Chart.yaml")
    place = Folder(tempfile.mkdtemp(prefix="chart-", dir=context.command.scratch))
    near, missing = _dependencies(metadata.data, folder, workspace.all_files())
    copied = [path for path in files if not _refers_outside(context, path)]
    copy_files(context.workspace, copied, place)
    lent = dict(_lend(context, near, place / folder, "charts", MOST_NESTED))
    if missing:
        kept = [each for each in metadata.data["dependencies"] if _name(each) not in missing]
        text = json.dumps({**metadata.data, "dependencies": kept})
        (place / folder / "Chart.yaml").write_text(text, encoding="utf-8")
        (place / folder / "Chart.lock").unlink(missing_ok=True)
    return Chart(folder=folder, copy=place / folder, metadata=metadata, files=files, missing=tuple(missing), lent=lent)


def _lend(
    context: Context, near: Mapping[str, str], chart: Folder, below: str, depth: int
) -> Iterator[tuple[str, str]]:
    """Copy the charts that one depends on to where helm looks for them, and theirs; yield where each has come from."""
    everything = context.workspace.view(allow_starter=True).all_files()
    if (chart / "charts").is_file():  # nothing can lie in it, as helm will say
        return
    for name, source in near.items():
        target = Folder(tempfile.mkdtemp(prefix="dependency-", dir=context.command.scratch))
        copy_files(context.workspace, [path for path in everything if path.startswith(f"{source}/")], target)
        (chart / "charts").mkdir(exist_ok=True)
        (target / source).rename(chart / "charts" / name)
        yield f"{below}/{name}", source
        if depth:
            theirs, _ = _dependencies(_metadata(context, f"{source}/Chart.yaml").data, source, everything)
            yield from _lend(context, theirs, chart / "charts" / name, f"{below}/{name}/charts", depth - 1)


def _metadata(context: Context, path: str) -> Document:
    content = context.workspace.view(allow_starter=True).read_bytes(path)
    try:
        document = read_document(content)
    except YamlError as error:
        raise CheckFailed(
            f"{path} is not valid YAML on line {error.line}: {error.message}.",
            Evidence(path=path, line=error.line, expected="valid YAML", actual=error.message),
        ) from error
    if not isinstance(document.data, dict):
        raise CheckFailed(f"{path} holds no mapping.", Evidence(path=path, expected="the facts about a chart"))
    return document


def _name(dependency: object) -> str:
    name = dependency.get("name") if isinstance(dependency, dict) else None
    return name if isinstance(name, str) else ""


def _dependencies(data: dict[str, Any], folder: str, files: Sequence[str]) -> tuple[dict[str, str], list[str]]:
    """Return the charts that this one depends on and that lie beside it, and those that are nowhere."""
    prefix = joined(folder, "charts")
    packed = {path.removeprefix(f"{prefix}/").split("/")[0] for path in files if path.startswith(f"{prefix}/")}
    near: dict[str, str] = {}
    missing: list[str] = []
    listed = data.get("dependencies")
    for each in listed if isinstance(listed, list) else []:
        name = _name(each)
        if not re.fullmatch(r"\w[\w.-]*", name) or any(
            item == name or re.fullmatch(rf"{re.escape(name)}-v?[0-9].*\.tgz", item) for item in packed
        ):
            continue
        repository = each.get("repository")
        local = repository.removeprefix("file://") if isinstance(repository, str) else ""
        source = joined(folder, local) if local != repository else ""
        if f"{source}/Chart.yaml" in files:
            near[name] = source
        else:
            missing.append(name)
    return near, missing


def _refers_outside(context: Context, path: str) -> bool:
    """Whether a file is a schema of values that leads to other files or to a network."""
    if not path.endswith("values.schema.json"):
        return False
    return re.search(r'"\$(?:ref|schema)"\s*:\s*"(?!#|https?://json-schema\.org/)', _text(context, path)) is not None
