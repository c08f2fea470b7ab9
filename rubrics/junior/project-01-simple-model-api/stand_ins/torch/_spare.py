"""What stands for everything that a service may ask of torch and that changes no answer here."""

from __future__ import annotations

from typing import Any


class Spare:
    """Can be called, entered and assigned to, and does nothing; some of its parts may be given."""

    def __init__(self, _name: str, **parts: Any) -> None:
        self._name = _name
        vars(self).update(parts)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        return Spare(f"{self._name}.{name}")

    def __call__(self, *args: Any, **_: Any) -> Any:
        return args[0] if len(args) == 1 and callable(args[0]) else self

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *_: object) -> None: ...

    def __repr__(self) -> str:
        return f"<{self._name}: not part of this stand-in>"
