"""How a learner's file is imported in the sandbox: by every layout that an honest start of it would find."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

from infra_grader.capabilities import module_loading
from infra_grader.capabilities.program_text import program_text

ANSWER = "def answer(): return 42\n"
LAYOUTS = {
    "beside-the-others": ("stats.py", {"stats.py": "from util import answer\n", "util.py": ANSWER}),
    "package": (
        "src/stats.py",
        {"src/__init__.py": "", "src/stats.py": "from .util import answer\n", "src/util.py": ANSWER},
    ),
    "package-started-from-its-own-folder": (
        "src/stats.py",
        {"src/__init__.py": "", "src/stats.py": "from util import answer\n", "src/util.py": ANSWER},
    ),
    "package-below-src": (
        "src/pkg/stats.py",
        {"src/pkg/__init__.py": "", "src/pkg/stats.py": "from pkg.util import answer\n", "src/pkg/util.py": ANSWER},
    ),
    "src-is-a-package-and-on-the-path": (
        "src/pkg/stats.py",
        {
            "src/__init__.py": "",
            "src/pkg/__init__.py": "",
            "src/pkg/stats.py": "from pkg.util import answer\n",
            "src/pkg/util.py": ANSWER,
        },
    ),
    "package-without-init-below-src": (
        "src/pkg/stats.py",
        {"src/pkg/stats.py": "from pkg.util import answer\n", "src/pkg/util.py": ANSWER},
    ),
    "package-without-init-named-from-the-root": (
        "src/stats.py",
        {"src/stats.py": "from src.util import answer\n", "src/util.py": ANSWER},
    ),
    "relative-without-init": ("src/stats.py", {"src/stats.py": "from .util import answer\n", "src/util.py": ANSWER}),
    "relative-over-the-package": (
        "src/pkg/stats.py",
        {"src/pkg/__init__.py": "", "src/pkg/stats.py": "from ..util import answer\n", "src/util.py": ANSWER},
    ),
    "package-itself": (
        "stats/__init__.py",
        {"stats/__init__.py": "from .core import answer\n", "stats/core.py": ANSWER},
    ),
    "imported-by-its-package": (
        "pkg/stats.py",
        {
            "pkg/__init__.py": "from .stats import answer\n",
            "pkg/names.py": "seen = []\n",
            "pkg/stats.py": "from .names import seen\nassert not seen\nseen.append(1)\n" + ANSWER,
        },
    ),
    "beside-a-module-called-like-a-standard-one": (
        "src/pkg/stats.py",
        {
            "src/pkg/__init__.py": "",
            "src/pkg/types.py": ANSWER,
            "src/pkg/stats.py": "import enum, types\ntypes.SimpleNamespace\nfrom .types import answer\n",
        },
    ),
}


def run(folder, path, after):
    program = program_text(module_loading, function="load").replace("module.load()", f"found = module.load({path!r})")
    ended = subprocess.run(
        [sys.executable, "-I", "-B", "-c", f"{program}\n{after}"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ended.returncode, ended.stderr
    return json.loads(ended.stdout)


@pytest.mark.parametrize("layout", LAYOUTS)
def test_a_file_is_imported_as_its_start_would_import_it(tmp_path, layout):
    path, files = LAYOUTS[layout]
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert run(tmp_path, path, "print(found.answer())") == 42


def test_an_exception_that_cannot_say_what_it_is_says_nothing():
    class Mute(ValueError):
        def __str__(self):
            raise RuntimeError

    assert module_loading.text_of(Mute()) == ""
    assert module_loading.text_of(ValueError("x" * 1000)) == "x" * module_loading.MAX_TEXT
