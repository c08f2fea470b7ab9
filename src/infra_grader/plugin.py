"""All that a plugin author imports: `check`, `Params`, `Context`, `hookimpl`, and the words of the model.

A plugin is a module. Registering it registers its functions marked with `@check`; functions marked with
`@hookimpl` answer the hooks of `infra_grader.hookspecs`.

    from infra_grader.plugin import Annotated, Context, Evidence, Meta, Outcome, Params, RelativePath, check

    class Answers(Params):
        path: RelativePath

    @check("course.answers")
    def answers(context: Context, params: Answers) -> Outcome:
        \"\"\"A file holds the answer.\"\"\"
        text = context.workspace.read_text(params.path)
        return Outcome.passed_if("42" in text, f"{params.path} was read.", Evidence(path=params.path))
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Hashable, Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Self, TypeVar, dataclass_transform

import msgspec
import pluggy
from msgspec import Meta

from infra_grader.capabilities.deadline import Deadline
from infra_grader.capabilities.shared import Shared
from infra_grader.capabilities.witness import Witness, all_but
from infra_grader.capabilities.workspace import TextFile, Workspace, is_glob
from infra_grader.errors import PluginError, ReportError
from infra_grader.model.outcome import (
    CheckFailed,
    Evidence,
    EvidenceKind,
    Measure,
    NotAssessed,
    Outcome,
    Status,
    Unavailable,
)
from infra_grader.model.parameter_paths import path_parameters
from infra_grader.model.record import Record
from infra_grader.model.scorecard import Scorecard, SubmissionRef

if TYPE_CHECKING:
    from infra_grader.capabilities.live_docker import LiveDocker
    from infra_grader.capabilities.live_kubernetes import LiveKubernetes
    from infra_grader.capabilities.sandbox import Sandbox

__all__ = [
    "Annotated",
    "CheckFailed",
    "CheckKind",
    "Context",
    "Evidence",
    "EvidenceKind",
    "Handle",
    "Measure",
    "Meta",
    "NotAssessed",
    "Outcome",
    "Params",
    "Places",
    "PluginError",
    "Regex",
    "RelativePath",
    "RenderOptions",
    "ReportError",
    "ReportFormat",
    "Scorecard",
    "Status",
    "TextFile",
    "Unavailable",
    "Workspace",
    "all_but",
    "check",
    "check_kinds",
    "hookimpl",
    "is_glob",
    "path_parameters",
    "places",
]

PROJECT = "infra_grader"
hookimpl = pluggy.HookimplMarker(PROJECT)

CAPABILITIES = frozenset({"command", "sandbox", "docker", "kubernetes", "http"})
"""What a kind may ask for beyond the workspace; a kind that asks for one runs beside others, in a thread."""
LIVE = frozenset({"docker", "kubernetes"})
"""Those that look at what runs, which `--live` names, and which may be down."""

NAME = re.compile(r"[a-z][a-z0-9_]*\.[a-z][a-z0-9_]*")

PATH_PATTERN = r"^(?!/)(?!.*\\)(?!(.*/)?\.\.(/|$))"

# The pattern is held by the loader, not by msgspec, which (to 0.22 at least) counts the references to a pattern wrongly
# where a union has a text with one beside a list or a mapping: Python then crashes in its garbage collection.
RelativePath = Annotated[
    str,
    Meta(
        min_length=1,
        description="Path or glob in the submission, with forward slashes.",
        extra={"role": "path"},
        extra_json_schema={"format": "submission-path", "pattern": PATH_PATTERN},
    ),
]
Places = RelativePath | Annotated[list[RelativePath], Meta(min_length=1)]
"""One path or several: the first that is there is taken. `places()` gives them as a list."""

Regex = Annotated[
    str,
    Meta(
        min_length=1,
        description="Regular expression in Python's syntax.",
        extra={"role": "regex"},
        extra_json_schema={"format": "regex"},
    ),
]
Handle = Annotated[
    str,
    Meta(
        min_length=1,
        description="Id of the check that provides this.",
        extra={"role": "handle"},
        extra_json_schema={"format": "check-id"},
    ),
]


# Says to type checkers what holds at run time: options of a Struct are inherited.
@dataclass_transform(frozen_default=True, kw_only_default=True, field_specifiers=(msgspec.field,))
class Params(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Base of a kind's parameter model: its fields are the keys that `with:` accepts."""

    def problems(self, _rubric_folder: Path, /) -> Iterator[str]:
        """Yield what is wrong with the rubric's own files that these name, each with what to do instead.

        `rubric lint` asks for it. A kind overrides it whose parameters say more than a schema can tell of.
        """
        return iter(())


def places(value: str | list[str]) -> list[str]:
    """Return a `Places` parameter as a list."""
    return [value] if isinstance(value, str) else value


Made = TypeVar("Made")


class Context:
    """What a check may use: the workspace, the capabilities that its kind asked for, and facts about the run."""

    def __init__(
        self,
        *,
        workspace: Workspace,
        deadline: Deadline,
        capabilities: Mapping[str, object],
        rubric_folder: Path,
        shared: Shared,
        handles: Mapping[str, Mapping[str, str]],
        seed: int,
        tell: Callable[[str], object] = str,
    ) -> None:
        self.workspace = workspace
        self.deadline = deadline
        self.seed = seed
        """Where random inputs start; recorded in the result."""
        self.tell = tell
        """Shows the user, in a few words, what a check that takes long is at."""
        self._capabilities = capabilities
        self._rubric_folder = rubric_folder
        self._shared = shared
        self._handles = handles
        self._about: Callable[[], SubmissionRef] | None = None
        self._witness = Witness()

    def watched_by(self, witness: Witness, about: Callable[[], SubmissionRef] | None = None) -> Self:
        """Let a witness see what the check looks at, and say whose work it is. The engine calls it, no check."""
        self._witness, self._about = witness, about
        return self

    @property
    def submission(self) -> SubmissionRef:
        """Whose work it is, and its commit."""
        assert self._about is not None, "who runs the check says whose work it is"
        return self._about()

    @property
    def command(self) -> Any:
        """Our own tools; see `infra_grader.capabilities.command.Command`."""
        return self.capability("command")

    @property
    def docker(self) -> LiveDocker:
        """A Docker daemon, and what this submission's checks make in it."""
        found: LiveDocker = self.capability("docker")
        return found

    @property
    def kubernetes(self) -> LiveKubernetes:
        """A cluster, and what this submission's checks make in it."""
        found: LiveKubernetes = self.capability("kubernetes")
        return found

    @property
    def sandbox(self) -> Sandbox:
        """Where a learner's code runs; see `infra_grader.capabilities.sandbox`."""
        found: Sandbox = self.capability("sandbox")
        return found

    def capability(self, name: str) -> Any:
        """Return a capability that the kind asked for. Raises `LookupError` for one that it did not."""
        if name not in self._capabilities:
            raise LookupError(f"the check kind did not ask for the capability {name!r}")
        return self._capabilities[name]

    def rubric_file(self, path: str) -> Path:
        """Return a file of the rubric's own, named relative to it.

        Raises `NotAssessed` if it is missing or lies outside the rubric's folder: the author's fault.
        """
        folder = self._rubric_folder.resolve()
        file = (folder / path).resolve()
        if not file.is_relative_to(folder) or not file.is_file():
            raise NotAssessed(f"The rubric's own file {path} is missing.", "Tell the author of the rubric.")
        self._witness.used(path, file)
        return file

    def rubric_directory(self, path: str) -> Path:
        """Return a folder of the rubric's own, named relative to it; raises as `rubric_file` does."""
        folder = self._rubric_folder.resolve()
        found = (folder / path).resolve()
        if not found.is_relative_to(folder) or not found.is_dir():
            raise NotAssessed(f"The rubric's own folder {path} is missing.", "Tell the author of the rubric.")
        self._witness.used(path, found)
        return found

    def shared(self, key: Hashable, make: Callable[[], Made], *, reads_files: bool = True) -> Made:
        """Return what `make` gives, made once a submission for every check that gives the same key.

        A verdict that `make` raises (`CheckFailed`, `NotAssessed`) is kept and raised for each of them, but for
        `Unavailable`: the next one asks anew. Checks that see other files than each other, since one of them allows the
        starter's, share only what does not read any.
        """
        return self._shared.get((key, self.workspace.allow_starter) if reads_files else key, make)

    def observe(self, name: str, type_: type[Made], make: Callable[[], Made], *, asked: object = None) -> Made:
        """Return what `make` sees of something that runs: a value, from which alone a live check judges.

        So a record of the grading can keep it, and a replay judge it again, without what ran. `name` tells it from the
        check's other observations: a second look has a name of its own. The value is of `type_`, which msgspec can
        write as JSON and read again. `make` may raise a verdict, as a check may; whatever else the check does with
        something that runs, finding it by its handle too, belongs into `make`.

        `asked` is what `make` takes from the parameters, such as a path: a replay gives the value to any check that
        asks the same. Left out, it is all of them; `()` is none. What only judges is left out by `all_but`.
        """
        return self._witness.observe(name, type_, make, asked)

    def handle(self, check_id: str) -> Mapping[str, str]:
        """Return what the check with this id provides. Raises `NotAssessed` if that is nothing: the author's fault."""
        if provided := self._handles.get(check_id):
            return provided
        raise NotAssessed(f"The check {check_id} provides nothing to use.", "Tell the author of the rubric.")

    def on_close(self, close: Callable[[], None]) -> None:
        """Call this at the end of the submission, latest first, whatever happens."""
        self._shared.on_close(close)


Run = Callable[[Context, Any], Outcome]
BY_PLACE = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
LATER = inspect.CO_COROUTINE | inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR
"""Flags of functions whose call gives something to wait for, not an outcome."""


class CheckKind(msgspec.Struct, frozen=True, kw_only=True, dict=True):
    """What a plugin provides under a name: how to ask one question of a submission."""

    name: str
    run: Run
    capabilities: frozenset[str]
    measure: str
    """Unit of what it measures, or nothing: then a rubric may not give it an `award` table."""

    @cached_property
    def params(self) -> type[Params]:
        """The parameter model. Raises `PluginError` if the function does not declare one."""
        model = self._annotation()
        if not (isinstance(model, type) and issubclass(model, Params)):
            raise PluginError(
                self.name,
                "its function does not take (context: Context, params: SomeParams)",
                "Declare a class of infra_grader.plugin.Params and annotate the second parameter with it.",
            )
        return model

    def _annotation(self) -> object:
        """Return what the function's second parameter is annotated with."""
        code = getattr(self.run, "__code__", None)
        # By far the most frequent way to write it, and the fast one.
        if code is not None and code.co_argcount == 2 and not code.co_kwonlyargcount:
            named = self.run.__annotations__.get(code.co_varnames[1])
            found = self.run.__globals__.get(named) if isinstance(named, str) else named
            if isinstance(found, type):
                return found
        try:
            parameters = list(inspect.signature(self.run, eval_str=True).parameters.values())
        except (NameError, TypeError, ValueError, AttributeError, SyntaxError) as error:
            raise PluginError(self.name, f"its annotations cannot be read: {error}") from error
        takes_both = len(parameters) == 2 and all(parameter.kind in BY_PLACE for parameter in parameters)
        return parameters[1].annotation if takes_both else None

    @property
    def summary(self) -> str:
        """The first line of its docstring: its line in the reference."""
        return (inspect.getdoc(self.run) or "").partition("\n")[0]

    @property
    def waits(self) -> bool:
        """Whether it waits for something else than files, and so runs beside others."""
        return bool(self.capabilities)


def check(name: str, *, capabilities: tuple[str, ...] = (), measure: str = "") -> Callable[[Run], Run]:
    """Mark a function as the check kind of this name, `family.verb`.

    `capabilities` are what its context holds beyond the workspace; `measure` is the unit of the number that its
    outcomes carry, for kinds that have one. What is wrong with it is said when the plugin is registered.
    """
    if not isinstance(name, str):  # above all where it was written without a name: then this is the function
        raise TypeError('a check kind is marked with its name: @check("family.verb")')

    def mark(run: Run) -> Run:
        kind = CheckKind(name=name, run=run, capabilities=frozenset(capabilities), measure=measure)
        run.__infra_grader_kind__ = kind  # type: ignore[attr-defined]  # functions take attributes
        return run

    return mark


def check_kinds(module: object) -> list[CheckKind]:
    """Return the check kinds that a plugin defines, in the order of their definition.

    Raises `PluginError` for the first one that breaks the contract: its name, signature, docstring, capabilities.
    """
    kinds = [
        kind
        for member in vars(module).values()
        if isinstance(kind := getattr(member, "__infra_grader_kind__", None), CheckKind)
    ]
    for kind in kinds:
        if not NAME.fullmatch(kind.name):
            raise PluginError(kind.name, "a check kind is named family.verb, in lower case")
        if unknown := kind.capabilities - CAPABILITIES:
            raise PluginError(kind.name, f"it asks for unknown capabilities: {', '.join(sorted(unknown))}")
        if isinstance(kind.run, type) or getattr(getattr(kind.run, "__code__", None), "co_flags", 0) & LATER:
            raise PluginError(kind.name, "it is no plain function, which returns an Outcome when it is called")
        if not kind.summary:
            raise PluginError(kind.name, "it has no docstring, which is its line in the reference")
        if not kind.params.__struct_config__.frozen or not kind.params.__struct_config__.forbid_unknown_fields:
            raise PluginError(kind.name, "its parameter model is not frozen and closed")
    return kinds


class RenderOptions(Record):
    """What a report may know about where its text goes."""

    width: int = 80
    """Columns of the terminal."""
    color: bool = False
    signs: bool = True
    """Whether the stream can show signs such as the tick."""
    folder: str = "."
    """Folder of the repository that holds the submission, with forward slashes; `.` where they are the same."""
    token: str = ""
    """Letters and digits that nobody can foresee, for marks which no text between them may end."""
    variables: Mapping[str, str] = {}
    """Variables of the process, for formats that say what a runner tells by them."""


class ReportFormat(Record):
    """A format that `--report` accepts."""

    name: str
    is_machine: bool
    """Whether it is meant for programs, and so must stand alone on standard output."""
    render: Callable[[Scorecard, RenderOptions], str]
    """Pure: gives back the text, prints nothing. Raises `ReportError` for a scorecard that the format cannot say."""
    is_commands: bool = False
    """Whether its lines are commands to the runner of a workflow; in one, no other report's lines may be."""
    side_files: Callable[[Scorecard, RenderOptions], Mapping[str, str]] | None = None
    """Pure: gives back text by the environment variable that names the file to which it is added, if that is set."""
