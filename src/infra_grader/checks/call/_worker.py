"""Holds a module and answers questions about it: a line of JSON in, a line of JSON out.

Its text runs in the sandbox (see `_answers.job_for`), so it needs nothing but the standard library. It shares a process
with the learner's code, which may do with it what it likes: nothing that comes from here is believed, only compared.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from typing import Any

from infra_grader.capabilities.module_loading import load, text_of
from infra_grader.capabilities.plain_coding import MAX_DEPTH, SIMPLE, NotPlain, decode, encode, refuse
from infra_grader.capabilities.plain_content import content_of, number_of


def serve() -> None:
    """Answer until the questions end. The channel is taken away from the module before it is loaded."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    module: Any = None
    for line in questions:
        question = json.loads(line)
        reply: dict[str, Any] = {"id": question["id"]}
        try:
            if "load" in question:
                module = load(question["load"])
                reply["value"] = None
            elif not hasattr(module, question["function"]):
                reply["absent"] = True
            else:
                arguments = [decode(argument) for argument in question["arguments"]]
                reply["value"] = coded(getattr(module, question["function"])(*arguments))
        except NotPlain as what:
            reply["not_plain"] = str(what)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the grader hears its name
            reply |= described(error)
        content = memoryview(json.dumps(reply).encode() + b"\n")
        while content:
            content = content[os.write(answers, content) :]


def coded(value: object) -> Any:
    """Return an answer in a form for JSON. Raises `NotPlain` for what is not plain.

    A number of numpy's is carried as Python's, and an instance of a subclass, such as a `Counter` or a named tuple, as
    what its plain type sees of it.
    """
    try:
        return encode(value, _refer(MAX_DEPTH))
    except RecursionError as error:  # no exception of the function's
        raise NotPlain("a value that is nested too deeply") from error


def described(error: BaseException) -> dict[str, Any]:
    """Return what to say of an exception: the names of its types, from its own to the most general, and its text."""
    told: dict[str, Any] = {"raised": [str(kind.__name__)[:100] for kind in type(error).__mro__[:-1]][:20]}
    if isinstance(error, Exception):
        told["text"] = text_of(error)
    return told


def _refer(depth: int) -> Callable[[object], Any]:
    """Return what codes a value of no plain type, and of those in it as many as lie this deep."""

    def refer(value: object) -> Any:
        number = number_of(value)
        if type(number) in SIMPLE:
            return encode(number)
        content = content_of(value)
        if not content:
            return refuse(value)
        if depth == 0:
            raise NotPlain("a value that is nested too deeply")
        return encode(content[0], _refer(depth - 1))

    return refer
