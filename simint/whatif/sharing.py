"""Large arrays shared between processes: every object one file, every large array of it a file that is memory-mapped.

Readers share one copy through the system's page cache. They map the arrays privately (copy on write): an array that may
be written is handed to compiled loops as one of their own, a read-only one is not.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from simint.config import struct_hash

# Below this a private copy costs less than a file of its own.
_LARGE_BYTES = 1 << 16


def shared_name(kind: str, *what: Any) -> str:
    """A file name for something that is determined by `what` (msgspec structs, text and numbers)."""
    return f"{kind}-{struct_hash(what)[:32]}"


def share(folder: Path, name: str, thing: Any) -> None:
    """Put an object into the folder; its large arrays come first, so that it is complete when its name appears."""
    draft = folder / f"{name}.draft"
    with open(draft, "wb") as file:
        _Pickler(file, folder, name).dump(thing)
    draft.replace(folder / name)


def fetch(folder: Path, name: str) -> Any:
    """An object of the folder, its large arrays mapped; None where there is none of that name."""
    try:
        with open(folder / name, "rb") as file:
            return _Unpickler(file, folder).load()
    except FileNotFoundError:
        return None


def forget(folder: Path, name: str) -> None:
    """Remove an object; whoever has it mapped keeps it."""
    for path in (folder / name, *folder.glob(f"{name}.*.npy")):
        path.unlink(missing_ok=True)


class _Pickler(pickle.Pickler):
    def __init__(self, file: BinaryIO, folder: Path, name: str) -> None:
        super().__init__(file, protocol=pickle.HIGHEST_PROTOCOL)
        self._folder, self._name, self._count = folder, name, 0

    def persistent_id(self, obj: Any) -> str | None:
        if type(obj) is not np.ndarray or obj.nbytes < _LARGE_BYTES:
            return None
        place = f"{self._name}.{self._count}.npy"
        self._count += 1
        np.save(self._folder / place, obj)
        return place


class _Unpickler(pickle.Unpickler):
    def __init__(self, file: BinaryIO, folder: Path) -> None:
        super().__init__(file)
        self._folder = folder

    def persistent_load(self, place: Any) -> Any:
        return np.asarray(np.load(self._folder / place, mmap_mode="c"))
