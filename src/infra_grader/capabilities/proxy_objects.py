"""What stands in a suite's process for the learner's objects, classes and functions; see `proxy`.

It needs nothing but the standard library; see `program_text`.
"""

from __future__ import annotations

import types
from collections.abc import Callable, Coroutine, Iterator
from typing import Any

from infra_grader.capabilities.proxy_session import OBJECT, Described, Raised, Session

MAX_ITEMS = 10_000
"""Items that one loop over an object of the learner's gives; a generator may have no end."""
DECOY = "infra-grader: nothing is equal to this"
ARITHMETIC = (
    "add",
    "sub",
    "mul",
    "truediv",
    "floordiv",
    "mod",
    "pow",
    "matmul",
    "and",
    "or",
    "xor",
    "lshift",
    "rshift",
)
WITHOUT_ARGUMENT = ("neg", "pos", "abs", "invert")
IN_WORKER = {"and": "and_", "or": "or_"}


def _exact(session: Session, name: str, *arguments: Any, kind: type) -> Any:
    """Apply a function whose answer must be of one plain type; another one is the learner's fault."""
    answer = session.apply(name, *arguments)
    if type(answer) is not kind:
        shown = answer.__infra_grader_title__ if isinstance(answer, Remote) else f"a {type(answer).__name__}"
        hint = f"your code gave something else than a {kind.__name__} for {name}"
        raise session.lose(f"your code gave {shown} for {name}, which is a {kind.__name__}", hint)
    return answer


def is_proxy(value: object) -> bool:
    """Whether this stands for something of the learner's."""
    return isinstance(value, Remote | RemoteMeta | Raised)


class Remote:
    """An object of the learner's, which stays in the learner's process."""

    __slots__ = ("_coded", "_described", "_generation", "_session")
    _session: Session
    _described: Described

    def __init__(self, session: Session, described: Described) -> None:
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "_described", described)
        object.__setattr__(self, "_coded", {OBJECT: [described.handle]})
        object.__setattr__(self, "_generation", session.generation)

    def __infra_grader_coded__(self) -> Any:
        return self._session.encode_here(self._coded, self._generation)

    @property
    def __infra_grader_title__(self) -> str:
        names = self._described.names
        return f"an object of type {names[0][1] if names else '?'}"

    @property  # type: ignore[misc]  # which a plain class may say of itself too
    def __class__(self) -> Any:
        # So that `isinstance(point, tuple)` holds for a named tuple, whose content is one.
        content = self._described.content
        return type(content[0]) if content else type(self)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__infra_grader"):
            raise AttributeError(name)
        return self._session.ask("get", on=Remote.__infra_grader_coded__(self), name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        coded = self._session.encode(value)
        self._session.ask("set", on=Remote.__infra_grader_coded__(self), name=name, value=coded)

    def __delattr__(self, name: str) -> None:
        self._session.apply("delattr", self, name)

    def __eq__(self, other: object) -> Any:
        return _compared(self, "eq", other)

    def __ne__(self, other: object) -> Any:
        return _compared(self, "ne", other)

    def __lt__(self, other: object) -> Any:
        return _compared(self, "lt", other)

    def __le__(self, other: object) -> Any:
        return _compared(self, "le", other)

    def __gt__(self, other: object) -> Any:
        return _compared(self, "gt", other)

    def __ge__(self, other: object) -> Any:
        return _compared(self, "ge", other)

    def __hash__(self) -> int:
        content = self._described.content
        return hash(content[0]) if content else int(_exact(self._session, "hash", self, kind=int))

    def __repr__(self) -> str:
        return str(_exact(self._session, "repr", self, kind=str))

    def __str__(self) -> str:
        return str(_exact(self._session, "str", self, kind=str))

    def __format__(self, form: str) -> str:
        return str(_exact(self._session, "format", self, form, kind=str))

    def __bool__(self) -> bool:
        return bool(_exact(self._session, "bool", self, kind=bool))

    def __len__(self) -> int:
        return int(_exact(self._session, "len", self, kind=int))

    def __int__(self) -> int:
        return int(_exact(self._session, "int", self, kind=int))

    def __float__(self) -> float:
        return float(_exact(self._session, "float", self, kind=float))

    def __contains__(self, item: object) -> bool:
        return bool(_exact(self._session, "contains", self, item, kind=bool))

    def __getitem__(self, key: object) -> Any:
        return self._session.apply("getitem", self, key)

    def __setitem__(self, key: object, value: object) -> None:
        self._session.apply("setitem", self, key, value)

    def __delitem__(self, key: object) -> None:
        self._session.apply("delitem", self, key)

    def __iter__(self) -> Iterator[Any]:
        return _items(self._session, self)

    def __next__(self) -> Any:
        return self._session.apply("next", self)

    def __reversed__(self) -> Iterator[Any]:
        return _items(self._session, self._session.apply("reversed", self))

    def __round__(self, digits: int | None = None) -> Any:
        return self._session.apply("round", self, digits)

    def __enter__(self) -> Any:
        return self._session.apply("enter", self)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> bool:
        name = "" if error is None else type(error).__name__
        text = str(error)
        coded = error._coded if isinstance(error, Raised) else None  # noqa: SLF001 - ours
        return self._session.ask("exit", on=self._coded, raised=name, text=text, error=coded) is True


class RemoteFunction(Remote):
    """A function or method of the learner's, or an object that can be called."""

    __slots__ = ()

    def __call__(self, *arguments: Any, **keywords: Any) -> Any:  # noqa: D102 - the class says it
        return self._session.call(Remote.__infra_grader_coded__(self), arguments, keywords)


def _binary(name: str) -> Callable[[Any, Any], Any]:
    def apply(self: Remote, other: object) -> Any:
        return self._session.apply(IN_WORKER.get(name, name), self, other)

    return apply


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    def apply(self: Remote, other: object) -> Any:
        return self._session.apply(IN_WORKER.get(name, name), other, self)

    return apply


def _unary(name: str) -> Callable[[Any], Any]:
    return lambda self: self._session.apply(name, self)


for _name in ARITHMETIC:
    setattr(Remote, f"__{_name}__", _binary(_name))
    setattr(Remote, f"__r{_name}__", _reflected(_name))
for _name in WITHOUT_ARGUMENT:
    setattr(Remote, f"__{_name}__", _unary(_name))


def _compared(mine: Remote, name: str, other: object) -> Any:
    """Compare an object of the learner's.

    With a plain value it is compared here, by what a plain type sees of it: the learner's own comparison could say
    that anything is equal. With another object it is the learner's to say, and one that is equal to everything is not.
    """
    session = mine._session  # noqa: SLF001 - ours
    if not is_proxy(other):
        if content := mine._described.content:  # noqa: SLF001 - ours
            return getattr(content[0], f"__{name}__")(other)
        if other is None and name in ("eq", "ne"):
            return name == "ne"
        if not session.trusts_equality:
            reason = f"your code gave {mine.__infra_grader_title__} where a plain value is compared"
            raise session.lose(reason, "your code gave an object where a plain value is compared")
    answer = _exact(session, name, mine, other, kind=bool)
    if name == "eq" and answer and _is_equal_to_everything(mine):
        reason = f"your code gave {mine.__infra_grader_title__} that is equal to everything"
        raise session.lose(reason, "your code gave an object that is equal to everything")
    return answer


def _is_equal_to_everything(mine: Remote) -> bool:
    try:
        return mine._session.apply("eq", mine, DECOY) is True  # noqa: SLF001 - ours
    except Exception:  # noqa: BLE001 - whatever the learner's comparison raises, it does not say that it is equal
        return False


def _items(session: Session, source: Any) -> Iterator[Any]:
    iterator = session.apply("iter", source)
    for _ in range(MAX_ITEMS):
        try:
            item = session.apply("next", iterator)
        except StopIteration:
            return
        yield item
    raise session.lose(f"your code gave more than {MAX_ITEMS} items, one after another")


class RemoteMeta(type):
    """The type of `RemoteName`s, which lets such a class be called and asked like what it stands for."""

    _session: Session
    _module: str
    _path: tuple[str, ...]
    _handle: Any
    _generation: int

    def __infra_grader_coded__(cls) -> Any:
        return cls._session.encode_here(cls._handle, cls._generation) or cls._session.encode(
            RemoteMeta.__infra_grader_value__(cls)
        )

    def __infra_grader_value__(cls) -> Any:
        """Return what it stands for in the present process."""
        on = cls._session.module(cls._module)
        value = None
        for name in cls._path:
            value = cls._session.ask("get", on=on, name=name)
            on = cls._session.encode(value)
        return value

    def __call__(cls, *arguments: Any, **keywords: Any) -> Any:  # noqa: D102 - the class says it
        cls._session.require_live()
        return cls._session.call(RemoteMeta.__infra_grader_coded__(cls), arguments, keywords)

    def __getattr__(cls, name: str) -> Any:
        if (name.startswith("_") and not cls._session.is_live) or name.startswith(("__infra_grader", "_pytest")):
            raise AttributeError(name)
        if not cls._session.is_live:
            return make_name(cls._session, cls._module, (*cls._path, name))
        return cls._session.ask("get", on=RemoteMeta.__infra_grader_coded__(cls), name=name)

    def __instancecheck__(cls, instance: Any) -> bool:
        if isinstance(instance, BaseException):
            return type.__instancecheck__(cls, instance)
        return is_proxy(instance) and _exact(cls._session, "isinstance", instance, cls, kind=bool)

    def __subclasscheck__(cls, other: type) -> bool:
        if isinstance(other, RemoteMeta) and not issubclass(other, Raised):
            return bool(_exact(cls._session, "issubclass", other, cls, kind=bool))
        return type.__subclasscheck__(cls, other)

    def __eq__(cls, other: object) -> bool:
        if cls is other or not cls._session.is_live:
            return cls is other
        if isinstance(other, RemoteMeta):
            return bool(RemoteMeta.__infra_grader_coded__(cls) == RemoteMeta.__infra_grader_coded__(other))
        if cls._handle is not None:
            return False
        value = RemoteMeta.__infra_grader_value__(cls)
        return not isinstance(value, RemoteMeta) and bool(value == other)

    def __hash__(cls) -> int:
        return type.__hash__(cls)

    def __iter__(cls) -> Iterator[Any]:
        return _items(cls._session, cls)

    def __len__(cls) -> int:
        return int(_exact(cls._session, "len", cls, kind=int))

    def __contains__(cls, item: object) -> bool:
        return bool(_exact(cls._session, "contains", cls, item, kind=bool))

    def __getitem__(cls, key: object) -> Any:
        return cls._session.apply("getitem", cls, key)

    def __bool__(cls) -> bool:
        return True


class RemoteName(BaseException, metaclass=RemoteMeta):
    """What a name of the learner's stands for: a class here, so that `pytest.raises` and `except` take it.

    Nothing is known of it while tests are collected; it can be a function, a class, an exception or a value.
    """

    __test__ = False


def make_name(session: Session, module: str, path: tuple[str, ...]) -> RemoteMeta:
    """Return what stands for an attribute of a module in every process of the learner's."""
    return _made(session, path[-1], (RemoteName,), {"_module": module, "_path": path, "_handle": None})


def make(session: Session, described: Described) -> Any:
    """Return the proxy of an object that the learner's process has described."""
    if described.kind == "class":
        name = described.names[0][1] if described.names else "object"
        handle = {OBJECT: [described.handle]}
        return _made(session, name, (RemoteName,), {"_module": "", "_path": (), "_handle": handle})
    if described.kind == "coroutine":
        return _awaited(session, {OBJECT: [described.handle]})
    return (RemoteFunction if described.kind == "function" else Remote)(session, described)


def _made(session: Session, name: str, bases: tuple[type, ...], facts: dict[str, Any]) -> RemoteMeta:
    facts |= {"_session": session, "_generation": session.generation, "__test__": False}
    made = types.new_class(name, bases, exec_body=lambda body: body.update(facts))
    assert isinstance(made, RemoteMeta)
    session.stands_for(name, made)
    return made


def _awaited(session: Session, coded: Any) -> Coroutine[Any, Any, Any]:
    async def run() -> Any:
        return session.ask("await", on=coded)

    return run()
