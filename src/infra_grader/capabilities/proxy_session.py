"""What a suite's process knows of the learner's process: questions, answers, and what went wrong between them.

It needs nothing but the standard library; see `program_text`. `infra_grader.capabilities.proxy` says how to use it.
"""

from __future__ import annotations

import builtins
import sys
import types
from collections.abc import Callable, Mapping
from typing import Any

from infra_grader.capabilities.plain_coding import NotPlain, decode, encode
from infra_grader.capabilities.proxy_coding import STANDARD, decode_standard, encode_standard

OBJECT = "object"
LOST = "lost"
BEGIN = "begin"
"""The question that asks for a new process."""
NOT_ALLOWED = frozenset({"KeyboardInterrupt", "GeneratorExit", "SystemError", "SkipTest", "BdbQuit"})
"""Exceptions that would steer the suite's own run."""
MAX_SHOWN = 300

Ask = Callable[[Mapping[str, Any]], Mapping[str, Any]]
"""Sends a question to the learner's process and returns the answer, or {"lost": reason} where none came."""


class Lost(BaseException):
    """The learner's process gave no answer that can be used. Not an `Exception`, so that no suite expects it."""


class NeedsMore(Exception):
    """The suite asks for what a proxy cannot do; says what, and what to do instead."""


class Raised(BaseException):
    """What every exception of the learner's is in the suite, beside what it is by its names."""

    _session: Session
    _coded: Any
    _text: str

    def __str__(self) -> str:
        return self._text

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return self._session.ask("get", on=self._coded, name=name)


class Described:
    """An object of the learner's, as its process describes it."""

    def __init__(self, handle: int, kind: str, names: list[tuple[str, str]], content: tuple[Any, ...]) -> None:
        self.handle = handle
        self.kind = kind
        """class, coroutine, function or object."""
        self.names = names
        """Modules and names of its types, its own first; of itself where it is a class."""
        self.content = content
        """What a plain type sees of it, or nothing where its class comes from no plain type."""


class Session:
    """One suite's questions to a learner's modules, in one process of the learner's after another."""

    def __init__(
        self,
        ask: Ask,
        modules: Mapping[str, str],
        make: Callable[[Session, Described], Any],
        *,
        trusts_equality: bool = False,
    ) -> None:
        self._ask = ask
        self._make = make
        self.trusts_equality = trusts_equality
        """Whether an object of the learner's may say itself that it is equal to a plain value."""
        self.modules = dict(modules)
        """Paths in the submission, or packages, by the names that the suite imports; empty for a missing file."""
        self.exceptions: dict[str, list[type]] = {}
        """Classes of the suite's that stand for the learner's exceptions of a name."""
        self.generation = 0
        """Counts the learner's processes; 0 before the first, when nothing may be asked."""
        self.hint = ""
        """The same without what the learner's code could write into it, such as the arguments that it was asked."""
        self.lost = ""
        """Why an answer to this test did not come, whatever the suite made of it."""
        self.needs_more = ""
        """What the suite asked of a proxy in vain."""
        self._loaded: dict[str, Any] = {}
        self._proxies: dict[int, Any] = {}
        self._lasting: dict[str, list[type]] = {}

    @property
    def is_live(self) -> bool:
        """Whether there is a process to ask."""
        return self.generation > 0

    def begin(self) -> None:
        """Start over with a new process of the learner's: what came from the one before is of no use any more."""
        self._ask({"op": BEGIN})
        self.generation += 1
        self.needs_more = ""
        self.forget()
        self._loaded, self._proxies = {}, {}
        if self.generation == 1:  # those of the suite's imports; others come and go with their process
            self._lasting = {name: list(kinds) for name, kinds in self.exceptions.items()}
        self.exceptions = {name: list(kinds) for name, kinds in self._lasting.items()}

    def lose(self, reason: str, hint: str = "") -> Lost:
        """Note that the learner's process answers wrongly, and return what is to be raised."""
        if not self.lost:
            self.lost, self.hint = reason, hint or reason
        return Lost(reason)

    def forget(self) -> None:
        """Take back that an answer was lost."""
        self.lost = self.hint = ""

    def refuse(self, what: str) -> NeedsMore:
        """Note that the suite needs more than a proxy, and return what is to be raised."""
        self.needs_more = self.needs_more or what
        return NeedsMore(what)

    def ask(self, op: str, **fields: Any) -> Any:
        """Ask the learner's process and return the value, plain or a proxy; raises what the learner's code raised."""
        return self._question({"op": op, **fields}, ())

    def apply(self, name: str, *arguments: Any) -> Any:
        """Apply one of the worker's `FUNCTIONS`."""
        return self.ask("apply", name=name, arguments=[self.encode(argument) for argument in arguments])

    def call(self, on: Any, arguments: tuple[Any, ...], keywords: Mapping[str, Any]) -> Any:
        """Call an object of the learner's, coded; lists and the like among the arguments change as it changed them."""
        coded = [self.encode(argument) for argument in arguments]
        given = {key: self.encode(value) for key, value in keywords.items()}
        return self._question({"op": "call", "on": on, "arguments": coded, "keywords": given}, arguments)

    def module(self, name: str) -> Any:
        """Return a module of the learner's, coded, loaded at most once in each of its processes."""
        if name not in self._loaded:
            self.require_live()
            if not (path := self.modules[name]):
                raise self.lose(f"there is no module {name} in your submission")
            reply = self._reply({"op": "load", "path": path})
            if names := _names(reply.get("raised")):
                raise self.lose(f"{path} cannot be loaded: {names[0][1]} was raised: {_text(reply)}".rstrip(": "))
            self.decode(reply.get("value"))
            self._loaded[name] = reply.get("value")
        return self._loaded[name]

    def require_live(self) -> None:
        """Raise `NeedsMore` while there is no process to ask."""
        if not self.is_live:
            raise self.refuse("the learner's code is used while tests are collected: use it inside a test or a fixture")

    def encode(self, value: Any) -> Any:
        """Code an argument. Raises `NeedsMore` for what only the suite's own process has, such as a function."""
        try:
            return encode(value, self._refer)
        except NotPlain as what:
            raise self.refuse(f"{what} cannot be handed to the learner's code: it is not there") from what

    def decode(self, coded: Any) -> Any:
        """Return a value of an answer. Raises `Lost` for anything that the worker does not make."""
        try:
            return decode(coded, self._described)
        except ValueError as error:
            raise self.lose("your code gave something that cannot be read") from error

    def encode_here(self, coded: Any, generation: int) -> Any:
        """Return the code of an object of the present process. Raises `NeedsMore` for one of another."""
        if coded is not None and generation != self.generation:
            raise self.refuse("an object of the learner's is used in another test than it was made in")
        return coded

    def stands_for(self, name: str, kind: type) -> None:
        """Note that a class of the suite's stands for the learner's exceptions of this name."""
        self.exceptions.setdefault(name, []).append(kind)

    def _question(self, request: Mapping[str, Any], given: tuple[Any, ...]) -> Any:
        self.require_live()
        reply = self._reply(request)
        changed = reply.get("changed")
        for place, value in enumerate(given):
            if isinstance(changed, Mapping) and str(place) in changed:
                _renew(value, self.decode(changed[str(place)]))
        if names := _names(reply.get("raised")):
            raise self._exception(names, reply)
        return self.decode(reply.get("value"))

    def _reply(self, request: Mapping[str, Any]) -> Mapping[str, Any]:
        if self.lost:  # whatever the suite does next, there is nobody to ask
            raise Lost(self.lost)
        reply = self._ask(request)
        if isinstance(reason := reply.get(LOST), str):
            raise self.lose(reason)
        if isinstance(what := reply.get("not_plain"), str):
            raise self.lose(f"your code gave {what[:MAX_SHOWN]}", "your code gave something that cannot be carried")
        return reply

    def _refer(self, value: object) -> Any:
        coded = getattr(type(value), "__infra_grader_coded__", None)
        if coded is not None:
            return coded(value)
        if isinstance(value, Raised):
            return value._coded  # noqa: SLF001 - ours
        standard = encode_standard(value, self._refer)
        if standard is None:
            raise NotPlain(f"a value of type {type(value).__name__}")
        return standard

    def _described(self, kind: str, content: Any) -> object:
        if kind == STANDARD:
            return decode_standard(content, self._described)
        if kind != OBJECT or type(content) is not list or len(content) not in (3, 4):
            raise ValueError("no object")
        handle, what, names, *plain = content
        if type(handle) is not int or type(what) is not str:
            raise ValueError("no object")
        if handle not in self._proxies:  # one object has one proxy, so that `is` holds
            inner = tuple(decode(item, self._described) for item in plain)
            self._proxies[handle] = self._make(self, Described(handle, what, _names(names), inner))
        return self._proxies[handle]

    def _exception(self, names: list[tuple[str, str]], reply: Mapping[str, Any]) -> BaseException:
        """Return an exception that is caught as the learner's would be: by the names of all its types."""
        ours = [kind for _, name in names for kind in self.exceptions.get(name, ())]
        known = [kind for kind in map(_known, names) if kind is not None]
        # A class that another one comes from already must not stand before it.
        if ("builtins", "Exception") in names:
            known.append(Exception)
        lowest = [kind for kind in known if not any(other is not kind and issubclass(other, kind) for other in known)]
        bases = tuple(dict.fromkeys([Raised, *ours, *lowest]))
        try:
            kind = types.new_class(names[0][1], bases)
        except TypeError:  # types that cannot be mixed
            kind = types.new_class(names[0][1], tuple(dict.fromkeys([Raised, *ours, *lowest[:1]])))
        try:
            arguments = decode(reply.get("arguments"))
        except ValueError:
            arguments = ()
        return self._filled(kind, arguments if type(arguments) is tuple else (), reply)

    def _filled(self, kind: Any, arguments: tuple[Any, ...], reply: Mapping[str, Any]) -> BaseException:
        error: Any = _empty(kind, _text(reply))
        for base in kind.__mro__[1:]:
            try:
                base.__init__(error, *arguments)
            except TypeError:  # one that asks for other arguments than it keeps
                pass
        error.args = arguments
        error._session, error._coded, error._text = self, reply.get("error"), _text(reply)  # noqa: SLF001 - ours
        assert isinstance(error, BaseException)
        return error


def _empty(kind: Any, text: str) -> Any:
    """Return an exception of a type that was not told its arguments; a group holds one that says nothing."""
    if issubclass(kind, getattr(builtins, "BaseExceptionGroup", ())):  # since Python 3.11
        return kind.__new__(kind, text, [Exception()])
    return kind.__new__(kind)


def _known(name: tuple[str, str]) -> type | None:
    """Return the exception of the standard library that has this place and name, if the suite may see it raised."""
    place, word = name
    if place.partition(".")[0] not in sys.stdlib_module_names or word in NOT_ALLOWED:
        return None
    kind = getattr(builtins if place == "builtins" else sys.modules.get(place), word, None)
    is_exception = isinstance(kind, type) and issubclass(kind, BaseException) and kind is not BaseException
    return kind if is_exception and kind is not Exception else None


def _names(told: Any) -> list[tuple[str, str]]:
    if type(told) is not list:
        return []
    return [
        (part[0], part[1]) for part in told if type(part) is list and len(part) == 2 and set(map(type, part)) == {str}
    ]


def _text(reply: Mapping[str, Any]) -> str:
    text = reply.get("text")
    return text[:MAX_SHOWN] if isinstance(text, str) else ""


def _renew(old: Any, new: Any) -> Any:
    """Make a value the same as a new one, in place as far as both are alike, and return it."""
    if type(old) is not type(new):
        return new
    if type(old) is list:
        old[:] = [_renew(*pair) for pair in zip(old, new, strict=False)] + new[len(old) :]
    elif type(old) is dict:
        kept = {key: _renew(old[key], value) if key in old else value for key, value in new.items()}
        old.clear()
        old.update(kept)
    elif type(old) is set:
        old.clear()
        old.update(new)
    elif type(old) is bytearray:
        old[:] = new
    else:
        return new
    return old
