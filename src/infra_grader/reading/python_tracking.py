"""What code records of its runs with MLflow: which calls, and under which names."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum

from infra_grader.model.record import Record
from infra_grader.reading.python_flow import call_name, literal
from infra_grader.reading.python_loops import loop_texts, texts_of
from infra_grader.reading.python_names import Names

CLIENTS = ("mlflow", "MlflowClient")


class Recorded(StrEnum):
    """What can be recorded or set."""

    RUN = "run"
    EXPERIMENT = "experiment"
    TRACKING_URI = "tracking_uri"
    PARAMS = "params"
    METRICS = "metrics"
    ARTIFACTS = "artifacts"
    MODEL = "model"
    TAGS = "tags"
    REGISTRY = "registry"
    STAGE = "stage"


CALLS: dict[str, Recorded] = {
    "start_run": Recorded.RUN,
    "create_run": Recorded.RUN,
    "set_experiment": Recorded.EXPERIMENT,
    "create_experiment": Recorded.EXPERIMENT,
    "set_tracking_uri": Recorded.TRACKING_URI,
    "log_param": Recorded.PARAMS,
    "log_params": Recorded.PARAMS,
    "log_metric": Recorded.METRICS,
    "log_metrics": Recorded.METRICS,
    "log_artifact": Recorded.ARTIFACTS,
    "log_artifacts": Recorded.ARTIFACTS,
    "log_figure": Recorded.ARTIFACTS,
    "log_dict": Recorded.ARTIFACTS,
    "log_text": Recorded.ARTIFACTS,
    "log_image": Recorded.ARTIFACTS,
    "log_model": Recorded.MODEL,
    "set_tag": Recorded.TAGS,
    "set_tags": Recorded.TAGS,
    "set_model_version_tag": Recorded.TAGS,
    "set_registered_model_tag": Recorded.TAGS,
    "set_experiment_tag": Recorded.TAGS,
    "set_experiment_tags": Recorded.TAGS,
    "register_model": Recorded.REGISTRY,
    "create_model_version": Recorded.REGISTRY,
    "create_registered_model": Recorded.REGISTRY,
    "transition_model_version_stage": Recorded.STAGE,
    "set_registered_model_alias": Recorded.STAGE,
}
AUTOMATIC = (Recorded.PARAMS, Recorded.METRICS, Recorded.MODEL)
"""What `autolog` records by itself."""


class Tracking(Record):
    """One call that records something."""

    what: Recorded
    path: str
    line: int
    name: str
    """The call, as it is written."""
    names: tuple[str, ...] = ()
    """Names under which it records, as far as they are written out."""
    is_open: bool = False
    """Whether it may record under more names than can be read, such as a mapping that is worked out."""


def find_tracking(files: Sequence[Names]) -> list[Tracking]:
    """Return what some files record with MLflow.

    Calls of a wrapper of the learner's own count by the names of their methods, where the wrapper really calls MLflow.
    """
    by_file = [(names, list(_calls(names, is_direct=True))) for names in files]
    direct = {item.what for _, calls in by_file for item in calls}
    found: list[Tracking] = []
    for names, calls in by_file:
        lines = {item.line for item in calls}
        wrapped = _calls(names, is_direct=False) if direct else ()
        found += calls
        found += [item for item in wrapped if item.what in direct and item.line not in lines]
    return found


def written_keys(files: Iterable[Names]) -> frozenset[str]:
    """Return the keys of mappings anywhere in the code that runs: `{"a": 1}`, `m["a"] = 1`, `dict(a=1)`.

    Fields of classes and arguments of a command line count too, since they become mappings by `asdict` and `vars`.
    """
    found: set[str] = set()
    for names in files:
        for node in names.live:
            if isinstance(node, ast.Dict):
                found.update(
                    key.value for key in node.keys if isinstance(key, ast.Constant) and isinstance(key.value, str)
                )
            elif isinstance(node, ast.Subscript) and isinstance(node.slice, ast.Constant):
                found.add(str(node.slice.value))
            elif isinstance(node, ast.Call):
                found.update(_keys_of_call(node))
            elif isinstance(node, ast.ClassDef):
                fields = (item.target for item in node.body if isinstance(item, ast.AnnAssign))
                found.update(target.id for target in fields if isinstance(target, ast.Name))
    return frozenset(found)


def _keys_of_call(call: ast.Call) -> Iterator[str]:
    last = call_name(call.func).rpartition(".")[2]
    if last in ("dict", "update"):
        yield from (item.arg for item in call.keywords if item.arg)
    elif last == "add_argument":
        for item in call.args:
            if isinstance(item, ast.Constant) and isinstance(item.value, str):
                yield item.value.lstrip("-").replace("-", "_")


def _calls(names: Names, *, is_direct: bool) -> Iterator[Tracking]:
    loops = loop_texts(names)
    for node in names.live:
        if not isinstance(node, ast.Call):
            continue
        name = names.resolve(node.func)
        last = name.rpartition(".")[2]
        is_client = any(part in CLIENTS for part in name.split("."))
        if is_client != is_direct:
            continue
        if last == "autolog" and is_direct:
            yield from (
                Tracking(what=what, path=names.path, line=node.lineno, name=name, is_open=True) for what in AUTOMATIC
            )
        elif last in CALLS and "." in name:
            given, is_open = _names(names, node, loops)
            yield Tracking(what=CALLS[last], path=names.path, line=node.lineno, name=name, names=given, is_open=is_open)
            for what in _also(last, node):
                yield Tracking(what=what, path=names.path, line=node.lineno, name=name)


def _also(name: str, call: ast.Call) -> Iterator[Recorded]:
    """Yield what a call records beside what it is there for."""
    given = {item.arg for item in call.keywords if literal(item.value) is not None}
    if name == "log_model" and "registered_model_name" in given:
        yield Recorded.REGISTRY
    if "tags" in given and CALLS[name] is not Recorded.TAGS:
        yield Recorded.TAGS


def _names(names: Names, call: ast.Call, loops: Mapping[str, tuple[str, ...]]) -> tuple[tuple[str, ...], bool]:
    """Return the names under which a call records, and whether there may be others."""
    first = call.args[0] if call.args else next((item.value for item in call.keywords), None)
    if isinstance(first, ast.Name):
        first = _assigned(names, first.id) or first
    if isinstance(first, ast.Dict):
        texts = [literal(key, names.constants) for key in first.keys]
        return tuple(text for text in texts if isinstance(text, str)), not all(isinstance(text, str) for text in texts)
    found = texts_of(first, names, loops)
    return found, not found


def _assigned(names: Names, variable: str) -> ast.Dict | None:
    found = [
        node.value
        for node in names.live
        if isinstance(node, ast.Assign)
        and isinstance(node.value, ast.Dict)
        and any(isinstance(target, ast.Name) and target.id == variable for target in node.targets)
    ]
    return found[0] if len(found) == 1 else None
