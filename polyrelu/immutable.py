"""Immutable objects: the base class of the nouns of the library."""

from __future__ import annotations

from typing import Any, NoReturn


class Immutable:
    """An object whose attributes can be neither set nor deleted once it is made."""

    __slots__ = ()

    def _put(self, **values: Any) -> None:
        """Set attributes; only for the making of an object, and for values that it computes once."""
        put = object.__setattr__
        for name, value in values.items():
            put(self, name, value)

    def __setattr__(self, name: str, value: object) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")

    def __delattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"a {type(self).__name__} cannot be changed")
