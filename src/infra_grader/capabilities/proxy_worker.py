"""Holds a learner's modules and does with them what a suite asks: a line of JSON in, a line of JSON out.

Its text runs in the sandbox (see `proxy.job_for`), in one process with the learner's code, which may do with it what
it likes: nothing that comes from here is believed, only compared. A question has an `id` and an `op`:

    load      {path}                       import a file of the submission, or an installed package by its name
    get       {on, name}                   an attribute
    set       {on, name, value}
    call      {on, arguments, keywords}
    apply     {name, arguments}            one of FUNCTIONS
    exit      {on, raised, text, error}    leave a context manager, with an exception of this name or of the learner's
    await     {on}                         run a coroutine to its end

`on` and values are coded. What is not plain stays here, behind a handle:
{"object": [handle, kind, type names, content]}.
An answer has the `id` and `value`, `raised` or `not_plain`; and `changed`, the arguments that a call changed.
"""

from __future__ import annotations

import builtins
import json
import operator
import os
import types
from collections.abc import Callable
from typing import Any

from infra_grader.capabilities.module_loading import load, text_of
from infra_grader.capabilities.plain_coding import SIMPLE, NotPlain, decode, encode
from infra_grader.capabilities.plain_content import content_of, number_of
from infra_grader.capabilities.proxy_coding import STANDARD, decode_standard, encode_standard

OBJECT = "object"
MAX_NAMES = 20
MUTABLE = (list, dict, set, bytearray)
OPERATORS = (
    "add sub mul truediv floordiv mod pow matmul and_ or_ xor lshift rshift neg pos abs invert "
    "eq ne lt le gt ge contains getitem setitem delitem"
)
BUILTINS = "len iter next repr str hash bool isinstance issubclass format round int float reversed delattr"
FUNCTIONS: dict[str, Callable[..., Any]] = {
    **{name: getattr(operator, name) for name in OPERATORS.split()},
    **{name: getattr(builtins, name) for name in BUILTINS.split()},
    "enter": lambda manager: type(manager).__enter__(manager),
}


class Holder:
    """The modules, the objects that the suite has seen, and what can be done with them."""

    def __init__(self) -> None:
        self._objects: dict[int, Any] = {}
        self._handles: dict[int, int] = {}
        self._open: set[int] = set()

    def answer(self, question: dict[str, Any]) -> dict[str, Any]:
        """Return what there is to say, without the question's id."""
        given: list[Any] = []
        reply: dict[str, Any] = {}
        try:
            reply["value"] = encode(self._do(question, given), self._refer)
        except NotPlain as what:
            reply["not_plain"] = str(what)
        except BaseException as error:  # noqa: BLE001 - whatever it is, the grader hears its name
            reply |= self._described(error)
        if given and (changed := self._changed(question["arguments"], given)):
            reply["changed"] = changed
        return reply

    def _do(self, question: dict[str, Any], given: list[Any]) -> Any:
        kind = question["op"]
        if kind == "load":
            return load(question["path"])
        if kind == "apply":
            return FUNCTIONS[question["name"]](*[self._decode(argument) for argument in question["arguments"]])
        return self._do_with(self._decode(question["on"]), question, given)

    def _do_with(self, on: Any, question: dict[str, Any], given: list[Any]) -> Any:
        kind = question["op"]
        if kind == "call":
            keywords = {name: self._decode(value) for name, value in question["keywords"].items()}
            given += [self._decode(argument) for argument in question["arguments"]]
            return on(*given, **keywords)
        if kind == "set":
            return setattr(on, question["name"], self._decode(question["value"]))
        if kind == "exit":
            return self._exit(on, question)
        if kind == "await":
            import asyncio  # not before: each process would start later

            return asyncio.run(on)
        return getattr(on, question["name"])

    def _exit(self, on: Any, question: dict[str, Any]) -> bool:
        error = None
        if question["error"] is not None:
            error = self._decode(question["error"])
        elif name := question["raised"]:
            kind = getattr(builtins, name, None)
            is_exception = isinstance(kind, type) and issubclass(kind, BaseException)
            error = kind(question["text"]) if is_exception else RuntimeError(question["text"])  # type: ignore[misc]
        return bool(type(on).__exit__(on, error and type(error), error, None))

    def _changed(self, before: list[Any], after: list[Any]) -> dict[str, Any]:
        changed = {}
        for place, (coded, value) in enumerate(zip(before, after, strict=True)):
            if type(value) in MUTABLE:
                try:
                    now = encode(value, self._refer)
                except NotPlain:
                    continue
                if now != coded:
                    changed[str(place)] = now
        return changed

    def _decode(self, coded: Any) -> Any:
        return decode(coded, self._found)

    def _found(self, kind: str, content: Any) -> object:
        if kind == OBJECT:
            return self._objects[content[0]]
        if kind == STANDARD:
            return decode_standard(content, self._found)
        raise ValueError(kind)

    def _refer(self, value: object) -> Any:
        """Code what is no plain value: one of a standard type, or a handle, with the plain content if it has one."""
        value = number_of(value)
        if type(value) in SIMPLE:
            return encode(value)
        if (coded := encode_standard(value, self._refer)) is not None:
            return coded
        handle = self._handles.get(id(value), 0)
        if not handle:
            handle = self._handles[id(value)] = len(self._objects) + 1
            self._objects[handle] = value  # kept, so that its id stays its own
        names = _names(value if isinstance(value, type) else type(value))
        return {OBJECT: [handle, kind_of(value), names, *self._content(handle, value)]}

    def _content(self, handle: int, value: Any) -> list[Any]:
        """Return the plain content of an instance of a subclass of a plain type, in a list; else an empty list.

        It is what the plain type itself sees of it, whatever the subclass says.
        """
        if handle in self._open:  # which holds itself
            return []
        self._open.add(handle)
        try:
            return [encode(content, self._refer) for content in content_of(value)]
        except NotPlain:
            return []
        finally:
            self._open.discard(handle)

    def _described(self, error: BaseException) -> dict[str, Any]:
        told: dict[str, Any] = {"raised": _names(type(error)), "error": self._refer(error)}
        if isinstance(error, Exception):
            told["text"] = text_of(error)
        try:
            told["arguments"] = encode(tuple(error.args))
        except NotPlain:
            told["arguments"] = {"tuple": []}
        return told


def kind_of(value: object) -> str:
    """Return what a suite can do with it: class, coroutine, function or object."""
    if isinstance(value, type):
        return "class"
    if isinstance(value, types.CoroutineType):
        return "coroutine"
    return "function" if callable(value) else "object"


def _names(kind: type) -> list[list[str]]:
    """Return the module and name of a type and of those that it comes from, without `object`."""
    return [[str(part.__module__)[:100], str(part.__name__)[:100]] for part in kind.__mro__[:-1]][:MAX_NAMES]


def serve() -> None:
    """Answer until the questions end. The channel is taken away from the modules before they are loaded."""
    questions = os.fdopen(os.dup(0), "rb")
    answers = os.dup(1)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(2, 1)
    holder = Holder()
    for line in questions:
        question = json.loads(line)
        content = memoryview(json.dumps({"id": question["id"], **holder.answer(question)}).encode() + b"\n")
        while content:
            content = content[os.write(answers, content) :]
