"""What was found out last about a network, for who asks the same again: as for several relations, or parts."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any, Generic, TypeVar

from polyrelu.network.network import Network

Value = TypeVar("Value")


class LastAnswer(Generic[Value]):
    """The last value that was made for a network and a key. It goes when the network goes, and is no part of it.

    One value, so that what is remembered takes no more memory than what the last call took anyway. Threads may share
    it: at worst one makes again what another has just made.
    """

    def __init__(self) -> None:
        self._last: tuple[weakref.ref[Network], Any, Value] | None = None

    def get(self, network: Network, key: Any, make: Callable[[], Value]) -> Value:
        """The value for the network itself (not one that is equal to it) and the key, by `make` unless it was last."""
        last = self._last
        if last is not None and last[0]() is network and last[1] == key:
            return last[2]
        value = make()
        self._last = weakref.ref(network, self._forget), key, value
        return value

    def _forget(self, gone: weakref.ref[Network]) -> None:
        last = self._last
        if last is not None and last[0] is gone:
            self._last = None
