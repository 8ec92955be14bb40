"""The folder of a search: made, its configuration written, and kept apart from searches of another kind."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import msgspec

from nas.search.config_file import config_toml
from nas.search.families import DNAS, SC_NAS, Family, method_of
from simint.cli import INTERRUPTED
from simint.config import load_toml
from simint.database import one_writer
from simint.errors import InputError
from simint.files import make_folder, replacing

CONFIG, STORE = "config.toml", "search.db"


@contextlib.contextmanager
def held_folder(folder: Path, config: msgspec.Struct, family: Family, free: Collection[str] = ()) -> Iterator[None]:
    """Make or take the folder of a search that is not over genomes alone, and hold it in this block.

    Only the fields `free` of the configuration may differ from the one it has. Raises InputError where it cannot be
    written, another process works in it, or it holds another search.
    """
    make_folder(folder)
    path = folder / CONFIG
    with one_writer(path, "search"):
        method = method_of(path) if path.exists() else None
        if method not in (None, family.value):
            raise InputError(f"{folder} holds a search by {method}; choose another folder")
        if method is None and (folder / STORE).exists():
            raise InputError(f"{folder} holds a search ({STORE}) without its {CONFIG}; choose another folder")
        if path.exists():
            _require_same(folder, load_toml(path, type(config)), config, free)
        write_config(folder, config)
        yield


def write_config(folder: Path, config: msgspec.Struct) -> None:
    """Replace `config.toml`."""
    with replacing(folder / CONFIG) as draft:
        draft.write_text(config_toml(config), encoding="utf-8")


def interrupted(folder: Path) -> int:
    """Say on stderr what Ctrl-C left and how to go on; the exit code."""
    found = f"what was found is in {folder}; " if (folder / CONFIG).exists() else ""
    print(f"interrupted: {found}go on with the same command", file=sys.stderr)
    return INTERRUPTED


def refuse_other_family(folder: Path) -> None:
    """InputError where a folder holds a search that was not over genomes."""
    path = folder / CONFIG
    if path.is_file() and (method := method_of(path)) in (SC_NAS, DNAS):
        raise InputError(f"{folder} holds a search by {method}; choose another folder")


def _require_same(folder: Path, there: msgspec.Struct, here: msgspec.Struct, free: Collection[str]) -> None:
    for name, before, now in _differences(there, here, ""):
        if name not in free:
            raise InputError(f"{folder} holds another search ({name}: {before} there, {now} here)")


def _differences(there: msgspec.Struct, here: msgspec.Struct, path: str) -> Iterator[tuple[str, object, object]]:
    """Name, with those of the structs it lies in, and both values of every field that differs."""
    for name in here.__struct_fields__:
        before, now = getattr(there, name), getattr(here, name)
        if isinstance(before, msgspec.Struct) and isinstance(now, msgspec.Struct):
            yield from _differences(before, now, f"{path}{name}.")
        elif before != now:
            yield f"{path}{name}", before, now
