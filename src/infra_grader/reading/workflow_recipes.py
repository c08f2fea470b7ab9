"""What the task files of runners have in common: recipes by name, and options that choose among them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from posixpath import join, normpath

Read = Callable[[str], str | None]
"""Returns the text of a file of the learner's own, or nothing."""
Script = tuple[str, str, int]
"""Path, commands, and the line on which they begin."""
Recipes = dict[str, tuple[int, list[str], str]]
"""By name, the line on which a recipe begins, the recipes that it needs, and its commands."""
MOST_TARGETS = 50


def options_in(arguments: Sequence[str], known: dict[str, str]) -> tuple[dict[str, str], list[str]]:
    """Return the values of some options, and what is none."""
    options: dict[str, str] = {}
    others: list[str] = []
    waiting = ""
    for word in arguments:
        name, _, value = word.partition("=")
        if waiting:
            options[waiting], waiting = word, ""
        elif name in known and value:
            options[known[name]] = value
        elif word in known:
            waiting = known[word]
        elif word[:1] != "-":
            others.append(word)
    return options, others


def first_file(read: Read, folder: str, names: str | Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield path and text of the first of some files that is there."""
    for name in [names] if isinstance(names, str) else names:
        path = normpath(join(folder, name))
        if (text := read(path)) is not None:
            yield path, text
            return


def chosen_recipes(path: str, rules: Recipes, wanted: Sequence[str]) -> Iterator[Script]:
    """Yield the recipes of targets, those that they need with them; without a target, the first one's."""
    waiting = list(wanted) or [next((name for name in rules if not name.startswith(".")), "")]
    done: set[str] = set()
    while waiting and len(done) < MOST_TARGETS:
        target = waiting.pop(0)
        if target in done or target not in rules:
            continue
        done.add(target)
        line, needs, recipe = rules[target]
        waiting += needs
        yield path, recipe, line


def plain_line(line: str) -> str:
    """Return a line of a recipe without the signs before it; `-` passes its failure over."""
    signs = line[: len(line) - len(line.lstrip("@+- "))]
    command = line[len(signs) :].replace("$$", "$")
    return f"{command} || true" if "-" in signs and not command.endswith("\\") else command


def line_of(text: str, start: str) -> int:
    """Return the first line, from 1, that starts with a text, spaces aside; 1 if none does."""
    return next((number for number, line in enumerate(text.split("\n"), 1) if line.lstrip().startswith(start)), 1)
