"""A check kind's name to the kind, a format's name to the report: built-in and outside plugins alike.

Built-in plugins are found by their place, so that grading imports only what a rubric uses. Entry points are read
only for a name that is not built in, and for lists.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import msgspec
import pluggy

from infra_grader import hookspecs
from infra_grader.errors import PluginError, UnknownNameError, UsageError
from infra_grader.plugin import NAME, PROJECT, CheckKind, ReportFormat, check_kinds

if TYPE_CHECKING:
    from infra_grader.capabilities.executor import ExecutorKind
    from infra_grader.capabilities.sandbox import SandboxKind
    from infra_grader.model.roster import Learner

AUTO_SANDBOXES = ("docker", "bubblewrap")
"""The sandboxes that `auto` may choose, the first one first."""
PACKAGE = Path(__file__).parents[1]
HOOKIMPL = f"{PROJECT}_impl"
"""The attribute by which pluggy's marker marks a function."""


class Registry:
    """The plugins of one run. Methods raise `PluginError`, which carries the plugin at fault."""

    def __init__(self, plugin_files: Iterable[Path] = ()) -> None:
        self.manager = pluggy.PluginManager(PROJECT)
        self.manager.add_hookspecs(hookspecs)
        self._kinds: dict[str, CheckKind] = {}
        self._builtin: set[str] = set()
        self._outside: dict[str, ModuleType] = {}
        """Outside plugins by the families of check kinds that they provide, and by the name of their entry point."""
        self.faults: dict[str, PluginError] = {}
        """Installed plugins that were left out of lists, since they cannot be used."""
        self.named: list[object] = []
        """Plugins that may observe and adjust: those that the caller or the rubric names."""
        for file in plugin_files:
            plugin = self.register(_load_file(file), str(file))
            self.named.append(plugin)
            self._outside |= {kind.name.split(".")[0]: plugin for kind in check_kinds(plugin)}

    def register(self, plugin: ModuleType, name: str) -> ModuleType:
        """Register an outside plugin: its check kinds, its formats, its hooks.

        Refuses one that breaks the contract, or that takes a name which is provided already; nothing of it stays.
        """
        kinds, formats = self._kinds, {*self._formats(), *builtin_format_names()}
        try:
            self._add(plugin, name)
            self._hold(plugin, name, formats)
        except PluginError:
            self._kinds = kinds
            if self.manager.is_registered(plugin):
                self.manager.unregister(plugin)
            raise
        return plugin

    def _add(self, plugin: ModuleType, name: str) -> None:
        """Register what a plugin declares."""
        try:
            kinds = check_kinds(plugin)
        except PluginError as error:
            raise PluginError(name, f"{error.plugin}: {error.problem}", error.remedy) from error
        if any(hasattr(member, HOOKIMPL) for member in vars(plugin).values()):  # pluggy would look much harder
            try:
                self.manager.register(plugin, name)
                self.manager.check_pending()
            except pluggy.PluginValidationError as error:
                raise PluginError(name, str(error).replace("\n", "; ")) from error
        known = dict(self._kinds)
        for kind in kinds:
            if known.setdefault(kind.name, kind) is not kind:
                raise PluginError(name, f"the check kind {kind.name} is provided twice")
        self._kinds = known

    def _hold(self, plugin: ModuleType, name: str, formats: Collection[str]) -> None:
        """Raise `PluginError` for what would break later, or change what is built in."""
        for kind in check_kinds(plugin):
            _hold_model(kind, name)
            if _is_builtin(kind.name) and kind.run.__module__ != f"{PROJECT}.checks.{kind.name}":
                raise PluginError(name, f"the check kind {kind.name} is built in", "Give yours another name.")
        for hook in ("infra_grader_sandboxes", "infra_grader_executors"):
            self._given_by(plugin, name, hook)
        for report in self._given_by(plugin, name, "infra_grader_report_formats"):
            if not isinstance(report, ReportFormat):
                raise PluginError(name, f"it gives {report!r} as a report format", "Give a ReportFormat.")
            if report.name in formats:
                raise PluginError(name, f"there is a report format {report.name} already", "Give yours another name.")

    def use(self, names: Iterable[str]) -> None:
        """Let the plugins that a rubric names observe and adjust."""
        for name in names:
            plugin = self._load_entry_point(name)
            if plugin is None:
                remedy = f"Install the plugin {name}, or name its file with --plugin."
                raise PluginError(name, "no installed plugin has this name", remedy)
            if plugin not in self.named:
                self.named.append(plugin)

    def find_kind(self, name: str) -> CheckKind:
        """Return the check kind of this name. Raises `PluginError` if no plugin provides it."""
        if name not in self._kinds and NAME.fullmatch(name):
            if _is_builtin(name):
                self._load_builtin(f"checks.{name}")
            else:
                self._load_entry_point(name.partition(".")[0])
        if name not in self._kinds:
            raise UnknownNameError(name, "no such check kind", "`infra-grader checks` lists them.")
        return self._kinds[name]

    def kind_names(self) -> list[str]:
        """Return the names of all check kinds, sorted; imports the outside plugins, not the built-in ones."""
        self._load_all_entry_points()
        return sorted({*self._kinds, *builtin_kind_names()})

    def all_kinds(self) -> list[CheckKind]:
        """Return every check kind, sorted by name."""
        return [self.find_kind(name) for name in self.kind_names()]

    def find_format(self, name: str) -> ReportFormat:
        """Return the report format of this name. Raises `PluginError` if no plugin provides it."""
        if name.isidentifier() and os.path.isfile(PACKAGE / "reports" / f"{name}_report.py"):
            self._load_builtin(f"reports.{name}_report")
        if name not in (formats := self._formats()):
            self._load_all_entry_points()
            formats = self._formats()
        if name not in formats:
            raise UnknownNameError(name, "no such report format", f"Formats: {', '.join(self.format_names())}.")
        return formats[name]

    def format_names(self) -> list[str]:
        """Return the names of all report formats, sorted."""
        self._load_all_entry_points()
        for name in builtin_format_names():
            self._load_builtin(f"reports.{name}_report")
        return sorted(self._formats())

    def find_sandbox(self, name: str) -> SandboxKind:
        """Return the sandbox of this name. Raises `UsageError` if no plugin provides it."""
        if name.isidentifier() and (PACKAGE / "sandboxes" / f"{name}_sandbox.py").is_file():
            self._load_builtin(f"sandboxes.{name}_sandbox")
        if name not in (sandboxes := self._sandboxes()):
            self._load_all_entry_points()
            sandboxes = self._sandboxes()
        if name not in sandboxes:
            allowed = ", ".join(["auto", *(kind.name for kind in self.all_sandboxes())])
            raise UsageError(f"this version has no sandbox {name}", f"It has {allowed}.")
        return sandboxes[name]

    def choose_sandbox(self, name: str) -> SandboxKind:
        """Return the sandbox of this name; `auto` is the first that can be used here, and none if there is none.

        Never one without a wall: that is for those who ask for it. Raises `UsageError` for an unknown name.
        """
        if name != "auto":
            return self.find_sandbox(name)
        usable = (kind for kind in map(self.find_sandbox, AUTO_SANDBOXES) if not kind.find_problem())
        return next(usable, None) or self.find_sandbox("none")

    def all_sandboxes(self) -> list[SandboxKind]:
        """Return every sandbox, sorted by name."""
        self._load_all_entry_points()
        for file in (PACKAGE / "sandboxes").glob("[a-z]*_sandbox.py"):
            self._load_builtin(f"sandboxes.{file.stem}")
        return [kind for _, kind in sorted(self._sandboxes().items())]

    def find_executor(self, name: str) -> ExecutorKind:
        """Return the executor of this name. Raises `UsageError` if no plugin provides it."""
        if name.isidentifier() and (PACKAGE / "executors" / f"{name}_executor.py").is_file():
            self._load_builtin(f"executors.{name}_executor")
        if name not in (executors := self._executors()):
            allowed = ", ".join(kind.name for kind in self.all_executors())
            raise UsageError(f"this version has no executor {name}", f"It has {allowed}.")
        return executors[name]

    def all_executors(self) -> list[ExecutorKind]:
        """Return every executor, sorted by name."""
        self._load_all_entry_points()
        for file in (PACKAGE / "executors").glob("[a-z]*_executor.py"):
            self._load_builtin(f"executors.{file.stem}")
        return [kind for _, kind in sorted(self._executors().items())]

    def read_roster(self, path: Path) -> Sequence[Learner] | None:
        """Return the learners of a roster that a plugin reads, or `None` if none does."""
        self._load_all_entry_points()
        answers = self.manager.hook.infra_grader_read_roster(path=path)
        return next((answer for answer in answers if answer is not None), None)

    def named_hooks(self, hook: str) -> list[tuple[str, Callable[..., Any]]]:
        """Return each plugin that may observe and adjust with a caller of this hook of its, in the order named."""
        plugins = self.manager.get_plugins()
        return [
            (Path(self.manager.get_name(plugin) or "").name, self.manager.subset_hook_caller(hook, plugins - {plugin}))
            for plugin in self.named
        ]

    def builtin_hook(self, hook: str, place: str) -> Callable[..., Any]:
        """Return a caller of this hook of the built-in plugin at a place, such as `engine.late`."""
        self._load_builtin(place)
        plugins = self.manager.get_plugins()
        return self.manager.subset_hook_caller(hook, plugins - {self.manager.get_plugin(place)})

    def _formats(self) -> dict[str, ReportFormat]:
        formats: dict[str, ReportFormat] = {}
        for given in self.manager.hook.infra_grader_report_formats():
            formats |= {report.name: report for report in given}
        return formats

    def _sandboxes(self) -> dict[str, SandboxKind]:
        from infra_grader.capabilities.sandbox import SandboxKind  # only where learner code may run

        given = [kind for each in self.manager.hook.infra_grader_sandboxes() for kind in each]
        if other := next((kind for kind in given if not isinstance(kind, SandboxKind)), None):
            name = str(getattr(other, "name", other))
            raise PluginError(name, "it is given as a sandbox and is no infra_grader.capabilities.sandbox.SandboxKind")
        return {kind.name: kind for kind in given}

    def _executors(self) -> dict[str, ExecutorKind]:
        given = [kind for each in self.manager.hook.infra_grader_executors() for kind in each]
        return {kind.name: kind for kind in given}

    def _given_by(self, plugin: ModuleType, name: str, hook: str) -> list[object]:
        """Return what one plugin answers to a hook that asks for several things, of whatever type they are."""
        caller = self.manager.subset_hook_caller(hook, self.manager.get_plugins() - {plugin})
        try:
            return [item for given in caller() for item in given]
        except (Exception, SystemExit) as error:  # a plugin may raise anything, and must be named
            raise PluginError(name, f"its {hook} fails: {type(error).__name__}: {error}") from error

    def _load_builtin(self, place: str) -> None:
        if place not in self._builtin:
            self._builtin.add(place)
            self._add(importlib.import_module(f"{PROJECT}.{place}"), place)

    def _load_entry_point(self, name: str) -> ModuleType | None:
        """Return the outside plugin of this name, or `None`; one that `--plugin` names goes before an installed one."""
        if name in self._outside:
            return self._outside[name]
        # Scanning the installed packages costs more than grading an exercise, so it is put off until it must be.
        from importlib.metadata import entry_points

        for entry in entry_points(group=PROJECT, name=name):
            with _importing(name, f"Reinstall {entry.value}."):
                plugin = entry.load()
            self._outside[name] = self.register(plugin, name)
            return self._outside[name]
        return None

    def _load_all_entry_points(self) -> None:
        from importlib.metadata import entry_points

        for name in sorted(entry_points(group=PROJECT).names - self.faults.keys()):
            try:
                self._load_entry_point(name)
            except PluginError as fault:
                self.faults[name] = fault


def _is_builtin(kind: str) -> bool:
    family, verb = kind.split(".")
    return os.path.isfile(PACKAGE / "checks" / family / f"{verb}.py")


def _hold_model(kind: CheckKind, plugin: str) -> None:
    """Raise `PluginError` for a parameter model of which there is no schema."""
    try:
        msgspec.json.schema_components([kind.params])
    except (NameError, TypeError) as error:
        problem = f"{kind.name}: its parameter model cannot be read: {error}".splitlines()[0].rstrip(":")
        raise PluginError(plugin, problem) from error


def builtin_format_names() -> Iterator[str]:
    """Yield the names of the built-in reports, which are their places."""
    for file in (PACKAGE / "reports").glob("[a-z]*_report.py"):
        yield file.stem.removesuffix("_report")


def builtin_kind_names() -> Iterator[str]:
    """Yield the names of the built-in check kinds, which are their places."""
    for file in (PACKAGE / "checks").glob("*/[a-z]*.py"):
        yield f"{file.parent.name}.{file.stem}"


def _load_file(file: Path) -> ModuleType:
    """Import a plugin from a file that the caller names. Raises `PluginError` if that fails in any way."""
    name = f"{PROJECT}_plugin_{file.stem}"
    while name in sys.modules:  # files of one name in two folders
        name += "_"
    spec = importlib.util.spec_from_file_location(name, file)
    if spec is None or spec.loader is None or not os.path.isfile(file):
        raise PluginError(str(file), "it is no Python file", "Name a .py file with --plugin.")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module  # so that annotations can be resolved
    with _importing(str(file), "Mend it, or leave it out."):
        spec.loader.exec_module(module)
    return module


@contextmanager
def _importing(plugin: str, remedy: str) -> Iterator[None]:
    """Turn whatever a plugin raises while it is imported into a `PluginError` that names it."""
    try:
        yield
    except (Exception, SystemExit) as error:  # a plugin may raise anything, and must be named
        raise PluginError(plugin, f"it cannot be imported: {type(error).__name__}: {error}", remedy) from error
