"""Imports of a suite that give proxies for the learner's modules; see `proxy`.

It needs nothing but the standard library; see `program_text`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from importlib.abc import Loader, MetaPathFinder
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any

from infra_grader.capabilities.proxy_objects import RemoteMeta, make, make_name
from infra_grader.capabilities.proxy_session import Ask, Lost, Raised, Session


class ProxyModule(ModuleType):
    """A module of the learner's; of a folder above one, it has nothing but the modules in it."""

    __infra_grader_session__: Session

    def __getattr__(self, name: str) -> Any:
        session = self.__infra_grader_session__
        if name.startswith("__") or self.__name__ not in session.modules:
            raise AttributeError(f"module {self.__name__!r} has no attribute {name!r}")
        if not session.is_live:
            return make_name(session, self.__name__, (name,))
        return session.ask("get", on=session.module(self.__name__), name=name)

    def __setattr__(self, name: str, value: Any) -> None:
        session = self.__infra_grader_session__
        if name.startswith("__") or not session.is_live or isinstance(value, ModuleType):
            super().__setattr__(name, value)
        else:
            session.ask("set", on=session.module(self.__name__), name=name, value=session.encode(value))

    def __delattr__(self, name: str) -> None:
        raise self.__infra_grader_session__.refuse("a name is deleted from a module of the learner's")


class Finder(MetaPathFinder, Loader):
    """Finds the learner's modules, before every other finder, and the folders above them."""

    def __init__(self, session: Session) -> None:
        self._session = session
        self._names = {
            ".".join(name.split(".")[:depth]) for name in session.modules for depth in range(1, name.count(".") + 2)
        }

    def find_spec(
        self, fullname: str, _path: Sequence[str] | None = None, _target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """Return a spec for a module of the learner's."""
        return ModuleSpec(fullname, self, is_package=True) if fullname in self._names else None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        """Return the proxy."""
        module = ProxyModule(spec.name)
        object.__setattr__(module, "__infra_grader_session__", self._session)
        return module

    def exec_module(self, module: ModuleType) -> None:
        """Do nothing: the learner's process runs it when it is first used."""


def install(ask: Ask, modules: Mapping[str, str], *, trusts_equality: bool = False) -> Session:
    """Let this process import proxies under these names, and return the session that begins with its `begin()`."""
    session = Session(ask, modules, make, trusts_equality=trusts_equality)
    sys.meta_path.insert(0, Finder(session))
    return session


class Missing:
    """A name that a module of the learner's does not have."""

    def __init__(self, session: Session, title: str) -> None:
        self.__dict__ |= {"_session": session, "_title": title}

    def __call__(self, *_arguments: Any, **_keywords: Any) -> Any:  # noqa: D102 - the class says it
        raise self._session.lose(self._title)

    def __getattr__(self, name: str) -> Any:
        raise self.__dict__["_session"].lose(self.__dict__["_title"])


class Bound:
    """Gives the names that a suite imported their plain values, where they have one in the present process."""

    def __init__(self, session: Session) -> None:
        self.session = session
        self._names: list[tuple[ModuleType, str, RemoteMeta]] = []

    def bind(self, suite: Iterable[ModuleType]) -> None:
        """Give the names in these modules of the suite's what they stand for, or a `Missing`."""
        for module in suite:
            for name, value in list(vars(module).items()):
                if isinstance(value, RemoteMeta):
                    self._names.append((module, name, value))
                    setattr(module, name, self._found(value))

    def release(self) -> None:
        """Put back what stood there before."""
        for module, name, value in self._names:
            setattr(module, name, value)
        self._names = []

    def _found(self, name: RemoteMeta) -> Any:
        try:
            return RemoteMeta.__infra_grader_value__(name)
        except Lost as lost:
            title = str(lost)
            self.session.forget()  # the test hears of it when it uses the name
            return Missing(self.session, title)
        except Raised:
            place = self.session.modules[name._module] or name._module  # noqa: SLF001 - ours
            return Missing(self.session, f"{place} has no {'.'.join(name._path)}")  # noqa: SLF001 - ours
