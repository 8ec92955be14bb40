"""What was made lately, kept for who asks next."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Recent(Generic[K, T]):
    """The `size` things used last, by what they were made from. Threads may share it."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._things: OrderedDict[K, T] = OrderedDict()
        self._lock = threading.Lock()

    def get(self, key: K, make: Callable[[], T]) -> T:
        """The thing for `key`, made where it is not at hand; what `make` raises is not kept."""
        with self._lock:
            if key in self._things:
                self._things.move_to_end(key)
                return self._things[key]
        thing = make()
        self.put(key, thing)
        return thing

    def put(self, key: K, thing: T) -> None:
        """Keep a thing, in place of an older one of that key."""
        with self._lock:
            self._things[key] = thing
            self._things.move_to_end(key)
            if len(self._things) > self._size:
                self._things.popitem(last=False)
