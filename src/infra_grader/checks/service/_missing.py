"""Packages that a service did not find: whose fault that is."""

from __future__ import annotations

import ast
import re
import sys
from collections.abc import Iterator

from infra_grader.capabilities.asked_service import NotStarted
from infra_grader.capabilities.service import Launch, Recipe
from infra_grader.plugin import CheckFailed, Context, Evidence, NotAssessed, TextFile
from infra_grader.reading.python_source import parse_source

NOT_FOUND = re.compile(r"ModuleNotFoundError: No module named '([A-Za-z_][A-Za-z0-9_.]{0,100})'")
REQUIREMENTS = ("**/requirements*.txt", "**/requirements/*.txt", "**/pyproject.toml", "**/Pipfile", "**/setup.py",
                "**/setup.cfg", "**/environment.yml", "**/environment.yaml", "**/uv.lock",
                "**/poetry.lock")  # fmt: skip
OTHER_NAMES = {  # of modules whose package is called otherwise; the beginning of its name will do
    "PIL": "pillow", "yaml": "pyyaml", "cv2": "opencv", "sklearn": "scikit-learn", "dotenv": "python-dotenv",
    "jwt": "pyjwt", "multipart": "python-multipart", "bs4": "beautifulsoup4", "dateutil": "python-dateutil",
    "jose": "python-jose", "flask_cors": "flask-cors", "magic": "python-magic", "attr": "attrs", "git": "gitpython",
    "OpenSSL": "pyopenssl",
}  # fmt: skip
LOOK = """\
import importlib.util, sys
sys.exit(10 if importlib.util.find_spec(sys.argv[1]) is None else 11)
"""
ABSENT = 10


def judge_missing(context: Context, recipe: Recipe, failures: list[tuple[Launch, NotStarted]]) -> None:
    """Raise `NotAssessed` where a required package is really missing here, `CheckFailed` where none requires it.

    What the service printed only says where to look: the code must import the module, and the sandbox must lack it.
    """
    names = dict.fromkeys(found[1].partition(".")[0] for _, error in failures if (found := _last(error.output)))
    for name in names:
        if name in sys.stdlib_module_names or _is_own(context, name) or not _is_lacking(context, recipe, name):
            continue
        if not (importer := next(_importers(context, name), None)):
            continue
        if required := _required(context, name):
            raise NotAssessed(
                f"{name}, which {required} asks for, is not installed in the sandbox.",
                "Let the rubric name an environment that holds it, or a stand-in.",
                Evidence(path=importer[0], line=importer[1], expected=f"import {name}", actual="no such module here"),
            )
        raise CheckFailed(
            f"The service imports {name}, which none of the submission's requirements names.",
            Evidence(path=importer[0], line=importer[1], expected=f"{name} among the requirements", actual="not there"),
        )


def _last(output: str) -> re.Match[str] | None:
    return max(NOT_FOUND.finditer(output), key=lambda found: found.start(), default=None)


def _is_own(context: Context, name: str) -> bool:
    """Whether the submission has a module of this name, which then is in the wrong place."""
    files = context.workspace.all_files()
    return any(path.endswith((f"/{name}.py", f"/{name}/__init__.py")) or path == f"{name}.py" for path in files) or any(
        path.startswith(f"{name}/") or f"/{name}/" in path for path in files
    )


def _is_lacking(context: Context, recipe: Recipe, name: str) -> bool:
    arguments = (*recipe.programs["python"], "-c", LOOK, name)
    job = recipe.job.replace(arguments=arguments, workspace=None, limits=recipe.job.limits.replace(wall_s=20.0))
    return context.sandbox.run(job, context.deadline).exit_status == ABSENT


def _importers(context: Context, name: str) -> Iterator[tuple[str, int]]:
    for path in context.workspace.find("**/*.py"):
        try:
            source = parse_source(TextFile(path, context.workspace.read_text(path)))
        except (CheckFailed, NotAssessed):
            continue
        for node in ast.walk(source.tree):
            if isinstance(node, ast.Import):
                modules = [alias.name for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level:
                modules = [node.module or ""]
            else:
                continue
            if any(module.partition(".")[0] == name for module in modules):
                yield path, node.lineno


def _required(context: Context, name: str) -> str:
    """Return the file that asks for the package of a module, or nothing."""
    wanted = _plain(OTHER_NAMES.get(name, name))
    # A name begins a line, or a text in quotes; what stands in a comment asks for nothing.
    pattern = re.compile(rf"(?m)^[^#\n]*?(?<![\w-])(?:python-)?{re.escape(wanted)}(?![a-z0-9])")
    for path in context.workspace.find(*REQUIREMENTS):
        try:
            text = context.workspace.read_text(path)
        except (CheckFailed, NotAssessed):
            continue
        if pattern.search(_plain(text)):
            return path
    return ""


def _plain(text: str) -> str:
    return re.sub(r"[_.]", "-", text.lower())
