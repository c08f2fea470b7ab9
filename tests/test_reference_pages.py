"""The committed pages of docs/checks/ are what `make docs` writes."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

ROOT = Path(__file__).parents[1]


def load_writer() -> ModuleType:
    spec = importlib.util.spec_from_file_location("write_checks", ROOT / "docs" / "write_checks.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_committed_pages_are_fresh() -> None:
    writer = load_writer()
    fresh = writer.pages()
    committed = {
        file.relative_to(writer.PAGES).as_posix(): file.read_text(encoding="utf-8")
        for file in writer.PAGES.rglob("*.md")
    }
    assert sorted(committed) == sorted(fresh), "run `make docs`"
    assert [name for name, text in fresh.items() if committed[name] != text] == [], "run `make docs`"
