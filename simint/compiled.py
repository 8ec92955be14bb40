"""The one way simint compiles a loop: numba, counting references or not, and a cache that notices every edit.

Numba's own cache looks at the file of a function only, so a kernel would go on using an old copy of a helper that lives
in another file. Here a cached kernel is bound to all files of the package that its module imports, directly or not.
"""

from __future__ import annotations

import functools
import os
import re
import sys
from collections.abc import Callable
from typing import Any, TypeVar, cast

from numba import njit

F = TypeVar("F", bound=Callable[..., Any])

_IMPORT = re.compile(r"^(?:from\s+([\w.]+)\s+)?import\s+(.+)$", re.MULTILINE)


def compiled(function: F) -> F:
    """Compile `function` at its first call with each combination of argument types, and keep the code on disk.

    It releases the interpreter lock, divides by zero as numpy does, and keeps IEEE rounding (no fast-math), so results
    do not depend on the machine. Inside only numbers, arrays, named tuples and compiled functions may be used.
    """
    return _compiled(function, owns=True)


def borrowing(function: F) -> F:
    """As `compiled`, for a function that makes no array: it only looks at, or writes into, those it was given.

    Compiled code counts the references to every array at every call, also inside named tuples; that can cost more than
    what a short function does. Here nothing is counted. Views count as arrays that were given, and may be returned to
    functions of the same kind; a `compiled` function must not be given one by this kind, since it would count it.
    """
    return _compiled(function, owns=False)


def _compiled(function: F, owns: bool) -> F:
    # Numba's type hints do not know `_nrt`, its flag for counting references and making arrays.
    dispatcher: Any = cast(Any, njit)(cache=True, nogil=True, error_model="numpy", _nrt=owns)(function)
    index = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if index is not None and hasattr(index, "_source_stamp"):
        index._source_stamp = (index._source_stamp, source_stamp(function.__module__))
        index._load_index = _forgiving(index._load_index)
    return cast(F, dispatcher)


def _forgiving(load: Callable[[], Any]) -> Callable[[], Any]:
    """Numba unpickles a cache index before it looks at the stamp; one that names classes long gone counts as empty."""

    def load_or_forget() -> Any:
        try:
            return load()
        except (AttributeError, ImportError, TypeError):
            return {}

    return load_or_forget


def source_stamp(module_name: str) -> tuple[tuple[str, float, int], ...]:
    """Name, modification time and size of the files of a module and of all it imports from its own package."""
    package = module_name.partition(".")[0]
    stamps: dict[str, tuple[str, float, int]] = {}
    waiting = [module_name]
    while waiting:
        name = waiting.pop()
        file = getattr(sys.modules.get(name), "__file__", None)
        if name in stamps or name.partition(".")[0] != package or file is None or not os.path.exists(file):
            continue
        status = os.stat(file)
        stamps[name] = (name, status.st_mtime, status.st_size)
        waiting.extend(_imports_of(file, status.st_mtime, status.st_size))
    return tuple(stamp for _, stamp in sorted(stamps.items()))


@functools.lru_cache(maxsize=1024)
def _imports_of(file: str, mtime: float, size: int) -> tuple[str, ...]:
    """What a file imports; read once for each state of the file, as every kernel of the package asks."""
    with open(file, encoding="utf-8") as source:
        return tuple(_imported(source.read()))


def _imported(source: str) -> list[str]:
    """Names of modules an import statement may mean: `from a import b` may import a, or a.b."""
    names: list[str] = []
    for origin, imports in _IMPORT.findall(source):
        words = re.findall(r"[\w.]+", imports)
        names += [origin, *(f"{origin}.{word}" for word in words)] if origin else words
    return names
