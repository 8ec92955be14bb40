"""Presets: one cited TOML file per part, shipped with the package; a user's own file reads the same way."""

from __future__ import annotations

from importlib import resources
from pathlib import Path
from typing import TypeVar

from simint.config import load_toml
from simint.errors import InputError
from simint.hardware.platform import Platform
from simint.hardware.supply import Supply

T = TypeVar("T", Platform, Supply)
_FOLDERS = {Platform: "platforms", Supply: "supplies"}


def preset_names(kind: type[Platform] | type[Supply]) -> list[str]:
    """Names of the shipped platforms or supplies."""
    folder = resources.files("simint.hardware") / "presets" / _FOLDERS[kind]
    return sorted(entry.name.removesuffix(".toml") for entry in folder.iterdir() if entry.name.endswith(".toml"))


def load_preset(kind: type[T], name_or_file: str) -> T:
    """A shipped preset by name, or a user's TOML file by path (anything that ends in `.toml`).

    Raises InputError naming the known presets, or the file and field that is wrong.
    """
    if name_or_file.endswith(".toml"):
        return load_toml(Path(name_or_file), kind)
    if name_or_file not in preset_names(kind):
        known = ", ".join(preset_names(kind))
        raise InputError(f"unknown {kind.__name__.lower()} {name_or_file!r}; known: {known}; or a path to a .toml file")
    with resources.as_file(resources.files("simint.hardware") / "presets" / _FOLDERS[kind]) as folder:
        return load_toml(folder / f"{name_or_file}.toml", kind)


def load_platform(name_or_file: str) -> Platform:
    """See `load_preset`."""
    return load_preset(Platform, name_or_file)


def load_supply(name_or_file: str) -> Supply:
    """See `load_preset`."""
    return load_preset(Supply, name_or_file)
