"""The git.ignores check kind."""

from __future__ import annotations

from fractions import Fraction

from infra_grader.capabilities.ignored import MAX_IGNORE_BYTES, IgnoreRules, read_ignore_rules, read_patterns
from infra_grader.capabilities.workspace import compile_glob
from infra_grader.plugin import (
    Annotated,
    Context,
    Evidence,
    Measure,
    Meta,
    Outcome,
    Params,
    RelativePath,
    check,
)
from infra_grader.reading.git_history import Repository, open_repository


class Ignores(Params):
    """What git must ignore."""

    paths: Annotated[
        tuple[RelativePath, ...],
        Meta(
            min_length=1,
            description="Files, folders (with a slash at the end) and globs, each of which .gitignore must cover and no"
            " committed file may match. The files need not be there.",
        ),
    ]


@check("git.ignores", measure="percent")
def ignores(context: Context, params: Ignores) -> Outcome:
    """`.gitignore` covers the paths, and none of them is committed; each earns its share."""
    repository = open_repository(context)
    covers = _Rules(context, repository)
    commit = repository.commit(repository.head) if repository.folder.head else None
    committed = [entry.path for entry in repository.files(commit)] if commit else []
    bad: list[Evidence] = []
    good: list[Evidence] = []
    for path in params.paths:
        expression = compile_glob(f"{path.removeprefix('./')}**" if path.endswith("/") else path.removeprefix("./"))
        tracked = [name for name in committed if expression.fullmatch(name)]
        if not covers.ignores(_example(path)):
            bad.append(Evidence(path=path, expected="ignored by .gitignore", actual="not ignored"))
        elif tracked:
            bad += [Evidence(path=name, expected="not committed", actual="committed") for name in tracked[:5]]
        else:
            good.append(Evidence(path=path, expected="ignored by .gitignore", actual="ignored, and not committed"))
    share = Fraction(len(good), len(params.paths))
    return Outcome.partial(
        share,
        f"{bad[0].path} is {bad[0].actual}." if bad else f"Git ignores {', '.join(params.paths)}.",
        *bad,
        *good,
        measure=Measure(value=round(float(share * 100), 1), unit="percent", threshold=100),
    )


class _Rules:
    """The ignore rules for the work: its own `.gitignore` files, and the committed ones in the folders above it."""

    def __init__(self, context: Context, repository: Repository) -> None:
        workspace = context.workspace
        own = [path for path in workspace.all_files() if not workspace.is_starter_work(path)]
        self._own = read_ignore_rules(workspace.folder, own)
        self._outer = _outer_rules(repository)
        self._prefix = repository.folder.prefix

    def ignores(self, path: str) -> bool:
        return self._own.ignores(path) or self._outer.ignores(self._prefix + path)


def _outer_rules(repository: Repository) -> IgnoreRules:
    if not repository.folder.prefix or repository.folder.head is None:
        return IgnoreRules(())
    commit = repository.commit(repository.head)
    rules = []
    for entry in repository.outer_files(commit, ".gitignore"):
        patterns = read_patterns(repository.read(entry.id, MAX_IGNORE_BYTES))
        rules.append((entry.path.removesuffix(".gitignore"), patterns))
    return IgnoreRules(rules)


def _example(path: str) -> str:
    """Return a file that a path or glob stands for: `*.pth` for `example.pth`, `venv/` for something in it."""
    clean = path.removeprefix("./").replace("**/", "").replace("*", "example").replace("?", "x")
    return f"{clean}example" if clean.endswith("/") else clean
