"""Presets: one cited TOML file per part, shipped with the package; a user's own file reads the same way.

A supply may name its parts instead of spelling them out: `capacitor = "x5r-100uF-1210"` or `converter = "mine.toml"`
(a path is relative to the file that names it). A table with `part` starts from a named part and changes some of it; a
capacitor may be several in `parallel`:

    [capacitor]
    part = "x5r-100uF-1210"
    parallel = 10
"""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from simint.config import decode, read_toml
from simint.errors import InputError
from simint.hardware.capacitor import Capacitor, in_parallel
from simint.hardware.converter import Converter
from simint.hardware.efficiency import EfficiencyTable
from simint.hardware.platform import Platform
from simint.hardware.regulator import Regulator
from simint.hardware.supply import Supply

T = TypeVar("T", Platform, Supply)
_FOLDERS = {Platform: "platforms", Supply: "supplies"}
# Fields that may hold a name in place of a table: the folder of presets, and the type to check the part against.
_PARTS: dict[str, tuple[str, Any]] = {
    "capacitor": ("capacitors", Capacitor),
    "converter": ("converters", Converter),
    "regulator": ("regulators", Regulator),
    "table": ("tables", EfficiencyTable),
}


def preset_names(kind: type[Platform] | type[Supply]) -> list[str]:
    """Names of the shipped platforms or supplies."""
    return part_names(_FOLDERS[kind])


def part_names(folder: str) -> list[str]:
    """Names of the shipped parts in a folder of presets: `capacitors`, `converters`, `regulators`, `tables`, ..."""
    entries = (_presets() / folder).iterdir()
    return sorted(entry.name.removesuffix(".toml") for entry in entries if entry.name.endswith(".toml"))


def load_preset(kind: type[T], name_or_file: str) -> T:
    """A shipped preset by name, or a user's TOML file by path (anything that ends in `.toml`).

    Raises InputError naming the known presets, or the file and field that is wrong.
    """
    path = _find(name_or_file, _FOLDERS[kind], kind.__name__.lower())
    return decode(_part(path), kind, str(path))


def load_platform(name_or_file: str) -> Platform:
    """See `load_preset`."""
    return load_preset(Platform, name_or_file)


def load_supply(name_or_file: str) -> Supply:
    """See `load_preset`."""
    return load_preset(Supply, name_or_file)


def load_capacitor(name_or_file: str) -> Capacitor:
    """A shipped capacitor by name, or a user's file; see `load_preset`."""
    capacitor: Capacitor = load_part("capacitor", name_or_file)
    return capacitor


def load_part(field: str, name_or_file: str) -> Any:
    """A part for a field of a supply: `capacitor`, `converter`, `regulator`, or the `table` of one of these."""
    folder, kind = _PARTS[field]
    path = _find(name_or_file, folder, field)
    return decode(_part(path), kind, str(path))


def _part(path: Path) -> dict[str, Any]:
    return _with_parts(read_toml(path), path.parent, str(path))


def _with_parts(data: dict[str, Any], beside: Path, where: str) -> dict[str, Any]:
    """Plain data with its parts made whole; `where` names the file it is from, `beside` the folder of that file."""
    return {
        field: _whole_part(field, value, beside, where) if field in _PARTS else value for field, value in data.items()
    }


def _whole_part(field: str, value: Any, beside: Path, where: str) -> Any:
    """A part as a table of its own: by name, as a table, or as a table that changes a named part.

    It is checked here, so that an error says which of the parts is meant.
    """
    if isinstance(value, str):
        return _named_part(field, value, beside, where)
    if not isinstance(value, dict):
        return value
    here = f"{where}: {field}"
    own = _with_parts(value, beside, here)
    if "part" in own:
        own = {**_named_part(field, own.pop("part"), beside, where), **own}
    count = own.pop("parallel", None) if field == "capacitor" else None
    part = decode(own, _PARTS[field][1], here)
    if count is None:
        return own
    if isinstance(count, bool) or not isinstance(count, int) or count < 1:
        raise InputError(f"{here}: `parallel` must be a whole number from 1 on, got {count!r}")
    return {key: item for key, item in msgspec.to_builtins(in_parallel(part, count)).items() if item is not None}


def _named_part(field: str, name: Any, beside: Path, where: str) -> dict[str, Any]:
    """The table of a named part, checked on its own so that an error names its file."""
    folder, kind = _PARTS[field]
    if not isinstance(name, str):
        raise InputError(f"{where}: `{field}.part` must be a name or a path to a .toml file, got {name!r}")
    path = _find(name, folder, field, beside, f"{where}: ")
    if not path.is_file():
        raise InputError(f"{where}: `{field}` names {str(path)!r}, and there is no such file")
    part = _part(path)
    decode(part, kind, str(path))
    return part


def _find(name_or_file: str, folder: str, what: str, beside: Path = Path(), where: str = "") -> Path:
    if name_or_file.endswith(".toml"):
        return beside / name_or_file
    if name_or_file not in part_names(folder):
        known = ", ".join(part_names(folder))
        raise InputError(f"{where}unknown {what} {name_or_file!r}; known: {known}; or a path to a .toml file")
    return _presets() / folder / f"{name_or_file}.toml"


def _presets() -> Path:
    """The package is installed as plain files (numba's cache needs that too), so its presets have a path."""
    return Path(str(resources.files("simint.hardware"))) / "presets"
