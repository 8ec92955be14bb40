"""The one way simint compiles a loop: numba with one set of flags and a cache that notices every edit.

Numba's own cache looks at the file of a function only, so a kernel would go on using an old copy of a helper that lives
in another file. Here a cached kernel is bound to all files of the package that its module imports, directly or not.
"""

from __future__ import annotations

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
    dispatcher: Any = njit(cache=True, nogil=True, error_model="numpy")(function)
    index = getattr(getattr(dispatcher, "_cache", None), "_cache_file", None)
    if index is not None and hasattr(index, "_source_stamp"):
        index._source_stamp = (index._source_stamp, source_stamp(function.__module__))
    return cast(F, dispatcher)


def source_stamp(module_name: str) -> tuple[tuple[str, float, int], ...]:
    """Name, modification time and size of the files of a module and of all it imports from its own package."""
    package = module_name.partition(".")[0]
    files: dict[str, str] = {}
    waiting = [module_name]
    while waiting:
        name = waiting.pop()
        file = getattr(sys.modules.get(name), "__file__", None)
        if name in files or name.partition(".")[0] != package or file is None or not os.path.exists(file):
            continue
        files[name] = file
        with open(file, encoding="utf-8") as source:
            waiting.extend(_imported(source.read()))
    stamps = [(name, os.stat(file)) for name, file in sorted(files.items())]
    return tuple((name, status.st_mtime, status.st_size) for name, status in stamps)


def _imported(source: str) -> list[str]:
    """Names of modules an import statement may mean: `from a import b` may import a, or a.b."""
    names: list[str] = []
    for origin, imports in _IMPORT.findall(source):
        words = re.findall(r"[\w.]+", imports)
        names += [origin, *(f"{origin}.{word}" for word in words)] if origin else words
    return names
